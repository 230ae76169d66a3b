"""Pictures as CLIP sees them, without torchvision: decoding, crops, and a stream for each (seed, epoch, row)."""

from __future__ import annotations

import io
import math
import warnings

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, UnidentifiedImageError
from torch import Tensor

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(3, 1, 1)  # of CLIP's pictures
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(3, 1, 1)


class Broken(Exception):
    """A picture that cannot be decoded."""


def decode(data: bytes) -> Image.Image:
    """The picture in `data` as RGB, transparency on white.

    Raises
    ------
    Broken
        When it is no picture, is cut off, or claims an absurd size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            image.load()
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError, Warning) as error:
        raise Broken(str(error)) from None
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def stream(seed: int, epoch: int, row: int) -> np.random.Generator:
    """The randomness of one row in one epoch: the same whichever worker and rank decodes it, and different for each."""
    return np.random.default_rng([seed, epoch, row])


def random_crop_box(
    width: int, height: int, rng: np.random.Generator, scale: tuple[float, float] = (0.9, 1.0)
) -> tuple[int, int, int, int]:
    """A box (left, upper, right, lower) of an area share in `scale` and a log-uniform aspect in [3/4, 4/3]; ten tries,
    then the largest centred box of allowed aspect. `scale` as in OpenCLIP."""
    for _ in range(10):
        area = width * height * rng.uniform(*scale)
        aspect = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            left, upper = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
            return left, upper, left + w, upper + h
    aspect = min(max(width / height, 3 / 4), 4 / 3)
    w, h = min(width, round(height * aspect)), min(height, round(width / aspect))
    left, upper = (width - w) // 2, (height - h) // 2
    return left, upper, left + w, upper + h


def training_view(image: Image.Image, pixels: int, rng: np.random.Generator) -> Float[Tensor, "3 H W"]:
    """RandomResizedCrop to `pixels`, normalised."""
    box = random_crop_box(*image.size, rng)
    return normalised(image.resize((pixels, pixels), Image.Resampling.BICUBIC, box=box))


def centre_view(image: Image.Image, pixels: int) -> Float[Tensor, "3 H W"]:
    """The shorter side to `pixels`, then the centre, normalised."""
    side = min(image.size)
    left, upper = (image.width - side) // 2, (image.height - side) // 2
    box = (left, upper, left + side, upper + side)
    return normalised(image.resize((pixels, pixels), Image.Resampling.BICUBIC, box=box))


def normalised(image: Image.Image) -> Float[Tensor, "3 H W"]:
    """Pixels over 255, minus CLIP's mean, over its deviation."""
    pixels = torch.from_numpy(np.array(image, np.uint8)).permute(2, 0, 1).float() / 255
    return (pixels - MEAN) / STD
