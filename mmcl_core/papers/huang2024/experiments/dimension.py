"""Gaussian data at growing d/n^2, up to T1: where the lemmas of stage one hold, and how fast what breaks them goes
away.

In exactly orthogonal data many lemmas hold by construction. Here samples overlap as in R^d, for n^2 dimensions up to
many more than the literal conditions ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import bounds, dynamics, highdim, setting
from mmcl_core.papers.huang2024.experiments.base import Neurons, Strength
from mmcl_core.papers.huang2024.experiments.scaling import OrthogonalSetting


class DimensionSetting(OrthogonalSetting):
    """n SNR^2 = 1.75 and Cmu = 3, which meets the conditions of both methods, and sigma_xi^2 d = 2000 at every d."""

    smoke: ClassVar = {"n": 24, "m": 40, "signal": 12.08, "over": (4.0, 16.0, 64.0, 256.0), "seeds": 2}

    m: Neurons = Field(100, description="chosen: more neurons than Figure 1's 50, for shares of them")
    signal: Strength = Field(5.916, description="chosen: ||mu||, so that n SNR^2 = 1.75")
    initial_noise: float = Field(0.0447, gt=0, description="sigma_0 sigma_xi sqrt(d), as in Figure 1")
    rate: float = Field(0.1, gt=0, description="chosen: eta with k = 1/m")
    over: tuple[PositiveFloat, ...] = Field(
        (1.0, 1e2, 1e3, 1e4, 1e5, 1e12), min_length=2, description="d / n^2; the last meets the literal conditions"
    )


def _drift(state: dynamics.State, start: dynamics.State) -> tuple[Tensor, Tensor, Tensor]:
    """Largest |<w(t) - w(0), v> - coefficient| over xi_i and for mu, and the largest ||w_r(t) - w_r(0)||, all `[S]`."""
    encoder = state.first
    moved = encoder.preactivations - start.first.preactivations
    noise = (moved[..., 1:] - encoder.rho).abs().amax((1, 2))
    length = (encoder.coefficients * moved).sum(-1).sqrt().amax(1)
    return noise, (moved[..., 0] - encoder.gamma).abs().amax(1), length


def _share(holds: Tensor, among: Tensor) -> Tensor:
    """The share of `among` for which it `holds`, `[S]`; both are `[S, ...]`."""
    return (holds & among).flatten(1).sum(1) / among.flatten(1).sum(1)


def _single(problem: setting.Problem, rate: float, growth: float, kappa: float, steps: int) -> dict[str, Tensor]:
    """Lemmas C.1, C.3, C.4, C.6 and C.7 for every neuron or pair; `growth` = r, `kappa` = eta ||mu||^2/(m tau)."""
    for state in dynamics.trajectory(problem, False, rate, steps):
        a, z = state.first.signal, state.first.noise
        size = (state.first.gamma + problem.first.initial[..., 0]).abs()
        if state.step == 0:
            first, dead = state, z < 0
            kept, bounded = torch.ones_like(a, dtype=torch.bool), torch.ones_like(a, dtype=torch.bool)
            silent = dead.clone()
            largest = z.amax((1, 2))
            below = torch.ones(len(a), dtype=torch.bool, device=a.device)
        kept &= a.sign() == first.first.signal.sign()
        bounded &= size <= first.first.signal.abs() * (1 + 0.52 * kappa) ** state.step * (1 + 1e-9)
        silent &= (z < 0) & (state.first.rho == 0)
        below &= z.amax((1, 2)) <= largest * (1 + 1.05 * growth) ** state.step
    noise, signal, length = _drift(state, first)
    everything = torch.ones_like(kept)
    return {
        "noise_drift": noise,
        "signal_drift": signal,
        "length": length,
        "sign_kept": _share(kept, everything),
        "signal_bound": _share(bounded, everything),
        "dead_stays": _share(silent, dead),
        "largest_bound": below.double(),
    }


def _multi(problem: setting.Problem, rate: float, growth: float, steps: int) -> dict[str, Tensor]:
    """Lemmas D.2, D.3 and D.5 to D.9 for every neuron or pair of its kind."""
    for state in dynamics.trajectory(problem, True, rate, steps):
        a, z, b, y = state.first.signal, state.first.noise, state.second.signal, state.second.noise
        rho, rho_second = state.first.rho, state.second.rho
        psi, psi_second = torch.relu(z), torch.relu(y)
        if state.step == 0:
            first, start, same = state, a.sign(), a.sign() == b.sign()
            none, only_first = (z < 0) & (y < 0), (z > 0) & (y < 0)
            only_second, both = (z < 0) & (y > 0), (z > 0) & (y > 0)
            start_pair, start_sum = psi + psi_second, ((psi + psi_second) * both).sum(-1)
            kept, silent, left, right = same.clone(), none.clone(), only_first.clone(), only_second.clone()
            pair_bound, sum_bound = both.clone(), torch.ones_like(a, dtype=torch.bool)
            falls, before = torch.ones_like(sum_bound), (psi * only_first).sum(-1)
        kept &= (a.sign() == start) & (b.sign() == start)
        silent &= (rho == 0) & (rho_second == 0)
        left &= (rho_second == 0) & (rho <= 0)
        right &= (rho == 0) & (rho_second <= 0)
        pair_bound &= psi + psi_second <= (1 + 1.06 * growth) ** state.step * start_pair * (1 + 1e-9)
        now = ((psi + psi_second) * both).sum(-1)
        sum_bound &= now <= (1 + 1.05 * growth) ** state.step * start_sum * (1 + 1e-9)
        mixed = (psi * only_first).sum(-1)
        falls &= mixed <= before * (1 + 1e-12)
        before = mixed
    noise, signal, length = _drift(state, first)
    everything = torch.ones_like(sum_bound)
    return {
        "noise_drift": noise,
        "signal_drift": signal,
        "length": length,
        "same_sign_kept": _share(kept, same),
        "pair_none": _share(silent, none),
        "pair_first": _share(left, only_first),
        "pair_second": _share(right, only_second),
        "pair_both": _share(pair_bound, both),
        "sum_bound": _share(sum_bound, everything),
        "mixed_falls": _share(falls, everything),
    }


@experiment(
    "huang2024.dimension", DimensionSetting, coordinates=("over",), seconds={"smoke": 1, "book": 15, "paper": 15}
)
def dimension(config: DimensionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Shares of neurons and pairs that obey the lemmas of stage one, and the drift of Lemmas C.1 and D.2, `[S, d]`."""
    c = config
    scale = c.initial_noise / c.noise_norm_squared**0.5
    growth, kappa = c.rate * c.noise_norm_squared / (c.n * c.m), c.rate * c.signal**2 / c.m
    steps = (
        bounds.stage_one_single(c.initial_noise, growth),
        bounds.stage_one_multi(scale * c.signal, c.ratio * kappa),
    )
    columns: dict[str, list[np.ndarray]] = {}
    for over in c.over:
        d = over * c.n**2
        problem = highdim.gaussian(seeds, c.n, c.m, d, c.signal, c.ratio, c.noise_norm_squared, scale)
        problem = setting.to(problem, device)
        found = {f"single_{k}": v for k, v in _single(problem, c.rate, growth, kappa, steps[0]).items()}
        found |= {f"multi_{k}": v for k, v in _multi(problem, c.rate, growth, steps[1]).items()}
        for name, value in found.items():
            columns.setdefault(name, []).append(value.double().cpu().numpy())
    return {name: np.stack(values, 1) for name, values in columns.items()} | {"over": np.array(c.over)}
