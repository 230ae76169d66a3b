"""Intervals against closed forms and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from mmcl_core import stats


def test_mean_is_students_interval():
    x = np.array([1.0, 2.0, 4.0, 7.0])
    e = stats.mean(x)
    low, high = reference.t.interval(0.95, 3, x.mean(), x.std(ddof=1) / 2)
    assert (e.value, e.n) == (3.5, 4) and e.low == pytest.approx(low) and e.high == pytest.approx(high)


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
    assert e.value == pytest.approx(p, abs=1e-9) and e.n == 2


def test_extreme_and_exact():
    e = stats.extreme(np.array([[1.0, 5.0], [2.0, 3.0]]))
    assert (e.value, e.low, e.high, e.n) == (5, 1, 5, 4)
    assert stats.extreme(np.array([1.0, 5.0]), largest=False).value == 1
    assert str(stats.exact(2.0)) == "2"


def test_outcomes_of_one_seed_count_as_one_observation():
    outcomes = np.array([[True, True, True, False], [True, False, False, False]])
    e = stats.share_per_seed(outcomes)
    assert (
        e.value == 0.5
        and e.n == 2
        and e.high - e.low > 2 * (stats.proportion(outcomes).high - stats.proportion(outcomes).low)
    )
    nothing = stats.proportion(np.zeros((3, 0), bool))
    assert np.isnan(nothing.value) and nothing.n == 0
