"""Real captions: icons under their names, or under their names' first words alone, seen again in other renderings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from mmcl_core.data import icons as icon_data
from mmcl_core.errors import InputError
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import accuracy, zero_shot_predictions
from mmcl_core.papers.xue2024.contrast import Recipe, contrast, embed, supervise
from mmcl_core.runtime import numpy_generator

NAME = "xue2024.icons"
FONT, OTHERS = "mdi6", ("phosphor", "remix", "fa6s")
PLACES = ("id", *OTHERS, "inverted", "coloured")
CAPTIONED = {
    "label": (False, True),
    "label_no_intra": (False, False),
    "rich": (True, True),
    "rich_no_intra": (True, False),
}  # rich, same-class negatives
BRIGHTEST = 0.6  # channel of a coloured background, so that the white glyph stands out


class IconsSetting(Config):
    """The class of an icon is the first word of its name. Not in the paper: MSCOCO and Conceptual Captions cannot be
    had here.
    """

    book: ClassVar = {"seeds": 2, "pixels": 20, "classes": 8, "steps": 8, "batch": 64}
    smoke: ClassVar = book

    seeds: int = Field(5, ge=1, description="chosen")
    pixels: int = Field(32, ge=8, le=64, description="chosen")
    classes: int = Field(
        40,
        ge=2,
        le=200,
        description="chosen: so many of the most frequent first words in the font Material Design Icons",
    )
    least: int = Field(3, ge=1, description="chosen: a word enters the vocabulary when at least so many names have it")
    held_out: float = Field(
        0.2, gt=0, lt=1, description="chosen: share of each class's icons kept for the test, at random"
    )
    steps: int = Field(3000, ge=1, description="chosen: the same for all methods")
    batch: int = Field(128, ge=2, description="as for the digits")

    def recipe(self) -> Recipe:
        return Recipe(batch=self.batch, steps=self.steps)


def icons_source(config: IconsSetting) -> dict[str, str]:
    return icon_data.provenance()


@dataclass(frozen=True)
class Named:
    """Icons of the classes: `ink` `[N, size, size]` in 0..1, class number, the bag of the words of the full name."""

    ink: Float[Tensor, "N H W"]
    label: Int[Tensor, "N"]
    bag: Float[Tensor, "N V"]

    def rows(self, index: np.ndarray) -> Named:
        return Named(self.ink[index], self.label[index], self.bag[index])


@dataclass(frozen=True)
class Renderings:
    """The words, of which the first `classes` are the classes' names, and the icons of every font that have one as
    first word.
    """

    words: tuple[str, ...]
    classes: int
    fonts: dict[str, Named]

    @property
    def one_word(self) -> Float[Tensor, "C V"]:
        """The caption of each class that is its name alone."""
        return torch.eye(len(self.words))[: self.classes]


def renderings(config: IconsSetting) -> Renderings:
    """All fonts in the classes and words of the training font.

    Raises
    ------
    InputError
        When a class has fewer than two icons, so that none could be held out.
    """
    drawn = {font: icon_data.icons(font, config.pixels) for font in (FONT, *OTHERS)}
    counts = Counter(name[0] for name in drawn[FONT].names)
    heads = sorted(counts, key=lambda word: (-counts[word], word))[: config.classes]
    if counts[heads[-1]] < 2:
        raise InputError(
            f"The class '{heads[-1]}' has a single icon, none to hold out: take fewer classes than {config.classes}"
        )
    others = (word for word in icon_data.vocabulary(drawn[FONT].names, config.least) if word not in heads)
    words = (*heads, *others)
    fonts = {}
    for font, icons in drawn.items():
        rows = [k for k, name in enumerate(icons.names) if name and name[0] in heads]
        names = [icons.names[k] for k in rows]
        label = torch.tensor([heads.index(name[0]) for name in names])
        fonts[font] = Named(
            torch.as_tensor(icons.images[rows]).float() / 255,
            label,
            torch.as_tensor(icon_data.bag_of_words(names, words)),
        )
    return Renderings(words, len(heads), fonts)


def halves(named: Named, held_out: float, seed: int) -> tuple[Named, Named]:
    """Training and held-out icons, `held_out` of every class and at least one."""
    stream, held = numpy_generator(NAME, seed, "split"), np.zeros(len(named.label), bool)
    for label in range(int(named.label.max()) + 1):
        rows = stream.permutation(np.flatnonzero(named.label.numpy() == label))
        held[rows[: max(1, round(held_out * len(rows)))]] = True
    return named.rows(~held), named.rows(held)


def white_on(background: Float[Tensor, "N 3"], ink: Float[Tensor, "N H W"]) -> Float[Tensor, "N 3 H W"]:
    """White glyphs on a background colour."""
    v = ink[:, None]
    return ((1 - v) * background[:, :, None, None] + v).contiguous(memory_format=torch.channels_last)


def on_black(ink: Float[Tensor, "N H W"]) -> Float[Tensor, "N 3 H W"]:
    """As in training."""
    return white_on(torch.zeros(len(ink), 3), ink)


def tests(
    fonts: dict[str, Named], held: Named, seed: int
) -> dict[str, tuple[Float[Tensor, "N 3 H W"], Int[np.ndarray, "N"]]]:
    """Images and labels of the held-out icons, of the other fonts, and of the held-out icons inverted and on coloured
    backgrounds.
    """
    colours = torch.as_tensor(
        numpy_generator(NAME, seed, "backgrounds").uniform(0, BRIGHTEST, (len(held.label), 3)).astype(np.float32)
    )
    images = {"id": on_black(held.ink)} | {font: on_black(fonts[font].ink) for font in OTHERS}
    images |= {"inverted": on_black(1 - held.ink), "coloured": white_on(colours, held.ink)}
    labels = {font: fonts[font].label for font in OTHERS}
    return {place: (images[place], labels.get(place, held.label).numpy()) for place in PLACES}


@experiment(NAME, IconsSetting, data=icons_source, seconds={"smoke": 3, "book": 3, "paper": 1500}, block=1)
def icons(config: IconsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy `[S, places]` at the first word, zero-shot for captions with and without same-class negatives, and
    supervised; `one_guess` is the commonest class's share.
    """
    data = renderings(config)
    arrays: dict[str, list[list[float]]] = {}
    for seed in seeds:
        seen, held = halves(data.fonts[FONT], config.held_out, seed)
        images, labels = on_black(seen.ink).to(device), seen.label.to(device)
        places = tests(data.fonts, held, seed)
        arrays.setdefault("one_guess", []).append(
            [np.bincount(labels).max() / len(labels) for _, labels in places.values()]
        )

        def measure(
            name: str, network: torch.nn.Module, read_outs: dict[str, np.ndarray], places: dict = places
        ) -> None:
            outputs = {place: embed(network, pictures) for place, (pictures, _) in places.items()}
            for read, prompts in read_outs.items():
                row = [accuracy(zero_shot_predictions(outputs[p], prompts), places[p][1]) for p in PLACES]
                arrays.setdefault(f"{name}_{read}", []).append(row)

        measure(
            "supervised",
            supervise(images, labels, data.classes, config.recipe(), NAME, seed),
            {"word": np.eye(data.classes)},
        )
        for name, (rich, negatives) in CAPTIONED.items():
            captions = seen.bag if rich else data.one_word[seen.label]
            towers = contrast(images, captions.to(device), config.recipe(), NAME, seed, None if negatives else labels)
            mean = torch.cat([towers.prompts(captions[seen.label == c][None]) for c in range(data.classes)])
            measure(
                name,
                towers.image,
                {"word": towers.prompts(data.one_word[:, None]).cpu().numpy(), "mean": mean.cpu().numpy()},
            )
    return {name: np.array(values) for name, values in arrays.items()}


SHOWN = 8


@experiment("xue2024.icon_samples", IconsSetting, data=icons_source, seconds={"smoke": 1, "book": 1, "paper": 1})
def icon_samples(config: IconsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Icons `[S, SHOWN, H, W, 3]` of every rendering, one for each of the first classes that all fonts have, with their
    names, and the sizes of all sets.
    """
    data = renderings(config)
    common = [c for c in range(data.classes) if all((data.fonts[f].label == c).any() for f in (FONT, *OTHERS))][:SHOWN]
    arrays: dict[str, list] = {}
    for seed in seeds:
        seen, held = halves(data.fonts[FONT], config.held_out, seed)
        stream = numpy_generator(NAME, seed, "samples")

        def one_each(labels: np.ndarray, stream: np.random.Generator = stream) -> list[int]:
            return [int(stream.choice(np.flatnonzero(labels == c))) for c in common]

        for place, (pictures, labels) in tests(data.fonts, held, seed).items():
            chosen = one_each(labels)
            arrays.setdefault(place, []).append(pictures[chosen].permute(0, 2, 3, 1).numpy())
            arrays.setdefault(f"{place}_count", []).append(len(labels))
        chosen = one_each(seen.label.numpy())
        arrays.setdefault("train", []).append(on_black(seen.ink[chosen]).permute(0, 2, 3, 1).numpy())
        arrays.setdefault("train_count", []).append(len(seen.label))
        arrays.setdefault("word_count", []).append(len(data.words))
        arrays.setdefault("mean_words", []).append(float(seen.bag.sum(1).mean()))
        names = [
            " ".join([data.words[c], *(data.words[w] for w in seen.bag[k].nonzero()[:, 0].tolist() if w != c)])
            for k, c in zip(chosen, common, strict=True)
        ]
        arrays.setdefault("train_names", []).append(names)
    return {name: np.array(values) for name, values in arrays.items()}
