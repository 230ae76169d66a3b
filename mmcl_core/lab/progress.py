"""What a long computation says meanwhile: a live line on a terminal, a line every 30 seconds in a log."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TextIO

from mmcl_core.lab.units import Unit


def spoken(seconds: float) -> str:
    """Seconds as a person says them: "12 s", "4 min", "1 h 20 min"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


class Progress:
    """Experiments done of all, the running units with elapsed and expected seconds, and the time left.

    Used as a context: inside it a thread keeps the line up to date. Nothing is said of what takes less than `quiet`
    seconds in all.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        expected: Callable[[Unit], float],
        stream: TextIO | None = None,
        every: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.expected = {unit: expected(unit) for unit in units}
        self.waiting, self.running = dict.fromkeys(units), dict[Unit, float]()
        self.left = Counter(unit.experiment.name for unit in units)
        self.experiments = len(self.left)
        self.stream, self.clock, self.width = stream or sys.stderr, clock, 1
        self.live = self.stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.every = 0.5 if self.live else every
        self.measured = self.foreseen = 0.0
        self._lock, self._end = threading.RLock(), threading.Event()

    def begin(self, unit: Unit) -> None:
        with self._lock:
            self.waiting.pop(unit, None)
            self.running.setdefault(unit, self.clock())

    def again(self, unit: Unit) -> None:
        """What ran was lost and will be computed again."""
        with self._lock:
            self.running.pop(unit, None)
            self.waiting[unit] = None

    def done(self, unit: Unit, seconds: float | None = None) -> bool:
        """Note the end of `unit` (failed or dropped without `seconds`); whether it was its experiment's last."""
        with self._lock:
            self.running.pop(unit, None)
            self.waiting.pop(unit, None)
            if seconds is not None and self.expected[unit] > 0:
                self.measured, self.foreseen = self.measured + seconds, self.foreseen + self.expected[unit]
            self.left[unit.experiment.name] -= 1
            return self.left[unit.experiment.name] == 0

    def seconds_left(self) -> float:
        """What remains by what is expected, corrected by how the units done so far compare with that: the work over
        the processes, and no less than the longest unit."""
        with self._lock:
            now, pace = self.clock(), self.measured / self.foreseen if self.foreseen else 1.0
            rest = [pace * self.expected[u] for u in self.waiting]
            rest += [max(0.0, pace * self.expected[u] - (now - start)) for u, start in self.running.items()]
        return max([sum(rest) / max(1, self.width), *rest], default=0.0)

    def line(self) -> str:
        """The state in one line."""
        with self._lock:
            now, finished = self.clock(), sum(n == 0 for n in self.left.values())
            running = [
                f"{unit} {now - start:.0f} of {self.expected[unit]:.0f} s" for unit, start in self.running.items()
            ]
        return (
            f"{finished} of {self.experiments} experiments done; {', '.join(running) or 'nothing runs'}; "
            f"about {spoken(self.seconds_left())} left"
        )

    def say(self, *lines: str) -> None:
        """Print on stdout without tearing the live line."""
        with self._lock:
            self._clear()
            for line in lines:
                print(line, flush=True)

    def __enter__(self) -> Progress:
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any:
        self._end.set()
        self._thread.join(1.0)
        with self._lock:
            self._clear()

    def _tick(self) -> None:
        while not self._end.wait(self.every):
            with self._lock:
                if self.live:
                    text = self.line()[: shutil.get_terminal_size().columns - 1]
                    self._write(f"\r\x1b[K{text}")
                else:
                    self._write(f"mmcl: {self.line()}\n")

    def _clear(self) -> None:
        if self.live:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):  # a closed terminal must not end the computation
            self._end.set()
