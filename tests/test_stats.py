"""Intervals against closed forms and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from mmcl_core import stats
from tests.tolerances import close


def test_mean_is_students_interval():
    x = np.array([1.0, 2.0, 4.0, 7.0])
    e = stats.mean(x)
    low, high = reference.t.interval(0.95, 3, x.mean(), x.std(ddof=1) / 2)
    assert (e.value, e.n) == (3.5, 4) and close(e.low, low) and close(e.high, high)


def test_mean_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = [(e := stats.mean(rng.normal(size=5))).low <= 0 <= e.high for _ in range(2000)]
    assert abs(np.mean(hits) - 0.95) < 0.015  # three standard errors


def test_proportion_is_wilsons_formula():
    k, n, z = 7, 20, reference.norm.ppf(0.975)
    centre = (k / n + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(k / n * (1 - k / n) / n + z**2 / (4 * n**2))
    e = stats.proportion(k, n)
    assert (e.low, e.high) == (pytest.approx(centre - half), pytest.approx(centre + half))
    assert stats.proportion(np.array([True, False, True, True])).value == 0.75


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(0.01, 100))
def test_power_law_recovers_exponents(p, scale):
    x = np.geomspace(1, 1000, 7)
    e = stats.power_law(x, np.stack([scale * x**p, 2 * scale * x**p]))
    assert close(e.value, p) and e.n == 2


def test_the_worst_case_decides_alone_and_exact_has_no_interval():
    e = stats.worst(np.array([[1.0, 5.0], [2.0, 3.0]]))
    assert (e.value, e.low, e.high, e.n) == (5, 5, 5, 4) and not e.sampled and e.decisive
    assert stats.worst(np.array([1.0, 5.0]), largest=False).value == 1
    assert np.isnan(stats.worst(np.array([1.0, np.nan, 5.0])).value)  # a NaN is no witness for "every"
    assert str(stats.exact(2.0)) == "2"


def test_outcomes_of_one_seed_count_as_one_observation():
    outcomes = np.array([[True, True, True, False], [True, False, False, False]])
    e = stats.mean_per_seed(outcomes)
    pooled = stats.proportion(outcomes)
    assert e.value == 0.5 and e.n == 2 and e.samples == (0.75, 0.25)
    assert e.high - e.low > 2 * (pooled.high - pooled.low)
    nothing = stats.proportion(np.zeros((3, 0), bool))
    assert np.isnan(nothing.value) and nothing.n == 0


def test_pooling_within_seeds_covers_too_seldom_and_averaging_first_does_not():
    """Forty cells of a seed that share its draw: the pooled interval misses the truth most of the time."""
    rng = np.random.default_rng(1)
    pooled, averaged = [], []
    for _ in range(400):
        x = rng.normal(size=(6, 1)) + 0.1 * rng.normal(size=(6, 40))
        pooled.append((e := stats.mean(x.ravel())).low <= 0 <= e.high)
        averaged.append((e := stats.mean_per_seed(x)).low <= 0 <= e.high)
    assert np.mean(averaged) > 0.9 and np.mean(pooled) < 0.5


def test_one_more_seed_falls_into_the_prediction_interval_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = []
    for _ in range(4000):
        x = rng.normal(3, 2, size=6)
        low, high = stats.prediction(stats.mean(x[:5]))
        hits.append(low <= x[5] <= high)
    assert abs(np.mean(hits) - 0.95) < 0.0105  # three standard errors
    assert stats.prediction(stats.exact(1.0)) is None and stats.prediction(stats.mean(np.array([1.0]))) is None


def test_holm_steps_down():
    """Literally: the smallest p against alpha/m, the next against alpha/(m-1), until one fails."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        p, alpha = rng.uniform(0, 0.1, size=7), 0.05
        rejected, order = set(), sorted(range(7), key=lambda i: p[i])
        for rank, i in enumerate(order):
            if p[i] > alpha / (7 - rank):
                break
            rejected.add(i)
        assert set(np.flatnonzero(stats.holm(p, alpha))) == rejected
    assert stats.holm(np.array([0.001]), 0.05).all() and stats.holm(np.array([0.01, 0.02]), 0.05).all()


def test_an_ordering_over_several_is_judged_where_it_reaches_lowest():
    near, far = stats.mean(np.array([0.1, 0.3, 0.2, 0.1, 0.2])), stats.mean(np.array([1.0, 1.1, 0.9, 1.0, 1.0]))
    assert stats.reaching_lowest(far, near) is near and stats.reaching_highest(near, far) is far
