"""The ledgers that executed pages leave, one a paper: where each claim is shown, and whether it is shown exactly
once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmcl_core.evidence.ledger import Row, changed_at_tolerance, changed_under_holm, set_after_a_run
from mmcl_core.lab.run import Result

Ledger = dict[str, Any]


def paper_of(page: str) -> str:
    """The paper of a chapter's page: "xue2024" of "xue2024" and of "xue2024-experiments"."""
    return page.partition("-")[0]


def judged(rows: Sequence[Row], results: Iterable[Result]) -> Ledger:
    """The part of a page's ledger that rests on results: its rows, what the verdicts lean on, and the experiments."""
    return {
        "rows": [row.record() for row in rows],
        "sensitivity": {
            "half": changed_at_tolerance(rows, 0.5),
            "double": changed_at_tolerance(rows, 2.0),
            "holm": changed_under_holm(rows),
            "after": set_after_a_run(rows),
        },
        "experiments": [
            {
                "name": r.experiment,
                "seconds": r.seconds,
                "created": r.created,
                "device": r.device,
                "seeds": list(r.seeds),
                "data": r.data,
                "key": r.key,
            }
            for r in results
        ],
    }


def gathered(executed: Path, built: Sequence[str]) -> list[Ledger]:
    """One ledger a paper, that of its first page with `page`, the page that shows it, in every row.

    A paper whose first page did not come to its end has none. Experiments are those of all its pages.
    """
    parts = {page: json.loads((executed / f"{page}.ledger.json").read_text(encoding="utf-8")) for page in built}
    ledgers = []
    for key in (page for page in built if page == paper_of(page)):
        mine = [part for page, part in parts.items() if paper_of(page) == key]
        shown_on = {name: part["page"] for part in mine for name in part["shown"]}
        rows = [row | {"page": shown_on.get(row["id"].split(".", 1)[1], key)} for row in parts[key]["rows"]]
        experiments = {e["name"]: e for part in mine for e in part["experiments"]}
        shown = Counter(name for part in mine for name in part["shown"])
        ledgers.append(
            parts[key]
            | {
                "rows": rows,
                "experiments": [*experiments.values()],
                "shown": shown,
                "pages": [part["page"] for part in mine],
                "figures": {name: part["page"] for part in mine for name in part.get("figures", ())},
                "heads": {part["page"]: part.get("head", {}) for part in mine},
            }
        )
    return ledgers


def misplaced(ledger: Ledger) -> list[str]:
    """Claims of a paper that its pages show never or more than once: the scoreboard must have one place to link to."""
    names = [row["id"].split(".", 1)[1] for row in ledger["rows"]]
    return [name for name in names if ledger["shown"][name] != 1]
