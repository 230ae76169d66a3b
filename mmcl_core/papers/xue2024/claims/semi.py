"""The semi-synthetic experiment at tier book.

Two things of the paper's cannot both be kept with 4,000 images: the share of exceptions (p_spu = .995, 20 of them) and
their number (300, p_spu = .925). Orderings and signs are claimed, no level. All was fixed before the first run
of this code, from the derivation and from one seed of a pilot.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float

from mmcl_core import stats
from mmcl_core.data.backgrounds import DIGITS
from mmcl_core.evidence.claim import Claim, Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtMost, Positive, Within, standard
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

ID, OOD, AGREE, CONFLICT = range(4)
RICH, PLAIN, POOR, HALF = "captions_1_1", "captions_1_0", "captions_0_1", "captions_0.5_1"  # (pi_core, pi_spu)

ours = partial(claim, author=Author.ours, quantifier=Quantifier.mean, rule=Positive())
paper = partial(claim, quantifier=Quantifier.mean, match=Match.scaled)

BOTH = ("semi", "semi_count")
LAW = Condition(
    "$p_{spu}$ (the paper's law)",
    lambda r: r.config.p_spu,
    Within(0.995, absolute=1e-9, basis=standard("rounding")),
)


def accuracy(r: Result, name: str, place: int) -> Float[np.ndarray, "S"]:
    """Accuracy of a method, one a seed."""
    return r[f"{name}_accuracy"][:, place]


@paper(
    item="Figs. 2 and 5",
    paper="-20.9 points",
    on="semi_count",
    rule=Positive(),
    match=Match.ours,
    conditions=(LAW,),
)
def semi_id_below_ood_plain(r: Result) -> Estimate:
    """With captions that always name the digit and never the shade, ID accuracy lies below OOD accuracy.

    Measured: paired difference OOD minus ID, $p_{spu}=.925$ only (these captions are not trained at .995), mean
    over seeds.
    Note: In the linear theory ID is above OOD for every richness: the sign decides between the two losses.
    """
    return stats.mean(accuracy(r, PLAIN, OOD) - accuracy(r, PLAIN, ID))


@paper(
    item="Figs. 2 and 5",
    paper="-5.6 points",
    on=BOTH,
    rule=Positive(),
    declared=Verdict.not_reproduced,
)
def semi_id_below_ood_rich(share: Result, count: Result) -> Estimate:
    """With captions that always name the digit and the shade, ID accuracy lies below OOD accuracy.

    Measured: paired difference OOD minus ID at $p_{spu}=.995$ and .925, mean over seeds: the one that reaches lowest.
    Note: At .995, with 20 exceptions and a fiftieth of the paper's steps, the networks still follow the colour; at
    .925, which is not the paper's law, the mean has its sign and half its size, and five seeds leave it open.
    """
    return stats.reaching_lowest(*(stats.mean(accuracy(r, RICH, OOD) - accuracy(r, RICH, ID)) for r in (share, count)))


@paper(item="Figs. 2 and 5", paper="38.0 %", on=BOTH, rule=AtMost(0.5, basis=standard("a coin")))
def semi_sl_background(share: Result, count: Result) -> Estimate:
    """Supervised learning follows the background: where it is of the other class, it does worse than a coin.

    Measured: conflict accuracy of supervised learning at $p_{spu}=.995$ and .925, mean over seeds: the one that reaches
    highest.
    """
    return stats.reaching_highest(*(stats.mean(accuracy(r, "supervised_2", CONFLICT)) for r in (share, count)))


@paper(item="Fig. 2", paper="76.2 against 69.0 %", on=BOTH, rule=Positive(), declared=Verdict.undecided)
def semi_rich_beats_sl(share: Result, count: Result) -> Estimate:
    """Rich captions are more accurate out of distribution than supervised learning.

    Measured: paired difference of OOD accuracy, captions (1, 1) minus supervised learning, at $p_{spu}=.995$ and .925:
    the one that reaches lowest.
    Note: Clear at .925, where supervised learning, with 370 steps, has not begun to read digits; at .995 the mean has
    the paper's sign and five seeds leave it open.
    """
    return stats.reaching_lowest(
        *(stats.mean(accuracy(r, RICH, OOD) - accuracy(r, "supervised_2", OOD)) for r in (share, count))
    )


def _order(name: str, on: str, match: Match, declared: Verdict, where: str, note: str) -> Claim:
    @paper(
        name=f"semi_order_{name}",
        item="Fig. 2",
        paper="58.9 and 76.2 %",
        on=on,
        rule=Positive(),
        match=match,
        conditions=(LAW,),
        declared=declared,
        statement=f"OOD accuracy rises with $\\pi_{{core}}$, here from 0 to 1, at {where}.",
        measured="Paired difference of OOD accuracy, captions (1, 1) minus (0, 1), mean over seeds.",
        note=note,
    )
    def rich_minus_poor(r: Result) -> Estimate:
        return stats.mean(accuracy(r, RICH, OOD) - accuracy(r, POOR, OOD))

    return rich_minus_poor


ORDER = (
    _order(
        "share",
        "semi",
        Match.scaled,
        Verdict.undecided,
        "the paper's $p_{spu}=.995$",
        "The mean has the paper's sign; with 20 exceptions five seeds do not settle it.",
    ),
    _order(
        "count",
        "semi_count",
        Match.ours,
        Verdict.not_reproduced,
        "$p_{spu}=.925$",
        "The contrary order. The law differs from the paper's, whose condition is not met: no refutation.",
    ),
)


@paper(
    item="Fig. 2",
    paper="58.9, 75.0, 76.2 %",
    on="semi_count",
    rule=Positive(),
    match=Match.ours,
    conditions=(LAW,),
    declared=Verdict.undecided,
)
def semi_rises_count(r: Result) -> Estimate:
    r"""OOD accuracy rises with $\pi_{core}$ step by step, here from 0 to .5 and from .5 to 1, at $p_{spu}=.925$.

    Measured: paired differences of OOD accuracy, captions (.5, 1) minus (0, 1) and (1, 1) minus (.5, 1): the one that
    reaches lowest.
    Note: Written after the run. Both means have the contrary sign, and five seeds leave either step open; over both
    steps together the order is contrary, see the row from 0 to 1.
    """
    steps = ((POOR, HALF), (HALF, RICH))
    return stats.reaching_lowest(*(stats.mean(accuracy(r, b, OOD) - accuracy(r, a, OOD)) for a, b in steps))


@paper(
    item="Fig. 2",
    paper="76.2 against 72.2 %",
    on="semi_count",
    rule=Within(0.0, absolute=0.04, basis=PAPER),
    match=Match.ours,
    conditions=(LAW,),
)
def semi_shade(r: Result) -> Estimate:
    r"""What captions say of the shade has little effect on OOD accuracy: no more than the four points of the figure.

    Measured: paired difference of OOD accuracy, captions (1, 1) minus (1, 0), $p_{spu}=.925$, mean over seeds.
    Note: Written after the run. Little is not nothing: the whole interval lies above zero, on the paper's side.
    """
    return stats.mean(accuracy(r, RICH, OOD) - accuracy(r, PLAIN, OOD))


@ours(item="Fig. 5", on="semi_count")
def semi_id_falls(r: Result) -> Estimate:
    r"""What the linear theory has in distribution, these networks have, too: ID accuracy falls as captions name more.

    Measured: paired falls of ID accuracy from $\pi_{core}=0$ to .5 and from .5 to 1, $\pi_{spu}=1$, $p_{spu}=.925$:
    the one that reaches lowest.
    Note: Written after the run, whose points had been seen; the direction is that of the formula, and of the loss's
    optimum.
    """
    steps = ((POOR, HALF), (HALF, RICH))
    return stats.reaching_lowest(*(stats.mean(accuracy(r, a, ID) - accuracy(r, b, ID)) for a, b in steps))


@ours(item="Fig. 2", on="semi_count")
def semi_groups(r: Result) -> Estimate:
    r"""Ours, too, have less conflict accuracy when captions say the shade.

    Measured: paired difference of conflict accuracy, $\pi_{spu}=0$ minus 1, $\pi_{core}=1$, $p_{spu}=.925$.
    """
    return stats.mean(accuracy(r, PLAIN, CONFLICT) - accuracy(r, RICH, CONFLICT))


@ours(item="Fig. 5", on="semi_count")
def semi_conflict_above_agree(r: Result) -> Estimate:
    """Captions that say the digit alone are read wrongly where the background agrees, and rightly where it does not.

    Measured: paired difference of accuracy, conflict minus agree, captions (1, 0), $p_{spu}=.925$.
    """
    return stats.mean(accuracy(r, PLAIN, CONFLICT) - accuracy(r, PLAIN, AGREE))


@ours(item="Fig. 2", on=("semi", "semi_count"), declared=Verdict.undecided)
def semi_reversal(share: Result, count: Result) -> Estimate:
    r"""Which captions are more robust depends on $p_{spu}$ at 4,000 images: rich at .995, poor at .925.

    Measured: paired differences of OOD accuracy, captions (1, 1) minus (0, 1) at $p_{spu}=.995$ and (0, 1) minus (1, 1)
    at .925: the one that reaches lowest.
    Note: Number and share of exceptions change together (20 and 300 of 4,000), so that this could not tell one from the
    other. A pilot had shown the reversal; five seeds leave one of the two differences open.
    """
    few = accuracy(share, RICH, OOD) - accuracy(share, POOR, OOD)
    many = accuracy(count, POOR, OOD) - accuracy(count, RICH, OOD)
    return stats.reaching_lowest(stats.mean(few), stats.mean(many))


@ours(item="Fig. 2", on=("semi_count", "semi_labels"))
def semi_fine_labels(r: Result, labels: Result) -> Estimate:
    """At $p_{spu}=.925$ most of the gain needs no text: labels of the ten digits lie nearer to rich captions than to
    two labels.

    Measured: paired: OOD accuracy of ten labels minus the midpoint of two labels and captions (1, 1), $p_{spu}=.925$.
    Note: At this $p_{spu}$ richness itself has no gain, and ten labels were not trained at .995.
    """
    middle = (accuracy(r, "supervised_2", OOD) + accuracy(r, RICH, OOD)) / 2
    return stats.mean(accuracy(labels, f"supervised_{DIGITS}", OOD) - middle)
