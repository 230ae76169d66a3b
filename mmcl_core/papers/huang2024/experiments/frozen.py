"""Noise in stage one with the softmax exactly frozen, at the n that the lemmas ask for (Lemmas C.10 and C.11).

With l' = 1/(M+1) throughout (C_l = 1) the classes of a neuron see each other through their means only, so that a step
costs O(m n) and n = 10^4 is cheap:

    z_i <- z_i + r M/(M+1) 1[z_i > 0] (z_i + e_i - mean of relu(z_j) over the other class).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import bounds, setting
from mmcl_core.papers.huang2024.experiments.base import Neurons


class FrozenSetting(Config):
    """Units of sigma_0 sigma_xi sqrt(d); n >= 2500 log(4/delta) = 9222 at delta = 0.1."""

    smoke: ClassVar = {"n": 1000, "m": 20, "seeds": 2}

    n: int = Field(10_000, ge=4, multiple_of=2, description="chosen: above 9222")
    m: Neurons = Field(50, description="as in Figure 1")
    growth: float = Field(0.05, gt=0, description="chosen: r = eta sigma_xi^2 d/(n m tau)")
    initial_noise: float = Field(0.0447, gt=0, description="sigma_0 sigma_xi sqrt(d), as in Figure 1; sets T1")
    augmentation: float = Field(0.1, ge=0, description="sigma_eps / sigma_xi, as in Figure 1")

    @property
    def negatives(self) -> int:
        """M."""
        return self.n // 2

    @property
    def steps(self) -> int:
        """T1."""
        return bounds.stage_one_single(self.initial_noise, self.growth)


def advance(z: Float[Tensor, "m 2 half"], view: Float[Tensor, "m 2 half"], rate: float) -> Float[Tensor, "m 2 half"]:
    """One step; `z` by neuron, class and sample, `view` = <w_r, eps_i>, `rate` = r M/(M+1)."""
    other = torch.relu(z).mean(-1).flip(-1)[..., None]
    return torch.where(z > 0, z + rate * (torch.relu(z + view) - other), z)


@experiment("huang2024.frozen", FrozenSetting, seconds={"smoke": 1, "book": 5, "paper": 5})
def frozen(config: FrozenSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Per draw: shares of the active pairs that dominate the other class at the start, that grow as stated up to T1,
    that die by then; and how many samples have lost all their neurons."""
    c = config
    shares: dict[str, list[float]] = {}
    for seed in seeds:
        start = setting.normal([seed], "frozen noise", c.m, 2, c.n // 2)[0].to(device)
        view = c.augmentation * setting.normal([seed], "frozen augmentation", c.m, 2, c.n // 2)[0].to(device)
        active, z = start > 0, start.clone()
        opposite = torch.relu(start).sum(-1).flip(-1)[..., None]
        dominates = start >= 101 * 1.01 * opposite / (c.negatives + 1)
        holds = active.clone()
        for step in range(1, c.steps + 1):
            z = advance(z, view, c.growth * c.negatives / (c.negatives + 1))
            holds &= z >= (1 + 0.96 * c.growth) ** step * start
        found = {"dominates": dominates, "bound": holds, "dies": (z <= 0) & active}
        for name, condition in found.items():
            shares.setdefault(name, []).append(float((condition & active).sum() / active.sum()))
        shares.setdefault("silenced", []).append(float(((z <= 0).all(0)).sum()))
    return {name: np.array(values) for name, values in shares.items()}
