"""Running an experiment through the store: the one door through which every result comes.

`run(experiment, tier="book")` returns the stored arrays when the same code, configuration, seeds, data, library
versions and device class have produced them before, and computes and stores the blocks of seeds that are missing
otherwise. It takes the declared `Experiment`; whoever has only its name asks the catalogue (`catalog.find_experiment`),
which this room does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmcl_core.errors import InputError
from mmcl_core.lab.config import Config, Tier
from mmcl_core.lab.experiment import Experiment
from mmcl_core.lab.store import Store, differences, fingerprint
from mmcl_core.lab.units import Unit, assembled, units_for
from mmcl_core.paths import results_folder
from mmcl_core.runtime import resolve_device

MOST_SEEDS = 10_000
LARGEST_SEED = 2**32 - 1  # scikit-learn takes no larger one


@dataclass(frozen=True)
class Result(Mapping[str, np.ndarray]):
    """The arrays of one run by name, with where they come from. Seed axis `S` first, except for coordinates.

    `seconds` is what its blocks took together, whenever they were computed; `cached` says that all were stored.
    """

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


@dataclass(frozen=True)
class Request:
    """What is asked of an experiment: a configuration, seeds, a device, and the units that answer it."""

    experiment: Experiment
    tier: Tier
    config: Config
    seeds: tuple[int, ...]
    units: tuple[Unit, ...]

    def missing(self, store: Store) -> list[Unit]:
        """The units that are not stored. One that is stored and damaged is found, and computed again, when read."""
        return [unit for unit in self.units if not store.folder(unit.key).is_dir()]


def request(
    experiment: Experiment,
    tier: Tier | str = Tier.book,
    seeds: int | str | Sequence[int] | None = None,
    device: str = "auto",
    **overrides: Any,
) -> Request:
    """What `run` would compute or read for the same arguments; the same errors."""
    tier = Tier.parse(tier)
    place = experiment.place(resolve_device(device))
    config = experiment.config.at(tier, **overrides)
    chosen = parse_seeds(seeds, config)  # refused where they cannot be, also where there is nothing random
    chosen = () if experiment.deterministic else chosen
    return Request(experiment, tier, config, chosen, units_for(experiment, tier, config, chosen, place))


def run(
    experiment: Experiment,
    tier: Tier | str = Tier.book,
    seeds: int | str | Sequence[int] | None = None,
    device: str = "auto",
    store: Store | None = None,
    **overrides: Any,
) -> Result:
    """The result of `experiment`, from the store as far as it is there.

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
    asked = request(experiment, tier, seeds, device, **overrides)
    store = store or Store(results_folder())
    entries, cached = [], True
    for unit in asked.units:
        entry = store.load(unit.key)
        if entry is None:
            if cached:
                store.probe()
            computed, cached = unit.compute(), False
            entry = store.save(unit.key, computed.arrays, computed.facts)
            unit.forget()
        entries.append(entry)
    keys = [fingerprint(unit.key) for unit in asked.units]
    whole = [seed for unit in asked.units for seed in unit.seeds] == list(asked.seeds)
    return Result(
        experiment.name,
        asked.tier,
        asked.config,
        asked.seeds,
        assembled(asked.units, entries, asked.seeds),
        " and ".join(dict.fromkeys(entry.facts["device"] for entry in entries)),
        sum(entry.facts["seconds"] for entry in entries),
        max(entry.facts["created"] for entry in entries),
        asked.units[0].key["data"],
        keys[0] if whole and len(keys) == 1 else fingerprint({"units": keys, "seeds": list(asked.seeds)}),
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
    """Empty when the result is stored; else the parts in which what is asked differs from the nearest stored unit."""
    store = store or Store(results_folder())
    missing = request(experiment, tier, seeds, device, **overrides).missing(store)
    if not missing:
        return []
    stored = list(store.keys(experiment.name))
    if not stored:
        return ["nothing is stored for this experiment yet"]
    return min((differences(missing[0].key, old) for old in stored), key=len)
