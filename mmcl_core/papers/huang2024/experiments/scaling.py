"""Exact laws in the orthogonal limit: the power law in sigma_0, the collapse on ||mu|| ||mu~||, and the limit of small steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from mmcl_core.flow import integrate
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting


class OrthogonalSetting(Config):
    """The orthogonal limit ("ORTH"): n = 100, m = 50, ||xi||^2 = 2000, ||mu||^2 = 25, Cmu = 3, tau = 1."""

    n: int = Field(100, ge=4, description="as in Figure 1")
    m: int = Field(50, ge=1, description="as in Figure 1")
    signal: float = Field(5.0, gt=0, description="||mu||, as in Figure 1")
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


class CollapseSetting(DescentSetting):
    """Two problems that must be one: (mu, Cmu) and (sqrt(Cmu) mu, 1)."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "steps": 60, "seeds": 2}

    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    steps: int = Field(200, ge=10, description="chosen: through stage one and into saturation")


@experiment("huang2024.collapse", CollapseSetting, seconds={"smoke": 1, "book": 3, "paper": 3})
def collapse(config: CollapseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Largest relative difference, over all steps, between multi(mu, Cmu) and the rescaled multi(sqrt(Cmu) mu, 1)."""
    unequal = config.problem(seeds, config.initial_scale)
    root = config.ratio**0.5

    def rescaled(modality: setting.Modality, factor: float) -> setting.Modality:
        # The same neurons seen with a signal of another length: <w, mu> scales, the noise does not.
        scales = torch.ones(modality.initial.shape[-1], dtype=torch.float64)
        scales[0] = factor
        return replace(modality, initial=modality.initial * scales, gram=modality.gram * scales**2)

    equal = replace(unequal, first=rescaled(unequal.first, root), second=rescaled(unequal.second, 1 / root))
    worst = torch.zeros(len(seeds), dtype=torch.float64)
    runs = [
        dynamics.trajectory(setting.to(problem, device), True, config.rate, config.steps)
        for problem in (unequal, equal)
    ]
    for one, other in zip(*runs, strict=True):
        pairs = [
            (root * one.first.signal, other.first.signal),
            (one.second.signal / root, other.second.signal),
            (one.first.noise, other.first.noise),
            (one.second.noise, other.second.noise),
        ]
        gaps = [((x - y).abs().flatten(1).amax(1) / y.abs().flatten(1).amax(1)).cpu() for x, y in pairs]
        worst = torch.stack([worst, *gaps]).amax(0)
    return {"deviation": worst.numpy()}


class FlowLimitSetting(OrthogonalSetting):
    """Gradient descent at several rates against the gradient flow at the same time eta * t."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "seeds": 2}

    seeds: int = Field(3, ge=1, le=10_000, description="chosen")
    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    rates: tuple[PositiveFloat, ...] = Field(
        (0.1, 0.05, 0.025), min_length=2, description="chosen: eta with k = 1/m, halved twice"
    )
    tolerance: float = Field(
        1e-5, gt=0, description="chosen: the flow's relative tolerance, far below the distances measured"
    )
    time: float = Field(12.0, gt=0, description="chosen: eta * t at the height of the multi-modal first stage")


@experiment(
    "huang2024.flow_limit", FlowLimitSetting, coordinates=("rate",), seconds={"smoke": 2, "book": 8, "paper": 8}
)
def flow_limit(config: FlowLimitSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Distance of gradient descent from gradient flow, relative, `[S, rate]`: Euler's method promises proportionality to eta."""
    distances: Arrays = {"rate": np.array(config.rates)}
    problem = setting.to(config.problem(seeds, config.initial_scale), device)
    for name, multimodal in (("single", False), ("multi", True)):

        def field(state: list[torch.Tensor]) -> list[torch.Tensor]:
            return dynamics.evaluate(problem, state, 1 / config.m)[1]

        limit = integrate(
            field, dynamics.start(problem, multimodal), [0.0, config.time], rtol=config.tolerance, atol=1e-8
        )[0][-1]
        ends = []
        for rate in config.rates:
            state = dynamics.last(dynamics.trajectory(problem, multimodal, rate, round(config.time / rate)))
            ends.append((state.first.coefficients - limit).flatten(1).norm(dim=1) / limit.flatten(1).norm(dim=1))
        distances[name] = torch.stack(ends, 1).cpu().numpy()
    return distances
