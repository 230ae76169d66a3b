"""From CLIP's loss to the linear loss, and how exact the statements of data model 1 are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2

from mmcl_core.evidence.figures import (
    FIFTH,
    MULTI,
    PAGE,
    SUPERVISED,
    THEORY,
    THIRD,
    THRESHOLD,
    Axes,
    Canvas,
    Figure,
    band,
    dots,
    figure,
    log_ticks,
    panel_letters,
    theory,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024 import theory as formulas

WEIGHT, OOD, ID, CONFLICT = range(4)


def levels(ax: Axes, r: Result) -> None:
    """The linear loss's accuracies on the same data, as lines."""
    for column, style in ((OOD, "-"), (ID, "--")):
        ax.axhline(r["linear"][:, column].mean(), color=THEORY, linewidth=1, linestyle=style)


@figure("xue2024.bridge", "From CLIP's loss to the linear loss", ["xue2024.bridge", "xue2024.training_time"])
def bridge(r: Result, t: Result) -> Figure:
    positive = r["rho"] > 0
    rho, time = r["rho"][positive], t["step"] * t.config.rate
    trained = r["trained"][:, positive]
    none = r["trained"][:, ~positive]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(2, 2, sharex="col", sharey="row")
        dots(axes[0, 0], rho, trained[..., WEIGHT], MULTI, r"inner products, regulariser $\rho$")
        for column, colour, label in ((OOD, MULTI, "true law (OOD)"), (ID, FIFTH, "training law (ID)")):
            dots(axes[1, 0], rho, trained[..., column], colour, label)
            band(axes[1, 1], time, t["trained"][..., column], colour, label)
        band(axes[0, 1], time, t["trained"][..., WEIGHT], MULTI, "inner products")
        for ax, result in ((axes[0, 0], r), (axes[0, 1], t)):
            ax.axhline(result["linear"][:, WEIGHT].mean(), color=THEORY, linewidth=1, label="linear loss, same data")
            ax.axhline(0, color=THRESHOLD, linestyle="--", linewidth=0.8)
            ax.legend(
                loc="lower left" if ax is axes[0, 1] else "center right",
                bbox_to_anchor=(0, 0) if ax is axes[0, 1] else (1.0, 0.42),
            )
        if none.size:
            axes[0, 0].axhline(none[..., WEIGHT].mean(), color=MULTI, linewidth=1, linestyle=":")
            axes[0, 0].annotate(
                r"$\rho=0$",
                (rho.max(), none[..., WEIGHT].mean()),
                xytext=(-4, 3),
                textcoords="offset points",
                color=MULTI,
                ha="right",
            )
            # Below the upper line: above it stands the black one of the linear loss.
            for column, colour, side in ((OOD, MULTI, -1), (ID, FIFTH, 1)):
                axes[1, 0].axhline(none[..., column].mean(), color=colour, linewidth=1, linestyle=":")
                axes[1, 0].annotate(
                    r"$\rho=0$",
                    (rho.max(), none[..., column].mean()),
                    xytext=(-4, 3 * side),
                    textcoords="offset points",
                    color=colour,
                    ha="right",
                    va="top" if side < 0 else "bottom",
                )
        levels(axes[1, 0], r)
        levels(axes[1, 1], t)
        axes[1, 0].set(xscale="log", xlabel=r"strength of the regulariser $\rho$", ylabel="accuracy")
        axes[1, 1].set(xscale="log", xlabel="training time (rate x steps)")
        axes[0, 0].set(ylabel="spurious over core weight")
        axes[1, 0].legend(loc="lower left", bbox_to_anchor=(0.0, 0.14))
        panel_letters(axes.ravel())

    ends = r["trained"].mean(0)
    strong, weak = r["rho"].argmax(), r["rho"].argmin()
    frame = pd.concat(
        [
            tidy(
                r.seeds,
                rho=r["rho"],
                weight=r["trained"][..., WEIGHT],
                ood=r["trained"][..., OOD],
                id=r["trained"][..., ID],
            ).assign(run="regulariser"),
            tidy(
                t.seeds,
                time=time,
                weight=t["trained"][..., WEIGHT],
                ood=t["trained"][..., OOD],
                id=t["trained"][..., ID],
            ).assign(run="time"),
        ]
    )
    return Figure(
        frame,
        draw,
        rf"Linear encoders, data model 1, CLIP's loss on inner products. With a regulariser of {r['rho'][strong]:g} "
        rf"the spurious weight is {ends[strong, WEIGHT]:.2f}, that of the linear loss "
        rf"{r['linear'][:, WEIGHT].mean():.2f}; without one "
        rf"{ends[weak, WEIGHT]:.2f} (a), and accuracy under the training law ({ends[weak, ID]:.2f}) falls below that "
        rf"under the true law ({ends[weak, OOD]:.2f}) (c).",
        f"Four panels. Top: the spurious weight agrees with a black line at strong regularisation and early times and "
        f"crosses zero to {ends[weak, WEIGHT]:.2f} at weak regularisation and late times. "
        "Bottom: there the accuracy under the training law falls below the accuracy under the true law.",
        (PAGE, 4.2),
        note=(
            r"Without a regulariser time does the same (b, d). Dotted: no "
            r"regulariser. Black: the linear loss on the same data, "
            "solid for the true law, dashed for the training law. Dots and lines: mean over seeds, bars and bands one "
            "standard deviation."
        ),
    )


@figure(
    "xue2024.exactness",
    "How exact the statements are",
    ["xue2024.core_deviation", "xue2024.sample_size", "xue2024.finite_dimension"],
)
def exactness(core: Result, size: Result, dimension: Result) -> Figure:
    spread, k = np.sqrt((size["error"] ** 2).mean(0)), len(size.seeds)
    interval = spread * np.sqrt(k / chi2.ppf([[0.975], [0.025]], k))
    c = core.config

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3)
        fine = np.linspace(0.02, 2.1, 300)
        axes[0].plot(fine, formulas.core_only_accuracy(fine), color=THIRD, linestyle=":", label="core alone")
        theory(axes[0], fine, formulas.contrastive_accuracy(fine, 0.0, 1.0, noise=c.sigma_xi**2 / c.d), "formula")
        dots(axes[0], core["sigma_core"], core["accuracy"][..., 0], MULTI, "learnt")
        axes[0].set(xlabel=r"spread of the core $\sigma_{core}$", ylabel="accuracy, true law (OOD)")
        axes[0].legend()
        axes[1].errorbar(
            size["n"], spread, yerr=np.abs(interval - spread), fmt="o", color=MULTI, markersize=3, label="learnt"
        )
        theory(
            axes[1],
            size["n"],
            np.exp(np.log(spread).mean()) * (size["n"] / np.exp(np.log(size["n"]).mean())) ** -0.5,
            r"slope $-1/2$",
        )
        axes[1].set(xscale="log", yscale="log", xlabel="training samples $n$", ylabel="RMS distance from the formula")
        axes[1].legend()
        gap = dimension["hard_margin"] - dimension["limit"][:, None]
        dots(axes[2], dimension["d"], gap, SUPERVISED, "max-margin")
        axes[2].axhline(0, color=THEORY, linewidth=1, label=r"limit $d\to\infty$")
        axes[2].set(xscale="log", xlabel="dimension $d$", ylabel="OOD accuracy minus limit")
        log_ticks(axes[2], dimension["d"])
        axes[2].legend()
        panel_letters(axes)

    frame = pd.concat(
        [
            tidy(core.seeds, sigma_core=core["sigma_core"], accuracy=core["accuracy"][..., 0]),
            pd.DataFrame({"n": size["n"], "rms": spread}),
            tidy(dimension.seeds, d=dimension["d"], difference=dimension["hard_margin"] - dimension["limit"][:, None]),
        ]
    )
    best, value = formulas.best_core_deviation()
    gap = np.abs(dimension["hard_margin"] - dimension["limit"][:, None]).mean(0)
    return Figure(
        frame,
        draw,
        rf"Contrastive accuracy is not monotone in the spread of the core ($p_{{spu}}=1$, $\sigma_{{spu}}=0$): it "
        rf"peaks at $\sigma_{{core}}={best:.3f}$ with {value:.4f} (a). A sample's distance from the formula falls from "
        rf"{spread[0]:.4f} at "
        rf"$n={size['n'][0]}$ to {spread[-1]:.4f} at {size['n'][-1]} (b). The max-margin classifier in "
        rf"$\mathbb{{R}}^d$ approaches its two-dimensional "
        rf"limit: mean distance {gap[0]:.3f} at $d={dimension['d'][0]}$, "
        rf"{gap[-1]:.4f} at {dimension['d'][-1]} (c).",
        f"Left: accuracy against the core's spread rises to {value:.3f} and falls again along a black line. Middle: "
        f"deviation falls along slope minus one half. Right: the difference of max-margin from its limit shrinks to "
        f"near zero with dimension.",
        (PAGE, 2.5),
        note=f"In b: root mean square over {k} seeds, bars its 95 % interval for normal errors; in a and c: mean over "
        "seeds, bars one standard deviation.",
    )


FIGURES = (bridge, exactness)
