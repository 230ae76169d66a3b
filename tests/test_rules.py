"""Rules: which intervals hold, fail or decide nothing, what a tolerance scales, and the p-values behind."""

import math

import numpy as np
import pytest

from mmcl_core import stats
from mmcl_core.evidence.rules import (
    AtLeast,
    AtMost,
    Between,
    Identity,
    Outcome,
    Positive,
    Within,
)
from mmcl_core.stats import Estimate, Interval, exact, mean
from tests.tolerances import close

NAN = float("nan")
HOLDS, FAILS, UNDECIDED = Outcome.holds, Outcome.fails, Outcome.undecided


def spread(low, high, n=5, kind=Interval.t):
    return Estimate((low + high) / 2 if math.isfinite(low + high) else low, low, high, n, kind)


@pytest.mark.parametrize(
    ("rule", "holds", "fails"),
    [
        (Within(10, absolute=1), [9, 10, 11], [8.99, 11.01, NAN]),
        (Within(10, relative=0.1), [9, 11], [8.9, 11.1, NAN]),
        (Within(-10, relative=0.1), [-9, -11], [-8.9, -11.1]),
        (Between(1, 2), [1, 1.5, 2], [0.99, 2.01, NAN, math.inf]),
        (AtMost(1), [1, -5], [1.0001, NAN, math.inf]),
        (AtLeast(1), [1, 5], [0.9999, NAN, -math.inf]),
        (Identity(1e-9), [0, 1e-9], [1.1e-9, -1e-3, NAN]),
        (Positive(), [1e-300, 2], [0, -1, NAN]),
    ],
)
def test_a_number_without_an_interval_is_in_or_out(rule, holds, fails):
    assert {rule.judge(exact(v)) for v in holds} == {HOLDS}
    assert {rule.judge(exact(v)) for v in fails} == {FAILS}
    assert str(rule)


@pytest.mark.parametrize(
    ("rule", "interval", "outcome"),
    [
        (Within(0, absolute=1), (-1, 1), HOLDS),
        (Within(0, absolute=1), (-1.1, 0.5), UNDECIDED),
        (Within(0, absolute=1), (-2, 2), UNDECIDED),
        (Within(0, absolute=1), (1.1, 2), FAILS),
        (AtMost(1), (0, 1), HOLDS),
        (AtMost(1), (0.9, 1.1), UNDECIDED),
        (AtMost(1), (1.1, 1.2), FAILS),
        (AtLeast(1), (0.9, 1.1), UNDECIDED),
        (Between(0, 1), (0.2, 1.5), UNDECIDED),
        (Positive(), (0, 1), UNDECIDED),  # the end 0 is not above 0
        (Positive(), (0.1, 1), HOLDS),
        (Positive(), (-1, 0), FAILS),
        (Positive(), (-1, 1), UNDECIDED),
        (Positive(), (NAN, NAN), FAILS),
    ],
)
def test_the_whole_interval_decides(rule, interval, outcome):
    assert rule.judge(spread(*interval)) == outcome


def test_few_seeds_decide_nothing():
    """Four seeds far inside the region are undecided, five hold; a worst case and an exact number need no seeds."""
    samples = np.array([1.0, 1.1, 0.9, 1.05])
    assert Positive().judge(mean(samples)) == UNDECIDED
    assert Positive().judge(mean(np.append(samples, 1.0))) == HOLDS
    assert AtMost(0).judge(mean(samples)) == UNDECIDED
    assert AtMost(2).judge(stats.worst(samples)) == HOLDS and AtMost(1).judge(stats.worst(samples)) == FAILS
    assert Positive().judge(mean(np.array([1.0]))) == UNDECIDED  # an infinite interval contains everything


def test_scaling_moves_tolerances_and_leaves_statements():
    assert Within(10, absolute=1, relative=0.1).scaled(0.5).region == (9, 11)
    assert Between(1, 2).scaled(2).region == (0.5, 2.5)
    assert Identity(1e-6).scaled(0.5).region == (0, 5e-7)
    assert AtMost(1.2, ideal=1.0).scaled(0.5).region == (-math.inf, pytest.approx(1.1))
    assert AtLeast(0.9, ideal=1.0).scaled(2).region == (pytest.approx(0.8), math.inf)
    assert AtMost(1.2).scaled(0.5) == AtMost(1.2) and Positive().scaled(2) == Positive()


def test_p_values_are_those_of_the_decided_side():
    from scipy.stats import binomtest, ttest_1samp

    x = np.array([1.0, 1.4, 0.8, 1.1, 1.3])
    assert close(Positive().p_value(mean(x)), ttest_1samp(x, 0, alternative="greater").pvalue)
    assert close(AtMost(0.2).p_value(mean(x)), ttest_1samp(x, 0.2, alternative="greater").pvalue)
    two_sided = max(ttest_1samp(x, 0.2, alternative="greater").pvalue, ttest_1samp(x, 2.0, alternative="less").pvalue)
    assert close(Between(0.2, 2.0).p_value(mean(x)), two_sided)
    share = stats.proportion(29, 30)
    assert close(AtLeast(0.6).p_value(share), binomtest(29, 30, 0.6, alternative="greater").pvalue)
    assert math.isnan(AtMost(1.0).p_value(mean(x)))  # undecided
    assert math.isnan(AtMost(2.0).p_value(exact(1.0)))  # nothing sampled
