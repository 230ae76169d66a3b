"""Yaras et al. 2024, trained towers: stored embeddings and measures at one fixed temperature after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Circle

from mmcl_core import stats
from mmcl_core.evidence.figures import MULTI, PAGE, SINGLE, THIRD, Figure, log_ticks, panel_letters
from mmcl_core.lab.run import Result
from mmcl_core.site.explorers.declared import Choice, Explorer, Numbers, Setting, Slider, Try

SETS = {"scenes": "captioned scenes", "icons": "icons and their names"}
TEMPERATURES = (0.01, 0.07, 0.1, 0.2, 0.4)
MEASURES = ("gap", "uniformity", "image_retrieval", "text_retrieval", "zero_shot", "temperature")
LEARNT = "baseline"
UNIT = 1000  # coordinates are told as whole thousandths


def measured(result: Callable[[str], Result]) -> dict[str, Any]:
    """For each data set: points `[methods, side, pair, axis]` in thousandths and the share of squared length they keep,
    in both views, of the first seed; measures with their intervals over all seeds of the tables."""
    told = {}
    for name in SETS:
        table = result(f"{name}_fixed")
        methods = [LEARNT, *(f"FLT {tau:g}".replace("0.", ".") for tau in TEMPERATURES)]
        rows = [list(map(str, table["methods"])).index(method) for method in methods]
        told[name] = {
            view: {
                "points": np.rint(UNIT * np.asarray(table[view][0, rows])).astype(int),
                "kept": np.asarray(table["kept"][0, rows, k]),
            }
            for k, view in enumerate(("upright", "principal"))
        }
        for measure in MEASURES:
            over_seeds = [stats.mean(np.asarray(table[measure][:, row])) for row in rows]
            told[name][measure] = [
                [v if np.isfinite(v) else None for v in (e.value, e.low, e.high)] for e in over_seeds
            ]
        told[name]["gallery"] = table.config.gallery
    return told


def reference(s: Setting, told: Mapping[str, Any]) -> Numbers:
    """The row of measures at the setting's temperature, and how far apart the two centres stand in the view."""
    data = told[s["data"]]
    k = 0 if s["kind"] == "learnt" else 1 + int(np.argmin(np.abs(np.array(TEMPERATURES) - s["tau"])))
    image, text = np.array(data[s["view"]]["points"][k], float) / UNIT
    return {
        "row": {measure: data[measure][k] for measure in MEASURES},
        "kept": data[s["view"]]["kept"][k],
        "apart": float(np.linalg.norm(image.mean(0) - text.mean(0))),
    }


def picture(numbers: Numbers, told: Mapping[str, Any]) -> Figure:
    data, s = told[TOWERS.default["data"]], TOWERS.default
    image, text = np.array(data[s["view"]]["points"][1 + TEMPERATURES.index(s["tau"])]) / UNIT
    lines = {
        "image R@1": ("image_retrieval", MULTI),
        "text R@1": ("text_retrieval", SINGLE),
        "zero-shot": ("zero_shot", THIRD),
    }

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3, width_ratios=(1, 1.3, 1.3))
        axes[0].plot(*np.moveaxis(np.stack([image, text])[..., [0, 2]], -1, 0), color="#999999", linewidth=0.3)
        for points, color, label in ((image, MULTI, "images"), (text, SINGLE, "texts")):
            axes[0].plot(*points[:, [0, 2]].T, ".", color=color, markersize=3, label=label)
        axes[0].add_patch(Circle((0, 0), 1, fill=False, color="#777777", linewidth=0.7))
        axes[0].set(aspect="equal", xticks=[], yticks=[])
        axes[0].axis("off")
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, handletextpad=0.2, columnspacing=0.8)
        panels = ({r"modality gap $\Delta$": ("gap", MULTI)}, lines)
        for ax, shown in zip(axes[1:], panels, strict=True):
            for label, (measure, color) in shown.items():
                ax.plot(TEMPERATURES, np.array(data[measure])[1:, 0], "o-", color=color, label=label)
            ax.axvline(s["tau"], color="#777777", linewidth=0.7)
            ax.set(xscale="log", xlabel=r"temperature $\tau$, held fixed", ylim=(0, None))
            log_ticks(ax, (0.01, 0.03, 0.1, 0.3))
        axes[1].set(ylabel=r"modality gap $\Delta$")
        axes[2].set(ylabel="share")
        axes[2].legend()
        panel_letters(axes)

    row = numbers["row"]
    frame = pd.DataFrame(
        [
            {"data": name, "temperature": told[name]["temperature"][k][0]}
            | {
                f"{m}_{part}": told[name][m][k][j]
                for m in MEASURES[:-1]
                for j, part in enumerate(("mean", "low", "high"))
            }
            for name in SETS
            for k in range(1 + len(TEMPERATURES))
        ]
    )
    return Figure(
        frame,
        draw,
        rf"{len(image)} held-out scenes and their captions at $\tau={s['tau']:g}$, one seed: up is the line between "
        "the two centres, across a principal axis (a). Gap (b), retrieval and zero-shot accuracy (c) over all seeds. "
        rf"At this temperature the gap is {row['gap'][0]:.2g}, and a caption finds its image in "
        f"{row['image_retrieval'][0]:.0%} of cases.",
        "Left, two clouds of points, images and texts, in a circle, partners joined. Beside it the modality gap and "
        "retrieval and zero-shot accuracy over the temperature.",
        (PAGE, 2.4),
    )


TOWERS = Explorer(
    "towers",
    "yaras2024",
    "Trained towers, temperature by temperature",
    (
        Choice("data", "trained and tested on", tuple(SETS.items()), "scenes"),
        Choice("kind", "temperature", (("fixed", "held fixed"), ("learnt", "learnt (CLIP)")), "fixed"),
        Slider(
            "tau",
            "<i>τ</i>, temperature held fixed",
            TEMPERATURES[0],
            TEMPERATURES[-1],
            0.1,
            steps=len(TEMPERATURES) - 1,
            stops=TEMPERATURES,
        ),
        Choice(
            "view",
            "view of the 64 dimensions",
            (("upright", "the gap upright"), ("principal", "three principal axes")),
            "upright",
        ),
    ),
    (
        Try(
            "On icons, hold the temperature at 0.01. Predict: does each modality keep a part of the sphere of its own, "
            "and are names found better for it, or worse?",
            {"data": "icons", "tau": 0.01},
        ),
        Try(
            "On scenes, go to 0.4, where the gap is closed. Predict: does a caption find its image more often than at "
            "0.07, where some of it is open?",
            {"tau": 0.4},
        ),
        Try(
            "Let CLIP learn the temperature, and look in the three principal axes, in which the points spread most. "
            "Predict: how much of the gap is still to be seen?",
            {"kind": "learnt", "view": "principal"},
        ),
    ),
    reference,
    picture,
    measured,
    corners=({"kind": "fixed"}, {"kind": "learnt"}),
    stored=True,
)
