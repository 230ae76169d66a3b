"""Section 3: the linear loss, its minimiser, and what similarity measures."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import AtMost, Positive, before, derived, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims.shared import EXACT

FOUR = AtMost(4.0, basis=derived("four standard errors of each entry, from the same sample"), ideal=0.0)


@claim(
    item="Eq. (2), (3)",
    paper="equal",
    on="linear_loss",
    rule=EXACT,
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
def loss(r):
    r"""The mean over all pairs, $\frac{1}{2n(n-1)}\sum_{i\neq j}[(s_{ij}-s_{ii})+(s_{ji}-s_{ii})]
    + \frac\rho2\lVert W_I^\top W_T\rVert_F^2$, equals
    $-\mathrm{tr}(W_ISW_T^\top)+\frac\rho2\lVert W_I^\top W_T\rVert_F^2$ with the centred cross-covariance $S$.

    Measured: largest difference of the double sum and the matrix form, relative to max(1, |loss|), over seeds.
    """
    return stats.worst(r["loss_error"])


@claim(
    item="Eq. (2), (3)",
    on="linear_loss",
    author=Author.ours,
    rule=EXACT,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def gradient(r):
    r"""Its gradients are $-W_TS^\top+\rho W_TW_T^\top W_I$ and $-W_IS+\rho W_IW_I^\top W_T$.

    Measured: largest relative difference from automatic differentiation of the double sum, over seeds.
    """
    return stats.worst(r["gradient_error"])


@claim(
    item="Eq. (4)",
    paper=r"$W_I^\top W_T=\frac1\rho\mathrm{SVD}_p(S)$",
    on="linear_loss",
    rule=AtMost(1e-6, basis=before("relative distance after 1000 steps of descent"), ideal=0.0),
    quantifier=Quantifier.every,
    match=Match.scaled,
    minimum_tier=Tier.smoke,
)
def minimiser(r):
    r"""The minimiser is the truncated singular value decomposition, $W_I^\top W_T=\frac1\rho\mathrm{SVD}_p(S)$.

    Measured: largest $\lVert G-G^*\rVert/\lVert G^*\rVert$ after 1000 steps of descent from small weights, $p=2$.
    """
    return stats.worst(r["rank2_distance"])


@claim(
    item="Eq. (4)",
    on="linear_loss",
    author=Author.ours,
    rule=EXACT,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def least_loss(r):
    r"""The least loss is $-\frac1{2\rho}\sum_{i\le p}s_i(S)^2$, which descent reaches for $p=2$.

    Measured: largest difference of descent's loss and the formula, over seeds.
    """
    return stats.worst(np.abs(r["rank2_gap"]))


@claim(
    item="Eq. (4)",
    on="linear_loss",
    author=Author.ours,
    rule=AtMost(1e-3, basis=before("near the minimum: a thousandth, where the least loss is of order 1"), ideal=0.0),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def rank_four(r):
    r"""With $p=4$ two singular values of pure noise, close to others, are kept: after 1000 steps the loss is near its
    minimum, the matrix need not be.

    Measured: largest loss above the formula after 1000 steps, over seeds.
    """
    return stats.worst(r["rank4_gap"])


@claim(
    item="Eq. (4)",
    on="linear_loss",
    author=Author.ours,
    rule=AtMost(1e-8, basis=before("a thousandth of a thousandth of the gap that 1000 steps are allowed"), ideal=0.0),
    quantifier=Quantifier.every,
)
def rank_four_long(r):
    """Given 100,000 steps it closes in.

    Measured: largest loss above the formula at the end, over seeds.
    """
    return stats.worst(r["rank4_long_gap"])


@claim(
    item="Eq. (4)",
    on="linear_loss",
    author=Author.ours,
    rule=EXACT,
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def span(r):
    r"""With more dimensions than samples the minimiser can be found in the span of the data: QR of $X^\top$, then the
    SVD of an $n\times n$ matrix; no $d\times d$ matrix is formed.

    Measured: largest difference of the zero-shot direction from that of the plain SVD, 15 samples in 30 and 20
    dimensions.
    """
    return stats.worst(r["span_error"])


@claim(
    item="Lemma 3.2",
    paper=r"$\approx\frac1\rho u^\top Ct$",
    on="similarity",
    rule=FOUR,
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=(
        Condition(
            r"$|\mathbb E\mu|$ (unsaid: zero)",
            lambda r: abs(2 * r["prior"][0] - 1),
            AtMost(0.0, basis=standard("zero")),
        ),
    ),
)
def lemma3_2(r):
    r"""The similarity of an image feature $u$ and a text feature $t$ under the minimiser is $\frac1\rho u^\top Ct$ with
    $C=\mathbb E[\mu_I\mu_T^\top]$ under the training law, up to the error of $n = 200{,}000$ samples.

    Measured: largest distance of an entry of $\rho D_I^\top W_I^\top W_TD_T$ from $C$, in standard errors, balanced
    classes, $n = 200{,}000$, over entries and seeds.
    """
    C = r.config.law(0.5).second_moment()
    return stats.worst(np.abs(r["found"][:, 0] - C) / r["error"][:, 0])


def _unbalanced(r) -> range:
    return range(1, len(r["prior"]))


@claim(
    item="Lemma 3.2 with Definition 3.1",
    on="similarity",
    author=Author.correction,
    rule=FOUR,
    quantifier=Quantifier.every,
)
def lemma3_2_means(r):
    r"""With unbalanced classes it is, at the same $n$, the centred covariance, $C-\mathbb E\mu_I\,\mathbb
    E\mu_T^\top$, and not the second moment of Definition 3.1: the loss subtracts the means.

    Measured: largest distance of an entry from the centred covariance, in standard errors, priors .8 and .95.
    Note: In both data models the means vanish, so nothing else of the paper depends on it.
    """
    cells = [
        np.abs(r["found"][:, i] - r.config.law(r["prior"][i]).cross_covariance()) / r["error"][:, i]
        for i in _unbalanced(r)
    ]
    return stats.worst(np.array(cells))


@claim(
    item="Lemma 3.2 with Definition 3.1",
    on="similarity",
    author=Author.correction,
    rule=Positive(),
    quantifier=Quantifier.every,
)
def second_moment_is_far(r):
    """The second moment is then far from what is learnt: more than ten standard errors in its core entry.

    Measured: smallest distance of the learnt core entry from the second moment, in standard errors, minus ten.
    """
    cells = [
        np.abs(r["found"][:, i, 0, 0] - r.config.law(r["prior"][i]).second_moment()[0, 0]) / r["error"][:, i, 0, 0]
        for i in _unbalanced(r)
    ]
    return stats.worst(np.array(cells) - 10, largest=False)
