"""Negative pairs bring the condition number down (the abstracts), and without them it stays large (recalled)."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Identity, Positive, Within, after, derived, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.papers.ren2023 import theory
from mmcl_core.papers.ren2023.claims.positive_pairs import (
    CONTRASTIVE,
    FINITE_WIDTH,
    NON_ISOTROPIC,
    SENTENCE,
    WIDE,
    at_alignment,
    over_flow,
)

STAGE_TWO, KEPT, NO_NEGATIVES = "Abstract: negative pairs", "Recalled: the second stage", "Recalled: no negatives"


theirs = partial(
    claim, on="runs", quantifier=Quantifier.every, match=Match.reconstructed, conditions=(NON_ISOTROPIC, WIDE)
)


@theirs(item=STAGE_TWO, paper=SENTENCE, rule=Positive())
def p2_falls(r):
    r"""Negative pairs reduce the condition number: every contrastive run ends better conditioned than it started.

    Measured: smallest $\log(\kappa_0/\kappa_{\rm end})$ over three temperatures and all seeds
    """
    kappa = [r[f"{n}_condition_number"] for n in CONTRASTIVE]
    return stats.worst(np.stack([np.log(k[:, 0] / k[:, -1]) for k in kappa]), largest=False)


ours = partial(claim, on="runs", author=Author.ours, quantifier=Quantifier.mean)


@ours(
    item="Minibatches: what is left",
    conditions=(NON_ISOTROPIC, WIDE),
    rule=AtMost(1.02, after("a pilot had ended at 1.006 by the floor of its stochastic gradients, D9"), ideal=1),
)
def p2_tau2_5(r):
    r"""Up to the floor of stochastic gradients negatives bring it down to 1: below 1.02 at the end for $\tau^2 = 5$.

    Measured: $\kappa$ at the end, mean over seeds
    Note: We recall that the paper has $\kappa$ tend to 1. An end value tests no limit: what is left above 1 is the
    floor of D9, and with exact gradients the distance from 1 is below $10^{-6}$ (D7).
    """
    return stats.mean(r["tau2_5_condition_number"][:, -1])


@ours(
    item="Minibatches: what is left",
    conditions=(NON_ISOTROPIC, WIDE),
    rule=AtMost(1.15, after("a pilot had ended at 1.067 by the floor of its stochastic gradients, D9"), ideal=1),
)
def p2_tau2_1(r):
    r"""The same at $\tau^2 = 1$: below 1.15.

    Measured: $\kappa$ at the end, mean over seeds
    Note: The floor of D9 is higher at the lower inverse temperature.
    """
    return stats.mean(r["tau2_1_condition_number"][:, -1])


@ours(item=STAGE_TWO, rule=Within(1, absolute=0.1, basis=FINITE_WIDTH))
def p2_peak(r):
    r"""At $\tau^2 = 5$ the peak lies where the infinite-width flow puts it (3.01), up to finite width.

    Measured: largest $\kappa$ of trained encoders over that of the flow, mean over seeds
    """
    return over_flow(r, "tau2_5")


@theirs(
    item=KEPT,
    paper="a statement recalled: alignment is kept",
    mark="M",
    rule=AtLeast(0.99, standard("one per cent of the ideal alignment"), ideal=1),
)
def p2_aligned(r):
    r"""Alignment is kept while $\kappa$ falls: it ends within one per cent of 1 in all three contrastive runs.

    Measured: smallest alignment at the end over runs and seeds
    """
    ends = [r[f"{n}_alignment"][:, -1] for n in CONTRASTIVE]
    return stats.worst(np.stack(ends), largest=False)


@theirs(item=NO_NEGATIVES, paper="a statement recalled: it stays large", mark="M", rule=Positive())
def p3_worse(r):
    r"""Without negatives the views align all the same, and the condition number stays large: when alignment comes to
    0.99, $\kappa$ is above its start.

    Measured: smallest $\log(\kappa/\kappa_0)$ over seeds when alignment has come to 0.99, non-contrastive loss
    """
    kappa = at_alignment(r, "noncontrastive", 0.99)
    return stats.worst(np.log(kappa / r["noncontrastive_condition_number"][:, 0]), largest=False)


@ours(item=NO_NEGATIVES, rule=Within(1.0, absolute=0.1, basis=FINITE_WIDTH))
def p3_unbalanced(r):
    r"""How much worse is known: $\kappa$ ends on the closed form $\kappa_\infty$ of D3.

    Measured: $\kappa$ at the end over $\kappa_\infty$, mean over seeds
    """
    limit = theory.limit_condition_number(r.config.signal, r.config.d)
    return stats.mean(r["noncontrastive_condition_number"][:, -1] / limit)


@claim(
    item=NO_NEGATIVES,
    on="temperatures",
    quantifier=Quantifier.limit,
    author=Author.ours,
    rule=Identity(1e-6, derived("all rates are above 1e-3, so only the solver's tolerance of 1e-9 a step is left")),
)
def p3_stationary(r):
    r"""That end is an end: in ten times the time $\kappa$ does not move at infinite width.

    Measured: $|\Delta\kappa|$ from $t = 4\cdot10^5$ to ten times that
    """
    return stats.exact(float(r["noncontrastive_change"]))
