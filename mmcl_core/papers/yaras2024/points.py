"""The model behind Fig. 2: pairs that move freely on the sphere, and its three-number reduction.

The paper does not state it; its curves identify it. Every row is its own point of S^2 and there is no shared gamma, so
each row gets 1/n of the gradient while the temperature gets all of it: beta gamma^n is conserved, not beta sqrt(gamma).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.interpolate import CubicSpline
from scipy.special import softmax

from mmcl_core import flow
from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.dynamics import forces
from mmcl_core.papers.yaras2024.parallel import check_start, drive
from mmcl_core.papers.yaras2024.schemes import Exponential, Schedule, Scheme

GAMMA_0 = float(np.cos(0.4 * np.pi))  # height of Fig. 2
BETA_0 = 1 / 0.07


@dataclass(frozen=True)
class Orbit:
    """A run at `times`: log gamma, log beta and the angle delta between the partners of a pair, each `[T]`."""

    times: Float[np.ndarray, "T"]
    log_gamma: Float[np.ndarray, "T"]
    log_beta: Float[np.ndarray, "T"]
    angle: Float[np.ndarray, "T"]

    @property
    def gap(self) -> Float[np.ndarray, "T"]:
        """Delta = 2 gamma: both centres lie on the axis."""
        return 2 * np.exp(self.log_gamma)

    @property
    def temperature(self) -> Float[np.ndarray, "T"]:
        return np.exp(-self.log_beta)


@dataclass(frozen=True)
class Ring:
    """n pairs on two regular polygons at heights +gamma and -gamma; partner i of the second is `shift` vertices
    away."""

    n: int = 5
    shift: int = 2
    gamma: float = GAMMA_0
    beta: float = BETA_0
    law: Scheme | Schedule = Exponential()

    def __post_init__(self) -> None:
        check_start(self.beta, self.gamma)
        if self.n < 2 or not 0 <= self.shift < self.n:
            raise InputError(
                f"{self.n} pairs shifted by {self.shift} are not allowed: at least 2 pairs and a shift from 0 to n - 1"
            )

    def field(self, state: Float[np.ndarray, "4"]) -> Float[np.ndarray, "4"]:
        """d/dt of (log gamma, log beta, delta, t): the flow of all 6n + 1 numbers restricted to its symmetric
        configurations."""
        log_gamma, log_beta, delta, time = state
        beta = self.law.inverse_temperature(time) if isinstance(self.law, Schedule) else np.exp(log_beta)
        plane = -np.expm1(2 * log_gamma)  # 1 - gamma^2
        angles = 2 * np.pi * np.arange(self.n) / self.n + delta
        p = softmax(beta * plane * np.cos(angles))
        drive = np.cos(delta) - p @ np.cos(angles)
        climb = 0.0 if isinstance(self.law, Schedule) else self.law.speed(beta) / beta * plane * drive
        return np.array(
            [-beta * plane * drive / self.n, climb, -2 * beta / self.n * (np.sin(delta) - p @ np.sin(angles)), 1.0]
        )

    def run(self, times: Float[np.ndarray, "T"], rtol: float = 1e-10) -> Orbit:
        """The orbit at `times`, from time 0."""
        times = np.asarray(times, float)
        start = np.array([np.log(self.gamma), np.log(self.beta), self.angle, 0.0])
        grid = times if times[0] == 0 else np.concatenate([[0.0], times])
        states = flow.solve(self.field, start, grid, rtol=rtol, atol=1e-12)[len(grid) - len(times) :]
        log_beta = (
            np.log(self.law.inverse_temperature(states[:, 3])) if isinstance(self.law, Schedule) else states[:, 1]
        )
        return Orbit(times, states[:, 0], log_beta, states[:, 2])

    @property
    def angle(self) -> float:
        """The angle between partners at the start, in (-pi, pi]: a shift by more than half the ring is one the other
        way."""
        steps = self.shift if 2 * self.shift <= self.n else self.shift - self.n
        return -2 * np.pi * steps / self.n

    def matched(self, end: float = 1e5) -> float:
        """The time from which every point's own partner is its nearest: |delta| falls below pi / n. NaN when that has
        not happened by `end`."""
        if abs(self.angle) < np.pi / self.n:
            return 0.0
        last = min(20.0, end)
        while True:  # larger rings take longer: the search goes on until they match
            times = np.concatenate([[0.0], np.geomspace(1e-3, last, 600)])
            roots = CubicSpline(times, np.abs(self.run(times).angle) - np.pi / self.n).roots(extrapolate=False)
            if len(roots) or last >= end:
                return float(roots[-1]) if len(roots) else float("nan")
            last = min(8 * last, end)

    def peak(self, end: float = 1e5) -> tuple[float, float]:
        """The time at which the gap is largest, and the angle between partners then, up to time `end`."""
        last = min(5.0, end)
        while True:
            early = self.run(np.linspace(0, last, 5001))
            at = int(early.gap.argmax())
            if at < 5000 or last >= end:
                return float(early.times[at]), float(early.angle[at])
            last = min(4 * last, end)

    def points(self, log_gamma: float, angle: float) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """Both polygons on S^2, symmetric about the first axis; partner i of the second stands at the angle `angle`
        from that of the first."""
        vertices = 2 * np.pi * np.arange(self.n) / self.n
        height, radius = np.exp(log_gamma), np.sqrt(-np.expm1(2 * log_gamma))

        def polygon(at: np.ndarray, z: float) -> np.ndarray:
            return np.stack([radius * np.cos(at), radius * np.sin(at), np.full(self.n, z)], 1)

        return polygon(vertices - angle / 2, height), polygon(vertices + angle / 2, -height)

    def start(self) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        return self.points(np.log(self.gamma), self.angle)


def full_field(n: int, scheme: Scheme) -> Callable[[np.ndarray], np.ndarray]:
    """The unreduced flow of 2n points of S^2 and log beta: what the three numbers of `Ring` are tested against."""

    def field(state: np.ndarray) -> np.ndarray:
        x, y = torch.from_numpy(state[:-1]).reshape(2, n, 3)
        beta = np.exp(state[-1])
        moves = [f.reshape(-1).numpy() for f in forces(x, y, beta)]
        return np.concatenate([*moves, [scheme.speed(beta) / beta * float(drive(x @ y.T, beta))]])

    return field


def full_flow(
    ring: Ring, times: Float[np.ndarray, "T"], rtol: float = 1e-11
) -> tuple[Float[np.ndarray, "T"], Float[np.ndarray, "T"]]:
    """(gap, temperature) of all 2n points, from the ring's start."""
    start = np.concatenate([*(p.reshape(-1) for p in ring.start()), [np.log(ring.beta)]])
    states = flow.solve(full_field(ring.n, ring.law), start, times, rtol=rtol, atol=1e-13)
    x, y = np.moveaxis(states[:, :-1].reshape(len(times), 2, ring.n, 3), 1, 0)
    return np.linalg.norm(x.mean(1) - y.mean(1), axis=1), np.exp(-states[:, -1])
