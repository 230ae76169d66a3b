"""A drawn canvas as the bytes of a file: svg, pdf or png."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import BytesIO

from fontTools import subset

from mmcl_core.evidence.canvas import Canvas

DPI = {"svg": 150, "pdf": 300, "png": 300}  # of maps in a vector format, of everything in a png
SETTING = ["GSUB", "GPOS", "GDEF", "kern"]


@contextmanager
def placed_glyphs() -> Iterator[None]:
    """A PDF says of every glyph where it stands, so its fonts need no tables of how a text is set. Reading these is
    half of the time that a PDF takes; fontTools leaves out what it is told to."""
    whole = subset.Options
    left_out = [*whole().drop_tables, *SETTING]
    subset.Options = partial(whole, drop_tables=left_out)
    try:
        yield
    finally:
        subset.Options = whole


def saved(canvas: Canvas, format: str, metadata: Mapping[str, str | None]) -> bytes:
    """The file; the same canvas gives the same bytes. Within `house_style`."""
    buffer = BytesIO()
    with placed_glyphs():
        canvas.savefig(buffer, format=format, dpi=DPI[format], metadata=dict(metadata))
    return buffer.getvalue()
