"""What must hold to the last digit: the invariants behind Lemma 3.1, and Lemmas B.1, B.2 and B.3."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.integrate import cumulative_trapezoid
from scipy.special import roots_gegenbauer
from scipy.stats import kstest

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024 import bessel, dynamics, parallel
from mmcl_core.papers.yaras2024.schemes import (
    Exponential,
    Linear,
    Scheme,
    Softplus,
    gap_potential,
)
from mmcl_core.runtime import generator, numpy_generator


class MovingSetting(Config):
    """Encoders that move freely, with every scheme."""

    smoke: ClassVar = {"seeds": 2}

    seeds: int = Field(6, ge=1, description="chosen: along the run of some gamma passes 1")
    n: int = Field(8, ge=2, le=64, description="chosen (L31): pairs")
    d: int = Field(6, ge=2, le=64, description="chosen (L31): dimension of the in-plane part")
    beta: float = Field(2.0, gt=0, description="chosen (L31): beta_0")
    gamma: float = Field(0.4, gt=0, lt=1, description="chosen (L31): gamma_0")
    end: float = Field(1e4, gt=1, description="chosen (L31): time")
    points: int = Field(81, ge=10, description="chosen: points in log time")


SCHEMES: dict[str, Scheme] = {
    "exp(nu)": Exponential(),
    "SLRT 0.1": Exponential(rate=0.1),
    "exp(nu/2)": Exponential(scale=2.0),
    "exp(nu/10)": Exponential(scale=10.0),
    "linear": Linear(),
    "softplus": Softplus(),
}


@experiment("yaras2024.invariants", MovingSetting, coordinates=("time",), seconds={"smoke": 3, "book": 5, "paper": 5})
def invariants(config: MovingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The whole flow with six schemes from random starts: drift of each invariant `[S, scheme]`, paths `[S, scheme,
    T]`."""
    times = np.concatenate([[0.0], np.geomspace(0.1, config.end, config.points - 1)])
    shape = (len(seeds), len(SCHEMES), len(times))
    log_beta, log_gamma = np.zeros((2, *shape))
    drift = np.zeros(shape[:2])
    start_margin = np.zeros(len(seeds))
    for row, seed in enumerate(seeds):
        stream = generator("yaras2024.invariants", seed, "points")
        x, y = parallel.sphere(config.n, config.d, stream), parallel.sphere(config.n, config.d, stream)
        start_margin[row] = float(parallel.margin(x @ y.T))
        for column, scheme in enumerate(SCHEMES.values()):
            path = dynamics.moving_pairs(x, y, config.beta, config.gamma, scheme, times)
            log_beta[row, column], log_gamma[row, column] = path.log_beta, path.log_gamma
            balance = (
                scheme.potential(np.exp(path.log_beta))
                - scheme.potential(config.beta)
                - gap_potential(path.log_gamma, config.gamma)
            )
            drift[row, column] = np.abs(balance).max()
    return {"time": times, "drift": drift, "log_beta": log_beta, "log_gamma": log_gamma, "start_margin": start_margin}


class LeavingSetting(MovingSetting):
    """Does gamma stay in [-1, 1], where the model is defined?"""

    smoke: ClassVar = {"seeds": 4}

    seeds: int = Field(20, ge=1, description="chosen")
    beta: float = Field(1 / 0.07, gt=0, description="CLIP's beta_0; 2 is run beside it")
    end: float = Field(30.0, gt=1, description="chosen: time; by then a run has matched or left")


@experiment(
    "yaras2024.leaving", LeavingSetting, coordinates=("beta", "time"), seconds={"smoke": 1, "book": 5, "paper": 5}
)
def leaving(config: LeavingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Paths of gamma and beta `[S, beta, T]` from random, mismatched starts.

    Formula (11) goes on beyond gamma = 1, where no embedding exists.
    """
    times = np.linspace(0, config.end, config.points)
    betas = np.array([2.0, config.beta])
    gamma, inverse = np.zeros((2, len(seeds), 2, len(times)))
    for row, seed in enumerate(seeds):
        stream = generator("yaras2024.leaving", seed, "points")
        x, y = parallel.sphere(config.n, config.d, stream), parallel.sphere(config.n, config.d, stream)
        for column, beta in enumerate(betas):
            path = dynamics.moving_pairs(x, y, beta, config.gamma, Exponential(), times, rtol=1e-8)
            gamma[row, column], inverse[row, column] = np.exp(path.log_gamma), np.exp(path.log_beta)
    return {"time": times, "beta": betas, "gamma": gamma, "inverse_temperature": inverse}


class MarginSetting(Config):
    """Random rows for Lemma B.1."""

    smoke: ClassVar = {"seeds": 2}

    seeds: int = Field(5, ge=1, description="chosen: 20,000 rows in all")
    draws: int = Field(4000, ge=10, le=10**6, description="chosen (LB1)")


@experiment("yaras2024.margins", MarginSetting, seconds={"smoke": 1, "book": 1, "paper": 1})
def margins(config: MarginSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Lemma B.1 on random rows `[S, draw]`: (a) mu where the pair is largest, (b) mu minus its bound.

    `below` is the same difference below the threshold.
    """
    sign, above, below = np.zeros((3, len(seeds), config.draws))
    for row, seed in enumerate(seeds):
        stream = numpy_generator("yaras2024.margins", seed, "rows")
        for k in range(config.draws):
            n = int(stream.integers(2, 12))
            others = stream.normal(size=n - 1) * stream.integers(0, 4, endpoint=True).clip(0, 1)  # a fifth: all equal
            alpha = stream.uniform(0.05, 2)
            threshold = np.log(4 * n - 4) / alpha
            slack = stream.exponential(0.5) * stream.integers(0, 2)  # half of the rows have exactly the margin alpha
            sign[row, k] = mean_excess(others.max() + slack, others, np.exp(stream.uniform(-3, 3)))
            a = threshold * stream.uniform(1, 3)
            above[row, k] = mean_excess(others.max() + alpha + slack, others, a) - extremal_excess(alpha, n, a)
            a = threshold * stream.uniform(0.05, 0.6)
            below[row, k] = mean_excess(others.max() + alpha + slack, others, a) - extremal_excess(alpha, n, a)
    return {"sign": sign, "above": above, "below": below}


def mean_excess(pair: float, others: np.ndarray, a: float) -> float:
    """mu(z, a) = <z, e_i - softmax(a z)> for the row with `pair` at place i."""
    weights = np.exp(a * (others - pair))
    return float(weights @ (pair - others) / (1 + weights.sum()))


def extremal_excess(alpha: float, n: int, a: float) -> float:
    """alpha (1 - p_1) with p_1 = 1 / (1 + (n - 1) exp(-a alpha)): the right side of Lemma B.1(b)."""
    return float(alpha * (1 - 1 / (1 + (n - 1) * np.exp(-a * alpha))))


class ProjectionSetting(Config):
    """Inner products of uniform points, for Lemmas B.2 and B.3."""

    smoke: ClassVar = {"seeds": 2}

    seeds: int = Field(5, ge=1, description="chosen")
    draws: int = Field(20_000, ge=100, le=10**6, description="chosen (B.2)")
    dimensions: tuple[int, ...] = Field((3, 8, 64), min_length=1, description="chosen (B.2): d")


QUADRATURE = tuple(product((3, 8, 64, 512), (0.5, 5.0, 13.0)))  # (d, a)


@experiment(
    "yaras2024.projections",
    ProjectionSetting,
    coordinates=("quadrature_error",),
    seconds={"smoke": 1, "book": 1, "paper": 1},
)
def projections(config: ProjectionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """<u, v> against the density of Lemma B.2: Kolmogorov's distance times the root of the draws `[S, d]`.

    `quadrature_error`: Lemma B.3's moments against Gauss quadrature.
    """
    distance = np.zeros((len(seeds), len(config.dimensions)))
    grid = np.linspace(-1, 1, 40_001)
    for column, d in enumerate(config.dimensions):
        cumulative = cumulative_trapezoid(bessel.density(grid, d), grid, initial=0)
        for row, seed in enumerate(seeds):
            stream = generator("yaras2024.projections", seed, f"d={d}")
            products = (parallel.sphere(config.draws, d, stream) * parallel.sphere(config.draws, d, stream)).sum(1)
            test = kstest(products.numpy(), lambda z, c=cumulative: np.interp(z, grid, c))
            distance[row, column] = test.statistic * config.draws**0.5
    errors = []
    for d, a in QUADRATURE:
        # Gauss's rule for the weight (1 - z^2)^{(d-3)/2}, which is the density of Lemma B.2 but for its constant.
        z, weights = roots_gegenbauer(60, (d - 2) / 2)
        for power, stated in zip((1, 0), bessel.moments(a, d), strict=True):
            errors.append(abs(bessel.density(np.zeros(1), d)[0] * (weights @ (z**power * np.exp(a * z))) / stated - 1))
    return {"distance": distance, "quadrature_error": np.array(errors)}
