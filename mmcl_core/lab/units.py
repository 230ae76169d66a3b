"""Units of work: fixed blocks of an experiment's seeds, each computed, stored, scheduled and resumed by itself.

A block is a row of seeds 0..b-1, b..2b-1, ... whatever was asked for, so that more seeds are further blocks, and a
result put together from blocks is the same to the last bit in whichever order, process or machine they were computed.
(Computed with other company a seed may differ in the last bits: sums over a batch round otherwise.)
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from mmcl_core.checkpoint import kept_in
from mmcl_core.errors import InputError
from mmcl_core.lab.config import Config, Tier
from mmcl_core.lab.experiment import Arrays, Experiment
from mmcl_core.lab.fingerprint import closure
from mmcl_core.lab.store import Entry, differences, fingerprint
from mmcl_core.paths import results_folder
from mmcl_core.runtime import device_label, keep_freed_memory

CHECKPOINT_SECONDS = 30.0  # between two; what a kill costs at most, where a computation can be taken up again
_TURN = threading.RLock()  # for threads of one process: torch's thread count and its random stream are the process's
VERSIONED = ("torch", "numpy", "scipy", "scikit-learn")


@cache
def versions() -> dict[str, str]:
    """Of the libraries that compute; read once, since what is imported stays what it is."""
    return {name: version(name) for name in VERSIONED}


def store_key(experiment: Experiment, config: Config, seeds: Sequence[int], device: torch.device) -> dict[str, Any]:
    """Everything that can change a result, and nothing that cannot."""
    return {
        "experiment": experiment.name,
        "config": config.values(),
        "seeds": list(seeds),
        "source": closure(experiment.module),
        "versions": dict(versions()),
        "device": device.type,
        "data": experiment.data(config) if experiment.data else {},
    }


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums over two threads round otherwise than over one: results are computed on one, and never depend on the count.

    Cores are used by processes side by side, which is faster for models of this size as well.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):  # numpy's and scikit-learn's own
            yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, eq=False)
class Unit:
    """One block of an experiment's seeds at one configuration, with the key under which its arrays are stored."""

    experiment: Experiment
    tier: Tier
    config: Config
    seeds: tuple[int, ...]
    device: torch.device
    key: dict[str, Any]

    def __str__(self) -> str:
        if not self.seeds:
            return self.experiment.name
        first, last = self.seeds[0], self.seeds[-1]
        return f"{self.experiment.name} seed {first}" + (f" to {last}" if last > first else "")

    def _key_here(self) -> dict[str, Any]:
        return store_key(self.experiment, self.config, self.seeds, self.device)

    def compute(self) -> Entry:
        """Compute the arrays, in this process, on one thread.

        Raises
        ------
        InputError
            When this process has other code, libraries or data than the one that asked, or they change meanwhile:
            numbers are never kept under a key that did not make them.
        """
        if other := differences(self._key_here(), self.key):
            raise InputError(
                f"{self} is not computed by a process with other code, libraries or data than the one that asks "
                f"({other[0]}): give both the same version of the book and run again"
            )
        keep_freed_memory()
        with _TURN, one_thread(), kept_in(self._checkpoints(), CHECKPOINT_SECONDS):
            start = time.perf_counter()
            arrays = self.experiment.compute(self.config, self.seeds, self.device)
            facts = {
                "seconds": time.perf_counter() - start,
                "device": device_label(self.device),
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        self._key_here()  # refuses code that was edited while it computed
        return Entry(self.key, arrays, facts)

    def _checkpoints(self) -> Path:
        return results_folder() / ".checkpoints" / self.experiment.name / fingerprint(self.key)

    def forget(self) -> None:
        """Remove the checkpoints of what is stored now."""
        shutil.rmtree(self._checkpoints(), ignore_errors=True)


def units_for(
    experiment: Experiment, tier: Tier, config: Config, seeds: Sequence[int], device: torch.device
) -> tuple[Unit, ...]:
    """The blocks that hold `seeds`, in ascending order; one unit without seeds for a deterministic experiment.

    A block has `experiment.block` seeds, or as many as the tier has where those are fewer.
    """
    size = min(experiment.block, config.seeds)
    starts = sorted({seed // size * size for seed in seeds})
    blocks = [()] if experiment.deterministic else [tuple(range(start, start + size)) for start in starts]
    key = store_key(experiment, config, (), device)
    return tuple(Unit(experiment, tier, config, block, device, key | {"seeds": list(block)}) for block in blocks)


def assembled(units: Sequence[Unit], entries: Sequence[Entry], seeds: Sequence[int]) -> Arrays:
    """The arrays of all blocks with one row for each of `seeds`, in that order; coordinates once.

    Raises
    ------
    ValueError
        When blocks disagree about a coordinate or about which arrays there are: the experiment then breaks its
        contract.
    """
    experiment, first = units[0].experiment, entries[0].arrays
    if any(entry.arrays.keys() != first.keys() for entry in entries):
        raise ValueError(f"{experiment.name} returns other arrays for other seeds")
    computed = [seed for unit in units for seed in unit.seeds]
    if experiment.deterministic or (len(entries) == 1 and computed == list(seeds)):
        return dict(first)
    rows = [computed.index(seed) for seed in seeds]
    arrays: Arrays = {}
    for name, array in first.items():
        parts = [entry.arrays[name] for entry in entries]
        if name not in experiment.coordinates:
            arrays[name] = np.concatenate(parts)[rows]
        elif all(np.array_equal(part, array, equal_nan=array.dtype.kind in "fc") for part in parts):
            arrays[name] = array
        else:
            raise ValueError(f"{experiment.name} declares '{name}' a coordinate, yet it differs between seeds")
    return arrays
