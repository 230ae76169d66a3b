"""5.4 and 5.5: captions, same-class negatives and sharing under CLIP's own loss, on inner products and on cosines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Positive, Verdict, Within
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.claims.base import beyond
from mmcl_core.stats import Estimate

CLIP = "CLIP's own loss (linear encoders)"
WEIGHT, OOD, ID = range(3)


def negatives(richness: float) -> Callable[[Result], Estimate]:
    """OOD accuracy with same-class negatives minus without at this pi_core, per seed."""

    def estimate(r: Result) -> Estimate:
        ood = r["trained"][:, np.argmin(np.abs(r["pi_core"] - richness)), :, OOD]
        return stats.mean(ood[:, 0] - ood[:, 1])

    return estimate


def richer(low: float, high: float) -> Callable[[Result], Estimate]:
    """OOD accuracy at the richness `high` minus that at `low`, with all negatives, per seed."""

    def estimate(r: Result) -> Estimate:
        ood = r["trained"][:, :, 0, OOD]
        return stats.mean(
            ood[:, np.argmin(np.abs(r["pi_core"] - high))] - ood[:, np.argmin(np.abs(r["pi_core"] - low))]
        )

    return estimate


def weight_without(largest: bool, column: int | slice) -> Callable[[Result], Estimate]:
    """The spurious over core weight without same-class negatives, its extreme over seeds and over these pi_core."""
    return lambda r: stats.extreme(r["trained"][:, column, 1, WEIGHT], largest)


# 5.4 of our specification: accuracy under the true law with all negatives and without those of the same class, pi_core = 0, .5, 1
SHEET = {0.0: (0.810, 0.679), 0.5: (0.80, 0.753), 1.0: (0.788, 0.801)}


def table_distance(r: Result) -> Estimate:
    theirs = np.array([SHEET.get(pi, (np.nan, np.nan)) for pi in r["pi_core"]])
    return stats.exact(np.abs(r["trained"][..., OOD].mean(0) - theirs).max(), r["trained"][..., OOD].size)


CAPTIONS = (
    beyond(
        "clip_captions_table",
        CLIP,
        "On inner products at temperature 1: .810, .80, .788 with all negatives and .679, .753, .801 without those of the same class, at $\\pi_{core}=0,.5,1$.",
        "clip_captions_inner",
        "largest distance of the mean accuracies from these numbers of our specification",
        table_distance,
        AtMost(0.05),
        note="The specification does not name its loss; inner products are the only one of the three whose numbers are like these. The bound is ours.",
    ),
    beyond(
        "clip_same_class_inner",
        CLIP,
        r"Inner products: same-class negatives help with poor captions ($\pi_{core}=0$).",
        "clip_captions_inner",
        r"accuracy with same-class negatives minus accuracy without, $\pi_{core}=0$, paired over seeds",
        negatives(0.0),
        Positive(),
        note=r"At .5 the specification's gain of .05 is within the scatter of three seeds of this short training.",
    ),
    beyond(
        "clip_same_class_inner_rich",
        CLIP,
        r"Inner products: with rich captions ($\pi_{core}=1$) nothing is left of that.",
        "clip_captions_inner",
        "accuracy with same-class negatives minus accuracy without, mean over seeds",
        negatives(1.0),
        AtMost(0.01),
        note="The specification has a loss of .013. Three seeds of this short training scatter by more, see the interval.",
    ),
    beyond(
        "clip_same_class",
        CLIP,
        r"Cosines at temperature 1: with rich captions accuracy is higher with same-class negatives than without.",
        "clip_captions",
        r"accuracy with same-class negatives minus accuracy without, $\pi_{core}=1$, paired over seeds",
        negatives(1.0),
        Positive(),
    ),
    beyond(
        "clip_same_class_learnt",
        CLIP,
        r"Cosines with a learnt temperature: same-class negatives help at $\pi_{core}=.5$.",
        "clip_captions_learnt",
        "accuracy with same-class negatives minus accuracy without, paired over seeds",
        negatives(0.5),
        Positive(),
    ),
    beyond(
        "clip_same_class_learnt_rich",
        CLIP,
        r"Learnt temperature: at $\pi_{core}=1$ less than two points are left of that.",
        "clip_captions_learnt",
        "accuracy with same-class negatives minus accuracy without, mean over seeds",
        negatives(1.0),
        AtMost(0.02),
    ),
    beyond(
        "clip_no_same_class",
        CLIP,
        "Cosines at temperature 1: without same-class negatives the background outweighs the core feature, however rich the captions.",
        "clip_captions",
        "smallest spurious over core weight without same-class negatives, over richness and seeds",
        weight_without(False, slice(None)),
        AtLeast(1.0),
    ),
    beyond(
        "clip_no_same_class_learnt",
        CLIP,
        r"Not so with a learnt temperature: at $\pi_{core}=1$ the core outweighs the background.",
        "clip_captions_learnt",
        "largest spurious over core weight without same-class negatives, over seeds",
        weight_without(True, -1),
        AtMost(1.0),
    ),
    beyond(
        "clip_richness",
        CLIP,
        r"Cosines at temperature 1: some richness helps, $\pi_{core}=.5$ is more robust than 0.",
        "clip_captions",
        r"accuracy at $\pi_{core}=.5$ minus accuracy at 0, paired over seeds",
        richer(0.0, 0.5),
        Positive(),
    ),
    beyond(
        "clip_richness_learnt",
        CLIP,
        "Learnt temperature: so it does.",
        "clip_captions_learnt",
        r"accuracy at $\pi_{core}=.5$ minus accuracy at 0, paired over seeds",
        richer(0.0, 0.5),
        Positive(),
    ),
    beyond(
        "clip_richness_inner",
        CLIP,
        r"Inner products: it harms, $\pi_{core}=0$ is more robust than .5. They over-correct already with poor captions.",
        "clip_captions_inner",
        r"accuracy at $\pi_{core}=0$ minus accuracy at .5, paired over seeds",
        richer(0.5, 0.0),
        Positive(),
    ),
    beyond(
        "clip_overshoot",
        CLIP,
        r"Cosines at temperature 1: more is not better, $\pi_{core}=1$ over-corrects and is less robust than .5. The linear loss knows no such thing.",
        "clip_captions",
        r"accuracy at $\pi_{core}=.5$ minus accuracy at 1, paired over seeds",
        richer(1.0, 0.5),
        Positive(),
    ),
    beyond(
        "clip_overshoot_learnt",
        CLIP,
        r"Learnt temperature: $\pi_{core}=.5$ and 1 are within a point.",
        "clip_captions_learnt",
        "distance of the two mean accuracies",
        lambda r: stats.exact(abs(richer(0.5, 1.0)(r).value), len(r.seeds)),
        AtMost(0.01),
    ),
)

FIXED, LABEL, LEARNT, SMALL = range(4)


def shared(run: int) -> Callable[[Result], Estimate]:
    """Accuracy under the true law in one run, mean over seeds."""
    return lambda r: stats.mean(r["runs"][:, run, 1:].mean(-1))


SHARED = (
    beyond(
        "clip_sharing",
        CLIP,
        r"Data model 2, $m = 20$, $\alpha=1.2$, $\beta=.5$, $n = 8000$: CLIP's loss on cosines at temperature 1 shares features, accuracy .979.",
        "clip_sharing",
        "accuracy under the true law, mean over seeds",
        shared(FIXED),
        Within(0.979, absolute=0.05),
        note="The number is our specification's, the bound ours; the training is not at its end.",
    ),
    beyond(
        "clip_sharing_sign",
        CLIP,
        "Again the spurious weight is negative, and the core over spurious weight about -7.",
        "clip_sharing",
        "core over spurious weight of the own pair, temperature 1, mean over seeds",
        lambda r: stats.mean(r["runs"][:, FIXED, 0]),
        Within(-7, absolute=1),
        note="The number is our specification's, the bound ours.",
    ),
    beyond(
        "clip_sharing_label",
        CLIP,
        "Captions that name only the own pair, winter trees never mentioned elsewhere, leave one half at most.",
        "clip_sharing",
        r"accuracy under the true law with $\pi_{core}=\pi_{spu}=0$, temperature 1, mean over seeds",
        shared(LABEL),
        AtMost(0.51),
        note="Our specification has .504. Here some samples on the right background are missed as well; the training is not at its end.",
    ),
    beyond(
        "clip_sharing_learnt",
        CLIP,
        "With a learnt temperature accuracy is .723.",
        "clip_sharing",
        "accuracy under the true law, learnt temperature that begins at 1, mean over seeds",
        shared(LEARNT),
        Within(0.723, absolute=0.05),
        declared=Verdict.not_reproduced,
        note="The number is our specification's, which does not say where its temperature began. From 1 it is higher, from CLIP's own .07 far lower.",
    ),
    beyond(
        "clip_sharing_start",
        CLIP,
        "It depends on where the temperature begins: from .07, CLIP's own start, it is lower than from 1.",
        "clip_sharing",
        "accuracy from 1 minus accuracy from .07, paired over seeds",
        lambda r: stats.mean((r["runs"][:, LEARNT, 1:] - r["runs"][:, SMALL, 1:]).mean(-1)),
        Positive(),
        note="Likely because a cold start tells single pairs apart by all they have before any feature has been weighed.",
    ),
)

CLAIMS = (*CAPTIONS, *SHARED)
