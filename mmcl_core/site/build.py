"""`make book`: execute the chapters, generate the pages, run jupyter-book with warnings as errors, say what
happened."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mmcl_core import catalog
from mmcl_core.errors import InputError
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Config, Tier
from mmcl_core.lab.experiment import Experiment
from mmcl_core.lab.progress import spoken
from mmcl_core.lab.run import Request, parse_seeds
from mmcl_core.lab.schedule import Pool, prepare, requests
from mmcl_core.lab.store import Store
from mmcl_core.paths import results_folder
from mmcl_core.runtime import resolve_device
from mmcl_core.site import gallery, notation, pages, pairs
from mmcl_core.site.api import interface
from mmcl_core.site.at_size import at_size
from mmcl_core.site.disk import stop_if_refused
from mmcl_core.site.execute import LIMITS, Outcome, current, execute_all, plain, stamp
from mmcl_core.site.finish import finish, over_budget, weight
from mmcl_core.site.kernel import CODE, python_path
from mmcl_core.site.landing import landing
from mmcl_core.site.ledgers import gathered, misplaced, paper_of
from mmcl_core.site.scoreboard import scoreboard
from mmcl_core.site.speed import speed
from mmcl_core.site.staged import PAGES, stage, write_if_changed


def build(
    tier: str = "book",
    device: str = "auto",
    seeds: int | str | None = None,
    root: Path | None = None,
    jobs: int | str | None = None,
    pool: Callable[[], Pool] | None = None,
) -> int:
    """Build the site at `_build/html`. Returns 0, or 1 when a chapter failed, a verdict surprised, or Sphinx warned.

    Raises
    ------
    InputError
        Outside a checkout or with the code of another one, for an unknown tier, device or seeds, or when the halves of
        a chapter have drifted apart.
    """
    root = pairs.root_folder(root)
    tier = Tier.parse(tier).value
    place = resolve_device(device)
    parse_seeds(seeds, Config())
    if (root / "mmcl_core").is_dir() and not (root / "mmcl_core").samefile(CODE / "mmcl_core"):
        raise InputError(
            f"The pages of {root} would be built with the code of {CODE}: run make book there, or {root}/.venv/bin/mmcl"
        )
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
    # A chapter asks for its experiments one by one; computed ahead, side by side, they keep every core busy.
    experiments = [e for key in dict.fromkeys(map(paper_of, stale)) for e in catalog.paper(key).experiments]
    asked = requests(experiments, tier, seeds, device)
    compute(asked, jobs, pool, len(stale) * LIMITS[tier].total)
    outcomes = execute_all(sources, executed, parameters, LIMITS[tier], root, fingerprints, report)
    failed = [o for o in outcomes if o.error]
    stop_if_refused("\n".join(o.error for o in failed), root / "_build")
    built = [source.stem for source in sources if source.stem in {o.key for o in outcomes if not o.error}]
    ledgers = gathered(executed, built)
    seconds = remembered_seconds(executed, outcomes)

    staged = stage(root, executed, {s.stem: s for s in sources if s.stem in built}, [o.key for o in failed])
    papers = [catalog.paper(ledger["paper"]) for ledger in ledgers]
    symbols, terms = notation.read(root, "symbols"), notation.read(root, "glossary")
    write_if_changed(staged / "_static" / "cards.js", notation.cards(symbols, terms, papers))
    tables = {
        "index": landing(ledgers),
        "practice": "",
        "scoreboard": scoreboard(ledgers),
        "gallery": gallery.gallery(papers, executed / "figures", gallery.places(ledgers)),
        "notation": notation.notation(symbols, papers),
        "glossary": notation.glossary(terms),
        "deviations": pages.deviations(papers, ledgers),
        "api": interface(),
        "speed": speed(root),
        "train": at_size(root),
        "colophon": pages.colophon(root, ledgers, seconds, executed_since(executed, built)),
    }
    records = {row["id"]: row for ledger in ledgers for row in ledger["rows"]}
    for name in PAGES:
        page = pages.filled((root / "book" / f"{name}.md").read_text(encoding="utf-8"), records)
        write_if_changed(
            staged / f"{name}.md", page.replace("<!-- generated -->", f"```{{raw}} html\n{tables[name]}\n```")
        )
    status = sphinx(root, staged, executed / "figures")

    rows = [row for ledger in ledgers for row in ledger["rows"]]
    surprises = [row["id"] for row in rows if row["surprising"]]
    lost = [f"{ledger['paper']}.{name}" for ledger in ledgers if not failed for name in misplaced(ledger)]
    site = root / "_build" / "html"
    print(f"site         {os.path.relpath(site / 'index.html')} (tier {tier}, {weight(site):.1f} MB)")
    for heavy in over_budget(site):
        print(f"WARNING      {heavy}: make its figures or tables smaller")
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


def compute(asked: Sequence[Request], jobs: int | str | None, pool: Callable[[], Pool] | None, limit: float) -> None:
    """Have the results of all requests in the store. What fails is named, and meets its reader in its chapter."""
    begin = time.perf_counter()

    def announce(count: int, seconds: float, processes: int) -> None:
        print(f"experiments  {count} to compute, about {spoken(seconds)} on {processes} processes", flush=True)

    failed = prepare(asked, Store(results_folder()), jobs=jobs, pool=pool, limit=limit, begin=announce)
    if asked:
        print(
            f"experiments  in store {time.perf_counter() - begin:7.1f} s"
            + (f"; not done: {', '.join(failed)}" if failed else ""),
            flush=True,
        )


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
    try:
        seconds = dict(json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):  # none yet, or half of one: only what this build takes is known then
        seconds = {}
    seconds |= {o.key: o.seconds for o in outcomes if not o.cached}
    executed.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(seconds))
    return {o.key: seconds.get(o.key, 0.0) for o in outcomes}


def executed_since(executed: Path, built: Sequence[str]) -> dict[str, str]:
    """When each chapter was executed, as its stamp says: to the minute, in UTC."""
    stamps = {key: (executed / f"{key}.stamp").stat().st_mtime for key in built}
    return {key: f"{datetime.fromtimestamp(mark, UTC):%Y-%m-%d %H:%M}" for key, mark in stamps.items()}


def sphinx(root: Path, staged: Path, figures: Path) -> int:
    """Run jupyter-book on the staged sources, unless nothing it reads has changed since it last succeeded.

    The new site is made beside the old one and takes its place when it is whole; until then the old one stays.
    """
    config, toc = root / "_config.yml", root / "_toc.yml"
    digest = hashlib.sha256()
    for path in [config, toc, *sorted(p for p in staged.rglob("*") if p.is_file())]:
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    mark, site = root / "_build" / "sphinx.stamp", root / "_build" / "html"
    if mark.exists() and mark.read_text() == digest.hexdigest() + listing(site):
        print("sphinx       cached")
        return 0
    mark.unlink(missing_ok=True)
    begin = time.perf_counter()
    beside = root / "_build" / "next"  # emptied: doctrees go stale when the table of contents changes
    shutil.rmtree(beside, ignore_errors=True)
    new = beside / "_build" / "html"
    command = [
        sys.executable,
        "-P",  # a queue.py in the working folder is not the library's
        "-c",
        f"from mmcl_core.lab.processes import end_with; end_with({os.getpid()}); "
        "from jupyter_book.cli.main import main; main()",
        "build",
        str(staged),
        "--config",
        str(config),
        "--toc",
        str(toc),
        "--path-output",
        str(beside),
    ]
    run = subprocess.run(
        [*command, "-W", "-n", "--keep-going", "-q"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": python_path()},
    )
    said = plain(run.stdout + run.stderr)
    stop_if_refused(said, root / "_build")
    warnings = [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line]
    if (new / "index.html").exists() and (new / "searchindex.js").exists():  # written last: whole, if with warnings
        finish(new, figures, notation.read(root, "glossary"), pairs.toc(root))
        swap(new, site)
    if run.returncode or warnings or not (site / "index.html").exists():
        print("\n".join(warnings) or said[-3000:])
        print(
            f"sphinx       FAILED {time.perf_counter() - begin:7.1f} s: warnings are errors; mend what is named above"
        )
        return 1
    shutil.rmtree(beside, ignore_errors=True)
    mark.write_text(digest.hexdigest() + listing(site))
    print(f"sphinx       built    {time.perf_counter() - begin:7.1f} s")
    return 0


def listing(site: Path) -> str:
    """A digest of names and sizes: a page that was deleted or cut short is seen without reading all of them."""
    files = sorted(p for p in site.rglob("*") if p.is_file())
    return hashlib.sha256("".join(f"{p.relative_to(site)} {p.stat().st_size}\n" for p in files).encode()).hexdigest()


def swap(new: Path, site: Path) -> None:
    """Put the finished site in the place of the old one."""
    old = site.with_name("html.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        os.replace(site, old)
    os.replace(new, site)
    shutil.rmtree(old, ignore_errors=True)
