"""Theorem F.1: SupCon on data model 1."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Positive, Within, before, derived, standard
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024 import spread
from mmcl_core.papers.xue2024.claims.shared import CONFLICT, EXACT, OOD, SPREAD, furthest, nearest

SUPCON, POOR, RICH = range(3)


@claim(
    item="Theorem F.1",
    paper="one dimension",
    on="supcon",
    rule=AtMost(1e-3, basis=before("relative distance after 4000 steps of descent"), ideal=0.0),
    quantifier=Quantifier.every,
    match=Match.scaled,
)
def thmF_1_features(r):
    r"""SupCon learns one feature of data model 1, $z_{core}+(2p_{spu}-1)z_{spu}$.

    Measured: largest relative distance of $W^\top W$ from the top eigenvector's, after descent on the loss, over seeds.
    """
    return stats.worst(r["distance"])


@claim(
    item="Theorem F.1",
    on="supcon",
    author=Author.ours,
    rule=EXACT,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def supcon_loss(r):
    """The double sum of the SupCon loss over pairs equals its form in the class means.

    Measured: largest difference relative to max(1, |loss|), over seeds.
    """
    return stats.worst(r["loss_error"])


@claim(
    item="Theorem F.1",
    paper=r"eigenvalue $1+(2p_{spu}-1)^2$",
    on="supcon",
    rule=Within(0.5, absolute=0.05, basis=before("a twentieth, several standard errors of 600 samples")),
    refutation=Within(1.0, absolute=0.1, basis=before("the same, twice the printed eigenvalue")),
    misprint=True,
    algebra=r"same-class pairs contribute $\mu\mu^\top$ and other-class pairs once more, together $2\mu\mu^\top$",
    quantifier=Quantifier.mean,
    match=Match.scaled,
    declared=Verdict.misprint,
)
def thmF_1_eigenvalue(r):
    r"""Its eigenvalue is $1+(2p_{spu}-1)^2$.

    Measured: the top eigenvalue over $2(1+(2p_{spu}-1)^2)$, mean over seeds; the printed one is one half of it.
    Note: A scale of all features, on which no accuracy depends.
    """
    return stats.mean(r["eigenvalue"])


def _limit(r, place: int) -> stats.Estimate:
    """SupCon's accuracy on the way to p_spu = 1, at .99, .999 and 1: the mean over seeds that reaches lowest.

    What tends to the printed limit would have passed the point halfway to it somewhere there.
    """
    near = [nearest(r["agreement"], p) for p in (0.99, 0.999, 1.0)]
    return stats.reaching_lowest(*(stats.mean(r["accuracy"][:, k, SUPCON, place]) for k in dict.fromkeys(near)))


def _nearest_to_one(r) -> float:
    return float(max(r["agreement"]))


def _background(r) -> float:
    return r.config.sigma_spu * np.sqrt(np.log(r.config.large))


ASSUMPTION_4_2 = (  # the theorem speaks of the population without observation noise, so that d does not enter
    Condition(r"$\sigma_{core}$", lambda r: r.config.sigma_core, AtLeast(1.0, basis=PAPER)),
    Condition(r"$\sigma_{spu}\sqrt{\log n}$", _background, AtMost(1.0, basis=standard("1 for its O(1)"))),
    Condition("$p_{spu}$", _nearest_to_one, AtLeast(0.999, basis=standard("for its 1 - o(1)"))),
    Condition("$n$", lambda r: r.config.large, AtLeast(1000, basis=standard(r"thousands for $\omega(1)$"))),
    Condition("noise of the observations", 0.0, AtMost(0.0, basis=PAPER)),
)


@claim(
    item="Theorem F.1",
    paper="at most 50 %, up to $o(1)$",
    on="supcon",
    rule=AtMost(0.619, basis=derived("halfway between the printed limit, 1/2, and the corrected one, .7387")),
    refutation=AtLeast(0.619, basis=derived("the same point")),
    algebra=r"its last display has $\Phi(2(1-p_{spu})/sd)\to\Phi(0)=\frac12$, where the conclusion takes 0",
    quantifier=Quantifier.limit,
    match=Match.scaled,
    declared=Verdict.refuted,
    conditions=ASSUMPTION_4_2,
)
def thmF_1(r):
    r"""On SupCon's feature every linear classifier has at most 50 % + o(1) under the true law.

    Measured: OOD accuracy of the sign of the learnt feature, mean over seeds, at $p_{spu}=.99$, .999 and 1 the one that
    reaches lowest.
    Note: The feature is the direction of captions that are labels, whose limit is .7387 at $\sigma_{core}=1$.
    """
    return _limit(r, OOD)


@claim(
    item="Theorem F.1",
    paper="$o(1)$",
    on="supcon",
    rule=AtMost(0.25, basis=derived("halfway between the printed limit, 0, and the corrected one, 1/2")),
    refutation=AtLeast(0.25, basis=derived("the same point")),
    algebra=r"$\Phi(2(1-p_{spu})/sd)\to\frac12$; the printed expression carries a further factor $\frac12$",
    quantifier=Quantifier.limit,
    match=Match.scaled,
    declared=Verdict.refuted,
    conditions=ASSUMPTION_4_2,
)
def thmF_1_conflict(r):
    r"""Where the background is wrong its accuracy is o(1).

    Measured: accuracy on conflict of the learnt feature, mean over seeds, at $p_{spu}=.99$, .999 and 1 the one that
    reaches lowest.
    Note: One half, a coin: core and background weigh the same and disagree.
    """
    return _limit(r, CONFLICT)


@claim(
    item="Theorem F.1",
    on="supcon",
    author=Author.correction,
    rule=SPREAD,
    quantifier=Quantifier.every,
)
def thmF_1_corrected(r):
    r"""It is $\frac12\Phi(\frac{2p_{spu}}{sd})+\frac12\Phi(\frac{2(1-p_{spu})}{sd})$ with
    $sd^2=\sigma_{core}^2+(2p_{spu}-1)^2\sigma_{spu}^2$, which tends to $\frac12\Phi(2/\sigma_{core})+\frac14$.

    Measured: largest distance of a mean over seeds from the formula, in tolerances, over $p_{spu}$.
    """
    c = r.config
    seen = spread.Observation(c.large, 10**6, 1e-9)
    predictions = [spread.predict(c.model(p_spu=p, pi_core=0.0), seen) for p in r["agreement"]]
    return furthest(r["accuracy"][:, :, SUPCON, OOD], predictions)


@claim(
    item="Theorems F.1, 5.2",
    on="supcon",
    author=Author.correction,
    rule=EXACT,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def thmF_1_vs_5_2(r):
    r"""SupCon's direction is that of contrastive learning with $\pi_{core}=0$, so that Theorem F.1 (conflict to 0)
    contradicts Theorem 5.2 at $\pi_{core}=0$ (conflict to 1/2).

    Measured: largest distance of the two unit directions on the same draws, over $p_{spu}$ and seeds.
    """
    return stats.worst(r["angle"])


@claim(
    item="Theorem F.1",
    paper="less robust",
    on="supcon",
    rule=Positive(),
    quantifier=Quantifier.mean,
    match=Match.scaled,
)
def thmF_1_less_robust(r):
    """SupCon is less robust than contrastive learning with rich captions.

    Measured: OOD accuracy of contrastive learning with complete captions minus that of SupCon's feature, paired over
    seeds, over $p_{spu}$ the one that reaches lowest.
    """
    difference = r["accuracy"][:, :, RICH, OOD] - r["accuracy"][:, :, SUPCON, OOD]
    return stats.reaching_lowest(*(stats.mean(x) for x in difference.T))
