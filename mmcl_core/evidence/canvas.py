"""The canvas of every figure: the house style and palette, at the width of a page or, `narrow`, of a phone.

A reader's own matplotlib settings (a `matplotlibrc`, `MPLBACKEND`) neither change a figure nor stop it: the style
starts from matplotlib's own defaults.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any


def matplotlib_for_anybody() -> ModuleType:
    """Matplotlib, imported also where `MPLBACKEND` names a backend that it does not know and at which it would stop.

    We draw on canvases of our own, so the name matters only to the reader's own plots: it is handed on afterwards.
    """
    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    wanted = os.environ.pop("MPLBACKEND", None)
    loaded = importlib.import_module("matplotlib")
    if wanted is not None:
        os.environ["MPLBACKEND"] = wanted
        with contextlib.suppress(ValueError):
            loaded.rcParams["backend"] = wanted
    return loaded


mpl = matplotlib_for_anybody()
import matplotlib.style  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402, F401, so that drawings import matplotlib through this module
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.legend import Legend  # noqa: E402

# Okabe and Ito's colour-blind safe palette, by meaning; orange and sky blue darkened to a contrast of 3 on white.
MULTI = CONTRASTIVE = "#0072B2"
SINGLE = NONCONTRASTIVE = SUPERVISED = "#D55E00"
THIRD = "#009E73"
FOURTH = "#CC79A7"
FIFTH = "#C58800"
SIXTH = "#3A9BDC"
THEORY = "#000000"
THRESHOLD = PUBLISHED = "#777777"  # thin dashed lines; what the paper printed

# An ordered quantity (directions, ranks, sizes) from its first to its last value.
ORDERED = ("#0E0B2B", "#36106B", "#641A80", "#902A81", "#BF3A77", "#E44F64")

# The same meanings on a dark page; greys are mirrored (`on_dark`).
DARK = {
    MULTI: "#4AA3DF",
    SINGLE: "#F0813A",
    THIRD: "#2DBE93",
    FOURTH: "#DB93BC",
    FIFTH: "#F0C040",
    SIXTH: "#9AD4F5",
    **dict(zip(ORDERED, ("#FCF4B6", "#FECF92", "#FEA973", "#FA7D5E", "#E85362", "#C23B75"), strict=True)),
}
# Marks on maps and images, which are the same on both pages, stay as they are.
LIGHT_MARK, DARK_MARK = "#FEFEFD", "#020201"

LIGHT_GROUND, DARK_GROUND = "#FFFFFF", "#121212"

# Widths in inches: a column of text and half of it, and the screen of a phone. Pages show figures at these widths
# (7 in are 672 px of a page 688 px wide, 3.55 in are 341 px of a screen 390 px wide), so that 8 pt are 8 pt.
PAGE, COLUMN, NARROW = 7.0, 3.4, 3.55

FINEST = 300  # dots per inch of a png

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.labelspacing": 0.3,
    "legend.columnspacing": 1.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    # As large as the text around it. (The Computer Modern fonts that come with matplotlib look two points smaller, and
    # bear dates before 1970, at which a PDF's font library warns eight times a file.)
    "mathtext.fontset": "dejavusans",
    "savefig.transparent": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "mmcl",
    "pdf.fonttype": 42,
    "figure.constrained_layout.use": True,
}


def ordered(n: int) -> list[str]:
    """`n` colours of an ordered quantity, as far apart as may be."""
    return [ORDERED[round(k)] for k in np.linspace(0, len(ORDERED) - 1, n)] if n > 1 else [ORDERED[1]]


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib's own defaults with the house style on top, whatever the reader's configuration says."""
    with matplotlib.style.context(["default", STYLE]):
        yield


def on_dark(colour: str) -> str:
    """The colour "#rrggbb" that means on a dark page what `colour` means on a white one.

    Greys are mirrored (black ink becomes light, white fillings become the ground), the palette is looked up, and any
    other colour, such as that of a digit, stays.
    """
    channels = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    if len(set(channels)) > 1:
        return DARK.get(colour.upper(), colour)
    ink, ground = 230, int(DARK_GROUND[1:3], 16)
    return "#" + 3 * f"{round(ink + (ground - ink) * channels[0] / 255):02x}"


class Canvas(Figure):
    """A figure `size` inches wide and high; `narrow`, it is as wide as a phone and its panels stand under each other.

    Drawings read `narrow` only where stacking is not enough.
    """

    def __init__(self, size: tuple[float, float], narrow: bool = False, narrow_height: float | None = None) -> None:
        self.narrow, self._fixed_height, self._stacked = narrow, narrow_height, False
        super().__init__(figsize=(NARROW, narrow_height or size[1]) if narrow else size)
        FigureCanvasAgg(self)  # measures text before anything is saved

    def subplots(self, nrows: int = 1, ncols: int = 1, *, narrow: tuple[int, int] | None = None, **options: Any) -> Any:
        """As in matplotlib; on a narrow canvas one panel a row, or the grid `narrow`, read along the rows."""
        if not self.narrow or nrows * ncols == 1 or (ncols == 1 and narrow is None):
            return super().subplots(nrows, ncols, **options)
        rows, columns = narrow or (nrows * ncols, 1)
        sharex, sharey = (options.get(name, False) for name in ("sharex", "sharey"))
        axes = super().subplots(rows, columns, squeeze=False).ravel()[: nrows * ncols].reshape(nrows, ncols)
        for i, j in np.ndindex(nrows, ncols):
            for shared, join, by_row, by_column in ((sharex, "sharex", "row", "col"), (sharey, "sharey", "row", "col")):
                head = {True: axes[0, 0], by_row: axes[i, 0], by_column: axes[0, j]}.get(shared)
                if head is not None and head is not axes[i, j]:
                    getattr(axes[i, j], join)(head)
        if self._fixed_height is None:
            panel = min(max(self.get_figheight() / nrows, 1.8), 2.3)
            self.set_size_inches(NARROW, panel * rows)
        self._stacked = True
        return axes if min(nrows, ncols) > 1 or not options.get("squeeze", True) else axes.ravel()

    def subfigures(self, nrows: int = 1, ncols: int = 1, **options: Any) -> Any:
        """As in matplotlib; on a narrow canvas those of one row stand under each other."""
        if self.narrow and nrows == 1:
            nrows, ncols = ncols, 1
            options.pop("width_ratios", None)
        return super().subfigures(nrows, ncols, **options)

    def legend(self, *args: Any, **options: Any) -> Legend:
        """As in matplotlib, with as many columns as the width holds; beside panels it goes above them when narrow."""
        place = str(options.get("loc", ""))
        if self.narrow and place.startswith("outside right"):
            place, options = "outside upper center", options | {"loc": "outside upper center", "ncols": 3}
        drawn = super().legend(*args, **options)
        if not place.startswith("outside right"):
            for columns in range(options.get("ncols", 1), 0, -1):
                if drawn.get_window_extent().width <= self.bbox.width:
                    break
                drawn.remove()
                drawn = super().legend(*args, **options | {"ncols": columns})
            entries = len(drawn.get_texts())
            if (even := -(-entries // -(-entries // columns))) < columns:  # no last column of one
                drawn.remove()
                drawn = super().legend(*args, **options | {"ncols": even})
        return drawn

    def settle(self) -> None:
        """Give every panel its place, once for all formats that are saved: finding it takes as long as drawing.

        Measured at the resolution of the finest format, where rounding to pixels moves nothing that one could see.
        """
        self.set_dpi(FINEST)
        if (engine := self.get_layout_engine()) is not None:  # there is one in the house style
            engine.execute(self)
            if self._cut():  # a legend hung below a panel has moved with it
                engine.execute(self)
            self.set_layout_engine("none")

    def _cut(self) -> bool:
        """Whether the edge of the drawing cuts an axis, its label or its numbers."""
        axes = [axis for ax in self.axes if ax.axison for axis in (ax.xaxis, ax.yaxis)]
        boxes = [box for axis in axes if (box := axis.get_tightbbox()) is not None]
        width, height = self.bbox.size
        return any(b.x0 < 0 or b.y0 < 0 or b.x1 > width or b.y1 > height for b in boxes)

    def complete(self) -> None:
        """Give stacked panels the axis labels that they shared with a neighbour."""
        if not self._stacked:
            return
        for ax in self.axes:
            for label, group in (("xlabel", ax.get_shared_x_axes()), ("ylabel", ax.get_shared_y_axes())):
                named = [getattr(other, f"get_{label}")() for other in group.get_siblings(ax)]
                if not getattr(ax, f"get_{label}")() and (found := next(filter(None, named), "")):
                    ax.set(**{label: found})
