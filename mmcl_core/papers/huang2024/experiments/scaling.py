"""Laws of the race: the power law in sigma_0 and where its exponent changes sign, the collapse on ||mu|| ||mu~||, step
sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.base import Neurons, Strength
from mmcl_core.papers.huang2024.experiments.figure1 import METHODS


class OrthogonalSetting(Config):
    """The orthogonal limit ("ORTH"): n = 100, m = 50, ||xi||^2 = 2000, ||mu||^2 = 25, Cmu = 3, tau = 1."""

    n: int = Field(100, ge=4, description="as in Figure 1")
    m: Neurons = Field(50, description="as in Figure 1")
    signal: Strength = Field(5.0, description="||mu||, as in Figure 1")
    ratio: float = Field(3.0, gt=0, description="Cmu, as in Figure 1")
    noise_norm_squared: float = Field(2000.0, gt=0, description="sigma_xi^2 d, as in Figure 1")

    def problem(self, seeds: Sequence[int], initial_scale: float, **changes: float) -> setting.Problem:
        signal, ratio = changes.get("signal", self.signal), changes.get("ratio", self.ratio)
        return setting.orthogonal(seeds, self.n, self.m, signal, ratio, self.noise_norm_squared, initial_scale)


class DescentSetting(OrthogonalSetting):
    """... trained by gradient descent at one rate."""

    rate: float = Field(0.1, gt=0, description="chosen: eta with k = 1/m; the figure's own eta k is 0.01")


class ScalingSetting(DescentSetting):
    """Initial scales over which the power laws are fitted, and the level at which the winner is stopped."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "initial_scales": (1e-4, 1e-6), "seeds": 2}

    initial_scales: tuple[PositiveFloat, ...] = Field(
        (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8), min_length=2, description="sigma_0"
    )
    level: float = Field(
        0.5, gt=0, description="chosen: the dominant quantity is stopped here, while the dynamics are still linear"
    )
    limit: int = Field(4000, ge=10, description="chosen: more steps than any run needs")


@experiment(
    "huang2024.power_law", ScalingSetting, coordinates=("initial_scale",), seconds={"smoke": 2, "book": 15, "paper": 15}
)
def power_law(config: ScalingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The loser's size when the winner reaches the level: max|a| (single) and max z (multi), `[S, sigma_0]`, against
    sigma_0."""
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


class ThresholdSetting(DescentSetting):
    """Control parameters on both sides of 2, and initial scales over which the exponent is fitted."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "initial_scales": (1e-4, 1e-6), "seeds": 2}

    controls: tuple[PositiveFloat, ...] = Field(
        (1.6, 1.8, 2.2, 2.4), min_length=2, description="n SNR^2 with one modality, Cmu n SNR^2 with two"
    )
    initial_scales: tuple[PositiveFloat, ...] = Field(
        (1e-4, 1e-6, 1e-8, 1e-10), min_length=2, description="sigma_0: far apart, since the statement is a limit"
    )
    level: float = Field(0.5, gt=0, description="chosen: the winner is stopped here")
    limit: int = Field(4000, ge=10, description="chosen: more steps than any run needs")


@experiment(
    "huang2024.thresholds",
    ThresholdSetting,
    coordinates=("control", "initial_scale"),
    seconds={"smoke": 2, "book": 20, "paper": 20},
)
def thresholds(config: ThresholdSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """log(max|a| / max z) when the first of both reaches the level, `[S, control, sigma_0]`: it grows where signal
    wins. In single precision.
    """
    c = config
    arrays: Arrays = {"control": np.array(c.controls), "initial_scale": np.array(c.initial_scales)}
    for name, multimodal in METHODS.items():
        snr = np.array(c.controls) / (c.ratio if multimodal else 1)
        cells = [
            c.problem(seeds, scale, signal=float(np.sqrt(x * c.noise_norm_squared / c.n)))
            for x in snr
            for scale in c.initial_scales
        ]
        problem = setting.to(setting.stack(cells), device, torch.float32)
        caught = torch.full((len(problem.labels),), torch.nan, dtype=torch.float64, device=device)
        for state in dynamics.trajectory(problem, multimodal, c.rate, c.limit):
            signal, noise = state.first.signal.abs().amax(1), state.first.noise.amax((1, 2))
            first = caught.isnan() & (torch.maximum(signal, noise) >= c.level)
            caught = torch.where(first, (signal / noise).log(), caught)
            if not caught.isnan().any():
                break
        arrays[name] = caught.cpu().numpy().reshape(len(snr), len(c.initial_scales), len(seeds)).transpose(2, 0, 1)
    return arrays


class CollapseSetting(DescentSetting):
    """Two problems that must be one: (mu, Cmu) and (sqrt(Cmu) mu, 1)."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "steps": 60, "seeds": 2}

    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    steps: int = Field(200, ge=10, description="chosen: through stage one and into saturation")


@experiment("huang2024.collapse", CollapseSetting, seconds={"smoke": 1, "book": 6, "paper": 6})
def collapse(config: CollapseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Largest relative difference, over all steps, between multi(mu, Cmu) and the rescaled multi(sqrt(Cmu) mu, 1)."""
    c = config
    gaussian = setting.gaussian(seeds, c.n, c.m, int(c.noise_norm_squared), c.signal, c.ratio, c.initial_scale)
    problems = {"deviation": c.problem(seeds, c.initial_scale), "gaussian_deviation": gaussian}
    return {name: _deviation(setting.to(problem, device), c) for name, problem in problems.items()}


def _deviation(unequal: setting.Problem, config: CollapseSetting) -> np.ndarray:
    root = config.ratio**0.5
    equal = setting.with_signals(unequal, root, 1 / root)
    worst = torch.zeros(len(unequal.labels), dtype=torch.float64)
    runs = [dynamics.trajectory(problem, True, config.rate, config.steps) for problem in (unequal, equal)]
    for one, other in zip(*runs, strict=True):
        pairs = [
            (root * one.first.signal, other.first.signal),
            (one.second.signal / root, other.second.signal),
            (one.first.noise, other.first.noise),
            (one.second.noise, other.second.noise),
        ]
        gaps = [((x - y).abs().flatten(1).amax(1) / y.abs().flatten(1).amax(1)).cpu() for x, y in pairs]
        worst = torch.stack([worst, *gaps]).amax(0)
    return worst.numpy()


class StepSizeSetting(OrthogonalSetting):
    """Gradient descent at several rates, each until the loss is below epsilon."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "seeds": 2}

    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    rates: tuple[PositiveFloat, ...] = Field(
        (0.2, 0.1, 0.05, 0.025), min_length=4, description="chosen: eta with k = 1/m; Figure 1 has eta k = 0.5 / m"
    )
    precision: float = Field(0.03, gt=0, description="chosen: epsilon")
    limit: int = Field(20_000, ge=10, description="chosen: more steps than any run needs")


@experiment(
    "huang2024.step_size", StepSizeSetting, coordinates=("rate",), seconds={"smoke": 2, "book": 10, "paper": 10}
)
def step_size(config: StepSizeSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Steps until the loss is below epsilon, and the signal and noise there, `[S, rate]` for each method."""
    c = config
    arrays: Arrays = {"rate": np.array(c.rates)}
    problem = setting.to(setting.stack([config.problem(seeds, config.initial_scale) for _ in config.rates]), device)
    rates = torch.tensor(c.rates, dtype=torch.float64, device=device).repeat_interleave(len(seeds))
    for name, multimodal in METHODS.items():
        steps = torch.full_like(rates, torch.nan)
        run = dynamics.trajectory(problem, multimodal, rates, c.limit, stop_below=c.precision)
        for state in run:
            steps = torch.where(steps.isnan() & (state.loss < c.precision), float(state.step), steps)
        found = {
            "steps": steps,
            "signal": state.first.signal.abs().amax(1),
            "noise": state.first.noise.amax((1, 2)),
        }
        arrays |= {f"{name}_{k}": v.reshape(len(c.rates), len(seeds)).T.cpu().numpy() for k, v in found.items()}
    return arrays
