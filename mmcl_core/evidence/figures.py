"""Figures: a tidy data table, a drawing of that table, a caption and alt text; and the house style they share.

One meaning, one look, through the whole book: multi-modal or contrastive is blue, single-modal or supervised is
vermillion, a third method green; theory is a black line, simulation is coloured dots or a line with a band.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from mmcl_core.errors import InputError, unknown
from mmcl_core.lab.run import Result

FORMATS = ("svg", "pdf", "png", "csv")

# Okabe and Ito's colour-blind safe palette, by meaning.
MULTI = CONTRASTIVE = "#0072B2"
SINGLE = NONCONTRASTIVE = SUPERVISED = "#D55E00"
THIRD = "#009E73"
FOURTH = "#CC79A7"
FIFTH = "#E69F00"
THEORY = "#000000"
THRESHOLD = "#777777"

COLUMN, PAGE = 3.3, 6.8  # widths in inches

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "mathtext.fontset": "cm",
    "savefig.transparent": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "mmcl",
    "pdf.fonttype": 42,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Figure:
    """A drawn figure: what it shows (`data`), how (`draw` on an empty canvas), and in words (`caption`, `alt`)."""

    data: pd.DataFrame
    draw: Callable[[Canvas], None]
    caption: str
    alt: str
    size: tuple[float, float] = (PAGE, 2.6)

    def render(self, format: str) -> bytes:
        """The picture as svg, pdf or png (300 dpi), or its data table as csv. The same figure gives the same bytes.

        Raises
        ------
        InputError
            For another format.
        """
        if format not in FORMATS:
            raise unknown("format", format, FORMATS)
        if format == "csv":
            return self.data.to_csv(index=False, float_format="%.8g").encode()
        with mpl.rc_context(STYLE):
            canvas = Canvas(figsize=self.size)
            self.draw(canvas)
            buffer = BytesIO()
            dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[format]
            canvas.savefig(buffer, format=format, dpi=300, metadata=dateless)
        return buffer.getvalue()

    def export(self, folder: Path, name: str, formats: Sequence[str]) -> list[Path]:
        """Write `folder/name.<format>` for each format and return the paths.

        Raises
        ------
        InputError
            For an unknown format, or a folder that cannot be written.
        """
        contents = {folder / f"{name}.{format}": self.render(format) for format in formats}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, content in contents.items():
                path.write_bytes(content)
        except OSError as error:
            raise InputError(
                f"The figure could not be written to {folder} ({error.strerror}): name a writable folder with --out"
            ) from None
        return list(contents)


@dataclass(frozen=True)
class FigureSpec:
    """A declared figure: `build(*results)` makes it from the results of `experiments`, in that order."""

    id: str
    title: str
    experiments: tuple[str, ...]
    build: Callable[..., Figure]

    def make(self, results: Callable[[str], Result]) -> Figure:
        return self.build(*(results(name) for name in self.experiments))


def figure(id: str, title: str, experiments: Sequence[str]) -> Callable[[Callable[..., Figure]], FigureSpec]:
    """Declare the decorated function as figure `id` ("huang2024.fig1")."""
    return lambda build: FigureSpec(id, title, tuple(experiments), build)


def band(
    ax: Axes,
    x: Float[np.ndarray, T],
    samples: Float[np.ndarray, "S T"],
    color: str,
    label: str | None = None,
    **line: Any,
) -> None:
    """The mean over seeds as a line and one standard deviation as a band; the caption names the interval."""
    centre = samples.mean(0)
    spread = samples.std(0, ddof=1) if len(samples) > 1 else np.zeros_like(centre)
    ax.plot(x, centre, color=color, label=label, **line)
    ax.fill_between(x, centre - spread, centre + spread, color=color, alpha=0.2, linewidth=0)


def dots(
    ax: Axes,
    x: Float[np.ndarray, N],
    samples: Float[np.ndarray, "S N"],
    color: str,
    label: str | None = None,
    **style: Any,
) -> None:
    """Simulation dots: the mean over seeds with an error bar of one standard deviation."""
    spread = samples.std(0, ddof=1) if len(samples) > 1 else None
    ax.errorbar(
        x,
        samples.mean(0),
        yerr=spread,
        color=color,
        label=label,
        **({"fmt": "o", "capsize": 2, "elinewidth": 0.8} | style),
    )


def theory(ax: Axes, x: Float[np.ndarray, N], y: Float[np.ndarray, N], label: str | None = None, **line: Any) -> None:
    """A theory line."""
    ax.plot(x, y, **({"color": THEORY, "linewidth": 1.0, "label": label} | line))


def threshold(ax: Axes, value: float, formula: str, axis: str = "x") -> None:
    """A thin dashed grey line at `value` with its formula written beside it."""
    (ax.axvline if axis == "x" else ax.axhline)(value, color=THRESHOLD, linestyle="--", linewidth=0.8, zorder=0)
    if axis == "x":
        ax.annotate(
            formula,
            (value, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -2),
            textcoords="offset points",
            va="top",
            fontsize=7,
            color="#555555",
        )
    else:
        ax.annotate(
            formula,
            (0.99, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            fontsize=7,
            color="#555555",
        )


def log_ticks(ax: Axes, values: Sequence[float]) -> None:
    """Label a short logarithmic x axis at exactly `values`; matplotlib's own minor labels collide there."""
    ax.set_xticks(list(values), [f"{v:g}" for v in values])
    ax.minorticks_off()


def panel_letters(axes: Sequence[Axes]) -> None:
    """a, b, c ... at the upper left corner of each panel."""
    for letter, ax in zip("abcdefghijkl", axes, strict=False):
        ax.annotate(
            letter,
            (0, 1),
            xycoords="axes fraction",
            xytext=(-14, 5),
            textcoords="offset points",
            fontweight="bold",
            fontsize=9,
        )


def tidy(seeds: Sequence[int], **columns: Float[np.ndarray, "S T"]) -> pd.DataFrame:
    """A long table with one row per (seed, index): each column an array `[S, T]`, or `[T]` shared by all seeds."""
    length = next(a.shape[1] for a in map(np.asarray, columns.values()) if a.ndim == 2)
    table: dict[str, Any] = {"seed": np.repeat(np.asarray(seeds), length)}
    for name, column in columns.items():
        table[name] = np.broadcast_to(np.asarray(column), (len(seeds), length)).ravel()
    return pd.DataFrame(table)
