"""Section 4 in the gradient-flow models: treatments of the temperature, swapping, and the gap that is left."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    DARK_MARK,
    FIFTH,
    FOURTH,
    LIGHT_MARK,
    MULTI,
    PAGE,
    SIXTH,
    THEORY,
    THIRD,
    Canvas,
    Figure,
    dots,
    figure,
    ordered,
    panel_letters,
    threshold,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.experiments.spheres import METHODS
from mmcl_core.papers.yaras2024.swapping import Swap

STYLES = {
    "exp(nu)": (MULTI, "-", r"$e^\nu$"),
    "exp(nu/2)": (MULTI, "--", r"$e^{\nu/2}$"),
    "SLRT .1": (THIRD, "-", "SLRT .1"),
    "exp(nu/10)": (THIRD, "--", r"$e^{\nu/10}$"),
    "softplus": (FOURTH, "-", "softplus"),
    "FLT .07": (FIFTH, "-", r"$\tau=.07$ fixed"),
    "FLT .2": (FIFTH, "--", r"$\tau=.2$ fixed"),
    "FLT 1": (FIFTH, ":", r"$\tau=1$ fixed"),
    "TS .07 to .2": (SIXTH, "-", r"$\tau$: .07 to .2"),
    "TS .01 to .05": (SIXTH, "--", r"$\tau$: .01 to .05"),
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
    colours = {"none": THEORY, "hard": MULTI, "soft": THIRD, "row": FIFTH}

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
        axes[0].set(xscale="log", xlabel="time $t$ (rate × steps)", ylabel=r"modality gap $\Delta$")
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
        colours = ordered(len(pairs["n"]))
        for colour, n, row in zip(colours, pairs["n"], pairs["gap"], strict=True):
            axes[0].plot(pairs["beta"], row, "o-", color=colour, markersize=2.5, linewidth=1, label=f"$n={n}$")
        axes[0].set(xscale="log", xlabel=r"$\beta_0$", ylabel=r"$\Delta(t=10^5)$")
        axes[0].set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        axes[0].minorticks_off()
        axes[0].legend(loc="upper left")
        image = axes[1].pcolormesh(
            start["temperature"], start["gamma"], start["gap"], cmap="cividis", shading="nearest", rasterized=True
        )
        axes[1].plot(0.07, np.cos(0.4 * np.pi), "o", color=LIGHT_MARK, markeredgecolor=DARK_MARK, markersize=5)
        axes[1].annotate(
            "Fig. 2", (0.07, np.cos(0.4 * np.pi)), xytext=(5, 3), textcoords="offset points", color=LIGHT_MARK
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


FIGURES = (toy_schemes, toy_swaps, phase)
