"""Trained encoders: the contrastive loss at three temperatures and the non-contrastive loss, beside the
infinite-width flow (F1 to F4, T1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023.dynamics import Batches, observe
from mmcl_core.papers.ren2023.experiments.base import Trained, log_steps
from mmcl_core.papers.ren2023.resumable import follow
from mmcl_core.papers.ren2023.setting import Encoders, Views, initial_encoders, reduce_width

NAMES = ("noncontrastive", "tau2_5", "tau2_1", "tau2_0.3")
MEASURED = ("condition_number", "alignment", "correlations", "energies", "noise", "weight_norm")


class RunSetting(Trained):
    """The four runs. A step of rate lr counts as lr units of time."""

    book: ClassVar = {"d": 40, "signal": (1.0, 0.8, 0.6, 0.4, 0.2), "width": 500, "batch": 512, "rate_scale": 1.0}
    smoke: ClassVar = {**book, "seeds": 2, "width": 100, "batch": 64, "horizon": 0.05}

    seeds: int = Field(5, ge=1, description="chosen")
    d: int = Field(1000, ge=1, le=20_000, description="chosen; 40 at book")
    signal: tuple[PositiveFloat, ...] = Field(
        tuple(np.linspace(1, 0.2, 50).round(4).tolist()), min_length=1, description="chosen; r = 50, and r = 5 at book"
    )
    width: int = Field(20_000, ge=1, le=10**6, description="chosen; 500 at book")
    batch: int = Field(8192, ge=2, le=2**16, description="chosen; 512 at book")
    inverse_temperatures: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = Field(
        (5.0, 1.0, 0.3), description="chosen: tau^2 of the runs called tau2_5, tau2_1 and tau2_0.3, whatever it is"
    )
    rates: tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat] = Field(
        (2.0, 0.5, 2.0, 8.0), description="chosen: step sizes of NC and of these"
    )
    times: tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat] = Field(
        (400.0, 100.0, 800.0, 8000.0), description="chosen: final times of the same"
    )
    rate_scale: float = Field(
        0.4, gt=0, description="chosen: the larger batch with a smaller step lowers the floor of SGD (D9)"
    )
    horizon: float = Field(1.0, gt=0, description="chosen: share of the times that is run")


def measure(
    v: Views,
    start: Encoders,
    batches: Batches,
    inverse_temperature: float | None,
    rate: float,
    steps: int,
    points: int = 60,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Train and observe at log-spaced steps: the steps `[T]`, and each measurement `[S, T, ...]`."""
    recorded = log_steps(steps, points)
    wanted = set(recorded.tolist())

    def look(step: int, e: Encoders) -> dict[str, np.ndarray] | None:
        if step not in wanted:
            return None
        observed = observe(e, v)
        return {name: getattr(observed, name).cpu().numpy() for name in MEASURED}

    _, seen = follow(start, v, batches, inverse_temperature, rate, steps, look)
    return recorded.numpy(), {name: np.stack([o[name] for o in seen], 1) for name in MEASURED}


def placed(v: Views, width: int, seeds: Sequence[int], device: torch.device) -> tuple[Views, Encoders]:
    """Views and initial encoders on the device, without the redundant width."""
    e = reduce_width(initial_encoders(v, width, seeds))
    return v.to(device), Encoders(e.a.to(device), e.b.to(device))


def four(c: RunSetting) -> Iterator[tuple[str, float | None, float, float]]:
    yield from (
        (n, t, c.rate_scale * r, c.horizon * T)
        for n, t, r, T in zip(NAMES, (None, *c.inverse_temperatures), c.rates, c.times, strict=True)
    )


@experiment(
    "ren2023.runs",
    RunSetting,
    coordinates=tuple(f"{n}_time" for n in NAMES),
    seconds={"smoke": 2, "book": 35, "paper": 3000},
)
def runs(config: RunSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Condition number, alignment, energies and noise of four runs of the full model over time."""
    v, start = placed(config.views(), config.width, seeds, device)
    arrays: Arrays = {}
    for name, inverse_temperature, rate, time in four(config):
        batches = Batches(config.views(), config.batch, seeds, device)
        steps, seen = measure(v, start, batches, inverse_temperature, rate, max(2, round(time / rate)))
        arrays[f"{name}_time"] = steps * rate
        arrays |= {f"{name}_{key}": value for key, value in seen.items()}
    return arrays
