"""How a claim of this chapter is written down: the paper's, our correction of it, or ours beyond it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.legacy import Claim, Kind, Rule
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate


@dataclass(frozen=True)
class InRange:
    """The whole interval (of a range of observations) lies in [low, high]."""

    low: float
    high: float

    def holds(self, estimate: Estimate) -> bool:
        return self.low <= estimate.low and estimate.high <= self.high

    def __str__(self) -> str:
        return f"all in [{self.low:g}, {self.high:g}]"


SMOKE = {"minimum_tier": Tier.smoke}


def paper(
    name: str,
    item: str,
    statement: str,
    paper_value: str,
    experiment: str,
    measures: str,
    estimate: Callable,
    rule: Rule,
    **more: Any,
) -> Claim:
    """A statement of the paper, read in a public source of it."""
    return Claim(
        f"yaras2024.{name}",
        item,
        statement,
        paper_value,
        "S",
        (f"yaras2024.{experiment}",),
        measures,
        estimate,
        rule,
        **more,
    )


def corrected(
    name: str, item: str, statement: str, experiment: str, measures: str, estimate: Callable, rule: Rule, **more: Any
) -> Claim:
    """What holds in place of a statement that does not hold as printed."""
    return Claim(
        f"yaras2024.{name}",
        item,
        statement,
        "derived here",
        "D",
        (f"yaras2024.{experiment}",),
        measures,
        estimate,
        rule,
        kind=Kind.correction,
        **more,
    )


def beyond(
    name: str, item: str, statement: str, experiment: str, measures: str, estimate: Callable, rule: Rule, **more: Any
) -> Claim:
    """A statement that the paper does not make."""
    return Claim(
        f"yaras2024.{name}",
        item,
        statement,
        "not in the paper",
        "D",
        (f"yaras2024.{experiment}",),
        measures,
        estimate,
        rule,
        kind=Kind.beyond,
        **more,
    )


def largest(name: str) -> Callable[[Result], Estimate]:
    """The largest absolute entry of an array."""
    return lambda r: stats.exact(np.max(np.abs(r[name])), r[name].size)


def smallest(name: str) -> Callable[[Result], Estimate]:
    return lambda r: stats.exact(np.min(r[name]), r[name].size)


def largest_distance(name: str, target: float) -> Callable[[Result], Estimate]:
    """The largest |entry - target| of an array."""
    return lambda r: stats.exact(np.max(np.abs(r[name] - target)), r[name].size)


def nearest(values: np.ndarray, target: float) -> Estimate:
    """The entry nearest to `target`: evidence for "nowhere at target" when even it is far away."""
    return stats.exact(values[np.argmin(np.abs(values - target))], values.size)


def nearest_to(name: str, target: float) -> Callable[[Result], Estimate]:
    return lambda r: nearest(r[name], target)


def least_paired(differences: list[np.ndarray]) -> Estimate:
    """Of several paired differences over seeds, the one whose interval reaches lowest: an ordering holds when even it is positive."""
    return min((stats.mean(d) for d in differences), key=lambda e: (e.low, e.value))
