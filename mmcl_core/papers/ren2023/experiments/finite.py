"""What infinite width and the population leave out: finite width (D2b), finite training sets (F12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
import torch
from pydantic import Field, PositiveInt, model_validator

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023.dynamics import Batches, observe, similarity
from mmcl_core.papers.ren2023.experiments.base import Base, Trained, require_memory
from mmcl_core.papers.ren2023.experiments.runs import measure, placed
from mmcl_core.papers.ren2023.resumable import follow


class WidthSetting(Base):
    """Minibatch training at growing width, against the infinite-width flow (D2b)."""

    book: ClassVar = {"widths": (25, 50, 100, 200, 400, 800), "seeds": 6}
    smoke: ClassVar = {"widths": (25, 100), "seeds": 2, "batch": 64, "horizon": 0.1}

    seeds: int = Field(12, ge=1, description="chosen; 6 in D2b")
    widths: tuple[Annotated[int, Field(ge=1, le=10**6)], ...] = Field(
        (25, 50, 100, 200, 400, 800, 3200, 12_800, 100_000), min_length=1, description="chosen (D2b)"
    )
    horizon: float = Field(1.0, gt=0, description="chosen: share of the times 400 (NC) and 60 (contrastive)")
    batch: int = Field(512, ge=2, le=2**16, description="chosen: N, so K = N - 1 negatives")
    inverse_temperature: float = Field(5.0, gt=0, description="chosen (D2b): tau^2 of the contrastive runs")

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
        ("contrastive", config.inverse_temperature, 0.25, 60.0, config.batch - 1),
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


class SampleSetting(Trained):
    """A fixed training set of n pairs; kappa and alignment are those of the population."""

    book: ClassVar = {"pairs": (50, 100, 500, 2000, 10_000)}
    smoke: ClassVar = {"pairs": (50, 500), "seeds": 2, "batch": 64, "horizon": 0.1}

    seeds: int = Field(5, ge=1, description="chosen (5.5)")
    width: int = Field(100, ge=1, description="chosen (5.5)")
    pairs: tuple[PositiveInt, ...] = Field(
        (50, 100, 200, 500, 2000, 10_000, 100_000), min_length=1, description="chosen (5.5): n"
    )
    horizon: float = Field(1.0, gt=0, description="chosen: share of the times 300 (contrastive) and 800 (NC)")
    inverse_temperature: float = Field(5.0, gt=0, description="chosen (5.5): tau^2 of the contrastive runs")


@experiment(
    "ren2023.training_set", SampleSetting, coordinates=("pairs",), seconds={"smoke": 1, "book": 29, "paper": 90}
)
def training_set(config: SampleSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Where both losses end on n fixed pairs `[S, n]`: kappa, both alignments, strongest direction.

    `top` is the share of the largest singular value, squared, of the answers to the signal in view A.
    """
    v, start = placed(config.views(), config.width, seeds, device)
    arrays: Arrays = {"pairs": np.array(config.pairs)}
    for name, inverse_temperature, rate, time in (
        ("contrastive", config.inverse_temperature, 0.5, 300.0),
        ("noncontrastive", None, 2.0, 800.0),
    ):
        ends = []
        for n in config.pairs:
            batches = Batches(config.views(), config.batch, seeds, device, pairs=n)
            steps = max(2, round(config.horizon * time / rate))
            end, _ = follow(start, v, batches, inverse_temperature, rate, steps)
            seen, form = observe(end, v), similarity(end, v).cpu()
            trained = [
                ((h_a.double() @ form[k]) * h_b.double()).sum(1).mean() for k, (h_a, h_b) in enumerate(batches.fixed)
            ]
            energies = torch.linalg.svdvals(end.a[..., : v.rank]).square()
            ends.append(
                {
                    "condition_number": seen.condition_number,
                    "alignment": seen.alignment,
                    "trained_alignment": torch.stack(trained),
                    "top": energies[:, 0] / energies.sum(1),
                }
            )
        arrays |= {f"{name}_{key}": torch.stack([e[key].cpu() for e in ends], 1).numpy() for key in ends[0]}
    arrays["start"] = observe(start, v).condition_number.cpu().numpy()
    return arrays
