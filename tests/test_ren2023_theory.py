"""Ren & Li 2023: the closure against enumeration, closed forms against runs, rates against what decays."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcl_core.errors import InputError
from mmcl_core.papers.ren2023 import dynamics, setting, theory
from mmcl_core.papers.ren2023.claims.assumptions import collapse_rate
from mmcl_core.papers.ren2023.closure import Closure, missing_mass
from mmcl_core.papers.ren2023.experiments import laws
from tests.tolerances import close

BASE = {"d": 40, "signal": (1.0, 0.8, 0.6, 0.4, 0.2), "noise": 0.2}


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
    assert close(q[0].numpy(), predicted)
    assert s == inverse_temperature


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


@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(0.2, 1), min_size=2, max_size=5), st.integers(0, 40))
def test_the_noncontrastive_flow_ends_on_its_limit(signal, extra):
    """Run to the end, whatever the noise."""
    signal = tuple(sorted(signal, reverse=True))
    d = len(signal) + extra
    for noise in (0.3, 1.5):
        path = Closure(d, signal, noise, None).run([0.0, 1e4 * d])
        assert path.condition_number[-1] == pytest.approx(theory.limit_condition_number(signal, d), rel=1e-5)


def test_the_initial_state_is_that_of_independent_weights():
    """E ||K_p||^2 = sigma_p^2 / d and d - r noise columns, against drawn encoders of width 20,000."""
    v = setting.views(12, (1.0, 0.4), 0.3)
    a = setting.initial_encoders(v, 20_000, [0]).a[0].square().sum(0).numpy()
    state = Closure(12, (1.0, 0.4), 0.3, 2.0).initial()
    np.testing.assert_allclose(state[:2], a[:2], rtol=0.05)
    assert state[6] == pytest.approx(a[2:].sum(), rel=0.05)
    np.testing.assert_array_equal(state[4:6], 0)


def test_pushes_sum_to_the_change_of_the_ratio():
    """P + N against a finite difference of log(a_1/a_r) along the flow."""
    path = Closure(**BASE, inverse_temperature=5.0, negatives=31.0).run(np.linspace(0, 20, 20001))
    positive, negative = path.pushes()
    ratio = np.log(path.a[:, 0] / path.a[:, -1])
    np.testing.assert_allclose(
        (positive + negative)[1:-1], (ratio[2:] - ratio[:-2]) / (path.times[2:] - path.times[:-2]), atol=2e-5
    )


def test_more_negatives_only_turn_the_clock_of_the_closure():
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
    assert close(after.inverse_temperature, 5.0)
    assert close(after.a[0], none.a[-1])
    assert after.condition_number[-1] < 1.1 < none.condition_number[-1]


def decay(closure, changes, measure):
    """The late rate of exponential decay of `measure` along the flow from the balanced point moved by `changes`."""
    state = laws.balanced_state(closure)
    for rows, size in changes:
        state[rows] += size
    rates = theory.balanced_rates(closure.signal, closure.noise, closure.d, *CASE)
    slowest = min(rates.noise, rates.alignment.min(), rates.balance.min(), rates.difference.min())
    times = np.array([0.0, 0.5, 1.0]) / slowest
    path = closure.run(times, state, rtol=1e-12)
    values = np.log(measure(path))
    return -(values[2] - values[1]) / (times[2] - times[1]), rates


CASE = (4.0, 31.0)


def test_near_balance_every_deviation_dies_at_its_rate():
    """D8 by running the flow: no Jacobian, no formula but the four rates."""
    closure = Closure(12, (1.0, 0.6, 0.3), 0.2, *CASE)
    for p in range(3):
        found, rates = decay(closure, [(6 + p, -1e-5)], lambda path, p=p: 1 - path.correlations[:, p])
        assert found == pytest.approx(rates.alignment[p], rel=1e-3)
    found, rates = decay(closure, [([9, 10], 1e-6)], lambda path: path.noise)
    assert found == pytest.approx(rates.noise, rel=1e-3)
    # Unequal energies: two modes; the slower one is left after the faster has died.
    state = laws.balanced_state(closure)
    state[[0, 3, 6]] *= 1 + 1e-4
    slow, fast = np.sort(rates.balance)
    times = np.array([0.0, 6.0, 7.0]) / (fast - slow)
    gap = np.log(np.log(closure.run(times, state, rtol=1e-13).condition_number))
    assert -(gap[2] - gap[1]) / (times[2] - times[1]) == pytest.approx(slow, rel=0.02)
    # A difference of the two views in one direction.
    state = laws.balanced_state(closure)
    state[0] *= 1 + 1e-5
    state[3] *= 1 - 1e-5
    slow, fast = np.sort(rates.difference)
    times = np.array([0.0, 6.0, 7.0]) / (fast - slow)
    path = closure.run(times, state, rtol=1e-13)
    apart = np.log(np.abs(path.energies - path.b / path.squares[1][:, None]).max(1))
    assert -(apart[2] - apart[1]) / (times[2] - times[1]) == pytest.approx(slow, rel=0.02)


def test_the_best_temperatures_are_the_roots_of_their_conditions():
    """b tanh b = 1 and 2 b = 1 + e^{-2b}, solved here by bisection, against the numerical rates of the flow."""

    def root(f, low, high):
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if f(middle) < 0 else (low, middle)
        return low

    balance, alignment = root(lambda b: b * np.tanh(b) - 1, 0.5, 2), root(lambda b: 2 * b - 1 - np.exp(-2 * b), 0.1, 2)
    assert (balance, alignment) == pytest.approx((1.19968, 0.63923), abs=1e-5)
    for best, rate in ((balance, laws.slowest_balance), (alignment, laws.slowest_alignment)):
        around = [rate(Closure(**BASE, inverse_temperature=5 * best * x)) for x in (0.97, 1.0, 1.03)]
        assert around[1] > max(around[0], around[2])


def test_the_least_loss_is_the_loss_of_a_balanced_encoder_term_by_term():
    """-2 log S with equal shares, the mean over negatives by enumerating their signs."""
    rank, tau2, k = 3, 2.0, 7.0
    signs = setting.cube(setting.views(rank, (1.0,) * rank, 1.0))[0].numpy()
    mean = np.exp(tau2 * signs @ signs[0] / rank).mean()
    literal = -2 * np.log(np.exp(tau2) / (np.exp(tau2) + k * mean))
    assert close(theory.least_loss(rank, tau2, k), literal)


def test_the_time_bound_holds_and_is_not_far_off():
    """D6 on one start: below the bound, and above a twentieth of it at a low temperature."""
    signal, d, tau2, k = (1.0, 0.9), 6, 0.3, 50.0
    a = np.array([0.8, 0.3])
    a /= (a / np.array(signal)).sum()
    state = np.concatenate([a, a, a, [0.0, 0.0, np.log(tau2)]])
    bound = theory.balance_time_bound(signal, d, tau2, k, float(np.sqrt(a.max() / a.min())), 0.01)
    path = Closure(d, signal, 0.2, tau2, k).run(np.geomspace(bound / 1e3, bound, 400), state)
    actual = path.times[np.flatnonzero(path.condition_number**2 - 1 <= 0.01)[0]]
    assert bound / 20 < actual <= bound


def test_collapse_under_noise_in_the_signal_grows_at_its_rate():
    """Exact gradients, aligned columns, almost all energy in the first direction: d log kappa / dt."""
    v = setting.views(3, (1.0, 0.4, 0.2), 0.3, noise_inside=0.1)
    k = torch.diag(torch.tensor([1.0, 1e-5, 1e-5], dtype=torch.float64))[None]
    k = k / (k.square() / v.variance_a).sum().sqrt() * 3**0.5 / 3**0.5
    e = setting.Encoders(k, k.clone())
    q = torch.eye(3, dtype=torch.float64)[None]
    change = dynamics.velocity(e, v, lambda form: (q, 1.0))
    growth = (change.a[0].diagonal() / e.a[0].diagonal()).numpy()
    assert growth[0] - growth[2] == pytest.approx(collapse_rate((1.0, 0.4, 0.2), 3, 0.1), rel=1e-6)


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
