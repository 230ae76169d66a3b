"""Appendix D, Lemmas D.11 to D.15: gradients, descent and convergence of two modalities."""

from __future__ import annotations

from functools import partial

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024.claims.appendix_c13_c14 import gradient_exponent
from mmcl_core.papers.huang2024.claims.appendix_c16_c18 import convergence
from mmcl_core.papers.huang2024.claims.scales import ORTHOGONAL_MULTI
from mmcl_core.stats import Estimate

theirs = partial(claim, on="stage_two", match=Match.scaled, conditions=ORTHOGONAL_MULTI)


@theirs(item="Lemma D.11", paper="exponent at least 1", rule=AtLeast(1.0, PAPER), quantifier=Quantifier.order)
def d11(r: Result) -> Estimate:
    r"""The loss controls the gradient of both encoders: $\|\nabla L\|_F^2 \le O(\max(\|\mu\|^2,\sigma_\xi^2 d))\,L$,
    however small L.

    Measured: exponent of $\|\nabla L\|_F^2$ in L over the last decade of steps, fitted per seed.
    """
    return gradient_exponent(r, "multi")


@theirs(item="Lemma D.13, positives", paper="at least 2", rule=AtLeast(2.0, PAPER), quantifier=Quantifier.every)
def d13_positive(r: Result) -> Estimate:
    r"""Towards $w^*_r = w_r(0) + 2\tau\log(2M/\epsilon)\,\theta_r\mu/\|\mu\|^2$: $\langle\nabla F_0,W^*\rangle \ge
    2\log(2M/\epsilon)$.

    Measured: the smallest over samples, seeds and the four times, in units of $\log(2M/\epsilon)$.
    """
    return stats.worst(r["multi_part_positive"], largest=False)


@theirs(item="Lemma D.13, negatives", paper="at most 1", rule=AtMost(1.0, PAPER), quantifier=Quantifier.every)
def d13_negative(r: Result) -> Estimate:
    r"""... and $\langle\nabla F_j,W^*\rangle \le \log(2M/\epsilon)$.

    Measured: the largest over pairs, seeds and the four times, in units of $\log(2M/\epsilon)$.
    """
    return stats.worst(r["multi_part_negative"])


CONVERGENCE = convergence("multi", "d14", "d15", r"m/(\eta\epsilon\|\mu\|^2)", ORTHOGONAL_MULTI)
