"""Theorem 3.2 and appendix C: how slowly a matched model closes the gap, with every temperature scheme."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.integrate import quad

from mmcl_core import flow
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024 import bounds, dynamics, longtime, parallel
from mmcl_core.papers.yaras2024.schemes import Exponential, Linear, log_gamma_on_curve
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


@experiment(
    "yaras2024.slow_closing", QuadratureSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1}
)
def slow_closing(config: QuadratureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """gamma against the bound of Theorem 3.2 in nine settings at the threshold beta_0: as printed and corrected `[setting, T]`."""
    log_time = np.concatenate([[-np.inf], np.geomspace(0.1, 1e4, 200)])
    rows: dict[str, list] = {
        key: [] for key in ("log_gamma", "corrected", "printed", "least_corrected", "least_printed", "fastest", "c4")
    }
    for n, alpha, gamma in SETTINGS:
        bound = bounds.SlowClosing(n, alpha, bounds.threshold(n, alpha, gamma), gamma)
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
)  # (n, alpha, beta_0); gamma_0 = 0.3
LOG_TIMES = (4.6, 9.2, 13.8, 50.0, 200.0, 1e3, 1e4, 1e5)


@experiment("yaras2024.exponents", QuadratureSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def exponents(config: QuadratureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The local exponent d log gamma / d log log t of four models `[model, T]`, gamma log(t)^2 / K, and the ratio R of Lemma 3.1."""
    fine = np.geomspace(2.0, 1e5, 160)
    curves = [longtime.closing(Exponential(), beta, 0.3, n, alpha, points=config.points) for n, alpha, beta in MODELS]
    limits = [bounds.SlowClosing(n or 2, alpha, beta, 0.3).limit for n, alpha, beta in MODELS]
    beta = np.array([10.0, 100.0, 1e3])
    step = 1e-4
    log_ratio = [log_coupling_ratio(beta * np.exp(h), 2.0, 0.4) for h in (-step, step)]
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
        "beta": beta,
        "ratio_exponent": (log_ratio[1] - log_ratio[0]) / (2 * step),
    }


def log_coupling_ratio(beta: np.ndarray, beta_0: float, gamma_0: float) -> np.ndarray:
    """log |R|, R = (d gamma/dt) / (d beta/dt) = -2 gamma / (beta (1 - gamma^2)) along the curve of Lemma 3.1 from (beta_0, gamma_0)."""
    scheme = Exponential()
    log_gamma = log_gamma_on_curve(scheme.potential(beta) - scheme.potential(beta_0), gamma_0)
    return np.log(2) + log_gamma - np.log(beta) - np.log(-np.expm1(2 * log_gamma))


class MarginFlow(Config):
    """Theorem 3.2 with encoders that move: does its hypothesis hold along the run, and how far is the bound?"""

    smoke: ClassVar = {"seeds": 2}

    seeds: int = Field(6, ge=1, description="chosen; the sheet has 5")
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
    """gamma, Delta, the corrected bound and the least margin of pairs that move `[S, noise, T]`; `met`: Theorem 3.2's hypothesis holds."""
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


RATE_BETAS = (0.5, 1.0, 2.0, 5.0, 14.3)
MOVING_BETAS: tuple[Callable[[float], float], ...] = (  # schedules over [0, 1] that are not linear in beta
    lambda t: 1 / (0.1 + 0.4 * t),  # the temperature rises linearly
    lambda t: 3 + 2 * np.cos(10 * np.pi * t),  # it alternates five times
    lambda t: 0.5 * 20**t,  # it falls geometrically
)
LINEAR_MARGINS = (0.5, 2.0)
RAMPS = ((1.0, 3.0), (5.0, 1.0), (14.3, 5.0))
LINEAR_LOG_TIMES = (4.6, 9.2, 20.0, 100.0)
SCALES = (1.0, 2.0, 3.0)
RATES = (1.0, 0.5, 0.25, 1 / 9, 0.1)
TWINS = (0.5, 0.1)


@experiment(
    "yaras2024.other_schemes", QuadratureSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1}
)
def other_schemes(config: QuadratureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Appendix C in its scalar loss exp(-m): linear temperature, schedules and their factor 2, exp(nu/s); eta sweep and exact twins."""
    linear = longtime.closing(Linear(), 1.0, 0.3, log_time=200, points=config.points)
    margins = [longtime.closing(Linear(), 1.0, 0.3, alpha=alpha, points=config.points) for alpha in LINEAR_MARGINS]
    betas = np.linspace(0.2, 5, 481)
    curves = [longtime.closing(Exponential(scale=s), 1.0, 0.3, points=config.points) for s in SCALES]
    slow = [longtime.closing(Exponential(rate=eta), 1.0, 0.3, points=config.points) for eta in RATES]
    fine = np.geomspace(2.0, 1e5, 160)
    return {
        "linear_log_time": np.array(LINEAR_LOG_TIMES),
        "linear_log_gamma": linear.at(np.array(LINEAR_LOG_TIMES)),
        "linear_margin": np.array(
            [-c.at(1e4) * alpha**2 / 1e4**2 for c, alpha in zip(margins, LINEAR_MARGINS, strict=True)]
        ),
        "fastest_beta": betas[np.argmax([scalar_rate(b) for b in betas])],
        "clip_rate": np.array(scalar_rate(1 / 0.07)),
        "rate_over_printed": np.array([scalar_rate(b) / (b * np.exp(-b)) for b in RATE_BETAS]),
        "schedule_over_printed": np.array(
            [
                scheduled_fall(beta) / quad(lambda t, b=beta: b(t) * np.exp(-b(t)), 0, 1, epsrel=1e-10)[0]
                for beta in MOVING_BETAS
            ]
        ),
        "ramp_over_printed": np.array([ramp_exponent(*ramp) for ramp in RAMPS]),
        "scale_exponent": np.array([c.exponent(np.array([9.2, 1e5])) for c in curves]),
        "fine_log_time": fine,
        "fine_exponent": np.stack([c.exponent(fine) for c in curves]),
        "rate": np.array(RATES),
        "rate_exponent": np.array([c.exponent(1e5) for c in slow]),
        "twin_difference": np.array([twin_difference(eta) for eta in TWINS]),
    }


def scalar_rate(beta: float, gamma: float = 1e-5) -> float:
    """-d log gamma / dt of the scalar loss at a fixed temperature, by autograd."""
    height = torch.tensor(gamma, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad((-beta * (1 - height**2)).exp(), height)
    return float(slope) / gamma


def scheduled_fall(beta: Callable[[float], float], gamma: float = 1e-4) -> float:
    """log(gamma(0) / gamma(1)) of the scalar loss's flow under a prescribed inverse temperature, from a small gap."""

    def field(state: np.ndarray) -> np.ndarray:
        b = beta(state[1])
        return np.array([-2 * b * np.exp(-b * -np.expm1(2 * state[0])), 1.0])

    return np.log(gamma) - flow.solve(field, np.array([np.log(gamma), 0.0]), [0, 1], rtol=1e-11, atol=1e-13)[-1, 0]


def ramp_exponent(start: float, end: float) -> float:
    """The fall under beta linear in [0, 1], over the printed exponent c."""
    fall = scheduled_fall(lambda t: start + (end - start) * t)
    return fall / (((start + 1) * np.exp(-start) - (end + 1) * np.exp(-end)) / (end - start))


def twin_difference(rate: float, n: int = 10, beta: float = 2.0, gamma: float = 0.3) -> float:
    """Largest difference of (log beta, log gamma) between exp(nu) with learning rate eta and exp(nu / s), s = eta^(-1/2).

    Both flows run on (nu, log gamma) with gradients by autograd of the lifted loss: no formula of ours for beta' enters.
    """
    x = torch.eye(n, dtype=torch.float64)
    times = np.concatenate([[0.0], np.geomspace(0.1, 1e3, 20)])

    def run(scheme: Exponential) -> np.ndarray:
        def field(state: np.ndarray) -> np.ndarray:
            nu, log_gamma = torch.tensor(state, dtype=torch.float64).requires_grad_().unbind()
            height = log_gamma.exp()
            d_nu, d_height = torch.autograd.grad(parallel.objective(x, x, nu, height, scheme), (nu, height))
            return np.array([-scheme.rate * d_nu.item(), -(d_height / height).item()])

        states = flow.solve(field, np.array([scheme.parameter(beta), np.log(gamma)]), times, rtol=1e-10, atol=1e-12)
        return np.stack([states[:, 0] / scheme.scale, states[:, 1]])

    return float(np.abs(run(Exponential(rate=rate)) - run(Exponential(scale=rate**-0.5))).max())


OFFSET_RATES = (1.0, 0.5, 0.25, 0.1, 0.05)
RINGS = (2, 3, 5, 10, 50)
RING_LOG_TIMES = (50.0, 1e3, 1e5)


@experiment("yaras2024.offsets", QuadratureSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def offsets(config: QuadratureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Two notions of parallel: one shared offset with its own learning rate kappa, and n free points; exponents of log t."""
    fine = np.geomspace(2.0, 1e5, 160)
    shared = [
        longtime.closing(Exponential(), 1 / 0.07, 0.309, 10, points=config.points, offset_rate=k) for k in OFFSET_RATES
    ]
    free = [longtime.closing_free_points(n, 1 / 0.07, 0.309) for n in RINGS]
    return {
        "offset_rate": np.array(OFFSET_RATES),
        "shared_exponent": np.array([c.exponent(1e5) for c in shared]),
        "ring": np.array(RINGS),
        "free_exponent": np.stack([c.exponent(np.array(RING_LOG_TIMES)) for c in free]),
        "free_gap_at_e1000": np.array([2 * np.exp(c.at(1e3)) for c in free]),
        "fine_log_time": fine,
        "shared_log_gamma": np.stack([c.at(fine) for c in shared]),
        "free_log_gamma": np.stack([c.at(fine) for c in free]),
        "shared_fine_exponent": np.stack([c.exponent(fine) for c in shared]),
        "free_fine_exponent": np.stack([c.exponent(fine) for c in free]),
    }
