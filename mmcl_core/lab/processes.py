"""No process outlives the command that started it, also when that is killed and can end nothing itself."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from mmcl_core.errors import InputError


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Inside it no other process is inside it for the same folder: the second waits, and says so. The lock goes with
    its process, whatever ends that."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"mmcl: another command is writing {folder}; this one waits for it", file=sys.stderr, flush=True)
            while not lock.is_locked:
                with suppress(Timeout):
                    lock.acquire(timeout=1)  # again and again, so that Ctrl-C is heard
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}): make it writable") from None
    try:
        yield
    finally:
        lock.release()


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
