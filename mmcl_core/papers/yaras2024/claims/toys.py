"""Section 4 in the two gradient-flow models: what each treatment of the temperature does, and what swapping does."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, after
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.experiments.spheres import METHODS, PARALLEL_METHODS
from mmcl_core.stats import Estimate

SLOWER = ("exp(nu)", "exp(nu/2)", "SLRT .1", "exp(nu/10)", "softplus", "FLT .07")  # ever slower temperature
ROWS = [METHODS.index(name) for name in SLOWER]

# Columns of the swap experiment: none, HS .001 .01 .1 1, SS .05 .5, row .1 1
NONE, HARD, SOFT, ROW = 0, (1, 2, 3, 4), (5, 6), (7, 8)


def drops(r: Result, *chain: int) -> Estimate:
    """Final gaps fall along the chain of swap columns: the paired difference whose interval reaches lowest."""
    end = r["gap"][..., -1]
    return stats.reaching_lowest(*(stats.mean(end[:, a] - end[:, b]) for a, b in zip(chain, chain[1:], strict=False)))


ours_every = partial(claim, on="toy_schemes", author=Author.ours, quantifier=Quantifier.every, minimum_tier=Tier.smoke)


@ours_every(item="Section 4, temperature", rule=Positive())
def toy_slower(r: Result) -> Estimate:
    r"""The slower the temperature moves, the further the gap has closed at $t=10^5$: $e^\nu$, $e^{\nu/2}$, SLRT .1,
    $e^{\nu/10}$, softplus, fixed.

    Measured: smallest fall of the final $\log\Delta$ between neighbours in that order, Fig. 2's model.
    Note: The paper says so of CLIP training, which the second half of the chapter tries; these flows are our design.
    """
    return stats.worst(-np.diff(np.log(r["gap"][ROWS, -1])), largest=False)


@ours_every(item="Section 4, temperature", rule=Positive())
def toy_overshoot(r: Result) -> Estimate:
    r"""From $\tau_0=0.07$: the slower the temperature moves, the further the gap first opens.

    Measured: smallest increase of the peak between neighbours in the same order.
    """
    return stats.worst(np.diff(r["gap"][ROWS].max(1)), largest=False)


@ours_every(item="Section 4, temperature", rule=Positive())
def toy_sooner(r: Result) -> Estimate:
    r"""From $\tau_0=0.07$: the slower it moves, the sooner the pairs match.

    Measured: smallest decrease of the time of matching between neighbours in the same order.
    Note: A temperature fixed at 0.2 or 1 opens the gap less far and matches later.
    """
    return stats.worst(-np.diff(r["matched"][ROWS]), largest=False)


@ours_every(
    item="Section 4, schedules",
    rule=AtLeast(0.95, after("an earlier run of the same equations had left 98 %"), ideal=1.0),
)
def toy_cold_schedule(r: Result) -> Estimate:
    r"""A schedule that starts at $\tau=0.01$ freezes the gap: at a tenth of its length 95 % of the peak are left.

    Measured: gap at $t=10^4$ over its peak.
    """
    row = METHODS.index("TS .01 to .05")
    return stats.exact(np.interp(1e4, r["time"], r["gap"][row]) / r["gap"][row].max())


@ours_every(
    item="Section 4, fixed temperature",
    rule=AtMost(0.1, after("an earlier run of the same equations had lost 6 % at most"), ideal=0.0),
)
def parallel_frozen(r: Result) -> Estimate:
    r"""In the parallel model a fixed $\tau\le0.04$ freezes the gap: by $t=10^6$ it loses less than 10 %.

    Measured: largest share of $\gamma$ that is lost, $\tau$ = .01, .02, .04.
    """
    cold = [PARALLEL_METHODS.index(n) for n in ("FLT .01", "FLT .02", "FLT .04")]
    log_gamma = r["parallel_log10_gamma"][cold]
    return stats.worst(1 - 10 ** (log_gamma[:, -1] - log_gamma[:, 0]))


ours_mean = partial(claim, on="toy_swaps", author=Author.ours, quantifier=Quantifier.mean, rule=Positive())


@ours_mean(item="Section 4, hard swap")
def toy_hard_swap(r: Result) -> Estimate:
    """The more steps swap coordinates, the smaller the final gap (none, $p=.001$, .01, .1, 1).

    Measured: smallest paired difference of final gaps between neighbours, Fig. 2's model, $t=10^3$.
    Note: The paper says so of CLIP training, which the second half of the chapter tries.
    """
    return drops(r, NONE, *HARD)


@ours_mean(item="Section 4, soft swap")
def toy_soft_swap(r: Result) -> Estimate:
    """So does mixing them (none, $p=.05$, .5).

    Measured: the same.
    """
    return drops(r, NONE, *SOFT)


@ours_mean(item="Section 4, rows")
def toy_row_swap(r: Result) -> Estimate:
    """Swapping whole rows is weaker than swapping entries at the same p (.1 and 1).

    Measured: smallest paired difference of final gaps, rows minus entries.
    """
    end = r["gap"][..., -1]
    return stats.reaching_lowest(*(stats.mean(end[:, a] - end[:, b]) for a, b in zip(ROW, HARD[2:], strict=True)))


@claim(
    item="Phase diagram",
    on="phase_pairs",
    rule=Positive(),
    quantifier=Quantifier.every,
    author=Author.ours,
)
def phase_beta(r: Result) -> Estimate:
    r"""The larger $\beta_0$, the larger the gap left at $t=10^5$, for every n.

    Measured: smallest change of the gap from one $\beta_0$ of the grid to the next, over all n.
    """
    return stats.worst(np.diff(r["gap"], axis=1), largest=False)
