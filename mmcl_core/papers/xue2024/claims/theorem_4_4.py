"""Theorem 4.4 and Corollary 4.5: the accuracy of contrastive learning on data model 1, and how fast it is reached."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, derived
from mmcl_core.evidence.verdicts import Author
from mmcl_core.papers.xue2024 import spread
from mmcl_core.papers.xue2024.claims.shared import (
    CONFLICT,
    HALF,
    NOISE,
    NUMBER,
    OOD,
    RANK,
    SPREAD,
    WIDTH,
    furthest,
    slope_of_rms,
)


def _gap(r) -> float:
    return float((r["cells"][:, 0] - r["cells"][:, 2]).min())


CELLS = (
    RANK,
    WIDTH,
    NUMBER,
    Condition("least $p_{spu}$", lambda r: r["cells"][:, 1].min(), AtLeast(0.5, basis=PAPER)),
    NOISE,
    Condition(
        r"least $\sigma_{core}-\sigma_{spu}$ (not used, see Appendix C)", _gap, AtLeast(0.0, basis=PAPER), matters=False
    ),
)


def _wide(r, sigma_xi: float) -> spread.Prediction:
    c = r.config
    return spread.predict(c.model(), spread.Observation(c.n, c.d, sigma_xi))


@claim(
    item="Theorem 4.4",
    paper="the formula, up to $o(1)$",
    on="wide",
    rule=SPREAD,
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=(
        Condition("least rank of the encoders", lambda r: r["rank"].min(), AtLeast(2, basis=PAPER)),
        WIDTH,
        NUMBER,
        Condition("$p_{spu}$", lambda r: r.config.p_spu, AtLeast(0.5, basis=PAPER)),
        Condition(
            r"largest $\sigma_\xi/\log n$ (beyond it, and no harm)",
            lambda r: r.config.loud / np.log(r.config.n),
            AtMost(1.0, basis=PAPER),
            matters=False,
        ),
    ),
)
def thm4_4_wide(r):
    r"""Under the true law $\mathrm{Acc}=1-\frac12\Phi(\kappa_1)-\frac12\Phi(\kappa_2)$ with
    $\kappa_1=\frac{2p_{spu}-2-\sigma_{core}^2}\Delta$, $\kappa_2=\frac{-2p_{spu}-\sigma_{core}^2}\Delta$,
    $\Delta^2=(1+\sigma_{core}^2)^2\sigma_{core}^2+(2p_{spu}-1)^2\sigma_{spu}^2$, up to $o(1)$.

    Measured: largest distance of a mean over seeds from the formula with both noise terms, in tolerances, with more
    dimensions than samples: $n=300$, $d=3000$, at ranks 2, 10 and 300, $\sigma_\xi=1$ and 10.
    """
    c = r.config
    values = np.column_stack([r["accuracy"][..., OOD], r["loud"][:, OOD]])
    return furthest(values, [*[_wide(r, c.sigma_xi)] * len(r["rank"]), _wide(r, c.loud)])


@claim(
    item="Theorem 4.4",
    paper=r"$1-\Phi(\kappa_1)$, up to $o(1)$",
    on="wide_theorems",
    rule=SPREAD,
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=CELLS,
)
def thm4_4_conflict(r):
    r"""On samples with the wrong background it is $1-\Phi(\kappa_1)$.

    Measured: the same for the accuracy on conflict, $d=n=500$, four cells of the grid of the next row.
    """
    return furthest(r["grid"][..., CONFLICT], r.config.predictions(r["cells"], "conflict"))


@claim(
    item="Theorem 4.4, outside its d",
    on="formula",
    author=Author.ours,
    rule=SPREAD,
    quantifier=Quantifier.every,
    conditions=CELLS,
)
def thm4_4(r):
    r"""Both formulas hold outside the theorem's $d=\Omega(n)$, too, at $d=n/40$: $d$ enters by the noise in one
    direction, $\sigma_\xi^2/d$.

    Measured: largest distance of a mean over seeds from the formula with the noise of finite d, in tolerances, under
    the true law and on conflict, over the 90 cells of the grid.
    """
    return stats.worst(
        np.array(
            [
                furthest(r["grid"][..., k], r.config.predictions(r["cells"], name)).value
                for k, name in ((OOD, "ood"), (CONFLICT, "conflict"))
            ]
        )
    )


@claim(
    item="Theorem 4.4, sharper than the paper",
    on="formula",
    author=Author.ours,
    rule=SPREAD,
    quantifier=Quantifier.every,
)
def svd_without_gap(r):
    r"""The gap $\sigma_{core}-\sigma_{spu}=\Theta(1)$, a sufficient condition, can be dropped: the formula holds with
    $\sigma_{core}=.5$, $\sigma_{spu}=2$ and with equal spreads.

    Measured: largest distance from the formula in these cells, in tolerances.
    Note: What is needed is that $\Delta$ stays away from 0.
    """
    return furthest(r["reversed"][..., OOD], r.config.predictions(r["reversed_cells"], "ood"))


@claim(
    item="Section 4.1, remark",
    paper="never below chance",
    on="wide_theorems",
    rule=AtLeast(0.0, basis=derived(r"chance, less $4\omega/\sqrt{nS}$ for the sample"), ideal=0.0),
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=CELLS,
)
def conflict_above_chance(r):
    r"""Contrastive learning is never below chance where the background is wrong.

    Measured: smallest accuracy on conflict, mean over seeds, minus 1/2 plus its tolerance, $d=n=500$, four cells.
    """
    predictions = r.config.predictions(r["cells"], "conflict")
    tolerance = np.array([p.tolerance(len(r.seeds)) for p in predictions])
    return stats.worst(r["grid"][..., CONFLICT].mean(0) - 0.5 + tolerance, largest=False)


@claim(
    item="Theorem 4.4, sharper than the paper",
    on="sample_size",
    author=Author.ours,
    rule=HALF,
    quantifier=Quantifier.order,
)
def o1_rate(r):
    r"""The deviation of one sample falls like $n^{-1/2}$; the paper bounds it by about $n^{-1/4}$, which is true.

    Measured: slope of the root mean square over seeds in $\log n$, jackknife over seeds.
    """
    return slope_of_rms(r["n"], r["error"])


@claim(
    item="Theorem 4.4, its o(1)",
    on="sample_size",
    author=Author.ours,
    rule=AtMost(1.0, basis=derived(r"three standard errors of a standard deviation, $3/\sqrt{2S}$"), ideal=0.0),
    quantifier=Quantifier.every,
)
def o1_level(r):
    r"""Its size is known before the run: the standard deviation is $\omega/\sqrt n$ with
    $\omega=|F'(r)|\sqrt{\mathrm{var}\,h}/A$, $r$ the ratio of the weights and $h$ the influence of one pair.

    Measured: largest $|\sqrt n\,\mathrm{sd}/\omega-1|$ over n, in tolerances.
    """
    c = r.config
    seen = [spread.predict(c.model(), spread.Observation(int(n), c.d, c.sigma_xi), "ood", c.prompt) for n in r["n"]]
    level = r["error"].std(0, ddof=1) * np.sqrt(r["n"]) / np.array([p.tau for p in seen])
    return stats.worst(np.abs(level - 1) * np.sqrt(2 * len(r.seeds)) / 3)
