"""Fig. 2 and its model: the sphere, what matched and mismatched pairs do, mitigation, phase diagrams."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from mmcl_core.evidence.figures import (
    FIFTH,
    FOURTH,
    MULTI,
    PAGE,
    SINGLE,
    THIRD,
    Figure,
    dots,
    figure,
    panel_letters,
    threshold,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.experiments.spheres import METHODS
from mmcl_core.papers.yaras2024.points import Ring
from mmcl_core.papers.yaras2024.swapping import Swap

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
    ax.text2D(0.5, -0.02, label, transform=ax.transAxes, ha="center", fontsize=7)


def modality_key(canvas: Canvas, **place: Any) -> None:
    """Which colour is which modality, once for several spheres."""
    handles = [
        Line2D([], [], marker="o", linestyle="", color=colour, markersize=4, label=label)
        for colour, label in ((IMAGE, "image"), (TEXT, "text"))
    ]
    canvas.legend(handles=[*handles, Line2D([], [], color="#333333", linewidth=1.1, label="pair")], ncols=3, **place)


@figure("yaras2024.fig2", "Gap and temperature on the sphere", ["yaras2024.fig2"])
def fig2(r: Result) -> Figure:
    time, gap, temperature, matched = r["plotted_time"], r["gap"], r["temperature"], float(r["matched"])

    def draw(canvas: Canvas) -> None:
        left, right = canvas.subfigures(1, 2, width_ratios=(1.15, 1))
        axes = left.subplots(1, 2)
        for ax, curve, label in zip(
            axes, (gap, temperature), (r"modality gap $\Delta$", r"temperature $\tau$"), strict=True
        ):
            ax.plot(time, curve, color=MULTI)
            ax.set(xscale="log", xlabel=r"$t+0.1$", ylabel=label, ylim=(0, 1.2))
            ax.set_xticks([0.1, 10, 1e3, 1e5])
            ax.xaxis.set_minor_formatter(NullFormatter())
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
        rf"Five pairs (images blue, texts red-orange) start mismatched. Gap (a) and temperature (b) rise to "
        rf"{gap.max():.3f} and {temperature.max():.3f}, all pairs match at $t={matched:.3f}$, "
        rf"then both fall, to {gap[-1]:.3f} and {temperature[-1]:.4f} at $t=10^5$. (c) Six frames; lines join the "
        rf"pairs.",
        f"Left: two curves over logarithmic time, gap and temperature, rising to a peak near t = 2 and falling slowly "
        f"after the dashed line at {matched:.1f}. "
        f"Right: six spheres; two pentagons move apart while they turn against each other until partners face each "
        f"other, and stay apart with a gap of {gap[-1]:.2f}.",
        (PAGE, 2.5),
    )


@figure("yaras2024.fig3", "Why mismatched pairs push the planes apart", ["yaras2024.fig2"])
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
        ax.axhline(0, color="#777777", linewidth=0.6)
        ax.set(
            xlabel=r"angle between partners $\delta$ (degrees)",
            ylabel=r"common push $(1-\gamma^2)g$",
            xticks=[-144, -72, 0, 72, 144],
        )
        ax.legend(loc="upper left")
        panel_letters([ax])
        ax.texts[-1].set_text("b")

    positive = (drives > 0).mean(1)
    return Figure(
        pd.DataFrame(
            {"angle": np.tile(angles, 3), "temperature": np.repeat(temperatures, len(angles)), "push": drives.ravel()}
        ),
        draw,
        rf"(a) Five pairs on two parallel circles, matched and shifted by two places. (b) The push that gap and "
        rf"temperature share, as a function of the angle between partners ($n={ring.n}$, $\gamma={ring.gamma:.3f}$): "
        rf"where it is positive the gap closes "
        rf"and $\beta$ rises, where it is negative the gap opens and $\beta$ falls. At $\tau=0.07$ it is positive on "
        rf"{positive[0]:.0%} of the circle. Theory, no training.",
        f"Left: two spheres with five joined pairs, one with upright lines and one with crossing lines. Right: the "
        f"push over the angle is positive near zero and negative elsewhere, down to {drives.min():.2f}.",
        (PAGE, 2.4),
    )


STYLES = {
    "exp(nu)": (MULTI, "-", r"$e^\nu$"),
    "exp(nu/2)": (MULTI, "--", r"$e^{\nu/2}$"),
    "SLRT .1": (THIRD, "-", "SLRT .1"),
    "exp(nu/10)": (THIRD, "--", r"$e^{\nu/10}$"),
    "softplus": (FOURTH, "-", "softplus"),
    "FLT .07": (FIFTH, "-", r"$\tau=.07$ fixed"),
    "FLT .2": (FIFTH, "--", r"$\tau=.2$ fixed"),
    "FLT 1": (FIFTH, ":", r"$\tau=1$ fixed"),
    "TS .07 to .2": ("#56B4E9", "-", r"$\tau$: .07 to .2"),
    "TS .01 to .05": ("#56B4E9", "--", r"$\tau$: .01 to .05"),
}


@figure("yaras2024.toy_schemes", "Who moves slower closes further", ["yaras2024.toy_schemes"])
def toy_schemes(r: Result) -> Figure:
    time = r["time"]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharex=True)
        for row, name in enumerate(METHODS):
            colour, line, label = STYLES[name]
            axes[0].plot(time, r["gap"][row], color=colour, linestyle=line, label=label)
            axes[1].plot(time, r["temperature"][row], color=colour, linestyle=line)
        axes[0].set(xscale="log", xlabel="time $t$", ylabel=r"modality gap $\Delta$", xlim=(0.01, time[-1]))
        axes[1].set(yscale="log", xlabel="time $t$", ylabel=r"temperature $\tau$")
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
        panel_letters(axes)

    end = dict(zip(METHODS, r["gap"][:, -1], strict=True))
    return Figure(
        pd.DataFrame(
            {
                "method": np.repeat(METHODS, len(time)),
                "time": np.tile(time, len(METHODS)),
                "gap": r["gap"].ravel(),
                "temperature": r["temperature"].ravel(),
            }
        ),
        draw,
        rf"The model of Fig. 2 under ten treatments of the temperature. Gap at $t=10^5$: $e^\nu$ "
        rf"{end['exp(nu)']:.3f}, $e^{{\nu/2}}$ {end['exp(nu/2)']:.3f}, SLRT .1 {end['SLRT .1']:.3f}, "
        rf"$e^{{\nu/10}}$ {end['exp(nu/10)']:.4f}, softplus {end['softplus']:.1e}, fixed .07 {end['FLT .07']:.0e}; "
        rf"the schedule from $\tau=.01$ still {end['TS .01 to .05']:.2f}.",
        f"Ten gap curves over logarithmic time. All rise first; with an exponential temperature the gap ends at "
        f"{end['exp(nu)']:.2f}, with slower temperatures it falls further, with fixed ones to zero.",
        (PAGE, 2.7),
    )


@figure("yaras2024.toy_swaps", "Swapping coordinates", ["yaras2024.toy_swaps"])
def toy_swaps(r: Result) -> Figure:
    swaps: tuple[Swap, ...] = r.config.swaps()
    end = r["gap"][..., -1]
    names = {"hard": "hard swap", "soft": "soft swap", "row": "whole rows"}
    colours = {"none": "#000000", "hard": MULTI, "soft": THIRD, "row": FIFTH}

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        late = r["time"] > 0
        for column, swap in enumerate(swaps):
            # The kind gives the colour, the share of the steps the weight of the line.
            weight = 1.4 if swap.kind == "none" else 0.6 + 0.5 * (3 + np.log10(swap.probability))
            label = "no swapping" if swap.kind == "none" else f"{names[swap.kind]}, $p={swap.probability:g}$"
            axes[0].plot(
                r["time"][late], r["gap"].mean(0)[column, late], color=colours[swap.kind], linewidth=weight, label=label
            )
        axes[0].set(xscale="log", xlabel="time $t$ (rate x steps)", ylabel=r"modality gap $\Delta$")
        for kind, marker in (("hard", "o"), ("soft", "s"), ("row", "^")):
            chosen = [k for k, s in enumerate(swaps) if s.kind == kind]
            dots(
                axes[1],
                np.array([swaps[k].probability for k in chosen]),
                end[:, chosen],
                colours[kind],
                names[kind],
                fmt=f"{marker}-",
                linewidth=0.8,
            )
        axes[1].set(
            xscale="log",
            xlabel="share of steps that swap, $p$",
            ylabel=rf"$\Delta$ at $t={r['time'][-1]:g}$",
            ylim=(0, None),
        )
        threshold(axes[1], end[:, 0].mean(), "no swapping", axis="y")
        axes[1].legend(loc="lower left")
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
        panel_letters(axes)

    labels = [s.label for s in swaps]
    seeds = np.asarray(r.seeds)
    return Figure(
        pd.DataFrame(
            {"seed": np.repeat(seeds, len(labels)), "swap": np.tile(labels, len(seeds)), "final_gap": end.ravel()}
        ),
        draw,
        rf"The model of Fig. 2 by gradient descent with swapped coordinates: mean over {len(seeds)} seeds (a), final "
        rf"gap with one standard deviation (b). Thicker lines in (a): larger $p$. "
        rf"Without swapping the gap ends at {end[:, 0].mean():.3f}, with hard swap in every step at "
        rf"{end[:, 4].mean():.3f}, with rows swapped in every step at {end[:, 8].mean():.3f}.",
        f"Left: gap curves over time, lower for more swapping. Right: final gap against the share of swapped steps, "
        f"falling for hard swap from {end[:, 1].mean():.2f} to {end[:, 4].mean():.2f}.",
        (PAGE, 2.6),
    )


@figure("yaras2024.phase", "The gap that is left", ["yaras2024.phase_pairs", "yaras2024.phase_start"])
def phase(pairs: Result, start: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        colours = (MULTI, "#56B4E9", THIRD, FIFTH, "#D55E00", FOURTH)
        for colour, n, row in zip(colours, pairs["n"], pairs["gap"], strict=False):
            axes[0].plot(pairs["beta"], row, "o-", color=colour, markersize=2.5, linewidth=1, label=f"$n={n}$")
        axes[0].set(xscale="log", xlabel=r"$\beta_0$", ylabel=r"$\Delta(t=10^5)$")
        axes[0].set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        axes[0].minorticks_off()
        axes[0].legend(loc="upper left")
        image = axes[1].pcolormesh(
            start["temperature"], start["gamma"], start["gap"], cmap="cividis", shading="nearest", rasterized=True
        )
        axes[1].plot(0.07, np.cos(0.4 * np.pi), "o", color="white", markeredgecolor="black", markersize=5)
        axes[1].annotate(
            "Fig. 2", (0.07, np.cos(0.4 * np.pi)), xytext=(5, 3), textcoords="offset points", color="white", fontsize=7
        )
        axes[1].set(xscale="log", xlabel=r"$\tau_0$", ylabel=r"$\gamma_0$")
        canvas.colorbar(image, ax=axes[1], label=r"$\Delta(t=10^5)$")
        panel_letters(axes)

    x, y = start["temperature"], start["gamma"]
    return Figure(
        pd.DataFrame(
            {"temperature": np.tile(x, len(y)), "gamma": np.repeat(y, len(x)), "final_gap": start["gap"].ravel()}
        ),
        draw,
        rf"The gap at $t=10^5$ in the model of Fig. 2 with $\beta=e^\nu$. (a) Over $\beta_0$ for rings of n pairs "
        rf"shifted by $(n-1)/2$: from {pairs['gap'].min():.2f} to {pairs['gap'].max():.2f}. "
        rf"(b) Over the start $(\tau_0,\gamma_0)$ with five pairs: from {start['gap'].min():.2f} to "
        rf"{start['gap'].max():.2f}.",
        "Left: one curve per ring size, all rising with the starting inverse temperature. Right: heat map over "
        "starting temperature and height; the gap left is largest at cold starts with a large gap.",
        (PAGE, 2.6),
    )


FIGURES = (fig2, fig3, toy_schemes, toy_swaps, phase)
