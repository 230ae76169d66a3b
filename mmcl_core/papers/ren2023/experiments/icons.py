"""Genuine pictures with words: Material Design icons and their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field

from mmcl_core.data import icons as icon_data
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023.experiments.base import log_steps
from mmcl_core.papers.ren2023.two_towers import Recipe, features, fit, pairs, retrieval

NAME = "ren2023.icons"
ORDERS = (4, 16)
RUNS = ("nc", "c")


class IconsSetting(Config):
    """A one-hidden-layer image tower and a linear bag-of-words tower on real icon-name pairs. Not in the paper."""

    book: ClassVar = {"pixels": 16, "hidden": 256, "steps": 800}
    smoke: ClassVar = {**book, "seeds": 2, "train": 500, "test": 200, "batch": 64, "hidden": 64, "steps": 40}

    font: Literal["mdi6", "phosphor", "remix", "fa6s"] = Field(
        "mdi6", description="chosen: Material Design Icons 6.9.96"
    )
    pixels: int = Field(32, ge=8, le=64, description="chosen; 16 at book")
    least: int = Field(
        5,
        ge=1,
        description="chosen: a word enters the vocabulary when at least so many names have it; icons without such a "
        "word are left out",
    )
    train: int = Field(5400, ge=2, description="chosen")
    test: int = Field(
        1000, ge=200, description="chosen: held out at random, so that near twins of most test icons are in training"
    )
    hidden: int = Field(512, ge=10, description="chosen: hidden layer of the image tower; 256 at book")
    width: int = Field(32, ge=16, description="chosen: m")
    batch: int = Field(256, ge=2, description="chosen: N, so K = N - 1 negatives")
    steps: int = Field(3000, ge=2, description="chosen: steps of Adam at 1e-3; 800 at book")
    inverse_temperature: float = Field(16.0, gt=0, description="chosen: tau^2")

    def recipes(self) -> dict[str, Recipe]:
        return {
            run: Recipe(tau2, self.hidden, None, self.width, self.batch, self.steps)
            for run, tau2 in zip(RUNS, (None, self.inverse_temperature), strict=True)
        }


def _data(config: IconsSetting) -> dict[str, str]:
    return icon_data.provenance()


@experiment(
    NAME,
    IconsSetting,
    coordinates=[f"{run}_steps" for run in RUNS],
    data=_data,
    seconds={"smoke": 2, "book": 30, "paper": 500},
)
def icons(config: IconsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Condition number, effective rank, alignment and retrieval of towers that match icons and their names."""
    drawn = icon_data.icons(config.font, config.pixels)
    words = icon_data.vocabulary(drawn.names, config.least)
    bags = icon_data.bag_of_words(drawn.names, words)
    named = bags.any(1)
    images = torch.as_tensor(drawn.images[named]).float().flatten(1) / 255
    data = pairs(images - images.mean(0), torch.as_tensor(bags[named]), config.train, config.test, NAME, seeds).to(
        device
    )
    arrays: Arrays = {"pairs": np.full(len(seeds), named.sum()), "words": np.full(len(seeds), len(words))}
    for run, recipe in config.recipes().items():
        trained = fit(data, recipe, NAME, seeds, log_steps(recipe.steps, 40), ORDERS)
        held = features(data, trained.first, trained.second, data.test)
        arrays |= trained.arrays(run, ORDERS)
        arrays |= {
            f"{run}_retrieval_{name}": retrieval(*held, among) for name, among in (("200", 200), ("all", config.test))
        }
    return arrays
