"""What a statement speaks of and under which conditions, and how near the run is to the paper's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mmcl_core.evidence.rules import Rule


class Quantifier(StrEnum):
    """What a statement speaks of; the estimator must answer to it."""

    every = "for every"  # judged by the worst case
    mean = "on average"  # by an interval over seeds
    probability = "with probability"  # by the share of draws
    exists = "there is"  # by one example that is shown
    order = "order of growth"  # by a fitted exponent over at least four sizes, or the limit
    limit = "in the limit"  # by convergence at the predicted rate


class Match(StrEnum):
    """How near the run is to what the paper ran."""

    exact = "exact"  # the paper's own setting and sizes, or an identity
    scaled = "scaled"  # its setting at other sizes
    reconstructed = "reconstructed"  # details that it leaves out are filled in by us
    ours = "ours"  # our design


@dataclass(frozen=True)
class Condition:
    """A condition of a theorem: its formula, its value in the run (a number or a function of the results), what is
    needed.

    One that could not change the outcome does not `matter`; a refutation needs all the others to be met.
    """

    formula: str
    value: float | Callable[..., float]
    needs: Rule
    matters: bool = True

    def measure(self, results: Sequence[Any]) -> tuple[float, bool]:
        """The condition's value in the run, and whether it is met."""
        value = float(self.value(*results) if callable(self.value) else self.value)
        low, high = self.needs.region
        return value, not math.isnan(value) and low <= value <= high
