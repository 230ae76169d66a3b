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
from mmcl_core.papers.xue2024.experiments.base import Law, Probability, Prompted, measure, stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, Sample, observe


class SagawaSetting(Config):
    """Theorem C.1 at its own constants, with louder backgrounds, and a mild version."""

    smoke: ClassVar = {"seeds": 2, "majority": 20_000, "minority": 10}

    seeds: int = Field(10, ge=1, description="chosen before the run")
    majority: int = Field(200_000, ge=10, le=10**7, description="Theorem C.1: n_maj, at least 2000 n_min")
    minority: int = Field(100, ge=1, le=10**6, description="Theorem C.1: n_min >= 100")
    sigma_spu: float = Field(0.0609, gt=0, description="Theorem C.1: sigma_spu^2 <= 1/(16 log(100 n_maj)) = 0.06097^2")
    cores: tuple[float, ...] = Field((1.0, 1.5, 3.0), min_length=1, description="Theorem C.1: sigma_core >= 1")
    noises: tuple[float, ...] = Field(
        (1.0, 0.1, 0.01), min_length=1, description="Theorem C.1: shares of the largest sigma_xi^2, n_maj/600^2"
    )
    louder: tuple[float, ...] = Field((5.0, 10.0), min_length=1, description="chosen: multiples of sigma_spu")
    mild_n: int = Field(3000, ge=10, le=10**6, description="chosen")

    @property
    def p_spu(self) -> float:
        return self.majority / (self.majority + self.minority)

    def cells(self) -> list[tuple[float, float]]:
        """(sigma_core, sigma_xi) of each cell."""
        return [(core, float(np.sqrt(self.majority / 600**2 * share))) for core in self.cores for share in self.noises]


@experiment(
    "xue2024.sagawa",
    SagawaSetting,
    coordinates=("sigma_core", "sigma_xi"),
    seconds={"smoke": 1, "book": 6, "paper": 8},
)
def sagawa(config: SagawaSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy and R = w_spu/w_core of the limit classifier `[S, cell, 4]`.

    The same in the mild version `[S, 4]`, and with louder backgrounds in the first cell `[S, factor, 4]`.
    """
    c = config
    n, cells = c.majority + c.minority, c.cells()
    strict, mild, loud = [], [], []
    for seed in seeds:
        draws, rows = Draws.of(n, stream(seed, "sagawa")), []
        for core in c.cores:
            model = IntraClass(core, c.sigma_spu, c.p_spu)
            sample = model.sample(draws, exact=True)
            rows += [_limit(sample, model, xi) for k, xi in cells if k == core]
        strict.append(rows)
        rows = []
        for factor in c.louder:
            model = IntraClass(c.cores[0], factor * c.sigma_spu, c.p_spu)
            rows.append(_limit(model.sample(draws, exact=True), model, cells[0][1]))
        loud.append(rows)
        model = IntraClass(1.0, 0.1, 0.95)
        mild.append(_limit(model.sample(Draws.of(c.mild_n, stream(seed, "mild"))), model, 1.0))
    core, xi = np.array(cells).T
    return {
        "sigma_core": core,
        "sigma_xi": xi,
        "strict": np.array(strict),
        "louder": np.array(loud),
        "mild": np.array(mild),
    }


def _limit(sample: Sample, model: IntraClass, sigma_xi: float) -> tuple[float, float, float, float]:
    w = supervised.reduced_max_margin(sample.image, sample.label, sigma_xi)
    return *measure(w, model, 0.0), w[1] / w[0]


class DimensionSetting(Config):
    """Max-margin in growing dimension against its limit."""

    smoke: ClassVar = {"seeds": 2, "dimensions": (200, 800), "steps": 200}

    seeds: int = Field(10, ge=1, description="fixed before the run")
    n: int = Field(400, ge=10, le=5000, description="chosen")
    minority: int = Field(20, ge=1, le=5000, description="chosen")
    dimensions: tuple[int, ...] = Field((800, 4000, 16_000), min_length=1, description="chosen: 2 n, 10 n, 40 n")
    steps: int = Field(20_000, ge=1, description="chosen: of gradient descent on the logistic loss")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.minority >= self.n:
            raise ValueError(
                f"a minority of {self.minority} leaves no majority among {self.n} samples: allowed is a minority below "
                f"n"
            )
        if min(self.dimensions) < 2:
            raise ValueError(
                f"d = {min(self.dimensions)} cannot hold the 2 latent features in orthonormal directions: "
                "allowed is d >= 2"
            )
        return self


@experiment(
    "xue2024.finite_dimension", DimensionSetting, coordinates=("d",), seconds={"smoke": 1, "book": 9, "paper": 14}
)
def finite_dimension(config: DimensionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD accuracy of hard margin against d `[S, d]`, of logistic descent at the last d `[S]`, of the limit `[S]`."""
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


class SeparabilitySetting(Law):
    """Whether the training data can be separated at all, without an intercept."""

    smoke: ClassVar = {"seeds": 2, "n": 200}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(600, ge=20, le=5000, description="chosen")
    sigma_xi: float = Field(1.0, gt=0, description="chosen")
    shares: tuple[float, ...] = Field(
        (0.05, 0.1, 0.2, 0.5), min_length=2, description="Appendix B.2: d = Omega(n); here d/n"
    )


@experiment(
    "xue2024.separability", SeparabilitySetting, coordinates=("share",), seconds={"smoke": 1, "book": 3, "paper": 5}
)
def separability(config: SeparabilitySetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Whether a linear programme finds a separating direction, against d/n `[S, share]`."""
    c, model, rows = config, config.model(), []
    for seed in seeds:
        s = stream(seed, "separability")
        sample = model.sample(Draws.of(c.n, s))
        images = [observe(sample.image, max(2, round(share * c.n)), c.sigma_xi, s) for share in c.shares]
        rows.append([supervised.separable(x, sample.label) for x in images])
    return {"share": np.array(c.shares), "separable": np.array(rows, dtype=float)}


class SpuriousSetting(Prompted):
    """How often the background agrees with the class."""

    smoke: ClassVar = {"seeds": 2, "n": 1000, "d": 40, "agreements": (0.6, 0.95)}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(3000, ge=10, le=10**6, description="chosen")
    d: int = Field(200, ge=1, le=20_000, description="chosen")
    sigma_core: float = Field(1.0, ge=0, description="Assumption 4.2: Theta(1)")
    sigma_spu: float = Field(0.1, ge=0, description="Assumption 4.2: O(1/sqrt(log n))")
    pi_core: Probability = Field(1.0, description="Definition 5.1: pi_core")
    pi_spu: Probability = Field(1.0, description="Definition 5.1: pi_spu")
    agreements: tuple[Probability, ...] = Field(
        (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999), min_length=1, description="chosen: p_spu"
    )


@experiment(
    "xue2024.spurious_probability", SpuriousSetting, coordinates=("p_spu",), seconds={"smoke": 1, "book": 1, "paper": 1}
)
def spurious_probability(config: SpuriousSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy of the supervised limit and of linear contrastive learning `[S, p, 3]`."""
    c = config
    names = ("supervised", "contrastive")
    arrays: Arrays = {name: np.empty((len(seeds), len(c.agreements), 3)) for name in names}
    for row, seed in enumerate(seeds):
        s = stream(seed, "spurious probability")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        for column, p in enumerate(c.agreements):
            model = IntraClass(c.sigma_core, c.sigma_spu, p, c.pi_core, c.pi_spu)
            sample = model.sample(draws)
            u = linear.minimiser_of(noise.cross_covariance(sample), c.rank).direction(np.array(c.prompt))
            w = supervised.reduced_max_margin(sample.image, sample.label, c.sigma_xi)
            arrays["supervised"][row, column] = measure(w, model, 0.0)
            arrays["contrastive"][row, column] = measure(u, model, c.sigma_xi)
    return {"p_spu": np.array(c.agreements), **arrays}


class PhaseSetting(Config):
    """Supervised limit against the contrastive formula over (sigma_core, p_spu)."""

    book: ClassVar = {"cores": tuple(np.linspace(0.2, 1.6, 15).round(3).tolist())}
    smoke: ClassVar = {"seeds": 2, "n": 2000, "cores": (0.5, 1.0), "agreements": (0.9, 0.99)}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(20_000, ge=10, le=10**6, description="chosen")
    sigma_spu: float = Field(0.1, ge=0, description="chosen")
    sigma_xi: float = Field(1.0, gt=0, description="chosen")
    cores: tuple[float, ...] = Field(
        tuple(np.linspace(0.2, 1.6, 29).round(3).tolist()), min_length=1, description="chosen: sigma_core"
    )
    agreements: tuple[Probability, ...] = Field(
        (0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999),
        min_length=1,
        description="chosen: p_spu",
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
