"""Ctrl-C, `kill` and a closed terminal: raised as usual, and noted, so that a run ends even where a library swallows
it, and ends in time, with all that it started."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

INTERRUPTED: list[int] = []
_LAST: list[threading.Timer] = []
SIGNALS = [s for name in ("SIGINT", "SIGTERM", "SIGHUP") if (s := getattr(signal, name, None)) is not None]
GRACE = 2.0  # seconds to end in order; then everything is killed


def remember_interrupt(number: int, frame: Any) -> NoReturn:
    """A signal raises KeyboardInterrupt and is noted: raised inside a library's clean-up, Python would drop it and the
    run go on. A second one ends everything at once."""
    if INTERRUPTED:
        _end_at_once()
    INTERRUPTED.append(number)
    if number != signal.SIGINT:
        _LAST.append(threading.Timer(GRACE, _end_at_once))
        _LAST[-1].daemon = True
        _LAST[-1].start()
    raise KeyboardInterrupt


def status() -> int:
    """The exit status that a shell expects of a process ended by this signal: 130, 143 or 129."""
    return 128 + (INTERRUPTED[0] if INTERRUPTED else signal.SIGINT)


def sentence() -> str:
    """What became of the command, and of its results."""
    kind = "interrupted" if status() == 130 else f"ended by {signal.Signals(status() - 128).name}"
    return f"mmcl: {kind}; every result that was finished is kept, and the same command goes on from there"


def _end_at_once() -> None:
    from mmcl_core.lab.processes import end_family

    print(sentence(), file=sys.stderr, flush=True)
    end_family(status=status())


@contextmanager
def signals_noted() -> Iterator[None]:
    """Inside it the three signals raise KeyboardInterrupt; in a thread other than the main one nothing changes."""
    INTERRUPTED.clear()
    main_thread = threading.current_thread() is threading.main_thread()
    # A signal that the caller ignores, as `nohup` does with SIGHUP, stays ignored.
    heard = [s for s in SIGNALS if main_thread and signal.getsignal(s) != signal.SIG_IGN]
    before = {s: signal.signal(s, remember_interrupt) for s in heard}
    try:
        yield
    finally:
        while _LAST:
            _LAST.pop().cancel()
        for s, handler in before.items():
            signal.signal(s, handler)
