"""Rendered scenes with captions in words: two coloured shapes on a 2 x 2 grid, a stand-in for photographs with
sentences.

An image of 16 x 16 RGB pixels shows two objects in two of four cells. Its caption names them one after the other, in
either order, with synonyms, and leaves out some of what can be seen: so captions are ambiguous, as real ones are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmcl_core.errors import InputError
from mmcl_core.runtime import numpy_generator

SIZE, CELL, LENGTH = 16, 8, 11  # pixels of an image and of a cell; tokens of a caption
DROP = 0.15  # probability that a caption leaves out an object's size, colour or position, each for itself
PIXEL_NOISE = 0.1  # standard deviation
JITTER = 0.75  # of an object's centre, in pixels
BACKGROUND, GAIN = (0.0, 0.4), (0.75, 1.0)  # ranges of the grey level and of a colour's brightness

SHAPES = (
    ("square", "box"),
    ("disc", "circle"),
    ("triangle", "wedge"),
    ("cross", "plus"),
    ("ring", "hoop"),
    ("diamond", "rhombus"),
)
COLOURS = (
    ("red", "scarlet"),
    ("green", "lime"),
    ("blue", "azure"),
    ("yellow", "gold"),
    ("magenta", "pink"),
    ("cyan", "aqua"),
)
SIZES = (("small", "little"), ("large", "big"))
ROWS, COLUMNS = ("top", "bottom"), ("left", "right")
RGB = np.array(
    [[1, 0.2, 0.2], [0.2, 0.9, 0.3], [0.25, 0.4, 1], [1, 0.9, 0.2], [1, 0.3, 0.9], [0.2, 0.9, 0.95]], np.float32
)
PIXELS = (5.0, 8.0)  # diameters of small and large

ATTRIBUTES = ("shape", "colour", "size", "position")
COUNTS = np.array([len(SHAPES), len(COLOURS), len(SIZES), 4])

PAD, SEPARATOR = "", ";"
WORDS = (PAD, SEPARATOR, *(w for pair in (*SIZES, *COLOURS, *SHAPES) for w in pair), *ROWS, *COLUMNS)  # 34
_SIZE, _COLOUR, _SHAPE, _ROW, _COLUMN = (WORDS.index(w) for w in ("small", "red", "square", "top", "left"))


@dataclass(frozen=True)
class Scenes:
    """`images` in 0..1, `tokens` the captions as indices into `WORDS`, `attributes` of every object as in
    `ATTRIBUTES`."""

    images: Float[Tensor, "N 3 16 16"]
    tokens: Int[Tensor, "N 11"]
    attributes: Int[np.ndarray, "N objects 4"]


def scenes(
    experiment: str, seed: int, size: int, purpose: str = "training", objects: int = 2, drop: float = DROP
) -> Scenes:
    """`size` images of `objects` (1 or 2) with captions; all attributes independent and uniform, cells distinct.

    Different `purpose` give independent sets. `drop` is the probability of leaving out a size, a colour or a position.

    Raises
    ------
    InputError
        When `drop` is no probability.
    """
    if not 0 <= drop <= 1:
        raise InputError(f"A caption cannot leave out words with probability {drop}: allowed are 0 to 1")
    stream = numpy_generator(experiment, seed, f"scenes {purpose}")
    attributes = draw_attributes(stream, size, objects)
    return Scenes(
        photograph(attributes, stream),
        torch.as_tensor(say(attributes, draw_wording(stream, size, objects, drop))),
        attributes,
    )


def draw_attributes(stream: np.random.Generator, size: int, objects: int) -> Int[np.ndarray, "N objects 4"]:
    """Shape, colour, size and cell of every object."""
    attributes = stream.integers(0, COUNTS, (size, objects, len(COUNTS)))
    attributes[:, :, 3] = stream.random((size, 4)).argsort(1)[:, :objects]
    return attributes


def photograph(attributes: Int[np.ndarray, "N objects 4"], stream: np.random.Generator) -> Float[Tensor, "N 3 16 16"]:
    """Images with everything a caption says nothing of: background, brightness, jitter, pixel noise."""
    n, objects = attributes.shape[:2]
    background, gain = stream.uniform(*BACKGROUND, n), stream.uniform(*GAIN, (n, objects))
    jitter = stream.uniform(-JITTER, JITTER, (n, objects, 2))
    images = render(attributes, background, gain, jitter) + PIXEL_NOISE * stream.standard_normal(
        (n, 3, SIZE, SIZE), dtype=np.float32
    )
    return torch.as_tensor(images.clip(0, 1)).contiguous(memory_format=torch.channels_last)


def render(
    attributes: Int[np.ndarray, "N objects 4"],
    background: Float[np.ndarray, "N"],
    gain: Float[np.ndarray, "N objects"],
    jitter: Float[np.ndarray, "N objects 2"],
) -> Float[np.ndarray, "N 3 16 16"]:
    """The images without pixel noise; `jitter` moves each object right and down."""
    images = np.broadcast_to(
        background.astype(np.float32)[:, None, None, None], (len(attributes), 3, SIZE, SIZE)
    ).copy()
    pixel = np.arange(SIZE, dtype=np.float32) + 0.5
    for k in range(attributes.shape[1]):
        shape, colour, large, cell = attributes[:, k].T
        centre = np.stack([cell % 2, cell // 2], 1) * CELL + CELL / 2 + jitter[:, k]
        x = pixel[None, None, :] - centre[:, 0, None, None].astype(np.float32)
        y = pixel[None, :, None] - centre[:, 1, None, None].astype(np.float32)
        radius = np.array(PIXELS, np.float32)[large][:, None, None] / 2
        cover = np.empty((len(attributes), SIZE, SIZE), np.float32)
        for s in range(len(SHAPES)):
            member = shape == s
            cover[member] = (0.5 - border_distance(s, abs(x[member]), y[member], radius[member])).clip(0, 1)
        paint = (RGB[colour] * gain[:, k, None].astype(np.float32))[:, :, None, None]
        images = images * (1 - cover[:, None]) + paint * cover[:, None]
    return images


def border_distance(
    shape: int, x: Float[np.ndarray, "N 1 W"], y: Float[np.ndarray, "N H 1"], radius: Float[np.ndarray, "N 1 1"]
) -> np.ndarray:
    """Distance to the border of a shape of half-width `radius`, negative inside; `x` is the distance from its axis."""
    match SHAPES[shape][0]:
        case "square":
            return np.maximum(x, abs(y)) - 0.9 * radius
        case "disc":
            return np.hypot(x, y) - radius
        case "triangle":
            return np.maximum(y - 0.85 * radius, 0.87 * x - 0.5 * y - 0.6 * radius)
        case "cross":
            return np.minimum(np.maximum(x - radius, abs(y) - radius / 3), np.maximum(x - radius / 3, abs(y) - radius))
        case "ring":
            return abs(np.hypot(x, y) - 0.8 * radius) - 0.3 * radius
        case _:
            return (x + abs(y) - 1.15 * radius) / np.sqrt(2)


@dataclass(frozen=True)
class Wording:
    """How captions speak: which object first, which synonyms (size, colour, shape), what is `kept` (size, colour,
    place)."""

    order: Int[np.ndarray, "N objects"]
    synonyms: Int[np.ndarray, "N objects 3"]
    kept: np.ndarray  # bool [N objects 3]


def draw_wording(stream: np.random.Generator, size: int, objects: int, drop: float) -> Wording:
    """Everything uniform; `drop` is the probability of leaving out."""
    order = stream.random((size, objects)).argsort(1)
    return Wording(order, stream.integers(0, 2, (size, objects, 3)), stream.random((size, objects, 3)) >= drop)


def say(attributes: Int[np.ndarray, "N objects 4"], wording: Wording) -> Int[np.ndarray, "N 11"]:
    """The captions: [size] [colour] shape [row column] of each object, a separator between two, padded at the end."""
    n, objects = attributes.shape[:2]
    shape, colour, large, cell = np.moveaxis(attributes, -1, 0)
    first, second, third = np.moveaxis(wording.synonyms, -1, 0)
    slots = np.stack(
        [
            _SIZE + 2 * large + first,
            _COLOUR + 2 * colour + second,
            _SHAPE + 2 * shape + third,
            _ROW + cell // 2,
            _COLUMN + cell % 2,
        ],
        -1,
    )
    named = np.ones_like(shape, bool)
    size_kept, colour_kept, position_kept = np.moveaxis(wording.kept, -1, 0)
    kept = np.stack([size_kept, colour_kept, named, position_kept, position_kept], -1)
    slots, kept = (np.take_along_axis(a, wording.order[:, :, None], 1) for a in (slots, kept))
    slots = np.concatenate([np.full((n, objects, 1), WORDS.index(SEPARATOR)), slots], -1).reshape(n, -1)[:, 1:]
    kept = np.concatenate([np.ones((n, objects, 1), bool), kept], -1).reshape(n, -1)[:, 1:]
    slots = np.take_along_axis(np.where(kept, slots, WORDS.index(PAD)), (~kept).argsort(1, kind="stable"), 1)
    return np.pad(slots, ((0, 0), (0, LENGTH - slots.shape[1])), constant_values=WORDS.index(PAD))


def prompts() -> Int[Tensor, "36 11"]:
    """The captions "colour shape" for zero-shot classification of single objects: class 6 * colour + shape."""
    tokens = torch.full((len(COLOURS) * len(SHAPES), LENGTH), WORDS.index(PAD))
    tokens[:, 0] = _COLOUR + 2 * torch.arange(len(COLOURS)).repeat_interleave(len(SHAPES))
    tokens[:, 1] = _SHAPE + 2 * torch.arange(len(SHAPES)).repeat(len(COLOURS))
    return tokens


def one_attribute_pairs(experiment: str, seed: int, size: int) -> dict[str, tuple[Scenes, Scenes]]:
    """For every attribute `size` pairs of scenes that differ in it, in one object; captions are complete, alike but
    for its words.

    The images differ in all that captions are silent about, too.
    """
    pairs = {}
    for k, name in enumerate(ATTRIBUTES):
        stream = numpy_generator(experiment, seed, f"scenes differing in {name}")
        first = draw_attributes(stream, size, 2)
        second = first.copy()
        if name == "position":  # a cell that neither object occupies
            free = np.stack([(first[:, :, 3] != cell).all(1) for cell in range(4)], 1)
            second[:, 0, 3] = (free * (1 + stream.random((size, 4)))).argmax(1)
        else:
            second[:, 0, k] = (first[:, 0, k] + stream.integers(1, COUNTS[k], size)) % COUNTS[k]
        wording = draw_wording(stream, size, 2, 0.0)
        pairs[name] = tuple(Scenes(photograph(a, stream), torch.as_tensor(say(a, wording)), a) for a in (first, second))
    return pairs
