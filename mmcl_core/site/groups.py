"""Several claims as one closed line that says what it holds and how it fell; what failed stands open."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmcl_core.evidence.ledger import Row, totals
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.site.render import text, verdict_box

OPEN = (Verdict.refuted, Verdict.not_reproduced, Verdict.does_not_hold)  # what a group shows without a click
HELD, RELEASED = "<!--held-->", "<!--released-->"  # the site keeps what lies between out of the page until it is opened


def claims_group(rows: Sequence[Row], title: str = "") -> str:
    """Several claims as one closed line that says what it holds and how it fell; open for what failed."""
    failed = [row for row in rows if row.verdict in OPEN]
    others = [row for row in rows if row.verdict not in OPEN]
    title = title or named([row.claim.item for row in rows])
    if not failed:
        return fold(f"<b>{text(title)}</b>: {fell(rows)}", others)
    rest = fold(f"The other {len(others)}: {fell(others)}", others) if others else ""
    boxes = "".join(map(verdict_box, failed))
    return f'<details class="claims" open><summary><b>{text(title)}</b>: {fell(rows)}</summary>{boxes}{rest}</details>'


def fold(summary: str, rows: Sequence[Row]) -> str:
    """A closed line with boxes under it."""
    boxes = "".join(map(verdict_box, rows))
    return f'<details class="claims"><summary>{summary}</summary>{HELD}{boxes}{RELEASED}</details>'


def fell(rows: Sequence[Row]) -> str:
    """How rows fell, in words: "5 statements of the paper: 4 reproduced, 1 refuted as printed; 2 of ours: both hold"."""
    counted = totals(rows)
    parts = []
    for name, counts in (("of the paper", counted.of_papers), ("of ours", counted.ours)):
        if counts:
            number = counts.total()
            noun = "" if parts else " statement" if number == 1 else " statements"
            verdicts = (
                next(iter(counts))
                if number == 1
                else ", ".join(f"{n} {plural(verdict, n)}" for verdict, n in counts.most_common())
            )
            parts.append(f"{number}{noun} {name}: {verdicts}")
    return "; ".join(parts)


def plural(verdict: str, n: int) -> str:
    """The verdict of `n` statements: "2 hold", "1 holds"."""
    return verdict if n == 1 else {"holds": "hold", "does not hold": "do not hold"}.get(verdict, verdict)


ONE = r"\(?(?:[A-Z](?:\.\d+)*|\d+(?:\.\d+)*)[a-z]?\)?"
LABEL = re.compile(
    r"((?i:Theorem|Lemma|Corollary|Definition|Figure|Fig\.|Table|Section|Appendix|Equation|Eq\.))s?\.? "
    rf"({ONE}(?:(?:, | and | to |-){ONE}(?!\w))*)(?!\w)"
)
PLURAL = {"Theorem": "Theorems", "Lemma": "Lemmas", "Figure": "Figures", "Fig.": "Figs.", "Table": "Tables"}


def named(items: Sequence[str]) -> str:
    """What several items have in common, as a title: "Lemmas C.1, C.3, C.4"."""
    distinct = list(dict.fromkeys(items))
    if len(distinct) == 1:
        return distinct[0]
    kinds: dict[str, list[str]] = {}
    others: list[str] = []
    for item in distinct:
        found = LABEL.search(item)
        if found is None:
            others.append(re.split(r"[,:]", item)[0])
            continue
        kind = found[1].capitalize()
        for label in re.split(r", | and ", found[2]):
            if label not in kinds.setdefault(kind, []):
                kinds[kind].append(label)
    parts = []
    for kind, labels in kinds.items():
        ordered = labels
        if kind == "Lemma":
            ordered = sorted(labels, key=lambda one: [int(x) if x.isdigit() else x for x in re.split(r"(\d+)", one)])
        one_row = len(ordered) > 5 and len({label[0] for label in ordered}) == 1
        told = f"{ordered[0]} to {ordered[-1]}" if one_row else ", ".join(ordered)
        several = len(ordered) > 1 or " to " in told
        parts.append(f"{PLURAL.get(kind, kind) if several else kind} {told}")
    return "; ".join([*parts, *dict.fromkeys(others)])
