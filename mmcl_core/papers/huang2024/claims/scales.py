"""What the claims on the appendices share: initial scales, ranges over seeds, the facts of their runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Real

from mmcl_core.evidence.claim import Condition
from mmcl_core.evidence.rules import AtLeast, derived
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import theory
from mmcl_core.papers.huang2024.claims.conditions import Facts, assumption
from mmcl_core.stats import Estimate, Interval

FIGURE_SCALE, SMALL_SCALE = 0, 1  # sigma_0 = 1e-3 and 1e-5
DELTA = 0.1
WITH_PROBABILITY = derived("the statement holds with probability 1 - delta, and delta = 0.1 was put in")


def span(samples: Real[np.ndarray, ...]) -> Estimate:
    """From the smallest to the largest of all observations: a rule holds, or fails, where it does for each of them."""
    samples = np.asarray(samples, float)
    return Estimate(float(np.median(samples)), float(samples.min()), float(samples.max()), samples.size, Interval.worst)


def orthogonal_facts(r: Result) -> Facts:
    """Of a run in the orthogonal limit, at the largest of its initial scales."""
    c = r.config
    scale = max(c.initial_scales) if hasattr(c, "initial_scales") else c.initial_scale
    snr = float(theory.signal_to_noise(c.n, c.signal, c.noise_norm_squared))
    return Facts(c.n, np.inf, snr, c.ratio, scale * c.noise_norm_squared**0.5)


def dimension_facts(r: Result) -> Facts:
    """Of the runs over d/n^2, at the largest d."""
    c = r.config
    snr = float(theory.signal_to_noise(c.n, c.signal, c.noise_norm_squared))
    return Facts(c.n, max(c.over) * c.n**2, snr, c.ratio, c.initial_noise)


def idle(conditions: tuple[Condition, ...], *words: str) -> tuple[Condition, ...]:
    """The same conditions, of which those whose formula has one of the `words` cannot change the outcome."""
    return tuple(replace(c, matters=c.matters and not any(w in c.formula for w in words)) for c in conditions)


def balanced(n: Callable[[Result], float]) -> Condition:
    """The condition on class sizes, which exactly balanced classes make idle."""
    return Condition(
        r"$n$ against $2500\log(4/\delta)$, for class sizes; here exactly equal", n, AtLeast(9222), matters=False
    )


ORTHOGONAL_SINGLE, ORTHOGONAL_MULTI = (
    (*assumption(orthogonal_facts, multimodal), balanced(lambda r: r.config.n)) for multimodal in (False, True)
)
# The softmax has no part in which pairs can grow at all, nor in the cross-talk, so M does not matter there.
DIMENSION_SINGLE, DIMENSION_MULTI = (
    idle((*assumption(dimension_facts, multimodal), balanced(lambda r: r.config.n)), "C_l")
    for multimodal in (False, True)
)
