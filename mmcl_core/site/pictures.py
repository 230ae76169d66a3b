"""Figures on the pages: one drawing for a page and one for a phone, each light and dark.

A drawing file holds its dark version too: it shows it when its address ends in `#dark`. So a figure costs two files,
not four. Pages show them with plain HTML, without scripts; `zoom.js` enlarges them.
"""

from __future__ import annotations

import re
from pathlib import Path

from mmcl_core.evidence.canvas import on_dark
from mmcl_core.evidence.figures import Figure
from mmcl_core.site.compact import compact

PHONE = "(max-width: 600px)"
COLOUR = re.compile(r"(?<=: )#([0-9a-f]{6})\b")


def web_drawing(svg: bytes) -> bytes:
    """An SVG of matplotlib for a page: dark at `#dark`, and compact."""
    text = svg.decode()
    colours = {name: on_dark(f"#{name}").lower() for name in dict.fromkeys(COLOUR.findall(text))}
    turned = {name: other for name, other in colours.items() if other != f"#{name}"}
    text = COLOUR.sub(lambda found: f"var(--c{found[1]})" if found[1] in turned else found[0], text)
    light = "".join(f"--c{name}: #{name}; " for name in turned)
    dark = "".join(f"--c{name}: {other}; " for name, other in turned.items())
    # Ink without a colour of its own is SVG's black.
    style = f":root{{fill: var(--ink); --ink: #000; {light}}} :root:target{{--ink: {on_dark('#000000')}; {dark}}}"
    text = text.replace('<style type="text/css">', f'<style type="text/css">{style}', 1)
    return compact(text.replace("<svg ", '<svg id="dark" ', 1)).encode()


def write(figure: Figure, svg: bytes, folder: Path, stem: str) -> None:
    """The two drawings of a figure for the site: `stem.svg`, made of its drawing `svg`, and `stem-narrow.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.svg").write_bytes(web_drawing(svg))
    (folder / f"{stem}-narrow.svg").write_bytes(web_drawing(figure.render("svg", narrow=True)))


IMAGE = re.compile(r"<img\b[^>]*\bbook-figure\b[^>]*>")


def pictures(page: str, sizes: dict[str, tuple[int, int]]) -> str:
    """A page of the built site with each figure's image replaced by the drawings that fit.

    sizes : width and height in pixels of every drawing by its path under `figures/`, so that a page does not jump
    """

    def picture(found: re.Match[str]) -> str:
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', found[0]))
        folder, _, path = told["src"].rpartition("figures/")
        path = path.removesuffix(".svg")
        if f"{path}-narrow" not in sizes:
            return found[0]
        drawings = ""
        for theme, fragment in (("light", ""), ("dark", "#dark")):
            address, (width, height) = f"{folder}figures/{path}", sizes[path]
            phone, (narrow_width, narrow_height) = f"{address}-narrow.svg{fragment}", sizes[f"{path}-narrow"]
            source = f'<source media="{PHONE}" width="{narrow_width}" height="{narrow_height}" srcset="{phone}">'
            drawings += (
                f'<picture class="only-{theme}">{source if told["alt"] else ""}<img alt="{told["alt"]}" '
                f'class="book-figure dark-light" src="{address}.svg{fragment}" width="{width}" height="{height}" '
                f'loading="lazy"></picture>'
            )
        return drawings

    return IMAGE.sub(picture, page)


def size(drawing: Path) -> tuple[int, int]:
    """Width and height of an SVG in CSS pixels."""
    head = drawing.read_text(encoding="utf-8")[:1000]
    width, height = (float(re.search(rf'{name}="([\d.]+)pt"', head)[1]) for name in ("width", "height"))
    return round(width / 0.75), round(height / 0.75)


def sizes_of(figures: Path) -> dict[str, tuple[int, int]]:
    """The size of every drawing in a folder, by its path there without its ending."""
    return {p.relative_to(figures).with_suffix("").as_posix(): size(p) for p in figures.rglob("*.svg")}
