"""What infinite width and the population leave out: finite width (D2b), minibatch noise (D9), finite training sets (F12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
import torch
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023.dynamics import Batches
from mmcl_core.papers.ren2023.experiments.base import Base, Trained, require_memory
from mmcl_core.papers.ren2023.experiments.runs import measure, placed


class WidthSetting(Base):
    """Minibatch training at growing width, against the infinite-width flow (D2b)."""

    book: ClassVar = {"widths": (25, 50, 100, 200, 400, 800), "seeds": 6}
    smoke: ClassVar = {"widths": (25, 100), "seeds": 2, "batch": 64, "horizon": 0.1}

    seeds: int = Field(12, ge=1, description="chosen; 6 in D2b")
    widths: tuple[Annotated[int, Field(ge=1, le=10**6)], ...] = Field(
        (25, 50, 100, 200, 400, 800, 3200, 12_800, 100_000), min_length=1, description="chosen (D2b)"
    )
    horizon: float = Field(1.0, gt=0, description="chosen: share of the times 400 (NC) and 60 (tau^2 = 5)")
    batch: int = Field(512, ge=2, le=2**16, description="chosen: N, so K = N - 1 negatives")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        require_memory(max(self.widths), self.d, self.batch)
        return self


@experiment(
    "ren2023.finite_width", WidthSetting, coordinates=("width",), seconds={"smoke": 1, "book": 32, "paper": 120}
)
def finite_width(config: WidthSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Largest |log kappa - log kappa of the flow| along both runs `[S, width]`."""
    arrays: Arrays = {"width": np.array(config.widths)}
    for name, inverse_temperature, rate, time, negatives in (
        ("noncontrastive", None, 1.0, 400.0, np.inf),
        ("contrastive", 5.0, 0.25, 60.0, config.batch - 1),
    ):
        steps = max(2, round(config.horizon * time / rate))
        deviations = []
        for width in config.widths:
            v, start = placed(config.views(), width, seeds, device)
            recorded, seen = measure(
                v, start, Batches(config.views(), config.batch, seeds, device), inverse_temperature, rate, steps
            )
            flow = config.closure(inverse_temperature, negatives).run(recorded * rate).condition_number
            deviations.append(np.abs(np.log(seen["condition_number"] / flow)).max(1))
        arrays[name] = np.stack(deviations, 1)
    return arrays


Runs = tuple[tuple[Annotated[int, Field(ge=2, le=2**16)], PositiveFloat], ...]  # pairs of batch and rate


class FloorSetting(Base):
    """The condition number on which minibatch training ends, over batch sizes and rates (D9)."""

    book: ClassVar = {
        "cold": ((32, 2.0), (32, 0.5), (128, 2.0), (128, 0.5), (512, 2.0)),
        "warm": ((32, 0.5), (32, 0.125), (128, 0.5), (128, 0.125), (512, 0.5)),
    }
    smoke: ClassVar = {"cold": ((32, 2.0), (64, 2.0)), "warm": ((32, 0.5), (64, 0.5)), "seeds": 2, "horizon": 0.1}

    seeds: int = Field(3, ge=1, description="chosen (5.6)")
    width: int = Field(100, ge=1, le=10**6, description="chosen (5.6)")
    cold: Runs = Field(
        ((32, 2.0), (32, 0.5), (128, 2.0), (128, 0.5), (512, 2.0), (512, 0.5), (2048, 2.0), (16_384, 2.0)),
        min_length=1,
        description="chosen (5.6): (batch, rate) at tau^2 = 1",
    )
    warm: Runs = Field(
        ((32, 0.5), (32, 0.125), (128, 0.5), (128, 0.125), (512, 0.5), (512, 0.125), (16_384, 0.5)),
        min_length=1,
        description="chosen (5.6): the same at tau^2 = 5",
    )
    horizon: float = Field(1.0, gt=0, description="chosen: share of the times 1200 and 150")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        require_memory(self.width, self.d, max(batch for batch, _ in (*self.cold, *self.warm)))
        return self


@experiment(
    "ren2023.sgd_floor",
    FloorSetting,
    coordinates=("cold_noise", "warm_noise"),
    seconds={"smoke": 1, "book": 14, "paper": 400},
)
def sgd_floor(config: FloorSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """kappa - 1, averaged over the last fifth of the run `[S, setting]`, and how much ||W||^2 grew, against sqrt(rate / batch)."""
    arrays: Arrays = {}
    v, start = placed(config.views(), config.width, seeds, device)
    for name, inverse_temperature, time, settings in (
        ("cold", 1.0, 1200.0, config.cold),
        ("warm", 5.0, 150.0, config.warm),
    ):
        ends, growth = [], []
        for batch, rate in settings:
            batches = Batches(config.views(), batch, seeds, device)
            steps, seen = measure(
                v, start, batches, inverse_temperature, rate, max(20, round(config.horizon * time / rate)), 200
            )
            late = steps >= 0.8 * steps[-1]
            ends.append(seen["condition_number"][:, late].mean(1) - 1)
            growth.append(seen["weight_norm"][:, -1] / seen["weight_norm"][:, 0])
        arrays |= {f"{name}_excess": np.stack(ends, 1), f"{name}_growth": np.stack(growth, 1)}
        arrays[f"{name}_noise"] = np.array([np.sqrt(rate / batch) for batch, rate in settings])
    return arrays


class SampleSetting(Trained):
    """A fixed training set of n pairs; kappa and alignment are those of the population."""

    book: ClassVar = {"pairs": (50, 100, 200, 500, 2000, 10_000)}
    smoke: ClassVar = {"pairs": (50, 500), "seeds": 2, "batch": 64, "horizon": 0.1}

    seeds: int = Field(3, ge=1, description="chosen (5.5)")
    width: int = Field(100, ge=1, description="chosen (5.5)")
    pairs: tuple[PositiveInt, ...] = Field(
        (50, 100, 200, 500, 2000, 10_000, 100_000), min_length=1, description="chosen (5.5): n"
    )
    horizon: float = Field(1.0, gt=0, description="chosen: share of the times 300 (tau^2 = 5) and 800 (NC)")


@experiment(
    "ren2023.training_set", SampleSetting, coordinates=("pairs",), seconds={"smoke": 1, "book": 22, "paper": 60}
)
def training_set(config: SampleSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """End kappa and population alignment of both losses `[S, n]`."""
    v, start = placed(config.views(), config.width, seeds, device)
    arrays: Arrays = {"pairs": np.array(config.pairs)}
    for name, inverse_temperature, rate, time in (
        ("contrastive", 5.0, 0.5, 300.0),
        ("noncontrastive", None, 2.0, 800.0),
    ):
        runs = []
        for n in config.pairs:
            batches = Batches(config.views(), config.batch, seeds, device, pairs=n)
            runs.append(
                measure(v, start, batches, inverse_temperature, rate, max(2, round(config.horizon * time / rate)), 2)[1]
            )
        arrays[f"{name}_condition_number"] = np.stack([r["condition_number"][:, -1] for r in runs], 1)
        arrays[f"{name}_alignment"] = np.stack([r["alignment"][:, -1] for r in runs], 1)
    return arrays
