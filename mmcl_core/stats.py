"""Intervals, slopes and paired comparisons over seeds. The seed axis is always the first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Real
from scipy import stats


@dataclass(frozen=True)
class Estimate:
    """A number with its interval: `value` in [`low`, `high`] from `n` observations; `kind` names the interval."""

    value: float
    low: float
    high: float
    n: int
    kind: str

    def __str__(self) -> str:
        return f"{self.value:.4g}" if self.low == self.high else f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def exact(value: float, n: int = 1) -> Estimate:
    """A number without sampling error: a closed form, an identity's largest deviation, a count over all cases."""
    return Estimate(float(value), float(value), float(value), n, "exact")


def mean(samples: Float[np.ndarray, S], level: float = 0.95) -> Estimate:
    """Mean with Student's t interval at `level`; one sample gives an interval of infinite width, not of zero width."""
    samples = np.asarray(samples, float)
    n, centre = len(samples), float(np.mean(samples))
    if n < 2:
        return Estimate(centre, -np.inf, np.inf, n, f"{level:.0%} t interval")
    half = float(stats.t.ppf((1 + level) / 2, n - 1) * stats.sem(samples))
    return Estimate(centre, centre - half, centre + half, n, f"{level:.0%} t interval")


def extreme(samples: Float[np.ndarray, ...], largest: bool = True) -> Estimate:
    """The largest (or smallest) observation, for statements "for all": the interval is the observed range."""
    samples = np.asarray(samples, float)
    return Estimate(
        float(samples.max() if largest else samples.min()),
        float(samples.min()),
        float(samples.max()),
        samples.size,
        "range",
    )


def proportion(successes: Bool[np.ndarray, ...] | int, n: int | None = None, level: float = 0.95) -> Estimate:
    """Share of independent successes with the Wilson interval; NaN for none at all. Takes booleans, or a count and `n`."""
    if n is None:
        outcomes = np.asarray(successes)
        successes, n = int(outcomes.sum()), outcomes.size
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, f"{level:.0%} Wilson interval")
    interval = stats.binomtest(int(successes), n).proportion_ci(level, method="wilson")
    return Estimate(successes / n, float(interval.low), float(interval.high), n, f"{level:.0%} Wilson interval")


def share_per_seed(outcomes: Bool[np.ndarray, "S ..."], level: float = 0.95) -> Estimate:
    """Share of successes in each seed, then their mean: outcomes that share a seed are not independent of each other."""
    outcomes = np.asarray(outcomes)
    return mean(outcomes.reshape(len(outcomes), -1).mean(1), level)


def slope(x: Real[np.ndarray, N], y: Real[np.ndarray, "S N"], level: float = 0.95) -> Estimate:
    """Least-squares slope of `y` on `x`, fitted per seed, then averaged with a t interval over seeds."""
    y = np.atleast_2d(y)
    return mean(np.array([stats.linregress(x, row).slope for row in y]), level)


def power_law(x: Real[np.ndarray, N], y: Real[np.ndarray, "S N"], level: float = 0.95) -> Estimate:
    """The exponent p of y ~ x^p: the slope in log-log coordinates, per seed. Needs positive `x` and `y`."""
    return slope(np.log(x), np.log(np.atleast_2d(y)), level)
