"""Gaussian data at the figure setting: how far samples disturb each other (Lemmas C.3, C.7, D.9), and the n-scaling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.base import Descent, Neurons, Signals, Sizes


class CrosstalkSetting(Sizes, Signals, Descent):
    """The figure setting at several initial scales: cross-talk of size 1/sqrt(d) matters once the signal is smaller
    than it."""

    smoke: ClassVar = {"n": 40, "d": 300, "seeds": 2, "epochs": 60, "initial_scales": (1e-3, 1e-5)}

    initial_scales: tuple[PositiveFloat, ...] = Field(
        (1e-3, 1e-4), min_length=1, description="sigma_0; the first is the figure's"
    )

    def problem(self, seeds: Sequence[int], initial_scale: float) -> setting.Problem:
        return setting.gaussian(
            seeds, self.n, self.m, self.d, self.signal, self.ratio, initial_scale, 1.0, self.augmentation
        )


@experiment(
    "huang2024.crosstalk", CrosstalkSetting, coordinates=("initial_scale",), seconds={"smoke": 1, "book": 4, "paper": 4}
)
def crosstalk(config: CrosstalkSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Shares of neurons that keep their side and of dead pairs that stay dead, one modality; the same of pairs that
    are dead in two, `[S, sigma_0]`."""
    c = config
    shares: dict[str, list[np.ndarray]] = {"sign_kept": [], "stays_dead": [], "pair_stays_dead": []}
    for scale in c.initial_scales:
        problem = setting.to(c.problem(seeds, scale), device)
        first, *_, last = dynamics.trajectory(problem, False, c.rate, c.epochs, c.scale)
        kept = (first.first.signal.sign() == last.first.signal.sign()).double().mean(1)
        dead = first.first.noise < 0
        first, *_, end = dynamics.trajectory(problem, True, c.rate, c.epochs, c.scale)
        both = (first.first.noise < 0) & (first.second.noise < 0)
        silent = (end.first.noise < 0) & (end.second.noise < 0)
        for name, share in (
            ("sign_kept", kept),
            ("stays_dead", ((last.first.noise < 0) & dead).sum((1, 2)) / dead.sum((1, 2))),
            ("pair_stays_dead", (silent & both).sum((1, 2)) / both.sum((1, 2))),
        ):
            shares[name].append(share.double().cpu().numpy())
    return {name: np.stack(values, 1) for name, values in shares.items()} | {
        "initial_scale": np.array(c.initial_scales)
    }


class SampleSizeSetting(Config):
    """n SNR^2 = 1.25 fixed while n grows: d = n^2/5, sigma_0 sqrt(d) = 0.0447, eta d/n = 0.2, k = 1, 200 steps."""

    smoke: ClassVar = {"seeds": 2, "sizes": (25, 50), "epochs": 60}

    seeds: int = Field(10, ge=1, le=10_000, description="chosen")
    sizes: tuple[Annotated[int, Field(ge=4)], ...] = Field((25, 50, 100, 200), min_length=2, description="n")
    m: Neurons = Field(50, description="as in Figure 1")
    ratio: float = Field(3.0, gt=0, description="Cmu, as in Figure 1")
    augmentation: float = Field(0.1, ge=0, description="sigma_eps, as in Figure 1")
    epochs: int = Field(200, ge=1, description="as in Figure 1")
    scale: float = Field(1.0, gt=0, description="k, as in our reading of Figure 1")
    n_snr_squared: float = Field(1.25, gt=0, description="as in Figure 1")
    initial_noise: float = Field(0.0447, gt=0, description="sigma_0 sigma_xi sqrt(d), as in Figure 1")


@experiment(
    "huang2024.sample_size", SampleSizeSetting, coordinates=("size",), seconds={"smoke": 1, "book": 12, "paper": 24}
)
def sample_size(config: SampleSizeSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Single-modal max|gamma| and multi-modal max rho after training, `[S, n]`: the rates in Lemmas 5.2 and 5.4."""
    single, multi = [], []
    for n in config.sizes:
        d = n * n // 5
        signal = float(np.sqrt(config.n_snr_squared * d / n))
        problem = setting.gaussian(
            seeds, n, config.m, d, signal, config.ratio, config.initial_noise / np.sqrt(d), 1.0, config.augmentation
        )
        problem = setting.to(problem, device)
        one = dynamics.last(dynamics.trajectory(problem, False, 0.2 * n / d, config.epochs, config.scale))
        two = dynamics.last(dynamics.trajectory(problem, True, 0.2 * n / d, config.epochs, config.scale))
        single.append(one.first.gamma.abs().amax(1).cpu().numpy())
        multi.append(two.first.rho.amax((1, 2)).cpu().numpy())
    return {"size": np.array(config.sizes), "single_signal": np.stack(single, 1), "multi_noise": np.stack(multi, 1)}
