"""Theorem 5.4 on data model 2: how rich captions must be; and maps of what a finite sample learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear
from mmcl_core.papers.xue2024.experiments.base import Amplitude, Probability, SharingBase, Strength, stream
from mmcl_core.papers.xue2024.experiments.sharing import (
    Foreign,
    exact_accuracy,
    population_scorer,
    training,
    zero_shot,
)
from mmcl_core.papers.xue2024.setting import Sharing


class RichPopulationSetting(Config):
    """Theorem 5.4 on the population: captions that mention features with probability pi."""

    smoke: ClassVar = {"grid": 11, "classes": (10, 20)}

    classes: tuple[int, ...] = Field((10, 15, 20, 30), min_length=1, description="chosen: m")
    alpha: Amplitude = Field(1.2, description="chosen")
    beta: float = Field(0.5, gt=0, lt=1, description="chosen")
    beta_spu: Strength | None = Field(None, description="Definition 4.6: None is the paper's alpha beta")
    grid: int = Field(41, ge=3, le=500, description="chosen: values of pi from 0 to 1")
    low_classes: tuple[int, ...] = Field((2, 3, 4, 6), min_length=1, description="chosen: m, all patterns listed")
    low_alphas: tuple[Amplitude, ...] = Field((1.05, 1.1, 1.2, 1.3), min_length=1, description="chosen: alpha > 1")
    low_betas: tuple[Foreign, ...] = Field((0.5, 0.7), min_length=1, description="chosen: beta")
    low_pi: tuple[Probability, ...] = Field((0.25, 0.5, 0.75, 1.0), min_length=1, description="chosen: pi")


@experiment(
    "xue2024.threshold_richness",
    RichPopulationSetting,
    deterministic=True,
    seconds={"smoke": 1, "book": 1, "paper": 2},
)
def threshold_richness(config: RichPopulationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Exact accuracy against pi for each m `[m, pi]`, the same with the own spurious feature never or always told.

    `jump`: the pi from which on accuracy is 1, by bisection to 1e-10, infinite for none `[m]`. `low`: (m, alpha, beta,
    pi, accuracy with all patterns listed) `[cell, 5]`.
    """
    c = config
    pi = np.linspace(0, 1, c.grid)

    def accuracy(m: int, p: float, own: float | None = None) -> float:
        model = Sharing(m, c.alpha, c.beta, c.beta_spu).said(p)
        return exact_accuracy(model if own is None else Sharing(m, c.alpha, c.beta, c.beta_spu, 1.0, p, p, own))

    jumps = []
    for m in c.classes:
        low, high = 0.0, 1.0
        if accuracy(m, 1.0) < 1:
            jumps.append(np.inf)
            continue
        while high - low > 1e-10:
            middle = (low + high) / 2
            low, high = (low, middle) if accuracy(m, middle) == 1 else (middle, high)
        jumps.append(high)
    cells = []
    for m in c.low_classes:
        for alpha in c.low_alphas:
            for beta in c.low_betas:
                for p in c.low_pi:
                    model = Sharing(m, alpha, beta, c.beta_spu).said(p)
                    seen = linear.sharing_accuracy(population_scorer(model), model.every_pattern())
                    cells.append((m, alpha, beta, p, np.mean(seen)))
    return {
        "pi": pi,
        "accuracy": np.array([[accuracy(m, p) for p in pi] for m in c.classes]),
        "silent": np.array([[[accuracy(m, p, own) for p in pi] for m in c.classes] for own in (0.0, 1.0)]),
        "jump": np.array(jumps),
        "low": np.array(cells),
    }


class PhaseSetting(SharingBase):
    """Finite samples over (beta, m) and (alpha, beta)."""

    book: ClassVar = {"n": 20_000, "tests": 1000}
    smoke: ClassVar = {
        "seeds": 2,
        "n": 2000,
        "tests": 500,
        "classes": (5, 20),
        "betas": (0.3, 0.6),
        "alphas": (1.1, 2.0),
    }

    seeds: int = Field(5, ge=1, description="chosen before the run")
    classes: tuple[int, ...] = Field((2, 6, 10, 14, 18, 22, 28, 34, 40), min_length=1, description="chosen: m")
    betas: tuple[Amplitude, ...] = Field(
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), min_length=1, description="chosen: beta"
    )
    alphas: tuple[Amplitude, ...] = Field(
        (1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6), min_length=1, description="chosen: alpha > 1"
    )
    beta_spu: Strength | None = Field(None, description="Definition 4.6: None is the paper's alpha beta")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if max(self.betas) >= 1:
            raise ValueError(f"beta = {max(self.betas)} is not weaker than the own feature: allowed is beta below 1")
        return self


@experiment(
    "xue2024.phase_sharing",
    PhaseSetting,
    coordinates=("m", "beta", "alpha"),
    seconds={"smoke": 1, "book": 9, "paper": 14},
)
def phase_sharing(config: PhaseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD accuracy of learnt classifiers over (m, beta) `[S, m, beta]` and (alpha, beta) `[S, alpha, beta]`."""
    c = config

    def learnt(seed: int, **changes: float) -> float:
        model = c.model(beta_spu=c.beta_spu, **changes)
        train = training(model, c.n, stream(seed, f"phase {model.m}"))
        return float(np.mean(zero_shot(linear.cross_covariance(train.image, train.text), model, c.tests, seed)))

    return {
        "m": np.array(c.classes),
        "beta": np.array(c.betas),
        "alpha": np.array(c.alphas),
        "by_classes": np.array([[[learnt(s, m=m, beta=b) for b in c.betas] for m in c.classes] for s in seeds]),
        "by_strength": np.array([[[learnt(s, alpha=a, beta=b) for b in c.betas] for a in c.alphas] for s in seeds]),
    }
