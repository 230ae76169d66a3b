"""An SVG of matplotlib in half its bytes and the same picture: no ballast, short names, paths of relative steps.

Eighty figures with two drawings each are most of the site; what matplotlib writes is made to be read by programs.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import count, product
from string import ascii_lowercase

STYLE = re.compile(r' style="([^"]*)"')
PATH = re.compile(r'(?<= d=")([MLQCz\d\s.-]*)(?=")')
STEP = re.compile(r"([MLQCz])([^MLQCz]*)")
# Lengths outside of paths: places and shifts (not scales, where a hundredth matters).
LENGTHS = re.compile(r'(?<=translate\()[^)]*|(?<= [xy]=")[^"]*')
# Comments, the names of groups, an outdated prefix.
BALLAST = re.compile(r'<!--.*?-->|(?<=<g) id="[^"]*"|(?<= )xlink:(?=href="#)', re.DOTALL)
NAME = re.compile(r'(?<= id=")(?!dark")[^"]+(?=")')
USE = re.compile(r'<use ([^>]*?)transform="translate\((\S+) (\S+)\)"([^>]*)/>')


def compact(text: str) -> str:
    """The drawing with lengths to a hundredth of a point."""
    text = BALLAST.sub("", text)
    text = PATH.sub(lambda found: relative(found[1]), text)
    text = LENGTHS.sub(lambda found: re.sub(r"(\.\d{2})\d+", r"\1", " ".join(found[0].split())), text)
    text = USE.sub(shifted, text)
    text = re.sub(r"\n\s*", "\n", text).replace(">\n<", "><")
    text, rules = named_styles(text)
    return short_names(text.replace("</style>", f"{rules}</style>", 1))


def relative(path: str) -> str:
    """A path with steps from point to point, in hundredths: `M 10.00 20.00 L 10.53 20` is `M10 20l.53 0`.

    Steps are differences of rounded points, so that nothing adds up along the way.
    """
    written, here, begin, last = [], (0, 0), (0, 0), ""
    for letter, rest in STEP.findall(path):
        if letter == "z":
            here, last = begin, ""
            written.append("z")
            continue
        numbers = [round(100 * float(x)) for x in rest.split()]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        steps = points if letter == "M" else [(x - here[0], y - here[1]) for x, y in points]
        here = points[-1]
        begin = here if letter == "M" else begin
        said = "".join(map(number, (x for step in steps for x in step)))
        written.append(said if letter == last else (letter if letter == "M" else letter.lower()) + said.strip())
        last = letter
    return "".join(written)


def number(hundredths: int) -> str:
    """A number with what parts it from the one before: a blank, or its sign."""
    said = f"{abs(hundredths) / 100:.2f}".rstrip("0").rstrip(".")
    said = said.removeprefix("0") or "0"
    return ("-" if hundredths < 0 else " ") + said


def shifted(found: re.Match[str]) -> str:
    """A copy that is only shifted, with its shift as a place: `x="3"` for `transform="translate(3 0)"`."""
    before, x, y, after = found.groups()
    place = "".join(f'{name}="{value}" ' for name, value in (("x", x), ("y", y)) if float(value))
    return f"<use {before}{place}{after.strip()}".rstrip() + "/>"


def named_styles(text: str) -> tuple[str, str]:
    """A drawing in which a style that stands more than once has a name, and the rules of these names: matplotlib
    writes the style of a hundred lines a hundred times."""
    seen = Counter(STYLE.findall(text))
    names = {style: f"s{k}" for k, style in enumerate(s for s, n in seen.items() if n > 1)}
    rules = "".join(f" .{name}{{{style}}}" for style, name in names.items())
    return STYLE.sub(lambda found: f' class="{names[found[1]]}"' if found[1] in names else found[0], text), rules


def short_names(text: str) -> str:
    """A drawing whose shapes are named a, b, c ... instead of `DejaVuSans-14`, at each of their uses."""
    letters = ("".join(word) for length in count(1) for word in product(ascii_lowercase, repeat=length))
    short = dict(zip(dict.fromkeys(NAME.findall(text)), (w for w in letters if w != "dark"), strict=False))
    text = NAME.sub(lambda found: short[found[0]], text)
    return re.sub(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+', lambda found: short.get(found[0], found[0]), text)
