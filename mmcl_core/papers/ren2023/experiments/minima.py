"""Nothing lies below the least loss (D7): random, aligned and nearly optimal encoders, all signs enumerated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023 import dynamics, theory
from mmcl_core.papers.ren2023.experiments.exact import LANDSCAPE, Case, EnumeratedSetting
from mmcl_core.papers.ren2023.setting import Encoders, Views, cube, initial_encoders
from mmcl_core.runtime import generator

SCALES = (1e-3, 1e-2, 0.1, 0.3, 1.0)  # sizes of the disturbances of a minimiser, relative to its norm


class MinimaSetting(EnumeratedSetting):
    """One seed is one draw of each kind of encoder."""

    book: ClassVar = {"seeds": 50}
    smoke: ClassVar = {"seeds": 5}

    seeds: int = Field(200, ge=1, description="chosen: draws of each kind")
    width: int = Field(8, ge=1, description="chosen: m, at least r + d - r columns can be independent")
    cases: tuple[Case, ...] = Field(LANDSCAPE, min_length=1, description="chosen (D7): (tau^2, K)")


def aligned(v: Views, width: int, seeds: Sequence[int], spread: float) -> Encoders:
    """Equal, noise-free encoders in a random basis; singular values e^{spread U(0, 1)}, so kappa up to e^spread."""
    made = []
    for s in seeds:
        g = generator("ren2023", s, "aligned encoders")
        left = torch.linalg.qr(torch.randn(width, v.rank, generator=g, dtype=torch.float64)).Q
        right = torch.linalg.qr(torch.randn(v.rank, v.rank, generator=g, dtype=torch.float64)).Q
        values = torch.exp(spread * torch.rand(v.rank, generator=g, dtype=torch.float64))
        made.append(torch.nn.functional.pad(left * values @ right, (0, v.dimension - v.rank)))
    both = torch.stack(made)
    return Encoders(both, both)


def disturbed(e: Encoders, scale: float, seeds: Sequence[int]) -> Encoders:
    """Every entry of both encoders moved by Gaussian noise of `scale` times their norm."""

    def move(x: torch.Tensor, view: str) -> torch.Tensor:
        drawn = [
            torch.randn(x.shape[1:], generator=generator("ren2023", s, f"disturbance {view} {scale}"), dtype=x.dtype)
            for s in seeds
        ]
        noise = torch.stack(drawn)
        return x + scale * noise / noise.flatten(1).norm(dim=1)[:, None, None] * x.flatten(1).norm(dim=1)[:, None, None]

    return Encoders(move(e.a, "a"), move(e.b, "b"))


@experiment("ren2023.minima", MinimaSetting, seconds={"smoke": 1, "book": 2, "paper": 4}, block=50)
def minima(config: MinimaSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Losses above their minima at random, aligned, disturbed and least encoders."""
    v = config.views()
    points, positive = cube(v)
    spread = aligned(v, config.width, seeds, 5.0)
    least = aligned(v, config.width, seeds, 0.0)
    others = [initial_encoders(v, config.width, seeds), spread, *(disturbed(least, scale, seeds) for scale in SCALES)]

    def excess(e: Encoders) -> np.ndarray:
        losses = [dynamics.population_loss(e, v, points, positive, *case).numpy() for case in config.cases]
        return np.stack(losses, 1) - np.array([theory.least_loss(v.rank, *case) for case in config.cases])

    def noncontrastive(e: Encoders) -> np.ndarray:
        products = points @ dynamics.similarity(e, v) @ points.mT
        return 1 - (positive * products).sum((1, 2)).numpy()

    return {
        "excess": np.stack([excess(e) for e in others], 1),
        "at_minimum": excess(least),
        "noncontrastive_aligned": noncontrastive(spread),
        "noncontrastive_others": np.stack([noncontrastive(e) for e in (others[0], *others[2:])], 1),
        "condition_number": dynamics.condition_number(spread.a[..., : v.rank]).numpy(),
    }
