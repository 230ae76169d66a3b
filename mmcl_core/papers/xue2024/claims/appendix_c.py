"""Appendix C: the lemmas behind Theorem 4.4, each checked once: bounds by coverage, orders by slopes."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, after, derived
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims.shared import EXACT, HALF, slope_of_rms, three_errors_of_a_slope
from mmcl_core.papers.xue2024.experiments.appendix import LATENT

DELTA = 0.05


COVERED = AtMost(
    DELTA + 3 * float(np.sqrt(DELTA * (1 - DELTA) / 2000)),
    basis=derived(r"$\delta$ and three binomial standard deviations of 2000 draws"),
    ideal=DELTA,
)


@claim(
    item="Lemma C.4",
    paper=r"$\frac{\lambda}{\lambda^2+1}\phi(\lambda)<\Pr(v\ge\lambda)<\frac{\phi(\lambda)}\lambda$",
    on="coverage",
    rule=Positive(),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def lemmaC_4(r):
    r"""Mills' ratio: the normal tail lies strictly between $\frac\lambda{\lambda^2+1}\phi(\lambda)$ and
    $\phi(\lambda)/\lambda$.

    Measured: smaller relative distance of the exact tail from the two bounds, $\lambda$ from .1 to 8.
    """
    x = np.linspace(0.1, 8, 200)
    tail, density = norm.sf(x), norm.pdf(x)
    return stats.worst(np.minimum(tail / (x / (x**2 + 1) * density), density / x / tail) - 1, largest=False)


def _coverage(name: str, lemma: str, statement: str, measured: str, author: Author = Author.paper, note: str = ""):
    """The share of draws, one a seed, in which the quantity exceeds its bound."""

    @claim(
        item=f"Lemma {lemma}",
        name=name,
        statement=statement,
        measured=f"Share of 2000 draws in which {measured}; probability .05, over sizes the one that reaches highest.",
        note=note,
        paper=r"at most $\delta$" if author.of_paper else "",
        on="coverage",
        author=author,
        rule=COVERED,
        quantifier=Quantifier.probability,
        match=Match.scaled if author.of_paper else Match.ours,
    )
    def share_outside(r):
        ratio = r[COLUMNS[name]]
        columns = ratio.reshape(len(ratio), -1).T
        return stats.reaching_highest(*(stats.proportion(x > 1) for x in columns))

    return share_outside


COLUMNS = {
    "lemmaC_3": "signs",
    "lemmaC_8": "products",
    "lemmaC_6": "matrix",
    "lemmaC_7_corrected": "covariance",
    "lemmaC_14_corrected": "noise",
}


COVERAGE = (
    _coverage(
        "lemmaC_3",
        "C.3",
        r"The mean of $n$ fair signs is at most $\sqrt{2\ln(1/\delta)/n}$ in absolute value with probability "
        r"$1-\delta$.",
        "the mean of 100 signs is beyond it",
        note="At this $\\delta$; not for every $\\delta$, see the row on its constant.",
    ),
    _coverage(
        "lemmaC_8",
        "C.8",
        r"The mean of $a_iy_i$ is within $\sqrt{2\ln(1/\delta)/n}$ of $2p_{spu}-1$ with probability $1-\delta$.",
        "it is not, $n=100$, $p_{spu}=.95$",
    ),
    _coverage(
        "lemmaC_6",
        "C.6",
        r"The largest singular value of $n$ Gaussian rows is at most "
        r"$\sqrt n\,\gamma_{max}(\sqrt\Sigma)\left(1+\sqrt{2\ln(1/\delta)/n}\right)+\sqrt{\mathrm{tr}\,\Sigma}$.",
        r"it is larger, $n=100$, $d=20$ and 200",
    ),
    _coverage(
        "lemmaC_7_corrected",
        "C.7",
        r"The relative error of a Gaussian covariance is at most $2\sqrt{d/n}+2\delta+(\sqrt{d/n}+\delta)^2$ with "
        r"probability $1-2e^{-n\delta^2/2}$.",
        r"it is larger, $n=1000$, $d=20$, $\delta$ chosen so that $2e^{-n\delta^2/2}=.05$",
        Author.correction,
        r"The last bracket is printed as $(\sqrt{d/n}+2)^2$: the printed bound is larger, hence true, but never below "
        r"4, so that Lemma C.9 would not follow from it.",
    ),
    _coverage(
        "lemmaC_14_corrected",
        "C.14",
        r"The norm of the noise matrix is at most $\sigma_\xi\left(\sqrt{n/d}+1+\sqrt{2\ln(1/\delta)/d}\right)$.",
        r"it is larger, $n=100$, $d=200$",
        Author.correction,
        r"The last root is printed as $\sqrt{2\ln(1/\delta)/(nd)}$, see the row on it.",
    ),
)


@claim(
    item="Lemmas C.3, C.8",
    paper=r"at most $\delta$, every $\delta$",
    on="coverage",
    rule=AtMost(0.0, basis=derived("the share beyond the bound may not exceed delta")),
    refutation=Positive(),
    algebra=r"a two-sided event with the one-sided constant; $\ln(2/\delta)$ mends it",
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
    declared=Verdict.refuted,
)
def lemmaC_3_constant(r):
    r"""The bound of Lemma C.3 holds for every $n$ and $\delta$.

    Measured: exact probability that the mean of two signs is beyond the bound at $\delta=.4$, minus $\delta$.
    Note: The bound is .957, and both signs are equal half of the time: false at large $\delta$; at the small ones that
    the paper needs it holds with room, see the row on Lemma C.3.
    """
    bound = np.sqrt(2 * np.log(1 / 0.4) / 2)
    means = np.array([abs(a + b) / 2 for a in (1, -1) for b in (1, -1)])
    return stats.exact(float((means > bound).mean()) - 0.4)


@claim(
    item="Lemma C.14",
    paper=r"at most $\delta$",
    on="noise_norm",
    rule=COVERED,
    refutation=AtLeast(
        DELTA + 3 * float(np.sqrt(DELTA * (1 - DELTA) / 2000)),
        basis=derived(r"more than $\delta$ and three binomial standard deviations of 2000 draws"),
    ),
    algebra=r"entries of variance $\sigma_\xi^2/d$ have a norm that deviates by $\sigma_\xi\sqrt{2\ln(1/\delta)/d}$; "
    r"the print divides by $n$ once more",
    quantifier=Quantifier.probability,
    match=Match.scaled,
    declared=Verdict.refuted,
)
def lemmaC_14(r):
    r"""The norm of the noise matrix is at most $\sigma_\xi\left(\sqrt{n/d}+1+\sqrt{2\ln(1/\delta)/(nd)}\right)$ with
    probability $1-\delta$.

    Measured: share of 2000 draws in which it is larger, $n=1000$, $d=50$, $\delta=.05$.
    Note: A slip of a constant, about twice as often exceeded as printed; the corrected row is what the paper needs. At
    $n=100$, $d=200$ the printed bound, too, is kept.
    """
    return stats.proportion(r["norm"] > r.config.printed)


NO_SLOWER = AtMost(
    float(three_errors_of_a_slope((200, 400, 800, 1600, 3200, 6400, 12800), 40)),
    basis=after(
        "three standard errors of a slope over these sizes with 40 seeds; that of the norm itself, near -1/2, had been "
        "seen"
    ),
    ideal=0.0,
)


def _rate(name: str, lemma: str, statement: str, column: str):
    """O(bound): over the sizes one deviation does not grow against its bound; that it falls faster is no failure."""
    plain = column == "noise_mean"

    @claim(
        item=f"Lemma {lemma}",
        name=name,
        statement=statement,
        measured="Slope in $\\log n$ of the root mean square of its norm over seeds divided by the bound, seven sizes "
        "from 200 to 12,800, jackknife.",
        paper=r"$O(\sigma_\xi/\sqrt n)$" if plain else r"$O(\sqrt{\log n/n})$",
        on="latent_rates",
        rule=NO_SLOWER,
        quantifier=Quantifier.order,
        match=Match.scaled,
    )
    def order(r):
        n = np.asarray(r["n"], float)
        return slope_of_rms(n, r[column] / np.sqrt((1 if plain else np.log(n)) / n))

    return order


RATES = (
    _rate("lemmaC_5", "C.5", r"The mean of $n$ Gaussians is $O(\sigma\sqrt{\log n/n})$.", "gaussian_mean"),
    _rate(
        "lemmaC_9",
        "C.9",
        r"$\frac1n\sum\zeta\zeta^\top-\mathrm{diag}(\sigma_{core}^2,\sigma_{spu}^2)$, $\zeta$ the deviations from the "
        r"class means, is $O(\sqrt{\log n/n})$.",
        "residual_moment",
    ),
    _rate("lemmaC_10", "C.10", r"$\frac1n\sum(y,a)^\top\zeta^\top$ is $O(\sqrt{\log n/n})$.", "label_moment"),
    _rate("lemmaC_11", "C.11", r"$\frac1n\sum z\,\mu_T^\top-C$ is $O(\sqrt{\log n/n})$.", "second_moment"),
    _rate("lemmaC_12", "C.12", r"The mean of $z$ is $O(\sqrt{\log n/n})$.", "mean"),
    _rate(
        "lemmaC_13",
        "C.13",
        r"The centred covariance with $\frac1{n-1}$ is within $O(\sqrt{\log n/n})$ of $C$.",
        "covariance",
    ),
    _rate("lemmaC_15", "C.15", r"The mean noise is $O(\sigma_\xi/\sqrt n)$.", "noise_mean"),
)


@claim(
    item="Lemmas C.5, C.9 to C.13, C.15",
    on="latent_rates",
    author=Author.ours,
    rule=HALF,
    quantifier=Quantifier.order,
)
def lemmas_sharp_order(r):
    r"""The order $n^{-1/2}$ of these deviations is exact; only the logarithm of the bounds can be spared.

    Measured: slope of the root mean square of each norm in $\log n$, seven sizes, jackknife: of the seven the one that
    reaches furthest from $-\frac12$.
    Note: Each had been judged so before, under the paper's name, though a bound asks for less.
    """
    slopes = [slope_of_rms(r["n"], r[column]) for column in LATENT]
    return max(slopes, key=lambda e: max(abs(e.low + 0.5), abs(e.high + 0.5)))


@claim(
    item="Lemma C.13",
    paper="equal",
    on="latent_rates",
    rule=EXACT,
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def lemmaC_13_double_sum(r):
    r"""The centred covariance with $\frac1{n-1}$ is $\frac1n\sum_iz_i\mu_{T,i}^\top-\frac1{n(n-1)}\sum_{i\ne
    j}z_i\mu_{T,j}^\top$.

    Measured: largest difference of the two, the double sum over pairs written out for 50 samples, over seeds.
    """
    return stats.worst(r["double_sum"])
