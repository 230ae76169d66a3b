"""Handwritten digits on coloured backgrounds, with captions: the digit varies, the colour behind it is cheap.

The class of an image is whether its digit is at least 5. Classes have a family of background colours each, three blues
or three reds, and in training an image nearly always has its class's family. A caption is the one-hot digit beside the
one-hot shade; what it does not say is replaced by the mean over what it could have said: the class's five digits, the
family's three shades.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmcl_core.data import digits as digits_data
from mmcl_core.errors import InputError, unknown
from mmcl_core.runtime import numpy_generator

DIGITS, SHADES = 10, 6
WORDS = DIGITS + SHADES  # length of a caption
BLUES = np.array([[0.05, 0.05, 0.45], [0.05, 0.15, 0.70], [0.10, 0.30, 0.95]])
COLOURS = np.concatenate([BLUES, BLUES[:, ::-1]])  # shades 0 to 2 are the family of class 0, shades 3 to 5 of class 1
JITTER = 0.02  # standard deviation of each background's channels
NOISE = 0.2  # of the noisy shift
MOVE = 2  # pixels of the moved shift; digits leave a margin of four


def class_of_digit(digit: Int[Tensor, "N"]) -> Int[Tensor, "N"]:
    """0 for the digits 0 to 4, 1 for 5 to 9."""
    return (digit >= DIGITS // 2).long()


def class_of_shade(shade: Int[Tensor, "N"]) -> Int[Tensor, "N"]:
    """0 for the three blues, 1 for the three reds."""
    return (shade >= SHADES // 2).long()


@dataclass(frozen=True)
class Palette:
    """The six colours `[6, 3]` in 0..1, three of class 0 first, and the spread of each channel about them."""

    colours: Float[np.ndarray, "6 3"]
    jitter: float = 0.0


OURS = Palette(COLOURS, JITTER)


@dataclass(frozen=True)
class Scenes:
    """Digits `grey` `[N, 28, 28]` on `background` `[N, 3]`, both in 0..1; `digit` 0..9, `shade` 0..5 of `COLOURS`.

    `margin` pixels are cut from every side of the images; MNIST has next to no ink in the outermost two.
    """

    grey: Float[Tensor, "N H W"]
    background: Float[Tensor, "N 3"]
    digit: Int[Tensor, "N"]
    shade: Int[Tensor, "N"]
    margin: int = 0

    @property
    def label(self) -> Int[Tensor, "N"]:
        return class_of_digit(self.digit)

    @property
    def agrees(self) -> Bool[Tensor, "N"]:
        """Whether the background is of the class's family."""
        return class_of_shade(self.shade) == self.label

    @property
    def images(self) -> Float[Tensor, "N 3 H W"]:
        """(1 - v) background + v white, with v the grey value; channels last in memory."""
        size = self.grey.shape[-1]
        ink = self.grey[:, None, self.margin : size - self.margin, self.margin : size - self.margin]
        return ((1 - ink) * self.background[:, :, None, None] + ink).contiguous(memory_format=torch.channels_last)

    def first(self, count: int) -> Scenes:
        """The first `count` scenes."""
        return Scenes(self.grey[:count], self.background[:count], self.digit[:count], self.shade[:count], self.margin)


def paint(
    grey: Float[Tensor, "N H W"],
    digit: Int[Tensor, "N"],
    agreement: float,
    stream: np.random.Generator,
    margin: int = 0,
    palette: Palette = OURS,
) -> Scenes:
    """Digits on backgrounds: of the class's family with probability `agreement`, else of the other.

    The shade is uniform in its family.

    Raises
    ------
    InputError
        When `agreement` is no probability.
    """
    if not 0 <= agreement <= 1:
        raise InputError(
            f"The agreement of background and class cannot be {agreement}: allowed are probabilities from 0 to 1"
        )
    n = len(digit)
    family = torch.as_tensor(stream.random(n) >= agreement).long() ^ class_of_digit(digit)
    shade = SHADES // 2 * family + torch.as_tensor(stream.integers(0, SHADES // 2, n))
    background = palette.colours[shade.numpy()] + palette.jitter * stream.standard_normal((n, 3))
    return Scenes(grey, torch.as_tensor(background.clip(0, 1)).float(), digit, shade, margin)


def captions(scenes: Scenes, says_digit: Bool[Tensor, "N"], says_shade: Bool[Tensor, "N"]) -> Float[Tensor, "N 16"]:
    """The captions, with masks of what each of them says. Both parts sum to one, said or not."""
    return torch.cat(
        [
            _part(scenes.digit, scenes.label, DIGITS, says_digit),
            _part(scenes.shade, class_of_shade(scenes.shade), SHADES, says_shade),
        ],
        dim=1,
    )


def _part(value: Int[Tensor, "N"], half: Int[Tensor, "N"], count: int, said: Bool[Tensor, "N"]) -> Float[Tensor, "N K"]:
    exact = torch.eye(count)[value]
    vague = torch.block_diag(*[torch.full((1, count // 2), 2 / count)] * 2)[half]
    return torch.where(said[:, None], exact, vague)


def masked_captions(
    scenes: Scenes, says_digit: float, says_shade: float, stream: np.random.Generator
) -> Float[Tensor, "N 16"]:
    """Captions that say the digit and the shade with these probabilities, drawn once for each scene.

    The same stream gives nested masks: what is said with a small probability is said with a larger one, too.

    Raises
    ------
    InputError
        When one of them is no probability.
    """
    for name, share in (("digit", says_digit), ("shade", says_shade)):
        if not 0 <= share <= 1:
            raise InputError(f"A caption cannot say the {name} with probability {share}: allowed are 0 to 1")
    drawn = torch.as_tensor(stream.random((2, len(scenes.digit))))
    return captions(scenes, drawn[0] < says_digit, drawn[1] < says_shade)


def digit_prompts(names_digit: bool = True) -> Float[Tensor, "C 6 16"]:
    """Full captions of every digit in each of the six shades, C = 10; or, where captions never say the digit, of both
    classes, C = 2.
    """
    named = torch.eye(DIGITS) if names_digit else torch.block_diag(*[torch.full((1, DIGITS // 2), 2 / DIGITS)] * 2)
    return torch.cat([named[:, None].expand(-1, SHADES, -1), torch.eye(SHADES)[None].expand(len(named), -1, -1)], dim=2)


def class_mean_prompts() -> Float[Tensor, "2 16"]:
    """The mean caption of each class where background and class are independent: the prompts of the theorems."""
    return digit_prompts(False).mean(1)


Change = Callable[[Scenes, np.random.Generator], Float[Tensor, "N 3 H W"]]


def _noisy(scenes: Scenes, stream: np.random.Generator) -> Tensor:
    images = scenes.images
    return images + NOISE * torch.as_tensor(stream.standard_normal(images.shape, dtype=np.float32))


def _moved(scenes: Scenes, stream: np.random.Generator) -> Tensor:
    by = MOVE * (2 * stream.integers(0, 2, (len(scenes.digit), 2)) - 1)
    return replace(
        scenes, grey=torch.stack([g.roll(tuple(b), (0, 1)) for g, b in zip(scenes.grey, by.tolist(), strict=True)])
    ).images


def _plain(scenes: Scenes, stream: np.random.Generator) -> Tensor:
    return scenes.images


def _darkened(scenes: Scenes, stream: np.random.Generator) -> Tensor:
    return scenes.images / 2


# Each shift: how often background and class agree, and what else is done to the image.
SHIFTS: dict[str, tuple[float, Change]] = {
    "random": (0.5, _plain),
    "reversed": (0.0, _plain),
    "noisy": (0.5, _noisy),
    "moved": (0.5, _moved),
    "darkened": (0.5, _darkened),
}


@dataclass(frozen=True)
class Split:
    """Training scenes and held-out digits of one seed; `scenes` and `images` paint the held-out ones."""

    train: Scenes
    grey: Float[Tensor, "M H W"]
    digit: Int[Tensor, "M"]
    agreement: float
    margin: int
    experiment: str
    seed: int
    palette: Palette = OURS

    def scenes(self, shift: str | None = None) -> Scenes:
        """The held-out digits on backgrounds that agree as in training, or as `shift` has it."""
        if shift is not None and shift not in SHIFTS:
            raise unknown("shift", shift, SHIFTS)
        agreement = self.agreement if shift is None else SHIFTS[shift][0]
        return paint(
            self.grey,
            self.digit,
            agreement,
            numpy_generator(self.experiment, self.seed, f"background {shift}"),
            self.margin,
            self.palette,
        )

    def images(self, shift: str | None = None) -> Float[Tensor, "M 3 H W"]:
        """Held-out images of the training distribution, or under `shift`."""
        scenes = self.scenes(shift)
        change = _plain if shift is None else SHIFTS[shift][1]
        return change(scenes, numpy_generator(self.experiment, self.seed, f"change {shift}"))


def background_digits(
    experiment: str,
    seed: int,
    train: int,
    test: int,
    agreement: float,
    source: digits_data.Choice = "auto",
    margin: int = 0,
    palette: Palette = OURS,
) -> Split:
    """`train` painted scenes and `test` held-out digits of one seed; for nested sets `train.first(...)` of the largest.

    Raises
    ------
    InputError
        For more digits than there are, no probability, or a training set in which a class has no sample.
    """
    digits = digits_data.load(source)
    stream = numpy_generator(experiment, seed, "split")
    rows, held = digits_data.split(digits, train, test, stream)
    grey, digit = (torch.as_tensor(a) for a in (digits.images.astype(np.float32) / 255, digits.labels))
    scenes = paint(grey[rows], digit[rows], agreement, numpy_generator(experiment, seed, "background"), margin, palette)
    counts = torch.bincount(scenes.label, minlength=2)
    if counts.min() == 0:
        raise InputError(
            f"The training set of {train} digits has no sample of class {int(counts.argmin())}: take more than "
            f"{train}, or another seed"
        )
    return Split(scenes, grey[held], digit[held], agreement, margin, experiment, seed, palette)
