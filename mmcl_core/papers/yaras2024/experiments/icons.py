"""The mitigation methods on genuine pairs: Material Design icons and their names.

One training run has two tests: icons held out at random, most of which have near twins in training ("account plus",
"account plus outline"), and icons whose first word never occurs first in training. Of icons that look exactly alike
only the first is used, so that no picture is both learnt and tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field, model_validator
from torch import Tensor

from mmcl_core.data import icons as icon_data
from mmcl_core.errors import InputError
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import accuracy, linear_probe_predictions, zero_shot_predictions
from mmcl_core.papers.yaras2024.clouds import in_views
from mmcl_core.papers.yaras2024.evaluate import (
    GAP_PAIRS,
    alignment,
    both_told_apart,
    check_gallery,
    embed,
    first_of_each_picture,
)
from mmcl_core.papers.yaras2024.experiments.scenes import FIXED, MOVING, OTHERS
from mmcl_core.papers.yaras2024.methods import find_method
from mmcl_core.papers.yaras2024.towers import Recipe, TwoTowers, fit, tiny_clip
from mmcl_core.runtime import numpy_generator

NAME = "yaras2024.icons"
LENGTH = 5  # words of a name that are read; one name in a hundred is longer
PAD, UNKNOWN = "", "?"


class IconsSetting(Config):
    """Icons of 16 x 16 and names of up to five words. Not in the paper."""

    book: ClassVar = {"epochs": 12}
    smoke: ClassVar = {"seeds": 2, "train": 160, "test": 150, "gallery": 100, "classes": 3, "batch": 16, "epochs": 1}

    methods: tuple[str, ...] = Field(FIXED, min_length=1, description="Tables 2 to 5, or any FLT such as FLT .05")
    font: Literal["mdi6", "phosphor", "remix", "fa6s"] = Field(
        "mdi6", description="chosen: Material Design Icons 6.9.96"
    )
    train: int = Field(5200, ge=2, description="chosen: about all that are left")
    test: int = Field(1000, ge=2, description="chosen: icons in each of the two test sets")
    gallery: int = Field(1000, ge=2, description="chosen: retrieval among so many")
    classes: int = Field(20, ge=2, description="chosen: the most frequent first words, for zero-shot and linear probe")
    least: int = Field(2, ge=1, description="chosen: rarer words of the training names are read as unknown")
    batch: int = Field(256, ge=2, description="chosen")
    epochs: int = Field(60, ge=1, description="chosen; 12 at book")
    rate: float = Field(5e-3, gt=0, description="chosen, as on the scenes")
    shown: int = Field(0, ge=0, description="chosen: test pairs that are kept as points in three axes")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for method in self.methods:
            find_method(method)
        check_gallery(self.test, self.gallery)
        return self

    @property
    def recipe(self) -> Recipe:
        return Recipe(self.batch, self.epochs, self.rate)


class FixedSetting(IconsSetting):
    book: ClassVar = IconsSetting.book | {"methods": ("baseline", "FLT .01", "FLT .07", "FLT .1", "FLT .2", "FLT .4")}
    smoke: ClassVar = IconsSetting.smoke | {"shown": 40}

    shown: int = Field(150, ge=0, description="chosen: test pairs that are kept as points in three axes")


class OtherSetting(IconsSetting):
    book: ClassVar = IconsSetting.book | {
        "methods": ("TS S3", "softplus", "SLRT .1", "HS 1", "HS .1", "no normalisation")
    }
    methods: tuple[str, ...] = Field(
        (*MOVING, *OTHERS), min_length=1, description="Tables 2 to 5, or any FLT such as FLT .05"
    )


def split(names: Sequence[Sequence[str]], train: int, test: int, seed: int) -> dict[str, Int[np.ndarray, "_"]]:
    """Rows "train", "test" (held out at random) and "unseen" (first words that no other row begins with).

    Raises
    ------
    InputError
        When there are fewer icons than asked for.
    """
    order = numpy_generator(NAME, seed, "split")
    first = np.array([name[0] for name in names])
    words = order.permutation(np.unique(first))
    counts = Counter(first)
    kept_out = words[: np.searchsorted(np.cumsum([counts[w] for w in words]), test) + 1]
    unseen, seen = (
        order.permutation(np.flatnonzero(mask)) for mask in (np.isin(first, kept_out), ~np.isin(first, kept_out))
    )
    if len(unseen) < test or len(seen) < train + test:
        raise InputError(
            f"{train} training icons and twice {test} for testing were asked for, but there are {len(names)}: "
            "take fewer"
        )
    return {"train": seen[test : test + train], "test": seen[:test], "unseen": unseen[:test]}


def tokens(names: Sequence[Sequence[str]], words: Sequence[str]) -> Int[Tensor, "N 5"]:
    """Names as indices into (pad, unknown, *words), cut after five words."""
    index = {word: k for k, word in enumerate((PAD, UNKNOWN, *words))}
    unknown = index[UNKNOWN]
    return torch.tensor(
        [[index.get(w, unknown) for w in name[:LENGTH]] + [0] * (LENGTH - len(name[:LENGTH])) for name in names]
    )


def one_word_apart(names: Sequence[Sequence[str]]) -> Int[np.ndarray, "P 2"]:
    """All pairs of rows whose names of at least two words differ in exactly one word, at the same place."""
    groups: dict[tuple, list[int]] = {}
    for row, name in enumerate(names):
        for k in range(len(name) if len(name) > 1 else 0):
            groups.setdefault((*name[:k], None, *name[k + 1 :]), []).append(row)
    pairs = {
        (a, b) for rows in groups.values() for i, a in enumerate(rows) for b in rows[i + 1 :] if names[a] != names[b]
    }
    return np.array(sorted(pairs)).reshape(-1, 2)


@dataclass(frozen=True)
class Task:
    """A seed's icons: `images` and `tokens` of every part, and the class of those whose first word is a class (else
    -1)."""

    images: dict[str, Float[Tensor, "N 1 16 16"]]
    tokens: dict[str, Int[Tensor, "N 5"]]
    labels: dict[str, Int[np.ndarray, "N"]]
    prompts: Int[Tensor, "C 5"]
    twins: Int[np.ndarray, "P 2"]
    vocabulary: int
    first: dict[str, np.ndarray]  # the first word of every name

    @classmethod
    def draw(cls, config: IconsSetting, seed: int) -> Self:
        everything = icon_data.icons(config.font, 16)
        kept = first_of_each_picture(everything.images)
        drawn = icon_data.Icons(everything.images[kept], tuple(everything.names[k] for k in kept))
        rows = split(drawn.names, config.train, config.test, seed)
        names = {part: [drawn.names[k] for k in of_part] for part, of_part in rows.items()}
        words = icon_data.vocabulary(names["train"], config.least)
        classes = [word for word, _ in Counter(name[0] for name in names["train"]).most_common(config.classes)]
        return cls(
            {part: torch.as_tensor(drawn.images[k]).float()[:, None] / 255 for part, k in rows.items()},
            {part: tokens(of_part, words) for part, of_part in names.items()},
            {
                part: np.array([classes.index(n[0]) if n[0] in classes else -1 for n in of_part])
                for part, of_part in names.items()
            },
            tokens([(word,) for word in classes], words),
            one_word_apart(names["test"]),
            len(words) + 2,
            {part: np.array([name[0] for name in of_part]) for part, of_part in names.items()},
        )


def gap_without_chance(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"], groups: np.ndarray) -> float:
    """The modality gap without what chance adds to it when pairs are drawn in `groups`: `debiased_modality_gap` with
    one term for each group.

    Icons of one first word are alike, so a split by first words draws words, not icons, and its means differ by more
    chance than as many single pairs'.
    """
    difference = image - text
    _, of_pair = np.unique(groups, return_inverse=True)
    count = of_pair.max() + 1
    sums = np.zeros((count, difference.shape[1]))
    np.add.at(sums, of_pair, difference - difference.mean(0))
    chance = count / (count - 1) * np.square(sums).sum() / len(difference) ** 2 if count > 1 else np.inf
    return float(np.sqrt(max(0.0, np.square(difference.mean(0)).sum() - chance)))


def measure(
    towers: TwoTowers, task: Task, gallery: int, device: torch.device
) -> tuple[dict[str, float], Float[np.ndarray, "2 N D"]]:
    """One row of the table, and the embedded test pairs (image, text); columns of the unseen first words begin with
    `unseen_`."""
    image = {part: embed(towers.image, x.to(device)) for part, x in task.images.items()}
    text = {part: embed(towers.text, x.to(device)) for part, x in task.tokens.items() if part != "train"}
    named, learnt = (task.labels[part] >= 0 for part in ("test", "train"))
    (probed,) = linear_probe_predictions(image["train"][learnt], task.labels["train"][learnt], image["test"][named])
    guessed = zero_shot_predictions(image["test"][named], embed(towers.text, task.prompts.to(device)))
    first, second = task.twins.T
    row = (
        alignment(image["test"], text["test"], gallery)
        | {f"unseen_{name}": value for name, value in alignment(image["unseen"], text["unseen"], gallery).items()}
        | {
            "clustered_gap": gap_without_chance(*(x["test"][:GAP_PAIRS] for x in (image, text, task.first))),
            "unseen_clustered_gap": gap_without_chance(*(x["unseen"][:GAP_PAIRS] for x in (image, text, task.first))),
            "temperature": towers.temperature().item(),
            "zero_shot": accuracy(guessed, task.labels["test"][named]),
            "linear_probe": accuracy(probed, task.labels["test"][named]),
            "one_attribute": both_told_apart(
                (image["test"][first], text["test"][first]), (image["test"][second], text["test"][second])
            ),
        }
    )
    return row, np.stack([image["test"], text["test"]])


def mitigation(config: IconsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Every column as `[S, methods]`; how many pairs of names differ in one word, `twins` `[S]`; how many `first_words`
    `[S, 2]` the pairs have on which the gaps of (test, unseen) are measured; `shown` test pairs in three axes,
    `upright` and `principal` `[S, methods, 2, N, 3]`."""
    per_seed = []
    for seed in seeds:
        task = Task.draw(config, seed)
        images, names = (
            task.images["train"].contiguous(memory_format=torch.channels_last).to(device),
            task.tokens["train"].to(device),
        )
        rows, clouds = [], []
        for name in config.methods:
            method = find_method(name)
            towers = tiny_clip(method, NAME, seed, 1, task.vocabulary, LENGTH).to(device)
            fit(towers, images, names, method, config.recipe, NAME, seed)
            row, pairs = measure(towers, task, config.gallery, device)
            rows.append(row)
            clouds.append(pairs)
        words = [len(set(task.first[part][:GAP_PAIRS])) for part in ("test", "unseen")]
        columns = {column: np.array([row[column] for row in rows]) for column in rows[0]}
        columns |= {"twins": np.array(len(task.twins)), "first_words": np.array(words)}
        per_seed.append(columns | (in_views(clouds, config.shown) if config.shown else {}))
    return {"methods": np.array(config.methods)} | {
        name: np.stack([of_seed[name] for of_seed in per_seed]) for name in per_seed[0]
    }


def _data(config: IconsSetting) -> dict[str, str]:
    return icon_data.provenance()


@experiment(
    "yaras2024.icons_fixed",
    FixedSetting,
    coordinates=["methods"],
    data=_data,
    seconds={"smoke": 3, "book": 60, "paper": 900},
    block=1,
)
def fixed(config: FixedSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The baseline and fixed temperatures on icons with names, tested on a random split and on unseen first words."""
    return mitigation(config, seeds, device)


@experiment(
    "yaras2024.icons_others",
    OtherSetting,
    coordinates=["methods"],
    data=_data,
    seconds={"smoke": 4, "book": 60, "paper": 1700},
    block=1,
)
def others(config: OtherSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Moving temperatures, swaps, and embeddings that keep their length, on icons with names."""
    return mitigation(config, seeds, device)
