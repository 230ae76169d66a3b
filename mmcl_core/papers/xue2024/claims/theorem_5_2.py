"""Theorem 5.2: what captions say about the core of data model 1."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Positive, derived
from mmcl_core.evidence.rules import before as beforehand
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.papers.xue2024 import spread, theory
from mmcl_core.papers.xue2024.claims.shared import (
    CONFLICT,
    NOISE,
    NUMBER,
    OOD,
    RANK,
    SPREAD,
    WHOLE_SPREAD,
    WIDTH,
    furthest,
    nearest,
    widest,
)

CONDITIONS = (
    RANK,
    WIDTH,
    NUMBER,
    NOISE,
    Condition("$p_{spu}$", lambda r: r.config.p_spu, AtLeast(0.5, basis=PAPER)),
    Condition(
        r"$\sigma_{core}-\sigma_{spu}$",
        lambda r: r.config.sigma_core - r.config.sigma_spu,
        AtLeast(0.0, basis=PAPER),
        matters=False,
    ),
)
MIDDLE = (0.25, 0.5)


def _predictions(r, name: str) -> list[spread.Prediction]:
    c = r.config
    return [
        spread.predict(c.model(pi_core=pi, pi_spu=spu), c.observation, name, c.prompt)
        for pi in r["pi_core"]
        for spu in (0.0, 1.0)
    ]


@claim(
    item="Theorem 5.2",
    paper=r"with $\pi_{core}^2$, up to $o(1)$",
    on="wide_theorems",
    rule=AtMost(4.0, basis=derived("four standard errors, as everywhere here"), ideal=0.0),
    refutation=AtLeast(10.0, basis=beforehand("ten standard errors at the richness nearest to the printed value")),
    algebra=r"its proof (C.3) and Definition 5.1 give $\mathbb E[z_{core}\mu_T]=1+\pi_{core}\sigma_{core}^2$",
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=CONDITIONS,
    misprint=True,
    declared=Verdict.misprint,
)
def thm5_2_printed(r):
    r"""On samples with the wrong background accuracy is
    $1-\Phi\!\left(\frac{2p_{spu}-2-\pi_{core}^2\sigma_{core}^2}{\sqrt{(1+\pi_{core}^2\sigma_{core}^2)^2\sigma_{core}^2
    +(2p_{spu}-1)^2\sigma_{spu}^2}}\right)$.

    Measured: smaller of the distances of the mean accuracy on conflict from the printed value (with the noise of finite
    d) at $\pi_{core}=.25$ and .5, in standard errors, $d=n=500$.
    Note: The proof as printed has the first power, and what the theorem is used for, that accuracy rises with
    $\pi_{core}$, stands: an exponent typed wrong. The next row has the first power.
    """
    c, found = r.config, []
    for pi in MIDDLE:
        i = nearest(r["pi_core"], pi)
        printed = theory.conflict_accuracy(c.sigma_core, c.sigma_spu, c.p_spu, pi**2, c.observation.image)
        p = spread.predict(c.model(pi_core=pi), c.observation, "conflict", c.prompt)
        error = p.tau / np.sqrt(c.n * len(r.seeds))
        found.append(abs(r["richness"][:, i, 1, CONFLICT].mean() - printed) / error)
    return stats.worst(np.array(found), largest=False)


@claim(
    item="Theorem 5.2",
    on=("richness", "wide_theorems"),
    author=Author.correction,
    rule=SPREAD,
    quantifier=Quantifier.every,
)
def thm5_2(narrow, wide):
    r"""With the first power of $\pi_{core}$ the formula holds, on conflict and under the true law.

    Measured: largest distance of a mean over seeds from the formula, in tolerances, $\pi_{spu}=0,1$, both accuracies:
    four $\pi_{core}$ at $d=n=500$, six outside the theorem's d ($n=8000$, $d=60$).
    """
    each = [
        furthest(seen[..., k], _predictions(r, name))
        for r, seen in ((narrow, narrow["accuracy"]), (wide, wide["richness"]))
        for k, name in ((OOD, "ood"), (CONFLICT, "conflict"))
    ]
    return max(each, key=lambda e: e.value)


@claim(
    item="Theorem 5.2",
    paper="rises",
    on="wide_theorems",
    rule=Positive(),
    quantifier=Quantifier.mean,
    match=Match.scaled,
    conditions=CONDITIONS,
)
def thm5_2_rises(r):
    r"""On conflict accuracy rises with $\pi_{core}$.

    Measured: rise of the accuracy on conflict from one $\pi_{core}$ (.25, .5, .75, 1) to the next, paired over seeds,
    the one that reaches lowest, $d=n=500$.
    """
    return stats.reaching_lowest(*(stats.mean(x) for x in np.diff(r["richness"][:, :, 1, CONFLICT], axis=1).T))


@claim(
    item="Theorem 5.2",
    paper="no effect",
    on="wide_theorems",
    rule=WHOLE_SPREAD,
    quantifier=Quantifier.mean,
    match=Match.scaled,
    conditions=CONDITIONS,
)
def thm5_2_spurious(r):
    r"""What captions say of the background does not matter: $\pi_{spu}$ has no effect.

    Measured: accuracy on conflict at $\pi_{spu}=0$ minus at 1 on the same draws, in units of $4\omega/\sqrt n$, over
    $\pi_{core}$ the one whose interval reaches furthest from zero, $d=n=500$.
    """
    c, found = r.config, []
    for i, pi in enumerate(r["pi_core"]):
        unit = 4 * spread.predict(c.model(pi_core=pi), c.observation, "conflict", c.prompt).tau / np.sqrt(c.n)
        found.append(stats.mean((r["richness"][:, i, 0, CONFLICT] - r["richness"][:, i, 1, CONFLICT]) / unit))
    return widest(*found)
