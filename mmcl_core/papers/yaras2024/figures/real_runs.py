"""Figs. 1, 4a and 4b with the tiny CLIP."""

from __future__ import annotations

import numpy as np
import pandas as pd
from mpl_toolkits.mplot3d.art3d import Line3DCollection
from mpl_toolkits.mplot3d.axes3d import Axes3D

from mmcl_core.evidence.figures import (
    FIFTH,
    MULTI,
    PAGE,
    PUBLISHED,
    SINGLE,
    THEORY,
    THIRD,
    THRESHOLD,
    Canvas,
    Figure,
    band,
    figure,
    panel_letters,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024 import published
from mmcl_core.papers.yaras2024.claims.real_longrun import FAST, SLOW, line
from mmcl_core.papers.yaras2024.claims.real_opening import COINCIDING, DEFAULT, opening
from mmcl_core.papers.yaras2024.claims.real_starts import drawn_on_own_side
from mmcl_core.papers.yaras2024.experiments.inits import STARTS

IMAGE, TEXT = MULTI, SINGLE  # the colours of the two modalities
DRAWN = 120  # pairs on a sphere: more would hide each other
BANDS = "Lines and bands: mean and one standard deviation over seeds."


def sphere(ax: Axes3D, cloud: np.ndarray) -> None:
    """Both clouds `[2, N, 3]` on a unit sphere, pairs joined; in mixed order, so that neither modality hides the
    other."""
    u, v = np.mgrid[0 : 2 * np.pi : 17j, 0 : np.pi : 9j]
    ax.plot_wireframe(
        np.cos(u) * np.sin(v),
        np.sin(u) * np.sin(v),
        np.cos(v),
        color=THRESHOLD,
        linewidth=0.2,
        alpha=0.4,
        rasterized=True,
    )
    ax.add_collection3d(Line3DCollection(cloud.swapaxes(0, 1), colors=THRESHOLD, linewidths=0.2, alpha=0.35))
    ax.scatter(
        *cloud.swapaxes(0, 1).reshape(-1, 3).T, s=2, c=[IMAGE, TEXT] * cloud.shape[1], linewidths=0, depthshade=False
    )
    ax.set_axis_off()
    ax.set_box_aspect((1, 1, 1), zoom=1.45)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))


@figure("yaras2024.fig1", "Training from two starts", ["yaras2024.starts"], "Fig. 1")
def fig1(r: Result) -> Figure:
    clouds = r["cloud"][0][..., :DRAWN, :]
    labels = ("default start", "coinciding centres")
    gap = r["gap"].mean(0)

    def draw(canvas: Canvas) -> None:
        if canvas.narrow:
            grid = canvas.add_gridspec(4, 2)
            places, lines = [grid[k, j] for k in range(2) for j in range(2)], (grid[2, :], grid[3, :])
        else:
            grid = canvas.add_gridspec(2, 4, height_ratios=(1, 1.05))
            places, lines = [grid[0, j] for j in range(4)], (grid[1, :2], grid[1, 2:])
        spheres = [canvas.add_subplot(place, projection="3d") for place in places]
        for ax, cloud, (k, when) in zip(
            spheres,
            (c for pair in clouds for c in pair),
            ((k, w) for k in (0, 1) for w in ("before", "after")),
            strict=True,
        ):
            sphere(ax, cloud)
            ax.text2D(0.5, -0.08, f"{labels[k]},\n{when} training", transform=ax.transAxes, ha="center", va="top")
        spheres[0].text2D(-0.05, 0.84, "image", transform=spheres[0].transAxes, color=IMAGE)
        spheres[0].text2D(-0.05, 0.72, "text", transform=spheres[0].transAxes, color=TEXT)
        axes = [canvas.add_subplot(place) for place in lines]
        for k, (label, colour) in enumerate(zip(labels, (THIRD, FIFTH), strict=True)):
            band(axes[0], r["steps"], r["gap"][:, k], colour, label)
            band(axes[1], r["steps"], r["temperature"][:, k], colour, label)
        for ax in axes:
            ax.set_xscale("symlog", linthresh=1)
            ax.set(xlabel="step", xlim=(0, None))
        axes[0].set(ylabel=r"gap $\Delta$", ylim=(0, 2.1))
        axes[1].set(ylabel=r"temperature $\tau$", ylim=(0, None))
        axes[0].legend(loc="upper right")
        for letter, ax in zip("abcd", spheres, strict=True):
            ax.text2D(-0.05, 1.0, letter, transform=ax.transAxes, fontweight="bold", fontsize=9)
        for letter, ax in zip("ef", axes, strict=True):
            ax.annotate(
                letter,
                (0, 1),
                xycoords="axes fraction",
                xytext=(-14, 5),
                textcoords="offset points",
                fontweight="bold",
                fontsize=9,
            )

    sides = [
        f"{100 * side:.0f}" for side in (drawn_on_own_side(r, DEFAULT).mean(), r["own_side"][:, DEFAULT, 1].mean())
    ]
    measured = "; ".join(
        f"{labels[k]}: {gap[k, 0]:.2f} at the start, {gap[k].max():.2f} at most, {gap[k, -1]:.2f} at the end"
        for k in range(2)
    )
    table = pd.concat(
        [
            tidy(r.seeds, step=r["steps"], gap=r["gap"][:, k], temperature=r["temperature"][:, k]).assign(start=s)
            for k, s in enumerate(STARTS)
        ]
    )
    return Figure(
        table,
        draw,
        "(a to d) Test pairs of captioned scenes in the three principal axes of all embeddings, put on a sphere, pairs "
        "joined. (e) The gap in all dimensions; (f) the temperature. "
        f"Gap of the {measured}.",
        f"Four spheres with two clouds of points each, then two line plots over training steps. Gap of the {measured}.",
        (PAGE, 4.2),
        f"{clouds.shape[3]} of {r['cloud'].shape[4]} pairs, seed {r.seeds[0]}; on average these axes hold "
        f"{r['captured'][:, :, 1].mean():.0%} of the variance after training. Of the trained embeddings of the default "
        f"start {sides[0]} per cent lie on their modality's side of the half-way plane in these axes and {sides[1]} "
        f"per cent in all dimensions. Along the line between the centres trained images spread "
        f"{r['thickness'][:, 0, 0].mean():.2f} and trained texts {r['thickness'][:, 0, 1].mean():.2f} times the root "
        f"mean square of their spreads along all axes. {BANDS}",
        7.6,
    )


@figure("yaras2024.fig4b", "The first ten steps from a hundred initialisations", ["yaras2024.first_steps"], "Fig. 4b")
def fig4b(r: Result) -> Figure:
    default, small = opening(r, DEFAULT), opening(r, COINCIDING)
    counts, edges = published.FIGURE_4B_COUNTS, published.FIGURE_4B_EDGES
    width = edges[1] - edges[0]
    printed = float((counts * (edges[:-1] + edges[1:]) / 2).sum() / counts.sum())

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, width_ratios=(1.4, 1))
        bins = np.arange(min(default.min(), edges[0]) // width * width, max(default.max(), edges[-1]) + width, width)
        axes[0].hist(
            default, bins, weights=np.full(len(default), 100 / len(default)), color=THIRD, alpha=0.6, label="tiny CLIP"
        )
        axes[0].stairs(
            counts / counts.sum() * 100, edges, color=PUBLISHED, linewidth=1.6, label="the paper's, read off"
        )
        axes[0].axvline(0, color=THRESHOLD, linestyle="--", linewidth=0.8)
        axes[0].set(
            xlabel=r"change of the gap $\Delta$ in ten steps, default start", ylabel="per cent of initialisations"
        )
        axes[0].legend(loc="upper right")
        axes[1].hist(small, 12, weights=np.full(len(small), 100 / len(small)), color=FIFTH, alpha=0.7)
        axes[1].set(xlabel=r"the same, features centred at 0", ylabel="per cent")
        panel_letters(axes)

    words = (
        f"default start {default.mean():.3f} on average ({default.min():.3f} to {default.max():.3f}), larger than "
        f"zero in {(default > 0).mean():.0%}; "
        f"features centred at the origin {small.mean():.2f} ({small.min():.2f} to {small.max():.2f}), in "
        f"{(small > 0).mean():.0%}"
    )
    return Figure(
        tidy(r.seeds, start=r["start"], end=r["end"], kind=np.array(STARTS)),
        draw,
        f"Change of the gap in {r.config.steps} steps of AdamW (rate {r.config.rate:g}) on "
        f"{r.config.pairs:,} scenes: {words}. "
        f"Grey: "
        f"the paper's histogram for CLIP on MSCOCO, whose counts have the mean {printed:.3f}. "
        f"Data: procedural scenes, {len(r.seeds)} initialisations.",
        f"Two histograms of the gap's change: {words}. The paper's histogram lies between {edges[0]:.3f} and "
        f"{edges[-1]:.3f}.",
        (PAGE, 2.3),
        note=(
            f"The gap at the start is "
            f"{r['start'][:, DEFAULT].mean():.2f} (a) and {r['start'][:, COINCIDING].mean():.2f} (b) on average."
        ),
    )


@figure(
    "yaras2024.fig4a",
    "A long run on the axis of the theorem",
    ["yaras2024.longrun", "yaras2024.fig4a_theory"],
    "Fig. 4a",
)
def fig4a(r: Result, theory: Result) -> Figure:
    late = r["steps"] >= 30
    axis = -1 / np.log10(r["steps"][late]) ** 2
    rates = {SLOW: THIRD, FAST: FIFTH}
    fits = [line(r, SLOW)]
    r2, intercept = (np.mean([getattr(f, name) for f in fits[0]]) for name in ("rvalue", "intercept"))

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3, width_ratios=(1.7, 1, 1))
        axes[0].plot(theory["theory_axis"], theory["theory_gap"][0], color=THEORY, linewidth=1, label="reduced flow")
        axes[0].plot(
            theory["axis"], theory["gap"], "s", color=PUBLISHED, markersize=4, label="the paper's CLIP, read off"
        )
        for k, colour in rates.items():
            label = f"tiny CLIP, rate {r['rates'][k]:g}"
            band(axes[0], axis, r["gap"][:, k][:, late], colour, label)
            band(axes[1], r["steps"], r["matched"][:, k], colour)
            band(axes[2], r["steps"], r["temperature"][:, k], colour)
        places = [10**1.5, 100, 300, 1000, 10_000]
        axes[0].set_xticks([-1 / np.log10(t) ** 2 for t in places], ["30", "100", "300", "1000", r"$10^4$"])
        axes[0].set(
            xlabel=r"step or flow time $t$, as $-1/\log_{10}(t)^2$",
            ylabel=r"gap $\Delta$",
            ylim=(0, None),
            xlim=(-0.47, -0.035),
        )
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
        for ax, label, top in ((axes[1], "share of pairs matched", 1.05), (axes[2], r"temperature $\tau$", None)):
            ax.set(xscale="log", xlabel="step", ylabel=label, xlim=(10, None), ylim=(0, top))
        panel_letters(axes)

    table = pd.concat(
        [
            tidy(r.seeds, step=r["steps"], **{m: r[m][:, k] for m in ("gap", "temperature", "matched")}).assign(
                rate=rate
            )
            for k, rate in enumerate(r["rates"])
        ]
    )
    ends = "; ".join(
        f"rate {r['rates'][k]:g}: {r['gap'][:, k, 0].mean():.2f} at the start, {r['gap'][:, k].min(-1).mean():.2f} "
        f"at least, {r['gap'][:, k, -1].mean():.2f} at the end with "
        f"{r['matched'][:, k, -1].mean():.0%} matched and tau {r['temperature'][:, k, -1].mean():.3f}"
        for k in rates
    )
    return Figure(
        table,
        draw,
        f"(a) The gap on training pairs against the theorem's axis: a straight line through the slow run for t from 60 "
        f"to 1000 has $R^2$ {r2**2:.2f} and meets the vertical axis at {intercept:.2f}, the one through the paper's "
        f"points (grey) at {float(theory['intercept']):.2f}. (b) Share of the pairs that are closer to each other than "
        "to all others. (c) The temperature.",
        f"Two line plots. {ends}. The paper's points fall from {theory['gap'][0]:.2f} to {theory['gap'].min():.2f}; "
        f"the reduced flow from {theory['theory_gap'][0, 0]:.2f} to {theory['theory_gap'][0, -1]:.2f}.",
        (PAGE, 2.7),
        f"Black, from t = 100 on: the reduced flow, which starts at $t=0$ with the gap {theory.config.start_gap:g} of "
        f"the first square and the temperature {theory.config.temperature:g}, one unit of its time drawn as one step. "
        f"Colours: tiny CLIP on {r.config.pairs:,} pairs with AdamW at two constant rates, batch {r.config.batch}; "
        f"{ends}. {BANDS} Data: procedural scenes.",
    )


FIGURES = (fig1, fig4b, fig4a)
