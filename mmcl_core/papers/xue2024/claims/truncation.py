"""Lemmas C.16 to C.18: the noisy cross-covariance and the truncated decomposition."""

from __future__ import annotations

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Within, after, derived, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims.shared import slope_of_rms

LINEAR = Within(
    -0.5,
    absolute=0.125,
    basis=after("half the way to -1/4, the order of the printed root; a pilot had shown about -1/2"),
)


@claim(
    item="Lemma C.16",
    paper=r"$O(\epsilon_0)$",
    on="noisy_rates",
    rule=LINEAR,
    quantifier=Quantifier.order,
    match=Match.scaled,
    conditions=(Condition("$d/n$ (set equal)", 1.0, AtLeast(1.0, basis=standard(r"1 for $\Omega(n)$"))),),
)
def lemmaC_16(r):
    r"""$S-D_ICD_T^\top$ is $O(\epsilon_0)$, $\epsilon_0\sim\sqrt{\log n/n}$.

    Measured: slope of the root mean square of its spectral norm in $\log n$, $d=n$ from 100 to 800, jackknife.
    """
    return slope_of_rms(r["n"], r["whole"])


@claim(
    item="Lemma C.18, sharper than the paper",
    on="noisy_rates",
    author=Author.ours,
    rule=LINEAR,
    quantifier=Quantifier.order,
)
def lemmaC_18(r):
    r"""$\mathrm{SVD}_p(S)-D_ICD_T^\top$ is of the same order; the paper bounds it by the root of $\epsilon_0$,
    which is true.

    Measured: slope of the root mean square of its spectral norm in $\log n$, $d=n$ from 100 to 800, jackknife.
    """
    return slope_of_rms(r["n"], r["cut"])


@claim(
    item="Lemma C.17, sharper than the paper",
    on="truncation",
    author=Author.ours,
    rule=AtMost(2.0, basis=derived("the truncated SVD is within eps of G, and G* has rank 2, so within 2 eps of it")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def truncation_without_gap(r):
    r"""$\lVert\mathrm{SVD}_p(G^*+E)-G^*\rVert\le2\lVert E\rVert$ for $G^*$ of rank 2 and $p\ge2$, with or without a gap
    between its singular values; the lemma has $O(\sqrt\epsilon)$ and assumes gaps.

    Measured: largest ratio of the two norms over four errors, four gaps (.5 to 0), two ranks and the draws.
    """
    return stats.worst(r["ratio"])
