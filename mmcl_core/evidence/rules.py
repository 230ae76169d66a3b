"""Rules that judge an estimate, and the basis of the numbers in them.

A rule names a region of allowed values. It holds when the whole interval of the estimate lies in the region, fails when
the whole interval lies outside, and is undecided in between: what an interval does not settle, a rule does not either.
Every number in a rule says where it comes from; one that was set after a run says so, with the reason.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import StrEnum

from mmcl_core import stats
from mmcl_core.stats import Estimate


class Outcome(StrEnum):
    """What a rule makes of an interval."""

    holds = "holds"
    fails = "fails"
    undecided = "undecided"


class Source(StrEnum):
    """Where a number in a rule comes from, from the best to the weakest."""

    paper = "the paper"
    derived = "a derived error term"
    standard = "a standard"
    before = "set before any run"
    after = "set after a run"


@dataclass(frozen=True)
class Basis:
    """The source of a rule's numbers, with the reason in words; only the paper's own numbers need none.

    Raises
    ------
    ValueError
        When any other source comes without its reason.
    """

    source: Source
    reason: str = ""

    def __post_init__(self) -> None:
        if self.source != Source.paper and not self.reason.strip():
            raise ValueError(f"A number that is '{self.source}' needs its reason")

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}" if self.reason else str(self.source)


PAPER = Basis(Source.paper)


def derived(reason: str) -> Basis:
    """The tolerance is an error term: a standard error of the design, a next order, a solver's tolerance."""
    return Basis(Source.derived, reason)


def standard(reason: str) -> Basis:
    """Machine precision, a conventional equivalence margin, a level that the field uses."""
    return Basis(Source.standard, reason)


def before(reason: str) -> Basis:
    """Written down before any run that could show the value."""
    return Basis(Source.before, reason)


def after(reason: str) -> Basis:
    """Set with a result in view: allowed with its reason, shown on the page, counted on the scoreboard."""
    return Basis(Source.after, reason)


@dataclass(frozen=True)
class Rule(ABC):
    """A region of allowed values. `str(rule)` is what the scoreboard shows; a NaN fails every rule."""

    @property
    @abstractmethod
    def region(self) -> tuple[float, float]:
        """The closed region [low, high]; infinite where there is no bound."""

    @property
    def open(self) -> bool:
        """Whether the region's finite ends are excluded."""
        return False

    @property
    def numbered(self) -> bool:
        """Whether the rule has a number that needs a basis; zero, the sign of a difference, needs none."""
        return True

    def judge(self, estimate: Estimate) -> Outcome:
        """The outcome for the whole interval of `estimate`."""
        low, high = self.region
        if math.isnan(estimate.value) or math.isnan(estimate.low) or math.isnan(estimate.high):
            return Outcome.fails
        beyond_low = estimate.low > low if self.open and math.isfinite(low) else estimate.low >= low
        beyond_high = estimate.high < high if self.open and math.isfinite(high) else estimate.high <= high
        if beyond_low and beyond_high:
            outcome = Outcome.holds
        elif (
            estimate.high < low or estimate.low > high or (self.open and (estimate.high <= low or estimate.low >= high))
        ):
            outcome = Outcome.fails
        else:
            outcome = Outcome.undecided
        return outcome if estimate.decisive else Outcome.undecided

    def p_value(self, estimate: Estimate) -> float:
        """One-sided p of what the interval decided; NaN where it decided nothing or nothing was sampled."""
        low, high = self.region
        outcome = self.judge(estimate)
        if not estimate.sampled or outcome == Outcome.undecided:
            return math.nan
        if outcome == Outcome.holds:  # the worse of the two sides: the two one-sided tests of equivalence
            sides = [(low, True)] * math.isfinite(low) + [(high, False)] * math.isfinite(high)
            return max((stats.p_value(estimate, bound, above) for bound, above in sides), default=math.nan)
        return stats.p_value(estimate, low, False) if estimate.high <= low else stats.p_value(estimate, high, True)

    def scaled(self, factor: float) -> Rule:
        """The same rule with its tolerance times `factor`; a rule whose number is the statement itself stays."""
        return self


@dataclass(frozen=True)
class Within(Rule):
    """|value - target| <= absolute + relative * |target|. `basis` is that of the tolerance; the target is the claim's.

    Also the form of "does not change": `Within(0, absolute=margin)` on a paired difference is an equivalence test.
    """

    target: float
    absolute: float = 0.0
    relative: float = 0.0
    basis: Basis | None = None

    @property
    def region(self) -> tuple[float, float]:
        slack = self.absolute + self.relative * abs(self.target)
        return self.target - slack, self.target + slack

    def scaled(self, factor: float) -> Within:
        return replace(self, absolute=self.absolute * factor, relative=self.relative * factor)

    def __str__(self) -> str:
        parts = [f"{self.absolute:g}"] * (self.absolute > 0) + [f"{self.relative:.3g} relative"] * (self.relative > 0)
        return f"within {' + '.join(parts) or '0'} of {self.target:.4g}"


@dataclass(frozen=True)
class Between(Rule):
    """low <= value <= high."""

    low: float
    high: float
    basis: Basis | None = None

    @property
    def region(self) -> tuple[float, float]:
        return self.low, self.high

    def scaled(self, factor: float) -> Between:
        centre, half = (self.low + self.high) / 2, (self.high - self.low) / 2 * factor
        return replace(self, low=centre - half, high=centre + half)

    def __str__(self) -> str:
        return f"in [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class OneSided(Rule):
    """A bound. Where it is a tolerance around an `ideal` value, that value is named, and scaling moves the bound."""

    bound: float
    basis: Basis | None = None
    ideal: float | None = None

    def scaled(self, factor: float) -> OneSided:
        return self if self.ideal is None else replace(self, bound=self.ideal + factor * (self.bound - self.ideal))


class AtMost(OneSided):
    """value <= bound."""

    @property
    def region(self) -> tuple[float, float]:
        return -math.inf, self.bound

    def __str__(self) -> str:
        return f"at most {self.bound:.4g}"


class AtLeast(OneSided):
    """value >= bound."""

    @property
    def region(self) -> tuple[float, float]:
        return self.bound, math.inf

    def __str__(self) -> str:
        return f"at least {self.bound:.4g}"


@dataclass(frozen=True)
class Positive(Rule):
    """An ordering: the estimate is a paired difference, and its whole interval lies above zero."""

    basis: Basis | None = None

    @property
    def region(self) -> tuple[float, float]:
        return 0.0, math.inf

    @property
    def open(self) -> bool:
        return True

    @property
    def numbered(self) -> bool:
        return False

    def __str__(self) -> str:
        return "whole interval above 0"


@dataclass(frozen=True)
class Identity(Rule):
    """The estimate is the largest deviation between the two sides of an identity: between 0 and `precision`."""

    precision: float
    basis: Basis | None = None

    @property
    def region(self) -> tuple[float, float]:
        return 0.0, self.precision

    def scaled(self, factor: float) -> Identity:
        return replace(self, precision=self.precision * factor)

    def __str__(self) -> str:
        return f"equal to {self.precision:.0e}"
