"""Figures on real pairs and a stand-in for them: halves of digits, shapes with captions, icons with names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.data.shapes import ATTRIBUTES
from mmcl_core.evidence.figures import (
    CONTRASTIVE,
    NONCONTRASTIVE,
    PAGE,
    THIRD,
    THRESHOLD,
    Axes,
    Canvas,
    Figure,
    band,
    dots,
    figure,
    panel_letters,
    tidy,
)
from mmcl_core.lab.run import Result

BANDS = "Lines and bands: mean and one standard deviation over seeds."


def over_steps(ax: Axes, r: Result, measured: str, runs: dict[str, tuple[str, str]], label: str) -> None:
    """`measured` of each run over steps, with one standard deviation over seeds; `runs` maps a run to (legend,
    colour). Step 0 has a place of its own."""
    for run, (legend, colour) in runs.items():
        band(ax, r[f"{run}_steps"], r[f"{run}_{measured}"], colour, legend)
    ax.set_xscale("symlog", linthresh=1)
    ax.set(xlabel="step", ylabel=label, xlim=(0, None))


def ends(values: np.ndarray) -> str:
    """First and last of the means over seeds, "2.1 to 467"."""
    first, last = values.mean(0)[[0, -1]]
    return f"{first:.3g} to {last:.3g}"


def table(r: Result, runs: tuple[str, ...], measured: tuple[str, ...]) -> pd.DataFrame:
    """One row for each run, seed and recorded step."""
    return pd.concat(
        [
            tidy(r.seeds, step=r[f"{run}_steps"], **{m: r[f"{run}_{m}"] for m in measured}).assign(run=run)
            for run in runs
        ]
    )


@figure("ren2023.fig13", "Halves of digits: the non-contrastive loss keeps one direction", ["ren2023.digit_halves"])
def fig13(r: Result) -> Figure:
    tau2, small = f"{r.config.inverse_temperature:g}", f"{r.config.small_inverse_temperature:g}"
    linear = {
        "linear_nc": ("non-contrastive", NONCONTRASTIVE),
        "linear_c": (rf"contrastive, $\tau^2={tau2}$", CONTRASTIVE),
        "linear_c_small": (rf"contrastive, $\tau^2={small}$", THIRD),
    }
    mlp = {"mlp_nc": linear["linear_nc"], "mlp_c": linear["linear_c"]}
    runs = (*linear, *mlp)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3)
        over_steps(axes[0], r, "kappa5", linear, r"$\kappa_5=s_1/s_5$, linear towers")
        over_steps(axes[1], r, "kappa5", mlp, r"$\kappa_5$, one hidden layer")
        over_steps(axes[2], r, "rank", linear, "effective rank, linear towers")
        for ax in axes[:2]:
            ax.set_yscale("log")
            ax.set_ylim(1, None)
        axes[0].legend(loc="upper left")
        panel_letters(axes)

    said = {"linear_nc": "linear non-contrastive", "linear_c": f"linear contrastive with tau squared {tau2}"}
    said |= {"linear_c_small": f"linear contrastive with {small}", "mlp_nc": "hidden layer non-contrastive"}
    said["mlp_c"] = "hidden layer contrastive"
    kappas = "; ".join(f"{said[run]} {ends(r[f'{run}_kappa5'])}" for run in runs)
    return Figure(
        table(r, runs, ("kappa5", "kappa10", "rank", "alignment")),
        draw,
        "Left against right halves of handwritten digits: ratio of singular values for linear towers (a) and towers "
        "with one hidden layer (b), effective rank (c). The orange line does not stop where the theory's plateau would "
        "be: the canonical correlations of these views are below 1 and differ.",
        f"Three line plots over training steps. Condition number kappa 5 from start to end: {kappas}. Effective rank "
        f"of linear towers: "
        f"non-contrastive {ends(r['linear_nc_rank'])}, contrastive with tau squared {tau2} "
        f"{ends(r['linear_c_rank'])}, with {small} {ends(r['linear_c_small_rank'])}.",
        (PAGE, 2.5),
        f"Held-out features of the left half. A logistic probe on both features then reads the digit with accuracy "
        f"{r['linear_nc_probe'].mean():.2f} (non-contrastive) and {r['linear_c_probe'].mean():.2f} (contrastive, "
        f"$\\tau^2={tau2}$), and retrieval among 100 succeeds in {r['linear_nc_retrieval'].mean():.2f} and "
        f"{r['linear_c_retrieval'].mean():.2f}, linear towers. {BANDS} "
        f"Data: the digits of scikit-learn, {r.config.train:,} for training.",
    )


@figure("ren2023.fig14", "Shapes with captions: first one attribute, then all", ["ren2023.captioned_shapes"])
def fig14(r: Result) -> Figure:
    losses = {
        "nc": ("non-contrastive", NONCONTRASTIVE),
        "c": (rf"contrastive, $\tau^2={r.config.inverse_temperature:g}$", CONTRASTIVE),
    }
    towers = {"linear": "linear", "mlp": "one hidden layer"}
    runs = tuple(f"{tower}_{loss}" for tower in towers for loss in losses)
    variances = r["pixel_variances"].mean(0)
    order = np.argsort(-variances)
    names = [list(ATTRIBUTES)[k] for k in order]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3, width_ratios=(1, 1, 1.3))
        for ax, (tower, label) in zip(axes, towers.items(), strict=False):
            over_steps(
                ax,
                r,
                "kappa10",
                {f"{tower}_{loss}": style for loss, style in losses.items()},
                rf"$\kappa_{{10}}$, {label}",
            )
            ax.set_yscale("log")
            ax.set_ylim(1, None)
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
        for row, tower in enumerate(towers):
            for loss, (_, colour) in losses.items():
                style = {"fmt": "s", "markerfacecolor": "none"} if row else {}
                dots(
                    axes[2],
                    np.arange(len(names)) + 0.2 * row - 0.1,
                    r[f"{tower}_{loss}_zero_shot"][:, order],
                    colour,
                    **style,
                )
        axes[2].hlines(
            [1 / len(ATTRIBUTES[n]) for n in names],
            np.arange(len(names)) - 0.35,
            np.arange(len(names)) + 0.35,
            color=THRESHOLD,
            linestyle=":",
        )
        axes[2].set_xticks(range(len(names)), names, rotation=40, ha="right")
        axes[2].set(ylabel="zero-shot accuracy", ylim=(0, 1.05))
        panel_letters(axes)

    shown = "; ".join(
        f"{towers[tower]}, {'non-contrastive' if loss == 'nc' else 'contrastive'}: "
        f"{r[f'{run}_kappa10'][:, 0].mean():.2g} at the start, "
        f"{r[f'{run}_kappa10'].max(1).mean():.3g} at most, {r[f'{run}_kappa10'][:, -1].mean():.3g} at the end, "
        f"zero-shot {r[f'{run}_zero_shot'].mean():.2f}"
        for tower in towers
        for loss in losses
        for run in (f"{tower}_{loss}",)
    )
    at = {tower: r[f"{tower}_c_steps"][r[f"{tower}_c_kappa10"].argmax(1)] for tower in towers}
    peaks = " and ".join(f"{x.min()} to {x.max()} ({towers[tower]})" for tower, x in at.items())
    gap = {tower: (r[f"{tower}_c_zero_shot"] - r[f"{tower}_nc_zero_shot"]).mean(0) for tower in towers}
    gains = "; ".join(
        f"{list(ATTRIBUTES)[x.argmin()]} {x.min():.2f} and {list(ATTRIBUTES)[x.argmax()]} {x.max():.2f} "
        f"({towers[tower]})"
        for tower, x in gap.items()
    )
    return Figure(
        table(r, runs, ("kappa10", "rank", "alignment")),
        draw,
        r"Rendered shapes against bag-of-words captions: the contrastive ratio of singular values rises, peaks and "
        r"falls, the other stays high, for linear towers (a) and with one hidden layer (b). Zero-shot accuracy of each "
        r"attribute, in the order of the pixel variance it explains (c; circles linear, squares hidden layer, dotted: "
        r"chance).",
        f"Two line plots over training steps and a dot plot over seven attributes. {shown}.",
        (PAGE, 2.7),
        f"$\\kappa_{{10}}=s_1/s_{{10}}$ of held-out image features. Pixel variance explained: from {names[0]} with "
        f"{variances[order[0]]:.3g} to {names[-1]} with {variances[order[-1]]:.2g}. The contrastive peaks over seeds "
        f"lie at steps {peaks} of {r.config.steps:,}. What the contrastive loss gains in zero-shot accuracy, least and "
        f"most over attributes: {gains}. {BANDS} Data: procedural, {r.config.train:,} pairs for training.",
    )


@figure("ren2023.icons", "Icons with names: the same contrast on genuine pairs", ["ren2023.icons"])
def icons(r: Result) -> Figure:
    losses = {
        "nc": ("non-contrastive", NONCONTRASTIVE),
        "c": (rf"contrastive, $\tau^2={r.config.inverse_temperature:g}$", CONTRASTIVE),
    }
    among = (200, r.config.test)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3, width_ratios=(1.2, 1.2, 0.8))
        over_steps(axes[0], r, "kappa16", losses, r"$\kappa_{16}=s_1/s_{16}$")
        axes[0].set_yscale("log")
        axes[0].set_ylim(1, None)
        over_steps(axes[1], r, "rank", losses, f"effective rank of {r.config.width}")
        for shift, (loss, (_, colour)) in zip((-0.08, 0.08), losses.items(), strict=True):
            dots(
                axes[2],
                np.arange(2) + shift,
                np.stack([r[f"{loss}_retrieval_200"], r[f"{loss}_retrieval_all"]], 1),
                colour,
            )
        axes[2].plot(range(2), [1 / n for n in among], linestyle="none", marker="_", markersize=14, color=THRESHOLD)
        axes[2].set_xticks(range(2), [f"{n:,}" for n in among])
        axes[2].set(
            xlabel="names to choose from", ylabel="retrieval at 1", xlim=(-0.5, 1.5), yscale="log", ylim=(5e-4, 1.6)
        )
        axes[0].legend(loc="upper left")
        panel_letters(axes)

    found = {loss: [float(r[f"{loss}_retrieval_{n}"].mean()) for n in ("200", "all")] for loss in losses}
    measured = (
        f"kappa 16: non-contrastive {ends(r['nc_kappa16'])}, contrastive {ends(r['c_kappa16'])}; effective rank: "
        f"non-contrastive {ends(r['nc_rank'])}, contrastive "
        f"{ends(r['c_rank'])}; retrieval among {among[0]} and {among[1]:,}: non-contrastive {found['nc'][0]:.2f} and "
        f"{found['nc'][1]:.2f}, "
        f"contrastive {found['c'][0]:.2f} and {found['c'][1]:.2f}"
    )
    return Figure(
        table(r, tuple(losses), ("kappa4", "kappa16", "rank", "alignment")),
        draw,
        "Icons against their names: ratio of singular values (a), effective rank (b), and the share of icons whose own "
        "name is found (c; grey: chance). "
        f"The contrastive line rises and falls back to {r['c_kappa16'][:, -1].mean():.2g}; the non-contrastive one "
        f"ends at {r['nc_kappa16'][:, -1].mean():.0f} with an effective rank of {r['nc_rank'][:, -1].mean():.1f}.",
        f"Two line plots over training steps and a dot plot. {measured}.",
        (PAGE, 2.4),
        f"Held-out image features. The split is random, so a held-out icon has near twins in training: the numbers "
        f"compare the losses, no more. {BANDS} Data: {int(r['pairs'][0]):,} icons of the package qtawesome (font "
        f"{r.config.font}), a vocabulary of {int(r['words'][0])} words, {r.config.train:,} pairs for training.",
    )


FIGURES = (fig13, fig14, icons)
