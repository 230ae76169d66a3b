"""The two data models drawn, and accuracy against the agreement of the background."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    FOURTH,
    MULTI,
    PAGE,
    SUPERVISED,
    THEORY,
    THIRD,
    Axes,
    Canvas,
    Figure,
    dots,
    figure,
    panel_letters,
    theory,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024 import theory as formulas

GREY = "#999999"
OOD, ID, CONFLICT = range(3)


def cut(ax: Axes, weights: np.ndarray, colour: str, label: str, reach: float, **style: object) -> None:
    """The line w_core z_core + w_spu z_spu = 0."""
    along = np.array([-weights[1], weights[0]]) / np.hypot(*weights) * reach
    ax.plot([-along[0], along[0]], [-along[1], along[1]], color=colour, label=label, **style)


@figure("xue2024.data_models", "The two data models and where the classifiers cut", ["xue2024.data_models"])
def data_models(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        z = r["intra_points"][0]
        for y, colour, name in ((1, THIRD, "class +1"), (-1, FOURTH, "class -1")):
            for agrees, marker, size in ((True, ".", 8), (False, "x", 22)):
                rows = (z[:, 2] == y) & ((z[:, 3] == y) == agrees)
                axes[0].scatter(
                    z[rows, 0],
                    z[rows, 1],
                    s=size,
                    marker=marker,
                    color=colour,
                    alpha=0.6 if agrees else 1,
                    linewidths=1,
                    label=name if agrees else None,
                )
        axes[0].scatter([], [], s=22, marker="x", color=GREY, label="wrong background, $a=-y$")
        axes[0].set(
            xlim=(-3.6, 3.6), ylim=(-1.9, 1.9), xlabel=r"core feature $z_{core}$", ylabel=r"spurious feature $z_{spu}$"
        )
        z = r["sharing_points"][0]
        foreign = z[z[:, 2] == 0]
        jitter = np.random.default_rng(0).normal(0, 0.035, (len(z), 2))  # only to show that points lie on one another
        axes[1].scatter(*(foreign[:, :2] + jitter[: len(foreign)]).T, s=6, color=GREY, alpha=0.6, label="other classes")
        for c, colour in ((1, THIRD), (-1, FOURTH)):
            for agrees, marker, size in ((True, ".", 40), (False, "x", 30)):
                rows = (z[:, 2] == c) & ((z[:, 3] == c) == agrees)
                axes[1].scatter(
                    z[rows, 0],
                    z[rows, 1],
                    s=size,
                    marker=marker,
                    color=colour,
                    linewidths=1.2,
                    label=f"class (1, {c:+d})" if agrees else None,
                )
        axes[1].scatter([], [], s=30, marker="x", color=GREY, label="wrong background, $a=-c$")
        axes[1].set(
            xlim=(-1.9, 1.9), ylim=(-1.9, 1.9), xlabel=r"core feature of pair 1", ylabel="spurious feature of pair 1"
        )
        for ax, name, reach in ((axes[0], "intra", 5), (axes[1], "sharing", 5)):
            cut(ax, r[f"{name}_supervised"].mean(0), SUPERVISED, "supervised", reach)
            cut(ax, r[f"{name}_contrastive"].mean(0), MULTI, "contrastive, learnt", reach, linewidth=3, alpha=0.7)
            cut(ax, r[f"{name}_theory"], THEORY, "contrastive, theory", reach, linestyle="--", linewidth=1)
            ax.legend(
                loc="upper center",
                bbox_to_anchor=(0.45, -0.2 if not canvas.narrow else -0.3),
                ncols=2,
                handletextpad=0.4,
                columnspacing=1,
            )
        panel_letters(axes)

    frame = pd.concat(
        [
            pd.DataFrame(r[f"{n}_points"][0], columns=["core", "spurious", "label", "attribute"]).assign(model=n)
            for n in ("intra", "sharing")
        ]
    )
    slopes = {n: r[f"{n}_supervised"].mean(0) for n in ("intra", "sharing")}
    weights = {n: r[f"{n}_contrastive"].mean(0) for n in ("intra", "sharing")}
    return Figure(
        frame,
        draw,
        "Data model 1, training law (a): core features vary, backgrounds hardly; crosses are the dogs off grass. Data "
        "model 2, true law, the two coordinates of one pair of classes (b): crosses have the wrong "
        r"background, grey points are other classes, in which the same features occur weaker and unrelated.",
        f"Left: two broad horizontal clouds of points at spurious feature plus and minus one, with crosses in the "
        f"opposite cloud. The supervised line is nearly horizontal (weights "
        f"{slopes['intra'][0] / slopes['intra'][1]:.2f} to 1), "
        f"the contrastive line steep ({weights['intra'][0] / weights['intra'][1]:.2f} to 1). Right: four points of one "
        f"pair of classes and grey points of others; the supervised line has the crosses on the wrong side, the "
        f"contrastive line on the right side.",
        (PAGE, 3.4),
        narrow_height=6.4,
        note=(
            r"Lines: "
            r"score zero, mean of the directions over seeds; points of one seed, in (b) jittered. Core over spurious "
            r"weight: "
            f"supervised {slopes['intra'][0] / slopes['intra'][1]:.2f} (a), "
            f"{slopes['sharing'][0] / slopes['sharing'][1]:.2f} (b); contrastive "
            f"{weights['intra'][0] / weights['intra'][1]:.2f} (a), {weights['sharing'][0] / weights['sharing'][1]:.2f} "
            f"(b)."
        ),
    )


@figure("xue2024.spurious_probability", "How often the background agrees", ["xue2024.spurious_probability"])
def spurious_probability(r: Result) -> Figure:
    c, p = r.config, r["p_spu"]
    fine = np.linspace(0.5, 1, 200)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        noise = c.sigma_xi**2 / c.d
        lines = (formulas.contrastive_accuracy, formulas.contrastive_id_accuracy)
        for column, (ax, line, law) in enumerate(
            zip(axes, lines, ("true law (OOD)", "training law (ID)"), strict=True)
        ):
            dots(ax, p, r["supervised"][..., column], SUPERVISED, "supervised", fmt="s-", linewidth=0.8)
            dots(ax, p, r["contrastive"][..., column], MULTI, "contrastive, learnt")
            theory(ax, fine, line(c.sigma_core, c.sigma_spu, fine, c.pi_core, noise), "contrastive, formula")
            ax.axhline(
                formulas.core_only_accuracy(c.sigma_core),
                color=THIRD,
                linewidth=1,
                linestyle=":",
                label=r"core alone, $\Phi(1/\sigma_{core})$",
            )
            ax.set(xlabel=r"agreement of background and class $p_{spu}$", ylabel=f"accuracy, {law}")
        axes[0].legend(loc="lower left")
        panel_letters(axes)

    frame = pd.concat(
        [
            tidy(r.seeds, p_spu=p, ood=r[n][..., 0], id=r[n][..., 1], conflict=r[n][..., 2]).assign(method=n)
            for n in ("supervised", "contrastive")
        ]
    )
    return Figure(
        frame,
        draw,
        rf"Under the true law (a) supervised learning falls from {r['supervised'][:, 0, 0].mean():.2f} to "
        rf"{r['supervised'][:, -1, 0].mean():.2f}, contrastive learning only from "
        rf"{r['contrastive'][:, 0, 0].mean():.2f} to {r['contrastive'][:, -1, 0].mean():.2f}; under the training law "
        rf"(b) they end at {r['supervised'][:, -1, 1].mean():.2f} and {r['contrastive'][:, -1, 1].mean():.2f}. "
        r"Supervised: the limit $d\to\infty$ of max-margin, joined by a line; contrastive: exact accuracy of the "
        r"learnt direction. Dots: mean over seeds, bars one standard deviation.",
        "Two panels of accuracy against agreement. Left: the supervised curve drops to one half as agreement tends to "
        "one while contrastive dots follow a nearly flat black line. "
        "Right: the supervised curve rises above the contrastive one.",
        (PAGE, 2.7),
    )


FIGURES = (data_models, spurious_probability)
