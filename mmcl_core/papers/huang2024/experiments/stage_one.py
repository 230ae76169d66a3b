"""Stage one in the orthogonal limit: who grows first, neuron by neuron and pair by pair (Lemmas 5.2, 5.4, C.2 to C.11, D.1 to D.9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, PositiveFloat, model_validator

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import bounds, dynamics, setting, theory
from mmcl_core.papers.huang2024.experiments.scaling import DescentSetting

POINTS, MOST_STEPS = 51, 10**6  # points of a curve in time, and the longest run


class StageOneSetting(DescentSetting):
    """Two initial scales, each run to the T1 of its lemma."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "rate": 0.05, "seeds": 2}

    rate: float = Field(0.02, gt=0, description="chosen: eta with k = 1/m, small against every growth rate")
    initial_scales: tuple[PositiveFloat, PositiveFloat] = Field(
        (1e-3, 1e-5), description="sigma_0: the figure's, and one that separates the stages further"
    )
    small: float = Field(0.1, gt=0, description="chosen: activations below this count as the linear stage")

    @model_validator(mode="after")
    def _has_a_first_stage(self) -> Self:
        for scale in self.initial_scales:
            for steps in lengths(self, scale):
                if not POINTS - 1 <= steps <= MOST_STEPS:
                    raise ValueError(
                        f"from the initial scale {scale:g} stage one would last {steps:.3g} steps, but {POINTS - 1} to {MOST_STEPS:,} are allowed: "
                        "take initial scales below 20/||mu|| and 20/||xi||, and a rate that fits"
                    )
        return self


def _grown(config: StageOneSetting) -> tuple[float, float]:
    """r = eta sigma_xi^2 d/(n m tau) and Cmu eta ||mu||^2/(m tau), as the lemmas write them."""
    return config.rate * config.noise_norm_squared / (
        config.n * config.m
    ), config.ratio * config.rate * config.signal**2 / config.m


def lengths(config: StageOneSetting, initial_scale: float) -> tuple[int, int]:
    """T1 in steps, with one modality and with two."""
    growth, joint = _grown(config)
    return bounds.stage_one_single(initial_scale * config.noise_norm_squared**0.5, growth), bounds.stage_one_multi(
        initial_scale * config.signal, joint
    )


def _stack(runs: Iterable[dict[str, np.ndarray]]) -> Arrays:
    """One dictionary per initial scale to arrays `[S, sigma_0, ...]`, for entries of one shape."""
    runs = list(runs)
    return {name: np.stack([run[name] for run in runs], 1) for name in runs[0]}


@experiment(
    "huang2024.stage_one_single",
    StageOneSetting,
    coordinates=("progress",),
    seconds={"smoke": 1, "book": 6, "paper": 6},
)
def stage_one_single(config: StageOneSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """One modality up to T1: noise of every sample, signal, signs, dead pairs, growth of the class sums and of single pairs."""
    growth = _grown(config)[0]
    m_negatives = config.n // 2

    def one(scale: float) -> dict[str, np.ndarray]:
        problem = setting.to(config.problem(seeds, scale), device)
        end = lengths(config, scale)[0]
        marks = np.linspace(0, end, POINTS).round().astype(int)
        curve_noise, curve_signal = [], []
        deviation = torch.zeros(len(seeds), dtype=torch.float64, device=device)
        upper = torch.ones(len(seeds), dtype=torch.float64, device=device)
        linear_end = torch.zeros(len(seeds), dtype=torch.float64, device=device)
        linear_max = torch.zeros_like(linear_end)
        for state in dynamics.trajectory(problem, False, config.rate, end):
            a, z = state.first.signal, state.first.noise
            if state.step == 0:
                a0, z0, sign_kept, previous = a, z, torch.ones_like(a, dtype=torch.bool), a.abs()
                signal_bound = torch.ones_like(a, dtype=torch.bool)
                monotone = torch.ones_like(a, dtype=torch.bool)
                max0 = z.amax((1, 2))
            largest = torch.maximum(z.amax((1, 2)), a.abs().amax(1))
            linear = largest < config.small
            weights = torch.cat([state.positive_weight[..., None], state.negative_weights], -1) * (m_negatives + 1)
            weights = torch.where(weights > 0, torch.maximum(weights, 1 / weights), 1.0).amax((1, 2))
            deviation = torch.where(linear, torch.maximum(deviation, weights), deviation)
            sign_kept &= a.sign() == a0.sign()
            monotone &= a.abs() >= previous * (1 - 1e-12)
            previous = a.abs()
            signal_bound &= a.abs() <= a0.abs() * (
                1 + 0.52 * config.rate * config.signal**2 / config.m
            ) ** state.step * (1 + 1e-9)
            below = z.amax((1, 2)) < 0.5
            linear_end, linear_max = (
                torch.where(below, float(state.step), linear_end),
                torch.where(below, z.amax((1, 2)), linear_max),
            )
            upper = torch.minimum(upper, (z.amax((1, 2)) <= (1 + 1.05 * growth) ** state.step * max0).double())
            if state.step in marks:
                curve_noise.append(state.first.rho.amax(1).amin(1))
                curve_signal.append(state.first.gamma.abs().amax(1))
        active, dead = z0 > 0, z0 < 0
        psi = torch.relu(z)
        positive = (problem.labels > 0)[:, None]
        sums = torch.stack([(psi * positive).sum(-1), (psi * ~positive).sum(-1)])
        rate = theory.growth_noise(config.rate, config.noise_norm_squared, 1 / config.m, config.n, m_negatives)
        return {
            "noise": curve_noise[-1],
            "signal": curve_signal[-1],
            "curve_noise": torch.stack(curve_noise, 1),
            "curve_signal": torch.stack(curve_signal, 1),
            "mean_activation": psi.mean(1).amin(1),
            "loss": state.loss,
            "softmax_deviation": deviation,
            "sign_kept": (sign_kept & monotone).double().mean(1),
            "signal_bound": signal_bound.double().mean(1),
            "dead_stays": ((z < 0) & (state.first.rho == 0) & dead).sum((1, 2)) / dead.sum((1, 2)),
            "active_dies": ((z <= 0) & active).sum((1, 2)) / active.sum((1, 2)),
            "pair_bound": ((z >= (1 + 0.96 * growth) ** state.step * z0) & active).sum((1, 2)) / active.sum((1, 2)),
            "largest_exponent": (linear_max / max0).log() / (linear_end * np.log1p(rate)),
            "largest_bound": upper,
            "purity": (sums.amax(0) / sums.sum(0)).mean(1),
        }

    runs = [{k: v.double().cpu().numpy() for k, v in one(scale).items()} for scale in config.initial_scales]
    return _stack(runs) | {"progress": np.linspace(0, 1, POINTS)}


@experiment(
    "huang2024.stage_one_multi", StageOneSetting, coordinates=("progress",), seconds={"smoke": 1, "book": 6, "paper": 6}
)
def stage_one_multi(config: StageOneSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Two modalities up to T1: signal, noise, synchronised signs, the four kinds of pairs, the closed form of joint growth."""
    growth, joint = _grown(config)
    m_negatives = config.n // 2
    kappa = theory.growth_signal(config.rate, config.signal, 1 / config.m, m_negatives)

    def one(scale: float) -> dict[str, np.ndarray]:
        problem = setting.to(config.problem(seeds, scale), device)
        end = lengths(config, scale)[1]
        marks = np.linspace(0, end, POINTS).round().astype(int)
        curve_noise, curve_signal, curve_sync = [], [], []
        zeros = torch.zeros(len(seeds), dtype=torch.float64, device=device)
        deviation, form_error = zeros.clone(), zeros.clone()
        for state in dynamics.trajectory(problem, True, config.rate, end):
            a, z, b, y = state.first.signal, state.first.noise, state.second.signal, state.second.noise
            if state.step == 0:
                a0, z0, b0, y0 = a, z, b, y
                same = a0.sign() == b0.sign()
                kept = same.clone()
                plus = (z0 > 0) & (y0 > 0)
                mixed = (z0 > 0) & (y0 < 0)
                joint_bound, printed_bound = torch.ones_like(z, dtype=torch.bool), torch.ones_like(a, dtype=torch.bool)
                corrected_sum, printed_sum = torch.ones_like(a, dtype=torch.bool), torch.ones_like(a, dtype=torch.bool)
                mixed_falls, mixed_before = torch.ones_like(a, dtype=torch.bool), (torch.relu(z) * mixed).sum(-1)
                plus_before = ((z0 + y0) * plus).sum(-1)
            t = state.step
            largest = torch.stack([x.abs().flatten(1).amax(1) for x in (a, b, torch.relu(z), torch.relu(y))]).amax(0)
            weights = torch.cat([state.positive_weight[..., None], state.negative_weights], -1) * (m_negatives + 1)
            weights = torch.where(weights > 0, torch.maximum(weights, 1 / weights), 1.0).amax((1, 2))
            deviation = torch.where(largest < config.small, torch.maximum(deviation, weights), deviation)
            predicted = theory.linear_stage(t, kappa, config.ratio, a0, b0)
            error = ((a - predicted).abs() / a.abs().amax(1, keepdim=True)).amax(1)
            form_error = torch.where(a.abs().amax(1) < 0.05, torch.maximum(form_error, error), form_error)
            kept &= a.sign() == a0.sign()
            lower = (1 + 0.48 * joint) ** t * (a0.abs() + b0.abs() / config.ratio) - 1
            printed_bound &= a.abs() >= lower
            psi, psi_second = torch.relu(z), torch.relu(y)
            joint_bound &= psi + psi_second <= (1 + 1.06 * growth) ** t * (z0.clamp(min=0) + y0.clamp(min=0)) * (
                1 + 1e-9
            )
            plus_now = ((psi + psi_second) * plus).sum(-1)
            corrected_sum &= plus_now <= (1 + 1.05 * growth) ** t * plus_before * (1 + 1e-9)
            printed_sum &= plus_now <= (1 + 1.05 * growth / config.noise_norm_squared) ** t * plus_before * (1 + 1e-9)
            mixed_now = (psi * mixed).sum(-1)
            mixed_falls &= mixed_now <= mixed_before * (1 + 1e-12)
            mixed_before = mixed_now
            if t in marks:
                curve_noise.append(state.first.rho.amax((1, 2)))
                curve_signal.append(state.first.gamma.abs().amax(1))
                curve_sync.append((a.sign() == b.sign()).double().mean(1))
        rho, rho_second = state.first.rho, state.second.rho

        def share(condition: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
            return (condition & among).sum((1, 2)) / among.sum((1, 2))

        none, only_second = (z0 < 0) & (y0 < 0), (z0 < 0) & (y0 > 0)
        return {
            "noise": curve_noise[-1],
            "signal": curve_signal[-1],
            "curve_noise": torch.stack(curve_noise, 1),
            "curve_signal": torch.stack(curve_signal, 1),
            "curve_synchronised": torch.stack(curve_sync, 1),
            "mean_activation": torch.relu(a).mean(1),
            "loss": state.loss,
            "softmax_deviation": deviation,
            "closed_form_error": form_error,
            "same_sign_kept": (kept & same).sum(1) / same.sum(1),
            "printed_bound": (printed_bound & same).sum(1) / same.sum(1),
            "pair_none": share((rho == 0) & (rho_second == 0), none),
            "pair_second": share((rho == 0) & (rho_second <= 0), only_second),
            "pair_first": share((rho_second == 0) & (rho <= 0), mixed),
            "pair_both": share(joint_bound, plus),
            "sum_printed": printed_sum.double().mean(1),
            "sum_corrected": corrected_sum.double().mean(1),
            "mixed_falls": mixed_falls.double().mean(1),
        }

    runs = [{k: v.double().cpu().numpy() for k, v in one(scale).items()} for scale in config.initial_scales]
    return _stack(runs) | {"progress": np.linspace(0, 1, POINTS)}
