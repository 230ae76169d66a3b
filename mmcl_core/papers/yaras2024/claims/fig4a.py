"""Fig. 4a: what the points of the paper's own curve say of the exponent, and what the reduced flow does there."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Positive, after
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

stated = partial(claim, on="fig4a_theory", match=Match.exact, minimum_tier=Tier.smoke)


@stated(
    item="Fig. 4a, its own points",
    paper="straight line",
    rule=AtLeast(0.98, after("the fit to the points read off was known, with .99"), ideal=1.0),
    quantifier=Quantifier.every,
)
def fig4a_printed_line(r: Result) -> Estimate:
    r"""$\Delta$ against $-1/\log_{10}(t)^2$ is a straight line.

    Measured: R squared of a line through the thirteen points read off.
    """
    return stats.exact(float(r["r_squared"]), len(r["step"]))


@stated(item="Fig. 4a, its own points", rule=Positive(), quantifier=Quantifier.every, author=Author.ours)
def fig4a_printed_origin(r: Result) -> Estimate:
    r"""The line does not point at the origin, as a law proportional to $1/\log(t)^2$ would.

    Measured: minus the intercept of the line; of the fits without one of the thirteen points, the one nearest to 0.
    Note: The paper does not say that it should, and Theorem 3.2, a lower bound, does not need it. A negative intercept
    means a gap of zero at a finite time; the curve itself turns flat after about 3000 steps. The figure is consistent
    with slow closing and cannot show the exponent.
    """
    kept = [np.arange(len(r["gap"])) != k for k in range(len(r["gap"]))]
    intercepts = [np.polyfit(r["axis"][rest], r["gap"][rest], 1)[1] for rest in kept]
    return stats.worst(-np.array(intercepts), largest=False)


@stated(item="Fig. 4a, power", rule=AtMost(-2.0, PAPER), quantifier=Quantifier.order, author=Author.ours)
def fig4a_printed_power(r: Result) -> Estimate:
    r"""Over its range the paper's curve falls faster than $\log(t)^{-2}$.

    Measured: the curve's power of $\log t$, least squares over the thirteen points read off.
    """
    return stats.exact(float(r["power_of_log_time"]), len(r["step"]))


@claim(
    item="Fig. 4a, power of the reduced flow",
    on="fig4a_theory",
    rule=Positive(),
    quantifier=Quantifier.every,
    author=Author.ours,
    minimum_tier=Tier.smoke,
)
def fig4a_theory_power(r: Result) -> Estimate:
    r"""The reduced flow of matched pairs from the same start falls more slowly there than the paper's curve, and more
    slowly than $\log(t)^{-2}$.

    Measured: its most negative power of $\log t$ at $t=10^4$, margins 1 and 0.3, minus the larger of $-2$ and the
    curve's power.
    """
    least = float(np.min(r["theory_power"]))
    return stats.exact(least - max(-2.0, float(r["power_of_log_time"])), len(r["theory_power"]))
