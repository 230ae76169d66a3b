"""Ctrl-C: raised as usual, and noted, so that a run ends even where a library swallows it."""

from __future__ import annotations

from typing import Any, NoReturn

INTERRUPTED: list[int] = []


def remember_interrupt(number: int, frame: Any) -> NoReturn:
    """Ctrl-C raises as usual and is noted: raised inside a library's clean-up, Python would drop it and the run go
    on."""
    INTERRUPTED.append(number)
    raise KeyboardInterrupt
