"""Where training ends: stage two by itself (D6)."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Identity, derived
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.ren2023.claims.reduction import MACHINE

TIME, STAGE = "D6: time of stage two", "D6: stage two"
law = partial(claim, author=Author.ours, quantifier=Quantifier.every)


@law(
    item=TIME,
    on="balance_time",
    rule=AtMost(1, derived("the bound itself")),
)
def d6_time(r):
    r"""On the aligned, noise-free manifold (with $\lVert W\rVert_F^2 = d$) $\kappa^2-1\le\epsilon$ after at most
    $\frac{rd\sigma_1^2}{4\tau^4\sigma_r^2}\cosh^2(\tau^2)(1+e^{\tau^2}/K)\log\frac{\kappa(0)^2-1}{\epsilon}$.

    Measured: largest actual time over the bound, random spectra, temperatures and starts
    """
    return stats.worst(r["share"])


@law(
    item=STAGE,
    on="balance_time",
    rule=AtMost(1e-6, derived(r"the solver's tolerance of 1e-9 a step, times $\kappa^2$"), ideal=0),
)
def d6_monotone(r):
    r"""There $\kappa$ only falls.

    Measured: largest rise of $\kappa^2$ between two times
    """
    return stats.worst(r["rise"])


@law(
    item=STAGE,
    on="equilibrium",
    minimum_tier=Tier.smoke,
    rule=AtLeast(1 - 1e-9, derived("1 is the bound; the rest is rounding")),
)
def d6_unique(r):
    r"""Balance is the only equilibrium with all directions present: wherever the shares $s_p$ differ, $\log\kappa^2$
    falls at least at the rate $\frac{4\sigma_r^2\tau^2(1-S)}{dN^2}(\tanh\tau^2s_{\max}-\tanh\tau^2s_{\min})$, which
    is 0 only when all shares are equal.

    Measured: smallest fall over that bound, twenty random points for each random spectrum and temperature
    """
    return stats.worst(r["fall"], largest=False)


@law(
    item=STAGE,
    on="equilibrium",
    minimum_tier=Tier.smoke,
    rule=Identity(1e-9, derived("thirty e-foldings of the slowest rate, and the solver's tolerance of 1e-10 a step")),
)
def d6_balanced(r):
    r"""Every start ends there, with all shares equal, $s_p = 1/r$.

    Measured: largest $|rs_p-1|$ at the end, random spectra, temperatures and starts
    """
    return stats.worst(r["shares"])


@law(
    item=STAGE,
    on="equilibrium",
    minimum_tier=Tier.smoke,
    rule=Identity(1e-8, derived("the solver's tolerance of 1e-9 a step")),
)
def d6_harmonic(r):
    r"""There $N^2$ is the harmonic mean of the $\sigma_p^2$, also for a whole run from random weights with noise.

    Measured: largest relative distance from the harmonic mean, random starts and the run at $\tau^2 = 5$
    """
    return stats.worst(np.append(r["norm"], r["trained"]))


@law(
    item=STAGE,
    on="balance_time",
    rule=Identity(1e-12, MACHINE),
    minimum_tier=Tier.smoke,
)
def d6_no_force(r):
    r"""$L_{NC}$ exerts no force on the aligned, noise-free manifold at all.

    Measured: largest non-contrastive speed
    """
    return stats.worst(np.abs(r["noncontrastive_speed"]))
