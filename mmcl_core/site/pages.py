"""Generated pages: the tables that go into the hand-written deviations and colophon."""

from __future__ import annotations

import html
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmcl_core import __version__
from mmcl_core.catalog import find_claim
from mmcl_core.evidence.paper import Paper
from mmcl_core.evidence.verdicts import GOOD, Verdict
from mmcl_core.site.render import badge, grid, text
from mmcl_core.site.scoreboard import place

VERSIONS = (
    "torch",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "matplotlib",
    "mlxtend",
    "papermill",
    "jupytext",
    "jupyter-book",
    "sphinx",
    "myst-nb",
)


CLAIM = re.compile(r"\[\[([a-z0-9]+\.[a-zA-Z0-9_]+)(?::([^\]]+))?\]\]")


def filled(page: str, records: dict[str, dict[str, Any]]) -> str:
    """A hand-written page with `[[paper.claim]]` as a link with the live verdict, `[[paper.claim:.2f]]` as its value.

    A claim of a chapter that failed in this build says so.

    Raises
    ------
    InputError
        For a claim that the book does not have.
    """

    def put(match: re.Match) -> str:
        name, form = match[1], match[2]
        find_claim(name)
        if name not in records:
            return "(its chapter failed in this build)"
        record = records[name]
        if form is None:
            return f'<a href="{place(record)}">{text(record["item"])}</a> {badge(record["verdict"])}'
        return "(not evaluated at this tier)" if record["value"] is None else format(record["value"], form)

    return CLAIM.sub(put, page)


KINDS = {
    "wrong as printed": "Contradicted by the paper's own proof or by its numbers; each entry says what holds instead.",
    "not reproduced": "Statements, of the paper or our own, that came out otherwise when they were run.",
    "unstated": "What the paper leaves open, and what we chose.",
    "changed": "What is done otherwise than in the paper, and why it may be.",
    "retired": "Claims of ours that are gone: they tested nothing, or are stated otherwise now.",
}


def deviations(papers: Sequence[Paper], ledgers: Sequence[dict[str, Any]]) -> str:
    """What we changed or found different, by paper and kind, each kind one sentence and a closed table with links to
    the ledger rows concerned; and every row that is not reproduced."""
    records = {r["id"]: r for ledger in ledgers for r in ledger["rows"]}

    def linked(name: str) -> str:
        r = records[name]
        return f'<a href="{place(r)}">{text(r["item"])}</a> {badge(r["verdict"])}'

    parts = []
    for paper in papers:
        counts = Counter(d.kind for d in paper.deviations)
        told = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
        parts.append(f"<h2>{html.escape(paper.authors)}</h2><p>{counts.total()} entries: {told}.</p>")
        for kind, meaning in KINDS.items():
            rows = [
                [text(d.item), text(d.text), text(d.reason), ", ".join(linked(c) for c in d.claims if c in records)]
                for d in paper.deviations
                if d.kind == kind
            ]
            if rows:
                parts.append(f"<h3>{kind.capitalize()}</h3><p>{meaning}</p>")
                table = grid(("Item", "What", "Why", "Claims"), rows, "claims")
                named = f"{len(rows)} entries" if kind == "retired" else "; ".join(row[0] for row in rows)
                parts.append(closed(named, table))
        open_or_failed = [
            r
            for r in records.values()
            if r["paper"] == paper.key and r["verdict"] not in (*GOOD, Verdict.not_evaluated)
        ]
        items = "".join(
            f'<li><a href="{place(r)}">{text(r["item"])}</a> {badge(r["verdict"])} {text(r["statement"])}'
            f"<br><small>{text(r['note'])}</small></li>"
            for r in open_or_failed
        )
        if not open_or_failed:
            continue
        fell = Counter(r["verdict"] for r in open_or_failed)
        parts.append("<h3>Statements that did not reproduce, or do not hold, as stated</h3>")
        parts.append(
            "<p>Every statement, the paper's or ours, that did not come out as stated or is undecided, and why.</p>"
        )
        parts.append(closed(", ".join(f"{n} {verdict}" for verdict, n in fell.most_common()), f"<ul>{items}</ul>"))
    return "".join(parts)


def closed(line: str, content: str) -> str:
    """`content` behind one line that says what it holds."""
    return f'<details class="rows"><summary>{line}</summary>{content}</details>'


def commit_of(root: Path) -> str:
    """The commit of the checkout at `root`: not that of a repository into which it was unpacked, and none without
    git."""

    def git(*words: str) -> str:
        try:
            return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True).stdout.strip()
        except OSError:
            return ""

    top = git("rev-parse", "--show-toplevel")
    own = bool(top) and Path(top).resolve() == root.resolve()
    return (own and git("describe", "--always", "--dirty")) or "not a git checkout"


def colophon(root: Path, ledgers: Sequence[dict[str, Any]], seconds: dict[str, float], since: dict[str, str]) -> str:
    """What made this build: chapters (`seconds` to execute, `since` when they stand so), experiments, versions, data,
    commit. The same for as long as nothing is executed again, so that a build with nothing to do finds it as it was."""
    commit = commit_of(root)
    runs = [run for ledger in ledgers for run in ledger["experiments"]]
    chapters = [
        [
            f'<a href="chapters/{page}.html">{page}</a>',
            ledger["tier"],
            f"{seconds[page]:.1f}",
            since[page],
            ledger["gpu"] or ledger["torch_device"],
            str(ledger["threads"]),
        ]
        for ledger in ledgers
        for page in ledger["pages"]
    ]
    experiments = [
        [
            r["name"],
            f"{r['seconds']:.1f}",
            r["created"][:16].replace("T", " "),
            str(len(r["seeds"])),
            r["device"],
            f"<code>{r['key']}</code>",
        ]
        for r in runs
    ]
    data = {name: digest for r in runs for name, digest in r["data"].items()}
    sources = [[html.escape(n), f"<code>{html.escape(d)}</code>"] for n, d in data.items()]
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return (
        f"<p>Version {__version__}, commit <code>{html.escape(commit)}</code>, {machine}.</p><h2>Chapters</h2>"
        + grid(("Chapter", "Tier", "Seconds to execute", "Executed", "Device", "Threads"), chapters, "claims")
        + "<h2>Experiments</h2>"
        + grid(("Experiment", "Seconds", "Computed", "Seeds", "Device", "Key in the store"), experiments, "claims")
        + "<h2>Data</h2>"
        + grid(("Source", "SHA-256 or version"), sources, "claims")
        + "<h2>Versions</h2>"
        + grid(("Package", "Version"), [[n, version(n)] for n in VERSIONS], "claims")
    )
