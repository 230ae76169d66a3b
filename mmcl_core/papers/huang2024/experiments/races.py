"""Lemmas 5.2 and 5.4 at growing n: what has grown by their T1, and what the loser has when the winner is done.

The orthogonal limit at n SNR^2 = 1.75, Cmu = 3 and n >= 204, which meets the constants of both proofs, with
sigma_0 sigma_xi sqrt(d) fixed and a number of neurons that grows with log n, as Assumption 4.1 allows and asks for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import bounds, dynamics, setting
from mmcl_core.papers.huang2024.experiments.base import Neurons
from mmcl_core.papers.huang2024.experiments.figure1 import METHODS
from mmcl_core.papers.huang2024.window import Window


class RaceSetting(Config):
    """Sizes n at a fixed n SNR^2, each run to the T1 of its lemma."""

    smoke: ClassVar = {"seeds": 2, "sizes": (24, 34, 48, 68), "few": 20, "enough": 0.15}

    seeds: int = Field(8, ge=1, le=10_000, description="chosen")
    sizes: tuple[Annotated[int, Field(ge=8)], ...] = Field((204, 288, 408, 576), min_length=4, description="chosen: n")
    enough: float = Field(1.0, gt=0, description="chosen: m over what Lemma C.12 asks for at delta = 0.1")
    few: Neurons = Field(50, description="m as in Figure 1, for one modality beside it")
    n_snr_squared: float = Field(1.75, gt=0, description="chosen: between 1.7 and 1.8, the constants of both proofs")
    ratio: float = Field(3.0, gt=0, description="Cmu, as in Figure 1")
    initial_noise: float = Field(0.0447, gt=0, lt=20, description="sigma_0 sigma_xi sqrt(d), as in Figure 1")
    growth: float = Field(0.2, gt=0, description="r = eta sigma_xi^2 d / (n m tau), as in Figure 1")
    level: float = Field(0.5, gt=0, description="chosen: where the winner is stopped, while growth is still linear")

    def neurons(self, n: int) -> int:
        return math.ceil(self.enough * bounds.enough_neurons(n, 0.1))


@experiment("huang2024.races", RaceSetting, coordinates=("size",), seconds={"smoke": 1, "book": 12, "paper": 12})
def races(config: RaceSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Largest coefficients, mean activations and C_l at T1, and the loser at the winner's level, `[S, n]`.

    `typical_loser` is the loser had the largest starts of the run been their scales, sigma_0 ||mu|| and sigma_0
    sigma_xi sqrt(d), and had the winner been stopped at its level and not a step behind it: the luck of the largest of
    many draws is taken out, and with it its logarithm in n. `typical_gamma` is the signal at T1 without the luck of its
    start. `few_*` are one modality with Figure 1's number of neurons. In single precision.
    """
    c = config
    columns: dict[str, list[np.ndarray]] = {}
    for n in c.sizes:
        norm = float(n)  # sigma_xi^2 d: only its ratio to ||mu||^2 and to sigma_0^2 counts
        signal, scale = float(np.sqrt(c.n_snr_squared)), c.initial_noise / norm**0.5
        lengths = {
            False: bounds.stage_one_single(c.initial_noise, c.growth),
            True: bounds.stage_one_multi(scale * signal, c.ratio * c.growth * c.n_snr_squared),
        }
        for method, multimodal in {**METHODS, "few": False}.items():
            m = c.few if method == "few" else c.neurons(n)
            problem = setting.orthogonal(seeds, n, m, signal, c.ratio, norm, scale)
            problem = setting.to(problem, device, torch.float32)
            found = _race(problem, multimodal, c.growth * m * n / norm, lengths[multimodal], c.level)
            # The power that the loser has of the winner's start, kappa_n / (Cmu kappa) or kappa / kappa_n.
            power = 2 / (c.ratio * c.n_snr_squared) if multimodal else c.n_snr_squared / 2
            scales = (scale * signal, c.initial_noise) if multimodal else (c.initial_noise, scale * signal)
            winner, loser = found.pop("winner_start") / scales[0], found.pop("loser_start") / scales[1]
            late = found.pop("stopped_at") / c.level
            found["typical_loser"] = found["loser"] * (winner / late) ** power / loser
            found["typical_gamma"] = found["gamma"] / (winner if multimodal else loser)
            for name, value in found.items():
                columns.setdefault(f"{method}_{name}", []).append(value.double().cpu().numpy())
    return {name: np.stack(values, 1) for name, values in columns.items()} | {"size": np.array(c.sizes)}


def _race(
    problem: setting.Problem, multimodal: bool, rate: float, length: int, level: float
) -> dict[str, torch.Tensor]:
    """One method to step `length`. The winner is the signal with two modalities, the noise with one."""
    caught = torch.full_like(problem.labels[:, 0], torch.nan)
    stopped = caught.clone()
    window = Window(len(caught), caught.device)
    for state in dynamics.trajectory(problem, multimodal, rate, length, details=True):
        signal, noise = state.first.signal.abs().amax(1), state.first.noise.amax((1, 2))
        winner, loser = (signal, noise) if multimodal else (noise, signal)
        if state.step == 0:
            starts = _starts(state, multimodal)
        now = caught.isnan() & (winner >= level)
        caught, stopped = torch.where(now, loser, caught), torch.where(now, winner, stopped)
        window.add(state)
    activation = torch.relu(state.first.signal) if multimodal else torch.relu(state.first.noise).amin(2)
    return {
        "gamma": state.first.gamma.abs().amax(1),
        "noise_everywhere": state.first.rho.amax(1).amin(1),
        "rho": state.first.rho.amax((1, 2)),
        "mean_activation": activation.mean(1) if multimodal else torch.relu(state.first.noise).mean(1).amin(1),
        "softmax_deviation": window.deviation,
        "loss": state.loss,
        "loser": caught,
        "stopped_at": stopped,
        "noise_share": (state.first.rho.amax(1) >= 1).double().mean(1),
        "winner_start": starts[0],
        "loser_start": starts[1],
    }


def _starts(state: dynamics.State, multimodal: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The largest start of the winner and of the loser; of two modalities the coordinate of what grows, half the
    sum."""
    first = state.first
    if not multimodal:
        return first.noise.amax((1, 2)), first.signal.abs().amax(1)
    second = state.second
    ratio = (second.modality.squared_norms[:, :1] / first.modality.squared_norms[:, :1]).sqrt()
    signal = (first.signal + second.signal / ratio).abs().amax(1) / 2
    both = (first.noise > 0) & (second.noise > 0)
    return signal, torch.where(both, first.noise + second.noise, 0.0).amax((1, 2)) / 2
