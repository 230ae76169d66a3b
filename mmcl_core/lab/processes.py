"""No process outlives the command that started it, also when that is killed and can end nothing itself."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import wait

import psutil


def end_with_parent() -> None:
    """Called in a process that `multiprocessing` started: end it, at once, when its parent is gone.

    The parent's end of a pipe closes with it, whatever killed it; a worker that waits for work would wait for ever.
    """
    parent = parent_process()
    if parent is not None:

        def follow() -> None:
            wait([parent.sentinel])
            end_family()

        threading.Thread(target=follow, daemon=True).start()


def end_with(pid: int, every: float = 0.5) -> None:
    """Called in any other process: end it, and all that it started, when process `pid` is gone."""
    try:
        other = psutil.Process(pid)
    except psutil.NoSuchProcess:
        end_family()

    def watch() -> None:
        while other.is_running() and other.status() != psutil.STATUS_ZOMBIE:
            time.sleep(every)
        end_family()

    threading.Thread(target=watch, daemon=True).start()


def end_family(pid: int | None = None, status: int = 1) -> None:
    """Kill process `pid` and all its descendants, in whichever session or group they are. Without `pid` it is this
    process, which kills its descendants and exits with `status`."""
    try:
        head = psutil.Process(pid)
        family = [*head.children(recursive=True), *([head] if pid is not None else [])]
    except psutil.NoSuchProcess:
        return
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    if pid is None:
        os._exit(status)
