"""Figures beyond the paper: the phase diagram, the power laws, where each neuron goes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core import stats
from mmcl_core.evidence.figures import (
    COLUMN,
    LIGHT_MARK,
    MULTI,
    PAGE,
    SINGLE,
    THEORY,
    THRESHOLD,
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
from mmcl_core.papers.huang2024.claims.thresholds import threshold_multi, threshold_single


@figure("huang2024.phase", "Phase diagram", ["huang2024.phase"])
def phase(r: Result) -> Figure:
    strength, ratio = r["n_snr_squared"], r["ratio"]
    multi, single = r["multi_accuracy"].mean(0), r["single_accuracy"].mean(0)
    product = np.outer(strength, ratio)
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "method": "multi",
                    "n_snr_squared": np.repeat(strength, len(ratio)),
                    "ratio": np.tile(ratio, len(strength)),
                    "accuracy": multi.ravel(),
                }
            ),
            pd.DataFrame({"method": "single", "n_snr_squared": strength, "ratio": np.nan, "accuracy": single}),
        ]
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3, gridspec_kw={"width_ratios": [0.22, 1, 1.1]})
        style = {"cmap": "cividis", "vmin": 0.45, "vmax": 1.0}
        rows, columns = np.arange(len(strength)), np.arange(len(ratio))
        axes[0].imshow(single[:, None], origin="lower", aspect="auto", **style)
        axes[0].set(
            yticks=rows,
            yticklabels=[f"{s:g}" for s in strength],
            xticks=[0],
            xticklabels=["single"],
            ylabel=r"$n\,\mathrm{SNR}^2$",
        )
        image = axes[1].imshow(multi, origin="lower", aspect="auto", **style)
        axes[1].set(
            yticks=rows,
            yticklabels=[f"{s:g}" for s in strength] if canvas.narrow else [],
            xticks=columns,
            xticklabels=[f"{c:g}" for c in ratio],
            xlabel=r"multi-modal, $C_\mu$",
        )
        # The threshold in index coordinates of both grids.
        edge = np.interp(np.log(2 / ratio), np.log(strength), rows)
        axes[1].plot(columns, edge, color=LIGHT_MARK, linewidth=1.5, linestyle="--")
        axes[0].axhline(np.interp(np.log(2), np.log(strength), rows), color=LIGHT_MARK, linewidth=1.5, linestyle="--")
        for ax in axes[:2]:
            for spine in ax.spines.values():
                spine.set_visible(False)
        canvas.colorbar(image, ax=axes[1], label="accuracy")
        axes[2].plot(
            product.ravel(), multi.ravel(), "o", color=MULTI, label=r"multi, $C_\mu n\,\mathrm{SNR}^2$", alpha=0.8
        )
        axes[2].plot(strength, single, "s", color=SINGLE, label=r"single, $n\,\mathrm{SNR}^2$")
        threshold(axes[2], 2, "")
        axes[2].annotate("predicted: 2", (2, 0.62), xytext=(4, 0), textcoords="offset points", color="#555555")
        axes[2].set(xscale="log", xlabel="control parameter", ylabel="OOD accuracy (head B)")
        axes[2].legend(loc="lower right")
        panel_letters(axes)

    return Figure(
        frame,
        draw,
        r"Accuracy over $n\,\mathrm{SNR}^2$ with one modality (a) and with two (b); dashed: the predicted thresholds "
        r"$n\,\mathrm{SNR}^2 = 2$ and $C_\mu n\,\mathrm{SNR}^2 = 2$ of the limit "
        r"$\sigma_0 \to 0$. Against its own control parameter (c) accuracy passes 0.8 at "
        f"{threshold_single.estimator(r).value:.2f} with one modality and at {threshold_multi.estimator(r).value:.2f} "
        f"with two. Means over seeds.",
        f"Two heat maps of accuracy and a scatter plot. From the weakest to the strongest signal, accuracy with one "
        f"modality goes from {single[0]:.2f} to {single[-1]:.2f}; with two it "
        f"ranges from {multi.min():.2f} to {multi.max():.2f} over the grid. In the scatter plot it passes 0.8 at a "
        f"control parameter of {threshold_single.estimator(r).value:.2f} with one "
        f"modality and of {threshold_multi.estimator(r).value:.2f} with two.",
        (PAGE, 2.9),
    )


@figure("huang2024.power_law", "Power laws in the initial scale", ["huang2024.power_law"])
def power_law(r: Result) -> Figure:
    x = r["initial_scale"]
    n_snr = closed_forms.signal_to_noise(r.config.n, r.config.signal, r.config.noise_norm_squared)
    series = (
        (
            "single_signal",
            r"single: $\max_r|\langle w_r,\mu\rangle|$",
            SINGLE,
            closed_forms.exponent_signal_single(n_snr),
        ),
        (
            "multi_noise",
            r"multi: $\max_{r,i}\langle w_r,\xi_i\rangle$",
            MULTI,
            closed_forms.exponent_noise_multi(n_snr, r.config.ratio),
        ),
    )
    frame = pd.concat(
        [
            tidy(r.seeds, initial_scale=x, value=r[name]).assign(series=name, predicted_exponent=p)
            for name, _, _, p in series
        ]
    )
    fitted = " and ".join(
        f"{stats.power_law(x, r[name]).value:.3f} for the {label} (predicted {p:.3f})"
        for (name, *_, p), label in zip(series, ("single-modal signal", "multi-modal noise"), strict=True)
    )

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        for name, label, colour, exponent in series:
            dots(ax, x, r[name], colour, label)
            anchor = np.exp(np.log(r[name]).mean())
            theory(ax, x, anchor * (x / np.exp(np.log(x).mean())) ** exponent, None)
            ax.annotate(
                f"slope {exponent:.3f}",
                (x[-2], anchor * (x[-2] / np.exp(np.log(x).mean())) ** exponent),
                xytext=(6, -12),
                textcoords="offset points",
            )
        ax.set(
            xscale="log",
            yscale="log",
            xlabel=r"initial scale $\sigma_0$",
            ylabel="the loser when the winner reaches 0.5",
        )
        ax.legend()

    return Figure(
        frame,
        draw,
        "How much the loser of the race has grown when the winner is done, against the initial scale. Lines: the "
        "predicted exponents (heights fitted); dots: mean over seeds, bars one standard "
        f"deviation. Fitted exponents: {fitted}.",
        f"Two lines of dots in logarithmic axes beside their predicted lines. Fitted exponents: {fitted}.",
        (COLUMN * 1.4, 2.7),
    )


@figure("huang2024.neurons", "Where each neuron goes", ["huang2024.neurons"])
def neurons(r: Result) -> Figure:
    ratio = r.config.ratio
    first, second = r["orthogonal_first"], r["orthogonal_second"]
    scale = r.config.initial_scale * r.config.signal

    def exceptions(name: str) -> int:
        a, b = r[f"{name}_first"], r[f"{name}_second"]
        return int((closed_forms.predicted_sign(ratio, a[..., 0], b[..., 0]) != np.sign(a[..., -1])).sum())

    neurons = first[..., 0].size
    frame = pd.DataFrame(
        {
            "seed": np.repeat(r.seeds, first.shape[1]),
            "predicted_coordinate": (ratio * first[..., 0] + second[..., 0]).ravel(),
            "final_orthogonal": first[..., -1].ravel(),
            "predicted_coordinate_gaussian": (
                ratio * r["gaussian_first"][..., 0] + r["gaussian_second"][..., 0]
            ).ravel(),
            "final_gaussian": r["gaussian_first"][..., -1].ravel(),
        }
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for name, marker, colour in (("gaussian", "o", MULTI), ("orthogonal", ".", THEORY)):
            a, b = r[f"{name}_first"], r[f"{name}_second"]
            label = {"gaussian": "Gaussian data", "orthogonal": "orthogonal limit"}[name]
            face = "none" if marker == "o" else colour
            axes[0].plot(
                (ratio * a[..., 0] + b[..., 0]).ravel() / scale,
                a[..., -1].ravel(),
                marker,
                color=colour,
                markerfacecolor=face,
                label=label,
                markersize=3,
                linestyle="none",
            )
        axes[0].axhline(0, color=THRESHOLD, linewidth=0.6)
        axes[0].axvline(0, color=THRESHOLD, linewidth=0.6)
        axes[0].set(
            xlabel=r"$(C_\mu\langle w_r(0),\mu\rangle + \langle\tilde w_r(0),\tilde\mu\rangle)/(\sigma_0\|\mu\|)$",
            ylabel=r"final $\langle w_r,\mu\rangle$",
        )
        axes[0].legend(loc="upper left")
        early = int(np.searchsorted(np.abs(first[0]).max(0), 8 * scale))
        for k in range(first.shape[1]):
            axes[1].plot(
                first[0, k, : early + 1] / scale, second[0, k, : early + 1] / scale, color=MULTI, linewidth=0.7
            )
            axes[1].plot(first[0, k, 0] / scale, second[0, k, 0] / scale, ".", color=THEORY, markersize=4)
        reach = 8.0
        line = np.array([-reach, reach])
        theory(axes[1], line, ratio * line, r"grows: $(1, C_\mu)$")
        theory(axes[1], line, -ratio * line, r"decays: $(1, -C_\mu)$", linestyle=":")
        axes[1].set(xlim=(-reach, reach), ylim=(-3 * reach, 3 * reach))
        axes[1].set(
            xlabel=r"$\langle w_r,\mu\rangle/(\sigma_0\|\mu\|)$",
            ylabel=r"$\langle\tilde w_r,\tilde\mu\rangle/(\sigma_0\|\mu\|)$",
        )
        axes[1].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        panel_letters(axes)

    return Figure(
        frame,
        draw,
        r"The side a neuron ends on is predicted by the sign of one number at initialisation (a). "
        f"Exceptions among {neurons:,} neurons: {exceptions('orthogonal')} in the orthogonal limit, "
        f"{exceptions('gaussian')} on Gaussian data. The phase portrait of one seed shows why (b): "
        r"every pair is drawn to the line $(1, C_\mu)$, whichever quadrant it starts in. Dots in b: starts.",
        "Left: scatter of the final inner product with the signal against the predicted coordinate; all points but "
        f"{exceptions('orthogonal')} (orthogonal limit) and {exceptions('gaussian')} (Gaussian data) lie in the lower "
        f"left and upper right quadrants. Right: paths of all neuron pairs "
        "in the plane of both inner products, bending from their starting points onto a steep line.",
        (PAGE, 2.9),
    )


FIGURES = (phase, power_law, neurons)
