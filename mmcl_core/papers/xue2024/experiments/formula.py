"""T2 on data model 1: the accuracy formula on a grid, its rate in n, d > n, the core's spread, what a wrong rank or prompt does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, theory
from mmcl_core.papers.xue2024.experiments.base import PROMPT, Encoded, IntraSetting, Law, Observed, Probability, stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, class_means, observe


class GridSetting(Encoded):
    """sigma_core x p_spu x sigma_spu."""

    smoke: ClassVar = {"seeds": 2, "cores": (0.5, 1.0), "agreements": (0.8, 1.0), "spuriouses": (0.0, 0.5)}

    seeds: int = Field(5, ge=1, description="chosen (T2)")
    cores: tuple[float, ...] = Field(
        (0.25, 0.5, 1.0, 1.5, 2.0, 3.0), min_length=1, description="chosen (T2): sigma_core .25 to 3"
    )
    agreements: tuple[Probability, ...] = Field(
        (0.6, 0.7, 0.8, 0.9, 1.0), min_length=1, description="chosen (T2): p_spu .6 to 1"
    )
    spuriouses: tuple[float, ...] = Field((0.0, 0.1, 0.5), min_length=1, description="chosen (T2): sigma_spu")


@experiment(
    "xue2024.formula",
    GridSetting,
    coordinates=("sigma_core", "p_spu", "sigma_spu", "formula", "finite"),
    seconds={"smoke": 1, "book": 1, "paper": 1},
)
def formula(config: GridSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Exact accuracy of the learnt direction `[S, cell]` beside the formula without and with the correction for finite d."""
    c = config
    cells = np.array([(core, p, spu) for core in c.cores for p in c.agreements for spu in c.spuriouses])
    core, p, spu = cells.T
    learnt = np.empty((len(seeds), len(cells)))
    for row, seed in enumerate(seeds):
        s = stream(seed, "grid")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        for column, (a, b, e) in enumerate(cells):
            model = IntraClass(a, e, b)
            u = linear.minimiser_of(noise.cross_covariance(model.sample(draws)), c.rank).direction(PROMPT)
            learnt[row, column] = linear.gaussian_accuracy(u, model, c.sigma_xi).ood
    return {
        "sigma_core": core,
        "p_spu": p,
        "sigma_spu": spu,
        "accuracy": learnt,
        "formula": theory.contrastive_accuracy(core, spu, p),
        "finite": theory.contrastive_accuracy(core, spu, p, noise=c.sigma_xi**2 / c.d),
    }


class RateSetting(IntraSetting):
    """How fast the accuracy of a finite sample approaches the formula."""

    smoke: ClassVar = {"seeds": 4, "sizes": (200, 800, 3200)}

    seeds: int = Field(40, ge=2, description="chosen: a root mean square over few seeds is too rough for a slope")
    sizes: tuple[int, ...] = Field((200, 400, 800, 1600, 3200, 6400, 12800), min_length=3, description="chosen (T2)")


@experiment("xue2024.sample_size", RateSetting, coordinates=("n",), seconds={"smoke": 1, "book": 5, "paper": 5})
def sample_size(config: RateSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy of the learnt direction minus the formula with finite d `[S, n]`."""
    c, model = config, config.model()
    target = theory.contrastive_accuracy(c.sigma_core, c.sigma_spu, c.p_spu, noise=c.sigma_xi**2 / c.d)
    error = np.empty((len(seeds), len(c.sizes)))
    for row, seed in enumerate(seeds):
        for column, n in enumerate(c.sizes):
            s = stream(seed, f"size {n}")
            sample = model.sample(Draws.of(n, s))
            S = linear.cross_covariance(
                observe(sample.image, c.d, c.sigma_xi, s), observe(sample.text, c.d, c.sigma_xi, s)
            )
            error[row, column] = (
                linear.gaussian_accuracy(linear.minimiser_of(S, c.rank).direction(PROMPT), model, c.sigma_xi).ood
                - target
            )
    return {"n": np.array(c.sizes), "error": error}


class WideSetting(Law, Observed):
    """More dimensions than samples."""

    smoke: ClassVar = {"seeds": 2, "d": 600}

    seeds: int = Field(10, ge=1, description="chosen")
    n: int = Field(300, ge=10, le=10**6, description="chosen (5.3)")
    d: int = Field(3000, ge=1, le=20_000, description="chosen (5.3)")
    ranks: tuple[int, ...] = Field((2, 10, 300), min_length=1, description="chosen (5.3)")
    loud: float = Field(10.0, gt=0, description="chosen (5.3): a larger sigma_xi, at rank 2")


@experiment("xue2024.wide", WideSetting, coordinates=("rank",), seconds={"smoke": 1, "book": 3, "paper": 3})
def wide(config: WideSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy with d > n at several ranks `[S, rank]`; with louder noise `[S]`."""
    c, model = config, config.model()
    rows, loud = [], []
    for seed in seeds:
        s = stream(seed, "wide")
        sample = model.sample(Draws.of(c.n, s))
        whole = linear.minimiser(
            observe(sample.image, c.d, c.sigma_xi, s), observe(sample.text, c.d, c.sigma_xi, s), max(c.ranks)
        )
        cut = [linear.Minimiser(whole.u[:, :p], whole.s[:p], whole.v[:, :p]) for p in c.ranks]
        rows.append([linear.gaussian_accuracy(g.direction(PROMPT), model, c.sigma_xi).ood for g in cut])
        noisy = linear.minimiser(observe(sample.image, c.d, c.loud, s), observe(sample.text, c.d, c.loud, s), 2)
        loud.append(linear.gaussian_accuracy(noisy.direction(PROMPT), model, c.loud).ood)
    return {"rank": np.array(c.ranks), "accuracy": np.array(rows), "loud": np.array(loud)}


class CoreSetting(Encoded):
    """The spread of the core feature at p_spu = 1, sigma_spu = 0."""

    smoke: ClassVar = {"seeds": 2, "n": 4000, "d": 100}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(16_000, ge=10, le=10**6, description="chosen")
    d: int = Field(200, ge=1, le=20_000, description="chosen")
    sigma_spu: float = Field(0.0, ge=0, description="chosen (pitfall 2)")
    p_spu: Probability = Field(1.0, description="chosen (pitfall 2)")
    cores: tuple[float, ...] = Field(
        (0.1, 0.2, 0.3, 0.5, 0.684, 1.0, 1.5, 2.0), min_length=1, description="chosen (pitfall 2)"
    )


@experiment(
    "xue2024.core_deviation", CoreSetting, coordinates=("sigma_core",), seconds={"smoke": 1, "book": 3, "paper": 3}
)
def core_deviation(config: CoreSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy under the true law against sigma_core `[S, core]`."""
    c, rows = config, []
    for seed in seeds:
        s = stream(seed, "core")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        models = [IntraClass(x, c.sigma_spu, c.p_spu) for x in c.cores]
        directions = [
            linear.minimiser_of(noise.cross_covariance(m.sample(draws)), c.rank).direction(PROMPT) for m in models
        ]
        rows.append([linear.gaussian_accuracy(u, m, c.sigma_xi).ood for u, m in zip(directions, models, strict=True)])
    return {"sigma_core": np.array(c.cores), "accuracy": np.array(rows)}


class MisuseSetting(Observed):
    """What a rank of 1 and prompts from the training law do."""

    smoke: ClassVar = {"seeds": 2, "n": 2000, "d": 60}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(8000, ge=10, le=10**6, description="chosen (T5)")
    d: int = Field(200, ge=1, le=20_000, description="chosen (T5)")
    sigma_core: float = Field(1.0, ge=0, description="section 2.3: Theta(1)")
    p_spu: Probability = Field(0.95, description="section 2.3: 1 - o(1)")
    spuriouses: tuple[float, ...] = Field(
        (0.1, 0.5), min_length=1, description="chosen: sigma_spu; detail that hardly exists cannot hurt"
    )
    cores: tuple[float, ...] = Field(
        (0.5, 1.0, 1.5, 2.0), min_length=1, description="chosen: sigma_core of the population's grid for rank 1"
    )
    spreads: tuple[float, ...] = Field((0.1, 0.3, 0.5, 1.0), min_length=1, description="chosen: sigma_spu of that grid")


@experiment(
    "xue2024.misuse",
    MisuseSetting,
    coordinates=("sigma_spu", "formula", "population_loss"),
    seconds={"smoke": 1, "book": 2, "paper": 2},
)
def misuse(config: MisuseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy of ranks 1 and 2 with captions silent or full of spurious detail `[S, sigma_spu, pi_spu = 0 or 1, rank]`; of true and of training-mean prompts `[S, sigma_spu, 2]`.

    `population_loss` is the formula minus the accuracy of rank 1 with the population's C, over `cores` x `spreads`.
    """
    c = config
    ranks = np.empty((len(seeds), len(c.spuriouses), 2, 2))
    prompts = np.empty((len(seeds), len(c.spuriouses), 2))
    for row, seed in enumerate(seeds):
        s = stream(seed, "misuse")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        for i, spread in enumerate(c.spuriouses):
            for pi in (0, 1):
                model = IntraClass(c.sigma_core, spread, c.p_spu, pi_spu=float(pi))
                sample = model.sample(draws)
                S = noise.cross_covariance(sample)
                for rank in (1, 2):
                    u = linear.minimiser_of(S, rank).direction(PROMPT)
                    ranks[row, i, pi, rank - 1] = linear.gaussian_accuracy(u, model, c.sigma_xi).ood
            means = class_means(sample.text, sample.label, np.array([-1, 1]))
            for column, prompt in enumerate((PROMPT, (means[1] - means[0]) / 2)):
                prompts[row, i, column] = linear.gaussian_accuracy(
                    linear.minimiser_of(S, 2).direction(prompt), model, c.sigma_xi
                ).ood
    spread = np.array(c.spuriouses)
    loss = np.empty((len(c.cores), len(c.spreads)))
    for i, core in enumerate(c.cores):
        for j, e in enumerate(c.spreads):
            model = IntraClass(core, e, c.p_spu)
            u = linear.minimiser_of(model.cross_covariance(), 1).direction(PROMPT)
            loss[i, j] = theory.contrastive_accuracy(core, e, c.p_spu) - linear.gaussian_accuracy(u, model).ood
    formula = theory.contrastive_accuracy(c.sigma_core, spread, c.p_spu)
    return {"sigma_spu": spread, "rank": ranks, "prompt": prompts, "formula": formula, "population_loss": loss}
