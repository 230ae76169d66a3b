"""Slower temperatures, an offset with a rate of its own, free points: other powers of log t."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import AtMost, Identity, derived
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.claims.conditions import LATE_TIMES
from mmcl_core.papers.yaras2024.claims.theorem_3_2 import NEXT_ORDER, beyond_next_order
from mmcl_core.papers.yaras2024.experiments.appendix_c import OFFSET_PAIRS, SCALES
from mmcl_core.stats import Estimate

ours = partial(
    claim,
    author=Author.ours,
    quantifier=Quantifier.limit,
    minimum_tier=Tier.smoke,
    conditions=LATE_TIMES,
    rule=AtMost(0.01, NEXT_ORDER, ideal=0.0),
)


@ours(item=r"Beside appendix C: $e^{\nu/s}$", on="other_schemes")
def appc_scale(r: Result) -> Estimate:
    r"""For $\beta=e^{\nu/s}$ the power of $\log t$ tends to $-2s^2$, of which $L=\log t$ has reached the share
    $(L+2)/(L+2\log L-2\log s)$.

    Measured: largest relative distance of what is missing from the predicted amount, $s=1, 2, 3$, $L=10^3,10^4,10^5$.
    """
    s = np.array(SCALES)
    return beyond_next_order(r["scale_exponent"] / (-2 * s[:, None] ** 2), -2 * np.log(s))


@ours(item="SLRT", on="other_schemes")
def eta_exponent(r: Result) -> Estimate:
    r"""With the rate $\eta$ for $\nu$ the power of $\log t$ tends to $-2/\eta$, of which $L=\log t$ has reached the
    share $(L+2)/(L+2\log L+\log\eta)$.

    Measured: the same distance over five rates.
    """
    return beyond_next_order(r["rate_exponent"] * r["rate"][:, None] / -2, np.log(r["rate"]))


@claim(
    item="SLRT",
    on="other_schemes",
    rule=Identity(1e-8, derived("a hundred times the solver's relative tolerance of 1e-10")),
    quantifier=Quantifier.every,
    author=Author.ours,
    minimum_tier=Tier.smoke,
)
def eta_twin(r: Result) -> Estimate:
    r"""Under gradient flow SLRT($\eta$) is $e^{\nu/s}$ with $s=1/\sqrt\eta$, exactly.

    Measured: largest difference in $\log\beta$ and $\log\gamma$, both flows by autograd, $\eta$ = 0.5 and 0.1.
    Note: Not under Adam, which divides by the gradient's size: there $e^{\nu/s}$ acts like $\eta=1/s$.
    """
    return stats.worst(np.abs(r["twin_difference"]))


@ours(item=r"A shared offset with rate $\kappa$", on="offsets")
def offset_rate(r: Result) -> Estimate:
    r"""If $\gamma$ has a learning rate $\kappa$ of its own, $\gamma\sim\beta^{-2\kappa}$ and the power of $\log t$ is
    $-2\kappa$, times $(1-\gamma^2)/((1-\gamma^2)^2+4\kappa\gamma^2)$ while the gap is not yet small.

    Measured: largest relative distance of what is missing to it from the predicted amount, over five rates and
    $\log t=10^3,10^4,10^5$.
    """
    kappa, square = r["offset_rate"][:, None], r["shared_gamma"] ** 2
    limit = -2 * kappa * (1 - square) / ((1 - square) ** 2 + 4 * kappa * square)
    return beyond_next_order(r["shared_exponent"] / limit, np.full(len(kappa), np.log(OFFSET_PAIRS - 1)))


@ours(item="Free points", on="offsets")
def free_exponent(r: Result) -> Estimate:
    r"""n free pairs on two symmetric rings close like $(\log t)^{-1/n}$, the shared offset with $\kappa=1/(2n)$; still
    consistent with $\Omega(1/\log(t)^2)$. While the gap is not yet small the power is that over
    $1+2\gamma^2/(n(1-\gamma^2))$.

    Measured: largest relative distance of what is missing to it from the predicted amount, $n=2, 3, 5, 10, 50$ and
    $\log t=10^3,10^4,10^5$.
    """
    n, square = r["ring"][:, None], r["free_gamma"] ** 2
    limit = -1 / n / (1 + 2 * square / (n * (1 - square)))
    neighbours = np.where(r["ring"] == 2, 1, 2)  # of a vertex, next to its partner
    return beyond_next_order(r["free_exponent"] / limit, np.log(neighbours))
