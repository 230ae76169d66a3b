"""How many processes this machine should compute with: what cores, containers and memory allow."""

from __future__ import annotations

import os
from pathlib import Path

import joblib
import psutil

from mmcl_core.errors import InputError

EACH = 1 << 30  # bytes: what a process with torch and a unit of tier book may take
CGROUP = Path("/sys/fs/cgroup")


def available_memory(cgroup: Path = CGROUP) -> int:
    """Bytes that can be taken now: what the system has free, and no more than a container's own limit leaves."""
    free = psutil.virtual_memory().available
    for limit, used in (
        (cgroup / "memory.max", cgroup / "memory.current"),
        (cgroup / "memory" / "memory.limit_in_bytes", cgroup / "memory" / "memory.usage_in_bytes"),
    ):
        try:
            free = min(free, max(0, int(limit.read_text()) - int(used.read_text())))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return free


def jobs(asked: int | str | None = None) -> int:
    """Processes to compute with: `asked`, else `$MMCL_JOBS`, else as many as there are usable cores (affinity and a
    container's quota counted in), fewer where each would have less than a GiB of memory.

    Raises
    ------
    InputError
        When the number asked for is not a whole number from 1 to 1000.
    """
    name, value = ("--jobs", asked) if asked is not None else ("MMCL_JOBS", os.environ.get("MMCL_JOBS") or None)
    if value is None:
        return max(1, min(joblib.cpu_count(), available_memory() // EACH))
    text = str(value)
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and 1 <= int(text) <= 1000):
        raise InputError(f"{name} is '{text[:40]}': allowed are whole numbers from 1 to 1000, processes side by side")
    return int(text)
