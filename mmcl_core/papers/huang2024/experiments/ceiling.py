"""How accurate a linear head can be: heads that attain the ceiling (1 + Phi)/2, and those that keep to Phi.

Four encoders, the last three at the figure's setting: one ideal neuron along nu, an untrained encoder, and both trained
ones. Heads of one neuron and a threshold, made from the weights or fitted on labelled shifted samples, head B with its
own threshold or with the best one, and six neurons that treat both labels alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, PositiveFloat
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, heads, setting
from mmcl_core.papers.huang2024.experiments.base import SIGNAL_OF_SMALL, SMALL, Descent, Signals, Sizes
from mmcl_core.papers.huang2024.experiments.figure1 import METHODS

ENCODERS = ("ideal", "untrained", "single", "multi")
STEEP = 1e4  # how much longer the second direction is than the first in the six-neuron head


class CeilingSetting(Sizes, Signals, Descent):
    """The figure's encoders, and strengths of the new signal from the scale the theorem allows to the figure's."""

    smoke: ClassVar = SMALL | {"signal": SIGNAL_OF_SMALL, "samples": 4000}

    seeds: int = Field(8, ge=1, le=10_000, description="chosen")
    strengths: tuple[PositiveFloat, ...] = Field(
        (0.112, 0.5, 1.0, 2.0), min_length=1, description="||nu||/sigma_xi; ||mu||/sqrt(d) = 0.112, Figure 1 has 2"
    )
    samples: int = Field(20_000, ge=100, description="chosen: shifted samples to fit a head on, and as many to test it")


def balanced_weights() -> tuple[Float[Tensor, "6 2"], Float[np.ndarray, 6]]:
    """Six neurons e, -e, +-(e + C p), +-(e - C p) and a head: output y ||nu|| + <e, zeta> (1 + sign <p, zeta>).

    Positive and negative samples have mirrored outputs, so the head errs equally often on both.
    """
    e, p = torch.eye(2, dtype=torch.float64)
    up, down = e + STEEP * p, e - STEEP * p
    return torch.stack([e, -e, up, -up, down, -down]), np.array([1, -1, 0.5, 0.5, -0.5, -0.5])


def _balanced(seed: int, config: CeilingSetting) -> dict[str, list[float]]:
    """Accuracy of the six-neuron head and the difference between its accuracies on both labels, at each strength."""
    weights, head = balanced_weights()
    samples = heads.ShiftedSamples.draw(weights, seed, config.samples, "ceiling test")
    accuracy, imbalance = [], []
    for strength in config.strengths:
        embeddings, labels = samples.embeddings(strength)
        right = (embeddings @ head > 0) == (labels > 0)
        accuracy.append(float(right.mean()))
        imbalance.append(float(right[labels > 0].mean() - right[labels < 0].mean()))
    return {"balanced": accuracy, "imbalance": imbalance}


def _heads(
    weights: Float[Tensor, "m d"], seed: int, config: CeilingSetting, head: LogisticRegression | None
) -> dict[str, list[float]]:
    """Accuracies at each strength of the heads that one encoder can have; those of head B are NaN where there is
    none."""
    fit, test = (
        heads.ShiftedSamples.draw(weights, seed, config.samples, f"ceiling {part}") for part in ("fit", "test")
    )
    found: dict[str, list[float]] = {name: [] for name in ("aimed", "fitted", "head_b", "head_b_moved")}
    for strength in config.strengths:
        given, scored = fit.embeddings(strength), test.embeddings(strength)
        found["aimed"].append(heads.Stump.aimed(weights, test.direction, strength).accuracy(*scored))
        found["fitted"].append(heads.Stump.fitted(*given).accuracy(*scored))
        if head is None:
            found["head_b"].append(np.nan)
            found["head_b_moved"].append(np.nan)
            continue
        found["head_b"].append(float(head.score(*scored)))
        threshold, _ = heads.best_threshold(head.decision_function(given[0]), given[1])
        found["head_b_moved"].append(heads.threshold_accuracy(head.decision_function(scored[0]), scored[1], threshold))
    return found


@experiment(
    "huang2024.ceiling",
    CeilingSetting,
    coordinates=("strength", "encoder"),
    seconds={"smoke": 2, "book": 25, "paper": 25},
)
def ceiling(config: CeilingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy of each head `[S, encoder, strength]`, and of the balanced six-neuron head `[S, strength]`."""
    c = config
    problem = setting.gaussian(seeds, c.n, c.m, c.d, c.signal, c.ratio, c.initial_scale, 1.0, c.augmentation)
    problem = setting.to(problem, device)
    states = {
        name: dynamics.last(dynamics.trajectory(problem, multimodal, c.rate, c.epochs, c.scale))
        for name, multimodal in METHODS.items()
    }
    untrained = dynamics.last(dynamics.trajectory(problem, False, c.rate, 0, c.scale))
    states = {"untrained": untrained} | states
    rows: dict[str, list] = {}
    for row, seed in enumerate(seeds):
        encoders: list[dict[str, list[float]]] = [_heads(torch.eye(1, 2, dtype=torch.float64), seed, c, None)]
        for name in ENCODERS[1:]:
            state = states[name]
            weights = heads.trained_weights(
                state.first.coefficients[row], seed, c.n, c.d, c.signal, c.ratio, c.initial_scale
            )
            train = state.first.embeddings(problem.labels)[row].cpu().numpy()
            head = LogisticRegression(C=1.0, max_iter=1000).fit(train, problem.labels[row].cpu().numpy())
            encoders.append(_heads(weights, seed, c, head))
        found = {key: [encoder[key] for encoder in encoders] for key in encoders[0]} | _balanced(seed, c)
        for key, value in found.items():
            rows.setdefault(key, []).append(value)
    return {key: np.array(values) for key, values in rows.items()} | {
        "strength": np.array(c.strengths),
        "encoder": np.array(ENCODERS),
    }
