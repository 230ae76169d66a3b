"""Fig. 4a and equation (11) in a long training of the small towers."""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float
from scipy.stats import linregress

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Positive, after
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

SLOW, FAST = 0, 1  # learning rates of the long run
MATCHED = 0.9  # share of pairs from which on we ask


def line(r: Result, rate: int) -> list:
    """The straight line through (-1 / log10(t)^2, gap) for t in 60..1000, per seed."""
    early = (r["steps"] >= 60) & (r["steps"] <= 1000)
    axis = -1 / np.log10(r["steps"][early]) ** 2
    return [linregress(axis, gap) for gap in r["gap"][:, rate, early]]


def since_matched(matched: Float[np.ndarray, "T"], share: float = MATCHED) -> int:
    """The place from which on at least `share` of the pairs match, for good; the end where they never do."""
    below = np.flatnonzero(matched < share)
    return int(below[-1]) + 1 if len(below) else 0


def rise_while_matched(r: Result, share: float = MATCHED) -> Float[np.ndarray, "S"]:
    """Gap at the end minus gap from when on `share` of the pairs match, fast rate; NaN where they never do."""
    rises = []
    for gap, matched in zip(r["gap"][:, FAST], r["matched"][:, FAST], strict=True):
        since = gap[since_matched(matched, share) :]
        rises.append(since[-1] - since[0] if len(since) else np.nan)
    return np.array(rises)


def least_matched(r: Result) -> float:
    """The smallest share of matched pairs in that time, over seeds."""
    return min((m[since_matched(m) :].min(initial=1.0) for m in r["matched"][:, FAST]), default=0.0)


def matched_at_half(r: Result) -> Float[np.ndarray, "S"]:
    """Share of matched pairs when the gap has first fallen below half its largest value, slow rate."""
    gap, matched = r["gap"][:, SLOW], r["matched"][:, SLOW]
    after_peak = np.arange(gap.shape[1]) > gap.argmax(1)[:, None]
    first = ((gap < gap.max(1, keepdims=True) / 2) & after_peak).argmax(1)
    return matched[np.arange(len(gap)), first]


stated = partial(claim, item="Fig. 4a, tiny CLIP", on="longrun", quantifier=Quantifier.mean)


@stated(
    paper="R2 .992 on the points read off",
    rule=AtLeast(
        0.98, basis=after("below the .992 of the paper's own points; an earlier trial had shown .85"), ideal=1.0
    ),
    match=Match.ours,
    declared=Verdict.not_reproduced,
)
def fig4a_tiny_line(r: Result) -> Estimate:
    r"""In a training run $\Delta$ falls along a straight line in $-1/\log_{10}(t)^2$.

    Measured: $R^2$ of the line for $60\le t\le1000$ at rate 1e-4, mean over seeds.
    Note: Adam's steps are not the gradient flow's time, and most of the fall happens before the pairs match.
    """
    return stats.mean(np.array([fit.rvalue**2 for fit in line(r, SLOW)]))


@stated(rule=Positive(), author=Author.ours)
def fig4a_intercept(r: Result) -> Estimate:
    r"""That line points below zero: it cannot be the law for long times, which must point at the origin.

    Measured: minus the intercept of the line for $60\le t\le1000$ at rate 1e-4, mean over seeds.
    """
    return stats.mean(np.array([-fit.intercept for fit in line(r, SLOW)]))


@stated(
    rule=AtMost(0.2, basis=after("a fifth; an earlier trial with another renderer had shown a tenth")),
    author=Author.ours,
)
def fig4a_before_matching(r: Result) -> Estimate:
    """The gap has halved before even a fifth of the pairs match, outside the hypothesis of Theorem 3.2.

    Measured: share of matched pairs when the gap is first below half its maximum, rate 1e-4, mean over seeds.
    """
    return stats.mean(matched_at_half(r))


@claim(
    item="Equation (11), in training",
    on="longrun",
    rule=Positive(),
    quantifier=Quantifier.mean,
    author=Author.ours,
    conditions=(
        Condition(
            "share of pairs that match, where the sign in (11) asks for all",
            least_matched,
            AtLeast(1.0, basis=PAPER),
            matters=False,
        ),
    ),
)
def fig4a_rises_again(r: Result) -> Estimate:
    """Under Adam, with at least nine in ten pairs matched, the gap rises again.

    Measured: gap at the end minus gap when nine in ten pairs match for good, rate 1e-3, mean over seeds.
    Note: No evidence against the paper: by (11) the gap falls when all pairs match under gradient flow, and here some
    never match (Fig. 4a, b). Seen in an earlier trial before it was asked here.
    """
    return stats.mean(rise_while_matched(r))
