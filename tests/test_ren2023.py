"""Ren & Li 2023: the fast dynamics against the model written plainly, the closure against enumeration and against wide encoders."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcl_core import catalog
from mmcl_core.errors import InputError
from mmcl_core.evidence.ledger import evaluate
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.store import Store
from mmcl_core.papers.ren2023 import dynamics, reference, setting, theory
from mmcl_core.papers.ren2023.closure import Closure, missing_mass
from mmcl_core.papers.ren2023.experiments.exact import side_by_side
from mmcl_core.papers.ren2023.experiments.runs import RunSetting, runs
from mmcl_core.runtime import generator
from tests.named import run

BASE = {"d": 40, "signal": (1.0, 0.8, 0.6, 0.4, 0.2), "noise": 0.2}


def plain_weights(encoder, mapping):
    """W in R^d with W^T [A, A_xi] / sqrt(d) equal to the encoder's coordinates."""
    return torch.linalg.inv(mapping).T @ encoder.T * len(mapping) ** 0.5


def test_a_batch_step_equals_autograd_in_the_plain_model():
    v = setting.views(6, (1.0, 0.5), 0.3, (0.7, 0.9), 0.6)
    e = setting.initial_encoders(v, 9, [3])
    h_a, h_b = setting.draw_pairs(v, 16, generator("test", 0, "pairs"))
    maps = reference.observation_maps(v, generator("test", 0, "maps"))
    weights = [plain_weights(k[0], m).requires_grad_() for k, m in zip((e.a, e.b), maps, strict=True)]
    logits = 2.5 * reference.embeddings(weights[0], maps[0], h_a) @ reference.embeddings(weights[1], maps[1], h_b).T
    target = torch.arange(16)
    loss = torch.nn.functional.cross_entropy(logits, target) + torch.nn.functional.cross_entropy(logits.T, target)
    ours = dynamics.velocity(e, v, dynamics.batch_contrastive(h_a[None], h_b[None], 2.5))
    for gradient, mapping, speed in zip(torch.autograd.grad(loss, weights), maps, (ours.a, ours.b), strict=True):
        torch.testing.assert_close(-(gradient.T @ mapping) / 6**0.5, speed[0], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(("inverse_temperature", "negatives"), [(None, 1.0), (0.3, 1.0), (6.0, 200.0)])
def test_the_population_gradient_equals_autograd_over_all_signs(inverse_temperature, negatives):
    v = setting.views(5, (1.3, 0.8, 0.4), 0.5, (1.0, 0.9, 0.3), 0.7)
    e = setting.initial_encoders(v, 7, [0])
    points, positive = setting.cube(v)
    assert positive.sum() == pytest.approx(1)
    maps = reference.observation_maps(v, generator("test", 1, "maps"))
    weights = [plain_weights(k[0], m) for k, m in zip((e.a, e.b), maps, strict=True)]
    if inverse_temperature is None:
        law = dynamics.population_noncontrastive(points, positive)
    else:
        law = dynamics.population_contrastive(points, positive, inverse_temperature, negatives)
        f_a, f_b = (reference.embeddings(w, m, points) for w, m in zip(weights, maps, strict=True))
        plain = reference.population_contrastive(f_a, f_b, positive, inverse_temperature, negatives)
        fast = dynamics.population_loss(e, v, points, positive, inverse_temperature, negatives)
        assert float(fast[0]) == pytest.approx(float(plain), rel=1e-12)
    ours = dynamics.velocity(e, v, law)
    for gradient, mapping, speed in zip(
        reference.gradients(*weights, maps, points, positive, inverse_temperature, negatives),
        maps,
        (ours.a, ours.b),
        strict=True,
    ):
        torch.testing.assert_close(-(gradient.T @ mapping) / 5**0.5, speed[0], rtol=1e-11, atol=1e-15)


def test_noise_inside_the_signal_space_is_noise_on_the_observation():
    """The population norm and the samples agree: E ||W^T x||^2 by sampling equals N^2."""
    v = setting.views(4, (1.0, 0.25), 0.5, noise_inside=0.3)
    e = setting.initial_encoders(v, 6, [0])
    h, _ = setting.draw_pairs(v, 400_000, generator("test", 2, "many"))
    sampled = (h @ e.a[0].T).square().sum(1).mean()
    assert float(sampled) == pytest.approx(float(dynamics.norms(e, v)[0] ** 2), rel=0.01)


def test_the_width_can_be_rotated_away():
    v = setting.views(4, (1.0, 0.5), 0.2)
    wide = setting.initial_encoders(v, 60, [0, 1])
    narrow = setting.reduce_width(wide)
    assert narrow.a.shape == (2, 8, 4)
    points, positive = setting.cube(v)
    law = dynamics.population_contrastive(points, positive, 3.0, 31.0)
    ends = []
    for e in (wide, narrow):
        *_, (_, last) = dynamics.descend(e, v, lambda _: law, 0.3, 50)
        ends.append(dynamics.observe(last, v))
    for name in ("condition_number", "alignment", "correlations", "energies", "noise", "weight_norm"):
        torch.testing.assert_close(getattr(ends[0], name), getattr(ends[1], name), rtol=1e-9, atol=1e-12)


def test_a_seed_alone_is_the_same_seed_in_a_batch():
    config = RunSetting.at("smoke", width=30, horizon=0.02)
    alone = runs.compute(config, (1,), torch.device("cpu"))
    together = runs.compute(config, (0, 1), torch.device("cpu"))
    for name in set(alone) - runs.coordinates:
        np.testing.assert_allclose(alone[name][0], together[name][1], rtol=1e-5, atol=1e-7)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0, 0.3), min_size=2, max_size=5), st.floats(0.1, 8), st.floats(1, 500))
def test_the_closures_moments_equal_enumeration(shat, inverse_temperature, negatives):
    v = setting.views(len(shat), (1.0,) * len(shat), 1.0)
    points, positive = setting.cube(v)
    scaled = np.array(shat)
    q, s = dynamics.population_contrastive(points, positive, inverse_temperature, negatives)(
        torch.diag(torch.as_tensor(scaled))[None]
    )
    beta = inverse_temperature * scaled
    predicted = np.diag(2 * missing_mass(beta, negatives) * (1 - np.tanh(beta)))
    np.testing.assert_allclose(q[0].numpy(), predicted, atol=1e-12)
    assert s == inverse_temperature


def test_the_closure_is_the_limit_of_wide_encoders():
    """Population gradient at width 200,000 against the ordinary differential equation: an independent derivation of D2."""
    v = setting.views(5, (1.0, 0.5, 0.25), 0.3)
    points, positive = setting.cube(v)
    e = setting.reduce_width(setting.initial_encoders(v, 200_000, [0]))
    law = dynamics.population_contrastive(points, positive, 2.0, 31.0)
    *_, (_, last) = dynamics.descend(e, v, lambda _: law, 0.02, 500)
    path = Closure(5, (1.0, 0.5, 0.25), 0.3, 2.0, 31.0).run([0.0, 10.0])
    seen = dynamics.observe(last, v)
    assert float(seen.condition_number[0]) == pytest.approx(path.condition_number[-1], rel=0.02)
    assert float(seen.alignment[0]) == pytest.approx(path.alignment[-1], abs=0.02)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.floats(0.1, 1), min_size=2, max_size=6), st.integers(0, 60), st.floats(0.05, 2))
def test_the_noncontrastive_closed_form_solves_the_flow(signal, extra, noise):
    signal = tuple(sorted(signal, reverse=True))
    d = len(signal) + extra
    path = Closure(d, signal, noise, None).run(np.geomspace(0.05, 200 * d, 60))
    exact = theory.NonContrastive(d, np.array(signal), noise)
    for i in (20, 40):
        rho = path.correlations[i, -1]
        a, correlations, n = exact.at(np.arctanh(min(rho, 1 - 1e-9)) / (2 * signal[-1]))
        if rho < 1 - 1e-6:
            np.testing.assert_allclose(path.energies[i], a / (a.sum() + n), rtol=1e-4)
            np.testing.assert_allclose(path.correlations[i], correlations, atol=1e-5)
    low, high = theory.limit_bounds(signal, d)
    assert low * (1 - 1e-9) <= exact.limit() <= high * (1 + 1e-9)


def test_pushes_sum_to_the_change_of_the_ratio():
    """P + N against a finite difference of log(a_1/a_r) along the flow."""
    path = Closure(**BASE, inverse_temperature=5.0, negatives=31.0).run(np.linspace(0, 20, 20001))
    positive, negative = path.pushes()
    ratio = np.log(path.a[:, 0] / path.a[:, -1])
    np.testing.assert_allclose(
        (positive + negative)[1:-1], (ratio[2:] - ratio[:-2]) / (path.times[2:] - path.times[:-2]), atol=2e-5
    )


def test_more_negatives_only_turn_the_clock():
    slow, fast = (
        Closure(**BASE, inverse_temperature=5.0, negatives=k).run(np.geomspace(0.01, 2e3, 500)) for k in (1.0, 500.0)
    )
    grid = np.linspace(0.1, 0.9, 20)
    orbits = [np.interp(grid, p.alignment, p.condition_number) for p in (slow, fast)]
    np.testing.assert_allclose(*orbits, rtol=1e-3)
    assert slow.first_time(slow.alignment, 0.9) > 5 * fast.first_time(fast.alignment, 0.9)


def test_a_switch_keeps_the_weights_and_takes_the_new_temperature():
    none = Closure(**BASE, inverse_temperature=None).run([0.0, 300.0])
    after = Closure(**BASE, inverse_temperature=5.0).run([0.0, 50.0], none.states[-1])
    assert after.inverse_temperature == pytest.approx(5.0)
    np.testing.assert_allclose(after.a[0], none.a[-1])
    assert after.condition_number[-1] < 1.1 < none.condition_number[-1]


def test_condition_number_below_full_width_is_that_of_the_represented_directions():
    signal = torch.diag(torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64))[None, :2]
    assert float(dynamics.condition_number(signal)[0]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"signal": (1.0, -0.5)}, "signal"),
        ({"rates": (0, 1, 1, 1)}, "rates"),
        ({"times": (1, 1, 1, -1)}, "times"),
        ({"d": 3}, "do not fit"),
        ({"batch": 1}, "batch"),
        ({"width": 10**6, "d": 20_000}, "GiB"),
    ],
)
def test_impossible_settings_get_one_sentence(overrides, words):
    with pytest.raises(InputError, match=words) as error:
        RunSetting.at("book", **overrides)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("experiment", "overrides", "words"),
    [
        ("sgd_floor", {"cold": ((0, 2.0), (32, 1.0))}, "cold"),
        ("sgd_floor", {"warm": ((32, 0.0),)}, "warm"),
        ("sgd_floor", {"warm": ((2**16, 1.0),)}, "GiB"),
        ("finite_width", {"widths": (0, 50)}, "widths"),
        ("training_set", {"pairs": (0,)}, "pairs"),
        ("population", {"widths": (-3,)}, "widths"),
        ("noise_inside", {"strengths": (-0.1,)}, "strengths"),
        ("digit_halves", {"steps": (0, 10, 10)}, "steps"),
        ("identities", {"signal_b": (1.0,)}, "as many"),
        ("retrieval", {"signal": (1.0, 0.5)}, "fewer codes"),
        ("landscape", {"negatives": 3.0}, "Unknown field"),
        ("finite_width", {"width": 100}, "Unknown field"),
        ("sgd_floor", {"batch": 64}, "Unknown field"),
    ],
)
def test_impossible_settings_of_every_experiment_get_one_sentence(experiment, overrides, words):
    with pytest.raises(InputError, match=words) as error:
        catalog.find_experiment(f"ren2023.{experiment}").config.at("smoke", **overrides)
    assert "\n" not in str(error.value)


def test_a_diverging_run_says_so():
    with pytest.raises(InputError, match="diverged at step"):
        runs.compute(RunSetting.at("smoke", rates=(1e300, 1, 1, 1)), (0,), torch.device("cpu"))


def test_encoders_side_by_side_are_the_encoders():
    """Padded and reduced to a common height: the same condition numbers and norms as each width alone."""
    v = setting.views(4, (1.0, 0.5), 0.2)
    starts = [setting.initial_encoders(v, width, [0, 1]) for width in (2, 8, 50)]
    together = side_by_side(starts)
    assert together.a.shape == (6, 8, 4)
    for k, alone in enumerate(starts):
        rows = slice(2 * k, 2 * k + 2)
        torch.testing.assert_close(together.a[rows].mT @ together.b[rows], alone.a.mT @ alone.b, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(together.a[rows].mT @ together.a[rows], alone.a.mT @ alone.a, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inverse_temperature": 0.0}, "inverse temperature"),
        ({"negatives": 0.5}, "negatives"),
        ({"signal": (1.0, 0.0)}, "positive"),
        ({"d": 2}, "d of at least"),
    ],
)
def test_impossible_closures_get_one_sentence(changes, words):
    with pytest.raises(InputError, match=words):
        Closure(**(BASE | {"inverse_temperature": 1.0} | changes))


def shrunk(original):
    """Moments one per cent too small."""

    def law(points, positive, inverse_temperature, negatives):
        return lambda form: (
            original(points, positive, inverse_temperature, negatives)(form)[0] * 0.99,
            inverse_temperature,
        )

    return law


@pytest.mark.parametrize("claim", ["d1", "d2a"])
def test_planted_errors_in_the_moments_are_caught(claim, monkeypatch, tmp_path):
    """On results computed afresh: a planted error must not be hidden by the store."""
    monkeypatch.setattr(dynamics, "population_contrastive", shrunk(dynamics.population_contrastive))
    judged = next(c for c in catalog.paper("ren2023").claims if c.id == f"ren2023.{claim}")
    assert (
        evaluate(judged, Tier.smoke, lambda e: run(e, Tier.smoke, store=Store(tmp_path))).verdict
        == Verdict.not_reproduced
    )


def judged(name, experiment, **arrays):
    claim = next(c for c in catalog.paper("ren2023").claims if c.id == f"ren2023.{name}")
    estimate = claim.estimator(replace(run(experiment, Tier.smoke), arrays=arrays))
    return estimate, claim.judge(estimate)


@pytest.mark.parametrize(
    ("power", "verdict"), [(-0.5, Verdict.reproduced), (-1.0, Verdict.not_reproduced), (-0.2, Verdict.not_reproduced)]
)
def test_the_exponent_in_the_width_has_an_interval_over_seeds(power, verdict):
    width = np.array([25, 100, 400])
    deviation = np.stack([width ** (power - 0.02), width ** (power + 0.02)])
    estimate, found = judged("d2b_slope_contrastive", "ren2023.finite_width", width=width, contrastive=deviation)
    assert found == verdict
    assert estimate.n == 2
    assert estimate.low < power < estimate.high


def test_the_floor_takes_its_constants_seed_by_seed():
    """Constants whose mean over seeds is the same everywhere, but not in any one seed."""
    noise = np.array([0.1, 0.2])
    flat, crossed = np.ones((2, 2)) * noise, np.array([[1.0, 2.0], [2.0, 1.0]]) * noise
    estimate, found = judged(
        "d9", "ren2023.sgd_floor", cold_excess=flat, cold_noise=noise, warm_excess=crossed, warm_noise=noise
    )
    assert estimate.value == pytest.approx(2.0)
    assert found == Verdict.not_reproduced
