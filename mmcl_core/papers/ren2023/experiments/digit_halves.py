"""Genuine data with two views: the left and the right half of handwritten digits (F13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveInt
from sklearn.datasets import load_digits

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import accuracy, linear_probe_predictions
from mmcl_core.papers.ren2023.experiments.base import log_steps
from mmcl_core.papers.ren2023.two_towers import Recipe, features, fit, pairs, retrieval

NAME = "ren2023.digit_halves"
ORDERS = (5, 10)
RUNS = ("linear_nc", "linear_c", "linear_c_small", "mlp_nc", "mlp_c")


class DigitHalvesSetting(Config):
    """The 1,797 digits of 8 x 8 pixels that come with scikit-learn; a view is a half of 8 x 4. Not in the paper."""

    book: ClassVar = {"seeds": 5}
    smoke: ClassVar = {"seeds": 2, "train": 300, "test": 100, "batch": 64, "horizon": 0.02}

    seeds: int = Field(10, ge=1, description="chosen; 5 at book")
    train: int = Field(1400, ge=10, description="chosen")
    test: int = Field(397, ge=100, description="chosen: all others")
    batch: int = Field(256, ge=2, description="chosen: N, so K = N - 1 negatives")
    inverse_temperature: float = Field(5.0, gt=0, description="chosen: tau^2 of the runs called c")
    small_inverse_temperature: float = Field(
        1.0, gt=0, description="chosen: tau^2 of the run called c_small, linear towers alone"
    )
    width: int = Field(32, ge=10, description="chosen: m of the linear towers")
    rate: float = Field(2.0, gt=0, description="chosen: step size of plain SGD on the linear towers, pixels in 0..1")
    hidden: int = Field(128, ge=10, description="chosen: hidden layer of both MLP towers")
    mlp_width: int = Field(16, ge=10, description="chosen: m of the MLP towers, trained by Adam at 1e-3")
    steps: tuple[PositiveInt, PositiveInt, PositiveInt] = Field(
        (4000, 2000, 1500), description="chosen: steps of linear NC, linear C, and MLP"
    )
    horizon: float = Field(1.0, gt=0, description="chosen: share of the steps that is run")

    def recipes(self) -> dict[str, Recipe]:
        noncontrastive, contrastive, mlp = (max(2, round(self.horizon * s)) for s in self.steps)

        def linear(inverse_temperature: float | None, steps: int) -> Recipe:
            return Recipe(
                inverse_temperature,
                width=self.width,
                batch=self.batch,
                steps=steps,
                rate=self.rate,
                optimiser="sgd",
                start="gaussian",
            )

        def deep(inverse_temperature: float | None) -> Recipe:
            return Recipe(inverse_temperature, self.hidden, self.hidden, self.mlp_width, self.batch, mlp)

        tau2, small = self.inverse_temperature, self.small_inverse_temperature
        made = (linear(None, noncontrastive), linear(tau2, contrastive), linear(small, contrastive))
        return dict(zip(RUNS, (*made, deep(None), deep(tau2)), strict=True))


@experiment(
    NAME,
    DigitHalvesSetting,
    coordinates=tuple(f"{run}_steps" for run in RUNS),
    seconds={"smoke": 2, "book": 30, "paper": 100},
)
def digit_halves(config: DigitHalvesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Condition number, effective rank, alignment and read-outs of towers that match halves of digits."""
    bunch = load_digits()
    pixels = torch.as_tensor(bunch.images, dtype=torch.float32) / 16
    pixels = pixels - pixels.mean(0)
    data = pairs(pixels[:, :, :4].flatten(1), pixels[:, :, 4:].flatten(1), config.train, config.test, NAME, seeds).to(
        device
    )
    arrays: Arrays = {}
    for run, recipe in config.recipes().items():
        trained = fit(data, recipe, NAME, seeds, log_steps(recipe.steps, 40), ORDERS)
        seen, held = (features(data, trained.first, trained.second, rows) for rows in (data.train, data.test))
        probes = []
        for s in range(len(seeds)):
            (predicted,) = linear_probe_predictions(
                np.hstack([x[s] for x in seen]), bunch.target[data.train[s].cpu()], np.hstack([x[s] for x in held])
            )
            probes.append(accuracy(predicted, bunch.target[data.test[s].cpu()]))
        arrays |= trained.arrays(run, ORDERS) | {
            f"{run}_retrieval": retrieval(*held, 100),
            f"{run}_probe": np.array(probes),
        }
    return arrays
