"""Effective robustness on digits: out against in distribution on logit axes, and shift by shift (E1)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core import stats
from mmcl_core.evidence.figures import (
    PAGE,
    THEORY,
    THRESHOLD,
    Axes,
    Canvas,
    Figure,
    dots,
    figure,
    log_ticks,
    panel_letters,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.figures.real import COLOUR, SHIFT_NAMES
from mmcl_core.papers.xue2024.variants import (
    DIGITS,
    METHODS,
    ROBUSTNESS,
    accuracies,
    effective_robustness,
    in_and_out,
    logit,
    supervised_line,
)

EXPERIMENTS, DIGITS_EXPERIMENTS = ([f"xue2024.{n}" for n in names] for names in (ROBUSTNESS, DIGITS))

LABELS = {
    "supervised": "supervised, 2 classes",
    "fine": "supervised, 10 digits",
    "label": "label captions",
    "rich": "rich captions",
    "rich_no_intra": "rich, no same-class negatives",
}
TICKS = np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.92, 0.94, 0.96, 0.98])


def logit_ticks(ax: Axes, images: int) -> None:
    """Label logit axes with accuracies, as many as the data's range holds."""
    for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        places = logit(TICKS, images)
        inside = (places >= limits[0]) & (places <= limits[1])
        axis.set_ticks(places[inside], [f"{t:g}" for t in TICKS[inside]])


def table(results: tuple[Result, ...]) -> pd.DataFrame:
    """One row for each method, seed, size and place."""
    rows = []
    for name, accuracy in accuracies(*results).items():
        for (s, k, p), value in np.ndenumerate(accuracy):
            rows.append(
                {
                    "method": name,
                    "seed": results[0].seeds[s],
                    "size": int(results[0]["sizes"][k]),
                    "place": list(SHIFT_NAMES)[p],
                    "accuracy": value,
                }
            )
    return pd.DataFrame(rows)


@figure(
    "xue2024.effective_robustness", "Effective robustness: out of distribution against in distribution", EXPERIMENTS
)
def effective(*results: Result) -> Figure:
    a, images, sizes = accuracies(*results), results[0].config.test, results[0]["sizes"]
    slope, intercept = supervised_line(a, images)

    def draw(canvas: Canvas) -> None:
        left, right = canvas.subplots(1, 2, width_ratios=(1.15, 1))
        for shift, name in enumerate(METHODS, -2):  # side by side, so that bars do not hide each other
            x, y = (logit(v, images) for v in in_and_out(a[name]))
            left.errorbar(
                x.mean(0),
                y.mean(0),
                y.std(0, ddof=1),
                x.std(0, ddof=1),
                color=COLOUR[name],
                fmt="o-",
                linewidth=0.7,
                elinewidth=0.6,
                label=LABELS[name],
            )
            dots(
                right, sizes * 1.03**shift, effective_robustness(a, name, images), COLOUR[name], fmt="o-", linewidth=1.0
            )
        ends = np.array(left.get_xlim())
        left.plot(ends, slope * ends + intercept, color=THEORY, linewidth=1.0, label="line of supervised learning")
        left.set_xlim(ends)
        logit_ticks(left, images)
        left.set(xlabel="accuracy in distribution (logit axis)", ylabel="mean of five shifts (logit axis)")
        canvas.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        right.set_xscale("log")
        log_ticks(right, sizes.tolist())
        right.axhline(0, color=THRESHOLD, linestyle="--", linewidth=0.8, zorder=0)
        right.set(xlabel="training images", ylabel="effective robustness (logits)")
        panel_letters((left, right))

    offsets = "; ".join(
        f"{LABELS[m]}: " + ", ".join(f"{v:+.2f}" for v in effective_robustness(a, m, images).mean(0)) for m in METHODS
    )
    intervals = ", ".join(
        f"[{e.low:+.2f}, {e.high:+.2f}]" for e in map(stats.mean, effective_robustness(a, "rich", images).T)
    )
    config = results[0].config
    return Figure(
        table(results),
        draw,
        f"Each method trained for {config.steps} steps on {', '.join(f'{n:,}' for n in sizes)} digits whose "
        f"backgrounds agree with the class in {config.agreement:.0%}. "
        f"a: the black line is fitted to supervised learning, logit(OOD) = {slope:.2f} logit(ID) {intercept:+.2f}. b: "
        f"the vertical distance from it. ",
        f"Left, out-of-distribution against in-distribution accuracy on logit axes for five methods and {len(sizes)} "
        f"training sizes with the fitted line of supervised learning. "
        f"Right, the vertical offset from that line against training size. {offsets}.",
        (PAGE, 3.0),
        narrow_height=5.6,
        note=(
            f"Offsets by size: {offsets}. Rich captions with 95 % t intervals over seeds: {intervals}. Means and one "
            f"standard deviation over seeds. A small stand-in for the paper's figure, whose data no package carries: "
            "it has no natural language and no natural shifts."
        ),
    )


# The same five methods in the experiment on digits, whose backgrounds agree nearly always.
AT_HIGH_AGREEMENT = {
    "supervised": "supervised",
    "fine": "fine",
    "label": "shade",
    "rich": "digit_shade",
    "rich_no_intra": "digit_shade_no_intra",
}


def at_high_agreement(captioned: Result, controls: Result) -> dict[str, np.ndarray]:
    """Accuracy `[S, 6]` of every method in distribution and under the five shifts."""
    r = {**captioned, **controls}
    return {
        m: np.column_stack([r[f"{name}_main_id"], r[f"{name}_main_shifts"]]) for m, name in AT_HIGH_AGREEMENT.items()
    }


@figure("xue2024.shifts", "Shift by shift", [*EXPERIMENTS, *DIGITS_EXPERIMENTS])
def shifts(*results: Result) -> Figure:
    *swept, captioned, controls = results
    a, size = accuracies(*swept), int(results[0]["sizes"][-1])
    high = at_high_agreement(captioned, controls)
    panels = ({m: a[m][:, -1] for m in METHODS}, high)
    agreement = (results[0].config.agreement, captioned.config.agreement)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(2, 1, sharex=True)
        for ax, panel, share in zip(axes, panels, agreement, strict=True):
            for m, name in enumerate(METHODS):
                at = np.arange(len(SHIFT_NAMES)) + 0.13 * (m - (len(METHODS) - 1) / 2)
                dots(ax, at, panel[name], COLOUR[name], LABELS[name])
            ax.axhline(0.5, color=THRESHOLD, linestyle="--", linewidth=0.8, zorder=0)
            ax.set(ylabel=f"accuracy, $p_{{spu}}={share:g}$", ylim=(0, 1.04))
        axes[1].set_xticks(
            range(len(SHIFT_NAMES)),
            [
                n.replace(", ", ",\n").replace(" background", "\nbackground").replace("in ", "in\n")
                for n in SHIFT_NAMES.values()
            ],
            rotation=60 if canvas.narrow else 0,
        )
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
        panel_letters(axes)

    def five(panel: dict[str, np.ndarray]) -> str:
        return ", ".join(f"{LABELS[m]} {panel[m][:, 1:].mean():.3f}" for m in METHODS)

    reversed_ = list(SHIFT_NAMES).index("reversed")
    return Figure(
        table(tuple(swept)),
        draw,
        f"a: the largest training set ({size:,} digits), whose backgrounds agree with the class in {agreement[0]:.0%}. "
        f"b: in {agreement[1]:.0%}, with the models of the figure on digits "
        f"({captioned.config.train:,} images, {captioned.config.recipe().steps} steps). Dots: mean and one standard "
        f"deviation over seeds ({len(results[0].seeds)} in a, {len(captioned.seeds)} in b); "
        f"dashed: chance.",
        f"Two dot plots of accuracy in distribution and under five shifts for five methods. Mean of the five shifts "
        f"above: {five(panels[0])}; below: {five(high)}.",
        (PAGE, 4.0),
        narrow_height=4.8,
        note=(
            f"Mean of five shifts in b: {five(high)}. In a, with the background reversed, where reading it is "
            f"worse than "
            f"chance, rich captions have {a['rich'][:, -1, reversed_].mean():.3f}, label captions "
            f"{a['label'][:, -1, reversed_].mean():.3f} "
            f"and supervised learning {a['supervised'][:, -1, reversed_].mean():.3f}."
        ),
    )


FIGURES = (effective, shifts)
