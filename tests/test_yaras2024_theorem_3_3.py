"""Yaras et al. 2024, Theorem 3.3: rates against autograd, the limit and the bound, what the claims look at."""

import dataclasses

import numpy as np
import pytest
import torch

from mmcl_core import stats
from mmcl_core.evidence.ledger import evaluate
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.papers.yaras2024 import bessel, dynamics, parallel
from mmcl_core.papers.yaras2024.claims import theorem_3_3 as claims
from mmcl_core.papers.yaras2024.experiments import opening
from mmcl_core.papers.yaras2024.schemes import Exponential
from mmcl_core.runtime import generator
from tests.named import run
from tests.tolerances import close


def pairs(n, d, seed=0):
    stream = generator("test", seed, "pairs")
    return parallel.sphere(n, d, stream), parallel.sphere(n, d, stream)


def literal_gap(x, y, height):
    """Delta by its definition, differentiable in everything."""
    return (parallel.lift(x, height).mean(0) - parallel.lift(y, -height).mean(0)).norm()


@pytest.mark.parametrize("gamma", [0.02, 0.2, 0.7])
def test_initial_rates_are_autograd_s(gamma):
    """Chain rule: Delta's gradient times the flow's velocity, both by autograd of the lifted loss and of Delta."""
    beta = 3.0
    x, y = (p.requires_grad_() for p in pairs(7, 4))
    height = torch.tensor(gamma, dtype=torch.float64, requires_grad=True)
    loss = parallel.objective(x, y, torch.tensor(np.log(beta)), height, Exponential())
    slopes = torch.autograd.grad(loss, (x, y, height))
    velocities = [
        -(s - (s * p).sum(1, keepdim=True) * p) for s, p in zip(slopes[:2], (x, y), strict=True)
    ]  # on the sphere
    of_gap = torch.autograd.grad(literal_gap(x, y, height), (x, y, height))
    still = float(of_gap[2] * -slopes[2])
    moving = still + sum(float((g * v).sum().detach()) for g, v in zip(of_gap[:2], velocities, strict=True))
    (rates,) = dynamics.initial_rates(x.detach(), y.detach(), beta, [gamma])
    assert close(rates.twice_gamma, -2 * float(slopes[2]))
    assert close(rates.frozen, still)
    assert close(rates.moving, moving)


def test_the_whole_flow_starts_at_the_initial_rates():
    x, y = pairs(7, 4)
    (rates,) = dynamics.initial_rates(x, y, 3.0, [0.2])
    errors = []
    for step in (1e-3, 5e-4):  # a one-sided difference: its error is of first order
        path = dynamics.moving_pairs(x, y, 3.0, 0.2, Exponential(), np.array([0, step]), rtol=1e-13)
        errors.append((path.gap[1] - path.gap[0]) / step - rates.moving)
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.02)
    assert 2 * errors[1] - errors[0] == pytest.approx(0, abs=1e-5 * abs(rates.moving))


def test_several_heights_at_once_are_each_alone():
    x, y = pairs(9, 3)
    together = dynamics.initial_rates(x, y, 2.0, [0.01, 0.3, 0.6])
    assert together == [dynamics.initial_rates(x, y, 2.0, [g])[0] for g in (0.01, 0.3, 0.6)]


def test_the_limit_is_the_mean_push_of_an_infinite_batch():
    """(9) is 4 beta gamma E[z e^{az}] / E[e^{az}], z the first coordinate of a uniform point: here in d = 3 and 5."""
    rng = np.random.default_rng(0)
    for d, beta in ((3, 2.0), (5, 8.0)):
        a = beta * (1 - 0.09)
        z = rng.normal(size=(400_000, d))
        z = z[:, 0] / np.linalg.norm(z, axis=1)
        mean = np.mean(z * np.exp(a * z)) / np.mean(np.exp(a * z))
        assert bessel.limit(d, beta, 0.3) == pytest.approx(4 * beta * 0.3 * mean, rel=0.01)
    assert close(bessel.limit(3, 2.0, 0.3), 4 * 2 * 0.3 * (1 / np.tanh(1.82) - 1 / 1.82))


def test_the_finite_bound_tends_to_the_limit_and_has_the_root_it_says():
    assert bessel.finite_bound(1e30, 16, 5.0, 0.3) == pytest.approx(bessel.limit(16, 5.0, 0.3), rel=1e-6)
    n = bessel.smallest_informative_n(16, 5.0, 0.3)
    assert bessel.finite_bound(0.99 * n, 16, 5.0, 0.3) < 0 < bessel.finite_bound(1.01 * n, 16, 5.0, 0.3)


def test_the_finite_bound_is_the_paper_s_formula():
    n, d, beta, gamma, delta = 3000, 3, 2.0, 0.3, 0.05
    a = beta * (1 - gamma**2)
    eps = np.sqrt(np.log((4 * n + 1) / delta) / (2 * n))
    xi2 = np.sinh(a) / a
    xi1 = (a * np.cosh(a) - np.sinh(a)) / a**2
    literal = 4 * beta * gamma * ((xi1 - 2 * np.exp(a) * eps) / (xi2 + (np.exp(a) - np.exp(-a)) * eps) - 2 * eps)
    assert close(bessel.finite_bound(n, d, beta, gamma, delta), literal)


def test_rates_of_draws_have_the_limit_as_their_mean_and_a_variance_of_one_over_n():
    spreads = []
    for n in (125, 500):
        rates = np.array([opening.random_rates(seed, n, 3, 1.0, [0.3])[0].twice_gamma for seed in range(60)])
        ratio = rates / bessel.limit(3, 1.0, 0.3)
        assert ratio.mean() == pytest.approx(1, abs=3 * ratio.std() / 60**0.5 + 1 / n)
        assert abs(np.corrcoef(ratio[:-1], ratio[1:])[0, 1]) < 0.5  # seeds do not follow each other
        spreads.append(ratio.std())
    assert spreads[0] / spreads[1] == pytest.approx(2, rel=0.35)


def test_a_draw_is_its_seed_s_and_its_size_s_own():
    rates = [opening.random_rates(*at, [0.3])[0].twice_gamma for at in ((0, 50, 3, 1.0), (1, 50, 3, 1.0))]
    assert rates[0] != rates[1]
    assert rates[0] == opening.random_rates(0, 50, 3, 1.0, [0.3])[0].twice_gamma


def test_single_precision_agrees_with_double():
    x, y = pairs(400, 3)
    double, single = (
        dynamics.initial_rates(x.to(t), y.to(t), 2.0, [0.01, 0.3]) for t in (torch.float64, torch.float32)
    )
    for a, b in zip(double, single, strict=True):
        np.testing.assert_allclose(dataclasses.astuple(a), dataclasses.astuple(b), rtol=1e-3)


def test_encoders_at_rest_open_the_gap_more_slowly_than_twice_gamma():
    """The algebra of the refuted step: frozen / twice_gamma = (4 - m^2) gamma / (2 Delta) < 1 at any gap."""
    r = run("yaras2024.many_pairs", "smoke")
    assert np.all(r["frozen"] < 1)
    x, y = pairs(50, 3)
    m = float((x.mean(0) - y.mean(0)).norm())
    (rates,) = dynamics.initial_rates(x, y, 1.0, [0.01])
    delta = np.sqrt((1 - 1e-4) * m**2 + 4e-4)
    assert close(rates.frozen / rates.twice_gamma, (4 - m**2) * 0.01 / (2 * delta))


def test_extrapolation_finds_the_limit_of_a_sequence_with_bias():
    size = np.array([60, 120, 240, 480, 960, 1920])
    rng = np.random.default_rng(0)
    ratio = 1.03 - 20 / size + rng.normal(size=(40, 6)) / size**0.5
    estimate = stats.mean(claims.intercept(size, ratio))
    assert estimate.low < 1.03 < estimate.high and estimate.high - estimate.low < 0.05


def test_the_claim_on_the_limit_looks_at_the_worst_space():
    size = np.array([100.0, 200.0, 400.0, 800.0])
    r = {"size": size, "twice_gamma": np.ones((6, 3, 4)) * np.array([1.0, 1.05, 1.0])[:, None]}
    assert close(claims.in_the_limit(r, "twice_gamma").value, 1.05)


def test_the_bound_s_share_is_that_of_the_worst_starting_gap():
    rates = np.array([[0.5, 2.0], [2.0, 2.0]])  # at the first gap half of the draws fall below the bound
    r = {"bound": np.array([1.0, -1.0]), "moving": rates}
    assert claims.share_above_bound("moving", slice(None))(r).value == 0.5
    assert claims.share_above_bound("moving", slice(1, None))(r).value == 1.0
    assert claims.share_above_bound("moving", slice(None))(r).n == 2  # a draw counts once


def test_a_bound_that_says_nothing_refutes_nothing():
    """With few pairs (8) is negative and its condition is not met: a share below one half is no refutation then."""
    r = run("yaras2024.small_gap", "smoke")
    assert r["bound"].min() < 0
    low = dataclasses.replace(r, arrays=dict(r.arrays) | {k: np.full((80, 4), -9.0) for k in ("moving", "frozen")})
    row = evaluate(claims.thm3_3_small_gap, "book", lambda name: low)
    assert row.verdict == Verdict.not_reproduced and not row.conditions_met
    met = dataclasses.replace(low, arrays=dict(low.arrays) | {"bound": np.ones(4)})
    assert evaluate(claims.thm3_3_small_gap, "book", lambda name: met).verdict == Verdict.refuted
    assert evaluate(claims.thm3_3_bound, "book", lambda name: met).verdict == Verdict.not_reproduced
