"""ColoredMNIST with ten classes and ten colours, after Huang et al. 2024, Table 1: colour is cheap, shape is true.

Training labels are noisy; a training image has its label's own colour most of the time. At test time the colours of
paired classes are exchanged (0 <-> 1, 2 <-> 3, ...), so whoever reads the colour is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d

from mmcl_core.data import digits as digits_data
from mmcl_core.runtime import numpy_generator

CLASSES = 10

# Ten colours far apart in RGB; the first two are red and green, as in the paper.
COLOURS = torch.tensor(
    [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, 1, 0],
        [1, 0, 1],
        [0, 1, 1],
        [1, 0.5, 0],
        [0.5, 0, 1],
        [0.6, 0.6, 0.6],
        [0.5, 0.3, 0.1],
    ],
    dtype=torch.float32,
)


@dataclass(frozen=True)
class ColoredDigits:
    """`grey` `[N, size, size]` in 0..1, `digit` the true class, `label` the noisy one, `colour` the index into
    `COLOURS`."""

    grey: Float[Tensor, "N H W"]
    digit: Int[Tensor, "N"]
    label: Int[Tensor, "N"]
    colour: Int[Tensor, "N"]

    @property
    def images(self) -> Float[Tensor, "N 3 H W"]:
        """RGB images: grey value times colour, black background."""
        return self.grey[:, None] * COLOURS.to(self.grey.device)[self.colour][:, :, None, None]

    def to(self, device: torch.device) -> ColoredDigits:
        return ColoredDigits(self.grey.to(device), self.digit.to(device), self.label.to(device), self.colour.to(device))


def colored_digits(
    experiment: str,
    seed: int,
    train: int,
    test: int,
    size: int,
    label_noise: float = 0.1,
    colour_strength: float = 0.775,
    source: digits_data.Choice = "auto",
) -> tuple[ColoredDigits, ColoredDigits]:
    """Training and reversed-colour test set.

    Parameters
    ----------
    size : 28, or 14 for images pooled two by two
    label_noise : probability that a label is drawn again, uniformly from all ten
    colour_strength : probability that an image has its noisy label's colour (at test time its partner's), else one of
    the nine others
    """
    digits = digits_data.load(source)
    stream = numpy_generator(experiment, seed, "colored digits")

    def make(rows: np.ndarray, reverse: bool) -> ColoredDigits:
        digit = digits.labels[rows]
        label = np.where(stream.random(len(rows)) < label_noise, stream.integers(0, CLASSES, len(rows)), digit)
        own = label ^ 1 if reverse else label
        other = (own + stream.integers(1, CLASSES, len(rows))) % CLASSES
        colour = np.where(stream.random(len(rows)) < colour_strength, own, other)
        grey = avg_pool2d(torch.as_tensor(digits.images[rows]).float()[:, None] / 255, 28 // size)[:, 0]
        return ColoredDigits(grey, *(torch.as_tensor(a.astype(np.int64)) for a in (digit, label, colour)))

    train_rows, test_rows = digits_data.split(digits, train, test, stream)
    return make(train_rows, False), make(test_rows, True)
