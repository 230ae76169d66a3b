"""One scheduler for every command: units of work, longest first, on processes of this machine or on a cluster.

Wherever a unit is computed its arrays come back by value and are stored here, so that a worker needs no disk of ours
and a result is the same entry however it was made.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, wait
from contextlib import suppress
from typing import Any

from mmcl_core.errors import InputError, unknown
from mmcl_core.lab.capacity import jobs as usable
from mmcl_core.lab.config import Tier
from mmcl_core.lab.durations import Durations
from mmcl_core.lab.experiment import Experiment
from mmcl_core.lab.pools import Here, Pool, Processes
from mmcl_core.lab.progress import Progress
from mmcl_core.lab.run import Request, request
from mmcl_core.lab.store import Entry, Store
from mmcl_core.lab.units import Unit

WORTH_A_PROCESS = 4.0  # seconds: a process needs two or three to start and to import torch


def requests(
    experiments: Iterable[Experiment],
    tier: Tier | str,
    seeds: Any = None,
    device: str = "auto",
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Request]:
    """What `run` would be asked for each experiment. One that cannot be asked (its data are absent, a setting is out
    of range) is left out: whoever asks for its result next meets the reason where it can be explained."""
    asked = []
    for e in experiments:
        with suppress(InputError):
            asked.append(request(e, tier, seeds, device, **(settings or {}).get(e.name, {})))
    return asked


def place_for(backend: str = "local", scheduler: str | None = None) -> Callable[[], Pool] | None:
    """What `--backend` and `--scheduler` mean to `prepare`; None is this machine.

    Raises
    ------
    InputError
        For an unknown backend, or an address that is missing or not needed.
    """
    if backend not in ("local", "dask"):
        raise unknown("backend", backend, ("local", "dask"))
    if (backend == "dask") != (scheduler is not None):
        raise InputError("--backend dask and --scheduler ADDRESS belong together: give both, or none for this machine")
    if scheduler is None:
        return None
    from mmcl_core.lab.cluster import Cluster

    return lambda: Cluster(scheduler)


def prepare(
    asked: Sequence[Request],
    store: Store,
    *,
    jobs: int | str | None = None,
    pool: Callable[[], Pool] | None = None,
    limit: float = float("inf"),
    begin: Callable[[int, float, int], None] = lambda experiments, seconds, processes: None,
    finished: Callable[[str], str | None] = lambda experiment: None,
) -> dict[str, Exception]:
    """Have the units of all requests in the store: what is missing is computed, longest first.

    Parameters
    ----------
    jobs : processes at once; None for as many as the machine allows
    pool : makes another place to compute than this machine's processes
    limit : seconds after which what is not done is given up
    begin : told the number of experiments, the seconds to expect and the processes, before anything is computed
    finished : told the name of each experiment when its last unit is stored; what it returns is printed

    Returns
    -------
    The error of each experiment that failed, or was not done within the limit. What was finished is kept.

    Raises
    ------
    InputError
        When `jobs` is no number of processes, or the store cannot be written.
    """
    most, durations = usable(jobs), Durations(store.root)
    units = sorted({id(u): u for r in asked for u in r.missing(store)}.values(), key=durations, reverse=True)
    if not units:
        return {}
    store.probe()
    width = min(most, len(units))
    if pool is None:
        small = width == 1 or sum(map(durations, units)) < WORTH_A_PROCESS
        pool = Here if small else lambda: Processes(width)
    failed: dict[str, Exception] = {}
    progress = Progress(units, durations)
    place = pool()
    progress.width = place.width
    begin(progress.experiments, progress.seconds_left(), place.width)
    try:
        with progress:
            _compute_all(units, place, store, durations, progress, failed, limit, finished)
    finally:
        place.close()
    return failed


def _compute_all(
    units: Sequence[Unit],
    pool: Pool,
    store: Store,
    durations: Durations,
    progress: Progress,
    failed: dict[str, Exception],
    limit: float,
    finished: Callable[[str], str | None],
) -> None:
    waiting, running, start = deque(units), dict[Future[Entry], Unit](), time.monotonic()

    def fail(unit: Unit, error: Exception) -> None:
        """An experiment that failed in one block is not computed in others: its result would never be whole."""
        failed.setdefault(unit.experiment.name, error)
        for dropped in [unit, *(u for u in waiting if u.experiment.name == unit.experiment.name)]:
            progress.done(dropped)
            with suppress(ValueError):
                waiting.remove(dropped)

    while waiting or running:
        while len(running) < pool.handed_out and (unit := _next(waiting, running.values())) is not None:
            if pool.handed_out == pool.width:
                progress.begin(unit)  # before it is submitted: `Here` computes it then
            try:
                running[pool.submit(unit)] = unit
            except BrokenExecutor as error:
                lost: Future[Entry] = Future()
                lost.set_exception(error)
                running[lost] = unit
        # Asked for again and again, because a wait without an end would not hear Ctrl-C on every system.
        done, _ = wait(running, timeout=1.0, return_when="FIRST_COMPLETED")
        for unit in pool.begun(running.values()):
            progress.begin(unit)
        progress.width = pool.width
        if any(isinstance(future.exception(), BrokenExecutor) for future in done):
            done, _ = wait(running)  # one lost worker takes the others with it
        lost_units = []
        for future in done:
            unit, failure = running.pop(future), future.exception()
            if isinstance(failure, BrokenExecutor):
                lost_units.append(unit)
            elif failure is not None:
                fail(unit, failure)  # type: ignore[arg-type]  # what a worker raised
            else:
                entry = future.result()
                store.save(unit.key, entry.arrays, entry.facts)
                unit.forget()
                durations.note(unit, entry.facts["seconds"])
                if progress.done(unit, entry.facts["seconds"]) and unit.experiment.name not in failed:
                    progress.say(*filter(None, [finished(unit.experiment.name)]))
        if lost_units:
            _recover(lost_units, waiting, pool, progress, fail)
        if time.monotonic() - start > limit:
            for unit in [*running.values(), *waiting]:
                failed.setdefault(unit.experiment.name, InputError(f"{unit} was not done within {limit:.0f} s"))
            return


def _next(waiting: deque[Unit], running: Iterable[Unit]) -> Unit | None:
    """The longest unit that may start now: a GPU is left to one unit at a time."""
    busy = any(unit.device.type == "cuda" for unit in running)
    for unit in waiting:
        if not (busy and unit.device.type == "cuda"):
            waiting.remove(unit)
            return unit
    return None


def _recover(
    lost: Sequence[Unit], waiting: deque[Unit], pool: Pool, progress: Progress, fail: Callable[[Unit, Exception], None]
) -> None:
    """A worker was killed, most often for want of memory: what was lost is computed again by half as many. Alone and
    lost again, a unit is to blame itself."""
    if len(lost) == 1 and pool.width == 1:
        fail(
            lost[0],
            InputError(f"The process that computed {lost[0]} was killed, most likely for want of memory: free some"),
        )
    else:
        for unit in reversed(lost):
            progress.again(unit)
            waiting.appendleft(unit)
    pool.restart(max(1, pool.width // 2))
