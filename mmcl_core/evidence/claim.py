"""Claims about a paper, the rules that judge them, and their verdicts.

A claim names its estimator (a function of stored results) and up to three rules. `rule` is the statement itself.
`refutation`, where given, is evidence that the printed statement is false and not merely unseen. `trend` is the weaker
statement that is left when the first fails. Every verdict is therefore measured; `declared` is what we found when the
claim was written, and a build in which the two differ fails: a surprise is looked at, never hidden.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from mmcl_core.errors import DataAbsent
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate


class Verdict(StrEnum):
    reproduced = "reproduced"
    trend_only = "trend only"
    not_reproduced = "not reproduced"
    refuted = "refuted as printed"
    not_evaluated = "not evaluated"


class Kind(StrEnum):
    """Who makes the claim: the paper, our correction of the paper, or we beyond the paper."""

    paper = "paper"
    correction = "correction"
    beyond = "beyond the paper"


class Rule(Protocol):
    """Judges an estimate; `str(rule)` is what the scoreboard shows. A NaN never passes."""

    def holds(self, estimate: Estimate) -> bool: ...


@dataclass(frozen=True)
class Within:
    """|value - target| <= absolute + relative * |target|."""

    target: float
    absolute: float = 0.0
    relative: float = 0.0

    def holds(self, estimate: Estimate) -> bool:
        return abs(estimate.value - self.target) <= self.absolute + self.relative * abs(self.target)

    def __str__(self) -> str:
        parts = [f"{self.absolute:g}"] * (self.absolute > 0) + [f"{self.relative:.3g} relative"] * (self.relative > 0)
        return f"within {' + '.join(parts) or '0'} of {self.target:.4g}"


@dataclass(frozen=True)
class Between:
    """low <= value <= high; also the rule for a slope in a band."""

    low: float
    high: float

    def holds(self, estimate: Estimate) -> bool:
        return self.low <= estimate.value <= self.high

    def __str__(self) -> str:
        return f"in [{self.low:g}, {self.high:g}]"


@dataclass(frozen=True)
class AtMost:
    bound: float

    def holds(self, estimate: Estimate) -> bool:
        return estimate.value <= self.bound

    def __str__(self) -> str:
        return f"at most {self.bound:.4g}"


@dataclass(frozen=True)
class AtLeast:
    bound: float

    def holds(self, estimate: Estimate) -> bool:
        return estimate.value >= self.bound

    def __str__(self) -> str:
        return f"at least {self.bound:.4g}"


@dataclass(frozen=True)
class IntervalContains:
    """The estimate's interval contains `target`. Needs at least two observations: an infinite interval contains all."""

    target: float

    def holds(self, estimate: Estimate) -> bool:
        return math.isfinite(estimate.high - estimate.low) and estimate.low <= self.target <= estimate.high

    def __str__(self) -> str:
        return f"interval contains {self.target:g}"


@dataclass(frozen=True)
class Positive:
    """An ordering holds: the estimate is a paired difference, and its whole interval lies above zero."""

    def holds(self, estimate: Estimate) -> bool:
        return estimate.low > 0

    def __str__(self) -> str:
        return "whole interval above 0"


@dataclass(frozen=True)
class Identity:
    """The estimate is the largest absolute deviation of two sides of an identity."""

    precision: float

    def holds(self, estimate: Estimate) -> bool:
        return 0 <= estimate.value <= self.precision

    def __str__(self) -> str:
        return f"equal to {self.precision:.0e}"


@dataclass(frozen=True)
class Claim:
    """One statement and how it is judged.

    id : "huang2024.thm4_3"
    item : where it stands in the paper ("Theorem 4.3")
    statement : in our words, with its formula in `$...$`
    paper_value, mark : the paper's number or bound as text, and the sheet's mark of its source (S, M or D)
    experiments : names of the experiments whose results `estimate` receives, in order
    measures : in words, what `estimate` returns ("head-B accuracy, mean over seeds")
    minimum_tier : below it the verdict is "not evaluated"
    note : what else a reader should know; for a verdict other than "reproduced", the likely reason
    """

    id: str
    item: str
    statement: str
    paper_value: str
    mark: str
    experiments: tuple[str, ...]
    measures: str
    estimate: Callable[..., Estimate]
    rule: Rule
    refutation: Rule | None = None
    trend: Rule | None = None
    declared: Verdict = Verdict.reproduced
    kind: Kind = Kind.paper
    minimum_tier: Tier = Tier.book
    note: str = ""

    @property
    def paper(self) -> str:
        return self.id.split(".", 1)[0]

    def judge(self, estimate: Estimate) -> Verdict:
        """The verdict that the rules give, in the order rule, refutation, trend."""
        if math.isnan(estimate.value):
            return Verdict.not_reproduced
        if self.rule.holds(estimate):
            return Verdict.reproduced
        if self.refutation is not None and self.refutation.holds(estimate):
            return Verdict.refuted
        if self.trend is not None and self.trend.holds(estimate):
            return Verdict.trend_only
        return Verdict.not_reproduced


@dataclass(frozen=True)
class Row:
    """A ledger row: a claim, what was measured for it at one tier, and the verdict."""

    claim: Claim
    tier: Tier
    estimate: Estimate | None
    verdict: Verdict
    reason: str = ""

    @property
    def surprising(self) -> bool:
        """The verdict was measured and is not the declared one."""
        return self.verdict not in (self.claim.declared, Verdict.not_evaluated)

    def record(self) -> dict[str, Any]:
        """The row as plain JSON values, the shape that `mmcl claims --json` prints."""
        claim, e = self.claim, self.estimate
        return {
            "id": claim.id,
            "paper": claim.paper,
            "item": claim.item,
            "kind": claim.kind.value,
            "statement": claim.statement,
            "paper_value": claim.paper_value,
            "mark": claim.mark,
            "measures": claim.measures,
            "value": None if e is None else _finite(e.value),
            "low": None if e is None else _finite(e.low),
            "high": None if e is None else _finite(e.high),
            "n": None if e is None else e.n,
            "interval": None if e is None else e.kind,
            "rule": str(claim.rule),
            "tier": self.tier.value,
            "minimum_tier": claim.minimum_tier.value,
            "declared": claim.declared.value,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "note": claim.note,
        }


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def evaluate(claim: Claim, tier: Tier | str, results: Callable[[str], Result]) -> Row:
    """The ledger row of `claim` at `tier`. `results(name)` gives the result of an experiment; it is not called when
    the tier is too low for the claim. Where it raises `DataAbsent` the claim is not evaluated, and the row says why."""
    tier = Tier.parse(tier)
    if tier.rank < claim.minimum_tier.rank:
        return Row(claim, tier, None, Verdict.not_evaluated, f"needs tier {claim.minimum_tier} or above")
    try:
        estimate = claim.estimate(*(results(name) for name in claim.experiments))
    except DataAbsent as absent:
        return Row(claim, tier, None, Verdict.not_evaluated, str(absent))
    return Row(claim, tier, estimate, claim.judge(estimate))


def ledger(claims: Sequence[Claim], tier: Tier | str, results: Callable[[str], Result]) -> list[Row]:
    """All rows, in the order of the claims."""
    return [evaluate(claim, tier, results) for claim in claims]
