"""Executing chapters: papermill in a process of its own for each, two at a time, within time limits, and only when
needed.

A chapter is current when nothing that could change it has changed: its code cells, its parameters, the code of its
paper and of the chapter interface, the library versions and the data. A chapter that fails or hangs is stopped, named,
and kept; the others go on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nbformat

from mmcl_core.lab.fingerprint import closure
from mmcl_core.lab.processes import end_family
from mmcl_core.site.kernel import KERNEL, surroundings

LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "pandas", "matplotlib", "papermill")
FIGURE = re.compile(r"figures/[\w-]+/[\w-]+\.svg")


@dataclass(frozen=True)
class Limits:
    """Seconds: for a kernel to start, for one cell, for the whole chapter."""

    start: int = 60
    cell: int = 300
    total: int = 600


LIMITS = {"smoke": Limits(60, 120, 240), "book": Limits(60, 900, 1500), "paper": Limits(60, 6 * 3600, 24 * 3600)}

WORKER = """
import json, sys
from mmcl_core.lab.processes import end_with
a = json.loads(sys.argv[1])
end_with(a["parent"])
import papermill
papermill.execute_notebook(
    a["source"], a["target"], parameters=a["parameters"], cwd=a["cwd"], kernel_name=a["kernel"], language="python",
    start_timeout=a["start"], execution_timeout=a["cell"], progress_bar=False, report_mode=True,
)
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a chapter. `error` is empty when it stands, else names the cell and the error."""

    key: str
    cached: bool
    seconds: float
    error: str = ""


def stamp(source: Path, parameters: dict, module: str, data: dict) -> str:
    """The fingerprint of everything an executed chapter depends on: its code, not the prose around it."""
    cells = nbformat.read(source, as_version=4).cells
    content = {
        "cells": [(cell.source, cell.metadata.get("tags", [])) for cell in cells if cell.cell_type == "code"],
        "parameters": parameters,
        "code": closure(module) | closure("mmcl_core.site.chapter"),
        "libraries": {name: version(name) for name in LIBRARIES},
        "data": data,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def current(folder: Path, key: str, fingerprint: str) -> bool:
    """Whether the executed chapter in `folder` was made from exactly this and is whole, with its ledger and figures."""
    try:
        if (folder / f"{key}.stamp").read_text() != fingerprint:
            return False
        json.loads((folder / f"{key}.ledger.json").read_bytes())
        executed = (folder / f"{key}.ipynb").read_text(encoding="utf-8")
        json.loads(executed)
    except (OSError, ValueError):
        return False
    return all((folder / figure).is_file() for figure in set(FIGURE.findall(executed)))


def plain(text: str) -> str:
    """`text` without the colours that a library gives it for a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def failure(executed: Path) -> str:
    """The first failing cell of an executed notebook and its error, or an empty string."""
    if not executed.exists():
        return ""
    try:
        cells = nbformat.read(executed, as_version=4).cells
    except (ValueError, OSError):
        return ""
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                first_line = cell.source.strip().splitlines()[0]
                said = plain(output.evalue).splitlines()[0] if output.evalue else ""
                return f"cell [{cell.execution_count}] `{first_line}`: {output.ename}: {said}"
    return ""


RUNNING: set[subprocess.Popen] = set()


def stop(process: subprocess.Popen) -> None:
    """End a worker and its kernel, which has a session of its own, whatever state they are in."""
    if process.poll() is None:
        end_family(process.pid)
    process.wait()


def execute(source: Path, folder: Path, parameters: dict, limits: Limits, cwd: Path, threads: int) -> Outcome:
    """Execute one notebook into `folder`; the executed notebook is kept also when it fails."""
    key, begin = source.stem, time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{key}.ipynb"
    for old in (target, folder / f"{key}.stamp", folder / f"{key}.ledger.json"):
        old.unlink(missing_ok=True)
    arguments = {
        "source": str(source),
        "target": str(target),
        "parameters": parameters,
        "cwd": str(cwd),
        "start": limits.start,
        "cell": limits.cell,
        "parent": os.getpid(),
        "kernel": KERNEL,
    }
    with surroundings(threads, folder) as environment:
        error = _worker(arguments, environment, target, limits)
    return Outcome(key, False, time.perf_counter() - begin, error)


def _worker(arguments: dict, environment: dict[str, str], target: Path, limits: Limits) -> str:
    """Run papermill on one notebook; what went wrong, in a few words, or an empty string."""
    # A session of its own: a Ctrl-C in the terminal is this process's affair.
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", WORKER, json.dumps(arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    RUNNING.add(process)
    try:
        log, _ = process.communicate(timeout=limits.total)
        error = (
            ""
            if process.returncode == 0
            else failure(target) or (plain(log).strip().splitlines() or ["the process ended without a word"])[-1]
        )
        if error and "CellTimeoutError" in log:
            error = (
                f"{error.partition(': KeyboardInterrupt')[0]} was stopped after {limits.cell} s, the limit for a cell"
            )
    except subprocess.TimeoutExpired:
        error = f"{failure(target) or 'a cell'} was still running after {limits.total} s, the limit for a whole chapter"
    finally:
        stop(process)
        RUNNING.discard(process)
    return error


def execute_all(
    sources: Sequence[Path],
    folder: Path,
    parameters: dict,
    limits: Limits,
    cwd: Path,
    fingerprints: dict[str, str],
    report: Callable[[Outcome], None],
) -> list[Outcome]:
    """Bring every chapter up to date, two at a time, on one thread each. `report` hears of each as it ends."""
    waiting = [s for s in sources if not current(folder, s.stem, fingerprints[s.stem])]
    outcomes = [Outcome(s.stem, True, 0.0) for s in sources if s not in waiting]
    for outcome in outcomes:
        report(outcome)
    workers = min(2, len(waiting))

    def one(source: Path) -> Outcome:
        outcome = execute(source, folder, parameters, limits, cwd, threads=1)
        if not outcome.error:
            (folder / f"{outcome.key}.stamp").write_text(fingerprints[outcome.key])
        return outcome

    if waiting:
        with ThreadPoolExecutor(workers) as pool:
            try:
                for done in as_completed([pool.submit(one, source) for source in waiting]):
                    report(done.result())
                    outcomes.append(done.result())
            except KeyboardInterrupt:
                # Workers have sessions of their own and hear no Ctrl-C; without this the pool would wait for them.
                pool.shutdown(wait=False, cancel_futures=True)
                for process in list(RUNNING):
                    stop(process)
                raise
    return outcomes
