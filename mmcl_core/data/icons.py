"""Icons with names: real pairs of a picture and a few words, drawn at run time from the fonts of the package
`qtawesome`.

The package is never imported (that wants Qt); its font files are read and checked like any other data source.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from mmcl_core.data.sources import find_source
from mmcl_core.errors import InputError, unknown

SOURCE = "qtawesome"

FONTS = {  # font file and its map from names to code points
    "mdi6": ("materialdesignicons6-webfont-6.9.96.ttf", "materialdesignicons6-webfont-charmap-6.9.96.json"),
    "phosphor": ("phosphor-1.3.0.ttf", "phosphor-charmap-1.3.0.json"),
    "remix": ("remixicon-2.5.0.ttf", "remixicon-charmap-2.5.0.json"),
    "fa6s": ("fontawesome6-solid-webfont-6.7.2.ttf", "fontawesome6-solid-webfont-charmap-6.7.2.json"),
}


@dataclass(frozen=True)
class Icons:
    """`images` `[N, size, size]`, white on black in 0..255, and `names`, lower-case words of each."""

    images: UInt8[np.ndarray, "N H W"]
    names: tuple[tuple[str, ...], ...]


def provenance() -> dict[str, str]:
    """`{source: SHA-256}` of the fonts and the version of Pillow, which draws them, for store keys and captions.

    Raises
    ------
    InputError
        When the package is not installed, or one of its files is missing or damaged.
    """
    source = find_source(SOURCE)
    if source.locate() is None:
        raise InputError(f"The icons need the fonts of the Python package {SOURCE}, which is {source.status()}")
    return {SOURCE: source.sha256, "pillow": version("pillow")}


@lru_cache(maxsize=4)
def icons(font: str = "mdi6", size: int = 16) -> Icons:
    """All icons of `font` at `size` pixels. One code point is drawn once, under the first of its names.

    Raises
    ------
    InputError
        For an unknown font, a size outside 8 to 256, or a package that is missing or damaged.
    """
    if font not in FONTS:
        raise unknown("icon font", font, FONTS)
    if not 8 <= size <= 256:
        raise InputError(f"Icons of {size} pixels cannot be drawn: allowed are 8 to 256")
    provenance()
    glyphs, names = (find_source(SOURCE).locate()[file] for file in FONTS[font])
    points: dict[int, tuple[str, ...]] = {}
    for name, point in json.loads(names.read_text()).items():
        points.setdefault(int(str(point), 16), tuple(re.findall(r"[^\W_]+", name.lower())))
    typeface = ImageFont.truetype(str(glyphs), size)
    images = np.stack([_draw(chr(point), typeface, size) for point in points])
    return Icons(images, tuple(points.values()))


def _draw(glyph: str, typeface: ImageFont.FreeTypeFont, size: int) -> UInt8[np.ndarray, "H W"]:
    """The glyph in the middle; one that is larger than its font's size (many of Font Awesome are) is made to fit."""
    left, top, right, bottom = typeface.getbbox(glyph, anchor="mm")
    if (largest := max(right - left, bottom - top)) > size:
        typeface = typeface.font_variant(size=size * size / largest)
    image = Image.new("L", (size, size), 0)
    ImageDraw.Draw(image).text((size / 2, size / 2), glyph, font=typeface, fill=255, anchor="mm")
    return np.asarray(image)


def vocabulary(names: Sequence[Sequence[str]], least: int = 1) -> tuple[str, ...]:
    """The words that stand in at least `least` names, most frequent first, then by alphabet."""
    counts = Counter(word for name in names for word in set(name))
    return tuple(sorted((w for w, n in counts.items() if n >= least), key=lambda w: (-counts[w], w)))


def bag_of_words(names: Sequence[Sequence[str]], words: Sequence[str]) -> Float[np.ndarray, "N V"]:
    """1 where a name has the word, else 0; words outside the vocabulary are left out."""
    index = {word: k for k, word in enumerate(words)}
    bags = np.zeros((len(names), len(words)), np.float32)
    for row, name in enumerate(names):
        bags[row, [index[word] for word in name if word in index]] = 1
    return bags
