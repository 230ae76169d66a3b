"""Intervals, slopes and paired comparisons over seeds. The seed axis is always the first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Real, Shaped
from scipy import stats

LEVEL = 0.95  # of every interval in the book
FEWEST = 5  # observations below which a t interval decides nothing


class Interval(StrEnum):
    """How an estimate's interval was made; what a rule may conclude from it depends on this."""

    exact = "exact"
    worst = "worst case"
    t = "95% t interval"
    wilson = "95% Wilson interval"


@dataclass(frozen=True)
class Estimate:
    """A number with its interval: `value` in [`low`, `high`] from `n` observations; `kind` names the interval.

    `samples` are the observations behind a t interval, one a seed, in the order of the seeds.
    """

    value: float
    low: float
    high: float
    n: int
    kind: Interval
    samples: tuple[float, ...] = field(default=(), repr=False)

    @property
    def sampled(self) -> bool:
        """Whether another set of seeds would give another interval."""
        return self.kind in (Interval.t, Interval.wilson)

    @property
    def decisive(self) -> bool:
        """Whether its interval may decide: a t interval over fewer than five observations leans on their normality."""
        return self.kind != Interval.t or self.n >= FEWEST

    def __str__(self) -> str:
        return f"{self.value:.4g}" if self.low == self.high else f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def exact(value: float, n: int = 1) -> Estimate:
    """A number without any sampling: a closed form, an integral, an identity's largest deviation, a full
    enumeration."""
    return Estimate(float(value), float(value), float(value), n, Interval.exact)


def mean(samples: Float[np.ndarray, S]) -> Estimate:
    """Mean with Student's t interval, one sample a seed; one sample gives an interval of infinite width, not of
    zero."""
    samples = np.asarray(samples, float)
    n, centre = len(samples), float(np.mean(samples))
    if n < 2:
        return Estimate(centre, -np.inf, np.inf, n, Interval.t, tuple(samples.tolist()))
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * stats.sem(samples))
    return Estimate(centre, centre - half, centre + half, n, Interval.t, tuple(samples.tolist()))


def mean_per_seed(samples: Shaped[np.ndarray, "S ..."]) -> Estimate:
    """Neurons, pixels, steps or cells that share a seed's draws are averaged first; then `mean` over the seeds."""
    samples = np.asarray(samples, float)
    return mean(samples.reshape(len(samples), -1).mean(1))


def worst(samples: Shaped[np.ndarray, ...], largest: bool = True) -> Estimate:
    """The worst of all observations, for statements "for every ...": it alone decides. NaN when any observation is."""
    samples = np.asarray(samples, float)
    value = float(samples.max() if largest else samples.min())
    return Estimate(value, value, value, samples.size, Interval.worst)


def proportion(successes: Bool[np.ndarray, ...] | int, n: int | None = None) -> Estimate:
    """Share of independent successes with the Wilson interval; NaN for none at all. Takes booleans, or a count and `n`.

    Only for independent trials: outcomes that share a seed's draws go to `mean_per_seed`.
    """
    if n is None:
        outcomes = np.asarray(successes)
        successes, n = int(outcomes.sum()), outcomes.size
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, Interval.wilson)
    interval = stats.binomtest(int(successes), n).proportion_ci(LEVEL, method="wilson")
    return Estimate(int(successes) / n, float(interval.low), float(interval.high), n, Interval.wilson)


def slope(x: Real[np.ndarray, N], y: Real[np.ndarray, "S N"]) -> Estimate:
    """Least-squares slope of `y` on `x`, fitted per seed, then averaged with a t interval over seeds."""
    y = np.atleast_2d(y)
    return mean(np.array([stats.linregress(x, row).slope for row in y]))


def power_law(x: Real[np.ndarray, N], y: Real[np.ndarray, "S N"]) -> Estimate:
    """The exponent p of y ~ x^p: the slope in log-log coordinates, per seed. Needs positive `x` and `y`."""
    return slope(np.log(x), np.log(np.atleast_2d(y)))


def reaching_lowest(*estimates: Estimate) -> Estimate:
    """Of several estimates the one whose interval reaches lowest: an ordering holds in all when it holds there. One
    that is NaN comes before all others."""
    return min(estimates, key=lambda e: (not math.isnan(e.value), e.low, e.value))


def reaching_highest(*estimates: Estimate) -> Estimate:
    """Of several estimates the one whose interval reaches highest. One that is NaN comes before all others."""
    return max(estimates, key=lambda e: (math.isnan(e.value), e.high, e.value))


def prediction(estimate: Estimate) -> tuple[float, float] | None:
    """The 95 % prediction interval for one more seed, mean +- t s sqrt(1 + 1/n); None without a sample a seed."""
    n = len(estimate.samples)
    if n < 2:
        return None
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.std(estimate.samples, ddof=1) * math.sqrt(1 + 1 / n))
    return estimate.value - half, estimate.value + half


def p_value(estimate: Estimate, bound: float, above: bool) -> float:
    """One-sided p of "the true value is not above (not below) `bound`", for a sampled estimate; NaN for any other.

    Student's t from the samples; the exact binomial tail for a proportion.
    """
    if estimate.kind == Interval.wilson:
        count = round(estimate.value * estimate.n)
        side = "greater" if above else "less"
        return float(stats.binomtest(count, estimate.n, min(max(bound, 0.0), 1.0), alternative=side).pvalue)
    if estimate.kind != Interval.t or estimate.n < 2:
        return math.nan
    error = (estimate.high - estimate.value) / float(stats.t.ppf((1 + LEVEL) / 2, estimate.n - 1))
    distance = (estimate.value - bound) if above else (bound - estimate.value)
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stats.t.sf(distance / error, estimate.n - 1))


def holm(p_values: Real[np.ndarray, N], alpha: float) -> Bool[np.ndarray, N]:
    """Which hypotheses Holm's step-down procedure rejects at family-wise error `alpha` (Holm 1979)."""
    p = np.asarray(p_values, float)
    order = np.argsort(p)
    passed = p[order] <= alpha / (len(p) - np.arange(len(p)))
    rejected = np.zeros(len(p), bool)
    rejected[order[: len(p) if passed.all() else int(np.argmin(passed))]] = True
    return rejected
