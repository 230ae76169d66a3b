"""Section 3: the model of two parallel modalities, and the range in which it is one."""

from __future__ import annotations

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, Identity, derived, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.claims.conditions import STATES, WITHIN_RANGE
from mmcl_core.papers.yaras2024.claims.lemmas import ROUNDING
from mmcl_core.stats import Estimate


@claim(
    item="Appendix B.1, (11)",
    paper="equality",
    on="coupling",
    rule=Identity(2e-11, ROUNDING),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
    conditions=STATES,
)
def reduced_flow(r: Result) -> Estimate:
    r"""$\dot\nu=\beta'(1-\gamma^2)g$, $\dot\gamma=-2\beta\gamma g$ with the same $g=-\langle Z,\nabla l(aZ)\rangle$,
    $a=\beta(1-\gamma^2)$: temperature and gap share one gradient.

    Measured: largest relative difference from autograd of CLIP's loss on the lifted embeddings, over four schemes, n, d
    and random states.
    """
    return stats.worst(r["velocity_error"])


@claim(
    item="Section 3, gap",
    paper="inequality",
    on="moving_margin",
    rule=AtLeast(1 - 1e-12, standard("double precision"), ideal=1.0),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
    conditions=WITHIN_RANGE,
)
def gap_bound(r: Result) -> Estimate:
    r"""$\Delta\ge2\gamma$, since $\Delta^2=(1-\gamma^2)\lVert\bar H_X-\bar H_Y\rVert^2+4\gamma^2$.

    Measured: smallest $\Delta/(2\gamma)$ over runs and times, $\Delta$ as the distance between the two means of the
    lifted embeddings.
    """
    return stats.worst(r["gap"] / (2 * r["gamma"]), largest=False)


@claim(
    item="Section 3, its range",
    on="leaving",
    rule=AtLeast(1.0, derived(r"the model is defined for $\gamma\in[-1,1]$")),
    quantifier=Quantifier.exists,
    author=Author.ours,
)
def leaves(r: Result) -> Estimate:
    r"""Nothing keeps $\gamma$ in $[-1,1]$: from some random, mismatched starts it passes 1, where $\sqrt{1-\gamma^2}$
    and with it the model ends.

    Measured: the largest $\gamma$ reached by $t=30$ from the start that goes furthest, $\beta_0=2$ and $1/0.07$.
    Note: The theorems are not touched: 3.2 assumes matched pairs, 3.3 speaks of the start. On the sphere of Fig. 2 the
    height cannot pass 1. The text gives the share of starts that leave.
    """
    return stats.worst(r["gamma"])
