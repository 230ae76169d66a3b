"""Theorem 3.3 in a picture, and two notions of parallel."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    FIFTH,
    FOURTH,
    MULTI,
    PAGE,
    THIRD,
    THRESHOLD,
    Canvas,
    Figure,
    dots,
    figure,
    ordered,
    panel_letters,
    threshold,
)
from mmcl_core.lab.run import Result


@figure(
    "yaras2024.opening",
    "Random pairs open the gap",
    ["yaras2024.random_start", "yaras2024.finite_bound", "yaras2024.small_gap"],
)
def opening(draws: Result, bound: Result, small: Result) -> Figure:
    ratio = draws["twice_gamma"] / draws["limit"]
    names = [f"{int(n)}, {int(d)}, {b:g}" for n, d, b in draws["case"]]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3, width_ratios=(1, 1.1, 1))
        places = np.arange(len(names))
        dots(axes[0], ratio.mean(0), ratio * 0 + places, MULTI, xerr=ratio.std(0, ddof=1), markersize=3)
        threshold(axes[0], 1.0, "")
        axes[0].set_yticks(places, names)
        axes[0].invert_yaxis()
        axes[0].set(xlabel=r"$2\dot\gamma$ / limit (9)", ylabel=r"$n,\ d,\ \beta_0$")
        for colour, (d, b), curve, limit in zip(
            (MULTI, THIRD, FIFTH, FOURTH), bound["shown"], bound["curve"], bound["limit"], strict=True
        ):
            axes[1].plot(bound["n"], np.maximum(curve / limit, -1.2), color=colour, label=rf"$d={d:g},\ \beta_0={b:g}$")
        threshold(axes[1], 2048, "")
        axes[1].annotate(
            "2048",
            (2048, 2.2),
            xytext=(-1, 0),
            textcoords="offset points",
            ha="right",
            va="top",
            rotation=90,
            color="#555555",
        )
        axes[1].axhline(0, color=THRESHOLD, linewidth=0.6)
        axes[1].set(
            xscale="log",
            ylim=(-1, 2.7 if canvas.narrow else 2.3),
            yticks=[-1, 0, 1],
            xlabel="pairs $n$",
            ylabel="bound (8) / limit (9)",
        )
        axes[1].legend(loc="upper right")
        for offset, key, colour, label in (
            (0.94, "twice_gamma", MULTI, r"$2\dot\gamma$"),
            (1.06, "moving", FIFTH, r"$\dot\Delta$"),
        ):
            x = np.broadcast_to(small["gamma"] * offset, small[key].shape)
            axes[2].plot(
                x.ravel(),
                (small[key] / small["bound"]).ravel(),
                "o",
                color=colour,
                markersize=2.5,
                alpha=0.5,
                markeredgewidth=0,
                label=label,
            )
        threshold(axes[2], 1.0, "bound (8)", axis="y")
        axes[2].set(xscale="log", yscale="log", xlabel=r"$\gamma_0$", ylabel="rate / bound (8)")
        axes[2].set_yticks([0.3, 0.5, 1, 2, 5], ["0.3", "0.5", "1", "2", "5"])
        axes[2].tick_params(axis="y", which="minor", labelleft=False)
        axes[2].legend(loc="lower right")
        panel_letters(axes)

    below, doubled = ((small[key] < small["bound"])[:, 0] for key in ("moving", "twice_gamma"))
    return Figure(
        pd.DataFrame({"case": np.tile(names, len(ratio)), "ratio": ratio.ravel()}),
        draw,
        rf"(a) Measured opening over its limit, one standard deviation over "
        rf"{len(ratio)} draws. (b) The finite-n bound is negative until n is large; at CLIP's 2048 pairs, $d=512$, it "
        rf"is {float(bound['clip']):.0f}. "
        rf"(c) {int(small.config.n)} pairs, $d={small.config.d}$, $\beta_0={small.config.beta:g}$, "
        rf"{len(small['moving'])} draws: at $\gamma_0={small['gamma'][0]:.2g}$ the gap $\Delta$ of {below.sum()} in "
        rf"{len(below)} draws opens more slowly than (8) allows, and $2\gamma$ of {doubled.sum()}.",
        f"Left: {len(names)} dots with bars around the line at 1, between {ratio.mean(0).min():.2f} and "
        f"{ratio.mean(0).max():.2f}. Middle: four curves that cross zero at ever larger n. Right: rates over the "
        f"bound at {len(small['gamma'])} starting gaps; the gap's rate falls below the line at the smallest.",
        (PAGE, 2.7),
    )


@figure("yaras2024.offsets", "Two notions of parallel", ["yaras2024.offsets"])
def offsets(r: Result) -> Figure:
    x = r["fine_log_time"]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for colour, kappa, row in zip(
            ordered(len(r["offset_rate"])), r["offset_rate"], r["shared_log_gamma"], strict=True
        ):
            axes[0].plot(x, 2 * np.exp(row), color=colour, label=rf"$\kappa={kappa:g}$")
        for colour, n, row in zip(ordered(len(r["ring"])), r["ring"], r["free_log_gamma"], strict=True):
            axes[1].plot(x, 2 * np.exp(row), color=colour, label=f"$n={n}$")
        for ax in axes:
            ax.set(xscale="log", yscale="log", xlabel=r"$\log t$", ylabel=r"$2\gamma$")
            ax.legend(loc="lower left")
        panel_letters(axes)

    return Figure(
        pd.DataFrame(
            {
                "model": np.repeat(
                    [f"shared kappa={k:g}" for k in r["offset_rate"]] + [f"free n={n}" for n in r["ring"]], len(x)
                ),
                "log_time": np.tile(x, len(r["offset_rate"]) + len(r["ring"])),
                "log_gamma": np.concatenate([r["shared_log_gamma"], r["free_log_gamma"]]).ravel(),
            }
        ),
        draw,
        rf"(a) One shared offset with its own learning rate $\kappa$ closes with the power $-2\kappa$ of $\log t$ "
        rf"(the paper has $\kappa=1$). (b) n pairs of free points, the model of Fig. 2, close with $-1/n$: five pairs "
        rf"still have a gap of "
        rf"{r['free_gap_at_e1000'][2]:.3f} at $t=e^{{1000}}$. Matched pairs from $\gamma_0=0.309$, $\tau_0=0.07$; (a) "
        rf"with ten pairs. Quadrature.",
        "Two panels with falling curves in doubly logarithmic axes, the left one over eight decades, the right one "
        "over two; the smaller the offset's learning rate and the more free pairs, the flatter the curve.",
        (PAGE, 2.6),
    )


FIGURES = (opening, offsets)
