"""Phase diagrams and thresholds: where supervised learning wins, and from where on features are shared."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

from mmcl_core.evidence.figures import (
    DARK_MARK,
    FIFTH,
    MULTI,
    PAGE,
    SUPERVISED,
    THEORY,
    THRESHOLD,
    Axes,
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
from mmcl_core.papers.xue2024 import theory as formulas
from mmcl_core.papers.xue2024.setting import Sharing

DIVERGING = LinearSegmentedColormap.from_list("supervised_contrastive", [SUPERVISED, "#f7f7f7", MULTI])
AROUND_HALF = LinearSegmentedColormap.from_list(
    "contrastive", [(0, "#555555"), (0.5, "#f7f7f7"), (0.75, "#56B4E9"), (1, MULTI)]
)

OFFSET = 0.03  # between curves that would hide each other; the caption says so


def edges(values: np.ndarray) -> np.ndarray:
    """Cell edges halfway between the values."""
    middle = (values[1:] + values[:-1]) / 2
    return np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])


@figure("xue2024.phase_core", "Who wins where", ["xue2024.phase_core"])
def phase_core(r: Result) -> Figure:
    core, p = r["sigma_core"], r["p_spu"]
    gain = r["contrastive"] - r["supervised"].mean(0)

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        rows = np.arange(len(p))
        mesh = ax.pcolormesh(
            edges(core),
            edges(rows.astype(float)),
            gain.T,
            cmap=DIVERGING,
            norm=TwoSlopeNorm(0, gain.min(), gain.max()),
            rasterized=True,
        )
        ax.contour(core, rows, gain.T, [0], colors=DARK_MARK, linewidths=1.2)
        ax.set_yticks(rows, [f"{x:g}" for x in p])
        ax.set(xlabel=r"spread of the core feature $\sigma_{core}$", ylabel="agreement $p_{spu}$\n(steps not equal)")
        canvas.colorbar(mesh, ax=ax, label="OOD accuracy,\ncontrastive minus supervised")

    frame = pd.DataFrame(
        {"sigma_core": np.repeat(core, len(p)), "p_spu": np.tile(p, len(core)), "difference": gain.ravel()}
    )
    low, high = np.unravel_index(gain.argmin(), gain.shape), np.unravel_index(gain.argmax(), gain.shape)
    return Figure(
        frame,
        draw,
        rf"Contrastive (formula) minus supervised accuracy (limit $d\to\infty$, $n={r.config.n}$, mean over seeds) "
        rf"under the true law, data model 1; the values of $p_{{spu}}$ stand at equal distances. Black: equality. "
        rf"Supervised learning wins where the core varies little, by up to "
        rf"{-gain.min():.2f} at $\sigma_{{core}}={core[low[0]]:g}$, $p_{{spu}}={p[low[1]]:g}$; contrastive learning by "
        rf"up to {gain.max():.2f} at $\sigma_{{core}}={core[high[0]]:g}$, $p_{{spu}}={p[high[1]]:g}$.",
        f"A map in two colours, parted by a black line from the lower middle to the upper left: supervised learning "
        f"wins at small spread of the core (difference {gain.min():.2f}), contrastive learning at large spread (up to "
        f"{gain.max():.2f}).",
        (PAGE * 0.7, 2.9),
    )


def strength_curve(m: int, beta: np.ndarray, p_spu: float) -> np.ndarray:
    """alpha*(beta) for beta' = alpha beta: alpha^2 (1 + beta)(2 p - 1) = (1 - beta)(1 + (m - 1) beta^2)."""
    return np.sqrt((1 - beta) * (1 + (m - 1) * beta**2) / ((1 + beta) * (2 * p_spu - 1)))


@figure("xue2024.phase_sharing", "From where on features are shared", ["xue2024.phase_sharing"])
def phase_sharing(r: Result) -> Figure:
    beta, m, alpha, c = r["beta"], r["m"], r["alpha"], r.config
    fine = np.linspace(edges(beta)[0], edges(beta)[-1], 200)

    def panel(ax: Axes, y: np.ndarray, table: np.ndarray, curve: np.ndarray, label: str) -> object:
        mesh = ax.pcolormesh(
            edges(beta),
            edges(y.astype(float)),
            table.mean(0),
            cmap=AROUND_HALF,
            norm=TwoSlopeNorm(0.5, 0.2, 1),
            rasterized=True,
        )
        theory(ax, fine, curve, linewidth=1.6, color=DARK_MARK)
        ax.set(
            xlabel=r"strength of foreign features $\beta$",
            ylabel=label,
            ylim=edges(y.astype(float))[[0, -1]],
            xlim=fine[[0, -1]],
        )
        return mesh

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        panel(
            axes[0], m, r["by_classes"], formulas.threshold_curve(c.alpha, fine, None, c.p_spu), "pairs of classes $m$"
        )
        mesh = panel(
            axes[1], alpha, r["by_strength"], strength_curve(c.m, fine, c.p_spu), r"strength of the background $\alpha$"
        )
        canvas.colorbar(mesh, ax=axes, label="accuracy, true law", ticks=[0.2, 0.35, 0.5, 0.75, 1])
        panel_letters(axes)

    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "m": np.repeat(m, len(beta)),
                    "alpha": c.alpha,
                    "beta": np.tile(beta, len(m)),
                    "accuracy": r["by_classes"].mean(0).ravel(),
                }
            ),
            pd.DataFrame(
                {
                    "m": c.m,
                    "alpha": np.repeat(alpha, len(beta)),
                    "beta": np.tile(beta, len(alpha)),
                    "accuracy": r["by_strength"].mean(0).ravel(),
                }
            ),
        ]
    )
    inside = r["by_classes"].mean(0)[m[:, None] > formulas.threshold_curve(c.alpha, beta, None, c.p_spu) + 5]
    worst = inside.min() if inside.size else np.nan
    regimes = np.array(
        [[formulas.sharing_accuracy(Sharing(int(k), c.alpha, b, p_spu=c.p_spu)) for b in beta] for k in m]
    )
    middle = r["by_classes"].mean(0)[0][(regimes[0] > 0.5) & (regimes[0] < 1)]
    patch = (
        rf" Light blue at $m={m[0]}$: the middle regime, $\frac12+2^{{-m}}$, up to {middle.max():.2f}."
        if middle.size
        else ""
    )
    return Figure(
        frame,
        draw,
        rf"Accuracy of contrastive learning under the true law, data model 2, learnt from {c.n} samples, mean over "
        rf"seeds; left with $\alpha={c.alpha:g}$, right with $m={c.m}$. Black: the exact population threshold, above "
        rf"(a) and below (b) "
        rf"which accuracy is 1.",
        "Two maps of accuracy. Left: over beta and the number of class pairs, a dark region above a black curve with "
        "its minimum at middle beta. Right: over beta and alpha, a dark region below a black curve with a maximum at "
        "middle beta.",
        (PAGE, 2.8),
        note=(
            rf"Where foreign features are nearly as strong as the own ($\beta\to1$) a finite sample "
            rf"falls short of it: the smallest accuracy five or more pairs above the line is {worst:.2f}, and it can "
            rf"be "
            rf"below one half (grey): the least here is "
            rf"{min(r['by_classes'].mean(0).min(), r['by_strength'].mean(0).min()):.2f}, where samples on the right "
            rf"background are missed as well.{patch}"
        ),
    )


@figure(
    "xue2024.sharing",
    "Three regimes, and how many samples they need",
    ["xue2024.sharing_population", "xue2024.sharing_finite"],
)
def sharing(r: Result, f: Result) -> Figure:
    c, n = r.config, f["n"]
    m, error = np.array(c.classes), 1 - f["accuracy"][..., 1]
    equal = float(formulas.threshold_curve(c.alpha, 0.5))
    bounds = [formulas.conflict_bound(f.config.model(), int(k)) for k in n]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        fine = np.arange(1, m.max() + 1)
        law = [formulas.sharing_accuracy(Sharing(int(k), c.alpha)) for k in fine]
        theory(axes[0], fine, np.array(law), "law", drawstyle="steps-mid")
        axes[0].plot(m, r["curve"], "o", color=MULTI, label="contrastive")
        axes[0].axhline(0.5, color=FIFTH, linewidth=1, linestyle=":", label=r"without sharing, $\beta=0$")
        axes[0].axvline(equal, color=THRESHOLD, linestyle="--", linewidth=0.8)
        place = {"xytext": (-3, 0), "textcoords": "offset points", "ha": "right", "color": "#555555"}
        axes[0].annotate(f"equality at {equal:.2f}", (equal, 0.9), **place)
        axes[0].set(xlabel="pairs of classes $m$", ylabel="accuracy, true law (OOD)")
        axes[0].legend(loc="center right")
        dots(axes[1], n, error, MULTI, "learnt", fmt="o-")
        kept = np.array([bound for _, bound in bounds])
        theory(axes[1], n[kept < 1], kept[kept < 1], r"$\frac{m-1}{2}(1-\Phi(z))$")
        axes[1].set(xscale="log", xlabel="training samples $n$", ylabel="error, wrong background")
        axes[1].legend()
        panel_letters(axes)

    return Figure(
        pd.concat([pd.DataFrame({"m": m, "accuracy": r["curve"]}), tidy(f.seeds, n=n, conflict_error=error)]),
        draw,
        rf"Data model 2, $\alpha={c.alpha:g}$, $\beta=.5$. Population, all sign patterns (a): one half, then "
        rf"$\frac12+2^{{-m}}$ "
        "up to the threshold, then exactly 1; without sharing always one half. Finite "
        f"samples, "
        rf"$m={f.config.m}$ (b): the error on the wrong background falls from {error[:, 0].mean():.2f} at $n={n[0]}$ "
        rf"to "
        f"{error[:, -1].mean():.4f} at $n={n[-1]}$.",
        "Left: accuracy starts at one half, jumps up at m = 3, decays back towards one half and jumps to one at the "
        "dashed "
        "threshold. Right: the error falls with the number of samples, below the line of the bound.",
        (PAGE, 2.6),
        note=(
            "Dashed: the real $m$ at which both sides of the condition are equal; the next whole number is "
            f"{formulas.threshold_classes(c.alpha, 0.5)}. Dots in (b): mean over seeds, bars one standard deviation; "
            f"line: the bound."
        ),
    )


@figure(
    "xue2024.threshold_richness", "How rich captions must be", ["xue2024.threshold_richness", "xue2024.sharing_finite"]
)
def threshold_richness(r: Result, f: Result) -> Figure:
    c, pi = r.config, r["pi"]
    rows = list(enumerate(c.classes))
    bounds = np.atleast_1d(formulas.threshold_richness(np.array(c.classes), c.alpha, c.beta))
    learnt = f["rich"].mean(-1)

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        for (i, m), colour in zip(rows, ordered(len(rows)), strict=True):
            shift, exact = OFFSET * (len(rows) - 1 - i), np.linspace(0, 1, 2001)
            ax.plot(pi, r["accuracy"][i] - shift, ".", color=colour, markersize=4)
            label = rf"$m={m}$, " + (rf"$\tilde\pi={bounds[i]:.2f}$" if bounds[i] <= 1 else r"$\tilde\pi>1$")
            theory(ax, exact, np.where(exact > bounds[i], 1.0, 0.5) - shift, color=colour, label=label)
        label = rf"learnt, $m={f.config.richness_m}$, $n={f.config.n}$"
        dots(ax, f["pi"], learnt, THEORY, label, fmt="D", markersize=4)
        ax.set(xlabel=r"how often captions mention a feature, $\pi$", ylabel="accuracy, true law (OOD)")
        canvas.legend(*ax.get_legend_handles_labels(), loc="outside right center")

    frame = pd.concat([pd.DataFrame({"pi": pi, "accuracy": r["accuracy"][i], "m": m}) for i, m in rows])
    return Figure(
        frame,
        draw,
        r"Data model 2: a caption mentions each feature but the own core with probability $\pi$. Lines: the jump at "
        r"$\tilde\pi$; each smaller $m$ drawn .03 lower to keep them apart; small dots: population, all sign "
        r"patterns; "
        "diamonds: learnt from a finite sample, mean over seeds with one standard deviation, "
        rf"{learnt[:, 1].mean():.2f} at $\pi={f['pi'][1]:g}$ and {learnt[:, -1].mean():.2f} at 1.",
        f"Step curves from one half to one at thresholds that fall with m; for m = {c.classes[0]} there is no step. "
        "Diamonds of a finite sample rise smoothly around the step of the largest m.",
        (PAGE * 0.85, 2.6),
    )


FIGURES = (phase_core, sharing, phase_sharing, threshold_richness)
