"""Generated pages: the tables that go into the hand-written deviations and colophon."""

from __future__ import annotations

import html
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmcl_core import __version__
from mmcl_core.evidence.paper import Paper
from mmcl_core.evidence.verdicts import GOOD, Verdict
from mmcl_core.site.render import badge, text
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


def deviations(papers: Sequence[Paper], ledgers: Sequence[dict[str, Any]]) -> str:
    """What we changed or found different, with links to the ledger rows concerned, and every row that is not reproduced."""
    records = {r["id"]: r for ledger in ledgers for r in ledger["rows"]}
    parts = []
    for paper in papers:
        rows = ""
        for d in paper.deviations:
            links = ", ".join(
                f'<a href="{place(records[c])}">{c.split(".", 1)[1]}</a> {badge(records[c]["verdict"])}'
                for c in d.claims
                if c in records
            )
            rows += f'<tr><td>{html.escape(d.kind)}</td><th scope="row">{text(d.item)}</th><td>{text(d.text)}</td><td>{text(d.reason)}</td><td>{links}</td></tr>'
        head = "".join(f'<th scope="col">{n}</th>' for n in ("Kind", "Item", "What", "Why", "Claims"))
        parts.append(
            f'<h2>{html.escape(paper.authors)}</h2><div class="wide" tabindex="0"><table class="claims"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        )
        failed = [
            r
            for r in records.values()
            if r["paper"] == paper.key and r["verdict"] not in (*GOOD, Verdict.not_evaluated)
        ]
        items = "".join(
            f'<li><a href="{place(r)}">{text(r["item"])}</a> {badge(r["verdict"])} {text(r["statement"])}<br><small>{text(r["note"])}</small></li>'
            for r in failed
        )
        parts.append(f"<h3>Statements that did not reproduce, or do not hold, as stated</h3><ul>{items}</ul>")
    return "".join(parts)


def colophon(root: Path, ledgers: Sequence[dict[str, Any]], seconds: dict[str, float], cached: set[str]) -> str:
    """What made this build: chapters, experiments, versions, data, commit."""
    commit = (
        subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty"], capture_output=True, text=True
        ).stdout.strip()
        or "not a git checkout"
    )
    chapters, experiments, data = "", "", {}
    for ledger in ledgers:
        runs = ledger["experiments"]
        data |= {name: digest for r in runs for name, digest in r["data"].items()}
        chapters += (
            f"<tr><th scope='row'><a href='chapters/{ledger['paper']}.html'>{ledger['paper']}</a></th><td>{ledger['tier']}</td>"
            f"<td>{seconds[ledger['paper']]:.1f}</td><td>{'cached' if ledger['paper'] in cached else 'executed'}</td><td>{ledger['gpu'] or ledger['torch_device']}</td><td>{ledger['threads']}</td></tr>"
        )
        for r in runs:
            experiments += (
                f"<tr><th scope='row'>{r['name']}</th><td>{r['seconds']:.1f}</td><td>{r['created']}</td>"
                f"<td>{len(r['seeds'])}</td><td>{r['device']}</td><td><code>{r['key']}</code></td></tr>"
            )
    versions = "".join(f"<tr><th scope='row'>{n}</th><td>{version(n)}</td></tr>" for n in VERSIONS)
    sources = "".join(
        f"<tr><th scope='row'>{html.escape(n)}</th><td><code>{html.escape(d)}</code></td></tr>" for n, d in data.items()
    )

    def table(head: str, body: str) -> str:
        columns = "".join(f"<th scope='col'>{h}</th>" for h in head.split("|"))
        return f'<div class="wide" tabindex="0"><table class="claims"><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>'

    return (
        f"<p>Version {__version__}, commit <code>{html.escape(commit)}</code>, Python {platform.python_version()} on {platform.system()} {platform.machine()}.</p>"
        "<h2>Chapters</h2>"
        + table("Chapter|Tier|Seconds to execute|In this build|Device|Threads", chapters)
        + "<h2>Experiments</h2>"
        + table("Experiment|Seconds to compute|Computed|Seeds|Device|Key in the store", experiments)
        + "<h2>Data</h2>"
        + table("Source|SHA-256 or version", sources)
        + "<h2>Versions</h2>"
        + table("Package|Version", versions)
    )
