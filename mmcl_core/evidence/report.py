"""Ledger rows in words for a terminal, and as JSON-LD for machines that collect claims."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from mmcl_core import stats
from mmcl_core.evidence.ledger import (
    Row,
    changed_at_tolerance,
    changed_under_holm,
    outcome_of_one_more,
    set_after_a_run,
    totals,
)
from mmcl_core.evidence.paper import Paper
from mmcl_core.evidence.rules import Outcome


def line(row: Row) -> str:
    """One row on one line; a verdict other than the declared one is marked."""
    mark = "!" if row.surprising else " "
    return f"{mark} {row.claim.id:40} {row.verdict:18} {row.estimate or row.reason}  (rule: {row.claim.rule})"


def full(row: Row) -> str:
    """Everything that a row carries, one fact a line."""
    c, e = row.claim, row.estimate
    facts = [
        ("claim", c.id),
        ("item", c.item),
        ("statement", c.statement),
        ("author", f"{c.author}; {c.paper_value} [{c.mark}]"),
        ("speaks", f"{c.quantifier}; match: {c.match}"),
        ("measured", c.measured),
        ("value", row.reason if e is None else f"{e} (n = {e.n}, {e.kind})" + (f"; {row.reason}" * bool(row.reason))),
    ]
    if e is not None and (predicted := stats.prediction(e)) is not None:
        facts.append(
            ("one more", f"95 % prediction interval for one more seed: {predicted[0]:.4g} to {predicted[1]:.4g}")
        )
    for role in ("rule", "refutation", "trend"):
        if (rule := getattr(c, role)) is not None:
            facts.append((role, f"{rule}" + (f" ({rule.basis})" if rule.basis else "")))
    for condition, (value, met) in zip(c.conditions, row.conditions, strict=False):
        state = "met" if met else "not met" if condition.matters else "not met, but does not matter"
        facts.append(("condition", f"{condition.formula} = {value:.4g}, needed {condition.needs}: {state}"))
    if c.algebra:
        facts.append(("algebra", c.algebra))
    facts.append(("verdict", f"{row.verdict}" + (f", declared {c.declared}" if row.surprising else "")))
    if c.note:
        facts.append(("note", c.note))
    facts += [
        ("estimator", c.source),
        ("experiment", ", ".join(c.experiments)),
        ("again", f"mmcl claims {c.id} --tier {row.tier}"),
    ]
    return "\n".join(f"{name:10} {value}" for name, value in facts)


def summary(rows: Sequence[Row]) -> str:
    """The totals, the papers' and ours apart, and how many verdicts lean on tolerances or on there being many rules."""
    holm = [name for key in dict.fromkeys(r.claim.paper for r in rows) for name in changed_under_holm(of(rows, key))]
    return "\n".join(
        [
            str(totals(rows)),
            f"other verdicts at half the tolerance: {len(changed_at_tolerance(rows, 0.5))}, "
            f"at double: {len(changed_at_tolerance(rows, 2.0))}, under Holm's correction: {len(holm)}; "
            f"with a number set after a run: {len(set_after_a_run(rows))}",
        ]
    )


def of(rows: Iterable[Row], paper: str) -> list[Row]:
    """The rows of one paper: Holm's correction is made within each chapter."""
    return [row for row in rows if row.claim.paper == paper]


def compare(row: Row, seeds: Sequence[int], mine: stats.Estimate) -> list[str]:
    """One line a seed of the reader's own: whether its value lies in the row's 95 % prediction interval."""
    predicted = None if row.estimate is None else stats.prediction(row.estimate)
    if predicted is None or len(mine.samples) != len(seeds):
        kind = row.reason if row.estimate is None else f"{row.estimate.kind}, n = {row.estimate.n}"
        return [
            f"{row.claim.id}: no prediction for one more seed, because its estimate is not one number a seed ({kind})"
        ]
    count = row.estimate.n if row.estimate is not None else 0
    words = {Outcome.holds: "inside", Outcome.fails: "OUTSIDE", Outcome.undecided: "beside"}
    span = f"{predicted[0]:.4g} to {predicted[1]:.4g}"
    return [
        f"{row.claim.id} seed {seed}: {value:.4g}, {words[outcome_of_one_more(row, value)]} the 95 % prediction "
        f"interval "
        f"{span} made from {count} seeds"
        for seed, value in zip(seeds, mine.samples, strict=True)
    ]


def jsonld(rows: Sequence[Row], papers: Sequence[Paper]) -> dict[str, Any]:
    """The rows as schema.org `Claim`s in the articles where they appear, each with our `ClaimReview`."""
    graph: list[dict[str, Any]] = [
        {"@type": "ScholarlyArticle", "@id": f"#{p.key}", "name": p.title, "author": p.authors, "citation": p.reference}
        for p in papers
    ]
    for row in rows:
        c, e = row.claim, row.estimate
        author = {"@id": f"#{c.paper}"} if c.author.of_paper else {"@type": "Organization", "name": "MMCL, Reproduced"}
        graph.append(
            {
                "@type": "Claim",
                "@id": f"#{c.id}",
                "name": c.item,
                "text": c.statement,
                **(
                    {"appearance": author} if c.author.of_paper else {"author": author, "about": {"@id": f"#{c.paper}"}}
                ),
            }
        )
        graph.append(
            {
                "@type": "ClaimReview",
                "itemReviewed": {"@id": f"#{c.id}"},
                "claimReviewed": c.statement,
                "reviewRating": {"@type": "Rating", "alternateName": row.verdict.value},
                "reviewBody": f"{c.measured}: {row.reason if e is None else e}; rule: {c.rule}",
                "additionalProperty": [
                    {"@type": "PropertyValue", "name": name, "value": value}
                    for name, value in row.record().items()
                    if value not in (None, "", [], {})
                    and not (isinstance(value, float) and math.isnan(value))
                    and name in ("quantifier", "match", "value", "low", "high", "n", "interval", "tier", "estimator")
                ],
            }
        )
    return {"@context": "https://schema.org", "@graph": graph}
