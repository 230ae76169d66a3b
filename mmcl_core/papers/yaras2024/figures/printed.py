"""Figs. 5, 6 and 7: the numbers printed in the paper's tables beside those of our towers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from scipy import stats

from mmcl_core.evidence.figures import (
    FIFTH,
    MULTI,
    PAGE,
    THEORY,
    THIRD,
    THRESHOLD,
    Axes,
    Canvas,
    Figure,
    figure,
    panel_letters,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024 import published
from mmcl_core.papers.yaras2024.experiments.printed import PAIRS
from mmcl_core.papers.yaras2024.table import PRINTED, SCENES, column, stored

LABELS = {
    "gap": r"modality gap $\Delta$",
    "uniformity": r"uniformity $-W_2$",
    "image_retrieval": "image retrieval (%)",
    "text_retrieval": "text retrieval (%)",
    "zero_shot": "zero-shot (%)",
    "linear_probe": "linear probe (%)",
}
GROUPS = {"baseline": (THEORY, "D"), "temperature": (MULTI, "o"), "swap": (THIRD, "^"), "none": (THRESHOLD, "x")}


NAMES = {
    "baseline": "baseline",
    "temperature": "control of the temperature",
    "swap": "swapping",
    "none": "no normalisation",
}


@dataclass(frozen=True)
class Table:
    """Columns of a mitigation table by method: the paper's, or ours as means over seeds with percentages like the
    paper's."""

    columns: dict[str, dict[str, float]]

    def of(self, measure: str, methods: Sequence[str]) -> np.ndarray:
        return np.array([self.columns[measure][m] for m in methods])


def printed_table() -> Table:
    return Table({measure: {r.method: getattr(r, measure) for r in published.TABLES} for measure in LABELS})


def own_table(scenes: Sequence[Result]) -> Table:
    percent = {measure: 1 if measure in ("gap", "uniformity") else 100 for measure in LABELS}
    return Table(
        {
            measure: {m: percent[measure] * values.mean() for m, values in column(measure, *scenes).items()}
            for measure in LABELS
        }
    )


def group(method: str) -> str:
    return published.row(method).group if method in PRINTED else "swap"  # SS 1 is ours alone


def scatter(
    ax: Axes, x: np.ndarray, y: np.ndarray, methods: Sequence[str], hollow: bool = False, faint: bool = False
) -> None:
    for a, b, method in zip(x, y, methods, strict=True):
        colour, marker = GROUPS[group(method)]
        ax.plot(
            a,
            b,
            marker,
            color=colour,
            markersize=4,
            alpha=0.35 if faint else 1.0,
            markerfacecolor="none" if hollow else colour,
            markeredgewidth=0.9,
        )


def group_key(canvas: Canvas, methods: Sequence[str], hollow: bool, **place: Any) -> None:
    """What colours and markers mean; strong, pale and hollow are said where they are used."""
    kinds = [kind for kind in GROUPS if any(group(m) == kind for m in methods)]
    handles = [
        Line2D([], [], marker=GROUPS[k][1], linestyle="", color=GROUPS[k][0], markersize=4, label=NAMES[k])
        for k in kinds
    ]
    if hollow:
        handles.append(
            Line2D(
                [],
                [],
                marker="o",
                linestyle="",
                color=MULTI,
                markerfacecolor="none",
                markersize=4,
                label="hollow: our towers",
            )
        )
    canvas.legend(handles=handles, loc="outside lower center", ncols=len(handles), **place)


def trend(ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
    ends = np.array([x.min(), x.max()])
    ax.plot(ends, np.polyval(np.polyfit(x, y, 1), ends), color=FIFTH, linestyle="--", linewidth=1)


def tidy_table(paper: Table, own: Table, methods: Sequence[str]) -> pd.DataFrame:
    """Both tables in one, a row for each source and method."""
    sources = (("paper", paper), ("our towers", own))
    return pd.DataFrame(
        [
            {"source": name, "method": m} | {k: v[m] for k, v in t.columns.items()}
            for name, t in sources
            for m in methods
            if m in t.columns["gap"]
        ]
    )


@figure(
    "yaras2024.fig5", "Gap and uniformity, the paper's numbers and ours", stored("correlations", *SCENES), "Fig. 5a"
)
def fig5(r: Result, *scenes: Result) -> Figure:
    paper, own = printed_table(), own_table(scenes)
    ours = [m for m in published.FIGURE_5 if m in own.columns["gap"]]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for ax, table, methods, hollow in ((axes[0], paper, published.FIGURE_5, False), (axes[1], own, ours, True)):
            x, y = table.of("gap", methods), table.of("uniformity", methods)
            scatter(ax, x, y, methods, hollow)
            ax.set(xlabel=LABELS["gap"], ylabel=LABELS["uniformity"])
            ax.margins(0.16, 0.12)
            named_points(ax, x, y, methods)
        panel_letters(axes)
        group_key(canvas, published.FIGURE_5, hollow=True)

    best = max(published.FIGURE_5, key=lambda m: published.row(m).uniformity)
    at = {m: (own.columns["gap"][m], own.columns["uniformity"][m]) for m in ours}
    return Figure(
        tidy_table(paper, own, published.FIGURE_5),
        draw,
        f"(a) Fig. 5a from the printed tables: twelve methods, means of three runs without a spread; {best} has the "
        f"best uniformity and HS 1 the worst. "
        f"(b) The {len(ours)} of them that we trained, tiny CLIP on captioned scenes, mean over "
        f"{len(scenes[0].seeds)} seeds: baseline {at['baseline'][0]:.3f} and {at['baseline'][1]:.3f}, HS 1 "
        f"{at['HS 1'][0]:.3f} and {at['HS 1'][1]:.3f} (gap and uniformity).",
        f"Two scatter plots with labelled points. In the paper's the baseline stands at gap "
        f"{published.row('baseline').gap} and uniformity {published.row('baseline').uniformity}, hard swap in every "
        f"step at {published.row('HS 1').gap} and {published.row('HS 1').uniformity}; "
        f"in ours at {at['baseline'][0]:.2f} and {at['baseline'][1]:.2f}, and at {at['HS 1'][0]:.2f} and "
        f"{at['HS 1'][1]:.2f}.",
        (PAGE, 3.0),
    )


def named_points(ax: Axes, x: np.ndarray, y: np.ndarray, methods: Sequence[str]) -> None:
    """Names at points, each on the first side where it covers neither a point nor another name."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    places = np.stack([(x - left) / (right - left), (y - bottom) / (top - bottom)], 1)  # fractions of the axes
    height, gap = 0.06, 0.025
    boxes = [(a - gap, b - gap, a + gap, b + gap) for a, b in places]
    for (a, b), name in zip(places, methods, strict=True):
        width = 0.023 * len(name) + 0.01
        candidates = [
            (a + gap, b),
            (a - gap - width, b),
            (a - width / 2, b + 2 * gap),
            (a - width / 2, b - 2 * gap),
            (a + gap, b + 1.5 * gap),
            (a + gap, b - 1.5 * gap),
        ]
        candidates += [(a - gap - width, b + 2 * gap), (a - gap - width, b - 2 * gap)]

        def free(left: float, centre: float, width: float = width) -> bool:
            box = (left, centre - height / 2, left + width, centre + height / 2)
            return not any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in boxes)

        left, centre = next((at for at in candidates if free(*at)), candidates[0])
        boxes.append((left, centre - height / 2, left + width, centre + height / 2))
        ax.annotate(name, (left, centre), xycoords="axes fraction", va="center")


def against_gap_and_uniformity(r: Result, scenes: Sequence[Result], measure: str) -> Figure:
    """A measure against gap (above) and uniformity (below): the paper's nine plotted points, all its rows, our towers."""
    paper, own = printed_table(), own_table(scenes)
    panels = [("gap", measure), ("uniformity", measure)]
    every = [m.method for m in published.TABLES]
    trained = list(own.columns["gap"])
    mine = {(x, y): stats.pearsonr(own.of(x, trained), own.of(y, trained)).statistic for x, y in panels}

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(2, 3)
        for row, (x, y) in zip(axes, panels, strict=True):
            nine, of_all = r["correlation"][PAIRS.index((x, y)), :2, 0]
            a, b = paper.of(x, published.NINE_POINTS), paper.of(y, published.NINE_POINTS)
            scatter(row[0], a, b, published.NINE_POINTS)
            trend(row[0], a, b)
            others = [m for m in every if m not in published.NINE_POINTS]
            scatter(row[1], paper.of(x, others), paper.of(y, others), others, faint=True)
            scatter(row[1], a, b, published.NINE_POINTS)
            scatter(row[2], own.of(x, trained), own.of(y, trained), trained, hollow=True)
            for ax, name, value in zip(
                row, ("the paper's nine", "all its rows", "our towers"), (nine, of_all, mine[x, y]), strict=True
            ):
                ax.set_title(f"{name}, $r={value:+.2f}$")
                ax.margins(0.1)
                ax.locator_params(axis="x", nbins=5)
                ax.set(xlabel=LABELS[x], ylabel=LABELS[y])
        panel_letters(axes.ravel())
        group_key(canvas, every, hollow=True)

    shown = {pair: r["correlation"][PAIRS.index(pair), :, 0] for pair in panels}
    gap, name = shown["gap", measure], LABELS[measure].removesuffix(" (%)")
    return Figure(
        tidy_table(paper, own, [*every, *(m for m in trained if m not in every)]),
        draw,
        f"Left: the nine methods that the paper plots, with their trend. Middle: all rows of its Tables 2 to 5, the "
        f"other ones pale. Right: our tiny CLIP. Correlation of gap and {name}: {gap[0]:+.2f} over the nine, "
        f"{gap[1]:+.2f} over all {int(r['count'][1])}, {gap[2]:+.2f} over the {int(r['count'][2])} that have not "
        f"collapsed; ours {mine['gap', measure]:+.2f}.",
        f"Six scatter plots of {name}, three against the gap and three against uniformity. Over the nine points the "
        f"correlations are {', '.join(f'{v[0]:+.2f}' for v in shown.values())}; over all rows "
        f"{', '.join(f'{v[1]:+.2f}' for v in shown.values())}; ours {', '.join(f'{v:+.2f}' for v in mine.values())}.",
        (PAGE, 3.9),
        f"The paper's numbers are published ones. Ours: captioned scenes, {len(trained)} methods, mean over "
        f"{len(scenes[0].seeds)} seeds.",
    )


NEEDED = stored("correlations", *SCENES)


@figure("yaras2024.fig6", "Image retrieval against gap and uniformity, the paper's numbers and ours", NEEDED, "Fig. 6")
def fig6(r: Result, *scenes: Result) -> Figure:
    return against_gap_and_uniformity(r, scenes, "image_retrieval")


@figure("yaras2024.fig6_text", "Text retrieval against gap and uniformity", NEEDED, "Fig. 6")
def fig6_text(r: Result, *scenes: Result) -> Figure:
    return against_gap_and_uniformity(r, scenes, "text_retrieval")


@figure("yaras2024.fig7", "Zero-shot accuracy against gap and uniformity", NEEDED, "Fig. 7")
def fig7(r: Result, *scenes: Result) -> Figure:
    return against_gap_and_uniformity(r, scenes, "zero_shot")


@figure("yaras2024.fig7_probe", "The linear probe against gap and uniformity", NEEDED, "Fig. 7")
def fig7_probe(r: Result, *scenes: Result) -> Figure:
    return against_gap_and_uniformity(r, scenes, "linear_probe")


FIGURES = (fig5, fig6, fig6_text, fig7, fig7_probe)
