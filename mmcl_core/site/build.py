"""`make book`: execute the chapters, generate the pages, run jupyter-book with warnings as errors, say what
happened."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import nbformat

from mmcl_core import catalog
from mmcl_core.errors import InputError
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.experiment import Experiment
from mmcl_core.lab.schedule import warm
from mmcl_core.runtime import resolve_device
from mmcl_core.site import pages, pairs
from mmcl_core.site.api import interface
from mmcl_core.site.execute import LIMITS, Outcome, current, execute_all, stamp
from mmcl_core.site.ledgers import gathered, misplaced, paper_of
from mmcl_core.site.scoreboard import scoreboard

PAGES = ("scoreboard", "deviations", "api", "colophon")


def build(tier: str = "book", device: str = "auto", seeds: int | str | None = None, root: Path | None = None) -> int:
    """Build the site at `_build/html`. Returns 0, or 1 when a chapter failed, a verdict surprised, or Sphinx warned.

    Raises
    ------
    InputError
        Outside a checkout, for an unknown tier or device, or when the halves of a chapter have drifted apart.
    """
    root = pairs.root_folder(root)
    tier = Tier.parse(tier).value
    place = resolve_device(device)
    if problems := pairs.drifted(root):
        raise InputError("; ".join(problems))
    executed = root / "_build" / "executed" / tier
    sources = [pairs.halves(root, page)[1] for page in pairs.chapter_pages(root)]
    parameters = {"tier": tier, "device": device, "seeds": seeds}
    fingerprints = {}
    for source in sources:
        paper = catalog.paper(paper_of(source.stem))
        data = {e.name: data_here(e, tier) for e in paper.experiments if e.data}
        fingerprints[source.stem] = stamp(
            source, parameters | {"on": place.type}, f"mmcl_core.papers.{paper.key}.paper", data
        )

    def report(outcome: Outcome) -> None:
        state = "FAILED  " if outcome.error else "cached  " if outcome.cached else "executed"
        print(f"{outcome.key:12} {state} {outcome.seconds:7.1f} s", flush=True)

    stale = [s.stem for s in sources if not current(executed, s.stem, fingerprints[s.stem])]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if stale and cores > 1 and place.type == "cpu":
        # A chapter asks for its experiments one by one; computed ahead, side by side, they keep every core busy.
        begin = time.perf_counter()
        undone = warm(
            [e for key in dict.fromkeys(map(paper_of, stale)) for e in catalog.paper(key).experiments],
            tier,
            seeds,
            device,
            cores,
            len(stale) * LIMITS[tier].total,
        )
        print(
            f"experiments  in store {time.perf_counter() - begin:7.1f} s"
            + (f"; not done: {', '.join(undone)}" if undone else ""),
            flush=True,
        )
    outcomes = execute_all(sources, executed, parameters, LIMITS[tier], root, fingerprints, report)
    failed = [o for o in outcomes if o.error]
    built = [source.stem for source in sources if source.stem in {o.key for o in outcomes if not o.error}]
    ledgers = gathered(executed, built)
    seconds = remembered_seconds(executed, outcomes)

    staged = stage(root, executed, built, [o.key for o in failed])
    papers = [catalog.paper(ledger["paper"]) for ledger in ledgers]
    tables = {
        "scoreboard": scoreboard(ledgers),
        "deviations": pages.deviations(papers, ledgers),
        "api": interface(),
        "colophon": pages.colophon(root, ledgers, seconds, {o.key for o in outcomes if o.cached}),
    }
    for name in PAGES:
        page = (root / "book" / f"{name}.md").read_text(encoding="utf-8")
        write_if_changed(
            staged / f"{name}.md", page.replace("<!-- generated -->", f"```{{raw}} html\n{tables[name]}\n```")
        )
    status = sphinx(root, staged)

    rows = [row for ledger in ledgers for row in ledger["rows"]]
    surprises = [row["id"] for row in rows if row["surprising"]]
    lost = [f"{ledger['paper']}.{name}" for ledger in ledgers if not failed for name in misplaced(ledger)]
    print(f"site         {os.path.relpath(root / '_build' / 'html' / 'index.html')} (tier {tier})")
    for name, mine in (("of papers", True), ("of ours", False)):  # never added: theirs are judged, ours are our word
        counts = Counter(row["verdict"] for row in rows if (row["author"] == Author.paper) == mine)
        print(
            f"claims       {counts.total()} {name}: "
            + ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
        )
    for name in surprises:
        print(
            f"SURPRISE     {name}: measured and declared verdicts differ; look at it, then mend the code or the "
            f"declaration"
        )
    for name in lost:
        print(f"MISPLACED    {name}: the pages of its chapter must show it exactly once; mend their claim cells")
    for outcome in failed:
        print(
            f"FAILED       {outcome.key}: {outcome.error}; the notebook as far as it ran: "
            f"{os.path.relpath(executed / (outcome.key + '.ipynb'))}"
        )
    return int(bool(failed or surprises or lost or status))


def data_here(experiment: Experiment, tier: str) -> dict[str, str]:
    """The checksums of an experiment's data, or why they cannot be used: when that changes, the chapter is executed
    again."""
    try:
        return experiment.data(experiment.config.at(tier))
    except InputError as reason:
        return {"absent": str(reason)}


def remembered_seconds(executed: Path, outcomes: list[Outcome]) -> dict[str, float]:
    """Seconds that each chapter took when it was last executed, also when this build took it as it was."""
    file = executed / "seconds.json"
    seconds = json.loads(file.read_text()) if file.exists() else {}
    seconds |= {o.key: o.seconds for o in outcomes if not o.cached}
    executed.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(seconds))
    return {o.key: seconds.get(o.key, 0.0) for o in outcomes}


def write_if_changed(path: Path, content: str | bytes) -> None:
    """Leave a file alone when it is right already, so that Sphinx does not read it again."""
    data = content.encode() if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def stage(root: Path, executed: Path, built: list[str], failed: list[str]) -> Path:
    """Gather what Sphinx reads in `_build/src`: pages, executed chapters, figures. A chapter that failed gets a page
    that says so."""
    staged = root / "_build" / "src"
    wanted: dict[Path, bytes | str] = {}
    for path in (root / "book").rglob("*"):
        inside = path.relative_to(root / "book")
        if path.is_file() and inside.parts[0] not in ("chapters", "notebooks") and inside.stem not in PAGES:
            wanted[place(inside)] = path.read_bytes()
    for path in (executed / "figures").rglob("*.*"):
        if path.parent.name in map(paper_of, built):
            wanted[Path("figures") / path.relative_to(executed / "figures")] = path.read_bytes()
    for key in built:
        wanted[Path("chapters") / f"{key}.ipynb"] = without_injected_cell(executed / f"{key}.ipynb")
    for key in failed:
        wanted[Path("chapters") / f"{key}.md"] = (
            f"# {catalog.paper(paper_of(key)).title}\n\nThis chapter failed in this build and is not shown.\n"
        )
    for path in [p for p in staged.rglob("*") if p.is_file()]:
        inside = path.relative_to(staged)
        if inside not in wanted and not (len(inside.parts) == 1 and inside.stem in PAGES):
            path.unlink()
    for inside, content in wanted.items():
        write_if_changed(staged / inside, content)
    return staged


def place(inside: Path) -> Path:
    """Where a file of `book/` is staged. Every script below `_static` is put on every page by jupyter-book; those of
    explorers stand aside, and Sphinx copies them to the same address."""
    asked = inside.parts[:2] == ("_static", "explorers") and inside.suffix == ".js"
    return Path("_asked") / inside if asked else inside


def without_injected_cell(executed: Path) -> str:
    """The executed notebook, with the cell that papermill put in hidden: the page shows the defaults that a reader
    would edit."""
    notebook = nbformat.read(executed, as_version=4)
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata.tags.append("remove-cell")
    return nbformat.writes(notebook)


def sphinx(root: Path, staged: Path) -> int:
    """Run jupyter-book on the staged sources, unless nothing it reads has changed since it last succeeded."""
    config, toc = root / "_config.yml", root / "_toc.yml"
    digest = hashlib.sha256()
    for path in [config, toc, *sorted(p for p in staged.rglob("*") if p.is_file())]:
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    mark, page = root / "_build" / "sphinx.stamp", root / "_build" / "html" / "index.html"
    if mark.exists() and mark.read_text() == digest.hexdigest() and page.exists():
        print("sphinx       cached")
        return 0
    mark.unlink(missing_ok=True)
    begin = time.perf_counter()
    shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)  # they go stale when the table of contents changes
    shutil.rmtree(root / "_build" / "html", ignore_errors=True)
    command = [
        sys.executable,
        "-c",
        "from jupyter_book.cli.main import main; main()",
        "build",
        str(staged),
        "--config",
        str(config),
        "--toc",
        str(toc),
        "--path-output",
        str(root),
    ]
    run = subprocess.run([*command, "-W", "-n", "--keep-going", "-q"], capture_output=True, text=True)
    warnings = [line for line in (run.stdout + run.stderr).splitlines() if "WARNING" in line or "ERROR" in line]
    prune(root / "_build" / "html")
    if run.returncode or warnings or not page.exists():
        print("\n".join(warnings) or (run.stdout + run.stderr)[-3000:])
        print(
            f"sphinx       FAILED {time.perf_counter() - begin:7.1f} s: warnings are errors; mend what is named above"
        )
        return 1
    mark.write_text(digest.hexdigest())
    print(f"sphinx       built    {time.perf_counter() - begin:7.1f} s")
    return 0


def prune(site: Path) -> None:
    """Drop what the offline MathJax carries and a page never loads: speech rules, other output formats."""
    for name in ("sre", "a11y", "ui"):
        for folder in site.glob(f"_static/**/{name}"):
            if folder.is_dir() and "mathjax" in str(folder).lower():
                with contextlib.suppress(OSError):
                    shutil.rmtree(folder)
