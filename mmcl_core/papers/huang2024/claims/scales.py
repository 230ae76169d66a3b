"""What the claims on the appendices share: initial scales, ranges over seeds, the facts of their runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Real

from mmcl_core.evidence.claim import Condition
from mmcl_core.evidence.rules import AtLeast, derived
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import theory
from mmcl_core.papers.huang2024.claims.conditions import Facts, Points, assumption, waive
from mmcl_core.stats import Estimate, Interval

FIGURE_SCALE, SMALL_SCALE = 0, 1  # sigma_0 = 1e-3 and 1e-5
WITH_PROBABILITY = derived("the statement holds with probability 1 - delta, and delta = 0.1 was put in")


def span(samples: Real[np.ndarray, ...]) -> Estimate:
    """From the smallest to the largest of all observations: a rule holds, or fails, where it does for each of them."""
    samples = np.asarray(samples, float)
    return Estimate(float(np.median(samples)), float(samples.min()), float(samples.max()), samples.size, Interval.worst)


def orthogonal_facts(r: Result) -> tuple[Facts, ...]:
    """Of a run in the orthogonal limit, at each of its initial scales; eta k is rate/m at every temperature."""
    c = r.config
    scales = c.initial_scales if hasattr(c, "initial_scales") else (c.initial_scale,)
    snr, norm = float(theory.signal_to_noise(c.n, c.signal, c.noise_norm_squared)), c.noise_norm_squared
    rate = c.rate * norm / (c.n * c.m)
    return tuple(Facts(c.n, c.m, np.inf, snr, c.ratio, scale * norm**0.5, rate) for scale in scales)


def dimension_facts(which: slice) -> Points:
    """Of the runs over d/n^2, at `which` of them: all, or the largest alone."""

    def points(r: Result) -> tuple[Facts, ...]:
        c = r.config
        snr = float(theory.signal_to_noise(c.n, c.signal, c.noise_norm_squared))
        rate = c.rate * c.noise_norm_squared / (c.n * c.m)
        dimensions = [x * c.n**2 for x in sorted(c.over)[which]]
        return tuple(Facts(c.n, c.m, d, snr, c.ratio, c.initial_noise, rate) for d in dimensions)

    return points


def balanced(n: Callable[[Result], float]) -> Condition:
    """The condition on class sizes, which exactly balanced classes make idle."""
    return Condition(
        r"$n$ against $2500\log(4/\delta)$; does not matter, since it bounds class sizes, here exactly equal",
        n,
        AtLeast(9222),
        matters=False,
    )


ORTHOGONAL_SINGLE, ORTHOGONAL_MULTI = (
    (*assumption(orthogonal_facts, multimodal), balanced(lambda r: r.config.n)) for multimodal in (False, True)
)
NO_SOFTMAX = "does not matter, since the softmax has no part in which pairs can grow at all, nor in the cross-talk"
# Claims on the largest d alone, and claims that use every d from n^2 on.
(DIMENSION_SINGLE, DIMENSION_MULTI), (DIMENSIONS_SINGLE, DIMENSIONS_MULTI) = (
    tuple(
        waive((*assumption(dimension_facts(which), multimodal), balanced(lambda r: r.config.n)), n=NO_SOFTMAX)
        for multimodal in (False, True)
    )
    for which in (slice(-1, None), slice(None))
)
