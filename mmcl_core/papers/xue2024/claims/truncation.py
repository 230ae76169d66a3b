"""Lemmas C.16 to C.18: the noisy cross-covariance and the truncated decomposition."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, after, derived, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims.shared import slope_of_rms

NO_SLOWER = AtMost(
    0.125,
    basis=after("half of the 1/4 by which the printed root would fall more slowly; the run had been seen"),
    ideal=0.0,
)


def against_bound(n: np.ndarray, norms: np.ndarray, sigma_xi: float) -> stats.Estimate:
    r"""Slope in log n of the root mean square of `norms` `[S, n]` over eps_0 with sigma_I = sigma_T."""
    n, s = np.asarray(n, float), sigma_xi
    bound = 2 * s / np.sqrt(n) + s**2 / n + 2 * s * np.sqrt(np.log(n)) / n + np.sqrt(np.log(n) / n)
    return slope_of_rms(n, norms / bound)


@claim(
    item="Lemma C.16",
    paper=r"$O(\epsilon_0)$",
    on="noisy_rates",
    rule=NO_SLOWER,
    quantifier=Quantifier.order,
    match=Match.scaled,
    conditions=(Condition("$d/n$ (set equal)", 1.0, AtLeast(1.0, basis=standard(r"1 for $\Omega(n)$"))),),
)
def lemmaC_16(r):
    r"""$S-D_ICD_T^\top$ is $O(\epsilon_0)$,
    $\epsilon_0=\frac{2\sigma_\xi}{\sqrt n}+\frac{\sigma_\xi^2}n+\frac{2\sigma_\xi\sqrt{\log n}}n
    +\sqrt{\frac{\log n}n}$.

    Measured: slope in $\log n$ of the root mean square of its spectral norm over $\epsilon_0$, four sizes $d=n$ from
    100 to 800, jackknife.
    """
    return against_bound(r["n"], r["whole"], r.config.sigma_xi)


@claim(
    item="Lemma C.18, sharper than the paper",
    on="noisy_rates",
    author=Author.ours,
    rule=NO_SLOWER,
    quantifier=Quantifier.order,
)
def lemmaC_18(r):
    r"""$\mathrm{SVD}_p(S)-D_ICD_T^\top$ is of the same order; the paper bounds it by the root of $\epsilon_0$,
    which is true.

    Measured: slope in $\log n$ of the root mean square of its spectral norm over $\epsilon_0$, four sizes $d=n$ from
    100 to 800, jackknife; the root would allow about 1/4.
    """
    return against_bound(r["n"], r["cut"], r.config.sigma_xi)


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
