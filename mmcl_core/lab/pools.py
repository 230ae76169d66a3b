"""Where units are computed: what a scheduler asks of a pool, this process, and processes of this machine."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import active_children, get_context
from typing import Protocol

from tqdm import tqdm

from mmcl_core.lab.processes import end_with_parent
from mmcl_core.lab.store import Entry
from mmcl_core.lab.units import Unit


class Pool(Protocol):
    """Where units are computed, `width` at once; `handed_out` is how many it takes at a time.

    A pool that lost a worker raises `BrokenExecutor` from the futures of what it was computing, and works again after
    `restart`.
    """

    @property
    def width(self) -> int: ...

    @property
    def handed_out(self) -> int: ...

    def submit(self, unit: Unit) -> Future[Entry]: ...

    def begun(self, units: Iterable[Unit]) -> Iterable[Unit]: ...

    def restart(self, width: int) -> None: ...

    def close(self) -> None: ...


class _Local:
    """What holds on this machine: as many units are taken as are computed."""

    width = 1

    @property
    def handed_out(self) -> int:
        return self.width

    def begun(self, units: Iterable[Unit]) -> Iterable[Unit]:
        return units


class Here(_Local):
    """This process, one unit after another."""

    def submit(self, unit: Unit) -> Future[Entry]:
        future: Future[Entry] = Future()
        try:
            future.set_result(unit.compute())
        except Exception as error:
            future.set_exception(error)
        return future

    def restart(self, width: int) -> None: ...

    def close(self) -> None: ...


def _begin_worker() -> None:
    """A worker is deaf to Ctrl-C, which reaches every process of a terminal: ending it is its parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    tqdm.set_lock(threading.RLock())  # its own is a semaphore of the system, which a killed worker would leave behind


def _compute(unit: Unit) -> Entry:
    return unit.compute()


class Processes(_Local):
    """Processes of this machine, spawned, not forked: torch's threads do not survive a fork."""

    def __init__(self, width: int) -> None:
        self.restart(width)

    def restart(self, width: int) -> None:
        self.width, self._before, self._futures = width, set(active_children()), set[Future[Entry]]()
        self._pool = ProcessPoolExecutor(width, mp_context=get_context("spawn"), initializer=_begin_worker)

    def submit(self, unit: Unit) -> Future[Entry]:
        with _deaf_children():
            future = self._pool.submit(_compute, unit)
        self._futures.add(future)
        return future

    def close(self) -> None:
        """End all workers, at once where they still compute."""
        if not all(future.done() for future in self._futures):
            for worker in set(active_children()) - self._before:
                worker.kill()
        self._pool.shutdown(cancel_futures=True)


class _deaf_children:
    """Processes started inside it ignore Ctrl-C from their first moment, before their own code runs."""

    def __enter__(self) -> None:
        main = threading.current_thread() is threading.main_thread()
        self._previous = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
