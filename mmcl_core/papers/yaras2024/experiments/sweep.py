"""Pretrained towers with an alignment of our own: small heads on frozen image and text features of emoji. This is not
CLIP.

The towers, EfficientNet-Lite0 and WordLlama, never met; each makes a cone of its own, and the heads are all that is
trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor

from mmcl_core.data import emojis as emoji_data
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.models import pretrained
from mmcl_core.models.towers import perceptron, seeded
from mmcl_core.papers.yaras2024.evaluate import (
    alignment,
    check_gallery,
    embed,
    first_of_each_picture,
    retrieval_among_best,
)
from mmcl_core.papers.yaras2024.methods import METHODS, fixed
from mmcl_core.papers.yaras2024.towers import Recipe, TwoTowers, fit
from mmcl_core.runtime import generator

NAME = "yaras2024.pretrained_sweep"
BEST = 10


class SweepSetting(Config):
    """Two heads with one hidden layer each on standardised features. Not in the paper."""

    book: ClassVar = {"pixels": 64}
    smoke: ClassVar = {"seeds": 2, "pixels": 64, "emoji": 150, "test": 50, "epochs": 1, "batch": 50}

    pixels: int = Field(
        128, ge=32, le=224, description="chosen: size of the pictures that the frozen network sees; 64 at book"
    )
    emoji: int | None = Field(None, ge=4, description="chosen: so many of the about 1,900; None for all")
    test: int = Field(300, ge=BEST, description="chosen: held out at random, and the gallery")
    temperatures: tuple[float, ...] = Field(
        (0.01, 0.03, 0.1, 0.3, 1.0), min_length=1, description="chosen: fixed temperatures; a learnt one is added"
    )
    hidden: int = Field(256, ge=2, description="chosen")
    width: int = Field(128, ge=2, description="chosen: dimension of the common space")
    batch: int = Field(256, ge=2, description="chosen")
    epochs: int = Field(30, ge=1, description="chosen")
    rate: float = Field(1e-3, gt=0, description="chosen")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.emoji is not None:
            check_gallery(self.emoji - self.batch, self.test)
        return self


def _data(config: SweepSetting) -> dict[str, str]:
    return emoji_data.provenance() | pretrained.provenance()


def standardised(features: Float[Tensor, "N D"], train: Tensor) -> Float[Tensor, "N D"]:
    """Mean zero and variance one in every coordinate over the rows `train`: those held out play no part."""
    known = features[train]
    return (features - known.mean(0)) / known.std(0).clamp(min=1e-6)


@experiment(
    NAME,
    SweepSetting,
    coordinates=["temperatures"],
    data=_data,
    seconds={"smoke": 4, "book": 40, "paper": 110},
    block=5,  # the frozen towers look at the pictures once for all seeds of a block
)
def pretrained_sweep(config: SweepSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Gap and retrieval of heads on frozen towers at fixed temperatures and a learnt one, `[S, T]`.

    The learnt one is NaN among `temperatures`. Features are standardised on the training rows of each seed.
    """
    drawn = emoji_data.emojis(config.pixels)
    kept = first_of_each_picture(drawn.images)[: config.emoji]
    images, names = drawn.images[kept], [drawn.names[k] for k in kept]
    features = pretrained.image_features(images, device), pretrained.text_features(names).to(device)
    methods = {tau: fixed(tau) for tau in config.temperatures} | {float("nan"): METHODS["baseline"]}
    rows: list[list[dict[str, float]]] = []
    for seed in seeds:
        order = torch.randperm(len(kept), generator=generator(NAME, seed, "split")).to(device)
        test, train = order[: config.test], order[config.test :]
        image, text = (standardised(f, train) for f in features)
        rows.append([])
        for method in methods.values():
            with seeded(NAME, seed, "weights"):
                heads = [perceptron(x.shape[1], config.hidden, config.width) for x in (image, text)]
            towers = TwoTowers(*heads, method.make_temperature()).to(device)
            start = alignment(embed(towers.image, image[test]), embed(towers.text, text[test]), config.test)["gap"]
            fit(towers, image[train], text[train], method, Recipe(config.batch, config.epochs, config.rate), NAME, seed)
            pair = embed(towers.image, image[test]), embed(towers.text, text[test])
            best = {
                "image_retrieval_10": retrieval_among_best(*pair[::-1], BEST),
                "text_retrieval_10": retrieval_among_best(*pair, BEST),
            }
            rows[-1].append(
                alignment(*pair, config.test) | best | {"start_gap": start, "temperature": towers.temperature().item()}
            )
    frozen = {"pairs": np.full(len(seeds), len(kept))}
    return (
        {"temperatures": np.array(list(methods))}
        | frozen
        | {c: np.array([[row[c] for row in of_seed] for of_seed in rows]) for c in rows[0][0]}
    )
