"""Appendix C and its neighbours: linear and prescribed temperatures, exp(nu/s), slower rates, offsets of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.integrate import quad

from mmcl_core import flow
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024 import longtime, parallel
from mmcl_core.papers.yaras2024.experiments.closing import LATE, QuadratureSetting
from mmcl_core.papers.yaras2024.schemes import Exponential, Linear, Scheme

LINEAR_EARLY = (6.0, 7.0, 8.0, 9.0, 10.0)
LINEAR_FAR = (14.0, 15.0)  # where what decays between these is gone
RATE_BETAS = (0.5, 1.0, 2.0, 5.0, 14.3)
MOVING_BETAS: tuple[Callable[[float], float], ...] = (  # schedules over [0, 1] that are not linear in beta
    lambda t: 1 / (0.1 + 0.4 * t),  # the temperature rises linearly
    lambda t: 3 + 2 * np.cos(10 * np.pi * t),  # it alternates five times
    lambda t: 0.5 * 20**t,  # it falls geometrically
)
LINEAR_MARGINS = (0.5, 2.0)
SMALL_GAP = 1e-4  # appendix C's exponents are those of a small gap; what they neglect is beta gamma^2
RAMPS = ((1.0, 3.0), (5.0, 1.0), (14.3, 5.0))
LINEAR_LOG_TIMES = (4.6, 9.2, 20.0, 100.0)
SCALES = (1.0, 2.0, 3.0)
RATES = (1.0, 0.5, 0.25, 1 / 9, 0.1)
TWINS = (0.5, 0.1)


@experiment(
    "yaras2024.other_schemes", QuadratureSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1}
)
def other_schemes(config: QuadratureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Appendix C in its scalar loss exp(-m): linear temperature, schedules and their factor 2; exp(nu/s), rates, twins.

    Up to t = e^15 all velocities are autograd's of the loss; beyond, times are quadratures against the temperature.
    """
    linear = longtime.closing(Linear(), 1.0, 0.3, log_time=200, points=config.points)
    early = np.exp(np.concatenate([[-np.inf], LINEAR_EARLY, LINEAR_FAR]))
    by_autograd = scalar_flow(Linear(), 1.0, 0.3, early)[1:, 1]
    margins = [longtime.closing(Linear(), 1.0, 0.3, alpha=alpha, points=config.points) for alpha in LINEAR_MARGINS]
    betas = np.linspace(0.2, 5, 481)
    curves = [longtime.closing(Exponential(scale=s), 1.0, 0.3, points=config.points) for s in SCALES]
    slow = [longtime.closing(Exponential(rate=eta), 1.0, 0.3, points=config.points) for eta in RATES]
    fine = np.geomspace(2.0, 1e5, 160)
    return {
        "linear_log_time": np.array(LINEAR_LOG_TIMES),
        "linear_log_gamma": linear.at(np.array(LINEAR_LOG_TIMES)),
        "linear_early_log_time": np.array(LINEAR_EARLY),
        "linear_early_excess": -by_autograd[: len(LINEAR_EARLY)] - np.array(LINEAR_EARLY) ** 2,
        "linear_far_excess": -by_autograd[len(LINEAR_EARLY) :] - np.array(LINEAR_FAR) ** 2,
        "linear_difference": np.abs(linear.at(np.array(LINEAR_EARLY)) / by_autograd[: len(LINEAR_EARLY)] - 1).max(),
        "linear_margin": np.array(
            [-c.at(LATE[:2]) * alpha**2 / LATE[:2] ** 2 for c, alpha in zip(margins, LINEAR_MARGINS, strict=True)]
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
        "scale_exponent": np.array([c.exponent(LATE) for c in curves]),
        "fine_log_time": fine,
        "fine_exponent": np.stack([c.exponent(fine) for c in curves]),
        "rate": np.array(RATES),
        "rate_exponent": np.array([c.exponent(LATE) for c in slow]),
        "twin_difference": np.array([twin_difference(eta) for eta in TWINS]),
    }


def scalar_loss(beta: torch.Tensor | float, height: torch.Tensor) -> torch.Tensor:
    """Appendix C's loss exp(-m) of the margin m = beta (1 - gamma^2)."""
    return (-beta * (1 - height**2)).exp()


def scalar_rate(beta: float, gamma: float = SMALL_GAP) -> float:
    """-d log gamma / dt of the scalar loss at a fixed temperature, by autograd."""
    height = torch.tensor(gamma, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(scalar_loss(beta, height), height)
    return float(slope) / gamma


def scalar_flow(scheme: Scheme, beta: float, gamma: float, times: np.ndarray) -> np.ndarray:
    """(nu, log gamma) at `times` of the scalar loss's flow, both velocities by autograd."""

    def field(state: np.ndarray) -> np.ndarray:
        nu, log_gamma = torch.tensor(state, dtype=torch.float64).requires_grad_().unbind()
        height = log_gamma.exp()
        slopes = torch.autograd.grad(scalar_loss(scheme.inverse_temperature(nu), height), (nu, height))
        return np.array([-scheme.rate * slopes[0].item(), -(slopes[1] / height).item()])

    return flow.solve(field, np.array([scheme.parameter(beta), np.log(gamma)]), times, rtol=1e-11, atol=1e-13)


def scheduled_fall(beta: Callable[[float], float], gamma: float = SMALL_GAP) -> float:
    """log(gamma(0) / gamma(1)) of the scalar loss's flow under a prescribed inverse temperature, by autograd."""

    def field(state: np.ndarray) -> np.ndarray:
        return np.array([-scalar_rate(beta(state[1]), np.exp(state[0])), 1.0])

    return np.log(gamma) - flow.solve(field, np.array([np.log(gamma), 0.0]), [0, 1], rtol=1e-11, atol=1e-13)[-1, 0]


def ramp_exponent(start: float, end: float) -> float:
    """The fall under beta linear in [0, 1], over the printed exponent c."""
    fall = scheduled_fall(lambda t: start + (end - start) * t)
    return fall / (((start + 1) * np.exp(-start) - (end + 1) * np.exp(-end)) / (end - start))


def twin_difference(rate: float, n: int = 10, beta: float = 2.0, gamma: float = 0.3) -> float:
    """Largest difference of (log beta, log gamma) between exp(nu) with rate eta and exp(nu / s), s = eta^(-1/2).

    Both flows run on (nu, log gamma) with gradients by autograd of the lifted loss: no formula for beta' enters.
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


OFFSET_PAIRS = 10
OFFSET_RATES = (1.0, 0.5, 0.25, 0.1, 0.05)
RINGS = (2, 3, 5, 10, 50)


@experiment("yaras2024.offsets", QuadratureSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def offsets(config: QuadratureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Two notions of parallel: one shared offset with its own learning rate kappa, and n free points; exponents of
    log t."""
    fine = np.geomspace(2.0, 1e5, 160)
    shared = [
        longtime.closing(Exponential(), 1 / 0.07, 0.309, OFFSET_PAIRS, points=config.points, offset_rate=k)
        for k in OFFSET_RATES
    ]
    free = [longtime.closing_free_points(n, 1 / 0.07, 0.309) for n in RINGS]
    return {
        "offset_rate": np.array(OFFSET_RATES),
        "shared_exponent": np.stack([c.exponent(LATE) for c in shared]),
        "shared_gamma": np.exp(np.stack([c.at(LATE) for c in shared])),
        "ring": np.array(RINGS),
        "free_exponent": np.stack([c.exponent(LATE) for c in free]),
        "free_gamma": np.exp(np.stack([c.at(LATE) for c in free])),
        "free_gap_at_e1000": np.array([2 * np.exp(c.at(1e3)) for c in free]),
        "fine_log_time": fine,
        "shared_log_gamma": np.stack([c.at(fine) for c in shared]),
        "free_log_gamma": np.stack([c.at(fine) for c in free]),
        "shared_fine_exponent": np.stack([c.exponent(fine) for c in shared]),
        "free_fine_exponent": np.stack([c.exponent(fine) for c in free]),
    }
