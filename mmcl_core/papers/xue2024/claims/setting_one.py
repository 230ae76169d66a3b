"""The paper's Figs. 3a and 3b in their own setting: what they predict where pictures and CLIP's weights are at hand.

Fixed before any run: nobody has run them for this book, whose machines had neither.
"""

from __future__ import annotations

from functools import partial

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier
from mmcl_core.evidence.claim import claim as declare
from mmcl_core.evidence.rules import Positive
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.claims.heads import above_line, id_and_ood
from mmcl_core.stats import Estimate

claim = partial(
    declare,
    on="mscoco_heads",
    rule=Positive(),
    quantifier=Quantifier.mean,
    match=Match.reconstructed,
    declared=Verdict.not_evaluated,
)


@claim(item="Fig. 3a", paper="50.5 against 42.1 per cent")
def clip_heads_absolute(r: Result) -> Estimate:
    """On a frozen CLIP and MSCOCO, contrast with captions reaches a higher accuracy under shift than labels do.

    Measured: OOD accuracy of the best width, captions minus labels, paired over seeds.
    Note: Not evaluated: no package carries MSCOCO's pictures or CLIP's weights.
    """
    return stats.mean(id_and_ood(r, "full")[1].max(1) - id_and_ood(r, "supervised")[1].max(1))


@claim(item="Fig. 3a", paper="the line of contrast lies higher")
def clip_heads_line(r: Result) -> Estimate:
    """There contrast with captions lies above the line of supervised learning.

    Measured: OOD accuracy minus the least-squares line through the supervised heads at the same ID, mean over widths.
    Note: Not evaluated: no package carries MSCOCO's pictures or CLIP's weights. The line is an extrapolation, as in
    the paper.
    """
    return stats.mean(above_line(r, "full", "supervised"))


@claim(item="Fig. 3b", paper="the line of standard captions lies higher")
def clip_heads_label(r: Result) -> Estimate:
    """There captions that name the class alone lie below the line of full captions.

    Measured: the least-squares line through the heads with full captions, at the same ID, minus OOD accuracy with the
    class's name for a caption, mean over widths.
    Note: Not evaluated: no package carries MSCOCO's pictures or CLIP's weights.
    """
    return stats.mean(-above_line(r, "label", "full"))
