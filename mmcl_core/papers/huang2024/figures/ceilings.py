"""Figures of the theorems' limits: the two ceilings of linear heads, and what the dimension does to the test error."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    FOURTH,
    MULTI,
    PAGE,
    SINGLE,
    THIRD,
    Canvas,
    Figure,
    dots,
    figure,
    panel_letters,
    theory,
    threshold,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import theory as closed_forms
from mmcl_core.papers.huang2024.claims.ceilings import IDEAL, UNTRAINED
from mmcl_core.papers.huang2024.claims.ceilings import MULTI as MULTI_ENCODER
from mmcl_core.papers.huang2024.claims.ceilings import SINGLE as SINGLE_ENCODER
from mmcl_core.papers.huang2024.experiments.sequence import ELSEWHERE, FIGURE, GENERIC, SMALLEST, STRONG


@figure("huang2024.ceiling", "The ceilings of linear heads", ["huang2024.ceiling", "huang2024.downstream"])
def ceiling(r: Result, wide: Result) -> Figure:
    x = r["strength"]
    one_neuron = (
        (r["aimed"][:, IDEAL], "ideal neuron", THIRD, "D"),
        (r["fitted"][:, MULTI_ENCODER], "multi-modal, one neuron", MULTI, "^"),
        (r["fitted"][:, SINGLE_ENCODER], "single-modal, one neuron", SINGLE, "^"),
        (r["fitted"][:, UNTRAINED], "untrained, one neuron", FOURTH, "^"),
    )
    others = (
        (x, r["balanced"], "six neurons, balanced", THIRD, "s"),
        (wide["strength"], wide["multi_head_b"], "multi-modal, head B", MULTI, "o"),
        (wide["strength"], wide["single_head_b"], "single-modal, head B", SINGLE, "o"),
    )
    series = [(x, *rest) for rest in one_neuron] + list(others)
    frame = pd.concat(
        [
            tidy(
                r.seeds if len(values) == len(r.seeds) else wide.seeds,
                strength=at,
                accuracy=values,
                ceiling=closed_forms.ceiling(at),
                phi=closed_forms.odd_ceiling(at),
            ).assign(series=label)
            for at, values, label, *_ in series
        ]
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        grid = np.linspace(0, 3.2, 200)
        for ax in axes:
            theory(ax, grid, closed_forms.ceiling(grid), r"$(1+\Phi)/2$: all linear heads")
            theory(ax, grid, closed_forms.odd_ceiling(grid), r"$\Phi$: odd heads", linestyle="--")
            ax.set(xlim=(0, 3.2), ylim=(0.44, 1.03), xlabel=r"strength of the new signal $\|\nu\|/\sigma_\xi$")
            threshold(ax, float(r.config.signal / np.sqrt(r.config.d)), "")
        for values, label, colour, marker in one_neuron:
            dots(axes[0], x, values, colour, label, fmt=marker, markerfacecolor="none")
        for at, values, label, colour, marker in others:
            inside = at <= 3.2
            dots(axes[1], at[inside], values[:, inside], colour, label, fmt=marker)
        axes[0].set_ylabel("OOD accuracy")
        axes[0].legend(loc="lower right")
        axes[1].legend(loc="center right", bbox_to_anchor=(1, 0.53 if canvas.narrow else 0.5))
        panel_letters(axes)

    weakest = "; ".join(f"{label} {values.mean(0)[0]:.3f}" for values, label, *_ in one_neuron)
    bound = float(closed_forms.ceiling(x[0]))
    return Figure(
        frame,
        draw,
        r"Heads of one neuron and a threshold (a) against the ceiling of all linear heads, $(1 + "
        r"\Phi(\|\nu\|/\sigma_\xi))/2$; "
        rf"at its smallest strength, dashed grey, it is {bound:.3f}. Head B and the balanced head of six neurons (b): "
        rf"head B on the multi-modal encoder lies at $\Phi$, the balanced head above it where the signal is weak.",
        f"Two panels, accuracy against the strength of the new signal, each with two theory curves: one rises from "
        f"three quarters "
        f"to one, the other from one half to one. Left, at the weakest signal: {weakest}. Right: head B on the "
        f"multi-modal "
        f"encoder goes from {wide['multi_head_b'].mean(0)[0]:.2f} to {wide['multi_head_b'].mean(0)[-1]:.2f}, on the "
        f"single-modal one "
        f"it stays near {wide['single_head_b'].mean():.2f}; the balanced head starts at "
        f"{r['balanced'].mean(0)[0]:.2f}.",
        (PAGE, 2.9),
        rf"Lines: theory; markers: mean over seeds; bars (mostly hidden): one standard deviation. At "
        rf"$\|\nu\|/\sigma_\xi = {x[0]:g}$ heads of one neuron reach: {weakest}.",
        narrow_height=6.4,
    )


@figure("huang2024.sequence", "Growing n and d", ["huang2024.sequence"])
def sequence(r: Result) -> Figure:
    x = r["size"]
    shifts = (
        (SMALLEST, r"$\|\mu\|/\sqrt{d}$ along $\mu$", "o"),
        (ELSEWHERE, r"... and $2\sigma_\xi$ across", "x"),
        (GENERIC, r"... and $\|\mu\|$ across", "D"),
        (FIGURE, r"$2\sigma_\xi$ along $\mu$", "s"),
        (STRONG, r"$5\sigma_\xi$ along $\mu$", "^"),
    )
    panels = (("square", r"$d = n^2$"), ("full", r"$d = n/(\sigma_0\sigma_\xi)$"))
    frame = pd.concat(
        [
            tidy(r.seeds, n=x, accuracy=r[f"{name}_{method}_accuracy"][..., shift]).assign(
                dimension=name, method=method, shift=words
            )
            for name, _ in panels
            for method in ("single", "multi")
            for shift, words, _ in shifts
        ]
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        for ax, (name, formula) in zip(axes, panels, strict=True):
            for shift, words, marker in shifts:
                dots(ax, x, r[f"{name}_multi_accuracy"][..., shift], MULTI, words, fmt=marker, linestyle="-")
            dots(ax, x, r[f"{name}_single_accuracy"][..., FIGURE], SINGLE, r"one modality, $2\sigma_\xi$", fmt="s")
            ax.set(xscale="log", xlabel=f"$n$, with {formula}", ylim=(0.44, 1.03))
            ax.set_xticks(x, [f"{n}" for n in x])
            ax.minorticks_off()
            threshold(ax, 0.75, "3/4", "y")
        axes[0].set_ylabel("OOD accuracy (head B)")
        canvas.legend(*axes[1].get_legend_handles_labels(), loc="outside upper center", ncols=3)
        panel_letters(axes)

    def ends(name: str, shift: int) -> str:
        values = r[f"{name}_multi_accuracy"][..., shift].mean(0)
        return f"{values[0]:.2f} to {values[-1]:.2f}"

    return Figure(
        frame,
        draw,
        f"Head B on the multi-modal encoder (blue). With $d = n^2$ (a) it reads the shift of Figure 1, "
        f"$2\\sigma_\\xi$ ({ends('square', FIGURE)}); with the dimension that Assumption 4.1 asks for (b) it does not "
        f"({ends('full', FIGURE)}), because the untrained part of the weights answers noise. At "
        f"$\\|\\mu\\|/\\sqrt d$ it is near one half in both.",
        f"Two panels, accuracy against n, logarithmic. Left, at two sigma the multi-modal accuracy goes from "
        f"{ends('square', FIGURE)}, at the largest allowed along mu from "
        f"{ends('square', SMALLEST)}. Right, at two sigma from "
        f"{ends('full', FIGURE)}, at the largest allowed along mu from {ends('full', SMALLEST)}.",
        (PAGE, 3.1),
        rf"$n\,\mathrm{{SNR}}^2 = {r.config.n_snr_squared:g}$, $C_\mu = {r.config.ratio:g}$, trained to a loss of "
        rf"{r.config.precision:g}. Accuracy stays near one half also where a part of the new signal lies across $\mu$, "
        rf"up to the length of $\mu$ itself (a random direction). Markers: mean over seeds; bars: one standard "
        rf"deviation.",
    )


FIGURES = (ceiling, sequence)
