"""Figures: a tidy data table, a drawing of that table, a caption and alt text; and the marks they share.

One meaning, one look, through the whole book: multi-modal or contrastive is blue, single-modal or supervised is
vermillion, a third method green; theory is a black line, simulation is coloured dots or a line with a band; what the
paper printed is grey.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmcl_core.errors import InputError, unknown
from mmcl_core.evidence.canvas import (  # noqa: F401, the palette is this module's too
    COLUMN,
    CONTRASTIVE,
    DARK_MARK,
    FIFTH,
    FOURTH,
    LIGHT_MARK,
    MULTI,
    NONCONTRASTIVE,
    PAGE,
    PUBLISHED,
    SINGLE,
    SIXTH,
    SUPERVISED,
    THEORY,
    THIRD,
    THRESHOLD,
    Axes,
    Canvas,
    house_style,
    ordered,
)
from mmcl_core.evidence.origin import Origin
from mmcl_core.evidence.saving import saved
from mmcl_core.lab.run import Result

FORMATS = ("svg", "pdf", "png", "csv")


@dataclass(frozen=True)
class Figure:
    """A drawn figure: what it shows (`data`), how (`draw` on an empty canvas), and in words.

    caption : what to see, in at most 60 words
    note : how marks are to be read and what data they are of, for those who want to know
    alt : the picture in words, without formulas
    size : inches on a page; on a phone panels are stacked, `narrow_height` inches high together (None: by their number)
    origin : where it comes from, put in by `FigureSpec.make`
    """

    data: pd.DataFrame
    draw: Callable[[Canvas], None]
    caption: str
    alt: str
    size: tuple[float, float] = (PAGE, 2.6)
    note: str = ""
    narrow_height: float | None = None
    origin: Origin | None = field(default=None, repr=False)

    def canvas(self, narrow: bool = False) -> Canvas:
        """The figure drawn, for those who want to look at its parts; within `house_style`."""
        canvas = Canvas(self.size, narrow, self.narrow_height)
        self.draw(canvas)
        canvas.complete()
        canvas.settle()
        return canvas

    def render(self, format: str, narrow: bool = False) -> bytes:
        """The picture as svg (maps in it at 150 dpi), pdf or png (300 dpi), or its data table as csv. The same figure
        gives the same bytes.

        `narrow` draws it for the screen of a phone.

        Raises
        ------
        InputError
            For another format.
        """
        return self.renders((format,), narrow)[format]

    def renders(self, formats: Sequence[str], narrow: bool = False) -> dict[str, bytes]:
        """The same in several formats, drawn once."""
        for format in formats:
            if format not in FORMATS:
                raise unknown("format", format, FORMATS)
        files = {"csv": self.data.to_csv(index=False, float_format="%.8g").encode()} if "csv" in formats else {}
        if drawings := [format for format in formats if format != "csv"]:
            with house_style():
                canvas = self.canvas(narrow)
                files |= {format: saved(canvas, format, self._metadata(format)) for format in drawings}
        return files

    def _metadata(self, format: str) -> dict[str, str | None]:
        if self.origin is not None:
            return self.origin.metadata(format)
        return {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[format]

    def export(self, folder: Path, name: str, formats: Sequence[str]) -> list[Path]:
        """Write `folder/name.<format>` for each format, a csv with its provenance beside it, and return the paths.

        Raises
        ------
        InputError
            For an unknown format, or a folder that cannot be written.
        """
        contents = {folder / f"{name}.{format}": content for format, content in self.renders(formats).items()}
        if "csv" in formats and self.origin is not None:
            contents[folder / f"{name}.csv-metadata.json"] = self.origin.sidecar(f"{name}.csv")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, content in contents.items():
                path.write_bytes(content)
        except OSError as error:
            raise InputError(
                f"The figure could not be written to {str(folder)[-120:]} ({error.strerror}): name a "
                "writable folder with --out"
            ) from None
        return list(contents)


@dataclass(frozen=True)
class FigureSpec:
    """A declared figure: `build(*results)` makes it from the results of `experiments`, in that order.

    paper : its name in the paper ("Fig. 6"), empty where the paper has no such figure
    """

    id: str
    title: str
    experiments: tuple[str, ...]
    build: Callable[..., Figure]
    paper: str = ""

    def make(self, results: Callable[[str], Result]) -> Figure:
        runs = tuple(results(name) for name in self.experiments)
        return replace(self.build(*runs), origin=Origin(self.id, self.title, self.build.__module__, runs))


def figure(
    id: str, title: str, experiments: Sequence[str], paper: str = ""
) -> Callable[[Callable[..., Figure]], FigureSpec]:
    """Declare the decorated function as figure `id` ("huang2024.fig1"), which is `paper` ("Fig. 1") in the paper."""
    return lambda build: FigureSpec(id, title, tuple(experiments), build, paper)


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
    geometric: bool = False,
    **style: Any,
) -> None:
    """Simulation dots: the mean over seeds with an error bar of one standard deviation.

    `geometric` for logarithmic axes: both are of the logarithm.
    """
    values = np.log(samples) if geometric else samples
    centre, spread = values.mean(0), values.std(0, ddof=1) if len(samples) > 1 else np.zeros(samples.shape[1])
    low, high = centre - spread, centre + spread
    if geometric:
        low, centre, high = np.exp(low), np.exp(centre), np.exp(high)
    ax.errorbar(
        x,
        centre,
        yerr=[centre - low, high - centre] if len(samples) > 1 else None,
        color=color,
        label=label,
        **({"fmt": "o", "capsize": 2, "elinewidth": 0.8} | style),
    )


def theory(ax: Axes, x: Float[np.ndarray, N], y: Float[np.ndarray, N], label: str | None = None, **line: Any) -> None:
    """A theory line."""
    ax.plot(x, y, **({"color": THEORY, "linewidth": 1.0, "label": label} | line))


def threshold(ax: Axes, value: float, formula: str, axis: str = "x", below: bool = False) -> None:
    """A thin dashed grey line at `value` with its formula written beside it, for axis "y" above it or `below` it."""
    (ax.axvline if axis == "x" else ax.axhline)(value, color=THRESHOLD, linestyle="--", linewidth=0.8, zorder=0)
    if axis == "x":
        ax.annotate(
            formula,
            (value, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -2),
            textcoords="offset points",
            va="top",
            color="#555555",
        )
    else:
        ax.annotate(
            formula,
            (0.99, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, -2 if below else 2),
            textcoords="offset points",
            ha="right",
            va="top" if below else "bottom",
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
