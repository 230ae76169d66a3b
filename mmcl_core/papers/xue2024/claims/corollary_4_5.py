"""Corollary 4.5, and what the spread of the core does."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Positive, Within, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024 import linear, theory
from mmcl_core.papers.xue2024.claims.shared import (
    CONFLICT,
    ID,
    NOISE,
    NUMBER,
    OOD,
    RANK,
    WIDTH,
    nearest,
)
from mmcl_core.papers.xue2024.setting import IntraClass

LIMIT = (
    RANK,
    WIDTH,
    NUMBER,
    NOISE,
    Condition(r"$\sigma_{core}$", lambda r: r.config.limit[0], Within(1.0, basis=PAPER)),
    Condition("$p_{spu}$ (tends to 1)", lambda r: r.config.limit[1], AtLeast(1.0, basis=PAPER)),
    Condition(r"$\sigma_{spu}$ (tends to 0)", lambda r: r.config.limit[2], AtMost(0.0, basis=PAPER)),
)


@claim(
    item="Corollary 4.5",
    paper="at least 81 %",
    on="wide_theorems",
    rule=AtLeast(0.81, basis=PAPER),
    quantifier=Quantifier.mean,
    match=Match.scaled,
    conditions=LIMIT,
)
def cor4_5(r):
    r"""At $\sigma_{core}=1$, $\sigma_{spu}\to0$, $p_{spu}\to1$ and $n$ large accuracy is at least 81 %.

    Measured: OOD accuracy of the learnt direction, mean over seeds, $d=n=500$.
    """
    return stats.mean(r["corollary"][:, OOD])


@claim(
    item="Corollary 4.5",
    paper="69 %",
    on="wide_theorems",
    rule=Within(0.69, absolute=0.005, basis=standard("half a unit of the printed digit")),
    quantifier=Quantifier.mean,
    match=Match.scaled,
    conditions=LIMIT,
)
def cor4_5_conflict(r):
    """Of the samples with the wrong background 69 % are right.

    Measured: accuracy on conflict in the same setting, mean over seeds.
    """
    return stats.mean(r["corollary"][:, CONFLICT])


@claim(
    item="Corollary 4.5",
    paper="none above 85 %",
    on="core_deviation",
    rule=AtMost(0.85, basis=PAPER),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def cor4_5_bayes(r):
    r"""No model has more than 85 %.

    Measured: largest exact OOD accuracy over 3600 directions of the two features.
    Note: The background is independent of the class under the true law, so the best model of all reads the sign of the
    core feature and has $\Phi(1)=.8413$.
    """
    angles = np.linspace(0, 2 * np.pi, 3600, endpoint=False)
    model = IntraClass(1.0, 0.0, 1.0)
    seen = [linear.gaussian_accuracy(np.array([np.cos(a), np.sin(a)]), model).ood for a in angles]
    return stats.worst(np.array(seen))


@claim(
    item="Section 4.1",
    on="core_deviation",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def not_monotone_learnt(r):
    r"""Robustness is not monotone in the core's variance: accuracy peaks near $\sigma_{core}=.684$ at $p_{spu}=1$,
    $\sigma_{spu}=0$.

    Measured: OOD accuracy at the peak minus the larger of those at the smallest and at the largest spread, paired over
    seeds.
    """
    ood = r["accuracy"][..., OOD]
    best = ood[:, nearest(r["sigma_core"], theory.best_core_deviation()[0])]
    return stats.mean(best - ood[:, [0, -1]].max(1))


@claim(
    item="Section 4.1",
    on="core_deviation",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.every,
)
def id_above_ood(r):
    r"""Under the linear loss accuracy in distribution is above accuracy under the true law, always:
    $\mathrm{ID}-\mathrm{OOD}=(p-\frac12)[\Phi(\frac{A+B}\Delta)-\Phi(\frac{A-B}\Delta)]>0$.

    Measured: smallest ID minus OOD accuracy over the spreads and seeds.
    Note: The paper's own Fig. 5 has it the other way round where captions are rich.
    """
    return stats.worst(r["accuracy"][..., ID] - r["accuracy"][..., OOD], largest=False)


@claim(
    item="Section 5, in distribution",
    on="richness",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def richness_lowers_id(r):
    """Richer captions cost accuracy in distribution while they raise it under the true law: there the background is a
    good feature, and the model uses it less.

    Measured: fall of the ID accuracy from one pi_core to the next, paired over seeds, the one that reaches lowest.
    """
    return stats.reaching_lowest(*(stats.mean(-x) for x in np.diff(r["accuracy"][:, :, 1, ID], axis=1).T))
