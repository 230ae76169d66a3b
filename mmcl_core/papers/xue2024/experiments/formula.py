"""Theorem 4.4 on data model 1: the formula on a grid, without a gap, its rate in n, d > n, the spread of the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, spread
from mmcl_core.papers.xue2024.experiments.base import (
    Amplitude,
    Captioned,
    IntraSetting,
    Observed,
    Probability,
    Prompt,
    Prompted,
    measure,
    stream,
)
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, observe


class GridSetting(Prompted):
    """sigma_core x p_spu x sigma_spu, and cells in which the two spreads are equal or reversed."""

    smoke: ClassVar = {"seeds": 2, "cores": (0.5, 1.0), "agreements": (0.8, 1.0), "spuriouses": (0.0, 0.5)}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    cores: tuple[float, ...] = Field(
        (0.25, 0.5, 1.0, 1.5, 2.0, 3.0), min_length=1, description="chosen: sigma_core; Assumption C.2: Theta(1)"
    )
    agreements: tuple[Probability, ...] = Field(
        (0.6, 0.7, 0.8, 0.9, 1.0), min_length=1, description="Theorem 4.4: any p_spu in (1/2, 1]"
    )
    spuriouses: tuple[float, ...] = Field((0.0, 0.1, 0.5), min_length=1, description="Assumption C.2: sigma_spu = O(1)")
    reversed_cells: tuple[tuple[float, float, float], ...] = Field(
        ((0.5, 0.9, 2.0), (1.0, 0.9, 1.0)),
        min_length=1,
        description="chosen: (sigma_core, p_spu, sigma_spu) against sigma_core - sigma_spu = Theta(1)",
    )
    pi_core: Probability = Field(1.0, description="Definition 5.1: pi_core")
    pi_spu: Probability = Field(1.0, description="Definition 5.1: pi_spu")

    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """(sigma_core, p_spu, sigma_spu) of the grid and of the reversed cells, `[cell, 3]` each."""
        grid = [(core, p, spu) for core in self.cores for p in self.agreements for spu in self.spuriouses]
        return np.array(grid), np.array(self.reversed_cells)

    def predictions(self, cells: np.ndarray, name: str) -> list[spread.Prediction]:
        """What accuracy `name` should be in each of `cells`."""
        models = [IntraClass(a, e, p, self.pi_core, self.pi_spu) for a, p, e in cells]
        return [spread.predict(m, self.observation, name, self.prompt) for m in models]


@experiment(
    "xue2024.formula", GridSetting, coordinates=("cells", "reversed_cells"), seconds={"smoke": 1, "book": 1, "paper": 1}
)
def formula(config: GridSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Exact OOD, ID and conflict accuracy of the learnt direction on the grid and in the reversed cells `[S, cell,
    3]`."""
    c = config
    grid, turned = c.cells()
    rows = []
    for seed in seeds:
        s = stream(seed, "grid")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        table = []
        for core, p, spu in (*grid, *turned):
            model = IntraClass(core, spu, p, c.pi_core, c.pi_spu)
            u = linear.minimiser_of(noise.cross_covariance(model.sample(draws)), c.rank).direction(np.array(c.prompt))
            table.append(measure(u, model, c.sigma_xi))
        rows.append(table)
    seen = np.array(rows)
    k = len(grid)
    return {"cells": grid, "reversed_cells": turned, "grid": seen[:, :k], "reversed": seen[:, k:]}


class RateSetting(IntraSetting):
    """How fast the accuracy of a finite sample approaches the formula."""

    smoke: ClassVar = {"seeds": 8, "sizes": (200, 400, 800, 1600)}

    seeds: int = Field(200, ge=2, description="chosen: so many that the slope's whole interval can decide")
    d: int = Field(20, ge=1, le=20_000, description="chosen")
    sizes: tuple[int, ...] = Field((200, 400, 800, 1600, 3200, 6400, 12800), min_length=4, description="chosen: n")


@experiment(
    "xue2024.sample_size", RateSetting, coordinates=("n",), seconds={"smoke": 1, "book": 6, "paper": 6}, block=100
)
def sample_size(config: RateSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD accuracy of the learnt direction minus the formula with finite d `[S, n]`."""
    c, model = config, config.model()
    targets = [spread.predict(model, spread.Observation(n, c.d, c.sigma_xi), "ood", c.prompt).value for n in c.sizes]
    error = np.empty((len(seeds), len(c.sizes)))
    for row, seed in enumerate(seeds):
        for column, n in enumerate(c.sizes):
            s = stream(seed, f"size {n}")
            sample = model.sample(Draws.of(n, s))
            image, text = (observe(z, c.d, c.sigma_xi, s) for z in (sample.image, sample.text))
            u = linear.minimiser_of(linear.cross_covariance(image, text), c.rank).direction(np.array(c.prompt))
            error[row, column] = linear.gaussian_accuracy(u, model, c.sigma_xi).ood - targets[column]
    return {"n": np.array(c.sizes), "error": error}


class WideSetting(Captioned, Observed):
    """More dimensions than samples."""

    smoke: ClassVar = {"seeds": 2, "d": 600}

    seeds: int = Field(10, ge=1, description="chosen before the run")
    n: int = Field(300, ge=10, le=10**6, description="chosen")
    d: int = Field(3000, ge=1, le=20_000, description="Assumption C.2: Omega(n)")
    ranks: tuple[int, ...] = Field((2, 10, 300), min_length=1, description="Theorem 4.4: p >= 2")
    loud: Amplitude = Field(10.0, description="chosen: a larger sigma_xi, at rank 2; O(log n)")
    prompt: Prompt = Field((1.0, 0.0), description="as in `Prompted`: (core, spurious)")


@experiment("xue2024.wide", WideSetting, coordinates=("rank",), seconds={"smoke": 1, "book": 3, "paper": 4})
def wide(config: WideSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy with d > n at several ranks `[S, rank, 3]`; at rank 2 with louder noise `[S,
    3]`."""
    c, model, prompt = config, config.model(), np.array(config.prompt)
    rows, loud = [], []
    for seed in seeds:
        s = stream(seed, "wide")
        sample = model.sample(Draws.of(c.n, s))
        pair = [observe(z, c.d, c.sigma_xi, s) for z in (sample.image, sample.text)]
        whole = linear.minimiser(*pair, max(c.ranks))
        cut = [linear.Minimiser(whole.u[:, :p], whole.s[:p], whole.v[:, :p]) for p in c.ranks]
        rows.append([measure(g.direction(prompt), model, c.sigma_xi) for g in cut])
        pair = [observe(z, c.d, c.loud, s) for z in (sample.image, sample.text)]
        loud.append(measure(linear.minimiser(*pair, 2).direction(prompt), model, c.loud))
    return {"rank": np.array(c.ranks), "accuracy": np.array(rows), "loud": np.array(loud)}


class CoreSetting(Prompted):
    """The spread of the core feature at p_spu = 1, sigma_spu = 0, the setting of Corollary 4.5."""

    smoke: ClassVar = {"seeds": 2, "n": 4000, "d": 100}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(16_000, ge=10, le=10**6, description="chosen: Corollary 4.5's large n")
    d: int = Field(200, ge=1, le=20_000, description="chosen")
    sigma_spu: float = Field(0.0, ge=0, description="Corollary 4.5: tends to 0")
    p_spu: Probability = Field(1.0, description="Corollary 4.5: tends to 1")
    cores: tuple[float, ...] = Field(
        (0.1, 0.2, 0.3, 0.5, 0.684, 1.0, 1.5, 2.0), min_length=1, description="chosen; Corollary 4.5: 1"
    )


@experiment(
    "xue2024.core_deviation", CoreSetting, coordinates=("sigma_core",), seconds={"smoke": 1, "book": 2, "paper": 3}
)
def core_deviation(config: CoreSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy against sigma_core `[S, core, 3]`."""
    c, rows = config, []
    for seed in seeds:
        s = stream(seed, "core")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        table = []
        for x in c.cores:
            model = IntraClass(x, c.sigma_spu, c.p_spu)
            u = linear.minimiser_of(noise.cross_covariance(model.sample(draws)), c.rank).direction(np.array(c.prompt))
            table.append(measure(u, model, c.sigma_xi))
        rows.append(table)
    return {"sigma_core": np.array(c.cores), "accuracy": np.array(rows)}
