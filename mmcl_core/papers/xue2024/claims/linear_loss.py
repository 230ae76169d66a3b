"""T0: the linear loss and its minimiser."""

from __future__ import annotations

from mmcl_core.evidence.legacy import AtMost, Identity
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims.base import beyond, claim, largest

MINIMISER = "Minimiser of the linear loss"

CLAIMS = (
    claim(
        "loss",
        MINIMISER,
        r"The mean over all pairs, $\frac{1}{2n(n-1)}\sum_{i\neq j}(s_{ij}-s_{ii}) + \frac{1}{2n(n-1)}\sum_{i\neq j}(s_{ji}-s_{ii}) + \frac\rho2\lVert W_I^\top W_T\rVert_F^2$, equals "
        r"$-\mathrm{tr}(W_ISW_T^\top)+\frac\rho2\lVert W_I^\top W_T\rVert_F^2$ with the centred cross-covariance $S$.",
        "linear_loss",
        "largest difference of the double sum and the matrix form",
        largest("loss_error"),
        Identity(1e-10),
        minimum_tier=Tier.smoke,
    ),
    beyond(
        "gradient",
        MINIMISER,
        r"Its gradients are $-W_TS^\top+\rho W_TW_T^\top W_I$ and $-W_IS+\rho W_IW_I^\top W_T$.",
        "linear_loss",
        "largest difference from automatic differentiation of the double sum",
        largest("gradient_error"),
        Identity(1e-10),
        minimum_tier=Tier.smoke,
    ),
    claim(
        "minimiser",
        MINIMISER,
        r"Gradient descent from small weights ends at the truncated SVD, $W_I^\top W_T=\frac1\rho\mathrm{SVD}_p(S)$: for $p = 2$ within $10^{-6}$ after 1000 steps.",
        "linear_loss",
        r"largest $\lVert G-G^*\rVert/\lVert G^*\rVert$ over seeds",
        largest("rank2_distance"),
        AtMost(1e-6),
        minimum_tier=Tier.smoke,
    ),
    claim(
        "least_loss",
        MINIMISER,
        r"The least loss is $-\frac1{2\rho}\sum_{i\le p}s_i(S)^2$, which descent reaches for $p = 2$.",
        "linear_loss",
        "largest difference of descent's loss and the formula",
        largest("rank2_gap"),
        Identity(1e-10),
        minimum_tier=Tier.smoke,
    ),
    beyond(
        "rank_four",
        MINIMISER,
        r"With $p = 4$ two singular values of pure noise, close to others, are kept: after 1000 steps the loss is near its minimum, the matrix is not.",
        "linear_loss",
        "largest loss above the formula after 1000 steps",
        largest("rank4_gap"),
        AtMost(1e-3),
        minimum_tier=Tier.smoke,
    ),
    beyond(
        "rank_four_long",
        MINIMISER,
        r"Given 100,000 steps it closes in, to $10^{-8}$ in the loss.",
        "linear_loss",
        "largest loss above the formula at the end",
        largest("rank4_long_gap"),
        AtMost(1e-8),
    ),
    beyond(
        "span",
        MINIMISER,
        r"With more dimensions than samples the minimiser can be found in the span of the data: QR of $X^\top$, then the SVD of an $n\times n$ matrix; no $d\times d$ matrix is formed.",
        "linear_loss",
        "largest difference of the zero-shot direction from that of the plain SVD, 15 samples in 30 and 20 dimensions",
        largest("span_error"),
        Identity(1e-10),
        minimum_tier=Tier.smoke,
    ),
)
