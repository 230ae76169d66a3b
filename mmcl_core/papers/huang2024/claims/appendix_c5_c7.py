"""Appendix C, Lemmas C.5 to C.7: the augmentation, and which pairs move."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Within, derived
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024.claims.conditions import assumption, figure_facts
from mmcl_core.papers.huang2024.claims.overlap import LITERAL, MOST, RATE, violation_exponent
from mmcl_core.papers.huang2024.claims.scales import (
    DIMENSION_SINGLE,
    WITH_PROBABILITY,
)
from mmcl_core.stats import Estimate


@claim(
    item="Lemma C.5",
    paper=r"$C_\xi > 200$ for every pair",
    on="concentration",
    rule=AtLeast(0.9, WITH_PROBABILITY),
    refutation=AtMost(0.9, WITH_PROBABILITY),
    quantifier=Quantifier.probability,
    match=Match.scaled,
    conditions=(
        Condition(
            r"$\sigma_\xi/\sigma_\epsilon$ against $\log^4(mn/\delta)$, for $\tilde\Omega(1)$",
            lambda r: r["ratio"][-1],
            AtLeast(13_700),
        ),
    ),
    algebra=r"For independent centred Gaussians $P(|X| < 200\,|Y|) = "
    r"\frac2\pi\arctan(200\,\sigma_\epsilon/\sigma_\xi)$, so that all mn pairs together need "
    r"$\sigma_\xi/\sigma_\epsilon$ of the order of $mn/\delta$, not of a logarithm.",
    declared=Verdict.refuted,
)
def c5(r: Result) -> Estimate:
    r"""The augmentation noise is negligible: $|\langle w_r(0),\xi_i\rangle| \ge C_\xi|\langle
    w_r(0),\epsilon_i\rangle|$ with $C_\xi > 200$ for every pair, when $\sigma_\epsilon \le \sigma_\xi/\tilde\Omega(1)$.

    Measured: share of draws in which all nm pairs have a ratio above 200, at $\sigma_\xi/\sigma_\epsilon = 10^5$.
    Note: The conclusion survives: an augmentation up to $\sigma_\xi$ leaves head-B accuracy within .1.
    """
    return stats.proportion(r["c5"][:, -1] > 0)


@claim(
    item="Lemma C.5, corrected",
    paper="every pair",
    author=Author.correction,
    on="concentration",
    rule=Within(0.0, absolute=0.002, basis=derived("four standard errors of 100 draws of 5,000 pairs at most")),
    quantifier=Quantifier.probability,
)
def c5_corrected(r: Result) -> Estimate:
    r"""A share $1 - \tfrac2\pi\arctan(200\,\sigma_\epsilon/\sigma_\xi)$ of the pairs has a ratio above 200.

    Measured: share minus formula, averaged over draws, at that of $\sigma_\xi/\sigma_\epsilon = 10, 10^3, 10^5$ where
    they differ most.
    """
    off = r["c5_share"] - (1 - 2 / np.pi * np.arctan(200 / r["ratio"]))
    return stats.mean(off[:, np.abs(off.mean(0)).argmax()])


@claim(
    item="Lemmas C.6, C.7",
    paper="every pair",
    on="dimension",
    rule=AtLeast(1.0, PAPER),
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=DIMENSION_SINGLE,
    note=LITERAL,
)
def c6_c7(r: Result) -> Estimate:
    r"""Dead pairs stay dead: $\langle w_r(0),\xi_i\rangle < 0$ implies $\rho_{r,i} = 0$ and
    $\langle w_r,\xi_i\rangle < 0$ up to $T_1$.

    Measured: the smallest share of the initially negative pairs over seeds, every step.
    """
    return stats.worst(r["single_dead_stays"][:, -1], largest=False)


@claim(
    item="Lemmas C.6, C.7, how large d must be",
    author=Author.ours,
    on="dimension",
    rule=Within(-0.5, absolute=0.1, basis=RATE),
    quantifier=Quantifier.limit,
)
def c6_c7_rate(r: Result) -> Estimate:
    r"""The share of pairs that the cross-talk wakes goes to zero like $(d/n^2)^{-1/2}$.

    Measured: exponent in d of the share of initially negative pairs that do not stay dead, $d/n^2 = 10^2$ to $10^5$.
    """
    return violation_exponent(r, "single_dead_stays")


@claim(
    item="Lemmas C.6, C.7 at Figure 1's d",
    paper="every pair",
    on="crosstalk",
    rule=AtLeast(1.0, PAPER),
    trend=AtLeast(0.5, MOST),
    quantifier=Quantifier.every,
    match=Match.exact,
    conditions=assumption(figure_facts, False),
    declared=Verdict.trend_only,
)
def c6_c7_gaussian(r: Result) -> Estimate:
    r"""The same at $d = 2000$ and $\sigma_0 = 10^{-3}$, through the training of Figure 1.

    Measured: the smallest share of the initially negative pairs over seeds that are negative at the end.
    Note: The conditions on d are not met here, so this is no refutation: the cross-talk wakes some pairs.
    """
    return stats.worst(r["stays_dead"][:, 0], largest=False)
