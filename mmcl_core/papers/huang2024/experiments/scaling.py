"""Scaling laws in the orthogonal limit: the power law in sigma_0, and what decides the race, the product ||mu|| ||mu~||."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.config import Config
from mmcl_core.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting


class OrthogonalSetting(Config):
    """The orthogonal limit ("ORTH"): n = 100, m = 50, ||xi||^2 = 2000, ||mu||^2 = 25, Cmu = 3, tau = 1."""

    n: int = Field(100, ge=4, description="as in Figure 1")
    m: int = Field(50, ge=1, description="as in Figure 1")
    signal: float = Field(5.0, gt=0, description="||mu||, as in Figure 1")
    ratio: float = Field(3.0, gt=0, description="Cmu, as in Figure 1")
    noise_norm_squared: float = Field(2000.0, gt=0, description="sigma_xi^2 d, as in Figure 1")
    rate: float = Field(0.1, gt=0, description="chosen: eta with k = 1/m; the figure's own eta k is 0.01")

    def problem(self, seeds: Sequence[int], initial_scale: float, **changes: float) -> setting.Problem:
        signal, ratio = changes.get("signal", self.signal), changes.get("ratio", self.ratio)
        return setting.orthogonal(seeds, self.n, self.m, signal, ratio, self.noise_norm_squared, initial_scale)


class ScalingSetting(OrthogonalSetting):
    """Initial scales over which the power laws are fitted, and the level at which the winner is stopped."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "initial_scales": (1e-4, 1e-6), "seeds": 2}

    initial_scales: tuple[float, ...] = Field((1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8), min_length=2, description="sigma_0")
    level: float = Field(0.5, gt=0, description="chosen: the dominant quantity is stopped here, while the dynamics are still linear")
    limit: int = Field(4000, ge=10, description="chosen: more steps than any run needs")


@experiment("huang2024.power_law", ScalingSetting, coordinates=("initial_scale",), seconds={"smoke": 2, "book": 15, "paper": 15})
def power_law(config: ScalingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The loser's size when the winner reaches the level: max|a| (single) and max z (multi), `[S, sigma_0]`, against sigma_0."""
    problem = setting.to(setting.stack([config.problem(seeds, scale) for scale in config.initial_scales]), device)

    def loser(multimodal: bool) -> np.ndarray:
        caught = torch.full((len(problem.labels),), torch.nan, dtype=torch.float64, device=device)
        for state in dynamics.trajectory(problem, multimodal, config.rate, config.limit):
            signal, noise = state.first.signal.abs().amax(1), state.first.noise.amax((1, 2))
            winner, other = (signal, noise) if multimodal else (noise, signal)
            caught = torch.where(caught.isnan() & (winner >= config.level), other, caught)
            if not caught.isnan().any():
                break
        return caught.cpu().numpy().reshape(len(config.initial_scales), len(seeds)).T

    return {"initial_scale": np.array(config.initial_scales), "single_signal": loser(False), "multi_noise": loser(True)}


class NeuronSetting(OrthogonalSetting):
    """Every neuron's start and end, in the orthogonal limit and on Gaussian data."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "steps": 150, "seeds": 2}

    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    steps: int = Field(250, ge=10, description="chosen: past the end of the multi-modal first stage")
    snapshots: int = Field(51, ge=5, description="chosen: points of the phase portrait")


@experiment("huang2024.neurons", NeuronSetting, coordinates=("step", "growth_window"), seconds={"smoke": 2, "book": 8, "paper": 8})
def neurons(config: NeuronSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Paths of (a, a~) for every neuron, their ends on Gaussian data, and growth rates of each modality alone and together."""
    orthogonal = setting.to(config.problem(seeds, config.initial_scale), device)
    kept = np.unique(np.linspace(0, config.steps, config.snapshots).round().astype(int))
    arrays: Arrays = {"step": kept}
    for name, problem in (("orthogonal", orthogonal), ("gaussian", setting.to(_gaussian(config, seeds), device))):
        path = [(s.first.signal, s.second.signal) for s in dynamics.trajectory(problem, True, config.rate, config.steps) if s.step in kept]
        arrays |= {
            f"{name}_first": torch.stack([a for a, _ in path], -1).cpu().numpy(),
            f"{name}_second": torch.stack([b for _, b in path], -1).cpu().numpy(),
        }
    strong = setting.to(config.problem(seeds, config.initial_scale, signal=config.ratio * config.signal), device)
    # Rates are read off early, where every activation is small; the step comes from the strongest growth, Cmu^2 kappa.
    early = np.array([2, 12])
    arrays["growth_window"] = early
    for name, problem, multimodal in (("weak", orthogonal, False), ("strong", strong, False), ("both", orthogonal, True)):
        sizes = []
        for s in dynamics.trajectory(problem, multimodal, config.rate, int(early[1])):
            # The growing eigenvector's coordinate: a itself for one modality, a + a~/Cmu for two.
            sizes.append(s.first.signal + s.second.signal / config.ratio if multimodal else s.first.signal)
        growth = (sizes[early[1]] / sizes[early[0]]).abs().log() / float(early[1] - early[0])
        arrays[f"growth_{name}"] = growth.cpu().numpy()
    return arrays


def _gaussian(config: NeuronSetting, seeds: Sequence[int]) -> setting.Problem:
    d = int(config.noise_norm_squared)
    return setting.gaussian(seeds, config.n, config.m, d, config.signal, config.ratio, config.initial_scale)
