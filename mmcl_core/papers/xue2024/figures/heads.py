"""Heads on frozen towers: out-of-distribution against in-distribution accuracy, with both readings of equal ID."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    FOURTH,
    MULTI,
    PAGE,
    SUPERVISED,
    THIRD,
    Canvas,
    Figure,
    figure,
    panel_letters,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.claims.heads import id_and_ood, logit, wide
from mmcl_core.papers.xue2024.experiments.heads import PLACES

LABELS = {
    "supervised": ("supervised", SUPERVISED),
    "full": ("full names", MULTI),
    "label": ("class words", FOURTH),
    "full_no_intra": ("full names, no same-class negatives", THIRD),
}


@figure("xue2024.heads", "Heads on frozen towers: two readings of equal accuracy in distribution", ["xue2024.heads"])
def heads(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        left, right = canvas.subplots(1, 2)
        for method, (label, colour) in LABELS.items():
            x, y = (v.mean(0) for v in id_and_ood(r, method))
            widths = getattr(r.config, method)
            left.plot(x, y, "o-", color=colour, linewidth=0.7, markersize=3, label=label)
            right.plot(logit(x), logit(y), "o-", color=colour, linewidth=0.7, markersize=3)
            if method in ("supervised", "label"):  # the others would cover each other
                side = {"supervised": (2, 4), "label": (2, -9)}[method]
                for k in (0, -1):
                    left.annotate(str(widths[k]), (x[k], y[k]), xytext=side, textcoords="offset points", color=colour)
        x, y = (v.mean(0) for v in id_and_ood(r, "supervised"))
        rows = wide(r, "supervised")
        ends = np.linspace(0.3, 0.99, 50)
        left.plot(ends, np.polyval(np.polyfit(x[rows], y[rows], 1), ends), "-.", color=SUPERVISED, linewidth=0.8)
        straight = np.polyval(np.polyfit(logit(x[rows]), logit(y[rows]), 1), logit(ends))
        right.plot(logit(ends), straight, "-.", color=SUPERVISED, linewidth=0.8)
        left.set(
            xlabel="accuracy in distribution", ylabel="mean accuracy of six shifts", ylim=(0, None), xlim=(None, 1.04)
        )
        right.set(xlabel="the same, logits", ylabel="the same, logits")
        canvas.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=4)
        panel_letters((left, right))

    rows = [
        {"method": m, "width": getattr(r.config, m)[w], "seed": r.seeds[s], "place": PLACES[p], "accuracy": value}
        for m in LABELS
        for (s, w, p), value in np.ndenumerate(r[m])
    ]
    words = "; ".join(
        f"{label} "
        + ", ".join(
            f"{w}: {x:.2f}/{y:.2f}"
            for w, x, y in zip(getattr(r.config, m), *(v.mean(0) for v in id_and_ood(r, m)), strict=True)
        )
        for m, (label, _) in LABELS.items()
    )
    return Figure(
        pd.DataFrame(rows),
        draw,
        f"Icons of {r.config.classes} classes whose background hue tells the class in {r.config.agreement:.0%}; frozen "
        f"EfficientNet-Lite0 and "
        f"WordLlama features, heads of growing width, {r.config.epochs} epochs; means over seeds. "
        f"Dash-dotted: the line through "
        f"supervised heads of width 16 and more, extrapolated; narrower ones are measured.",
        f"Two scatter plots of out-of-distribution against in-distribution accuracy, percentages and logits. {words}.",
        (PAGE, 3.0),
        note=(f"Width: ID/OOD: {words}."),
    )


FIGURES = (heads,)
