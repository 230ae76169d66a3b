"""A stand-in for images with captions: rendered shapes, with attributes of very different pixel variance (F14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.data.shapes import ATTRIBUTES, captioned_shapes, pixel_variances, prompts
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import accuracy, zero_shot_predictions
from mmcl_core.papers.ren2023.experiments.base import log_steps
from mmcl_core.papers.ren2023.two_towers import Pairs, Recipe, Trained, features, fit, retrieval

NAME = "ren2023.captioned_shapes"
ORDERS = (10,)
RUNS = ("linear_nc", "linear_c", "mlp_nc", "mlp_c")


class ShapesSetting(Config):
    """Linear or one-hidden-layer image tower, linear bag-of-words text tower. Not in the paper, whose real-data
    setting is unknown."""

    book: ClassVar = {"hidden": 128}
    smoke: ClassVar = {**book, "seeds": 2, "train": 400, "test": 200, "batch": 64, "steps": 40}

    seeds: int = Field(5, ge=1, description="chosen")
    train: int = Field(5000, ge=2, description="chosen")
    test: int = Field(1000, ge=200, description="chosen")
    word_drop: float = Field(0.1, ge=0, lt=1, description="chosen: probability that a caption leaves out a word")
    hidden: int = Field(256, ge=10, description="chosen: hidden layer of the MLP image tower; 128 at book")
    width: int = Field(16, ge=10, description="chosen: m")
    batch: int = Field(256, ge=2, description="chosen: N, so K = N - 1 negatives")
    steps: int = Field(1000, ge=2, description="chosen: steps of Adam at 1e-3")
    inverse_temperature: float = Field(8.0, gt=0, description="chosen: tau^2")

    def recipes(self) -> dict[str, Recipe]:
        towers = [(hidden, tau2) for hidden in (None, self.hidden) for tau2 in (None, self.inverse_temperature)]
        return {
            run: Recipe(tau2, hidden, None, self.width, self.batch, self.steps)
            for run, (hidden, tau2) in zip(RUNS, towers, strict=True)
        }


@experiment(
    NAME,
    ShapesSetting,
    coordinates=tuple(f"{run}_steps" for run in RUNS),
    seconds={"smoke": 2, "book": 35, "paper": 80},
)
def captioned_shapes_towers(config: ShapesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Condition number, rank, alignment, retrieval and zero-shot accuracy of towers on shapes with captions."""
    size = config.train + config.test
    drawn = [captioned_shapes(NAME, seed, size, config.word_drop) for seed in seeds]
    rows = torch.arange(size)[None] + size * torch.arange(len(seeds))[:, None]
    images = torch.cat([s.images.flatten(1) for s in drawn])
    data = Pairs(
        images - images.mean(0),
        torch.cat([s.captions for s in drawn]),
        rows[:, : config.train],
        rows[:, config.train :],
    ).to(device)
    values = np.stack([s.attributes[config.train :].numpy() for s in drawn])
    arrays: Arrays = {"pixel_variances": np.array([list(pixel_variances(s).values()) for s in drawn])}
    for run, recipe in config.recipes().items():
        trained = fit(data, recipe, NAME, seeds, log_steps(recipe.steps, 40), ORDERS)
        held = features(data, trained.first, trained.second, data.test)
        arrays |= trained.arrays(run, ORDERS) | {
            f"{run}_retrieval": retrieval(*held, 200),
            f"{run}_zero_shot": zero_shot(trained, held[0], values),
        }
    return arrays


def zero_shot(trained: Trained, image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Zero-shot accuracy `[S, 7]` of every attribute. The text tower is linear, so its bias and its centre are the
    same for all prompts."""
    weight = trained.second[0][0].detach().double().cpu()
    embedded = [(prompts(name).double() @ weight).numpy() for name in ATTRIBUTES]
    return np.array(
        [
            [accuracy(zero_shot_predictions(image[s], p[s]), values[s, :, k]) for k, p in enumerate(embedded)]
            for s in range(len(image))
        ]
    )
