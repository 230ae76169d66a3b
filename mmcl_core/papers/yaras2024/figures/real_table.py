"""The mitigation table as pictures: the gap of every method beside the paper's, and retrieval over fixed
temperatures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from mmcl_core.evidence.figures import (
    FIFTH,
    MULTI,
    PAGE,
    PUBLISHED,
    SINGLE,
    THEORY,
    THIRD,
    Canvas,
    Figure,
    dots,
    figure,
    log_ticks,
    panel_letters,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024 import published
from mmcl_core.papers.yaras2024.claims.real_rows import shown_name
from mmcl_core.papers.yaras2024.figures.printed import GROUPS
from mmcl_core.papers.yaras2024.table import (
    ICONS,
    PRINTED,
    SCENES,
    Column,
    column,
    fixed_temperatures,
    rank_correlation,
    stored,
)

DATA = "Data: procedural captioned scenes; Material Design icons with their names (package qtawesome)."


def long_table(results: dict[str, tuple[Result, ...]], measures: tuple[str, ...]) -> pd.DataFrame:
    """One row for each data set, method and seed, beside the printed value of the first measure."""
    rows = []
    for data, of_data in results.items():
        columns = {m: column(m, *of_data) for m in measures}
        for method in columns[measures[0]]:
            for k, seed in enumerate(of_data[0].seeds):
                printed = {
                    f"printed_{measures[0]}": getattr(published.row(method), measures[0])
                    if method in PRINTED
                    else np.nan
                }
                rows.append(
                    {"data": data, "method": method, "seed": seed}
                    | {m: columns[m][method][k] for m in measures}
                    | printed
                )
    return pd.DataFrame(rows)


def rows_in(order: list[str], ours: Column) -> np.ndarray:
    """Columns in that order, NaN (which is not drawn) for a method that was not trained on these data."""
    missing = np.full_like(next(iter(ours.values())), np.nan)
    return np.stack([ours.get(m, missing) for m in order], 1)


@figure("yaras2024.mitigation", "Every method's gap beside the paper's", stored(*SCENES, *ICONS))
def mitigation(*results: Result) -> Figure:
    scenes, icons = results[: len(SCENES)], results[len(SCENES) :]
    shown = {
        "captioned scenes": (column("gap", *scenes), MULTI, "o"),
        "icons, random split": (column("gap", *icons), THIRD, "^"),
        "icons, unseen first words": (column("unseen_gap", *icons), FIFTH, "v"),
    }
    gaps = shown["captioned scenes"][0]
    order = sorted((m for m in gaps if m in PRINTED), key=lambda m: published.row(m).gap)
    places = np.arange(len(order))

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, width_ratios=(1.5, 1))
        axes[0].plot(
            places,
            published.column("gap", tuple(order)),
            "_",
            color=PUBLISHED,
            markersize=11,
            markeredgewidth=1.6,
            label="paper, MSCOCO",
        )
        for label, (ours, colour, marker) in shown.items():
            dots(axes[0], places, rows_in(order, ours), colour, label, fmt=marker, markersize=3.5)
        axes[0].set_xticks(
            places, map(shown_name, order), rotation=90 if canvas.narrow else 50, ha="right", rotation_mode="anchor"
        )
        axes[0].set_yscale("log")
        axes[0].set(ylabel=r"gap $\Delta$")
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
        for label, (ours, colour, marker) in list(shown.items())[:2]:
            dots(
                axes[1],
                published.column("gap", tuple(order)),
                rows_in(order, ours),
                colour,
                label,
                fmt=marker,
                markersize=3.5,
            )
        ends = np.array([0.006, 0.9])
        axes[1].plot(ends, ends, color=THEORY, linewidth=0.8)
        axes[1].set(xscale="log", yscale="log", xlabel=r"the paper's gap", ylabel="our gap")
        panel_letters(axes)

    ranks = {
        name: rank_correlation("gap", column("gap", *rs)).mean() for name, rs in (("scenes", scenes), ("icons", icons))
    }
    said = "; ".join(f"{m} {gaps[m].mean():.2f} ({published.row(m).gap:.2g})" for m in order)
    return Figure(
        long_table(
            {"scenes": scenes, "icons": icons},
            ("gap", "debiased_gap", "uniformity", "image_retrieval", "text_retrieval"),
        ),
        draw,
        f"The gap after training from scratch with {len(order)} of the paper's settings, ordered by the paper's gap "
        "(grey). The same towers start every row; a row without triangles was trained on scenes alone. b: ours "
        "against the paper's; the line "
        f"is equality. Spearman's rank correlation with the paper: {ranks['scenes']:.2f} on scenes, "
        f"{ranks['icons']:.2f} on icons (random split).",
        f"Two dot plots with logarithmic axes. Gap on scenes (paper): {said}. Rank correlation {ranks['scenes']:.2f} "
        f"on "
        f"scenes and {ranks['icons']:.2f} on icons.",
        (PAGE, 3.1),
        note=(f"Dots and bars: mean and one standard deviation over {len(scenes[0].seeds)} seeds. {DATA}"),
    )


@figure(
    "yaras2024.retrieval_temperature",
    "Retrieval over fixed temperatures: an inverted U",
    stored(SCENES[0], ICONS[0]),
)
def retrieval_temperature(scenes: Result, icons: Result) -> Figure:
    printed = tuple(fixed_temperatures([r.method for r in published.TABLES]))  # whatever was trained here

    def places(names: Sequence[str]) -> list[float]:
        return [float(m.split()[1]) for m in names]

    curves = {
        "image retrieval": ("image_retrieval", MULTI, "o"),
        "text retrieval": ("text_retrieval", SINGLE, "s"),
    }

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3, sharey=True)
        for label, (measure, colour, marker) in curves.items():
            printed_values = published.column(measure, printed) / 100
            axes[0].plot(places(printed), printed_values, color=colour, marker=marker, label=label)
            for ax, r in zip(axes[1:], (scenes, icons), strict=True):
                ours = column(measure, r)
                names = fixed_temperatures(ours)
                dots(ax, places(names), rows_in(names, ours), colour, label, fmt=f"-{marker}")
        for ax, label in zip(axes, ("paper, MSCOCO", "captioned scenes", "icons, random split"), strict=True):
            ax.set_xscale("log")
            log_ticks(ax, (0.01, 0.03, 0.1, 0.3))
            ax.set(xlabel=r"fixed temperature $\tau$", ylim=(0, None))
            ax.annotate(label, (0, 1), xycoords="axes fraction", xytext=(0, 5), textcoords="offset points")
        axes[0].set_ylabel("retrieval at 1")
        axes[0].legend(loc="lower left")
        panel_letters(axes)

    best = {}
    for label, r in (("scenes", scenes), ("icons", icons)):
        ours = column("image_retrieval", r)
        best[label] = max(fixed_temperatures(ours), key=lambda m: ours[m].mean())
    said = "; ".join(f"{label}: best image retrieval at {m.split()[1]}" for label, m in best.items())
    best_printed = max(printed, key=lambda m: published.row(m).image_retrieval).split()[1]
    return Figure(
        long_table({"scenes": (scenes,), "icons": (icons,)}, ("image_retrieval", "text_retrieval")),
        draw,
        f"Retrieval at 1 when the temperature is fixed: the paper's Table 2 (a; best at {best_printed}), captioned "
        f"scenes (b) and icons with names (c), galleries of {scenes.config.gallery:,}. "
        f"{said[0].upper() + said[1:]}.",
        f"Three line plots over the fixed temperature. Paper: best at {best_printed}; {said}.",
        (PAGE, 2.3),
        note=(f"Dots and bars: mean and one standard deviation over {len(scenes.seeds)} seeds. {DATA}"),
    )


@figure("yaras2024.trade_offs", "Figs. 5 to 7 with our towers", stored(*SCENES))
def trade_offs(*results: Result) -> Figure:
    labels = {
        "gap": r"gap $\Delta$",
        "uniformity": r"uniformity $-W_2$",
        "image_retrieval": "image retrieval at 1",
        "linear_probe": "linear probe",
        "zero_shot": "zero-shot accuracy",
    }
    panels = (("gap", "uniformity"), ("gap", "image_retrieval"), ("gap", "linear_probe"), ("uniformity", "zero_shot"))
    columns = {m: column(m, *results) for m in labels}
    shown = [m for m in columns["gap"] if m != "no normalisation"]  # its gap is off the scale of the others
    means = {m: {name: values[name].mean() for name in shown} for m, values in columns.items()}

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 4)
        for ax, (x, y) in zip(axes, panels, strict=True):
            for name in shown:
                colour, marker = GROUPS[
                    "baseline" if name == "baseline" else "swap" if name[:2] in ("HS", "SS") else "temperature"
                ]
                a, b = columns[x][name], columns[y][name]
                bars = {"xerr": a.std(ddof=1), "yerr": b.std(ddof=1)} if len(a) > 1 else {}
                ax.errorbar(a.mean(), b.mean(), fmt=marker, color=colour, markersize=3.5, elinewidth=0.6, **bars)
            ax.set(xlabel=labels[x], ylabel=labels[y])
        panel_letters(axes)

    unnormalised = columns["gap"].get("no normalisation")
    aside = (
        "" if unnormalised is None else f"Without normalisation the gap is off these axes: {unnormalised.mean():.2f}. "
    )
    ranks = {(x, y): stats.spearmanr(list(means[x].values()), list(means[y].values())).statistic for x, y in panels}
    said = ", ".join(f"{y.replace('_', ' ')} against {x} {rho:.2f}" for (x, y), rho in ranks.items())
    return Figure(
        long_table({"scenes": results}, tuple(labels)),
        draw,
        f"{len(shown)} methods on captioned scenes: black baseline, blue temperature, green swapping. "
        f"Spearman's correlation of the means: {said}.",
        f"Four scatter plots. Spearman's correlations: {said}.",
        (PAGE, 2.2),
        note=(
            f"{aside}Dots and bars: mean and one standard deviation over {len(results[0].seeds)} seeds. "
            "Data: procedural captioned scenes."
        ),
    )


FIGURES = (mitigation, retrieval_temperature, trade_offs)
