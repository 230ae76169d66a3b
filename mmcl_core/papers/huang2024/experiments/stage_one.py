"""Stage one in the orthogonal limit, up to T1: who grows first, and how long the softmax stays flat.

Each method is run twice: at Figure 1's own n and strengths, and where the conditions that the proofs state are met.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, PositiveFloat, model_validator
from torch import Tensor

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import bounds, dynamics, setting, theory
from mmcl_core.papers.huang2024.experiments.base import Neurons, Strength
from mmcl_core.papers.huang2024.experiments.scaling import DescentSetting
from mmcl_core.papers.huang2024.window import Window

POINTS, MOST_STEPS = 51, 10**6  # points of a curve in time, and the longest run


class StageOneSetting(DescentSetting):
    """Two initial scales, each run to the T1 of its lemma."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "rate": 0.05, "seeds": 2}

    rate: float = Field(0.02, gt=0, description="chosen: eta with k = 1/m, small against every growth rate")
    initial_scales: tuple[PositiveFloat, PositiveFloat] = Field(
        (1e-3, 1e-5), description="sigma_0: the figure's, and one that separates the stages further"
    )

    @property
    def growth(self) -> float:
        """r = eta sigma_xi^2 d/(n m tau), as the lemmas write it."""
        return self.rate * self.noise_norm_squared / (self.n * self.m)

    @property
    def joint(self) -> float:
        """Cmu eta ||mu||^2/(m tau)."""
        return self.ratio * self.rate * self.signal**2 / self.m

    def lengths(self, initial_scale: float) -> tuple[int, int]:
        """T1 in steps, with one modality and with two."""
        return (
            bounds.stage_one_single(initial_scale * self.noise_norm_squared**0.5, self.growth),
            bounds.stage_one_multi(initial_scale * self.signal, self.joint),
        )

    @model_validator(mode="after")
    def _has_a_first_stage(self) -> Self:
        for scale in self.initial_scales:
            for steps in self.lengths(scale):
                if not POINTS - 1 <= steps <= MOST_STEPS:
                    raise ValueError(
                        f"from the initial scale {scale:g} stage one would last {steps:.3g} steps, but {POINTS - 1} "
                        f"to {MOST_STEPS:,} are allowed: take initial scales below 20/||mu|| and 20/||xi||, and a rate "
                        "that fits"
                    )
        return self


class ConditionsSetting(StageOneSetting):
    """M = 102 >= 100 C_l - 1, n SNR^2 = 1.75 in [1.7, 1.8], Cmu = 3 > 2.66: what the proofs of both theorems ask
    for."""

    smoke: ClassVar = {"m": 20, "rate": 0.05, "seeds": 2}

    n: int = Field(204, ge=4, description="chosen: the least n with M = n/2 above 101")
    m: Neurons = Field(200, description="chosen: the number that Lemma C.12 asks for at this n")
    signal: Strength = Field(4.1421, description="chosen: ||mu||, so that n SNR^2 = 1.75")
    rate: float = Field(0.8, gt=0, description="chosen: eta with k = 1/m, a fifth of Figure 1's eta k sigma_xi^2 d/n")


def _at_both_scales(config: StageOneSetting, one: Callable[[float], dict[str, Tensor]]) -> Arrays:
    """The arrays of `one` at each initial scale, `[S, sigma_0, ...]`."""
    runs = [{k: v.double().cpu().numpy() for k, v in one(scale).items()} for scale in config.initial_scales]
    return {k: np.stack([run[k] for run in runs], 1) for k in runs[0]} | {"progress": np.linspace(0, 1, POINTS)}


def single(config: StageOneSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """One modality up to T1: noise of every sample, signal, the softmax's window, growth of class sums and of pairs."""
    growth, kappa_n = (
        config.growth,
        theory.growth_noise(config.rate, config.noise_norm_squared, 1 / config.m, config.n, config.n // 2),
    )

    def one(scale: float) -> dict[str, Tensor]:
        problem = setting.to(config.problem(seeds, scale), device)
        end = config.lengths(scale)[0]
        marks = np.linspace(0, end, POINTS).round().astype(int)
        curves: dict[str, list[Tensor]] = {"noise": [], "signal": []}
        window = Window(len(seeds), device)
        positive = (problem.labels > 0)[:, None]
        for state in dynamics.trajectory(problem, False, config.rate, end, details=True):
            z = state.first.noise
            largest = z.amax((1, 2))
            if state.step == 0:
                z0, largest0, active = z, largest, z > 0
                holds, bounded = active.clone(), torch.ones(len(seeds), dtype=torch.bool, device=device)
                linear_end, linear_max = torch.zeros_like(largest), largest
            window.add(state)
            grown = z >= (1 + 0.96 * growth) ** state.step * z0
            holds &= grown | ~window.open[:, None, None]
            small = largest < 0.5
            linear_end = torch.where(small, float(state.step), linear_end)
            linear_max = torch.where(small, largest, linear_max)
            bounded &= largest <= (1 + 1.05 * growth) ** state.step * largest0
            if state.step in marks:
                curves["noise"].append(state.first.rho.amax(1).amin(1))
                curves["signal"].append(state.first.gamma.abs().amax(1))

        def purity(noise: Tensor) -> Tensor:
            sums = torch.stack([(torch.relu(noise) * side).sum(-1) for side in (positive, ~positive)])
            return (sums.amax(0) / sums.sum(0)).nan_to_num(0.5).mean(1)

        def among_active(condition: Tensor) -> Tensor:
            return (condition & active).sum((1, 2)) / active.sum((1, 2))

        return {
            "noise": curves["noise"][-1],
            "signal": curves["signal"][-1],
            "curve_noise": torch.stack(curves["noise"], 1),
            "curve_signal": torch.stack(curves["signal"], 1),
            "mean_activation": torch.relu(z).mean(1).amin(1),
            "loss": state.loss,
            "softmax_deviation": window.deviation,
            "early_deviation": window.early_deviation,
            "window_reach": window.reach,
            "window": window.end / (end + 1),
            "active_dies": among_active(z <= 0),
            "pair_bound": among_active(grown),
            "pair_bound_window": among_active(holds),
            "largest_exponent": (linear_max / largest0).log() / (linear_end * np.log1p(kappa_n)),
            "largest_bound": bounded,
            "purity": purity(z),
            "purity_start": purity(z0),
        }

    return _at_both_scales(config, one)


def multi(config: StageOneSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Two modalities up to T1: signal, noise, synchronised signs, the softmax's window, the laws of joint growth."""
    growth, joint = config.growth, config.joint
    kappa = theory.growth_signal(config.rate, config.signal, 1 / config.m, config.n // 2)

    def one(scale: float) -> dict[str, Tensor]:
        problem = setting.to(config.problem(seeds, scale), device)
        end = config.lengths(scale)[1]
        marks = np.linspace(0, end, POINTS).round().astype(int)
        curves: dict[str, list[Tensor]] = {"noise": [], "signal": [], "synchronised": []}
        window = Window(len(seeds), device)
        form_error = torch.zeros(len(seeds), dtype=torch.float64, device=device)
        says = torch.full_like(form_error, -1.0)
        for state in dynamics.trajectory(problem, True, config.rate, end, details=True):
            t, a, b = state.step, state.first.signal, state.second.signal
            noise = torch.relu(state.first.noise) + torch.relu(state.second.noise)
            if t == 0:
                a0, b0, before = a, b, a.abs()
                same = a.sign() == b.sign()
                grows, printed, halved = same.clone(), same.clone(), same.clone()
                plus = (state.first.noise > 0) & (state.second.noise > 0)
                start, short = (noise * plus).sum(-1), torch.ones_like(same)
            window.add(state)
            predicted = theory.linear_stage(t, kappa, config.ratio, a0, b0)
            error = ((a - predicted).abs() / a.abs().amax(1, keepdim=True)).amax(1)
            form_error = torch.where(window.open, torch.maximum(form_error, error), form_error)
            grows &= (a.sign() == a0.sign()) & (b.sign() == a0.sign()) & (a.abs() >= before * (1 - 1e-12))
            before = a.abs()
            lower = (1 + 0.48 * joint) ** t * (a0.abs() + b0.abs() / config.ratio)
            says = torch.where(window.open, torch.maximum(says, (lower - 1).amax(1)), says)
            printed &= a.abs() >= lower - 1
            halved &= a.abs() >= lower / 2 - 1
            short &= (noise * plus).sum(-1) <= (1 + 1.05 * growth / config.noise_norm_squared) ** t * start * (1 + 1e-9)
            if t in marks:
                curves["noise"].append(state.first.rho.amax((1, 2)))
                curves["signal"].append(state.first.gamma.abs().amax(1))
                curves["synchronised"].append((a.sign() == b.sign()).double().mean(1))

        def among_same(condition: Tensor) -> Tensor:
            return (condition & same).sum(1) / same.sum(1)

        return {
            "noise": curves["noise"][-1],
            "signal": curves["signal"][-1],
            **{f"curve_{name}": torch.stack(values, 1) for name, values in curves.items()},
            "mean_activation": torch.relu(a).mean(1),
            "loss": state.loss,
            "softmax_deviation": window.deviation,
            "early_deviation": window.early_deviation,
            "window_reach": window.reach,
            "window": window.end / (end + 1),
            "closed_form_error": form_error,
            "same_sign_grows": among_same(grows),
            "printed_bound": among_same(printed),
            "halved_bound": among_same(halved),
            "bound_in_window": says,
            "sum_printed": short.double().mean(1),
        }

    return _at_both_scales(config, one)


SECONDS = {"smoke": 1, "book": 5, "paper": 5}
MET_SECONDS = {"smoke": 2, "book": 20, "paper": 20}


@experiment("huang2024.stage_one_single", StageOneSetting, coordinates=("progress",), seconds=SECONDS)
def stage_one_single(config: StageOneSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """One modality up to T1 at Figure 1's own n and strengths."""
    return single(config, seeds, device)


@experiment("huang2024.stage_one_multi", StageOneSetting, coordinates=("progress",), seconds=SECONDS)
def stage_one_multi(config: StageOneSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Two modalities up to T1 at Figure 1's own n and strengths."""
    return multi(config, seeds, device)


@experiment("huang2024.conditions_single", ConditionsSetting, coordinates=("progress",), seconds=MET_SECONDS)
def conditions_single(config: ConditionsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """One modality up to T1 where the stated conditions are met."""
    return single(config, seeds, device)


@experiment("huang2024.conditions_multi", ConditionsSetting, coordinates=("progress",), seconds=MET_SECONDS)
def conditions_multi(config: ConditionsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Two modalities up to T1 where the stated conditions are met."""
    return multi(config, seeds, device)
