"""The gallery: every figure with its thumbnail, its place, its command, and the drawing and its data one click away."""

from __future__ import annotations

import html
import inspect
import shutil
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mmcl_core.evidence.figures import Figure, FigureSpec
from mmcl_core.evidence.paper import Paper
from mmcl_core.site import pictures
from mmcl_core.site.render import text

FORMATS = ("pdf", "svg", "png", "csv")


def lighter(png: bytes) -> bytes:
    """A PNG with a palette of 128 colours, a fourth of the size and to the eye the same."""
    target, image, told = BytesIO(), Image.open(BytesIO(png)), PngInfo()
    for name, value in image.text.items():  # where it comes from
        told.add_text(name, value)
    fewer = image.quantize(128, method=Image.Quantize.FASTOCTREE)
    fewer.save(target, "PNG", optimize=True, pnginfo=told)
    return target.getvalue()


def source(spec: FigureSpec) -> Path:
    """The module that draws a figure."""
    return Path(inspect.getfile(spec.build))


def write_files(folder: Path, spec: FigureSpec, figure: Figure, drawn: dict[str, bytes]) -> None:
    """Write a figure's drawings for the pages, its files in every format, and the module that drew it, into
    `folder/<paper>/`. `drawn`: the figure as svg, pdf and png."""
    path = folder / spec.id.replace(".", "/", 1)
    pictures.write(figure, drawn["svg"], path.parent, path.name)
    figure.export(path.parent, path.name, ("csv",))
    path.with_suffix(".pdf").write_bytes(drawn["pdf"])
    path.with_suffix(".png").write_bytes(lighter(drawn["png"]))
    shutil.copyfile(source(spec), path.parent / source(spec).name)  # one file for all figures of a module


def gallery(papers: Sequence[Paper], figures: Path, places: dict[str, str]) -> str:
    """The page below its introduction. `places`: the page on which a figure is shown, by the figure's id."""
    return "".join(section(paper, figures, places) for paper in papers)


def section(paper: Paper, figures: Path, places: dict[str, str]) -> str:
    """The figures of one paper that this build has drawn."""
    cards = [
        card(spec.id, spec.title, places[spec.id])
        for spec in paper.figures
        if spec.id in places and (figures / paper.key / f"{stem(spec.id)}.svg").exists()
    ]
    return f'<h2>{html.escape(paper.authors)}</h2><ul class="gallery">{"".join(cards)}</ul>'


def stem(id: str) -> str:
    """The file name of a figure."""
    return id.partition(".")[2]


def card(id: str, title: str, page: str) -> str:
    """One figure."""
    path = f"figures/{id.replace('.', '/', 1)}"
    anchor = f"chapters/{page}.html#fig-{id.replace('.', '-').replace('_', '-')}"
    command = f"mmcl figure {id} --format pdf,csv"
    links = " ".join(
        f'<a href="{path}.{f}" aria-label="{html.escape(title)} as {f.upper()}">{f.upper()}</a>' for f in FORMATS
    )
    return (
        f'<li><a href="{anchor}" tabindex="-1" aria-hidden="true">'
        f'<img src="{path}.svg" alt="" loading="lazy" class="book-figure"></a>'
        f'<p><a href="{anchor}"><b>{text(title)}</b></a></p><p class="formats">{links}</p>'
        f'<p><code>{command}</code> <button type="button" data-copy="{command}">Copy</button></p></li>'
    )


def places(ledgers: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The page that shows each figure."""
    return {name: page for ledger in ledgers for name, page in ledger["figures"].items()}
