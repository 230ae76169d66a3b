"""The `mmcl` command: thin, one function per subcommand.

Exit status 0: done; 1: a claim or a build failed; 2: bad input; 130: interrupted. Heavy imports stand inside the
subcommands, so that a typo is answered at once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from mmcl_core.errors import DataAbsent, InputError, unknown

TIERS = ("smoke", "book", "paper")
INTERRUPTED: list[int] = []


def remember_interrupt(number: int, frame: Any) -> NoReturn:
    """Ctrl-C raises as usual and is noted: raised inside a library's clean-up, Python would drop it and the run go on."""
    INTERRUPTED.append(number)
    raise KeyboardInterrupt


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message[0].upper()}{message[1:]}: see '{self.prog} --help' for what is allowed")


def chosen_settings(settings: Sequence[str]) -> dict[str, Any]:
    """`name=value` pairs as a mapping; values are read as JSON where they are JSON (numbers, lists), else as text."""
    chosen: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not name or not equals:
            raise InputError(f"--set takes name=value, not '{setting}': write for example --set epochs=50")
        try:
            chosen[name] = json.loads(value)
        except ValueError:
            chosen[name] = value
    return chosen


def settings_by_experiment(experiments: Sequence[Any], settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Which setting goes to which of `experiments`: `experiment.field=value` to that one, `field=value` to the only one that has the field."""
    routed: dict[str, dict[str, Any]] = {e.name: {} for e in experiments}
    short = {e.name.split(".", 1)[1]: e for e in experiments}
    for name, value in settings.items():
        prefix, _, field = name.rpartition(".")
        if prefix:
            match = short.get(prefix) or next((e for e in experiments if e.name == prefix), None)
            if match is None:
                raise unknown("experiment in --set", prefix, short)
            if field not in match.config.model_fields:
                raise unknown(f"field of {match.name}", field, match.config.model_fields)
            routed[match.name][field] = value
            continue
        owners = [e for e in experiments if field in e.config.model_fields]
        if not owners:
            raise unknown("field", field, sorted({f for e in experiments for f in e.config.model_fields}))
        if len(owners) > 1:
            names = ", ".join(f"{e.name.split('.', 1)[1]}.{field}" for e in owners)
            raise InputError(
                f"Field '{field}' belongs to {len(owners)} experiments: name one of them, --set {names.split(', ')[0]}={value} (allowed are {names})"
            )
        routed[owners[0].name][field] = value
    return routed


def experiments_of(target: str) -> list[Any]:
    """The experiments of a chapter, or the one experiment, called `target`."""
    from mmcl_core import catalog

    if target in catalog.PAPERS:
        return list(catalog.paper(target).experiments)
    if "." in target:
        return [catalog.find_experiment(target)]
    raise unknown(
        "chapter or experiment", target, [*catalog.PAPERS, *(e.name for p in catalog.papers() for e in p.experiments)]
    )


class Runner:
    """Results by experiment name for one tier, seeds and device, with `--set` values routed."""

    def __init__(self, arguments: argparse.Namespace, experiments: Sequence[Any], loud: bool = False) -> None:
        from mmcl_core.runtime import use_threads

        use_threads()
        self.arguments, self.loud = arguments, loud
        self.routed = settings_by_experiment(experiments, chosen_settings(arguments.set))
        self.results: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        from mmcl_core.catalog import find_experiment
        from mmcl_core.lab.run import run

        if INTERRUPTED:
            raise KeyboardInterrupt

        if name not in self.results:
            a = self.arguments
            self.results[name] = result = run(
                find_experiment(name), a.tier, a.seeds, a.device, **self.routed.get(name, {})
            )
            if self.loud:
                print(
                    f"{name:36} {'cached  ' if result.cached else 'computed'} {result.seconds:7.1f} s  {result.provenance}",
                    flush=True,
                )
        return self.results[name]


def command_list(a: argparse.Namespace) -> int:
    from mmcl_core.catalog import papers

    items: list[dict[str, Any]] = []
    for paper in papers():
        seconds = {t: round(sum(e.seconds.get(t, 0) for e in paper.experiments), 1) for t in TIERS}
        items.append(
            {"kind": "chapter", "id": paper.key, "title": paper.title, "tiers": list(TIERS), "seconds": seconds}
        )
        for e in paper.experiments:
            items.append(
                {
                    "kind": "experiment",
                    "id": e.name,
                    "title": e.summary,
                    "tiers": list(TIERS),
                    "seconds": dict(e.seconds),
                }
            )
        for f in paper.figures:
            needs = [e for e in paper.experiments if e.name in f.experiments]
            items.append(
                {
                    "kind": "figure",
                    "id": f.id,
                    "title": f.title,
                    "tiers": list(TIERS),
                    "seconds": {t: round(sum(e.seconds.get(t, 0) for e in needs), 1) for t in TIERS},
                }
            )
    if a.json:
        print(json.dumps(items, indent=1))
        return 0
    for item in items:
        print(f"{item['kind']:10} {item['id']:34} {item['seconds'].get('book', 0):7.1f} s at book  {item['title']}")
    return 0


def command_run(a: argparse.Namespace) -> int:
    experiments = experiments_of(a.target)
    results = Runner(a, experiments, loud=True)
    for e in experiments:
        with passing_over_absent_data(e.name, alone=len(experiments) == 1):
            results(e.name)
    return 0


@contextmanager
def passing_over_absent_data(name: str, alone: bool) -> Iterator[None]:
    """Among several, one whose data are not here is named on stderr and passed over; asked for `alone`, it is bad input."""
    try:
        yield
    except DataAbsent as absent:
        if alone:
            raise
        print(f"mmcl: {name} is left out. {absent}", file=sys.stderr)


def command_figure(a: argparse.Namespace) -> int:
    from mmcl_core import catalog
    from mmcl_core.evidence.figures import FORMATS

    formats = a.format.split(",")
    for name in formats:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
    specs = [f for p in catalog.papers() for f in p.figures] if a.id == "all" else [catalog.find_figure(a.id)]
    needed = [catalog.find_experiment(name) for name in dict.fromkeys(n for s in specs for n in s.experiments)]
    results = Runner(a, needed)
    for spec in specs:
        with passing_over_absent_data(spec.id, alone=len(specs) == 1):
            for path in spec.make(results).export(Path(a.out), spec.id, formats):
                print(path)
    return 0


def command_claims(a: argparse.Namespace) -> int:
    from mmcl_core import catalog
    from mmcl_core.evidence.ledger import ledger

    chosen = [catalog.paper(a.chapter)] if a.chapter else list(catalog.papers())
    results = Runner(a, [e for p in chosen for e in p.experiments])
    rows = [row for p in chosen for row in ledger(p.claims, a.tier, results)]
    if a.json:
        print(json.dumps([row.record() for row in rows], indent=1, ensure_ascii=False))
    else:
        for row in rows:
            mark = "!" if row.surprising else " "
            print(
                f"{mark} {row.claim.id:34} {row.verdict.value:20} {row.estimate or row.reason}  (rule: {row.claim.rule})"
            )
        surprises = [row.claim.id for row in rows if row.surprising]
        print(summary(rows) + (f"; differing from what was declared: {', '.join(surprises)}" if surprises else ""))
    return int(any(row.surprising for row in rows))


def summary(rows: Sequence[Any]) -> str:
    """How many rows have which verdict."""
    from collections import Counter

    counts = Counter(row.verdict.value for row in rows)
    return f"{len(rows)} claims: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())


def command_build(a: argparse.Namespace) -> int:
    from mmcl_core.site.build import build

    return build(a.tier, a.device, a.seeds)


def command_serve(a: argparse.Namespace) -> int:
    from mmcl_core.site.serve import serve

    return serve(a.port)


def command_sync(a: argparse.Namespace) -> int:
    from mmcl_core.site.pairs import sync

    for path in sync():
        print(path)
    return 0


def command_why(a: argparse.Namespace) -> int:
    from mmcl_core.lab.run import why

    for e in experiments_of(a.target):
        routed = settings_by_experiment([e], chosen_settings(a.set))[e.name]
        with passing_over_absent_data(e.name, alone=a.target == e.name):
            lines = why(e, a.tier, a.seeds, a.device, **routed)
            print(
                f"{e.name}: stored" if not lines else f"{e.name}: would be computed, because\n  " + "\n  ".join(lines)
            )
    return 0


def command_data(a: argparse.Namespace) -> int:
    from mmcl_core.data import sources

    if a.action == "fetch":
        if not a.name:
            raise InputError(f"data fetch needs a name: allowed are {', '.join(sources.SOURCES)}")
        print(sources.fetch(a.name))
        return 0
    for source in sources.SOURCES.values():
        print(
            f"{source.name:19} {source.status():60} {source.licence}\n{'':19} {source.description}; sha256 {source.sha256}"
        )
    return 0


def command_doctor(a: argparse.Namespace) -> int:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import torch

    from mmcl_core.data import sources
    from mmcl_core.paths import cache_folder, checkout, data_folder, results_folder
    from mmcl_core.runtime import device_label, resolve_device

    print(f"python       {platform.python_version()} on {platform.platform()}")
    for name in (
        "mmcl-reproduced",
        "torch",
        "numpy",
        "scipy",
        "scikit-learn",
        "matplotlib",
        "jupyter-book",
        "papermill",
        "jupytext",
    ):
        try:
            print(f"{name:12} {version(name)}")
        except PackageNotFoundError:
            print(f"{name:12} missing: pip install -r requirements.lock")
    print(
        f"device       {device_label(resolve_device())}"
        + ("" if torch.cuda.is_available() else "; no GPU, so tier paper will be slow")
    )
    print(f"checkout     {checkout() or 'none: the book is built from a clone, experiments and figures run anywhere'}")
    print(f"results      {results_folder()}")
    print(f"data cache   {cache_folder()}; MMCL_DATA_DIR {data_folder() or 'not set'}")
    for source in sources.SOURCES.values():
        print(f"data         {source.name}: {source.status()}")
    return 0


def parser() -> Parser:
    main = Parser(prog="mmcl", description="Run, judge, draw and publish the book's experiments.")
    commands = main.add_subparsers(dest="command", required=True, metavar="command", parser_class=Parser)

    def add(name: str, function: Any, text: str, running: bool = False, settable: bool = True) -> Parser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        if running:
            sub.add_argument(
                "--tier", default="book", help="smoke (seconds), book (default), paper (the paper's sizes)"
            )
            sub.add_argument("--device", default="auto", help="auto, cpu or cuda")
            sub.add_argument("--seeds", default=None, help="a count such as 5, or a list such as 0,3,7")
        if running and settable:
            sub.add_argument(
                "--set", action="append", default=[], metavar="NAME=VALUE", help="another value for a field, repeatable"
            )
        return sub

    add("list", command_list, "list chapters, experiments and figures").add_argument("--json", action="store_true")
    add("run", command_run, "run a chapter or one experiment", running=True).add_argument(
        "target", metavar="chapter|experiment"
    )
    sub = add("figure", command_figure, "draw a figure without a notebook", running=True)
    sub.add_argument("id", metavar="id|all")
    sub.add_argument("--format", default="pdf", help="any of svg,pdf,png,csv")
    sub.add_argument("--out", default=".", help="folder for the files")
    sub = add("claims", command_claims, "judge every claim", running=True)
    sub.add_argument("chapter", nargs="?")
    sub.add_argument("--json", action="store_true")
    add("build", command_build, "execute the chapters and build the site", running=True, settable=False)
    add("serve", command_serve, "show the built site on this machine").add_argument("--port", type=int, default=8000)
    add("sync", command_sync, "bring both halves of every chapter pair into step")
    add("why", command_why, "say why a result would be computed again", running=True).add_argument(
        "target", metavar="chapter|experiment"
    )
    sub = add("data", command_data, "list or fetch data sources")
    sub.add_argument("action", choices=("list", "fetch"))
    sub.add_argument("name", nargs="?")
    add("doctor", command_doctor, "say what is here, what is missing, and how to get it")
    return main


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is returned."""
    INTERRUPTED.clear()
    main_thread = threading.current_thread() is threading.main_thread()
    previous = signal.signal(signal.SIGINT, remember_interrupt) if main_thread else None
    try:
        arguments = parser().parse_args(argv)
        if hasattr(arguments, "tier") and arguments.tier not in TIERS:
            raise unknown("tier", arguments.tier, TIERS)
        if hasattr(arguments, "device") and arguments.device not in ("auto", "cpu", "cuda"):
            raise unknown("device", arguments.device, ("auto", "cpu", "cuda"))
        return arguments.function(arguments)
    except InputError as error:
        print(f"mmcl: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BaseException as error:  # an extension module interrupted while it loads says ImportError
        if not (INTERRUPTED or isinstance(error, KeyboardInterrupt)):
            raise
        print(
            "mmcl: interrupted; every result that was finished is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return 130
    finally:
        if main_thread:
            signal.signal(signal.SIGINT, previous)


if __name__ == "__main__":
    sys.exit(main())
