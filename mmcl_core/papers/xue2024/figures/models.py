"""The two data models drawn, and accuracy against the agreement of the background and against the richness of captions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from mmcl_core.evidence.figures import (
    FIFTH,
    MULTI,
    PAGE,
    SUPERVISED,
    THEORY,
    THIRD,
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
SMALL = {"textcoords": "offset points", "fontsize": 7}


def cut(ax: Axes, weights: np.ndarray, colour: str, label: str, reach: float, **style: object) -> None:
    """The line w_core z_core + w_spu z_spu = 0."""
    along = np.array([-weights[1], weights[0]]) / np.hypot(*weights) * reach
    ax.plot([-along[0], along[0]], [-along[1], along[1]], color=colour, label=label, **style)


@figure("xue2024.data_models", "The two data models and where the classifiers cut", ["xue2024.data_models"])
def data_models(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        z = r["intra_points"][0]
        for y, colour, name in ((1, MULTI, "class +1"), (-1, FIFTH, "class -1")):
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
        for c, colour in ((1, MULTI), (-1, FIFTH)):
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
            cut(ax, r[f"{name}_contrastive"].mean(0), THIRD, "contrastive, learnt", reach, linewidth=3, alpha=0.5)
            cut(ax, r[f"{name}_theory"], THEORY, "contrastive, theory", reach, linestyle="--", linewidth=1)
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, handletextpad=0.4, columnspacing=1)
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
        "Data model 1, training law (a): core features vary, backgrounds hardly; crosses are the dogs off grass. Data model 2, true law, the two coordinates of one pair of classes (b): crosses have the wrong "
        r"background, grey points are other classes, in which the same features occur weaker and unrelated. Lines: score zero, mean of the directions over seeds; points of one seed, in (b) jittered. Core over spurious weight: "
        f"supervised {slopes['intra'][0] / slopes['intra'][1]:.2f} (a), {slopes['sharing'][0] / slopes['sharing'][1]:.2f} (b); contrastive {weights['intra'][0] / weights['intra'][1]:.2f} (a), {weights['sharing'][0] / weights['sharing'][1]:.2f} (b).",
        f"Left: two broad horizontal clouds of points at spurious feature plus and minus one, with crosses in the opposite cloud. The supervised line is nearly horizontal (weights {slopes['intra'][0] / slopes['intra'][1]:.2f} to 1), "
        f"the contrastive line steep ({weights['intra'][0] / weights['intra'][1]:.2f} to 1). Right: four points of one pair of classes and grey points of others; the supervised line has the crosses on the wrong side, the contrastive line on the right side.",
        (PAGE, 3.2),
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
        rf"Under the true law (a) supervised learning falls from {r['supervised'][:, 0, 0].mean():.2f} to {r['supervised'][:, -1, 0].mean():.2f}, contrastive learning only from "
        rf"{r['contrastive'][:, 0, 0].mean():.2f} to {r['contrastive'][:, -1, 0].mean():.2f}; under the training law (b) they end at {r['supervised'][:, -1, 1].mean():.2f} and {r['contrastive'][:, -1, 1].mean():.2f}. "
        r"Supervised: the limit $d\to\infty$ of max-margin, joined by a line; contrastive: exact accuracy of the learnt direction. Dots: mean over seeds, bars one standard deviation.",
        "Two panels of accuracy against agreement. Left: the supervised curve drops to one half as agreement tends to one while contrastive dots follow a nearly flat black line. "
        "Right: the supervised curve rises above the contrastive one.",
        (PAGE, 2.7),
    )


@figure(
    "xue2024.richness", "What captions mention, and which negatives are kept", ["xue2024.richness", "xue2024.negatives"]
)
def richness(r: Result, n: Result) -> Figure:
    c, pi, share = r.config, r["pi_core"], n["share"]
    fine, finer = np.linspace(0, 1, 100), np.linspace(0, 1, 200)
    noise = c.sigma_xi**2 / c.d
    law = (c.sigma_core, c.sigma_spu, c.p_spu)
    core = formulas.core_only_accuracy(c.sigma_core, noise)
    conflict, ood = r["accuracy"][..., CONFLICT], n["accuracy"][..., OOD]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        theory(axes[0], fine, formulas.conflict_accuracy(*law, fine, noise), r"$\pi_{core}$, as in the proof")
        printed = formulas.conflict_accuracy(*law, fine**2, noise)
        axes[0].plot(fine, printed, color=GREY, linestyle="--", linewidth=1, label=r"$\pi_{core}^2$, as printed")
        dots(axes[0], pi, conflict[..., 0], FIFTH, r"learnt, $\pi_{spu}=0$", fmt="s", markersize=7, fillstyle="none")
        dots(axes[0], pi, conflict[..., 1], MULTI, r"learnt, $\pi_{spu}=1$")
        axes[0].set(xlabel=r"richness $\pi_{core}$", ylabel="accuracy, wrong background")
        axes[0].legend(loc="lower right")
        theory(axes[1], finer, formulas.contrastive_accuracy(*law, 1.0, noise, finer))
        dots(axes[1], share, ood, MULTI)
        axes[1].axhline(core, color=THIRD, linewidth=1, linestyle=":")
        axes[1].annotate("core alone", (0.02, core), xytext=(0, -9), **SMALL, color=THIRD)
        loss = ood[:, np.argmin(np.abs(share - 0.5))].mean()
        axes[1].annotate("the loss itself", (0.5, loss), xytext=(6, -10), **SMALL)
        axes[1].set(xlabel="share $q$ of same-class negatives", ylabel="accuracy, true law (OOD)")
        panel_letters(axes)

    frame = pd.concat(
        [
            tidy(r.seeds, pi_core=pi, conflict=conflict[..., k], ood=r["accuracy"][..., k, OOD]).assign(pi_spu=k)
            for k in (0, 1)
        ]
    )
    return Figure(
        frame,
        draw,
        "Naming the variant of the core feature in more captions raises accuracy on the wrong background from "
        rf"{conflict[:, 0, 1].mean():.3f} to {conflict[:, -1, 1].mean():.3f}, along the first power of $\pi_{{core}}$; "
        "naming details of the background changes nothing (a). Without any same-class negatives accuracy is "
        f"{ood[:, 0].mean():.3f}, with nothing else {ood[:, -1].mean():.3f} (b). Dots: mean over seeds, bars one standard "
        "deviation; lines: formulas with the noise of finite $d$.",
        "Left: accuracy rises along a concave black line with richness, well above a dashed line; open squares and dots for "
        "both values of pi_spu coincide. Right: accuracy rises with the share of same-class negatives towards the dotted "
        "line of the core alone.",
        (PAGE, 2.7),
    )


@figure(
    "xue2024.one_law", "One law for labels, supervision, SupCon and captions", ["xue2024.richness", "xue2024.supcon"]
)
def one_law(r: Result, s: Result) -> Figure:
    c, core, alpha, beta, m = r.config, 1.0, 1.1, 0.5, 3
    ratio = np.linspace(-0.6, 3.0, 300)
    spu = c.sigma_spu
    agree, conflict = formulas.group_accuracies(1.0, ratio, core, spu)
    q = 2 * c.p_spu - 1
    marks = {
        "background ignored": (0.0, -9),
        "rich captions": (q / 2, -22),
        "half": (q / 1.5, 8),
        "labels, SupCon": (q, 8),
    }

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        axes[0].plot(ratio, (agree + conflict) / 2, color=MULTI, label="true law (OOD)")
        axes[0].plot(ratio, conflict, color=FIFTH, label="wrong background")
        for name, (x, shift) in marks.items():
            level = float(np.mean(formulas.group_accuracies(1.0, x, core, spu)))
            axes[0].plot([x], [level], "o", color=THEORY, markersize=3)
            axes[0].annotate(name, (x, level), xytext=(4, shift), **SMALL)
        axes[0].set(xlabel="spurious over core weight", ylabel="accuracy", ylim=(0, 1.02))
        axes[0].legend(loc="lower left")
        high = alpha**2 * (1 + beta) / (1 - beta)
        steps = np.linspace(0.8, high * 1.25, 400)
        level = np.where(steps > high, 1.0, np.where(steps > alpha**2, 0.5 + 0.5**m, 0.5))
        theory(axes[1], steps, level)
        for x, name in ((alpha**2, r"$\alpha^2$"), (high, r"$\alpha^2\frac{1+\beta}{1-\beta}$")):
            axes[1].axvline(x, color=GREY, linestyle="--", linewidth=0.8)
            axes[1].annotate(name, (x, 0.42), xytext=(2, 0), **SMALL)
        axes[1].plot([1.0], [0.5], "o", color=SUPERVISED, label="supervised, labels, SupCon: $A=1$")
        axes[1].annotate("captions", (1.9, 0.68), xytext=(0, 0), **SMALL)
        axes[1].annotate("", (3.2, 0.66), (1.05, 0.66), arrowprops={"arrowstyle": "->", "color": MULTI})
        axes[1].set(xlabel=r"sharing $A=1+\pi(m-1)\beta^2$", ylabel="accuracy, true law (OOD)", ylim=(0.38, 1.05))
        axes[1].legend(loc="upper left")
        panel_letters(axes)

    frame = pd.DataFrame({"ratio": ratio, "ood": (agree + conflict) / 2, "conflict": conflict})
    supcon = s["accuracy"][:, 0, 0, 0].mean()
    return Figure(
        frame,
        draw,
        rf"Data model 1 (a): accuracy against the ratio of the weights, $\sigma_{{core}}=1$, $p_{{spu}}={c.p_spu:g}$. "
        "Captions that are labels and SupCon stand at the same point, learnt "
        f"{r['label_caption'][:, 0].mean():.3f} and {supcon:.3f}; richness moves to the left, max-margin far to the right "
        f"({r['supervised'][:, 0].mean():.3f}). Data model 2 (b), $m=3$, $\\alpha=1.1$, $\\beta=.5$: accuracy depends on one "
        "number, and everything that learns from labels alone stands at $A=1$.",
        "Left: OOD accuracy falls slowly and accuracy on the wrong background fast with the spurious weight; marked points "
        "from background ignored to labels. Right: a staircase from one half over a small step to one, supervised learning "
        "on the lowest stair.",
        (PAGE, 2.8),
    )


FIGURES = (data_models, spurious_probability, richness, one_law)
