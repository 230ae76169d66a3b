"""Swatches and vector captions as Xue et al. 2024 describe them (Section 6, Appendix G.1).

A caption is a vector of 200 numbers whose first two say the digit and the shade: the digit d as d - 4.5, the shades
from dark blue to dark red as -2.5 ... 2.5. What a caption does not say is its class's, or its family's, mean. Noise
lies on top. The six colours are those of the paper's drawing, the only source there is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmcl_core.data.backgrounds import DIGITS, SHADES, Palette, Scenes, class_of_digit, class_of_shade
from mmcl_core.errors import InputError

WORDS = 200  # length of a caption
NOISE = math.sqrt(1 / 2000)  # standard deviation of each of its numbers
SWATCHES = (
    ("dark blue", (32, 56, 100)),
    ("medium blue", (0, 112, 192)),
    ("light blue", (180, 199, 231)),
    ("light red", (252, 190, 188)),
    ("medium red", (255, 0, 0)),
    ("dark red", (192, 0, 0)),
)
PALETTE = Palette(np.array([rgb for _, rgb in SWATCHES]) / 255)
CLASS_MEAN, FAMILY_MEAN = 2.5, 1.5  # of a class's digits and of a family's shades, negative for class 0


def digit_value(digit: Int[Tensor, "N"]) -> Float[Tensor, "N"]:
    """What a caption says of a digit: -4.5 ... 4.5, negative for the digits 0 to 4."""
    return digit - (DIGITS - 1) / 2


def shade_value(shade: Int[Tensor, "N"]) -> Float[Tensor, "N"]:
    """What it says of a shade: -2.5 ... 2.5, negative for blues."""
    return shade - (SHADES - 1) / 2


def meaning(
    digit: Int[Tensor, "N"], shade: Int[Tensor, "N"], says_digit: Bool[Tensor, "N"], says_shade: Bool[Tensor, "N"]
) -> Float[Tensor, "N 2"]:
    """The two numbers that a caption says, before noise."""
    a = torch.where(says_digit, digit_value(digit), CLASS_MEAN * (2 * class_of_digit(digit) - 1))
    b = torch.where(says_shade, shade_value(shade), FAMILY_MEAN * (2 * class_of_shade(shade) - 1))
    return torch.stack([a, b], 1)


def vector_captions(
    scenes: Scenes, pi_core: float, pi_spu: float, masks: np.random.Generator, noise: np.random.Generator
) -> Float[Tensor, "N 200"]:
    """Noisy captions that say the digit and the shade with these probabilities, drawn once for each scene.

    The same stream of masks gives nested masks: what is said with a small probability is said with a larger one.

    Raises
    ------
    InputError
        When one of them is no probability.
    """
    for name, share in (("pi_core", pi_core), ("pi_spu", pi_spu)):
        if not 0 <= share <= 1:
            raise InputError(f"{name} cannot be {share}: allowed are probabilities from 0 to 1")
    n = len(scenes.digit)
    drawn = torch.as_tensor(masks.random((2, n)))
    captions = torch.as_tensor(NOISE * noise.standard_normal((n, WORDS), dtype=np.float32))
    captions[:, :2] += meaning(scenes.digit, scenes.shade, drawn[0] < pi_core, drawn[1] < pi_spu).float()
    return captions


def class_prompts() -> Float[Tensor, "2 200"]:
    """The class means of the captions where background and class are independent: the prompts of the theorems."""
    prompts = torch.zeros(2, WORDS)
    prompts[:, 0] = torch.tensor([-CLASS_MEAN, CLASS_MEAN])
    return prompts


@dataclass(frozen=True)
class FreshMasks:
    """Captions that decide each time they are asked for what they say, with the noise that `full` has.

    `full` says everything and `vague` nothing, `[N, 200]`; rows are drawn from by indexing, as from a tensor.
    """

    full: Float[Tensor, "N 200"]
    vague: Float[Tensor, "N 200"]
    said: tuple[float, float]
    stream: torch.Generator

    @classmethod
    def of(
        cls, scenes: Scenes, said: tuple[float, float], noise: np.random.Generator, stream: torch.Generator
    ) -> FreshMasks:
        """Captions of `scenes` that say the digit and the shade with the probabilities `said`."""
        full = vector_captions(scenes, 1, 1, np.random.default_rng(0), noise)
        nothing, everything = (torch.full((len(full),), says) for says in (False, True))
        vague = full.clone()
        vague[:, :2] += (
            meaning(scenes.digit, scenes.shade, nothing, nothing)
            - meaning(scenes.digit, scenes.shade, everything, everything)
        ).float()
        return cls(full, vague, said, stream)

    @property
    def shape(self) -> torch.Size:
        return self.full.shape

    def to(self, device: torch.device) -> FreshMasks:
        return FreshMasks(self.full.to(device), self.vague.to(device), self.said, self.stream)

    def __getitem__(self, rows: Int[Tensor, "B"]) -> Float[Tensor, "B 200"]:
        says = torch.rand(len(rows), 2, generator=self.stream).to(rows.device) < torch.tensor(self.said).to(rows.device)
        captions = self.full[rows]
        captions[:, :2] = torch.where(says, captions[:, :2], self.vague[rows, :2])
        return captions
