"""Beyond the paper: the mitigation methods on genuine pairs, icons with names.

No earlier trial had seen these data: the thresholds are round numbers written down before the first run.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, before
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.claims.real_chance import UNCHANGED_ATTRIBUTES
from mmcl_core.papers.yaras2024.claims.real_table import farthest, least
from mmcl_core.papers.yaras2024.table import ICONS, column, rank_correlation
from mmcl_core.stats import Estimate

ITEM = "Beyond: icons with names"
FIXED = ICONS[0]
DECLARED = {"image_retrieval": Verdict.does_not_hold, "gap": Verdict.does_not_hold}
NOTES = {
    "image_retrieval": "On icons a fixed temperature of .2 does not hurt yet and .01 does: the best temperature is a "
    "matter of the data.",
    "gap": "One of five seeds stays just below one half (.47), the others lie between .59 and .85: methods of nearly "
    "equal gap change places from seed to seed.",
}


@claim(item=ITEM, on=FIXED, rule=Positive(), quantifier=Quantifier.every, author=Author.ours)
def icons_fixed(fixed: Result) -> Estimate:
    """On icons, too, the coldest fixed temperature leaves a larger gap than the baseline, and .1 a smaller one, in
    every seed.

    Measured: gap, the smaller of FLT .01 minus baseline and baseline minus FLT .1, smallest over seeds.
    """
    gap = column("gap", fixed)
    return least(gap["FLT .01"] - gap["baseline"], gap["baseline"] - gap["FLT .1"])


def ranks(measure: str, words: str, name: str) -> Claim:
    """The rank correlation of our column on icons with the paper's, over the rows that both have."""

    @claim(
        item=ITEM,
        on=ICONS,
        rule=AtLeast(0.5, basis=before("one half, a round number"), ideal=1.0),
        quantifier=Quantifier.every,
        author=Author.ours,
        declared=DECLARED.get(measure),
        name=f"icons_ranks_{name}",
        statement=f"On held-out icons the methods' order by {words} is the paper's: in every seed the correlation "
        "of ranks is at least one half.",
        measured=f"Spearman's correlation with the printed {words}, smallest over seeds",
        note=NOTES.get(measure, ""),
    )
    def icons_ranks(*results: Result) -> Estimate:
        return stats.worst(rank_correlation(measure, column(measure, *results)), largest=False)

    return icons_ranks


RANKS = (ranks("gap", "gap", "gap"), ranks("image_retrieval", "image retrieval", "retrieval"))


ours = partial(claim, item=ITEM, on=FIXED, author=Author.ours, quantifier=Quantifier.mean)


@ours(rule=Positive())
def icons_collapse(fixed: Result) -> Estimate:
    """The hottest fixed temperature retrieves worse than .07.

    Measured: image retrieval, FLT .07 minus FLT .4, paired over seeds.
    """
    found = column("image_retrieval", fixed)
    return stats.mean(found["FLT .07"] - found["FLT .4"])


@ours(rule=UNCHANGED_ATTRIBUTES, declared=Verdict.undecided)
def icons_one_word(fixed: Result) -> Estimate:
    """Closing the gap by a fixed temperature does not help to tell apart two icons whose names differ in one word.

    Measured: change against the baseline in telling such pairs apart, FLT .07 and FLT .1, each paired over seeds; the
    one whose interval reaches farther from zero.
    Note: Here the test is half-way between chance and its maximum, so that it can move both ways.
    """
    told = column("one_attribute", fixed)
    return farthest(*(stats.mean(told[method] - told["baseline"]) for method in ("FLT .07", "FLT .1")))


@ours(rule=Positive())
def icons_unseen_gap(fixed: Result) -> Estimate:
    """The gap of one and the same model is larger on icons whose first word it never saw: the distribution has shifted.

    Measured: gap of the baseline without chance, counted by first words; unseen first words minus random split, paired
    over seeds.
    Note: No test of the mechanism, which is about training: test pairs give no gradient. Unseen icons come in few first
    words, so chance is counted word by word.
    """
    unseen, seen = column("unseen_clustered_gap", fixed), column("clustered_gap", fixed)
    return stats.mean(unseen["baseline"] - seen["baseline"])


@ours(rule=AtMost(0.2, basis=before("a fifth, a round number")))
def icons_unseen_retrieval(fixed: Result) -> Estimate:
    """The random split flatters: on unseen first words at most a fifth of the retrieval is left.

    Measured: image retrieval of the baseline, unseen first words over random split, mean over seeds.
    """
    unseen, seen = column("unseen_image_retrieval", fixed), column("image_retrieval", fixed)
    return stats.mean(unseen["baseline"] / np.maximum(seen["baseline"], 1e-12))
