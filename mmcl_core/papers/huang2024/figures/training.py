"""Figures of training and of the downstream evaluation: Figure 1, its calibration and controls, the ceiling, the head."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from mmcl_core.figures import COLUMN, MULTI, PAGE, SINGLE, Figure, band, dots, figure, panel_letters, theory, threshold, tidy
from mmcl_core.papers.huang2024 import theory as closed_forms
from mmcl_core.run import Result

METHODS = (("single", "single-modal", SINGLE), ("multi", "multi-modal", MULTI))


@figure("huang2024.fig1", "Training with one modality and with two", ["huang2024.figure1"])
def fig1(r: Result) -> Figure:
    panels = (
        ("loss", "training loss $L$", r["epoch"]),
        ("accuracy", "OOD accuracy (head B)", r["test_epoch"]),
        ("signal", r"signal $\max_r \langle w_r, \mu\rangle$", r["epoch"]),
        ("noise", r"noise $\max_{r,i} \langle w_r, \xi_i\rangle$", r["epoch"]),
    )
    frames = [tidy(r.seeds, epoch=x, value=r[f"{method}_{name}"]).assign(method=label, quantity=name) for name, _, x in panels for method, label, _ in METHODS]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 4)
        for ax, (name, label, x) in zip(axes, panels, strict=True):
            for method, title, colour in METHODS:
                band(ax, x, r[f"{method}_{name}"], colour, title)
            ax.set(xlabel="epoch", ylabel=label)
        axes[1].set_ylim(0.4, 1.02)
        threshold(axes[1], float(closed_forms.ceiling(r.config.downstream)), r"$\Phi(\|\nu\|/\sigma_\xi)$", "y")
        axes[0].legend(loc="upper right")
        panel_letters(axes)

    return Figure(
        pd.concat(frames),
        draw,
        "Both losses vanish (a). Only two modalities give an encoder that works under the shift (b), because it learnt the signal (c) where one modality "
        "memorised the noise of its training samples (d). Lines: mean over seeds; bands: one standard deviation.",
        "Four panels against the epoch, two curves each. The losses of both methods fall to nearly zero at once. The out-of-distribution accuracy of the multi-modal encoder rises to the "
        f"dashed ceiling, ending at {r['multi_accuracy'][:, -1].mean():.2f}; the single-modal one ends at {r['single_accuracy'][:, -1].mean():.2f}. The multi-modal signal ends at "
        f"{r['multi_signal'][:, -1].mean():.2f}, the single-modal one at {r['single_signal'][:, -1].mean():.2f}. The single-modal noise ends at {r['single_noise'][:, -1].mean():.1f}, the "
        f"multi-modal one at {r['multi_noise'][:, -1].mean():.1f}.",
        (PAGE, 2.1),
    )


def _comparison(r: Result, caption: str, alt: str) -> Figure:
    """End values of every variant: one row a variant, one panel a quantity, dots for the mean over seeds with one standard deviation."""
    variants = [str(v) for v in r["variant"]]
    panels = (
        ("loss", "final loss $L$"),
        ("signal", r"$\max_r |\langle w_r,\mu\rangle|$"),
        ("noise", r"$\max_{r,i}\langle w_r,\xi_i\rangle$"),
        ("accuracy", "OOD accuracy"),
    )
    frame = pd.DataFrame(
        [
            {"variant": v, "method": label, "quantity": name, "mean": r[f"{method}_{name}"][:, k].mean(), "sd": r[f"{method}_{name}"][:, k].std(ddof=1)}
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
                ax.errorbar(values.mean(0), rows + offset, xerr=values.std(0, ddof=1), fmt="o", color=colour, label=title, capsize=2, elinewidth=0.8)
            ax.set(xlabel=label)
            ax.grid(axis="y", linewidth=0.3)
        axes[0].set_yticks(rows, variants)
        axes[0].invert_yaxis()
        axes[3].set_xlim(0.35, 1.02)
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)

    return Figure(frame, draw, caption, alt, (PAGE, 0.28 * len(variants) + 0.9))


@figure("huang2024.calibration", "What the paper leaves out", ["huang2024.calibration"])
def calibration(r: Result) -> Figure:
    return _comparison(
        r,
        "The figure's setting under eight readings of the unstated $k = 1/(m\\tau)$ and $\\sigma_0$, after 200 epochs. With $k = 1/m$ nothing converges; the order of the two "
        "methods is the same in every reading that does. Dots: mean over seeds; bars: one standard deviation.",
        "Rows are eight settings of k and sigma zero, columns are final loss, signal, noise and accuracy for both methods. The two rows with k equal to one over m have "
        "large losses. In all other rows the multi-modal dot has more signal and more accuracy than the single-modal one.",
    )


@figure("huang2024.negatives", "Other negatives, other augmentations", ["huang2024.negatives"])
def negatives(r: Result) -> Figure:
    return _comparison(
        r,
        "The number of label-aware negatives hardly matters and the augmentation strength not at all for two modalities. With all other samples as negatives, as in ordinary "
        "InfoNCE, the multi-modal encoder memorises like the single-modal one and its accuracy falls. Dots: mean over seeds; bars: one standard deviation.",
        "Rows are seven choices of negatives and augmentation strength, columns are final loss, signal, noise and accuracy for both methods. In the row of InfoNCE the "
        "multi-modal noise is as large as the single-modal one and its accuracy is lower and varies widely.",
    )


@figure("huang2024.ceiling", "The ceiling", ["huang2024.downstream"])
def ceiling(r: Result) -> Figure:
    x = r["strength"]
    series = (
        ("multi_head_b", "multi-modal, head B", MULTI, "o"),
        ("single_population", "single-modal, best linear head", SINGLE, "s"),
        ("single_head_b", "single-modal, head B", SINGLE, "o"),
    )
    frame = pd.concat([tidy(r.seeds, strength=x, accuracy=r[name], ceiling=closed_forms.ceiling(x)).assign(series=label) for name, label, *_ in series])

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        grid = np.linspace(0, x.max(), 200)
        theory(ax, grid, closed_forms.ceiling(grid), r"ceiling $\Phi(\|\nu\|/\sigma_\xi)$")
        for name, label, colour, marker in series:
            dots(ax, x, r[name], colour, label, fmt=marker, markerfacecolor="none" if marker == "s" else colour)
        threshold(ax, float(r.config.signal / np.sqrt(r.config.d)), r"$\|\mu\|/\sqrt{d}$")
        threshold(ax, float(r.config.downstream), "Figure 1")
        ax.set(xlabel=r"strength of the new signal $\|\nu\|/\sigma_\xi$", ylabel="OOD accuracy", ylim=(0.44, 1.05))
        ax.legend(loc="center right", bbox_to_anchor=(1, 0.62))

    return Figure(
        frame,
        draw,
        r"The multi-modal encoder attains the ceiling that no linear head can exceed. At the scale the theorem's text allows, $\|\nu\| \approx \|\mu\|/\sqrt d$, the ceiling "
        "itself is near one half. Line: theory; dots: mean over seeds, bars (mostly hidden) one standard deviation.",
        "Accuracy against the strength of the new signal. Multi-modal dots lie on the theoretical curve, which rises from one half to 1. Single-modal accuracy with head B "
        "stays at one half; with the best linear head it lies between the two.",
        (PAGE * 0.7, 2.9),
    )


@figure("huang2024.head_size", "The head decides the single-modal number", ["huang2024.downstream"])
def head_size(r: Result) -> Figure:
    x = r["head_size"]
    frame = pd.concat([tidy(r.seeds, labelled_samples=x, accuracy=r[f"{method}_by_size"]).assign(method=label) for method, label, _ in METHODS])
    at_figure = int(np.abs(r["strength"] - r.config.downstream).argmin())

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        for method, label, colour in METHODS:
            dots(ax, x, r[f"{method}_by_size"], colour, label, linestyle="-")
            ax.axhline(r[f"{method}_head_b"][:, at_figure].mean(), color=colour, linestyle=":", linewidth=1)
        ax.annotate("dotted: head B, fitted on the training set", (0.98, 0.03), xycoords="axes fraction", ha="right", fontsize=7)
        ax.set(xscale="log", xlabel="labelled shifted samples for the head", ylabel="OOD accuracy", ylim=(0.4, 1.02))
        ax.legend(loc="center right")

    return Figure(
        frame,
        draw,
        "A head fitted on a few hundred labelled samples of the shifted distribution recovers much of what the single-modal encoder was said to lack; only the head fitted on the "
        "pre-training set, or on very few samples, gives one half. Dots: mean over seeds; bars: one standard deviation.",
        "Accuracy against the number of labelled shifted samples, logarithmic. Both curves rise; the multi-modal one saturates after a few dozen samples, the single-modal one after a few hundred, "
        f"at {r['multi_by_size'][:, -1].mean():.2f} and {r['single_by_size'][:, -1].mean():.2f}.",
        (COLUMN * 1.4, 2.7),
    )


FIGURES = (fig1, calibration, negatives, ceiling, head_size)
