"""Lemmas C.16 to C.18: the noisy cross-covariance and the truncated decomposition."""

from __future__ import annotations

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import AtMost, Within, before, derived
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims.shared import EXACT, slope_of_rms

LINEAR = Within(-0.5, absolute=0.125, basis=before("half the way to -1/4, the order that the printed root allows"))


@claim(
    item="Lemma C.16",
    paper=r"$O(\epsilon_0)$",
    on="noisy_rates",
    rule=LINEAR,
    quantifier=Quantifier.order,
    match=Match.scaled,
)
def lemmaC_16(r):
    r"""$S-D_ICD_T^\top$ is $O(\epsilon_0)$, $\epsilon_0\sim\sqrt{\log n/n}$.

    Measured: slope of the root mean square of its spectral norm in $\log n$, $d=n$ from 100 to 800, jackknife.
    """
    return slope_of_rms(r["n"], r["whole"])


@claim(
    item="Lemma C.18",
    on="noisy_rates",
    author=Author.correction,
    rule=LINEAR,
    quantifier=Quantifier.order,
)
def lemmaC_18(r):
    r"""$\mathrm{SVD}_p(S)-D_ICD_T^\top$ is of the same order, without the root that the paper puts on $\epsilon_0$.

    Measured: slope of the root mean square of its spectral norm in $\log n$, $d=n$ from 100 to 800, jackknife.
    """
    return slope_of_rms(r["n"], r["cut"])


@claim(
    item="Lemma C.17",
    on="truncation",
    author=Author.correction,
    rule=AtMost(2.0, basis=derived("the truncated SVD is within eps of G, and G* has rank 2, so within 2 eps of it")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def truncation_without_gap(r):
    r"""$\lVert\mathrm{SVD}_p(G^*+E)-G^*\rVert\le2\lVert E\rVert$ for $G^*$ of rank 2 and $p\ge2$, with or without a gap
    between its singular values; the lemma has $O(\sqrt\epsilon)$ and needs gaps.

    Measured: largest ratio of the two norms over four errors, four gaps (.5 to 0), two ranks and the draws.
    """
    return stats.worst(r["ratio"])


@claim(
    item="Lemma C.17",
    on="truncation",
    author=Author.correction,
    rule=EXACT,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def c17_slip(r):
    r"""In its proof $\lVert\tilde u-u\rVert^2=2(1-\cos\theta)=\frac{2\sin^2\theta}{1+\cos\theta}$, which is quadratic
    in the angle; the print has $\sin$ for $\sin^2$.

    Measured: largest difference of the two sides over random angles and planes.
    """
    return stats.worst(r["slip"])
