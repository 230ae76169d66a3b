"""Lemma C.14: the norm of the noise against the bound as printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024.experiments.appendix import largest_singular_value
from mmcl_core.papers.xue2024.experiments.base import stream


class NoiseNorm(Config):
    """A Gaussian noise matrix; more rows than columns, where the printed term is smallest against what it bounds."""

    smoke: ClassVar = {"seeds": 200}

    seeds: int = Field(2000, ge=10, description="chosen before the run: draws, one a seed")
    delta: float = Field(0.05, gt=0, lt=1, description="chosen before the run")
    n: int = Field(1000, ge=2, le=10**5, description="chosen")
    d: int = Field(50, ge=2, le=10**4, description="chosen")
    sigma_xi: float = Field(1.0, gt=0, description="chosen")

    @property
    def printed(self) -> float:
        """sigma_xi (sqrt(n/d) + 1 + sqrt(2 ln(1/delta)/(n d)))."""
        term = np.sqrt(2 * np.log(1 / self.delta) / (self.n * self.d))
        return float(self.sigma_xi * (np.sqrt(self.n / self.d) + 1 + term))


@experiment("xue2024.noise_norm", NoiseNorm, seconds={"smoke": 1, "book": 3, "paper": 3}, block=500)
def noise_norm(config: NoiseNorm, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The largest singular value of n rows from N(0, sigma_xi^2/d I), one draw a seed `[S]`."""
    c = config
    scale = c.sigma_xi / np.sqrt(c.d)
    draws = (stream(seed, "noise norm").standard_normal((c.n, c.d)) * scale for seed in seeds)
    return {"norm": np.array([largest_singular_value(x) for x in draws])}
