"""Theorem 4.7 and Appendices D, E.2, F.2: supervised learning and labels alone on data model 2."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Identity, Within, before, derived, standard
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024 import theory
from mmcl_core.papers.xue2024.claims.shared import EXACT, NO_DIFFERENCE

AGREE, CONFLICT, DISTANCE, NORM, PAIR = range(5)
SOLVER = Identity(1e-6, basis=before("the solver's tolerance: a millionth of the largest weight"))


def _cells(r) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """m, alpha, beta of each cell."""
    return r.config.cells().T


def _overlap(r) -> np.ndarray:
    return theory.overlap(*_cells(r)[1:])


def _ood(r) -> np.ndarray:
    return r["table"][:, [AGREE, CONFLICT]].mean(1)


def _bound(r) -> np.ndarray:
    return 0.5 + 2 / (_overlap(r) - 8)


@claim(
    item="Theorem 4.7",
    paper=r"at most $\frac12+\frac2{Q-8}$",
    on="max_margin",
    rule=AtLeast(0.0, basis=PAPER),
    refutation=AtMost(-0.01, basis=derived("any count of patterns above the bound")),
    algebra=r"for $Q<8$ the fraction is negative, so that the bound is below one half; max-margin has at least that",
    quantifier=Quantifier.every,
    match=Match.exact,
    conditions=(
        Condition(r"least $\beta$", lambda r: _cells(r)[2].min(), AtLeast(0.0, basis=PAPER)),
        Condition(r"largest $\beta$ (below 1)", lambda r: _cells(r)[2].max(), AtMost(1.0, basis=PAPER)),
        Condition(r"least $\alpha$", lambda r: _cells(r)[1].min(), AtLeast(0.0, basis=PAPER)),
        Condition("noise of the input", 0.0, AtMost(0.0, basis=PAPER)),
    ),
    minimum_tier=Tier.smoke,
    declared=Verdict.refuted,
)
def thm4_7(r):
    r"""Supervised learning has at most $\frac12+\frac2{Q-8}$ under the true law, $Q=(1+\alpha^2)(1-\beta)^2$, for
    every $\alpha$ and $\beta$.

    Measured: smallest distance of the exact max-margin's OOD accuracy below the bound, over all cells; all training
    vectors, all test patterns.
    Note: False for $Q<8$ and empty for $8<Q\le12$, where the bound exceeds 1. The proof divides by $Q-8$ and does not
    say that it takes it to be positive.
    """
    return stats.worst(_bound(r) - _ood(r), largest=False)


@claim(
    item="Theorem 4.7",
    on="max_margin",
    author=Author.correction,
    rule=AtLeast(0.0, basis=PAPER),
    quantifier=Quantifier.every,
    conditions=(
        Condition("least $Q$", lambda r: _overlap(r)[_overlap(r) > 12].min(), AtLeast(12, basis=derived("bound < 1"))),
    ),
    minimum_tier=Tier.smoke,
)
def thm4_7_corrected(r):
    r"""The bound holds as corrected, for $Q>8$; it says something for $Q>12$.

    Measured: smallest distance of the exact max-margin's OOD accuracy below the bound, over the cells with $Q>12$.
    """
    cells = _overlap(r) > 12
    return stats.worst((_bound(r) - _ood(r))[cells], largest=False)


@claim(
    item="Theorem 4.7, example",
    paper="at most 60 %",
    on="max_margin",
    rule=AtMost(0.6, basis=PAPER),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def thm4_7_example(r):
    r"""At $\alpha=10$, $\beta=\frac13$ that is at most 60 %.

    Measured: largest OOD accuracy of the exact max-margin at these values over m.
    """
    _, alpha, beta = _cells(r)
    return stats.worst(_ood(r)[(alpha == 10) & np.isclose(beta, 1 / 3)])


@claim(
    item="Theorem 4.7",
    on="max_margin",
    author=Author.ours,
    rule=NO_DIFFERENCE,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def sl_law(r):
    r"""The exact law of supervised learning: 100 % for $\alpha^2<\frac{1-\beta}{1+\beta}$, $\frac12+2^{-m}$ from there
    up to $\alpha=1$, one half beyond. It is contrastive learning's law with $A=1$.

    Measured: largest distance of the exact max-margin's OOD accuracy from the law over all cells.
    """
    m, alpha, beta = _cells(r)
    law = np.where(alpha**2 < (1 - beta) / (1 + beta), 1.0, np.where(alpha < 1, 0.5 + 0.5**m, 0.5))
    return stats.worst(np.abs(_ood(r) - law))


@claim(
    item="Appendix E.2",
    paper="100 %",
    on="max_margin",
    rule=AtLeast(1.0, basis=PAPER),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def e2_supervised(r):
    """In distribution supervised learning has 100 %.

    Measured: smallest accuracy on a = c over all cells.
    """
    return stats.worst(r["table"][:, AGREE], largest=False)


@claim(
    item="Eq. (16)-(26)",
    on="max_margin",
    author=Author.ours,
    rule=SOLVER,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def max_margin_is_competitor(r):
    r"""The competitor of the proof, $\pm\frac1{(1-\beta)(1+\alpha^2)}$ at the own core feature and $\alpha$ times that
    at its companion, is the max-margin classifier itself, for every $\alpha$ and $\beta$.

    Measured: largest distance of the quadratic programme's solution from it, over its largest weight, over the cells.
    """
    return stats.worst(r["table"][:, DISTANCE])


@claim(
    item="Eq. (16)-(26)",
    paper="$2m/Q$",
    on="max_margin",
    rule=Within(1.0, absolute=1e-6, basis=before("the solver's tolerance")),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def d_norm(r):
    """Its squared norm is 2m/Q.

    Measured: squared norm of the quadratic programme's solution over 2m/Q, furthest from 1.
    """
    ratio = r["table"][:, NORM]
    return stats.worst(ratio[[np.argmax(np.abs(ratio - 1))]])


@claim(
    item="Lemma D.2",
    paper="at least $1/Q$",
    on="max_margin",
    rule=AtLeast(1.0, basis=PAPER),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def lemmaD_2(r):
    """Two rows of the max-margin classifier have squared norms that sum to at least 1/Q.

    Measured: smallest sum over pairs of rows times Q, over the cells.
    Note: It is 2/Q, so the lemma has a factor 2 to spare. Its proof does not cover two classes of one pair.
    """
    return stats.worst(r["table"][:, PAIR], largest=False)


@claim(
    item="Lemma D.2",
    on="max_margin",
    author=Author.correction,
    rule=EXACT,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def lemmaD_2_denominator(r):
    r"""The denominator of its proof is $\lVert x\rVert^2-x^\top x'$, not the sum: its least value over two classes is
    Q.

    Measured: largest distance of that least value from Q over all pairs of vectors, $m=2$ and 4, $\alpha=1.3$,
    $\beta=.4$.
    Note: With a plus the least value at $m=4$ is not Q; the norm's $(1+\alpha)^2$ should read $1+\alpha^2$.
    """
    q = [theory.overlap(alpha, beta) for _, alpha, beta in r.config.overlaps]
    return stats.worst(np.abs(r["overlaps"][:, 0] - q))


@claim(
    item="Definition D.1",
    on="max_margin",
    author=Author.ours,
    rule=AtMost(0.0, basis=standard("none")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def defD_1(r):
    r"""For $\alpha>1$ no class has an example with the wrong background that max-margin gets right: the set whose share
    $\varepsilon$ the proof bounds by $8/(Q-8)$ is empty.

    Measured: largest accuracy on a = -c over the cells with $\alpha>1$.
    """
    return stats.worst(r["table"][_cells(r)[1] > 1, CONFLICT])
