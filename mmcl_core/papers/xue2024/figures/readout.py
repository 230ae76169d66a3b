"""What the read-out decides: probes, prompts, priors; and the lemmas of Appendix C in one picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    FIFTH,
    FOURTH,
    MULTI,
    PAGE,
    SIXTH,
    SUPERVISED,
    THEORY,
    THIRD,
    THRESHOLD,
    Canvas,
    Figure,
    dots,
    figure,
    ordered,
    panel_letters,
    theory,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024 import spread
from mmcl_core.papers.xue2024.experiments.appendix import LATENT

OOD = 0


@figure(
    "xue2024.readout",
    "The same features, four ways to read them",
    ["xue2024.probe", "xue2024.sharing_readout", "xue2024.prompts", "xue2024.class_prior"],
)
def readout(p: Result, g: Result, b: Result, q: Result) -> Figure:
    grid = g["grid"]
    m = max(g.config.classes)
    rows = grid[(grid[:, 0] == m) & (grid[:, 2] == 0.5) & (grid[:, 3] == 1)]
    models = b.config.models()

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(2, 2).ravel()
        for column, colour, name in ((0, MULTI, "zero-shot"), (1, SUPERVISED, "linear probe")):
            dots(axes[0], p["p_spu"], p["accuracy"][:, :, column, OOD], colour, name, fmt="o-")
        axes[0].set(xlabel="agreement $p_{spu}$", ylabel="accuracy (OOD)")
        axes[0].legend(loc="lower left")
        for column, colour, name, shift in ((4, MULTI, "zero-shot", 0), (5, SUPERVISED, "probe", 0.03)):
            axes[1].plot(rows[:, 1], rows[:, column] - shift, "o-", color=colour, label=name)
        axes[1].plot(rows[:, 1], rows[:, 6] + 0.03, "s--", color=THIRD, label="counter-prompt")
        axes[1].set(xscale="log", xlabel=r"strength of the background $\alpha$", ylabel="accuracy, wrong background")
        axes[1].set_xticks(rows[:, 1], [f"{a:g}" for a in rows[:, 1]])
        axes[1].minorticks_off()
        axes[1].legend(loc="center right")
        for i, (model, colour) in enumerate(zip(models, (MULTI, FIFTH, FOURTH), strict=False)):
            fine = np.linspace(b["b"][i].min(), b["b"][i].max(), 100)
            line = [spread.predict(model, b.config.observation, "ood", (1.0, x)).value for x in fine]
            theory(axes[2], fine, np.array(line), color=colour, linewidth=1)
            label = (
                rf"$\sigma_{{core}}={model.sigma_core:g}$, $p_{{spu}}={model.p_spu:g}$, "
                rf"$\pi_{{core}}={model.pi_core:g}$"
            )
            dots(axes[2], b["b"][i], b["accuracy"][:, i, :, OOD], colour, label)
        axes[2].axvline(0, ymax=0.62, color=THRESHOLD, linewidth=0.8, linestyle="--")
        axes[2].set(xlabel="background in the prompt, $b$", ylabel="accuracy (OOD)", ylim=(None, 1.13))
        axes[2].legend(loc="upper right")
        fine = np.linspace(0.5, 0.97, 60)
        line = [spread.predict(q.config.model(prior=x), q.config.observation).value for x in fine]
        theory(axes[3], fine, np.array(line), "formula")
        dots(axes[3], q["prior"], q["accuracy"][..., OOD], MULTI, "learnt")
        axes[3].set(xlabel="prior of the commoner class $P$", ylabel="accuracy (OOD)")
        axes[3].legend(loc="upper left")
        panel_letters(axes)

    frame = pd.concat(
        [
            tidy(p.seeds, p_spu=p["p_spu"], zero_shot=p["accuracy"][:, :, 0, OOD], probe=p["accuracy"][:, :, 1, OOD]),
            pd.DataFrame(rows, columns=["m", "alpha", "beta", "pi", "zero_shot", "probe", "counter_prompt"]),
            *(
                tidy(b.seeds, b=b["b"][i], ood=b["accuracy"][:, i, :, OOD]).assign(setting=i)
                for i in range(len(models))
            ),
            tidy(q.seeds, prior=q["prior"], ood=q["accuracy"][..., OOD]),
        ]
    )
    ends = p["accuracy"][:, -1, :, OOD].mean(0)
    return Figure(
        frame,
        draw,
        rf"Data model 1 (a): at $p_{{spu}}={p['p_spu'][-1]:g}$ zero-shot keeps {ends[0]:.3f} and a linear probe "
        rf"on the "
        rf"same features {ends[1]:.3f}. Data model 2, $m={m}$, $\beta=.5$ (b): the "
        r"probe loses every sample with the wrong background once $\alpha>1$, zero-shot beyond its "
        r"threshold, the counter-prompt none. Prompt $(1,b)$ (c): accuracy peaks left of the class mean "
        r"$b=0$ "
        "(dashed). Unequal classes (d) add robustness.",
        "Four panels: a probe falling below zero-shot as agreement grows; a probe that drops to zero above alpha = 1 "
        "while the "
        "counter-prompt stays at one; accuracy against the prompt with a maximum at negative b; accuracy rising with "
        "the prior.",
        (PAGE, 4.6),
        "Dots: mean over seeds, bars one standard deviation; lines: formulas. In b all sign patterns, curves .03 apart "
        "where they would coincide.",
    )


NAMES = {
    "gaussian_mean": "C.5",
    "residual_moment": "C.9",
    "label_moment": "C.10",
    "second_moment": "C.11",
    "mean": "C.12",
    "covariance": "C.13",
    "noise_mean": "C.15",
}
BOUNDED = {"signs": "C.3", "products": "C.8", "matrix": "C.6", "covariance": "C.7", "noise": "C.14"}


@figure(
    "xue2024.lemmas",
    "The lemmas of Appendix C",
    ["xue2024.coverage", "xue2024.latent_rates", "xue2024.noisy_rates", "xue2024.truncation"],
)
def lemmas(c: Result, r: Result, y: Result, t: Result) -> Figure:
    n, levels = r["n"], {name: np.sqrt((r[name] ** 2).mean(0)) for name in LATENT}
    noisy = {name: np.sqrt((y[name] ** 2).mean(0)) for name in ("whole", "cut")}

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3)
        values = [c[name].reshape(len(c[name]), -1).max(1) for name in BOUNDED]
        axes[0].boxplot(
            values,
            orientation="vertical",
            whis=(2.5, 97.5),
            showfliers=False,
            widths=0.5,
            medianprops={"color": SUPERVISED},
        )
        axes[0].set_xticks(range(1, len(BOUNDED) + 1), BOUNDED.values())
        axes[0].axhline(1, color=THRESHOLD, linestyle="--", linewidth=0.8)
        axes[0].set(ylabel="quantity over its bound", ylim=(0, 1.1))
        palette = (MULTI, SUPERVISED, THIRD, FOURTH, FIFTH, SIXTH)
        for (name, level), colour, line in zip(levels.items(), (*palette, MULTI), 6 * ["-"] + ["--"], strict=True):
            axes[1].plot(n, level, "o", linestyle=line, color=colour, markersize=3, linewidth=0.8, label=NAMES[name])
        for level, label, colour in zip(noisy.values(), ("C.16", "C.18"), (SUPERVISED, THIRD), strict=True):
            axes[1].plot(y["n"], level, "s--", color=colour, markersize=3, linewidth=0.8, label=label)
        theory(axes[1], n, 3 * n**-0.5, r"$n^{-1/2}$")
        axes[1].set(xscale="log", yscale="log", xlabel="samples $n$", ylabel="RMS norm of the deviation")
        axes[1].legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), ncols=4, handlelength=1.2)
        for j, (gap, colour) in enumerate(zip(t.config.gaps, ordered(len(t.config.gaps)), strict=True)):
            moved = np.asarray(t.config.errors) * 1.07**j  # side by side: the values nearly coincide
            axes[2].plot(moved, t["ratio"][:, :, j].max((0, 2)), "o", color=colour, markersize=3, label=f"gap {gap:g}")
        axes[2].axhline(2, color=THEORY, linewidth=1)
        axes[2].set(xscale="log", xlabel=r"error $\epsilon$", ylabel=r"$\|SVD_p(G)-G^*\|/\epsilon$", ylim=(0, 2.2))
        axes[2].legend()
        panel_letters(axes)

    frame = pd.DataFrame({"n": n} | levels)
    return Figure(
        frame,
        draw,
        f"Bounds (a): {len(c.seeds)} draws of each bounded quantity over its bound at $\\delta=.05$, C.7, C.14 "
        "corrected. Orders (b): root mean squares over seeds fall like "
        "$n^{-1/2}$, also that of the truncated decomposition (C.18, on top of C.16, as C.13 on C.11). Truncation (c): "
        "the largest ratio over draws stays below 2 with and without a gap.",
        "Left: five boxes below the dashed line at one. Middle: parallel falling lines on log axes. Right: ratios near "
        "one, far "
        "below the line at two.",
        (PAGE, 3.1),
        "Boxes: quartiles, whiskers: 2.5 and 97.5 % quantiles.",
    )


FIGURES = (readout, lemmas)
