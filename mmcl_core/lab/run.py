"""Running an experiment through the store: the one door through which every result comes.

`run(experiment, tier="book")` returns the stored arrays when the same code, configuration, seeds, data, library
versions
and device class have produced them before, and computes and stores them otherwise. It takes the declared `Experiment`;
whoever has only its name asks the catalogue (`catalog.find_experiment`), which this room does not know.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from mmcl_core.errors import InputError
from mmcl_core.lab.config import Config, Tier
from mmcl_core.lab.experiment import Experiment
from mmcl_core.lab.fingerprint import closure
from mmcl_core.lab.store import Store, differences, fingerprint
from mmcl_core.paths import results_folder
from mmcl_core.runtime import device_label, resolve_device

MOST_SEEDS = 10_000
LARGEST_SEED = 2**32 - 1  # scikit-learn takes no larger one
VERSIONED = ("torch", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Result(Mapping[str, np.ndarray]):
    """The arrays of one run by name, with where they come from. Seed axis `S` first, except for coordinates."""

    experiment: str
    tier: Tier
    config: Config
    seeds: tuple[int, ...]
    arrays: dict[str, np.ndarray]
    device: str
    seconds: float
    created: str
    data: dict[str, str]
    key: str
    cached: bool

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    @property
    def provenance(self) -> str:
        """The end of every caption: tier, seeds, device, seconds."""
        n = len(self.seeds)
        sample = f"{n} seed{'s' if n > 1 else ''}" if n else "no randomness"
        return f"tier {self.tier}, {sample}, {self.device}, {self.seconds:.1f} s"


def parse_seeds(seeds: int | str | Sequence[int] | None, config: Config) -> tuple[int, ...]:
    """The seeds to run: None is the configuration's own count, a whole number n is 0..n-1, "3,5,8" is that list, "7,"
    the seed 7.

    Raises
    ------
    InputError
        For anything else: fewer than one seed, a negative or repeated seed, or words that are no numbers.
    """
    if seeds is None:
        return tuple(range(config.seeds))
    try:
        if isinstance(seeds, str):
            seeds = [int(part) for part in seeds.removesuffix(",").split(",")] if "," in seeds else int(seeds)
        chosen = (
            tuple(range(seeds if seeds <= MOST_SEEDS else 0))
            if isinstance(seeds, int)
            else tuple(int(s) for s in seeds)
        )
    except (TypeError, ValueError):
        chosen = ()
    if not chosen or min(chosen) < 0 or max(chosen) > LARGEST_SEED or len(set(chosen)) < len(chosen):
        raise InputError(
            f"Seeds '{str(seeds)[:60]}' cannot be used: allowed is a count from 1 to {MOST_SEEDS:,} or distinct whole "
            f"numbers from 0 to {LARGEST_SEED} such as 0,1,2"
        )
    return chosen


def store_key(experiment: Experiment, config: Config, seeds: Sequence[int], device: torch.device) -> dict[str, Any]:
    """Everything that can change a result, and nothing that cannot."""
    return {
        "experiment": experiment.name,
        "config": config.values(),
        "seeds": list(seeds),
        "source": closure(experiment.module),
        "versions": {name: version(name) for name in VERSIONED},
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


def run(
    experiment: Experiment,
    tier: Tier | str = Tier.book,
    seeds: int | str | Sequence[int] | None = None,
    device: str = "auto",
    store: Store | None = None,
    **overrides: Any,
) -> Result:
    """The result of `experiment`, from the store when it is there.

    Parameters
    ----------
    experiment : the declared experiment
    tier : smoke, book or paper
    seeds : None for the tier's own count, a count, or a list
    device : auto, cpu or cuda
    store : None for `results/`
    overrides : fields of the experiment's configuration

    Raises
    ------
    InputError
        For an unknown tier, device or field, or a value out of range.
    """
    tier = Tier.parse(tier)
    place = experiment.place(resolve_device(device))
    config = experiment.config.at(tier, **overrides)
    chosen = () if experiment.deterministic else parse_seeds(seeds, config)
    store = store or Store(results_folder())
    key = store_key(experiment, config, chosen, place)
    entry = store.load(key)
    cached = entry is not None
    if entry is None:
        store.probe()
        with one_thread():
            start = time.perf_counter()
            arrays = experiment.compute(config, chosen, place)
            facts = {
                "seconds": time.perf_counter() - start,
                "device": device_label(place),
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        entry = store.save(
            store_key(experiment, config, chosen, place), arrays, facts
        )  # taken anew: the code may have changed meanwhile
    facts = entry.facts
    return Result(
        experiment.name,
        tier,
        config,
        chosen,
        entry.arrays,
        facts["device"],
        facts["seconds"],
        facts["created"],
        key["data"],
        fingerprint(key),
        cached,
    )


def why(
    experiment: Experiment,
    tier: Tier | str = Tier.book,
    seeds: Any = None,
    device: str = "auto",
    store: Store | None = None,
    **overrides: Any,
) -> list[str]:
    """Empty when the result is stored; else the parts in which the nearest stored entry differs from what is asked."""
    config = experiment.config.at(tier, **overrides)
    store = store or Store(results_folder())
    chosen = () if experiment.deterministic else parse_seeds(seeds, config)
    key = store_key(experiment, config, chosen, experiment.place(resolve_device(device)))
    stored = list(store.keys(experiment.name))
    if any(fingerprint(old) == fingerprint(key) for old in stored):
        return []
    if not stored:
        return ["nothing is stored for this experiment yet"]
    return min((differences(key, old) for old in stored), key=len)
