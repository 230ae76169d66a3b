"""The phase diagram: downstream accuracy over (n SNR^2, Cmu) for one and for two modalities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.base import SMALL, Descent, Shift, Sizes
from mmcl_core.papers.huang2024.heads import head_b

LOSS_TARGET = 0.01


class PhaseSetting(Sizes, Descent, Shift):
    """The figure setting over a grid of signal strengths and ratios; every cell runs until its loss is below 0.01."""

    smoke: ClassVar = SMALL | {"epochs": 150, "strengths": (0.6, 3.0, 10.0), "ratios": (1.0, 3.0)}

    seeds: int = Field(5, ge=1, le=10_000, description="chosen")
    epochs: int = Field(2000, ge=1, description="chosen: an upper limit on the epochs; cells stop at loss 0.01")
    strengths: tuple[PositiveFloat, ...] = Field(
        (0.3, 0.6, 0.9, 1.25, 1.6, 2.0, 3.0, 5.0, 10.0), min_length=1, description="n SNR^2 of the grid's rows"
    )
    ratios: tuple[PositiveFloat, ...] = Field(
        (1.0, 1.25, 1.5, 2.0, 3.0, 5.0), min_length=1, description="Cmu of the grid's columns"
    )

    def problem(self, seeds: Sequence[int]) -> setting.Problem:
        """Both signals of length one: the cells differ in nothing else, so vectors are drawn once for all of them."""
        c = self
        return setting.gaussian(
            seeds, c.n, c.m, c.d, 1.0, 1.0, c.initial_scale, 1.0, c.augmentation, c.downstream, c.test_samples
        )


@experiment(
    "huang2024.phase",
    PhaseSetting,
    coordinates=("n_snr_squared", "ratio"),
    seconds={"smoke": 3, "book": 8, "paper": 8},
)
def phase(config: PhaseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Head-B accuracy of every cell: single `[S, strength]`, multi `[S, strength, ratio]`, and the losses reached."""
    strengths, ratios = np.array(config.strengths), np.array(config.ratios)
    drawn = config.problem(seeds)
    single, single_loss = grid(config, drawn, strengths, np.array([1.0]), seeds, device, multimodal=False)
    multi, multi_loss = grid(config, drawn, strengths, ratios, seeds, device, multimodal=True)
    return {
        "n_snr_squared": strengths,
        "ratio": ratios,
        "single_accuracy": single[..., 0],
        "single_loss": single_loss[..., 0],
        "multi_accuracy": multi,
        "multi_loss": multi_loss,
    }


def grid(
    config: PhaseSetting,
    drawn: setting.Problem,
    strengths: np.ndarray,
    ratios: np.ndarray,
    seeds: Sequence[int],
    device: torch.device,
    multimodal: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and loss `[S, strength, ratio]`; `drawn` has signals of length one. The cells of one strength run
    together, since they stop at similar
    times."""
    accuracy = np.empty((len(seeds), len(strengths), len(ratios)))
    loss = np.empty_like(accuracy)
    for row, strength in enumerate(strengths):
        signal = float(np.sqrt(strength * config.d / config.n))
        cells = [setting.with_signals(drawn, signal, float(ratio) * signal) for ratio in ratios]
        problem = setting.to(setting.stack(cells), device)
        # Above this signal strength the figure's rate overshoots; the paper's assumption 4.1(2) asks for eta <=
        # m/||mu||^2.
        rates = config.rate * np.minimum(1, 75 / (np.maximum(1, ratios if multimodal else 1) * signal**2))
        rates = torch.as_tensor(np.repeat(np.broadcast_to(rates, ratios.shape), len(seeds)), device=device)
        state = dynamics.last(
            dynamics.trajectory(problem, multimodal, rates, config.epochs, config.scale, stop_below=LOSS_TARGET)
        )
        accuracy[:, row] = head_b(state, problem).reshape(len(ratios), len(seeds)).T
        loss[:, row] = state.loss.cpu().numpy().reshape(len(ratios), len(seeds)).T
    return accuracy, loss
