"""Fig. 2 and its model: the sphere, and what matched and mismatched pairs do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from mmcl_core.evidence.figures import (
    FIFTH,
    MULTI,
    PAGE,
    SINGLE,
    THIRD,
    THRESHOLD,
    Axes,
    Canvas,
    Figure,
    figure,
    panel_letters,
    threshold,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.points import Ring

IMAGE, TEXT = MULTI, SINGLE  # blue and red-orange


def sphere(ax: Axes, first: np.ndarray, second: np.ndarray, label: str) -> None:
    """Two modalities on the unit sphere (3-d axes), matched pairs joined by thin lines."""
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, 25), np.linspace(0, np.pi, 13))
    ax.plot_wireframe(np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v), color="#BBBBBB", linewidth=0.25)
    for x, y in zip(first, second, strict=True):
        ax.plot(*np.stack([x, y]).T, color="#333333", linewidth=1.1)
    ax.scatter(*first.T, color=IMAGE, s=14, depthshade=False, edgecolor="white", linewidth=0.3)
    ax.scatter(*second.T, color=TEXT, s=14, depthshade=False, edgecolor="white", linewidth=0.3)
    ax.set(xlim=(-0.72, 0.72), ylim=(-0.72, 0.72), zlim=(-0.72, 0.72))
    ax.set_box_aspect((1, 1, 1))
    ax.view_init(elev=18, azim=-60)
    ax.set_xlabel(label)  # named, though with the axes off it is not drawn: the text below is
    ax.set_axis_off()
    ax.text2D(0.5, -0.02, label, transform=ax.transAxes, ha="center")


def modality_key(canvas: Canvas, **place: Any) -> None:
    """Which colour is which modality, once for several spheres."""
    handles = [
        Line2D([], [], marker="o", linestyle="", color=colour, markersize=4, label=label)
        for colour, label in ((IMAGE, "image"), (TEXT, "text"))
    ]
    canvas.legend(handles=[*handles, Line2D([], [], color="#333333", linewidth=1.1, label="pair")], ncols=3, **place)


@figure("yaras2024.fig2", "Gap and temperature on the sphere", ["yaras2024.fig2"], "Fig. 2")
def fig2(r: Result) -> Figure:
    time, gap, temperature, matched = r["plotted_time"], r["gap"], r["temperature"], float(r["matched"])
    number = {3: "Three", 5: "Five", 7: "Seven", 9: "Nine"}.get(r.config.n, f"{r.config.n}")

    when = rf"all pairs match at $t={matched:.3f}$" if np.isfinite(matched) else "not all pairs match in this time"

    def draw(canvas: Canvas) -> None:
        left, right = canvas.subfigures(1, 2, width_ratios=(1.15, 1))
        axes = left.subplots(1, 2)
        for ax, curve, label in zip(
            axes, (gap, temperature), (r"modality gap $\Delta$", r"temperature $\tau$"), strict=True
        ):
            ax.plot(time, curve, color=MULTI)
            ax.set(xscale="log", xlabel=r"$t+0.1$", ylabel=label, ylim=(0, 1.13 * curve.max()))
            ax.set_xticks([0.1, 10, 1e3, 1e5])
            ax.xaxis.set_minor_formatter(NullFormatter())
            if np.isfinite(matched):
                threshold(ax, matched + 0.1, "all match")
        panel_letters(axes)
        for k, (t, first, second) in enumerate(zip(r["frame_time"], r["first"], r["second"], strict=True)):
            sphere(
                right.add_subplot(2, 3, k + 1, projection="3d"), first, second, f"$t={t:g}$" if t < 1e3 else r"$t=10^5$"
            )
        right.text(0.01, 0.95, "c", fontweight="bold", fontsize=9)
        modality_key(right, loc="outside upper center")

    return Figure(
        pd.DataFrame({"plotted_time": time, "gap": gap, "temperature": temperature}),
        draw,
        rf"{number} pairs (images blue, texts red-orange) start mismatched. Gap (a) and temperature (b) rise to "
        rf"{gap.max():.3f} and {temperature.max():.3f}, {when}, "
        rf"then both fall, to {gap[-1]:.3f} and {temperature[-1]:.4f} at $t=10^5$. (c) Six frames; lines join the "
        rf"pairs.",
        f"Left: two curves over logarithmic time, gap and temperature, rising to a peak near t = "
        f"{float(r['peak_time']):.0f} and falling slowly after it. "
        f"Right: six spheres; two polygons move apart while they turn against each other until partners face each "
        f"other, and stay apart with a gap of {gap[-1]:.2f}.",
        (PAGE, 2.5),
        narrow_height=5.2,
    )


@figure("yaras2024.fig3", "Why mismatched pairs push the planes apart", ["yaras2024.fig2"], "Fig. 3")
def fig3(r: Result) -> Figure:
    ring = Ring()
    angles = np.linspace(-180, 180, 241)
    # -d log gamma / dt of the ring as a function of the angle between partners, at three temperatures.
    temperatures = (0.07, 0.3, 1.0)
    drives = np.array(
        [
            [
                -ring.n * ring.field(np.array([np.log(ring.gamma), -np.log(tau), np.radians(a), 0.0]))[0] * tau
                for a in angles
            ]
            for tau in temperatures
        ]
    )

    def draw(canvas: Canvas) -> None:
        left, right = canvas.subfigures(1, 2, width_ratios=(1.15, 1))
        for k, (angle, label) in enumerate(((0.0, "matched"), (np.radians(144), "mismatched"))):
            sphere(left.add_subplot(1, 2, k + 1, projection="3d"), *ring.points(np.log(ring.gamma), angle), label)
        left.text(0.02, 0.92, "a", fontweight="bold", fontsize=9)
        modality_key(left, loc="outside upper center")
        ax = right.subplots()
        for colour, tau, row in zip((MULTI, THIRD, FIFTH), temperatures, drives, strict=True):
            ax.plot(angles, row, color=colour, label=rf"$\tau={tau:g}$")
        ax.axhline(0, color=THRESHOLD, linewidth=0.6)
        ax.set(
            xlabel=r"angle between partners $\delta$ (degrees)",
            ylabel=r"common push $(1-\gamma^2)g$",
            xticks=[-144, -72, 0, 72, 144],
        )
        ax.set_ylim(None, 1.3)
        ax.legend(loc="upper center", ncols=3)
        panel_letters([ax])
        ax.texts[-1].set_text("b")

    positive = (drives > 0).mean(1)
    return Figure(
        pd.DataFrame(
            {"angle": np.tile(angles, 3), "temperature": np.repeat(temperatures, len(angles)), "push": drives.ravel()}
        ),
        draw,
        rf"(a) Five pairs on two circles, matched and shifted by two places. (b) The push that gap and "
        rf"temperature share, as a function of the angle between partners ($n={ring.n}$, $\gamma={ring.gamma:.3f}$): "
        rf"where it is positive the gap closes "
        rf"and $\beta$ rises, where it is negative the gap opens and $\beta$ falls. At $\tau=0.07$ it is positive on "
        rf"{positive[0]:.0%} of the circle. ",
        f"Left: two spheres with five joined pairs, one with upright lines and one with crossing lines. Right: the "
        f"push over the angle is positive near zero and negative elsewhere, down to {drives.min():.2f}.",
        (PAGE, 2.4),
        narrow_height=4.6,
    )


FIGURES = (fig2, fig3)
