"""What a command is asked for: names resolved through the catalogue, `--set` values routed, results through the
store."""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from mmcl_core.cli.index import TIERS, items
from mmcl_core.cli.interrupt import INTERRUPTED
from mmcl_core.errors import DataAbsent, InputError, shortened, unknown


def chosen_settings(settings: Sequence[str]) -> dict[str, Any]:
    """`name=value` pairs as a mapping; values are read as JSON where they are JSON (numbers, lists), as Python where a
    field's default was copied from a message, (1, 0.5) or None, else as text."""
    chosen: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not name or not equals:
            raise InputError(f"--set takes name=value, not '{shortened(setting)}': write for example --set epochs=50")
        if name.rpartition(".")[2] == "seeds":
            raise InputError("Seeds are chosen with --seeds, a count such as 5 or a list such as 0,3,7, not with --set")
        if name in chosen:
            raise InputError(f"--set {shortened(name)} was given twice: give one value")
        try:
            chosen[name] = json.loads(value)
        except (ValueError, RecursionError):
            with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                chosen[name] = ast.literal_eval(value)
                continue
            if value[:1] in tuple("[{("):
                raise InputError(
                    f"--set {shortened(name)} cannot be read as a list from '{shortened(value)}': write numbers as 0.5 "
                    f"and a list as [1, 0.5], in quotes where the shell needs them"
                ) from None
            chosen[name] = value
    return chosen


def settings_by_experiment(experiments: Sequence[Any], settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Which setting goes to which of `experiments`: `experiment.field=value` to that one, `field=value` to the only one
    that has the field."""
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
            raise unknown("field", field, sorted({f for e in experiments for f in e.config.model_fields} - {"seeds"}))
        if len(owners) > 1:
            names = ", ".join(f"{e.name.split('.', 1)[1]}.{field}" for e in owners)
            raise InputError(
                f"Field '{field}' belongs to {len(owners)} experiments: name one of them, --set "
                f"{names.split(', ')[0]}={shortened(value, 20)} (allowed are {shortened(names, 120)})"
            )
        routed[owners[0].name][field] = value
    return routed


def experiments_of(target: str) -> list[Any]:
    """The experiments of a chapter, or the one experiment, called `target`."""
    known = {i["id"]: i["kind"] for i in items() if i["kind"] != "figure"}  # a slip is answered without torch
    if target not in known:
        chapters_first = sorted(known, key=lambda name: known[name] != "chapter")
        raise unknown("chapter or experiment", target, chapters_first, "mmcl list shows all")
    from mmcl_core import catalog

    return list(catalog.paper(target).experiments) if "." not in target else [catalog.find_experiment(target)]


def claims_named(pattern: str | None) -> list[Any]:
    """The claims of a chapter, or those whose id matches `pattern` ("huang2024.c1", "ren2023.d4*"); all without one."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    from mmcl_core import catalog

    if pattern is not None and not pattern.strip():
        raise InputError("An empty name names no claim: leave it out for all, or name a chapter, a claim or a pattern")
    if pattern in catalog.PAPERS:
        return list(catalog.paper(pattern).claims)
    known = {c.id: c for p in catalog.papers() for c in p.claims}
    chosen = [c for name, c in known.items() if pattern is None or fnmatchcase(name, pattern)]
    if not chosen:
        near = get_close_matches(pattern, known, n=5, cutoff=0.4)  # all five hundred would hide the likely ones
        raise unknown("chapter or claim", pattern, [*catalog.PAPERS, *near], "mmcl claims CHAPTER lists a chapter's")
    return chosen


class Runner:
    """Results by experiment name for one tier, seeds and device, with `--set` values routed.

    `prepare` computes what several experiments lack side by side; what is asked for without it is computed here. A
    `loud` one is asked to compute and names each result; the others are asked for something else, so they say first
    that they compute, and at which tier everything is there already.
    """

    def __init__(self, arguments: argparse.Namespace, experiments: Sequence[Any], loud: bool = False) -> None:
        from mmcl_core.runtime import use_threads

        use_threads()
        self.arguments, self.loud = arguments, loud
        self.routed = settings_by_experiment(experiments, chosen_settings(arguments.set))
        self.results: dict[str, Any] = {}
        self.failed: dict[str, Exception] = {}
        self.computed: set[str] = set()

    def prepare(self, experiments: Sequence[Any]) -> None:
        """Have the results of all these in the store, longest first, on as many processes as `--jobs` says. What fails
        is raised when it is asked for."""
        from mmcl_core.lab.schedule import place_for, prepare, requests
        from mmcl_core.lab.store import Store
        from mmcl_core.paths import results_folder

        a = self.arguments
        self.failed |= prepare(
            requests(experiments, a.tier, a.seeds, a.device, self.routed),
            Store(results_folder()),
            jobs=a.jobs,
            pool=place_for(a.backend, a.scheduler),
            begin=announce(a.tier) if self.loud else announce(a.tier, 0.0, lambda: self._stored_at(experiments)),
            finished=self._finished,
        )

    def _stored_at(self, experiments: Sequence[Any]) -> list[str]:
        """The other tiers at which all results are stored."""
        from mmcl_core.lab.schedule import requests
        from mmcl_core.lab.store import Store
        from mmcl_core.paths import results_folder

        a, store = self.arguments, Store(results_folder())
        return [
            tier
            for tier in TIERS
            if tier != a.tier
            and (asked := requests(experiments, tier, a.seeds, a.device, self.routed))
            and not any(r.missing(store) for r in asked)
        ]

    def _finished(self, name: str) -> str | None:
        self.computed.add(name)
        return self._line(self._result(name)) if self.loud else None

    def _result(self, name: str) -> Any:
        from mmcl_core.catalog import find_experiment
        from mmcl_core.lab.run import run

        a = self.arguments
        self.results[name] = run(find_experiment(name), a.tier, a.seeds, a.device, **self.routed.get(name, {}))
        return self.results[name]

    def _line(self, result: Any) -> str:
        cached = result.cached and result.experiment not in self.computed
        state = "cached  " if cached else "computed"
        return f"{result.experiment:36} {state} {result.seconds:7.1f} s  {result.provenance}"

    def __call__(self, name: str) -> Any:
        if INTERRUPTED:
            raise KeyboardInterrupt
        if name in self.failed:
            raise self.failed[name]
        if name not in self.results:
            result = self._result(name)
            if self.loud:
                print(self._line(result), flush=True)
        return self.results[name]


def announce(tier: str, least: float = 5.0, stored: Callable[[], list[str]] = list) -> Any:
    """Says on stderr what will be computed, where that takes more than `least` seconds, and the tiers that need
    none."""
    from mmcl_core.lab.progress import spoken

    def say(experiments: int, seconds: float, processes: int) -> None:
        if seconds > least:
            about = spoken(max(1.0, seconds))
            print(
                f"mmcl: computing {experiments} experiment{'s' if experiments > 1 else ''} at tier {tier}, about "
                f"{about} on {processes} process{'es' if processes > 1 else ''}; interrupted, what is finished is kept"
                + "".join(f"; stored is tier {t}: --tier {t} shows it at once" for t in stored()),
                file=sys.stderr,
                flush=True,
            )

    return say


@contextmanager
def passing_over(name: str, alone: bool, settings: Sequence[str] = ()) -> Iterator[None]:
    """Among several, one whose data are not here, or that needs what the reader's `settings` took away, is named on
    stderr and passed over; asked for `alone`, it is bad input."""
    try:
        yield
    except DataAbsent as absent:
        if alone:
            raise
        print(f"mmcl: {name} is left out. {absent}", file=sys.stderr)
    except (LookupError, ValueError, ArithmeticError, StopIteration) as error:
        if not settings:  # with the book's own settings it is an error of ours, and stays one
            raise
        said = InputError(
            f"{name} needs something that --set took away ({type(error).__name__}: {shortened(error)}): leave --set "
            f"out, or keep what it compares"
        )
        if alone:
            raise said from None
        print(f"mmcl: {name} is left out. {said}", file=sys.stderr)
