"""What negatives do: facts that hold at every temperature (D4), and what is left of them at small ones (D5)."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Identity, Positive, Within, after, derived
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.ren2023 import theory
from mmcl_core.papers.ren2023.claims.noncontrastive import SOLVER
from mmcl_core.papers.ren2023.claims.reduction import MACHINE
from mmcl_core.stats import Estimate

SIGNS_HOLD = 1.5  # times r: the range of tau^2 in which the signs of both pushes are claimed


def _largest(r: Result) -> float:
    """The largest tau^2/r of the configurations that are judged."""
    relative = r["relative_temperature"]
    return float(relative[relative <= SIGNS_HOLD].max())


IN_RANGE = Condition(r"largest $\tau^2/r$ of those judged", _largest, AtMost(SIGNS_HOLD))


def _fourth_smallest(r: Result) -> float:
    return float(np.sort(r["inverse_temperature"])[3])


SMALL_TEMPERATURES = Condition(r"largest $\tau^2$ in the fit, for small ones", _fourth_smallest, AtMost(0.003))


def every(r: Result, name: str, largest: bool = True, within: float = np.inf) -> Estimate:
    """The worst random configuration among those with tau^2 at most `within` times r."""
    return stats.worst(r[name][r["relative_temperature"] <= within], largest)


ours_every = partial(claim, on="sweep", author=Author.ours, quantifier=Quantifier.every)


@ours_every(item="D4(a): correlations", rule=AtMost(1e-6, SOLVER, ideal=0))
def d4a(r):
    r"""With negatives every $\rho_p$ rises monotonically, for every spectrum and temperature.

    Measured: largest fall of a correlation between two times, 300 random configurations
    """
    return every(r, "correlation_fall")


@ours_every(item=r"D4(c): $\kappa$ rises first", rule=Positive())
def d4c(r):
    r"""$\kappa$ always rises at first.

    Measured: smallest initial rise of $\log\kappa$, 300 random configurations
    """
    return every(r, "initial_rise", largest=False)


@claim(
    item=r"D4(c): $\kappa$ rises first",
    on="expansion",
    rule=Within(
        1, absolute=1e-4, basis=derived("the square of the relative term .006 at $t=.03$, the next order in $t$")
    ),
    quantifier=Quantifier.limit,
    author=Author.ours,
    minimum_tier=Tier.smoke,
)
def d4c_expansion(r):
    r"""The rise of $\log(a_1/a_r)$ is $2q_0^2\tau^4t^2N^{-4}(c_1-c_r)(c_1+c_r-X)$ to leading order, where $c_p$ is
    $\sigma_p^2/d$, $X$ the energy-weighted mean of the $c_p$ and $q_0 = 2K/(1+K)$.

    Measured: flow over formula, extrapolated to $t = 0$ along its linear correction, the farther from 1 of two cases
    """
    (t0, t1), (y0, y1) = r["time"][:2], r["ratio"][:, :2].T
    limit = y0 - (y1 - y0) * t0 / (t1 - t0)
    return stats.exact(limit[np.abs(limit - 1).argmax()], limit.size)


@ours_every(
    item="D4(d): two pushes",
    rule=AtLeast(
        -1e-6, derived("rounding of the difference of two nearly equal terms, relative to the largest push"), ideal=0
    ),
    conditions=(IN_RANGE,),
)
def d4d_positive(r):
    r"""Positive pairs only ever widen the spread, $P_+\ge0$, for $\tau^2\le1.5\,r$.

    Measured: smallest $P_+$ over its largest value, random configurations with $\tau^2\le1.5\,r$
    Note: The range is our own finding: a pilot met a wrong sign in 2 of 300 configurations, both at larger $\tau^2$.
    """
    return every(r, "least_positive", largest=False, within=SIGNS_HOLD)


@ours_every(
    item="D4(d): two pushes",
    rule=AtMost(
        1e-6, derived("rounding of the difference of two nearly equal terms, relative to the largest push"), ideal=0
    ),
    conditions=(IN_RANGE,),
)
def d4d_negative(r):
    r"""Negative pairs only ever narrow it, $P_-\le0$, for $\tau^2\le1.5\,r$.

    Measured: largest $P_-$ over its largest size, random configurations with $\tau^2\le1.5\,r$
    """
    return every(r, "largest_negative", within=SIGNS_HOLD)


@claim(
    item="D4(d): two pushes",
    on="forces",
    rule=Identity(1e-12, MACHINE),
    quantifier=Quantifier.every,
    author=Author.ours,
    minimum_tier=Tier.smoke,
)
def d4d_split(r):
    r"""$P_+$ and $P_-$ are what they are called: the loss's own gradient through the similarities of positive pairs
    only, and through those of negative pairs only.

    Measured: largest relative difference from autograd with the other pairs held fixed, random states
    """
    return stats.worst(r["error"])


@ours_every(
    item="D4(e): one peak",
    rule=AtMost(1e-4, after("a pilot of 600 configurations had shown 1.6e-5 at most"), ideal=0),
    declared=Verdict.does_not_hold,
)
def d4e(r):
    r"""$\kappa$ rises, peaks once and falls: no later re-rise beyond $10^{-4}$, for every temperature.

    Measured: largest later rise of $\kappa$ over the lowest value before it, minus 1, 300 random configurations
    Note: Our own expectation, and wrong: a few configurations with $\tau^2$ about $2r$ or more rise again by up to
    0.2 %; a solver a hundred times more exact gives the same numbers.
    """
    return every(r, "rerise")


@claim(
    item="D4(e): one peak",
    on="fresh_sweep",
    rule=AtMost(1e-4, after("a pilot of 600 configurations had shown 1.6e-5 at most"), ideal=0),
    quantifier=Quantifier.every,
    author=Author.ours,
    conditions=(IN_RANGE,),
)
def d4e_corrected(r):
    r"""There is one peak (re-rise below $10^{-4}$) for $\tau^2\le1.5\,r$.

    Measured: largest later rise, those of 150 fresh random configurations with $\tau^2\le1.5\,r$, seeds 10,000 and on
    Note: The range was narrowed after the statement for every temperature had failed on 300 other configurations.
    """
    return every(r, "rerise", within=SIGNS_HOLD)


def exponent(r: Result, name: str) -> Estimate:
    """The exponent in tau^2 over the four smallest temperatures."""
    small = r["inverse_temperature"] <= 0.003
    return stats.exact(
        np.polyfit(np.log(r["inverse_temperature"][small]), np.log(r[name][small]), 1)[0], int(small.sum())
    )


SMALL = derived(r"a relative correction of order $\tau^2$, at most .003 there")


ours = partial(claim, item="D5: two clocks", on="small_temperatures", author=Author.ours)


@ours(rule=Within(-1, absolute=0.003, basis=SMALL), quantifier=Quantifier.order, conditions=(SMALL_TEMPERATURES,))
def d5_align(r):
    r"""For $\tau^2\to0$ alignment takes a time $\propto\tau^{-2}$.

    Measured: exponent of $t(\mathrm{align}>0.95)$ in $\tau^2$, four sizes from $10^{-4}$ to $3\cdot10^{-3}$
    """
    return exponent(r, "aligned")


@ours(rule=Within(-2, absolute=0.003, basis=SMALL), quantifier=Quantifier.order, conditions=(SMALL_TEMPERATURES,))
def d5_balance(r):
    r"""Balance takes $\propto\tau^{-4}$: the stages separate.

    Measured: exponent of $t(\kappa<1.1)$ in $\tau^2$, four sizes from $10^{-4}$ to $3\cdot10^{-3}$
    """
    return exponent(r, "balanced")


@ours(
    rule=Within(1, absolute=0.05, basis=derived(r"constants inside the logarithm, $1/\log(1/\tau^2)$ and less")),
    quantifier=Quantifier.limit,
)
def d5_peak(r):
    r"""The peak tends to $\kappa_\infty$ of the non-contrastive loss, and the gap closes like $\tau^2\log\tau^{-2}$:
    what repulsion undoes while the last unbalance is still being built up.

    Measured: exponent in $\tau^2$ of $(1-\kappa_{\rm peak}/\kappa_\infty)/\log\tau^{-2}$, seven sizes from $10^{-4}$
    to 0.1
    """
    t = r["inverse_temperature"]
    gap = 1 - r["peak"] / theory.limit_condition_number(r.config.signal, r.config.d)
    return stats.exact(np.polyfit(np.log(t), np.log(gap / np.log(1 / t)), 1)[0], t.size)
