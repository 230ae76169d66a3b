"""Tables 1 to 5 on procedural captioned scenes: every method trained from scratch, from the same weights on the same
batches.

Three experiments share the work (and nothing but time would change if they were one): fixed temperatures, moving
temperatures, swaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, model_validator
from sklearn.datasets import load_digits

from mmcl_core.data.scenes import ATTRIBUTES, SHAPES, Scenes, one_attribute_pairs, prompts, scenes
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import accuracy, linear_probe_predictions, zero_shot_predictions
from mmcl_core.papers.yaras2024.clouds import in_views
from mmcl_core.papers.yaras2024.evaluate import alignment, both_told_apart, check_gallery, embed
from mmcl_core.papers.yaras2024.methods import METHODS, find_method
from mmcl_core.papers.yaras2024.towers import Recipe, TwoTowers, fit, tiny_clip

NAME = "yaras2024.scenes"  # of the random streams, alike for all three experiments: comparisons are paired
FIXED = ("baseline", *(name for name in METHODS if name.startswith("FLT")))
MOVING = (*(name for name in METHODS if name.startswith("TS")), "softplus", "exp(nu/2)", "exp(nu/10)", "SLRT .1")
OTHERS = tuple(name for name in METHODS if name not in (*FIXED, *MOVING))


class TinyClipSetting(Config):
    """Training the tiny CLIP on captioned scenes. The paper trains CLIP RN50 on MSCOCO for 100 epochs
    (`yaras2024.mscoco`)."""

    book: ClassVar = {"train": 16_384, "epochs": 12}
    smoke: ClassVar = {"seeds": 2, "train": 160, "test": 80, "gallery": 80, "batch": 16, "epochs": 1}

    train: int = Field(65_536, ge=2, description="chosen: training pairs; 16,384 at book. MSCOCO has 118,000 images")
    test: int = Field(1000, ge=2, description="chosen: test pairs")
    batch: int = Field(256, ge=2, description="chosen; section 4: 1024")
    epochs: int = Field(36, ge=1, description="chosen; 12 at book. Section 4: 100")
    rate: float = Field(5e-3, gt=0, description="chosen; section 4: the best of 1e-5, 5e-5, 1e-4, 5e-4")
    gallery: int = Field(1000, ge=2, description="chosen: retrieval among so many; the paper does not say")

    @model_validator(mode="after")
    def _fills_the_gallery(self) -> Self:
        check_gallery(self.test, self.gallery)
        return self

    @property
    def recipe(self) -> Recipe:
        return Recipe(self.batch, self.epochs, self.rate)


class ScenesSetting(TinyClipSetting):
    """A row of the table for each of `methods`."""

    smoke: ClassVar = TinyClipSetting.smoke | {"probe": 60}

    methods: tuple[str, ...] = Field(FIXED, min_length=1, description="Tables 2 to 5, or any FLT such as FLT .05")
    probe: int = Field(
        1000,
        ge=36,
        description="chosen: single objects for the probe, as many for its test, and pairs for each attribute",
    )
    shown: int = Field(0, ge=0, description="chosen: test pairs that are kept as points in three axes")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for method in self.methods:
            find_method(method)
        return self


class FixedSetting(ScenesSetting):
    book: ClassVar = ScenesSetting.book | {"methods": ("baseline", "FLT .01", "FLT .07", "FLT .1", "FLT .2", "FLT .4")}
    smoke: ClassVar = ScenesSetting.smoke | {"shown": 40}

    shown: int = Field(150, ge=0, description="chosen: test pairs that are kept as points in three axes")


class MovingSetting(ScenesSetting):
    book: ClassVar = ScenesSetting.book | {"methods": ("TS S3", "softplus", "exp(nu/10)", "SLRT .1")}
    methods: tuple[str, ...] = Field(MOVING, min_length=1, description="Tables 2 to 5, or any FLT such as FLT .05")


class OthersSetting(ScenesSetting):
    book: ClassVar = ScenesSetting.book | {"methods": ("HS 1", "HS .1", "SS .05", "HS rows", "no normalisation")}
    methods: tuple[str, ...] = Field(OTHERS, min_length=1, description="Tables 2 to 5, or any FLT such as FLT .05")


@dataclass(frozen=True)
class Tests:
    """What a seed's towers are tested on; none of it is in the training set."""

    pairs: Scenes
    probe: Scenes
    singles: Scenes
    contrasts: dict[str, tuple[Scenes, Scenes]]
    digits: tuple[torch.Tensor, np.ndarray]

    @classmethod
    def draw(cls, config: ScenesSetting, seed: int) -> Self:
        probe, singles = (
            scenes(NAME, seed, config.probe, purpose, objects=1) for purpose in ("probe", "single objects")
        )
        return cls(
            scenes(NAME, seed, config.test, "test"),
            probe,
            singles,
            one_attribute_pairs(NAME, seed, config.probe),
            digits(config.probe),
        )


def digits(limit: int) -> tuple[torch.Tensor, np.ndarray]:
    """scikit-learn's handwritten digits, doubled to 16 x 16 and grey: images unlike all that the towers saw."""
    bunch = load_digits()
    pixels = torch.as_tensor(bunch.images[: 2 * limit], dtype=torch.float32) / 16
    return pixels.repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None].expand(-1, 3, -1, -1), bunch.target[
        : 2 * limit
    ]


def measure(
    towers: TwoTowers, tests: Tests, gallery: int, device: torch.device
) -> tuple[dict[str, float], Float[np.ndarray, "2 N D"]]:
    """One row of the table, and the embedded test pairs (image, text) on which gap and retrieval are measured."""

    def look(images: torch.Tensor) -> np.ndarray:
        return embed(towers.image, images.to(device))

    def read(tokens: torch.Tensor) -> np.ndarray:
        return embed(towers.text, tokens.to(device))

    pairs = np.stack([look(tests.pairs.images), read(tests.pairs.tokens)])
    row = alignment(*pairs, gallery)
    singles, (shape, colour) = look(tests.singles.images), tests.singles.attributes[:, 0, :2].T
    (shapes_read,) = linear_probe_predictions(look(tests.probe.images), tests.probe.attributes[:, 0, 0], singles)
    digit, labels = look(tests.digits[0]), tests.digits[1]
    half = len(digit) // 2
    (digits_read,) = linear_probe_predictions(digit[:half], labels[:half], digit[half:])
    row |= {
        "temperature": towers.temperature().item(),
        "zero_shot": accuracy(zero_shot_predictions(singles, read(prompts())), len(SHAPES) * colour + shape),
        "linear_probe": accuracy(shapes_read, shape),
        "digits_probe": accuracy(digits_read, labels[half:]),
    }
    for name in ATTRIBUTES:
        both = [(look(s.images), read(s.tokens)) for s in tests.contrasts[name]]
        row[f"{name}_told_apart"] = both_told_apart(*both)
    row["one_attribute"] = float(np.mean([row[f"{name}_told_apart"] for name in ATTRIBUTES]))
    return row, pairs


def mitigation(config: ScenesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Every column as `[S, methods]`; `shown` test pairs in three axes, `upright` and `principal`
    `[S, methods, 2, N, 3]`."""
    per_seed = []
    for seed in seeds:
        drawn, tests = scenes(NAME, seed, config.train), Tests.draw(config, seed)
        images, tokens = drawn.images.to(device), drawn.tokens.to(device)
        rows, clouds = [], []
        for name in config.methods:
            method = find_method(name)
            towers = tiny_clip(method, NAME, seed).to(device)
            fit(towers, images, tokens, method, config.recipe, NAME, seed)
            row, pairs = measure(towers, tests, config.gallery, device)
            rows.append(row)
            clouds.append(pairs)
        columns = {column: np.array([row[column] for row in rows]) for column in rows[0]}
        per_seed.append(columns | (in_views(clouds, config.shown) if config.shown else {}))
    return {"methods": np.array(config.methods)} | {
        name: np.stack([of_seed[name] for of_seed in per_seed]) for name in per_seed[0]
    }


@experiment(
    "yaras2024.scenes_fixed",
    FixedSetting,
    coordinates=["methods"],
    seconds={"smoke": 3, "book": 190, "paper": 5000},
    block=1,
)
def fixed(config: FixedSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The baseline and fixed temperatures on captioned scenes: gap, uniformity, zero-shot, probes, retrieval, and
    pairs for the eye."""
    return mitigation(config, seeds, device)


@experiment(
    "yaras2024.scenes_moving",
    MovingSetting,
    coordinates=["methods"],
    seconds={"smoke": 3, "book": 125, "paper": 5500},
    block=1,
)
def moving(config: MovingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Scheduled and reparametrised temperatures on captioned scenes."""
    return mitigation(config, seeds, device)


@experiment(
    "yaras2024.scenes_others",
    OthersSetting,
    coordinates=["methods"],
    seconds={"smoke": 3, "book": 160, "paper": 4500},
    block=1,
)
def others(config: OthersSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Swaps, and embeddings that keep their length, on captioned scenes."""
    return mitigation(config, seeds, device)
