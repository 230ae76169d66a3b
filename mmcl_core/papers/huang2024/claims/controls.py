"""Beyond the paper: other negatives, other augmentations."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, Positive, Within, after
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024.experiments.calibration import NEGATIVES
from mmcl_core.stats import Estimate

NAMES = [variant.name for variant in NEGATIVES]
LABEL_AWARE, INFONCE = 0, NAMES.index("all others (InfoNCE)")
FEWER = (NAMES.index("M=10 opposite labels"), NAMES.index("M=1 opposite label"))
FIXED_VIEWS, STRONGEST = (NAMES.index("σε=0"), NAMES.index("σε=1")), NAMES.index("σε=2")
FRESH_VIEWS = (NAMES.index("σε=0.1, new views every epoch"),)
MARGIN = after(
    "a tenth in accuracy, a fifth of the gap between the methods; set with differences of .00 to .04 in view"
)


def farthest(differences: np.ndarray) -> Estimate:
    """Of several paired differences `[S, variant]` the one whose interval reaches farthest from 0."""
    found = [stats.mean(column) for column in differences.T]
    return max(found, key=lambda e: max(abs(e.low), abs(e.high)))


ours = partial(claim, on="negatives", author=Author.ours, quantifier=Quantifier.mean)


@ours(item="Beyond section 3: ordinary negatives", rule=Positive())
def infonce_accuracy(r: Result) -> Estimate:
    """The advantage rests on label-aware negatives: with all others as negatives multi-modal accuracy falls.

    Measured: paired difference of multi-modal accuracy, label-aware minus ordinary InfoNCE.
    """
    return stats.mean(r["multi_accuracy"][:, LABEL_AWARE] - r["multi_accuracy"][:, INFONCE])


@ours(item="Beyond section 3: ordinary negatives", rule=Positive())
def infonce_noise(r: Result) -> Estimate:
    r"""With ordinary negatives two modalities memorise more noise: pairs of one label can be told apart by noise only.

    Measured: paired difference of multi-modal $\max_{r,i}\langle w_r,\xi_i\rangle$, InfoNCE minus label-aware.
    """
    return stats.mean(r["multi_noise"][:, INFONCE] - r["multi_noise"][:, LABEL_AWARE])


@ours(
    item="Beyond section 3: ordinary negatives",
    rule=AtLeast(0.8, after("'as the single-modal one does' read as within a fifth; a ratio of 1.1 was in view")),
)
def infonce_as_single(r: Result) -> Estimate:
    """... as much as one modality with label-aware negatives does.

    Measured: largest noise with two modalities under InfoNCE over that with one modality, label-aware; paired.
    """
    return stats.mean(r["multi_noise"][:, INFONCE] / r["single_noise"][:, LABEL_AWARE])


def harmless(name: str, method: str, variants: tuple[int, ...], words: str) -> object:
    """A choice that does not move the accuracy."""

    @claim(
        name=name,
        item="Beyond section 3: what does not matter",
        statement=f"{words} {method}-modal accuracy where it is.",
        measured="paired difference of head-B accuracy from the figure's setting; the variant whose interval reaches "
        "farthest",
        on="negatives",
        author=Author.ours,
        rule=Within(0.0, absolute=0.1, basis=MARGIN),
        quantifier=Quantifier.mean,
    )
    def difference(r: Result) -> Estimate:
        accuracy = r[f"{method}_accuracy"]
        return farthest(accuracy[:, list(variants)] - accuracy[:, [LABEL_AWARE]])

    return difference


HARMLESS = (
    harmless("negatives_number", "multi", FEWER, "Ten label-aware negatives or a single one leave"),
    harmless("augmentation_strength", "single", FIXED_VIEWS, "No augmentation, or one as strong as the noise, leaves"),
    harmless("augmentation_fresh", "single", FRESH_VIEWS, "New views in every epoch, of the figure's strength, leave"),
)


@ours(item="Beyond section 3: augmentation", rule=Positive())
def augmentation_signal(r: Result) -> Estimate:
    r"""But a strong augmentation is not without effect: the little signal that one modality learns becomes less.

    Measured: share of $\max_r|\langle w_r,\mu\rangle|$ that is lost at $\sigma_\epsilon = 2\sigma_\xi$, paired.
    """
    return stats.mean(1 - r["single_signal"][:, STRONGEST] / r["single_signal"][:, LABEL_AWARE])
