"""Labels alone: captions that are labels, and SupCon (Theorems F.1, F.2), on both data models."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Identity, Positive, Within, before, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims.shared import OOD

CAPTIONS, PROBE, AGREE, CONFLICT, CUT, PLAIN = range(6)


SAME_DIRECTION = Identity(1e-6, basis=before("the quadratic programme's tolerance"))


@claim(
    item="Introduction, end of Section 5",
    paper="no gain",
    on="labels_alone",
    rule=SAME_DIRECTION,
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def label_captions_dm2(r):
    r"""Captions that are labels bring no gain in robustness. On data model 2 contrastive learning from them ($\pi=0$)
    is supervised learning: the same directions.

    Measured: largest distance of the unit directions of zero-shot and of the exact max-margin, over the cells.
    """
    return stats.worst(r["table"][:, CAPTIONS])


@claim(
    item="Introduction, end of Section 5",
    on="richness",
    author=Author.correction,
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def label_captions_dm1(r):
    r"""On data model 1 they do gain, within the paper's own theory: text $(y,0)$ gives the direction $(1,2p_{spu}-1)$,
    where supervised learning is held to at most 2/3.

    Measured: OOD accuracy with captions that are labels minus that of max-margin in the limit $d\to\infty$, same draws,
    paired over seeds.
    """
    return stats.mean(r["label_caption"][:, OOD] - r["supervised"][:, OOD])


@claim(
    item="Introduction, end of Section 5",
    on="richness",
    author=Author.correction,
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def label_captions_above_bound(r):
    """They are above the 2/3 that Theorem 4.3 allows to supervised learning.

    Measured: OOD accuracy with captions that are labels minus 2/3, mean over seeds.
    """
    return stats.mean(r["label_caption"][:, OOD] - 2 / 3)


def _large(r) -> np.ndarray:
    return r["cells"][:, 1] > 1


@claim(
    item="Theorem F.2",
    paper="50 %",
    on="labels_alone",
    rule=Within(0.5, basis=PAPER),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
    conditions=(
        Condition(
            r"least $\alpha$ (unsaid: above 1)", lambda r: r["cells"][_large(r), 1].min(), AtLeast(1, basis=PAPER)
        ),
    ),
)
def thmF_2(r):
    r"""On data model 2 a classifier trained on SupCon's features has 50 % under the true law.

    Measured: OOD accuracy furthest from 1/2 of max-margin on these features, over the cells with $\alpha>1$.
    """
    ood = r["table"][_large(r)][:, [AGREE, CONFLICT]].mean(1)
    return stats.worst(ood[[np.argmax(np.abs(ood - 0.5))]])


@claim(
    item="Theorem F.2",
    paper="at most 75 %",
    on="labels_alone",
    rule=AtMost(0.75, basis=PAPER),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
    conditions=(
        Condition(
            r"least $\alpha$ (unsaid: above 1)", lambda r: r["cells"][_large(r), 1].min(), AtLeast(1, basis=PAPER)
        ),
    ),
)
def thmF_2_bound(r):
    r"""No linear classifier on them has more than 75 %.

    Measured: largest share of one pair's four cases (class and background, $\pm$) that a threshold on the pair's
    feature gets right, over the cells with $\alpha>1$.
    Note: Whatever the other features are, the choice between the two classes of a pair is a threshold on one number,
    where the four cases alternate.
    """
    return stats.worst(r["table"][_large(r), CUT])


@claim(
    item="Theorem F.2",
    on="labels_alone",
    author=Author.ours,
    rule=AtMost(0.5, basis=standard("one half, counted")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def thmF_2_plain(r):
    """The 75 % need a bias: without one no more than half of the four cases are right.

    Measured: the same for thresholds at zero.
    """
    return stats.worst(r["table"][_large(r), PLAIN])


@claim(
    item="Theorem F.2",
    on="labels_alone",
    author=Author.correction,
    rule=AtLeast(1.0, basis=standard("every pattern")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def thmF_2_small_alpha(r):
    r"""The proof uses $\alpha>1$, which is not stated: at $\alpha=.5$ both the 50 % and the 75 % are 100 %.

    Measured: smallest OOD accuracy of max-margin on SupCon's features over the cells with $\alpha=.5$.
    """
    return stats.worst(r["table"][~_large(r)][:, [AGREE, CONFLICT]].mean(1), largest=False)


@claim(
    item="Theorems 4.7, F.2",
    on="labels_alone",
    author=Author.ours,
    rule=SAME_DIRECTION,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def one_classifier(r):
    """A linear classifier on SupCon's features is supervised learning, too: three ways to learn from labels, one
    classifier.

    Measured: largest distance of its unit directions from those of max-margin on the inputs, over the cells.
    """
    return stats.worst(r["table"][:, PROBE])
