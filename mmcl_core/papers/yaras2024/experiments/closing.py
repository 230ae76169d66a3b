"""Theorem 3.2: how slowly a matched model closes the gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024 import bounds, dynamics, longtime, parallel
from mmcl_core.papers.yaras2024.schemes import Exponential
from mmcl_core.runtime import generator

# (n, alpha, gamma_0), beta_0 at its threshold
SETTINGS = (
    (10, 1.0, 0.3),
    (2, 1.0, 0.05),
    (2, 2.0, 0.1),
    (2, 1.0, 0.3),
    (10, 1.0, 0.9),
    (100, 1.0, 0.3),
    (2048, 1.0, 0.3),
    (10, 0.3, 0.3),
    (2048, 0.3, 0.1),
)


class QuadratureSetting(Config):
    """Nothing here is random; the same at every tier."""

    points: int = Field(100_000, ge=1000, le=10**7, description="chosen (6.2): quadrature nodes")


Pairs = Annotated[int, Field(ge=2, le=10**9)]
Gap = Annotated[float, Field(gt=0, lt=1)]


class SlowClosingSetting(QuadratureSetting):
    """Where the theorem is tried."""

    settings: tuple[tuple[Pairs, PositiveFloat, Gap], ...] = Field(
        SETTINGS, min_length=1, description="chosen: (n, alpha, gamma_0) of Theorem 3.2"
    )
    excess: float = Field(1.0, ge=1, le=1e6, description="chosen: beta_0 over the least that Theorem 3.2 allows")


@experiment(
    "yaras2024.slow_closing", SlowClosingSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1}
)
def slow_closing(config: SlowClosingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """gamma against the bound of Theorem 3.2 in nine settings at the threshold beta_0: as printed and corrected
    `[setting, T]`."""
    log_time = np.concatenate([[-np.inf], np.geomspace(0.1, 1e4, 200)])
    rows: dict[str, list] = {
        key: [] for key in ("log_gamma", "corrected", "printed", "least_corrected", "least_printed", "fastest", "c4")
    }
    for n, alpha, gamma in config.settings:
        bound = bounds.SlowClosing(n, alpha, config.excess * bounds.threshold(n, alpha, gamma), gamma)
        curve = longtime.closing(Exponential(), bound.beta, gamma, n, alpha, 1.1e4, config.points)
        times, log_gamma = (
            np.concatenate([[-np.inf], curve.log_time]),
            np.concatenate([[np.log(gamma)], curve.log_gamma]),
        )
        log_beta = np.concatenate([[np.log(bound.beta)], curve.log_beta])
        log_g = longtime.log_drive_softmax(np.exp(log_beta) * -np.expm1(2 * log_gamma), n, alpha)
        log_speed = np.log(2) + log_beta + log_gamma + log_g  # of -d gamma / dt
        rows["log_gamma"].append(np.concatenate([[np.log(gamma)], curve.at(log_time[1:])]))
        rows["corrected"].append(bound.corrected(log_time))
        rows["printed"].append(bound.printed(log_time))
        rows["least_corrected"].append(np.exp(log_gamma - np.log(bound.corrected(times))).min())
        rows["least_printed"].append(np.exp(log_gamma - np.log(bound.printed(times))).min())
        rows["fastest"].append(np.exp(log_speed - bound.fastest(log_gamma)).max())
        rows["c4"].append(bound.c4)
    return {"log_time": log_time, **{key: np.array(value) for key, value in rows.items()}}


MODELS = (
    (None, 1.0, 2.0),
    (10, 1.0, bounds.threshold(10, 1.0, 0.3)),
    (2048, 1.0, 1 / 0.07),
    (2048, 0.3, 1 / 0.07),
    (2048, 0.3, bounds.threshold(2048, 0.3, 0.3)),
)  # (n, alpha, beta_0); gamma_0 = 0.3
GAMMA_0 = 0.3
SOFTMAX = tuple(k for k, (n, _, _) in enumerate(MODELS) if n is not None)
# over the least beta_0 that Theorem 3.2 allows; the scalar loss has none
OVER_THRESHOLD = np.array(
    [np.inf if n is None else beta / bounds.threshold(n, alpha, GAMMA_0) for n, alpha, beta in MODELS]
)
SHIFTS = np.array([0.0 if n is None else np.log(n - 1) for n, _, _ in MODELS])  # of `longtime.approached`
LOG_TIMES = (4.6, 9.2, 13.8, 50.0, 200.0, 1e3, 1e4, 1e5)
LATE = np.array([1e3, 1e4, 1e5])  # log t at which limits are judged


@experiment("yaras2024.exponents", QuadratureSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def exponents(config: QuadratureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The local exponent d log gamma / d log log t of five models `[model, T]`, and gamma log(t)^2 / K."""
    fine = np.geomspace(2.0, 1e5, 160)
    curves = [
        longtime.closing(Exponential(), beta, GAMMA_0, n, alpha, points=config.points) for n, alpha, beta in MODELS
    ]
    limits = [bounds.SlowClosing(n or 2, alpha, beta, GAMMA_0).limit for n, alpha, beta in MODELS]
    return {
        "log_time": np.array(LOG_TIMES),
        "exponent": np.stack([c.exponent(np.array(LOG_TIMES)) for c in curves]),
        "share_of_limit": np.stack(
            [
                np.exp(c.at(np.array(LOG_TIMES))) * np.array(LOG_TIMES) ** 2 / k
                for c, k in zip(curves, limits, strict=True)
            ]
        ),
        "fine_log_time": fine,
        "fine_exponent": np.stack([c.exponent(fine) for c in curves]),
        "fine_share": np.stack([np.exp(c.at(fine)) * fine**2 / k for c, k in zip(curves, limits, strict=True)]),
    }


class MarginFlow(Config):
    """Theorem 3.2 with encoders that move: does its hypothesis hold along the run, and how far is the bound?"""

    smoke: ClassVar = {"seeds": 2}

    seeds: int = Field(6, ge=1, description="chosen")
    n: int = Field(8, ge=2, le=64, description="chosen (T32b): pairs")
    d: int = Field(8, ge=2, le=64, description="chosen (T32b)")
    noise: tuple[float, ...] = Field(
        (0.15, 0.5),
        min_length=1,
        description="chosen (T32b): .15 in Y = X + noise, normalised; .5 leaves pairs mismatched",
    )
    gamma: float = Field(0.3, gt=0, lt=1, description="chosen (T32b): gamma_0")
    excess: float = Field(1.05, ge=1, description="chosen: beta_0 over the threshold of the starting margin")
    mismatched_beta: float = Field(
        1 / 0.07, gt=0, description="CLIP's beta_0, where the start has no margin and so no threshold"
    )
    end: float = Field(1e6, gt=1, description="chosen (T32b): time")


@experiment(
    "yaras2024.moving_margin", MarginFlow, coordinates=("time", "noise"), seconds={"smoke": 2, "book": 6, "paper": 6}
)
def moving_margin(config: MarginFlow, seeds: Sequence[int], device: torch.device) -> Arrays:
    """gamma, Delta, the corrected bound and the least margin of pairs that move `[S, noise, T]`; `met`: Theorem
    3.2's hypothesis holds."""
    times = np.concatenate([[0.0], np.geomspace(0.01, config.end, 120)])
    shape = (len(seeds), len(config.noise))
    arrays = {key: np.full((*shape, len(times)), np.nan) for key in ("gamma", "gap", "bound")}
    numbers = {key: np.full(shape, np.nan) for key in ("beta", "start_margin", "least_margin")}
    met = np.zeros(shape, bool)
    for row, seed in enumerate(seeds):
        for column, noise in enumerate(config.noise):
            at = row, column
            stream = generator("yaras2024.moving_margin", seed, f"noise={noise}")
            x = parallel.sphere(config.n, config.d, stream)
            y = torch.nn.functional.normalize(x + noise * torch.randn(x.shape, generator=stream, dtype=x.dtype), dim=1)
            alpha = numbers["start_margin"][at] = parallel.margin(x @ y.T).item()
            beta = (
                config.excess * bounds.threshold(config.n, alpha, config.gamma) if alpha > 0 else config.mismatched_beta
            )
            numbers["beta"][at] = beta
            path = dynamics.moving_pairs(x, y, beta, config.gamma, Exponential(), times)
            least = numbers["least_margin"][at] = path.margin.min()
            met[at] = least > 0 and beta >= bounds.threshold(config.n, least, config.gamma)
            arrays["gamma"][at], arrays["gap"][at] = np.exp(path.log_gamma), path.gap
            if met[at]:
                with np.errstate(divide="ignore"):
                    arrays["bound"][at] = bounds.SlowClosing(config.n, least, beta, config.gamma).corrected(
                        np.log(times)
                    )
    return {"time": times, "noise": np.array(config.noise), "met": met, **numbers, **arrays}
