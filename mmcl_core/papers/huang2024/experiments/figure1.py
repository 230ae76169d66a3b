"""Figure 1: loss, downstream accuracy, signal learning and noise memorisation of both methods over 200 epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.base import SIGNAL_OF_SMALL, SMALL, Descent, Shift, Signals, Sizes
from mmcl_core.papers.huang2024.heads import head_b


class FigureSetting(Sizes, Signals, Descent, Shift):
    """The figure's setting ("FIG"). What the paper leaves out is marked as chosen; the calibration experiment shows the
    alternatives."""

    smoke: ClassVar = SMALL | {"signal": SIGNAL_OF_SMALL}

    seeds: int = Field(10, ge=1, le=10_000, description="chosen; the paper gives no number for its bands")

    def problem(self, seeds: Sequence[int]) -> setting.Problem:
        return setting.gaussian(
            seeds,
            self.n,
            self.m,
            self.d,
            self.signal,
            self.ratio,
            self.initial_scale,
            1.0,
            self.augmentation,
            self.downstream,
            self.test_samples,
        )


METHODS = {"single": False, "multi": True}


@experiment(
    "huang2024.figure1", FigureSetting, coordinates=("epoch", "test_epoch"), seconds={"smoke": 2, "book": 8, "paper": 8}
)
def figure1(config: FigureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Both methods at the figure setting: loss, signal, noise at every epoch, head-B accuracy at some."""
    problem = setting.to(config.problem(seeds), device)
    epoch = np.arange(config.epochs + 1)
    test_epoch = np.unique(
        np.clip([0, 2, 5, 8, 10, 12, 15, 20, 30, 50, 75, 100, 125, 150, 175, config.epochs], 0, config.epochs)
    )
    arrays: Arrays = {"epoch": epoch, "test_epoch": test_epoch}
    for name, multimodal in METHODS.items():
        rows: dict[str, list] = {
            key: [] for key in ("loss", "signal", "signal_absolute", "noise", "gamma", "rho", "accuracy")
        }
        for state in dynamics.trajectory(problem, multimodal, config.rate, config.epochs, config.scale):
            first = state.first
            rows["loss"].append(state.loss)
            rows["signal"].append(first.signal.amax(1))
            rows["signal_absolute"].append(first.signal.abs().amax(1))
            rows["noise"].append(first.noise.amax((1, 2)))
            rows["gamma"].append(first.gamma.abs().amax(1))
            rows["rho"].append(first.rho.amax((1, 2)))
            if state.step in test_epoch:
                rows["accuracy"].append(torch.from_numpy(head_b(state, problem)))
        arrays |= {f"{name}_{key}": torch.stack(values, 1).cpu().numpy() for key, values in rows.items()}
    return arrays
