"""Figures of training and of the downstream evaluation: Figure 1, its calibration and controls, the head."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    COLUMN,
    MULTI,
    PAGE,
    SINGLE,
    Canvas,
    Figure,
    band,
    dots,
    figure,
    panel_letters,
    threshold,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import theory as closed_forms
from mmcl_core.papers.huang2024.claims.controls import INFONCE, LABEL_AWARE
from mmcl_core.papers.huang2024.claims.figure1 import converged, fig1_ordering

MEAN_AND_BARS = "Dots: mean over seeds; bars: one standard deviation."
METHODS = (("single", "single-modal", SINGLE), ("multi", "multi-modal", MULTI))
EQUATION = re.compile(r"k=1/\(mτ\)|k=1/m|k=1|σ0=1/√\(3d\)|(?:[τM]|σ0|σε)=[\d.]+(?:e-\d+)?")


def formula(name: str) -> str:
    """The name of a variant with its equations set: `σ0=1e-3 (used)` is `$\\sigma_0=10^{-3}$ (used)`."""

    def tex(found: re.Match[str]) -> str:
        said = re.sub(r"(\d)e-0*(\d+)", r"\1\\cdot10^{-\2}", found[0]).replace(r"1\cdot10", "10")
        signs = (("τ", r"\tau"), ("√(3d)", r"\sqrt{3d}"), ("σ0", r"\sigma_0"), ("σε", r"\sigma_\epsilon"))
        for sign, name in signs:
            said = said.replace(sign, name)
        return f"${said}$"

    return EQUATION.sub(tex, name)


@figure("huang2024.fig1", "Training with one modality and with two", ["huang2024.figure1"], "Fig. 1")
def fig1(r: Result) -> Figure:
    panels = (
        ("loss", "training loss $L$", r["epoch"]),
        ("accuracy", "OOD accuracy (head B)", r["test_epoch"]),
        ("signal", r"signal $\max_r \langle w_r, \mu\rangle$", r["epoch"]),
        ("noise", r"noise $\max_{r,i} \langle w_r, \xi_i\rangle$", r["epoch"]),
    )
    frames = [
        tidy(r.seeds, epoch=x, value=r[f"{method}_{name}"]).assign(method=label, quantity=name)
        for name, _, x in panels
        for method, label, _ in METHODS
    ]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 4)
        for ax, (name, label, x) in zip(axes, panels, strict=True):
            for method, title, colour in METHODS:
                band(ax, x, r[f"{method}_{name}"], colour, title)
            ax.set(xlabel="epoch", ylabel=label)
        axes[1].set_ylim(0.4, 1.09)
        threshold(axes[1], float(closed_forms.odd_ceiling(r.config.downstream)), r"$\Phi(\|\nu\|/\sigma_\xi)$", "y")
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
        panel_letters(axes)

    return Figure(
        pd.concat(frames),
        draw,
        f"The losses end at {r['single_loss'][:, -1].mean():.1g} (one modality) and "
        f"{r['multi_loss'][:, -1].mean():.1g} (two; a), the accuracies under the shift at "
        f"{r['single_accuracy'][:, -1].mean():.2f} and {r['multi_accuracy'][:, -1].mean():.2f} (b), the learnt "
        f"signals at {r['single_signal'][:, -1].mean():.2f} and "
        f"{r['multi_signal'][:, -1].mean():.2f} (c), and the memorised noise of training samples at "
        f"{r['single_noise'][:, -1].mean():.1f} and {r['multi_noise'][:, -1].mean():.1f} (d). "
        "Lines: mean over seeds; bands: one standard deviation.",
        f"Four panels against the epoch, two curves each. The losses fall to {r['single_loss'][:, -1].mean():.1g} and "
        f"{r['multi_loss'][:, -1].mean():.1g}. The out-of-distribution accuracy "
        f"of the multi-modal encoder, beside the dashed line at Phi, ends at {r['multi_accuracy'][:, -1].mean():.2f}; "
        f"the single-modal one ends at {r['single_accuracy'][:, -1].mean():.2f}. The multi-modal signal ends at "
        f"{r['multi_signal'][:, -1].mean():.2f}, the single-modal one at {r['single_signal'][:, -1].mean():.2f}. The "
        f"single-modal noise ends at {r['single_noise'][:, -1].mean():.1f}, the "
        f"multi-modal one at {r['multi_noise'][:, -1].mean():.1f}.",
        (PAGE, 2.2),
    )


def _comparison(r: Result, caption: str, alt: str) -> Figure:
    """End values of every variant: one row a variant, one panel a quantity, dots for the mean over seeds with one
    standard deviation."""
    variants = [str(v) for v in r["variant"]]
    panels = (
        ("loss", "final loss $L$"),
        ("signal", r"$\max_r |\langle w_r,\mu\rangle|$"),
        ("noise", r"$\max_{r,i}\langle w_r,\xi_i\rangle$"),
        ("accuracy", "OOD accuracy"),
    )
    frame = pd.DataFrame(
        [
            {
                "variant": v,
                "method": label,
                "quantity": name,
                "mean": r[f"{method}_{name}"][:, k].mean(),
                "sd": r[f"{method}_{name}"][:, k].std(ddof=1),
            }
            for k, v in enumerate(variants)
            for method, label, _ in METHODS
            for name, _ in panels
        ]
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, len(panels), sharey=True)
        rows = np.arange(len(variants))
        for ax, (name, label) in zip(axes, panels, strict=True):
            for (method, title, colour), offset in zip(METHODS, (-0.15, 0.15), strict=True):
                values = r[f"{method}_{name}"]
                ax.errorbar(
                    values.mean(0),
                    rows + offset,
                    xerr=values.std(0, ddof=1),
                    fmt="o",
                    color=colour,
                    label=title,
                    capsize=2,
                    elinewidth=0.8,
                )
            ax.set(xlabel=label)
            ax.grid(axis="y", linewidth=0.3)
        axes[0].set_yticks(rows, map(formula, variants))
        axes[0].invert_yaxis()
        axes[3].set_xlim(0.35, 1.02)
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)

    return Figure(frame, draw, caption, alt, (PAGE, 0.28 * len(variants) + 0.9), MEAN_AND_BARS)


@figure("huang2024.calibration", "What the paper leaves out", ["huang2024.calibration"])
def calibration(r: Result) -> Figure:
    reached = converged(r)
    outcome = (
        f"In {reached.sum()} of {len(reached)} readings both losses end below 0.05 for every seed; there two "
        f"modalities have more signal and more accuracy than one in a share of "
        f"{fig1_ordering.estimator(r).value:.2f} of readings, the smallest over seeds."
    )
    others = "; ".join(formula(v) for v in r["variant"][~reached]) or "none"
    return _comparison(
        r,
        f"The figure's setting under {len(reached)} readings of the unstated $k = 1/(m\\tau)$ and $\\sigma_0$, after "
        f"{r.config.epochs} epochs. {outcome} Not converged: {others}.",
        f"Rows are {len(reached)} settings of k and sigma zero, columns are final loss, signal, noise and accuracy "
        f"for both methods. {outcome}",
    )


@figure("huang2024.negatives", "Other negatives, other augmentations", ["huang2024.negatives"])
def negatives(r: Result) -> Figure:
    accuracy, spread, noise, alone = (
        r["multi_accuracy"].mean(0),
        r["multi_accuracy"].std(0, ddof=1),
        r["multi_noise"].mean(0),
        r["single_noise"].mean(0),
    )
    label_aware = np.delete(accuracy, INFONCE)
    outcome = (
        f"Multi-modal accuracy is {accuracy[LABEL_AWARE]:.3f} in the figure's setting, and {label_aware.min():.3f} to "
        f"{label_aware.max():.3f} over all numbers of label-aware negatives and "
        f"augmentation strengths. With all other samples as negatives, as in ordinary InfoNCE, it is "
        f"{accuracy[INFONCE]:.2f} with a standard deviation of {spread[INFONCE]:.2f}, and the noise is "
        f"{noise[INFONCE]:.1f} (one modality: {alone[INFONCE]:.1f}) instead of {noise[LABEL_AWARE]:.1f}."
    )
    return _comparison(
        r,
        outcome,
        f"Rows are {len(accuracy)} choices of negatives and augmentation strength, columns are final loss, signal, "
        f"noise and accuracy for both methods. {outcome}",
    )


@figure("huang2024.head_size", "The head decides the single-modal number", ["huang2024.downstream"])
def head_size(r: Result) -> Figure:
    x = r["head_size"]
    frame = pd.concat(
        [
            tidy(r.seeds, labelled_samples=x, accuracy=r[f"{method}_by_size"]).assign(method=label)
            for method, label, _ in METHODS
        ]
    )
    at_figure = int(np.abs(r["strength"] - r.config.downstream).argmin())

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        for method, label, colour in METHODS:
            dots(ax, x, r[f"{method}_by_size"], colour, label, linestyle="-")
            ax.axhline(r[f"{method}_head_b"][:, at_figure].mean(), color=colour, linestyle=":", linewidth=1)
        ax.annotate("dotted: head B, fitted on the training set", (0.98, 0.03), xycoords="axes fraction", ha="right")
        ax.set(xscale="log", xlabel="labelled shifted samples for the head", ylabel="OOD accuracy", ylim=(0.35, 1.04))
        ax.legend(loc="center right")

    return Figure(
        frame,
        draw,
        f"Single-modal accuracy with a head fitted on labelled samples of the shifted distribution goes from "
        f"{r['single_by_size'][:, 0].mean():.2f} with {x[0]} samples to "
        f"{r['single_by_size'][:, -1].mean():.2f} with {x[-1]:,}; with the head fitted on the pre-training set it is "
        f"{r['single_head_b'][:, at_figure].mean():.2f}. "
        "Dots: mean over seeds; bars: one standard deviation.",
        f"Accuracy against the number of labelled shifted samples, logarithmic, from {x[0]} to {x[-1]:,}. The "
        f"multi-modal and the single-modal curve start at "
        f"{r['multi_by_size'][:, 0].mean():.2f} and {r['single_by_size'][:, 0].mean():.2f} and end at "
        f"{r['multi_by_size'][:, -1].mean():.2f} and {r['single_by_size'][:, -1].mean():.2f}.",
        (COLUMN * 1.4, 2.7),
    )


FIGURES = (fig1, calibration, negatives, head_size)
