"""Figs. 5, 6 and 7, redrawn from the numbers printed in the paper's tables: not results of ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from mmcl_core.figures import FIFTH, MULTI, PAGE, THIRD, Figure, figure, panel_letters
from mmcl_core.papers.yaras2024 import published
from mmcl_core.papers.yaras2024.experiments.printed import PAIRS
from mmcl_core.run import Result

LABELS = {
    "gap": r"modality gap $\Delta$",
    "uniformity": r"uniformity $-W_2$",
    "image_retrieval": "image retrieval (%)",
    "text_retrieval": "text retrieval (%)",
    "zero_shot": "zero-shot (%)",
    "linear_probe": "linear probe (%)",
}
GROUPS = {"baseline": ("#000000", "D"), "temperature": (MULTI, "o"), "swap": (THIRD, "^"), "none": ("#777777", "x")}


def scatter(ax: Axes, x: str, y: str, methods: tuple[str, ...], faint: bool = False) -> None:
    for method in methods:
        row = published.row(method)
        colour, marker = GROUPS[row.group]
        ax.plot(getattr(row, x), getattr(row, y), marker, color=colour, markersize=4, alpha=0.25 if faint else 1.0, markeredgewidth=0 if marker != "x" else 1)
    ax.set(xlabel=LABELS[x], ylabel=LABELS[y])


def trend(ax: Axes, x: str, y: str, methods: tuple[str, ...]) -> None:
    a, b = published.column(x, methods), published.column(y, methods)
    line = np.polyfit(a, b, 1)
    ends = np.array([a.min(), a.max()])
    ax.plot(ends, np.polyval(line, ends), color=FIFTH, linestyle="--", linewidth=1)


def table(methods: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame([vars(published.row(m)) for m in methods])


@figure("yaras2024.fig5", "Gap and uniformity, the paper's numbers", ["yaras2024.correlations"])
def fig5(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        scatter(ax, "gap", "uniformity", published.FIGURE_5)
        placed = {
            "HS 1": (6, -2),
            "TS S1": (6, -2),
            "TS S2": (6, 0),
            "TS S3": (-4, 6),
            "HS .01": (-22, -10),
            "FLT .04": (6, -2),
            "FLT .07": (6, -2),
            "SS .05": (6, 0),
        }
        placed |= {"baseline": (5, -9), "softplus": (-10, 7), "SLRT .1": (-16, -11), "HS .001": (-16, -11)}
        for method, offset in placed.items():
            row = published.row(method)
            ax.annotate(method, (row.gap, row.uniformity), xytext=offset, textcoords="offset points", fontsize=6)
        ax.set_xlim(0, 0.34)

    best = max(published.FIGURE_5, key=lambda m: published.row(m).uniformity)
    return Figure(
        table(published.FIGURE_5),
        draw,
        f"Fig. 5a from the printed tables: twelve methods; black baseline, blue control of the temperature, green swapping. Both kinds lower the gap; {best} has the best uniformity and HS 1 the worst. Published numbers, means of three runs without a spread.",
        f"Twelve labelled points; the baseline at gap {published.row('baseline').gap} and uniformity {published.row('baseline').uniformity}, hard swap in every step at {published.row('HS 1').gap} and {published.row('HS 1').uniformity}.",
        (PAGE * 0.6, 2.8),
    )


def four_panels(r: Result, first: str, second: str, number: str) -> Figure:
    """A pair of measures against gap and uniformity: the nine plotted points with their trend, all other rows pale."""
    others = tuple(m.method for m in published.TABLES if m.method not in published.NINE_POINTS)
    panels = [("gap", first), ("uniformity", first), ("gap", second), ("uniformity", second)]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(2, 2).ravel()
        for ax, (x, y) in zip(axes, panels, strict=True):
            scatter(ax, x, y, others, faint=True)
            scatter(ax, x, y, published.NINE_POINTS)
            trend(ax, x, y, published.NINE_POINTS)
            nine, every = r["correlation"][PAIRS.index((x, y)), :2, 0]
            ax.annotate(f"nine: $r={nine:+.2f}$\nall: $r={every:+.2f}$", (0.98, 0.05), xycoords="axes fraction", ha="right", fontsize=7)
        panel_letters(axes)

    shown = {pair: r["correlation"][PAIRS.index(pair), :, 0] for pair in panels}
    gap = shown["gap", first]
    return Figure(
        table(tuple(m.method for m in published.TABLES)),
        draw,
        f"{number} from the printed tables. Strong: the nine methods that the paper plots, with their trend (dashed); pale: the other rows of Tables 2 to 5. "
        f"Correlation of gap and {LABELS[first].removesuffix(' (%)')}: {gap[0]:+.2f} over the nine, {gap[1]:+.2f} over all {int(r['count'][1])} rows, {gap[2]:+.2f} over the {int(r['count'][2])} that have not collapsed. Published numbers.",
        f"Four scatter plots. Over the nine strong points the correlations are {', '.join(f'{v[0]:+.2f}' for v in shown.values())}; over all rows {', '.join(f'{v[1]:+.2f}' for v in shown.values())}.",
        (PAGE, 4.2),
    )


@figure("yaras2024.fig6", "Retrieval against gap and uniformity, the paper's numbers", ["yaras2024.correlations"])
def fig6(r: Result) -> Figure:
    return four_panels(r, "image_retrieval", "text_retrieval", "Fig. 6")


@figure("yaras2024.fig7", "Classification against gap and uniformity, the paper's numbers", ["yaras2024.correlations"])
def fig7(r: Result) -> Figure:
    return four_panels(r, "zero_shot", "linear_probe", "Fig. 7")


FIGURES = (fig5, fig6, fig7)
