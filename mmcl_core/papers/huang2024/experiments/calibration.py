"""What the paper leaves out: the figure setting under other readings of (1/m, tau, sigma_0), and under other negatives.

Each variant is one change to the figure setting, trained for the same 200 epochs with both methods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.figure1 import METHODS, FigureSetting
from mmcl_core.papers.huang2024.heads import head_b
from mmcl_core.runtime import generator


@dataclass(frozen=True)
class Variant:
    """A reading of the setting: fields changed by `changes`, negatives changed by `negatives`, views `fresh` each
    step."""

    name: str
    changes: Callable[[FigureSetting], dict]
    negatives: Callable[[setting.Problem, Sequence[int]], torch.Tensor] | None = None
    fresh: bool = False


def sampled_negatives(count: int) -> Callable[[setting.Problem, Sequence[int]], torch.Tensor]:
    """N_i: `count` opposite-label samples drawn once per anchor (all of them where fewer exist)."""

    def draw(problem: setting.Problem, seeds: Sequence[int]) -> torch.Tensor:
        chosen = torch.zeros_like(problem.negatives)
        for row, seed in enumerate(seeds):
            priority = torch.rand(problem.negatives.shape[1:], generator=generator(setting.STREAM, seed, "negatives"))
            order = priority.masked_fill(~problem.negatives[row], -1).argsort(-1, descending=True)[:, :count]
            chosen[row].scatter_(1, order, True)
        return chosen & problem.negatives

    return draw


def all_others(problem: setting.Problem, seeds: Sequence[int]) -> torch.Tensor:
    """Ordinary InfoNCE: every other sample is a negative, same label or not."""
    n = problem.labels.shape[1]
    return (~torch.eye(n, dtype=torch.bool)).expand(len(seeds), n, n)


READINGS = (
    Variant("k=1, σ0=1e-3 (used)", lambda c: {}),
    Variant("k=1/m (τ=1), σ0=1e-2", lambda c: {"scale": 1 / c.m, "initial_scale": 1e-2}),
    Variant("k=1/m (τ=1), σ0=1e-3", lambda c: {"scale": 1 / c.m}),
    Variant("k=1/(mτ), τ=0.07, σ0=1e-3", lambda c: {"scale": 1 / (0.07 * c.m)}),
    Variant("k=1, σ0=1e-2", lambda c: {"initial_scale": 1e-2}),
    Variant("k=1, σ0=2e-2", lambda c: {"initial_scale": 2e-2}),
    Variant("k=1, σ0=1e-4", lambda c: {"initial_scale": 1e-4}),
    # torch.nn.Linear draws from U(-1/sqrt d, 1/sqrt d); its standard deviation is what matters for large d.
    Variant("k=1, σ0=1/√(3d) (torch default)", lambda c: {"initial_scale": (3 * c.d) ** -0.5}),
)
NEGATIVES = (
    Variant("all opposite labels (used)", lambda c: {}),
    Variant("M=10 opposite labels", lambda c: {}, sampled_negatives(10)),
    Variant("M=1 opposite label", lambda c: {}, sampled_negatives(1)),
    Variant("all others (InfoNCE)", lambda c: {}, all_others),
    Variant("σε=0.1, new views every epoch", lambda c: {}, fresh=True),
    Variant("σε=1, new views every epoch", lambda c: {"augmentation": 1.0}, fresh=True),
    Variant("σε=0", lambda c: {"augmentation": 0.0}),
    Variant("σε=1", lambda c: {"augmentation": 1.0}),
    Variant("σε=2", lambda c: {"augmentation": 2.0}),
)


def with_fresh_views(config: FigureSetting, problem: setting.Problem, seeds: Sequence[int]) -> dynamics.State:
    """The last state of single-modal training with new views x_i + eps_i, eps_i ~ N(0, sigma_eps^2 I), before every
    step.

    Products of eps with the weights w(0) and the vectors v have the law of R' g, where R is the triangle of (w(0), v).
    """
    c = config
    triangles, streams = [], []
    for seed in seeds:
        vectors = setting.drawn_vectors(seed, c.n, c.d, c.signal, c.ratio, 1.0, 0.0)["first"]
        weights = setting.initial_weights(seed, "first", c.m, c.d, c.initial_scale)
        triangles.append(torch.linalg.qr(torch.cat([weights, vectors]).T, mode="r").R)
        streams.append(generator(setting.STREAM, seed, "fresh views"))
    coefficients = dynamics.start(problem, False)
    for step in range(c.epochs + 1):
        views = torch.stack(
            [
                c.augmentation * r.T @ torch.randn(len(r), c.n, dtype=torch.float64, generator=stream)
                for r, stream in zip(triangles, streams, strict=True)
            ]
        )
        first = replace(
            problem.first,
            initial_augmented=problem.first.initial[..., 1:] + views[:, : c.m],
            cross_augmented=problem.first.gram[..., 1:] + views[:, c.m :],
        )
        state, ascents = dynamics.evaluate(replace(problem, first=first), coefficients, c.scale, step)
        coefficients = [x + c.rate * ascent for x, ascent in zip(coefficients, ascents, strict=True)]
    return state


class CalibrationSetting(FigureSetting):
    """The figure setting with few seeds: the readings differ by far more than the seeds do."""

    book: ClassVar = {"seeds": 5}
    smoke: ClassVar = FigureSetting.smoke

    seeds: int = Field(10, ge=1, le=10_000, description="chosen")


def compare(config: FigureSetting, variants: Sequence[Variant], seeds: Sequence[int], device: torch.device) -> Arrays:
    """Train every variant with both methods; end values `[S, variant]`."""
    problems, settings = [], []
    for variant in variants:
        changed = type(config)(**(config.model_dump() | variant.changes(config)))
        problem = changed.problem(seeds)
        if variant.negatives is not None:
            problem = replace(problem, negatives=variant.negatives(problem, seeds))
        problems.append(problem)
        settings.append(changed)
    arrays: Arrays = {"variant": np.array([variant.name for variant in variants])}
    for name, multimodal in METHODS.items():
        ends: dict[str, list] = {key: [] for key in ("loss", "signal", "noise", "accuracy")}
        for variant, changed, problem in zip(variants, settings, problems, strict=True):
            if variant.fresh and not multimodal:  # two modalities have no views
                state = with_fresh_views(changed, problem, seeds)
            else:
                problem = setting.to(problem, device)
                run = dynamics.trajectory(problem, multimodal, config.rate, config.epochs, changed.scale)
                state = dynamics.last(run)
            ends["loss"].append(state.loss.cpu().numpy())
            ends["signal"].append(state.first.signal.abs().amax(1).cpu().numpy())
            ends["noise"].append(state.first.noise.amax((1, 2)).cpu().numpy())
            ends["accuracy"].append(head_b(state, problem))
        arrays |= {f"{name}_{key}": np.stack(values, 1) for key, values in ends.items()}
    return arrays


@experiment(
    "huang2024.calibration", CalibrationSetting, coordinates=("variant",), seconds={"smoke": 4, "book": 20, "paper": 40}
)
def calibration(config: CalibrationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """End values of both methods under eight readings of the unstated 1/m, tau and sigma_0."""
    return compare(config, READINGS, seeds, device)


@experiment(
    "huang2024.negatives", CalibrationSetting, coordinates=("variant",), seconds={"smoke": 4, "book": 20, "paper": 40}
)
def negatives(config: CalibrationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """End values of both methods with fewer negatives, with ordinary InfoNCE negatives, and with other augmentation
    strengths."""
    return compare(config, NEGATIVES, seeds, device)
