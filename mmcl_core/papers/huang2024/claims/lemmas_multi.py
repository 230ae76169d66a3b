"""Lemmas 5.3 and 5.4, two modalities."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import (
    AtLeast,
    AtMost,
    Identity,
    Positive,
    Within,
    standard,
)
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import theory
from mmcl_core.papers.huang2024.claims.lemmas_single import (
    A_TENTH,
    CONSTANT,
    MULTI,
    ROUNDING,
    TOLERATED,
    mean_activation,
)
from mmcl_core.stats import Estimate


@claim(
    item="Lemma 5.3",
    paper="identity",
    on="identities",
    rule=Identity(1e-12, ROUNDING),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def lemma5_3(r: Result) -> Estimate:
    r"""The same recursion for two encoders that see each other's activations.

    Measured: the largest difference from weights trained by autograd in $\mathbb R^d$.
    Note: As printed, eqs. (15) and (17) carry $g_r(y_j\tilde\mu)$ in the positive term and $h'_r$ for $h_r$; with $y_i$
    and the activations themselves the identity holds.
    """
    return stats.worst(r["multi"])


theirs = partial(claim, on="races", match=Match.scaled, conditions=MULTI)


@theirs(item="Lemma 5.4, signal", paper=r"$\Omega(1)$", rule=AtLeast(1.0, CONSTANT), quantifier=Quantifier.every)
def lemma5_4_signal(r: Result) -> Estimate:
    r"""With two modalities the signal is learnt first: $\max_r|\gamma_r| = \Omega(1)$ at $T_1$.

    Measured: the smallest over seeds and four sizes from $n = 204$.
    Note: $T_1 = \log(20/\sigma_0\|\mu\|)/\log(1 + 0.48\,C_\mu\eta\|\mu\|^2/(m\tau))$.
    """
    return stats.worst(r["multi_gamma"], largest=False)


@theirs(item="Lemma 5.4, noise", paper="signal first", rule=Positive(), quantifier=Quantifier.every)
def lemma5_4_noise(r: Result) -> Estimate:
    r"""Meanwhile the noise lags behind: $\max_{r,i}\rho_{r,i} < \max_r|\gamma_r|$ at $T_1$.

    Measured: the smallest difference over seeds and four sizes.
    """
    return stats.worst(r["multi_gamma"] - r["multi_rho"], largest=False)


@theirs(
    item="Lemma 5.4, rate in n",
    paper=r"$\tilde O(n^{-1/2})$",
    rule=AtMost(-0.25, TOLERATED),
    refutation=AtLeast(0.0, standard("it does not fall")),
    quantifier=Quantifier.order,
    algebra=r"while growth is exponential $\rho \approx \sigma_0\sigma_\xi\sqrt d\,(\sigma_0\|\mu\|)^{-2/P}$ when the "
    r"signal is learnt, $P = C_\mu n\,\mathrm{SNR}^2$; at fixed $\sigma_0\sigma_\xi\sqrt d$ this is of order $n^{1/P}$",
    declared=Verdict.refuted,
)
def lemma5_4_rate(r: Result) -> Estimate:
    r"""At $T_1$ the noise falls with $n$ at least like $n^{-1/2}$ at fixed $n\,\mathrm{SNR}^2$.

    Measured: fitted exponent of $\max_{r,i}\rho_{r,i}$ in $n$ at $T_1$, four sizes from $n = 204$, orthogonal limit.
    Note: The last line of the proof needs $\sigma_0\|\mu\| \le n^{-2}$, which Assumption 4.1 does not give: it allows a
    fixed $s = \sigma_0\sigma_\xi\sqrt d$ where $d$ is large enough, $d \ge (n/s)^2$.
    """
    return stats.power_law(r["size"], r["multi_rho"])


@claim(
    item="Lemma 5.4, rate in n",
    on="races",
    author=Author.correction,
    rule=Within(0.0, absolute=0.1, basis=A_TENTH),
    quantifier=Quantifier.order,
)
def lemma5_4_rate_corrected(r: Result) -> Estimate:
    r"""The noise grows like $n^{1/P}$, $P = C_\mu n\,\mathrm{SNR}^2$, when $\sigma_0\sigma_\xi\sqrt d$ is fixed.

    Measured: fitted exponent of $\max_{r,i}\langle w_r,\xi_i\rangle$ in $n$ when the signal reaches one half, minus
    $1/P$; the luck of each run's largest starts is taken out.
    """
    exponents = np.array([stats.power_law(r["size"], row[None]).value for row in r["multi_typical_loser"]])
    return stats.mean(exponents - theory.exponent_noise_in_n(r.config.n_snr_squared, r.config.ratio))


MEANS = (mean_activation("multi", "5.4", MULTI, r"$\frac1m\sum_r A_r$, the signal"),)
