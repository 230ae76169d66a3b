"""The ledger: claims judged on results, and what the verdicts would be under other tolerances and for many rules at
once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmcl_core import stats
from mmcl_core.errors import DataAbsent
from mmcl_core.evidence.claim import Claim
from mmcl_core.evidence.rules import Outcome, Source
from mmcl_core.evidence.verdicts import Missing, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

ALPHA = (1 - stats.LEVEL) / 2  # one-sided level at which a whole 95 % interval decides


@dataclass(frozen=True)
class Row:
    """A ledger row: a claim, what was measured for it at one tier, and the verdict."""

    claim: Claim
    tier: Tier
    estimate: Estimate | None
    verdict: Verdict
    reason: str = ""
    missing: Missing | None = None
    conditions: tuple[tuple[float, bool], ...] = ()

    @property
    def surprising(self) -> bool:
        """The verdict was measured and is not the declared one. A first run of what was never run surprises nobody."""
        return Verdict.not_evaluated not in (self.verdict, self.claim.declared) and self.verdict != self.claim.declared

    @property
    def conditions_met(self) -> bool:
        """Whether every condition that matters is met in the run; False where nothing was run."""
        return self.estimate is not None and _met(self.claim, self.conditions)

    def at_tolerance(self, factor: float) -> Row:
        """The same measurement judged with tolerances times `factor`."""
        scaled = self.claim.at_tolerance(factor)
        if self.estimate is None:
            return replace(self, claim=scaled)
        return replace(self, claim=scaled, verdict=scaled.judge(self.estimate, self.conditions_met))

    def record(self) -> dict[str, Any]:
        """The row as plain JSON values, the shape that `mmcl claims --json` prints."""
        claim, e = self.claim, self.estimate
        predicted = None if e is None else stats.prediction(e)
        rules = {role: getattr(claim, role) for role in ("rule", "refutation", "trend")}
        return {
            "id": claim.id,
            "paper": claim.paper,
            "item": claim.item,
            "author": claim.author.value,
            "quantifier": claim.quantifier.value,
            "match": claim.match.value,
            "statement": claim.statement,
            "paper_value": claim.paper_value,
            "mark": claim.mark,
            "measured": claim.measured,
            "value": None if e is None else _finite(e.value),
            "low": None if e is None else _finite(e.low),
            "high": None if e is None else _finite(e.high),
            "n": None if e is None else e.n,
            "interval": None if e is None else str(e.kind),
            "prediction": None if predicted is None else [_finite(p) for p in predicted],
            **{role: None if rule is None else str(rule) for role, rule in rules.items()},
            "basis": {
                role: {"source": rule.basis.source.value, "reason": rule.basis.reason}
                for role, rule in rules.items()
                if rule is not None and rule.basis is not None
            },
            "conditions": [
                {"formula": c.formula, "needs": str(c.needs), "matters": c.matters, "value": _finite(v), "met": met}
                for c, (v, met) in zip(claim.conditions, self.conditions, strict=False)
            ],
            "algebra": claim.algebra,
            "tier": self.tier.value,
            "minimum_tier": claim.minimum_tier.value,
            "declared": claim.declared.value,
            "verdict": self.verdict.value,
            "surprising": self.surprising,
            "missing": None if self.missing is None else self.missing.value,
            "reason": self.reason,
            "note": claim.note,
            "experiments": list(claim.experiments),
            "estimator": claim.source,
            "command": f"mmcl claims {claim.id} --tier {self.tier}",
        }


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _met(claim: Claim, conditions: Sequence[tuple[float, bool]]) -> bool:
    return all(met for c, (_, met) in zip(claim.conditions, conditions, strict=True) if c.matters)


def evaluate(claim: Claim, tier: Tier | str, results: Callable[[str], Result]) -> Row:
    """The ledger row of `claim` at `tier`. `results(name)` gives the result of an experiment; it is not called when
    the tier is too low for the claim. Where it raises `DataAbsent` the claim is not evaluated, and the row says why."""
    tier = Tier.parse(tier)
    if tier.rank < claim.minimum_tier.rank:
        kind = Missing.never if claim.declared == Verdict.not_evaluated else Missing.tier
        never = " and has not been run by us" if kind == Missing.never else ""
        return Row(claim, tier, None, Verdict.not_evaluated, f"needs tier {claim.minimum_tier}{never}", kind)
    try:
        given = [results(name) for name in claim.experiments]
        estimate = claim.estimator(*given)
    except DataAbsent as absent:
        return Row(claim, tier, None, Verdict.not_evaluated, str(absent), Missing.data)
    conditions = tuple(condition.measure(given) for condition in claim.conditions)
    verdict = claim.judge(estimate, _met(claim, conditions))
    few = "" if estimate.decisive else f"{estimate.n} seeds decide nothing: a t interval needs {stats.FEWEST}"
    return Row(claim, tier, estimate, verdict, few, None, conditions)


def ledger(claims: Sequence[Claim], tier: Tier | str, results: Callable[[str], Result]) -> list[Row]:
    """All rows, in the order of the claims."""
    return [evaluate(claim, tier, results) for claim in claims]


@dataclass(frozen=True)
class Totals:
    """How the rows of one kind of author fell; the papers' and ours are never added."""

    of_papers: Counter
    ours: Counter

    def __str__(self) -> str:
        def line(name: str, counts: Counter) -> str:
            parts = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
            return f"{counts.total()} {name}: {parts}" if counts else f"no {name}"

        return f"{line('statements of the papers', self.of_papers)}\n{line('of ours', self.ours)}"


def totals(rows: Sequence[Row]) -> Totals:
    """Verdicts counted, the papers' statements and ours apart."""
    papers: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    for row in rows:
        (papers if row.claim.author.of_paper else ours)[row.verdict.value] += 1
    return Totals(papers, ours)


def changed_under_holm(rows: Sequence[Row]) -> list[str]:
    """Ids of the papers' sampled claims, all of one chapter, that Holm's correction would leave undecided."""
    tested = [
        (row.claim.id, p)
        for row in rows
        if row.claim.author.of_paper
        and row.estimate is not None
        and not math.isnan(p := row.claim.rule.p_value(row.estimate))
    ]
    if not tested:
        return []
    kept = stats.holm(np.array([p for _, p in tested]), ALPHA)
    return [name for (name, _), keeps in zip(tested, kept, strict=True) if not keeps]


def changed_at_tolerance(rows: Sequence[Row], factor: float) -> list[str]:
    """Ids of the claims whose verdict would be another with every tolerance times `factor`."""
    return [row.claim.id for row in rows if row.at_tolerance(factor).verdict != row.verdict]


def set_after_a_run(rows: Sequence[Row]) -> list[str]:
    """Ids of the claims with a number that was set with a result in view."""
    return [
        row.claim.id
        for row in rows
        if any(
            basis is not None and basis.source == Source.after
            for rule in (row.claim.rule, row.claim.refutation, row.claim.trend)
            for basis in (getattr(rule, "basis", None),)
        )
    ]


def outcome_of_one_more(row: Row, value: float) -> Outcome:
    """Whether one more seed's `value` lies in the row's 95 % prediction interval."""
    predicted = None if row.estimate is None else stats.prediction(row.estimate)
    if predicted is None:
        return Outcome.undecided
    return Outcome.holds if predicted[0] <= value <= predicted[1] else Outcome.fails
