"""What captions mention, which negatives are kept, and the one law of labels, supervision and captions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    FIFTH,
    MULTI,
    PAGE,
    SUPERVISED,
    THEORY,
    THIRD,
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
SMALL = {"textcoords": "offset points"}


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
        axes[1].set(xlabel=r"share $\nu$ of same-class negatives", ylabel="accuracy, true law (OOD)")
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
        f"{ood[:, 0].mean():.3f}, with nothing else {ood[:, -1].mean():.3f} (b).",
        "Left: accuracy rises along a concave black line with richness, well above a dashed line; open squares and "
        "dots for captions with and without the background coincide. Right: accuracy rises with the share of "
        "same-class negatives towards the "
        "dotted "
        "line of the core alone.",
        (PAGE, 2.7),
        note=("Dots: mean over seeds, bars one standard deviation; lines: formulas with the noise of finite $d$."),
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
        "background ignored": (0.0, (-0.2, 0.96)),
        "rich captions": (q / 2, (1.45, 0.93)),
        "labels, SupCon": (q, (1.5, 0.82)),
    }

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        axes[0].plot(ratio, (agree + conflict) / 2, color=MULTI, label="true law (OOD)")
        axes[0].plot(ratio, conflict, color=FIFTH, label="wrong background")
        for name, (x, place) in marks.items():
            level = float(np.mean(formulas.group_accuracies(1.0, x, core, spu)))
            axes[0].plot([x], [level], "o", color=THEORY, markersize=3)
            axes[0].annotate(name, (x, level), place, arrowprops={"arrowstyle": "-", "linewidth": 0.5})
        axes[0].set(xlabel="spurious over core weight", ylabel="accuracy", ylim=(0, 1.02))
        axes[0].legend(loc="lower left")
        high = alpha**2 * (1 + beta) / (1 - beta)
        steps = np.linspace(0.8, high * 1.25, 400)
        level = np.where(steps > high, 1.0, np.where(steps > alpha**2, 0.5 + 0.5**m, 0.5))
        theory(axes[1], steps, level)
        for x, name in ((alpha**2, r"$\alpha^2$"), (high, r"$\alpha^2\frac{1+\beta}{1-\beta}$")):
            axes[1].axvline(x, color=GREY, linestyle="--", linewidth=0.8)
            axes[1].annotate(name, (x, 0.42), xytext=(2, 0), **SMALL)
        axes[1].plot([1.0], [0.5], "o", color=SUPERVISED, label="supervised, labels,\nSupCon: $A=1$")
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
        "Label captions and SupCon coincide, learnt "
        f"{r['label_caption'][:, 0].mean():.3f} and {supcon:.3f}; richness moves to the left, max-margin far to the "
        f"right "
        f"({r['supervised'][:, 0].mean():.3f}). Data model 2 (b), $m=3$, $\\alpha=1.1$, $\\beta=.5$: accuracy depends "
        f"on one "
        "number, and everything that learns from labels alone stands at $A=1$.",
        "Left: OOD accuracy falls slowly and accuracy on the wrong background fast with the spurious weight; marked "
        "points "
        "from background ignored to labels. Right: a staircase from one half over a small step to one, supervised "
        "learning "
        "on the lowest stair.",
        (PAGE, 2.8),
    )


FIGURES = (richness, one_law)
