"""Stage two in the orthogonal limit: convergence, and the convexity-like inequalities behind it.

Lemmas C.13 to C.18 for one modality, D.11 to D.15 for two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, PositiveFloat
from torch import Tensor

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.dynamics import Encoder, Patches, State
from mmcl_core.papers.huang2024.experiments.base import Neurons, Strength
from mmcl_core.papers.huang2024.experiments.scaling import DescentSetting
from mmcl_core.papers.huang2024.experiments.times import squared_norm

TARGETS = (0.3, 0.1, 0.03, 0.01, 0.003)


class StageTwoSetting(DescentSetting):
    """A long run of both methods from the figure's initial scale, where the conditions of both proofs are met."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "rate": 0.1, "steps": 1500, "seeds": 2}

    n: int = Field(204, ge=4, description="chosen: the least n with M = n/2 above 101")
    signal: Strength = Field(4.1421, description="chosen: ||mu||, so that n SNR^2 = 1.75")
    m: Neurons = Field(200, description="chosen: what Lemma C.12 asks for; with 50 a sample can lose all its neurons")
    temperature: float = Field(0.5, gt=0, description="chosen: tau, below log(3 M T*)/20, which the proofs ask for")
    rate: float = Field(2.0, gt=0, description="chosen: eta/tau; half of Figure 1's eta k sigma_xi^2 d/n")
    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    steps: int = Field(600, ge=100, description="chosen: T*, well into the late law")
    precision: float = Field(0.01, gt=0, description="chosen: epsilon in the lemmas, which speak of losses above it")

    @property
    def scale(self) -> float:
        """k = 1/(m tau)."""
        return 1 / (self.m * self.temperature)

    @property
    def step(self) -> float:
        """eta."""
        return self.rate * self.temperature


def _alignment(
    anchor: Encoder, partner: Patches, target: tuple[Tensor, Tensor], labels: Tensor, scale: float, cross: bool
) -> Tensor:
    """<grad F, W*> for the similarity F of each anchor with its positive `[S, n]`, or, if `cross`, with every sample
    `[S, n, n]`.

    `target` holds <w*_r, mu> `[S, m]` and <w*_r, xi_i> `[S, m, n]`.
    """
    gates = (anchor.signal[..., None] * labels[:, None] > 0, anchor.noise > 0)
    values = (target[0][..., None] * labels[:, None], target[1])
    rows = [gate * value for gate, value in zip(gates, values, strict=True)]
    if cross:
        return scale * sum(row.transpose(-1, -2) @ other for row, other in zip(rows, partner, strict=True))
    return scale * sum((row * other).sum(1) for row, other in zip(rows, partner, strict=True))


class _Ledger:
    """What is tracked along one run: losses, gradient ratios, distances to the lemmas' reference point W*."""

    def __init__(
        self, problem: setting.Problem, multimodal: bool, config: StageTwoSetting, sides: Float[Tensor, "S m"] | None
    ) -> None:
        self.problem, self.multimodal, self.config = problem, multimodal, config
        self.unit = float(np.log(2 * (config.n // 2) / config.precision))  # log(2M/eps)
        self.reach = 2 * config.temperature * self.unit  # how far W* lies from the start
        self.sides = sides
        self.loss: list[Tensor] = []
        self.distance: list[Tensor] = []
        self.gradient: list[Tensor] = []  # ||grad L||_F^2
        self.largest: list[Tensor] = []

    def reference(self, encoder: Encoder) -> tuple[Tensor, Tensor]:
        """<w*_r - w_r(0), mu> and <w*_r - w_r(0), xi_i>: noise directions for one modality, the signal for two."""
        if self.multimodal:
            return self.reach * self.sides, torch.zeros_like(encoder.noise)
        return torch.zeros_like(encoder.signal), torch.full_like(encoder.noise, self.reach)

    def add(self, state: State, gradients: list[Tensor]) -> None:
        encoders = (state.first, state.second) if self.multimodal else (state.first,)
        distance = torch.zeros_like(state.loss)
        for encoder in encoders:
            norms = encoder.modality.squared_norms
            signal, noise = self.reference(encoder)
            distance += ((encoder.gamma - signal).square() / norms[:, None, 0]).sum(1)
            distance += ((encoder.rho - noise).square() / norms[:, None, 1:]).sum((1, 2))
        self.loss.append(state.loss)
        self.distance.append(distance)
        self.gradient.append(squared_norm(state, gradients))
        self.largest.append(state.first.noise.amax((1, 2)))

    def parts(self, state: State) -> dict[str, Tensor]:
        """min_i <grad F_0, W*>, max <grad F_j, W*> and the smallest softmax-averaged gap, in units of log(2M/eps)."""
        labels, unit = self.problem.labels, self.unit
        signal, noise = self.reference(state.first)
        initial = self.problem.first.initial
        target = (initial[..., 0] + signal, initial[..., 1:] + noise)
        own = state.first.patches(labels)
        if self.multimodal:
            positive = negative = state.second.patches(labels)
        else:
            view = self.problem.first.augmented(state.first.coefficients, state.first.preactivations)
            positive, negative = (own[0], torch.relu(view)), own
        scale = self.config.scale
        toward = _alignment(state.first, positive, target, labels, scale, False)
        against = _alignment(state.first, negative, target, labels, scale, True)
        weights = state.negative_weights / state.negative_weights.sum(-1, keepdim=True)
        gap = toward - (weights * against).sum(-1)
        worst = against.masked_fill(~self.problem.negatives, -torch.inf).amax((1, 2))
        return {"positive": toward.amin(1) / unit, "negative": worst / unit, "gap": gap.amin(1) / unit}


@experiment(
    "huang2024.stage_two",
    StageTwoSetting,
    coordinates=("step", "part_step", "target"),
    seconds={"smoke": 2, "book": 35, "paper": 35},
)
def stage_two(config: StageTwoSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Loss, gradients and distances of both methods along a long run, and the parts of Lemmas C.16 and D.13 at four
    times."""
    problem = setting.to(config.problem(seeds, config.initial_scale), device)
    part_steps = np.unique((np.array([0.1, 0.2, 0.5, 1.0]) * config.steps).astype(int))
    curve_steps = np.unique(np.geomspace(1, config.steps, 120).round().astype(int))
    arrays: Arrays = {"step": curve_steps, "part_step": part_steps, "target": np.array(TARGETS)}
    sides = next(iter(dynamics.trajectory(problem, True, config.rate, 0)))
    sides = (
        config.ratio * sides.first.signal + sides.second.signal
    ).sign()  # theta_r, the side each neuron pair ends on
    for method, multimodal in (("single", False), ("multi", True)):
        ledger = _Ledger(problem, multimodal, config, sides)
        parts: dict[str, list] = {"positive": [], "negative": [], "gap": []}
        for state in dynamics.trajectory(problem, multimodal, config.step, config.steps, config.scale, details=True):
            ledger.add(state, state.ascents)
            if state.step in part_steps:
                for name, value in ledger.parts(state).items():
                    parts[name].append(value)
        loss, distance = torch.stack(ledger.loss, 1), torch.stack(ledger.distance, 1)
        epsilon = (2 if multimodal else 1) * config.precision
        begin = (loss <= 1).double().argmax(1)  # the first step at which the loss is at most 1
        after = torch.arange(config.steps, device=device) >= begin[:, None]
        falls = distance[:, :-1] - distance[:, 1:] >= config.step * (loss[:, :-1] - epsilon) - 1e-12
        run_sum = torch.where(after, loss[:, :-1], 0.0).cumsum(1)
        count = after.cumsum(1).clamp(min=1)
        start_distance = distance.gather(1, begin[:, None])
        average = run_sum / count <= start_distance / (config.step * count) + epsilon
        reached = torch.stack(
            [torch.where((loss <= t).any(1), (loss <= t).double().argmax(1), torch.nan) for t in TARGETS], 1
        )
        arrays |= {
            f"{method}_loss": loss[:, curve_steps].cpu().numpy(),
            f"{method}_largest_noise": torch.stack(ledger.largest, 1)[:, curve_steps].cpu().numpy(),
            f"{method}_gradient": torch.stack(ledger.gradient, 1)[:, curve_steps].cpu().numpy(),
            f"{method}_distance_falls": ((falls & after).sum(1) / after.sum(1)).double().cpu().numpy(),
            f"{method}_average_bound": ((average & after).sum(1) / after.sum(1)).double().cpu().numpy(),
            f"{method}_reached": reached.double().cpu().numpy(),
        }
        arrays |= {f"{method}_part_{name}": torch.stack(values, 1).cpu().numpy() for name, values in parts.items()}
    return arrays


class LogGrowthSetting(DescentSetting):
    """Single-modal training at several temperatures, eta proportional to tau, so that eta k is the same for all."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "rate": 0.1, "steps": 400, "seeds": 1}

    n: int = Field(204, ge=4, description="chosen: the least n with M = n/2 above 101")
    m: Neurons = Field(200, description="chosen: the number that Lemma C.12 asks for at this n")
    signal: Strength = Field(4.1421, description="chosen: ||mu||, so that n SNR^2 = 1.75")
    rate: float = Field(4.0, gt=0, description="chosen: eta / tau; eta k sigma_xi^2 d/n is Figure 1's own")
    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    temperatures: tuple[PositiveFloat, ...] = Field((1.0, 0.5, 0.2, 0.05), min_length=2, description="tau")
    steps: int = Field(600, ge=100, description="chosen: T*")


@experiment(
    "huang2024.log_growth",
    LogGrowthSetting,
    coordinates=("temperature", "step"),
    seconds={"smoke": 1, "book": 35, "paper": 35},
)
def log_growth(config: LogGrowthSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Lemma C.13: max rho `[S, tau, step]` over a long single-modal run at each temperature, in single precision."""
    problem = setting.to(config.problem(seeds, config.initial_scale), device, torch.float32)
    steps = np.unique(np.geomspace(10, config.steps, 60).round().astype(int))
    rows = []
    for temperature in config.temperatures:
        run = dynamics.trajectory(problem, False, config.rate * temperature, config.steps, 1 / (config.m * temperature))
        rows.append(torch.stack([s.first.rho.amax((1, 2)) for s in run if s.step in steps], 1))
    return {
        "temperature": np.array(config.temperatures),
        "step": steps,
        "largest_rho": torch.stack(rows, 1).double().cpu().numpy(),
    }
