"""The floor of minibatch training (D9): where kappa stops above 1, over batch sizes and rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
import torch
from pydantic import Field, PositiveFloat, model_validator

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023.dynamics import Batches, observe
from mmcl_core.papers.ren2023.experiments.base import Base, require_memory
from mmcl_core.papers.ren2023.experiments.runs import placed
from mmcl_core.papers.ren2023.resumable import follow
from mmcl_core.papers.ren2023.setting import Encoders, Views

Runs = tuple[tuple[Annotated[int, Field(ge=2, le=2**16)], PositiveFloat], ...]  # pairs of batch and rate


class FloorSetting(Base):
    """The condition number on which minibatch training ends, over batch sizes and rates (D9).

    Every seed is first trained near balance once, with batches of 512 at the first rate; all settings go on from there.
    """

    book: ClassVar = {
        "cold": ((32, 2.0), (32, 0.5), (128, 2.0), (128, 0.5), (256, 2.0), (512, 2.0)),
        "warm": ((32, 0.5), (32, 0.125), (128, 0.5), (128, 0.125), (256, 0.5), (512, 0.5)),
    }
    smoke: ClassVar = {
        "cold": ((32, 2.0), (64, 2.0), (64, 1.0), (128, 2.0)),
        "warm": ((32, 0.5), (64, 0.5), (64, 0.25), (128, 0.5)),
        "seeds": 2,
        "horizon": 0.1,
    }

    seeds: int = Field(5, ge=1, description="chosen (5.6)")
    width: int = Field(100, ge=1, le=10**6, description="chosen (5.6)")
    cold: Runs = Field(
        ((32, 2.0), (32, 0.5), (128, 2.0), (128, 0.5), (512, 2.0), (512, 0.5), (2048, 2.0), (16_384, 2.0)),
        min_length=4,
        description="chosen (5.6): (batch, rate), so K = batch - 1, of the cold runs",
    )
    warm: Runs = Field(
        ((32, 0.5), (32, 0.125), (128, 0.5), (128, 0.125), (512, 0.5), (512, 0.125), (2048, 0.5), (16_384, 0.5)),
        min_length=4,
        description="chosen (5.6): the same of the warm runs",
    )
    horizon: float = Field(1.0, gt=0, description="chosen: share of the times 800 + 600 (cold) and 100 + 100 (warm)")
    cold_inverse_temperature: float = Field(1.0, gt=0, description="chosen (5.6): tau^2 of the cold runs")
    warm_inverse_temperature: float = Field(5.0, gt=0, description="chosen (5.6): tau^2 of the warm runs")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        require_memory(self.width, self.d, max(batch for batch, _ in (*self.cold, *self.warm)))
        return self


def train(
    e: Encoders, v: Views, batches: Batches, inverse_temperature: float, rate: float, steps: int
) -> tuple[Encoders, np.ndarray]:
    """The encoders after `steps` steps, and kappa averaged over the last two thirds of them, a hundred readings at
    most."""
    every = max(1, steps // 100)

    def look(step: int, e: Encoders) -> np.ndarray | None:
        late = step % every == 0 and step >= steps / 3
        return observe(e, v).condition_number.cpu().numpy() if late else None

    last, late = follow(e, v, batches, inverse_temperature, rate, steps, look)
    return last, np.stack(late, 1).mean(1)


@experiment(
    "ren2023.sgd_floor",
    FloorSetting,
    coordinates=("cold_noise", "warm_noise", "cold_batch", "warm_batch"),
    seconds={"smoke": 1, "book": 15, "paper": 500},
)
def sgd_floor(config: FloorSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """kappa - 1 late in the run `[S, setting]`, and how much ||W||^2 grew, against sqrt(rate / batch)."""
    arrays: Arrays = {}
    v, start = placed(config.views(), config.width, seeds, device)

    def batches(size: int) -> Batches:
        return Batches(config.views(), size, seeds, device)

    for name, inverse_temperature, first, time, settings in (
        ("cold", config.cold_inverse_temperature, 800.0, 600.0, config.cold),
        ("warm", config.warm_inverse_temperature, 100.0, 100.0, config.warm),
    ):
        rate = settings[0][1]
        steps = max(20, round(config.horizon * first / rate))
        near, _ = train(start, v, batches(max(b for b, _ in settings if b <= 512)), inverse_temperature, rate, steps)
        excess, growth = [], []
        for batch, rate in settings:
            steps = max(20, round(config.horizon * time / rate))
            end, kappa = train(near, v, batches(batch), inverse_temperature, rate, steps)
            excess.append(kappa - 1)
            growth.append((observe(end, v).weight_norm / observe(near, v).weight_norm).cpu().numpy())
        arrays |= {f"{name}_excess": np.stack(excess, 1), f"{name}_growth": np.stack(growth, 1)}
        arrays[f"{name}_noise"] = np.array([np.sqrt(rate / batch) for batch, rate in settings])
        arrays[f"{name}_batch"] = np.array([batch for batch, _ in settings])
    return arrays
