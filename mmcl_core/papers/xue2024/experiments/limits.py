"""Where Theorem 5.2 stops: encoders of rank 1, in a sample and in the population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, theory
from mmcl_core.papers.xue2024.experiments.base import PROMPT, Observed, Probability, measure, stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass


class RankSetting(Observed):
    """Ranks 1 and 2 with captions silent or full of spurious detail."""

    smoke: ClassVar = {"seeds": 2, "n": 2000, "d": 60}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(8000, ge=10, le=10**6, description="chosen")
    d: int = Field(200, ge=1, le=20_000, description="chosen")
    sigma_core: float = Field(1.0, ge=0, description="Assumption 4.2: Theta(1)")
    p_spu: Probability = Field(0.95, description="Assumption 4.2: 1 - o(1)")
    pi_core: Probability = Field(1.0, description="Definition 5.1: pi_core")
    spuriouses: tuple[float, ...] = Field((0.1, 0.5), min_length=1, description="chosen: sigma_spu")
    cores: tuple[float, ...] = Field(
        (0.5, 1.0, 1.5, 2.0), min_length=1, description="chosen: sigma_core of the population's grid"
    )
    spreads: tuple[float, ...] = Field((0.1, 0.3, 0.5, 1.0), min_length=1, description="chosen: sigma_spu of that grid")


@experiment(
    "xue2024.rank",
    RankSetting,
    coordinates=("sigma_spu", "population_loss"),
    seconds={"smoke": 1, "book": 1, "paper": 2},
)
def rank(config: RankSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy for each sigma_spu, pi_spu = 0 and 1, rank 1 and 2 `[S, sigma_spu, 2, 2, 3]`.

    `population_loss` is the formula minus the OOD accuracy of rank 1 with the population's C, over `cores` x `spreads`.
    """
    c = config
    seen = np.empty((len(seeds), len(c.spuriouses), 2, 2, 3))
    for row, seed in enumerate(seeds):
        s = stream(seed, "rank")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        for i, spread in enumerate(c.spuriouses):
            for pi in (0, 1):
                model = IntraClass(c.sigma_core, spread, c.p_spu, c.pi_core, float(pi))
                S = noise.cross_covariance(model.sample(draws))
                for p in (1, 2):
                    u = linear.minimiser_of(S, p).direction(PROMPT)
                    seen[row, i, pi, p - 1] = measure(u, model, c.sigma_xi)
    loss = np.empty((len(c.cores), len(c.spreads)))
    for i, core in enumerate(c.cores):
        for j, e in enumerate(c.spreads):
            model = IntraClass(core, e, c.p_spu, c.pi_core)
            u = linear.minimiser_of(model.cross_covariance(), 1).direction(PROMPT)
            formula = theory.contrastive_accuracy(core, e, c.p_spu, c.pi_core)
            loss[i, j] = formula - linear.gaussian_accuracy(u, model).ood
    return {"sigma_spu": np.array(c.spuriouses), "accuracy": seen, "population_loss": loss}
