"""T1 and pitfall 3: supervised learning on data model 1 in the limit d -> infinity, at finite d, and where it wins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, supervised, theory
from mmcl_core.papers.xue2024.experiments.base import PROMPT, Encoded, Probability, stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, observe


class SagawaSetting(Config):
    """Sagawa's conditions with their own constants, and a mild version."""

    smoke: ClassVar = {"seeds": 2, "majority": 20_000, "minority": 10}

    seeds: int = Field(10, ge=1, description="chosen (5.2)")
    majority: int = Field(200_000, ge=10, le=10**7, description="Sagawa's theorem: n_maj, at least 2000 n_min")
    minority: int = Field(100, ge=1, le=10**6, description="Sagawa's theorem: n_min >= 100")
    sigma_spu: float = Field(
        0.0609, gt=0, description="Sagawa's theorem: sigma_spu^2 <= 1/(16 log(100 n_maj)) = 0.06098^2"
    )
    cores: tuple[float, ...] = Field((1.0, 1.5, 3.0), min_length=1, description="chosen (T1): sigma_core >= 1")
    noises: tuple[float, ...] = Field(
        (1.0, 0.1, 0.01), min_length=1, description="chosen (T1): shares of the largest sigma_xi^2, n_maj/600^2"
    )
    mild_n: int = Field(3000, ge=10, le=10**6, description="chosen (T1)")


@experiment(
    "xue2024.sagawa",
    SagawaSetting,
    coordinates=("sigma_core", "sigma_xi", "conditions"),
    seconds={"smoke": 1, "book": 6, "paper": 6},
)
def sagawa(config: SagawaSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and worst-group accuracy and w_c/w_s of the limit classifier `[S, cell, 4]`; the mild version `[S, 4]`; which conditions hold."""
    c = config
    n, p = c.majority + c.minority, c.majority / (c.majority + c.minority)
    cells = [(core, float(np.sqrt(c.majority / 600**2 * share))) for core in c.cores for share in c.noises]
    strict, mild = [], []
    for seed in seeds:
        draws, rows = Draws.of(n, stream(seed, "sagawa")), []
        for core in c.cores:
            model = IntraClass(core, c.sigma_spu, p)
            sample = model.sample(draws, exact=True)
            rows += [
                _measure(supervised.reduced_max_margin(sample.image, sample.label, xi), model)
                for k, xi in cells
                if k == core
            ]
        strict.append(rows)
        model = IntraClass(1.0, 0.1, 0.95)
        sample = model.sample(Draws.of(c.mild_n, stream(seed, "mild")))
        mild.append(_measure(supervised.reduced_max_margin(sample.image, sample.label, 1.0), model))
    conditions = [
        list(theory.sagawa_conditions(core, c.sigma_spu, xi, c.majority, c.minority).values()) for core, xi in cells
    ]
    core, xi = np.array(cells).T
    return {
        "sigma_core": core,
        "sigma_xi": xi,
        "conditions": np.array(conditions),
        "strict": np.array(strict),
        "mild": np.array(mild),
    }


def _measure(w: np.ndarray, model: IntraClass) -> tuple[float, float, float, float]:
    seen = linear.gaussian_accuracy(w, model)
    return seen.ood, seen.id, seen.worst_group, w[0] / w[1]


class DimensionSetting(Config):
    """Max-margin in growing dimension against its limit."""

    smoke: ClassVar = {"seeds": 2, "dimensions": (200, 800), "steps": 200}

    seeds: int = Field(20, ge=1, description="chosen: the minority is small, so single seeds scatter")
    n: int = Field(400, ge=10, le=5000, description="chosen (T1)")
    minority: int = Field(20, ge=1, le=5000, description="chosen (T1)")
    dimensions: tuple[int, ...] = Field((200, 800, 4000, 16_000), min_length=1, description="chosen (T1): up to 40 n")
    steps: int = Field(20_000, ge=1, description="chosen (5.2): of gradient descent on the logistic loss")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.minority >= self.n:
            raise ValueError(
                f"a minority of {self.minority} leaves no majority among {self.n} samples: allowed is a minority below n"
            )
        if min(self.dimensions) < 2:
            raise ValueError(
                f"d = {min(self.dimensions)} cannot hold the 2 latent features in orthonormal directions: allowed is d >= 2"
            )
        return self


@experiment(
    "xue2024.finite_dimension", DimensionSetting, coordinates=("d",), seconds={"smoke": 1, "book": 28, "paper": 28}
)
def finite_dimension(config: DimensionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD accuracy of hard margin (scikit-learn) against d `[S, d]`, of logistic gradient descent at the last d `[S]`, and of the limit `[S]`."""
    c, model = config, IntraClass(1.0, 0.1, 1 - config.minority / config.n)
    margin = np.empty((len(seeds), len(c.dimensions)))
    limit, descent = np.empty((2, len(seeds)))
    for row, seed in enumerate(seeds):
        s = stream(seed, "finite dimension")
        sample = model.sample(Draws.of(c.n, s), exact=True)
        limit[row] = linear.gaussian_accuracy(supervised.reduced_max_margin(sample.image, sample.label, 1.0), model).ood
        for column, d in enumerate(c.dimensions):
            x = observe(sample.image, d, 1.0, s)
            margin[row, column] = linear.gaussian_accuracy(supervised.hard_margin(x, sample.label), model, 1.0).ood
        descent[row] = linear.gaussian_accuracy(supervised.logistic_descent(x, sample.label, c.steps), model, 1.0).ood
    return {"d": np.array(c.dimensions), "hard_margin": margin, "logistic": descent, "limit": limit}


class SpuriousSetting(Encoded):
    """How often the background agrees with the class."""

    smoke: ClassVar = {"seeds": 2, "n": 1000, "d": 40, "agreements": (0.6, 0.95)}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(3000, ge=10, le=10**6, description="chosen (5.2)")
    d: int = Field(200, ge=1, le=20_000, description="chosen")
    sigma_core: float = Field(1.0, ge=0, description="section 2.3: Theta(1)")
    sigma_spu: float = Field(0.1, ge=0, description="section 2.3: O(1/sqrt(log n))")
    agreements: tuple[Probability, ...] = Field(
        (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999), min_length=1, description="chosen (F-A)"
    )


@experiment(
    "xue2024.spurious_probability", SpuriousSetting, coordinates=("p_spu",), seconds={"smoke": 1, "book": 1, "paper": 1}
)
def spurious_probability(config: SpuriousSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD and ID accuracy of the supervised limit and of linear contrastive learning `[S, p, 2]`, and both decision directions `[S, p, 2]`."""
    c = config
    names = ("supervised", "contrastive", "supervised_direction", "contrastive_direction")
    arrays: Arrays = {name: np.empty((len(seeds), len(c.agreements), 2)) for name in names}
    for row, seed in enumerate(seeds):
        s = stream(seed, "spurious probability")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        for column, p in enumerate(c.agreements):
            model = IntraClass(c.sigma_core, c.sigma_spu, p)
            sample = model.sample(draws)
            u = linear.minimiser_of(noise.cross_covariance(sample), c.rank).direction(PROMPT)
            w = supervised.reduced_max_margin(sample.image, sample.label, c.sigma_xi)
            for name, direction, xi in (("supervised", w, 0.0), ("contrastive", u, c.sigma_xi)):
                seen = linear.gaussian_accuracy(direction, model, xi)
                arrays[name][row, column] = seen.ood, seen.id
                arrays[f"{name}_direction"][row, column] = direction[:2]
    return {"p_spu": np.array(c.agreements), **arrays}


class PhaseSetting(Config):
    """Supervised limit against the contrastive formula over (sigma_core, p_spu)."""

    book: ClassVar = {"cores": tuple(np.linspace(0.2, 1.6, 15).round(3).tolist())}
    smoke: ClassVar = {"seeds": 2, "n": 2000, "cores": (0.5, 1.0), "agreements": (0.9, 0.99)}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(20_000, ge=10, le=10**6, description="chosen (pitfall 3)")
    sigma_spu: float = Field(0.1, ge=0, description="chosen (pitfall 3)")
    sigma_xi: float = Field(1.0, gt=0, description="chosen (pitfall 3)")
    cores: tuple[float, ...] = Field(
        tuple(np.linspace(0.2, 1.6, 29).round(3).tolist()), min_length=1, description="chosen (pitfall 3): sigma_core"
    )
    agreements: tuple[Probability, ...] = Field(
        (0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999),
        min_length=1,
        description="chosen (pitfall 3): p_spu",
    )


@experiment(
    "xue2024.phase_core",
    PhaseSetting,
    coordinates=("sigma_core", "p_spu", "contrastive"),
    seconds={"smoke": 1, "book": 5, "paper": 9},
)
def phase_core(config: PhaseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD accuracy of the supervised limit `[S, core, p]` and the contrastive formula `[core, p]`."""
    c = config
    ood = np.empty((len(seeds), len(c.cores), len(c.agreements)))
    for row, seed in enumerate(seeds):
        draws = Draws.of(c.n, stream(seed, "phase"))
        for i, core in enumerate(c.cores):
            for j, p in enumerate(c.agreements):
                model = IntraClass(core, c.sigma_spu, p)
                sample = model.sample(draws, exact=True)
                ood[row, i, j] = linear.gaussian_accuracy(
                    supervised.reduced_max_margin(sample.image, sample.label, c.sigma_xi), model
                ).ood
    grid = np.array(c.cores)[:, None], np.array(c.agreements)
    return {
        "sigma_core": grid[0][:, 0],
        "p_spu": grid[1],
        "supervised": ood,
        "contrastive": theory.contrastive_accuracy(grid[0], c.sigma_spu, grid[1]),
    }
