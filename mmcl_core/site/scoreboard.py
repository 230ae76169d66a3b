"""The scoreboard: how the papers' statements fell and, apart from them, ours; what the verdicts lean on; every row."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mmcl_core.evidence.rules import Source
from mmcl_core.evidence.verdicts import OF_OURS, OF_PAPERS, Author, Verdict
from mmcl_core.site.render import anchor, badge, grid, powers, row_anchor, text

Record = dict[str, Any]
Ledger = dict[str, Any]


def place(record: Record) -> str:
    """The link from a ledger record to its place in the chapter."""
    return f"chapters/{record['page']}.html#{anchor(record['id'])}"


def scoreboard(ledgers: Sequence[Ledger]) -> str:
    """The whole page below its introduction."""
    records = [record for ledger in ledgers for record in ledger["rows"]]
    of_papers = [r for r in records if r["author"] == Author.paper]
    ours = [r for r in records if r["author"] != Author.paper]
    return (
        '<div class="totals"><div><h2>Statements of the papers</h2>'
        + totals(ledgers, of_papers, OF_PAPERS)
        + "</div><div><h2>Statements of ours</h2><p>Corrections, and what lies beyond the papers.</p>"
        + totals(ledgers, ours, OF_OURS)
        + "</div></div><h2>Every row</h2>"
        + rows(records)
        + "<h2>What the verdicts lean on</h2>"
        + sensitivity(ledgers)
    )


def totals(ledgers: Sequence[Ledger], records: Sequence[Record], verdicts: Sequence[Verdict]) -> str:
    """Counts by verdict and paper, of one kind of author only."""
    papers = [ledger["paper"] for ledger in ledgers]
    counts = Counter((r["verdict"], r["paper"]) for r in records)
    body = [
        [badge(v), *(str(counts[v, paper]) for paper in papers), str(sum(counts[v, paper] for paper in papers))]
        for v in verdicts
        if any(counts[v, paper] for paper in papers)
    ]
    return grid(["Verdict", *map(html.escape, papers), "All"], body)


def sensitivity(ledgers: Sequence[Ledger]) -> str:
    """How many verdicts would change: tolerances halved or doubled, Holm's correction; and what was set after a run."""
    columns = {
        "half": "At half the tolerance",
        "double": "At double the tolerance",
        "holm": "Under Holm's correction",
        "after": "A number set after a run",
    }
    known = {r["id"]: r for ledger in ledgers for r in ledger["rows"]}

    def cell(names: Sequence[str]) -> str:
        links = ", ".join(f'<a href="{place(known[n])}">{text(known[n]["item"])}</a>' for n in names)
        return f"<details><summary>{len(names)}</summary>{links}</details>" if names else "0"

    body = [
        [
            html.escape(ledger["paper"]),
            *(cell(ledger["sensitivity"][name]) for name in columns),
            str(len(ledger["rows"])),
        ]
        for ledger in ledgers
    ]
    return grid(["Chapter", *columns.values(), "Of rows"], body)


def _number(x: float | None) -> str:
    return "not a number" if x is None else powers(f"{x:.4g}")


def measured(r: Record) -> str:
    """Value, interval, n, and the span in which one more seed is expected."""
    if r["n"] is None:
        return f"{html.escape(r['reason'])} <small>({r['missing']})</small>"
    interval = f" [{_number(r['low'])}, {_number(r['high'])}]" if r["low"] != r["high"] else ""
    one_more = "" if r["prediction"] is None else f"; one more seed: {' to '.join(map(_number, r['prediction']))}"
    few = f"<br><small>{text(r['reason'])}</small>" if r["reason"] else ""
    return f"<b>{_number(r['value'])}</b>{interval} <small>n = {r['n']}, {r['interval']}{one_more}</small>{few}"


def basis(r: Record, role: str) -> str:
    """Where the numbers of the rule come from."""
    found = r["basis"].get(role)
    if found is None:
        return ""
    late = " after-a-run" if found["source"] == Source.after else ""
    reason = f": {text(found['reason'])}" if found["reason"] else ""
    return f'<br><small class="basis{late}">{html.escape(found["source"])}{reason}</small>'


def conditions(r: Record) -> str:
    """The conditions of the statement, met or not."""
    items = "".join(
        f"<li>{text(c['formula'])} = {_number(c['value'])}, needed {text(c['needs'])}: "
        f"{'met' if c['met'] else 'not met' if c['matters'] else 'not met, does not matter'}</li>"
        for c in r["conditions"]
    )
    return f"<ul>{items}</ul>" if items else ""


def rows(records: Sequence[Record]) -> str:
    """Every claim with filters by paper, verdict, author, quantifier and basis."""

    def choices(label: str, name: str, values: Sequence[str]) -> str:
        options = "".join(f'<option value="{html.escape(v)}">{html.escape(v)}</option>' for v in dict.fromkeys(values))
        return f'<label>{label} <select data-filter="{name}"><option value="">all</option>{options}</select></label>'

    def source(r: Record) -> str:
        return r["basis"].get("rule", {}).get("source", "a sign")

    orders = "".join(f'<option value="{n}">{n}</option>' for n in ("verdict", "author", "quantifier", "basis"))
    controls = (
        '<label>Search <input type="search" data-filter="text"></label>'
        + choices("Paper", "paper", [r["paper"] for r in records])
        + choices("Author", "author", [r["author"] for r in records])
        + choices("Verdict", "verdict", [r["verdict"] for r in records])
        + choices("Speaks", "quantifier", [r["quantifier"] for r in records])
        + choices("Numbers from", "basis", [source(r) for r in records])
        + f'<label>Order <select data-filter="order"><option value="">as in the book</option>{orders}</select></label>'
    )
    body = "".join(
        f'<tr id="{row_anchor(r["id"])}" data-paper="{r["paper"]}" data-verdict="{r["verdict"]}" '
        f'data-author="{r["author"]}" data-quantifier="{r["quantifier"]}" data-basis="{source(r)}">'
        f'<th scope="row"><a href="{place(r)}">{text(r["item"])}</a><br>{badge(r["verdict"])}</th>'
        f"<td>{text(r['statement'])}<br><small>{text(r['paper_value'])} [{r['mark']}]</small>{conditions(r)}</td>"
        f"<td>{measured(r)}</td><td>{text(r['rule'])}{basis(r, 'rule')}</td>"
        f"<td><small>{r['author']}; {r['quantifier']}; match: {r['match']}; tier {r['tier']}</small>"
        f'<br><code>{r["command"]}</code> <button type="button" data-copy="{r["command"]}">Copy</button></td></tr>'
        for r in records
    )
    head = "".join(
        f'<th scope="col">{n}</th>'
        for n in ("Item, verdict", "Statement", "Measured", "Rule, basis", "Kind; run it again")
    )
    return (
        f'<form class="filters" id="scoreboard-filters">{controls} <output aria-live="polite" id="scoreboard-count">'
        f"{len(records)} of {len(records)} rows</output></form>"
        f'<noscript id="scoreboard-all"><div class="wide"><table class="claims" id="scoreboard-rows">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></noscript>"
        '<p><button type="button" id="scoreboard-more" hidden>Show a hundred more</button></p>'
    )
