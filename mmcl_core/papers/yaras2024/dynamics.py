"""Gradient flow of the parallel model: fixed similarities, or encoders that move freely on the sphere.

The state holds log gamma and log beta: in the fast schemes gamma falls below 1e-100, where it has no digits left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core import flow
from mmcl_core.papers.yaras2024.parallel import check_start, drive, lift, margin, mixture
from mmcl_core.papers.yaras2024.schemes import Schedule, Scheme


@dataclass(frozen=True)
class Path:
    """A solved run at `times`: encoders `[T, n, d]`, log beta and log gamma `[T]`."""

    times: Float[np.ndarray, "T"]
    first: Float[Tensor, "T n d"]
    second: Float[Tensor, "T n d"]
    log_beta: Float[np.ndarray, "T"]
    log_gamma: Float[np.ndarray, "T"]

    @property
    def margin(self) -> Float[np.ndarray, "T"]:
        return margin(self.first @ self.second.mT).numpy()

    @property
    def gap(self) -> Float[np.ndarray, "T"]:
        """Delta by its definition, the distance between the two centres of the lifted embeddings."""
        height = torch.as_tensor(np.exp(self.log_gamma))[:, None, None]
        centres = [points.mean(-2) for points in (lift(self.first, height), lift(self.second, -height))]
        return (centres[0] - centres[1]).norm(dim=-1).numpy()


def forces(
    first: Float[Tensor, "n d"], second: Float[Tensor, "n d"], a: float
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
    """Minus the Riemannian gradient of l(a H_X H_Y^T) by the rows of H_X and of H_Y, each on its own sphere."""
    similarity = first @ second.T
    push = mixture(similarity, a)
    scale = a / len(first)

    def tangent(force: Tensor, at: Tensor) -> Tensor:
        return force - (force * at).sum(-1, keepdim=True) * at

    return tangent(scale * (second - push @ second), first), tangent(scale * (first - push.T @ first), second)


def moving_pairs(
    first: Float[Tensor, "n d"],
    second: Float[Tensor, "n d"],
    beta: float,
    gamma: float,
    scheme: Scheme,
    times: Float[np.ndarray, "T"],
    rtol: float = 1e-11,
) -> Path:
    """The whole flow (encoders, temperature, gap) from the given start, every parameter with unit rate but nu, which
    has the scheme's."""
    check_start(beta, gamma)
    n, d = first.shape

    def unpack(state: np.ndarray) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(np.ascontiguousarray(state[..., :-2])).reshape(*state.shape[:-1], 2, n, d)
        return rows[..., 0, :, :], rows[..., 1, :, :]

    def field(state: np.ndarray) -> np.ndarray:
        x, y = unpack(state)
        b, shrink = np.exp(state[-2]), -np.expm1(2 * state[-1])
        g = float(drive(x @ y.T, b * shrink))
        moves = [f.reshape(-1).numpy() for f in forces(x, y, b * shrink)]
        return np.concatenate([*moves, [scheme.speed(b) / b * shrink * g, -2 * b * g]])

    start = np.concatenate([first.reshape(-1).numpy(), second.reshape(-1).numpy(), np.log([beta, gamma])])
    states = flow.solve(field, start, times, rtol=rtol, atol=rtol / 100)
    x, y = unpack(states)
    return Path(np.asarray(times), x, y, states[:, -2], states[:, -1])


def fixed_similarity(
    n: int, alpha: float, beta: float, gamma: float, law: Scheme | Schedule, times: Float[np.ndarray, "T"]
) -> tuple[np.ndarray, np.ndarray]:
    """(log beta, log gamma) at `times` for the extremal similarities of margin alpha; `times[0]` is 0.

    There g = alpha (1 - p_1), p_1 the softmax weight of the true pair (Lemma B.1).
    """
    check_start(beta, gamma)

    def field(state: np.ndarray) -> np.ndarray:
        log_beta, log_gamma, time = state
        b = law.inverse_temperature(time) if isinstance(law, Schedule) else np.exp(log_beta)
        shrink = -np.expm1(2 * log_gamma)
        g = alpha * (n - 1) / (np.exp(np.minimum(b * shrink * alpha, 700)) + n - 1)
        climb = 0.0 if isinstance(law, Schedule) else law.speed(b) / b * shrink * g
        return np.array([climb, -2 * b * g, 1.0])

    states = flow.solve(field, np.array([np.log(beta), np.log(gamma), 0.0]), times, rtol=1e-10, atol=1e-12)
    log_beta = np.log(law.inverse_temperature(states[:, 2])) if isinstance(law, Schedule) else states[:, 0]
    return log_beta, states[:, 1]


@dataclass(frozen=True)
class Rates:
    """Initial rates of one draw: 2 d gamma/dt, d Delta/dt with frozen encoders, and with encoders that move."""

    twice_gamma: float
    frozen: float
    moving: float


def initial_rates(
    first: Float[Tensor, "n d"], second: Float[Tensor, "n d"], beta: float, gammas: Sequence[float]
) -> list[Rates]:
    """How fast the gap opens at the very start, for each of the heights `gammas`."""
    less = (first @ second.T).sub_(1)  # in (-2, 0]: no exponential below overflows
    weights = torch.empty_like(less)  # n x n twice and no more: this is run with thousands of pairs
    return [_rates(first, second, less, weights, beta, gamma) for gamma in gammas]


def _rates(first: Tensor, second: Tensor, less: Tensor, weights: Tensor, beta: float, gamma: float) -> Rates:
    """Delta and gamma are not the same: Delta^2 = (1 - gamma^2) m^2 + 4 gamma^2. One exponential serves both
    softmaxes."""
    check_start(beta, gamma)
    n, a = len(first), beta * (1 - gamma**2)
    torch.mul(less, a, out=weights).exp_()
    rows, columns = weights.sum(1, keepdim=True), weights.sum(0)[:, None]
    to_first = (weights @ second / rows + weights @ (second / columns)) / 2
    to_second = ((first.T @ weights).T / columns + ((first / rows).T @ weights).T) / 2
    g = float((first * (second - to_first)).sum(1).mean())
    d_gamma = -2 * beta * gamma * g

    difference = first.mean(0) - second.mean(0)
    m = float(difference.norm())
    delta = ((1 - gamma**2) * m**2 + 4 * gamma**2) ** 0.5
    frozen = (4 - m**2) * gamma * d_gamma / delta

    x, y = a / n * (second - to_first), a / n * (first - to_second)
    drift = (x - (x * first).sum(1, keepdim=True) * first).mean(0) - (
        y - (y * second).sum(1, keepdim=True) * second
    ).mean(0)
    return Rates(2 * d_gamma, frozen, frozen + (1 - gamma**2) * float(difference @ drift) / delta)
