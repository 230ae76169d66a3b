"""Theorems 4.4 and 5.2 and Corollary 4.5 where they are stated, with as many dimensions as samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.sparse.linalg import svds

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, spread
from mmcl_core.papers.xue2024.experiments.base import Law, Probability, Prompted, measure, stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass


class WideTheorems(Law, Prompted):
    """d = n: captions of several richnesses, cells of Theorem 4.4's grid, and the setting of Corollary 4.5."""

    smoke: ClassVar = {"seeds": 3, "n": 200, "d": 200}

    seeds: int = Field(40, ge=2, description="chosen before the run: ten standard errors tell pi_core from its square")
    n: int = Field(500, ge=10, le=4000, description="chosen")
    d: int = Field(500, ge=1, le=4000, description="Assumption C.2: Omega(n); chosen: as many as samples")
    richness: tuple[Probability, ...] = Field((0.25, 0.5, 0.75, 1.0), min_length=2, description="Def. 5.1: pi_core")
    cells: tuple[tuple[float, float, float], ...] = Field(
        ((0.5, 0.8, 0.1), (1.0, 0.8, 0.5), (1.0, 1.0, 0.1), (2.0, 0.9, 0.5)),
        min_length=1,
        description="chosen: (sigma_core, p_spu, sigma_spu) from the narrow grid",
    )
    limit: tuple[float, float, float] = Field((1.0, 1.0, 0.0), description="Corollary 4.5: sigma_spu to 0, p_spu to 1")

    def predictions(self, cells: Sequence[Sequence[float]], name: str) -> list[spread.Prediction]:
        """What accuracy `name` should be in each of `cells`, complete captions."""
        return [spread.predict(IntraClass(a, e, p), self.observation, name, self.prompt) for a, p, e in cells]


@experiment(
    "xue2024.wide_theorems",
    WideTheorems,
    coordinates=("pi_core", "cells"),
    seconds={"smoke": 1, "book": 8, "paper": 8},
    block=50,
)
def wide_theorems(config: WideTheorems, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Exact OOD, ID and conflict accuracy: `richness` `[S, pi_core, 2, 3]` for pi_spu = 0, 1 on the same draws, `grid`
    `[S, cell, 3]`, `corollary` `[S, 3]`."""
    c = config
    rows = {"richness": [], "grid": [], "corollary": []}
    for seed in seeds:
        s = stream(seed, "wide theorems")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        start = s.standard_normal(c.d)

        def seen(model: IntraClass, draws: Draws = draws, noise: linear.Noise = noise, start: np.ndarray = start):
            u, size, vt = svds(noise.cross_covariance(model.sample(draws)), k=c.rank, v0=start)
            found = linear.Minimiser(u, size, vt.T)
            return measure(found.direction(np.array(c.prompt)), model, c.sigma_xi)

        rows["richness"].append([[seen(c.model(pi_core=x, pi_spu=y)) for y in (0.0, 1.0)] for x in c.richness])
        rows["grid"].append([seen(IntraClass(a, e, p)) for a, p, e in c.cells])
        a, p, e = c.limit
        rows["corollary"].append(seen(IntraClass(a, e, p)))
    return {"pi_core": np.array(c.richness), "cells": np.array(c.cells), **{k: np.array(x) for k, x in rows.items()}}
