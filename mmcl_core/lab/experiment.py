"""What an experiment is: a pure function from (config, seeds, device) to named arrays, and its declaration.

This module stays light on purpose: every experiment imports it, so every line here is part of every store key.
"""

from __future__ import annotations

import dis
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from mmcl_core.lab.config import Config

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Experiment:
    """A declared experiment.

    `function(config, seeds, device)` returns arrays whose leading axis is the seed axis `S`, except those named in
    `coordinates` (epochs, grid values), which have none. `data(config)` names the data sources the experiment reads
    with their checksums, so that other data give another store key. `seconds` is what to expect on two CPU cores.
    A `deterministic` experiment has no seeds: it is called with an empty list and its arrays have no seed axis. The
    others are computed in blocks of at most `block` seeds (`lab/units.py`): 1 where seeds are trained one after another,
    more where they share each step.
    """

    name: str
    config: type[Config]
    function: Callable[[Config, Sequence[int], torch.device], Arrays]
    summary: str
    coordinates: frozenset[str] = frozenset()
    data: Callable[[Config], dict[str, str]] | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    deterministic: bool = False
    block: int = 10

    def __reduce__(self) -> tuple[Callable[[str, str], Experiment], tuple[str, str]]:
        """Pickled as its place, not as its code: the declared name stands for the experiment, not for its function."""
        return _declared, (self.function.__module__, self.function.__qualname__)

    @property
    def module(self) -> str:
        return self.function.__module__

    def place(self, device: torch.device) -> torch.device:
        """Where it computes: an experiment that never looks at its `device` runs on the CPU, whatever was asked for,
        and says so."""
        code = self.function.__code__
        reads = any(i.argval == "device" and i.opname.startswith("LOAD") for i in dis.get_instructions(code))
        return device if reads or "device" in code.co_cellvars else torch.device("cpu")

    def compute(self, config: Config, seeds: Sequence[int], device: torch.device) -> Arrays:
        """Run the function and hold it to its contract.

        Raises
        ------
        ValueError
            When an array lacks the leading seed axis, or a coordinate named in the declaration is missing.
        """
        arrays = {name: np.asarray(value) for name, value in self.function(config, seeds, device).items()}
        if missing := self.coordinates - arrays.keys():
            raise ValueError(f"{self.name} declares the coordinates {sorted(missing)} but does not return them")
        for name, array in arrays.items():
            if array.dtype == object:
                raise ValueError(f"{self.name} returns '{name}' as objects; only numbers and text can be stored")
            if (
                not self.deterministic
                and name not in self.coordinates
                and (array.ndim == 0 or len(array) != len(seeds))
            ):
                raise ValueError(
                    f"{self.name} returns '{name}' of shape {array.shape}; its first axis must be the {len(seeds)} "
                    f"seeds"
                )
        return arrays


def _declared(module: str, name: str) -> Experiment:
    return getattr(importlib.import_module(module), name)


def experiment(
    name: str,
    config: type[Config],
    *,
    coordinates: Sequence[str] = (),
    data: Callable[[Config], dict[str, str]] | None = None,
    seconds: Mapping[str, float] | None = None,
    deterministic: bool = False,
    block: int = 10,
) -> Callable[[Callable[[Config, Sequence[int], torch.device], Arrays]], Experiment]:
    """Declare the decorated function as the experiment `name` ("huang2024.figure1"); its docstring's first line is the
    summary."""

    def declare(function: Callable[[Config, Sequence[int], torch.device], Arrays]) -> Experiment:
        summary = (function.__doc__ or "").strip().split("\n")[0]
        return Experiment(
            name, config, function, summary, frozenset(coordinates), data, dict(seconds or {}), deterministic, block
        )

    return declare
