"""Theorems 4.8 and 5.4 on data model 2: the exact threshold in m and in the captions, and what a finite sample
needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear
from mmcl_core.papers.xue2024.experiments.base import Amplitude, Probability, SharingSetting, Strength, stream
from mmcl_core.papers.xue2024.setting import Sample, Sharing, require_every_class

Foreign = Annotated[float, Field(gt=0, lt=1)]  # at beta = 1 a foreign feature is as strong as the own: no threshold


def population_scorer(model: Sharing, rank: int | None = None) -> np.ndarray:
    """G of the population, the truncated SVD of the exact C; full rank 2m by default."""
    return truncated(model.cross_covariance(), rank or 2 * model.m)


def truncated(S: np.ndarray, rank: int | None) -> np.ndarray:
    """G of the loss whose cross-covariance is `S`: its SVD to `rank`, the whole of it for None."""
    if rank is None:
        return S
    best = linear.minimiser_of(S, rank)
    return (best.u * best.s) @ best.v.T


def exact_accuracy(model: Sharing) -> float:
    """OOD accuracy of the population's zero-shot classifier over all sign patterns."""
    return float(np.mean(linear.block_accuracy(population_scorer(model), model)))


class PopulationSetting(Config):
    """The population's cross-covariance: all sign patterns, no sample."""

    smoke: ClassVar = {"alphas": (0.8, 1.2), "betas": (0.3, 0.5), "patterns": (2, 3, 4)}

    classes: tuple[int, ...] = Field(
        (1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 14, 15, 16, 20, 25, 30), min_length=1, description="chosen: m"
    )
    alphas: tuple[Amplitude, ...] = Field(
        (0.7, 0.8, 0.9, 1.1, 1.2, 1.5, 2.0), min_length=1, description="chosen: alpha, on both sides of 1"
    )
    betas: tuple[Foreign, ...] = Field((0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9), min_length=1, description="chosen: beta")
    patterns: tuple[int, ...] = Field(
        (2, 3, 4, 5, 6, 7, 8), min_length=1, description="chosen: m for which all 2^(2m - 1) patterns are listed"
    )
    alpha: Amplitude = Field(1.2, description="chosen: strength of the own background in the curve over m")
    most: int = Field(128, ge=10, le=2000, description="chosen: largest m of the search for the threshold")
    beta_spu: Strength | None = Field(None, description="Definition 4.6: None is the paper's alpha beta")

    def variants(self) -> list[dict[str, float]]:
        """Settings whose threshold is searched for: beta; beta' = beta, a stronger background, p_spu < 1, pi < 1."""
        return [
            *({"beta": b} for b in self.betas),
            {"beta_spu": 0.5},
            {"alpha": 2.0},
            {"p_spu": 0.9},
            {"pi_core": 0.5},
        ]

    def general(self) -> list[Sharing]:
        """Settings off the paper's beta' = alpha beta, p_spu = 1."""
        return [
            Sharing(m, alpha, 0.5, foreign, p)
            for m in (2, 5, 14, 30)
            for alpha in (1.1, 2.0)
            for foreign in (0.1, 0.5, 0.9)
            for p in (0.7, 0.9, 1.0)
        ]


@experiment(
    "xue2024.sharing_population", PopulationSetting, deterministic=True, seconds={"smoke": 1, "book": 5, "paper": 4}
)
def sharing_population(config: PopulationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Exact accuracies against m `[m]`, without sharing `[alpha]`, on grids with all patterns listed and without.

    `grid`: (m, alpha, beta, accuracy on a = c, on a = -c) `[cell, 5]`; `listed` `[cell, 5]` the same by listing
    patterns; `general` `[setting]` off the paper's beta' and p; `found`: the least m with accuracy 1, by search
    `[variant]`. `moment_error`: largest distance of eq. (27) from the mean over all vectors and masks, m = 3.
    """
    c = config
    grid, listed = [], []
    for alpha in c.alphas:
        for beta in c.betas:
            for m in c.classes:
                model = Sharing(m, alpha, beta, c.beta_spu)
                grid.append((m, alpha, beta, *linear.block_accuracy(population_scorer(model), model)))
            for m in c.patterns:
                model = Sharing(m, alpha, beta, c.beta_spu)
                listed.append(
                    (m, alpha, beta, *linear.sharing_accuracy(population_scorer(model), model.every_pattern()))
                )
    found, own = [], {"alpha": c.alpha, "beta_spu": c.beta_spu}
    for changes in c.variants():
        low, high = 1, c.most  # accuracy 1 is monotone in m here: bisect
        while high - low > 1:
            middle = (low + high) // 2
            exact = exact_accuracy(Sharing(middle, **(own | changes))) == 1
            low, high = (low, middle) if exact else (middle, high)
        found.append(high)
    return {
        "curve": np.array([exact_accuracy(Sharing(m, **own)) for m in c.classes]),
        "alone": np.array([exact_accuracy(Sharing(6, a, 0.0)) for a in c.alphas]),
        "grid": np.array(grid),
        "listed": np.array(listed),
        "general": np.array([exact_accuracy(model) for model in c.general()]),
        "found": np.array(found),
        "moment_error": np.array(moment_error(Sharing(3, 1.3, 0.4), 0.3)),
    }


def moment_error(model: Sharing, pi: float) -> float:
    """Largest distance of eq. (27) from the mean of z t^T over every vector, each mask replaced by its mean."""
    vectors = model.every_vector()
    own = np.abs(vectors.label) - 1
    mask = np.full(vectors.image.shape, pi)
    mask[np.arange(len(own)), own] = 1.0
    mean = vectors.image.T @ (vectors.image * mask) / len(own)
    return float(np.abs(mean - model.said(pi).cross_covariance()).max())


def training(model: Sharing, n: int, s: np.random.Generator) -> Sample:
    """A training sample in which every class occurs; `InputError` otherwise."""
    sample = model.sample(n, s)
    require_every_class(sample.label, model.classes)
    return sample


def zero_shot(G: np.ndarray, model: Sharing, tests: int, seed: int) -> tuple[float, float]:
    """Accuracies on a = c and a = -c of a balanced test sample, drawn from a stream of its own."""
    return linear.sharing_accuracy(G, model.sample(tests, stream(seed, f"test {model.m}"), test=True))


class FiniteSetting(SharingSetting):
    """Finite training samples of data model 2."""

    smoke: ClassVar = {
        "seeds": 2,
        "sizes": (1000, 40_000),
        "richness_m": 10,
        "n": 2000,
        "tests": 1000,
        "band_n": 20_000,
    }

    seeds: int = Field(5, ge=1, description="chosen before the run")
    tests: int = Field(20_000, ge=2, le=10**6, description="chosen: test samples, half of them a = -c")
    sizes: tuple[int, ...] = Field((1000, 3000, 10_000, 30_000, 40_000, 100_000), min_length=1, description="chosen: n")
    richness: tuple[Probability, ...] = Field(
        (0.2, 0.4, 0.5, 0.6, 0.8, 1.0), min_length=2, description="Definition 5.3: pi, one for all features"
    )
    richness_m: int = Field(30, ge=1, le=200, description="chosen")
    rank: int | None = Field(None, ge=1, description="Theorem 4.8: p = 2m, which is None; below it features are lost")
    band_n: int = Field(
        200_000, ge=100, le=10**6, description="chosen: for m = 2, alpha = 1.1, in the band of Theorem 5.4"
    )


@experiment(
    "xue2024.sharing_finite", FiniteSetting, coordinates=("n", "pi"), seconds={"smoke": 1, "book": 4, "paper": 6}
)
def sharing_finite(config: FiniteSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy on a = c and on a = -c against n `[S, n, 2]`, with half the rank `[S, 2]`, against pi `[S, pi, 2]`.

    `band`: m = 2, alpha = 1.1, beta = .5, learnt from a large sample `[S, 2]`.
    """
    c = config
    model, band = c.model(), Sharing(2, 1.1, 0.5)
    rows = {"accuracy": [], "half_rank": [], "rich": [], "band": []}
    for seed in seeds:
        table = []
        for n in c.sizes:
            train = training(model, n, stream(seed, f"finite {n}"))
            S = linear.cross_covariance(train.image, train.text)
            table.append(zero_shot(truncated(S, c.rank), model, c.tests, seed))
        rows["accuracy"].append(table)
        rows["half_rank"].append(zero_shot(truncated(S, c.m), model, c.tests, seed))  # of the largest sample
        table = []
        for pi in c.richness:
            shared = c.model(m=c.richness_m).said(pi)
            train = training(shared, c.n, stream(seed, "rich"))
            S = linear.cross_covariance(train.image, train.text)
            table.append(zero_shot(truncated(S, c.rank), shared, c.tests, seed))
        rows["rich"].append(table)
        train = training(band, c.band_n, stream(seed, "band"))
        S = linear.cross_covariance(train.image, train.text)
        rows["band"].append(zero_shot(truncated(S, c.rank), band, c.tests, seed))
    return {"n": np.array(c.sizes), "pi": np.array(c.richness), **{name: np.array(x) for name, x in rows.items()}}
