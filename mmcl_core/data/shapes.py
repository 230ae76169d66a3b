"""Rendered shapes with captions: a stand-in for images with text in which every attribute and its variance are known.

An image of 16 x 16 RGB pixels shows one shape on a plain background; its caption is the bag of the seven words that
describe it, some of them dropped. The attributes move the pixels by very different amounts: background brightness most,
the outline least. In the theory of Ren & Li 2023 they are the directions of the shared signal with unequal strengths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmcl_core.errors import unknown
from mmcl_core.runtime import numpy_generator

SIZE = 16

ATTRIBUTES = {
    "background": ("dark", "bright"),
    "size": ("small", "large"),
    "colour": ("red", "green", "blue", "yellow"),
    "horizontal": ("left", "middle", "right"),
    "vertical": ("high", "low"),
    "texture": ("solid", "outline"),
    "shape": ("square", "circle", "triangle"),
}
WORDS = tuple(word for words in ATTRIBUTES.values() for word in words)
COUNTS = np.array([len(words) for words in ATTRIBUTES.values()])
OFFSETS = np.concatenate([[0], np.cumsum(COUNTS)[:-1]])  # the first word of each attribute

BRIGHTNESS = (
    0.0,
    0.45,
)  # of the background, below that of every colour in its main channel: a larger shape is always a brighter picture
RGB = np.array([[1.0, 0.35, 0.35], [0.3, 0.9, 0.4], [0.4, 0.5, 1.0], [1.0, 0.9, 0.3]])
JITTER = 0.5  # of the centre, in pixels
PIXEL_NOISE = 0.05  # standard deviation


@dataclass(frozen=True)
class CaptionedShapes:
    """`images` in 0..1, `attributes` the index of each attribute's value (columns as in `ATTRIBUTES`), `captions` 1 for
    each of `WORDS` said."""

    images: Float[Tensor, "N 3 H W"]
    attributes: Int[Tensor, "N 7"]
    captions: Float[Tensor, "N 18"]


def captioned_shapes(experiment: str, seed: int, size: int, word_drop: float = 0.1) -> CaptionedShapes:
    """`size` images with captions, all attributes independent and uniform.

    Parameters
    ----------
    size : number of images, each `SIZE` pixels wide
    word_drop : probability that a caption leaves out a word, independently for each of the seven
    """
    stream = numpy_generator(experiment, seed, "captioned shapes")
    attributes = stream.integers(0, COUNTS, (size, len(COUNTS)))
    jitter = stream.uniform(-JITTER, JITTER, (2, size))
    images = render(attributes, jitter) + PIXEL_NOISE * stream.standard_normal((size, 3, SIZE, SIZE), dtype=np.float32)
    captions = bags(attributes) * ~dropped(stream.random(attributes.shape) < word_drop, attributes)
    return CaptionedShapes(
        *(torch.as_tensor(a) for a in (images.clip(0, 1).astype(np.float32), attributes, captions.astype(np.float32)))
    )


def bags(attributes: Int[np.ndarray, "N 7"]) -> Int[np.ndarray, "N 18"]:
    """The complete captions."""
    return np.eye(len(WORDS), dtype=np.int64)[attributes + OFFSETS].sum(1)


def dropped(lost: np.ndarray, attributes: Int[np.ndarray, "N 7"]) -> np.ndarray:
    """The words, `[N, 18]`, of the attributes that were `lost`, `[N, 7]`."""
    return (np.eye(len(WORDS), dtype=bool)[attributes + OFFSETS] & lost[..., None]).any(1)


def render(attributes: Int[np.ndarray, "N 7"], jitter: Float[np.ndarray, "2 N"]) -> Float[np.ndarray, "N 3 16 16"]:
    """The images without pixel noise; `jitter` moves each centre right and down."""
    background, large, colour, horizontal, vertical, outline, shape = (column[:, None, None] for column in attributes.T)
    pixel = np.arange(SIZE) + 0.5
    x = pixel[None, None, :] - (np.array([5.0, 8.0, 11.0])[horizontal] + jitter[0][:, None, None])
    y = pixel[None, :, None] - (np.array([5.5, 10.5])[vertical] + jitter[1][:, None, None])
    radius = np.where(large, 4.5, 3.0)
    # Distances to the border, negative inside; areas are about equal.
    square = np.maximum(abs(x), abs(y)) - 0.89 * radius
    circle = np.hypot(x, y) - radius
    triangle = np.maximum(y - 0.78 * radius, 0.87 * abs(x) - 0.5 * y - 0.78 * radius)
    distance = np.choose(shape, [square, circle, triangle])
    cover = (0.5 - distance).clip(0, 1)
    cover = cover - outline * (0.5 - distance - 1.4).clip(0, 1)
    brightness = np.array(BRIGHTNESS)[background]
    return brightness[:, None] * (1 - cover[:, None]) + cover[:, None] * RGB[colour[:, 0, 0]][:, :, None, None]


def prompts(attribute: str) -> Float[Tensor, "V 18"]:
    """The one-word captions of an attribute's values, for zero-shot classification.

    Raises
    ------
    InputError
        For an unknown attribute.
    """
    if attribute not in ATTRIBUTES:
        raise unknown("attribute", attribute, ATTRIBUTES)
    k = list(ATTRIBUTES).index(attribute)
    return torch.eye(len(WORDS))[OFFSETS[k] : OFFSETS[k] + COUNTS[k]]


def pixel_variances(shapes: CaptionedShapes) -> dict[str, float]:
    """How much of the pixels' variance each attribute alone explains: that of its values' mean images, summed over
    pixels."""
    pixels = shapes.images.flatten(1).double()
    shares = {}
    for k, (name, words) in enumerate(ATTRIBUTES.items()):
        member = torch.nn.functional.one_hot(shapes.attributes[:, k], len(words)).double()
        means = member.T @ pixels / member.sum(0)[:, None]
        shares[name] = float((member.mean(0)[:, None] * (means - pixels.mean(0)) ** 2).sum())
    return shares
