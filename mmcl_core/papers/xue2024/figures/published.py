"""The published points of Figures 3, 6 and 7 with least-squares lines on raw percentages, as the paper draws them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    FIFTH,
    FOURTH,
    MULTI,
    PAGE,
    SUPERVISED,
    THIRD,
    THRESHOLD,
    Canvas,
    Figure,
    figure,
    panel_letters,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.claims.published import TOWERS, line, points

COLOUR = {
    "CLIP": MULTI,
    "SL": SUPERVISED,
    "CLIP label": FOURTH,
    "SupCon": THIRD,
    "SimCLR": FIFTH,
    "scratch with": MULTI,
    "scratch without": THIRD,
}
DATA = {"coco": "MSCOCO", "cc": "CC3M"}
PANELS = (
    ("Fig. 3a, b: MSCOCO", (("coco", s) for s in ("CLIP", "SL", "CLIP label"))),
    ("Fig. 3a, b: CC3M", (("cc", s) for s in ("CLIP", "SL", "CLIP label"))),
    ("Fig. 6: CC3M", (("cc", s) for s in ("CLIP", "SupCon", "SimCLR"))),
    ("Fig. 3c: MSCOCO", (("coco", f"scratch {w}") for w in ("with", "without"))),
    ("Fig. 3c: CC3M", (("cc", f"scratch {w}") for w in ("with", "without"))),
    ("Fig. 7: CC3M, four towers", (("cc", f"{m} {t}") for t in TOWERS for m in ("CLIP", "SL"))),
)
PANELS = tuple((title, tuple(series)) for title, series in PANELS)


@figure("xue2024.published", "The published points, drawn again", ["xue2024.published"], "Figs. 3, 6 and 7")
def published(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(2, 3)
        for ax, (title, series) in zip(axes.flat, PANELS, strict=True):
            edge = max(points(r, *s)[0].max() for s in series)
            compared = "Fig. 3a" in title or "Fig. 6" in title
            for data, name in series:
                x, y = points(r, data, name)
                colour = COLOUR.get(name) or COLOUR[name.split()[0]]
                label = {"scratch with": "with", "scratch without": "without"}.get(name, name)
                ax.plot(x, y, "o", color=colour, markersize=2.5, label=None if "Fig. 7" in title else label)
                slope, intercept = line(x, y)
                ends = np.array([0, edge] if compared else [x.min(), x.max()])
                ax.plot(ends, slope * ends + intercept, "-.", color=colour, linewidth=0.7)
            ax.axhline(0, color=THRESHOLD, linewidth=0.6)
            ax.set(title=title, xlabel="ID accuracy (%)", ylabel="OOD accuracy (%)")
            if compared:
                ax.set_ylim(bottom=-6)
            if "Fig. 7" not in title:
                ax.legend(title="same-class negatives" if "3c" in title else None, alignment="left")
        panel_letters(axes.flat)

    def slopes(panels: range) -> str:
        """The lines' slopes, panel by panel, each series once."""
        chosen = dict.fromkeys(s for k in panels for s in PANELS[k][1])
        said = {s: f"{DATA[s[0]]} {s[1].removeprefix('scratch ')}" for s in chosen}
        return "; ".join(f"{said[s]} {line(*points(r, *s))[0]:.2f}" for s in chosen)

    sl = points(r, "cc", "SL")
    without = line(*(c[:-1] for c in sl))[0]
    return Figure(
        pd.DataFrame({k: r[k] for k in ("figures", "data", "series", "position", "id", "ood")}),
        draw,
        "Points read off the paper's drawings to .1; nothing was trained. Lines: least squares of the points on raw "
        "percentages, as the paper's lines "
        "are, here drawn down to an ID of zero where methods are compared. In a and b no point of supervised learning "
        "lies below the ID of any point of "
        "CLIP.",
        f"Six scatter plots of out-of-distribution against in-distribution accuracy with fitted lines. Slopes: "
        f"{slopes(range(6))}.",
        (PAGE, 4.2),
        note=(
            f"Slopes, a to c: {slopes(range(3))}; d and e, with and without same-class negatives: "
            f"{slopes(range(3, 5))}; "
            f"f: {slopes(range(5, 6))}. "
            f"Without its last point the slope of supervised learning on CC3M is {without:.2f}. "
            "f: blue CLIP, vermillion supervised learning, each with RN50, RN101, RN50x4 and ViT-B-32."
        ),
    )


FIGURES = (published,)
