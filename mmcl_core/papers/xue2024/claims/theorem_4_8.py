"""Theorem 4.8 and eq. (27): contrastive learning shares features between the classes of data model 2."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Positive, Within, after, derived, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024 import theory
from mmcl_core.papers.xue2024.claims.shared import EXACT, NO_DIFFERENCE
from mmcl_core.papers.xue2024.setting import Sharing

M, ALPHA, BETA, AGREE, CONFLICT = range(5)


def above(table: np.ndarray) -> np.ndarray:
    """Where the theorem's condition holds: beta^2 m > alpha^2 (1 + beta)/(1 - beta) - 1 + beta^2, by more than
    rounding."""
    m, alpha, beta = table[:, [M, ALPHA, BETA]].T
    return beta**2 * m - (alpha**2 * (1 + beta) / (1 - beta) - 1 + beta**2) > 1e-9


@claim(
    item="Section 4.2, eq. (27)",
    paper="equal",
    on="sharing_population",
    rule=EXACT,
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def eq_27(r):
    r"""$C=\frac1m\begin{pmatrix}A&\pi\alpha\\\alpha&G\pi\alpha^2\end{pmatrix}\otimes I_m$ with $A=1+\pi(m-1)\beta^2$,
    $G=1+(m-1)\beta^2$.

    Measured: largest distance from the mean over all training vectors, $m=3$, $\alpha=1.3$, $\beta=.4$, $\pi=.3$.
    """
    return stats.exact(float(r["moment_error"]))


@claim(
    item="Theorem 4.8",
    paper="100 %",
    on="sharing_population",
    rule=AtLeast(1.0, basis=PAPER),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
    conditions=(
        Condition("rank of the encoders over $2m$", 1.0, AtLeast(1.0, basis=PAPER)),
        Condition("captions name everything, $\\pi$", 1.0, AtLeast(1.0, basis=PAPER)),
        Condition("noise of the input", 0.0, AtMost(0.0, basis=PAPER)),
    ),
)
def thm4_8(r):
    r"""If $\beta^2m>\alpha^2\frac{1+\beta}{1-\beta}-1+\beta^2$ contrastive learning has 100 % under the true law.

    Measured: smallest accuracy over the settings above the threshold, on a = c and on a = -c, all sign patterns; those
    up to $m=8$ with every pattern listed.
    """
    tables = (r["grid"], r["listed"])
    return stats.worst(np.concatenate([t[above(t)][:, [AGREE, CONFLICT]].ravel() for t in tables]), largest=False)


@claim(
    item="Theorem 4.8",
    on="sharing_population",
    author=Author.ours,
    rule=AtMost(1e-12, basis=standard("rounding of a mean of counts"), ideal=0.0),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def thm4_8_sharp(r):
    r"""The threshold is sharp: below it accuracy is at most $\frac12+2^{-m}$.

    Measured: largest OOD accuracy minus $\frac12+2^{-m}$ over the settings with $m\ge2$ below the threshold.
    """
    kept = [t[~above(t) & (t[:, M] > 1)] for t in (r["grid"], r["listed"])]
    return stats.worst(np.concatenate([t[:, [AGREE, CONFLICT]].mean(1) - 0.5 - 0.5 ** t[:, M] for t in kept]))


@claim(
    item="Theorem 4.8",
    on="sharing_population",
    author=Author.ours,
    rule=NO_DIFFERENCE,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def sharing_law(r):
    r"""The exact law: 1 if $A-\alpha^2>\beta(A+\alpha^2)$, $\frac12+2^{-m}$ (right whenever no foreign pair has aligned
    signs) if $0<A-\alpha^2$ is not above that, $\frac12$ if $A\le\alpha^2$.

    Measured: largest distance from the law over the settings whose patterns were all listed.
    """
    t = r["listed"]
    law = [theory.sharing_accuracy(Sharing(int(m), a, b)) for m, a, b in t[:, [M, ALPHA, BETA]]]
    return stats.worst(np.abs(t[:, [AGREE, CONFLICT]].mean(1) - law))


@claim(
    item="Theorem 4.8",
    on="sharing_population",
    author=Author.ours,
    rule=NO_DIFFERENCE,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def sharing_general(r):
    r"""Off the paper's $\beta'=\alpha\beta$ and $p_{spu}=1$ the own pair scores $A-\alpha B$ on a = -c,
    $B=\alpha(2p_{spu}-1)$, a foreign pair $\beta A\pm\beta'B$: the law holds with these.

    Measured: largest distance from the law over 72 settings with $m$ from 2 to 30, $\beta'$ from .1 to .9,
    $p_{spu}$ from .7.
    """
    return stats.worst(np.abs(r["general"] - [theory.sharing_accuracy(x) for x in r.config.general()]))


@claim(
    item="Theorem 4.8",
    on="sharing_population",
    author=Author.ours,
    rule=NO_DIFFERENCE,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def sharing_threshold(r):
    r"""The least number of pairs of classes with accuracy 1 is the next whole number above the threshold, for $\beta$
    from .1 to .9 and for four variants ($\beta'=\beta$, $\alpha=2$, $p_{spu}=.9$, $\pi=.5$).

    Measured: largest distance of that number, found by search, from the formula's.
    """
    c = r.config
    bounds = [theory.threshold_classes(**({"alpha": c.alpha, "beta": 0.5} | changes)) for changes in c.variants()]
    return stats.worst(np.abs(r["found"] - bounds))


@claim(
    item="Theorem 4.8",
    on="sharing_population",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.exists,
)
def sharing_valley(r):
    r"""The threshold is not monotone in $\beta$: foreign features teach and distract.

    Measured: the least number of pairs at the smallest or largest $\beta$, whichever is less, minus the least over
    $\beta$.
    """
    found = r["found"][: len(r.config.betas)]
    return stats.exact(float(min(found[0], found[-1]) - found.min()))


@claim(
    item="Section 4.2, remark",
    paper="100 % impossible",
    on="sharing_population",
    rule=Positive(),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
    conditions=(
        Condition(
            r"least $\alpha$ (unsaid: at least 1)",
            lambda r: min(a for a in r.config.alphas if a >= 1),
            AtLeast(1.0, basis=PAPER),
        ),
    ),
)
def beta_zero(r):
    r"""Without sharing ($\beta=0$) 100 % is impossible.

    Measured: 1 minus the largest OOD accuracy at $\beta=0$ over $\alpha\ge1$, $m=6$.
    """
    return stats.worst(1 - r["alone"][np.array(r.config.alphas) >= 1], largest=False)


@claim(
    item="Section 4.2, remark",
    on="sharing_population",
    author=Author.correction,
    rule=AtLeast(1.0, basis=standard("every pattern")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def beta_zero_small_alpha(r):
    r"""The remark needs $\alpha\ge1$, which is not stated: a background weaker than the core does not mislead.

    Measured: smallest OOD accuracy at $\beta=0$ over $\alpha<1$.
    """
    return stats.worst(r["alone"][np.array(r.config.alphas) < 1], largest=False)


@claim(
    item="Appendix E.2",
    paper="100 %",
    on="sharing_population",
    rule=AtLeast(1.0, basis=PAPER),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def e2_contrastive(r):
    """In distribution contrastive learning has 100 %, below the threshold too.

    Measured: smallest accuracy on a = c over all settings.
    """
    return stats.worst(np.concatenate([t[:, AGREE] for t in (r["grid"], r["listed"])]), largest=False)


@claim(
    item="Theorem 4.8",
    on="sharing_finite",
    author=Author.ours,
    rule=AtMost(1.0, basis=derived("the bound and three binomial standard deviations of the test sample"), ideal=0.0),
    quantifier=Quantifier.every,
)
def dm2_sample_size(r):
    r"""How many samples it takes: the error on a = -c is at most about
    $\frac{m-1}2(1-\Phi(z))$, $z^2=\frac{n\delta^2}{2A^3(1+\alpha^4)}$, $\delta=A-\alpha^2-\beta(A+\alpha^2)$.

    Measured: largest error over bound and tolerance, over the n with $z\ge3$ and seeds, $m=20$, $\alpha=1.2$,
    $\beta=.5$.
    """
    half, found = r.config.tests / 2, []
    for column, n in enumerate(r["n"]):
        z, bound = theory.conflict_bound(r.config.model(), int(n))
        if z >= 3:
            found.append((1 - r["accuracy"][:, column, 1]) / (bound + 3 * np.sqrt(bound / half)))
    return stats.worst(np.array(found))


@claim(
    item="Theorem 4.8",
    on="sharing_finite",
    author=Author.ours,
    rule=Within(0.5, absolute=0.01, basis=after("a hundredth; a pilot had shown one half")),
    quantifier=Quantifier.mean,
)
def sharing_rank(r):
    r"""It needs the full rank $2m$: with rank $m$ only the strong mixtures of core and background are left, and
    accuracy is one half.

    Measured: OOD accuracy with rank m, the largest sample, mean over seeds.
    """
    return stats.mean(r["half_rank"].mean(-1))
