"""The flow's laws: two pushes, growth with d, the best temperature, the phase diagram, switching: F5 to F8, F11."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm

from mmcl_core.evidence.figures import (
    CONTRASTIVE,
    FIFTH,
    LIGHT_MARK,
    NONCONTRASTIVE,
    PAGE,
    THEORY,
    THIRD,
    THRESHOLD,
    Canvas,
    Figure,
    figure,
    ordered,
    panel_letters,
    theory,
    threshold,
)
from mmcl_core.lab.run import Result

TAU2_5 = 2  # row of the third temperature, tau^2 = 5, in the experiment on pushes


@figure("ren2023.fig5", "What positives and negatives do", ["ren2023.pushes"])
def fig5(r: Result) -> Figure:
    tau2 = r["inverse_temperature"][TAU2_5]
    time, positive, negative, kappa = (r[k][TAU2_5] for k in ("time", "positive", "negative", "condition_number"))
    peak = time[kappa.argmax()]

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        ax.plot(time, positive * time, color=NONCONTRASTIVE, label="positive pairs, $P_+$")
        ax.plot(time, negative * time, color=CONTRASTIVE, label="negative pairs, $P_-$")
        ax.plot(time, (positive + negative) * time, color=THEORY, linewidth=1, label="both")
        ax.axhline(0, color=THRESHOLD, linewidth=0.6)
        threshold(ax, peak, r"peak of $\kappa$")
        top = 1.35 * float((positive * time).max())  # room for the name above the curves
        ax.set(xscale="log", xlabel="time $t$", ylabel=r"$t\cdot\mathrm{d}\log(a_1/a_r)/\mathrm{d}t$", ylim=(None, top))
        ax.legend(loc="lower left")

    return Figure(
        pd.DataFrame({"time": time, "positive": positive, "negative": negative, "condition_number": kappa}),
        draw,
        rf"The push on the ratio of strongest to weakest direction at $\tau^2={tau2:g}$, per unit of log time, so that "
        r"areas are contributions. Positive pairs only widen the spread, negative pairs only "
        r"narrow it, and $\kappa$ peaks where they cancel. Infinite-width flow.",
        f"Two curves over logarithmic time: the positive pairs' push is above zero, the negative pairs' below and "
        f"growing later; their sum crosses zero at the marked peak of the condition number at t = {peak:.2g}.",
        (PAGE * 0.65, 2.7),
    )


@figure("ren2023.fig6", "The price of alignment grows with the dimension", ["ren2023.limit_growth"])
def fig6(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        for colour, q, limit, bounds in zip(ordered(len(r["q"])), r["q"], r["limit"], r["bounds"], strict=True):
            ax.plot(r["d"], limit, "o", color=colour, markersize=3, label=rf"$\sigma_1^2/\sigma_r^2={q:g}$")
            ax.fill_between(r["d"], bounds[:, 0], bounds[:, 1], color=colour, alpha=0.15, linewidth=0)
            theory(ax, r["d"], limit[-1] * (r["d"] / r["d"][-1]) ** ((1 - 1 / q) / 2))
        ax.set(xscale="log", yscale="log", xlabel="dimension $d$", ylabel=r"$\kappa_\infty$ without negatives")
        ax.legend()

    return Figure(
        pd.DataFrame(
            {"d": np.tile(r["d"], len(r["q"])), "ratio": np.repeat(r["q"], len(r["d"])), "limit": r["limit"].ravel()}
        ),
        draw,
        r"The condition number on which training without negatives ends is a power of the dimension. Dots: closed "
        r"form; bands: both bounds on it; lines: slopes $(1-\sigma_r^2/\sigma_1^2)/2$ through the last dot.",
        f"Three rising straight bands in logarithmic axes; at d = one million the limits are {r['limit'][0, -1]:.0f}, "
        f"{r['limit'][1, -1]:.0f} and {r['limit'][2, -1]:.0f}.",
        (PAGE * 0.6, 2.8),
    )


@figure("ren2023.fig7", "The best temperature", ["ren2023.temperature_sweep"])
def fig7(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3)
        for ax, key, label in zip(
            axes,
            ("peak", "aligned", "balanced"),
            (r"peak of $\kappa$", r"$t(\mathrm{align}>0.95)$", r"$t(\kappa<1.1)$"),
            strict=True,
        ):
            for colour, rank, row in zip(ordered(len(r["rank"])), r["rank"], r[key], strict=True):
                ax.plot(r["relative"], row, "o-", color=colour, markersize=2.5, linewidth=1, label=f"$r={rank}$")
            ax.set(xscale="log", yscale="log", xlabel=r"$\tau^2/r$", ylabel=label, xticks=[0.2, 0.5, 1, 2])
            ax.set_xticklabels(["0.2", "0.5", "1", "2"])
            ax.minorticks_off()
        threshold(axes[1], 1.0, r"$\tau^2=r$")
        axes[0].set_yticks([2, 5, 10], ["2", "5", "10"])
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=6)
        panel_letters(axes)

    frame = pd.DataFrame(
        {
            "rank": np.repeat(r["rank"], len(r["relative"])),
            "relative_temperature": np.tile(r["relative"], len(r["rank"])),
        }
    )
    return Figure(
        frame.assign(**{key: r[key].ravel() for key in ("peak", "aligned", "balanced")}),
        draw,
        r"Against $\tau^2/r$: the peak of $\kappa$ shrinks (a), alignment is fastest near $\tau^2=r$ (b), balance "
        r"comes sooner the larger $\tau^2$ in this range (c). Infinite-width flow, $d=100$.",
        "Three panels with one curve per rank, against the inverse temperature tau squared over the rank. The peak "
        "falls "
        "as it grows, the time to alignment is U-shaped with its minimum near one, the time to balance falls.",
        (PAGE, 2.5),
    )


@figure("ren2023.fig8", "Phase diagram at a fixed time", ["ren2023.phase"])
def fig8(r: Result) -> Figure:
    x, y = r["inverse_temperature"], r["ratio"]
    rank = 5

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        first = axes[0].pcolormesh(
            x, y, r["condition_number"], cmap="cividis", norm=LogNorm(1, None), shading="nearest", rasterized=True
        )
        missing = np.maximum(1 - r["alignment"], 1e-6)
        second = axes[1].pcolormesh(
            x, y, missing, cmap="cividis", norm=LogNorm(1e-6, 1), shading="nearest", rasterized=True
        )
        for ax in axes:
            ax.set(xscale="log", yscale="log", xlabel=r"inverse temperature $\tau^2$")
            for share, style in ((0.64, "--"), (1.2, ":")):
                ax.axvline(share * rank, color=LIGHT_MARK, linestyle=style, linewidth=1.2)
        axes[0].set_ylabel(r"$\sigma_1^2/\sigma_r^2$")
        canvas.colorbar(first, ax=axes[0], label=r"$\kappa(t=300)$")
        canvas.colorbar(second, ax=axes[1], label=r"$1-$ alignment $(t=300)$")
        panel_letters(axes)

    frame = pd.DataFrame({"inverse_temperature": np.tile(x, len(y)), "ratio": np.repeat(y, len(x))})
    return Figure(
        frame.assign(condition_number=r["condition_number"].ravel(), alignment=r["alignment"].ravel()),
        draw,
        r"After $t=300$: at small $\tau^2$ the views are aligned but not balanced (a), at large $\tau^2$ balanced but "
        r"not "
        r"aligned (b; what is below $10^{-6}$ is shown as that). "
        r"White: the fastest rates of alignment, $\tau^2=0.64\,r$ (dashed), and of balance, $1.2\,r$ (dotted).",
        "Two heat maps over inverse temperature and spread of the spectrum. The condition number is large at low "
        "inverse temperature and wide spectra; what is missing of alignment is smallest in between and near one at "
        "high "
        "inverse temperature.",
        (PAGE, 2.7),
    )


@figure("ren2023.fig11", "Switching the loss", ["ren2023.switching"])
def fig11(r: Result) -> Figure:
    then = rf"then $\tau^2={r.config.inverse_temperature:g}$"

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        axes[0].plot(r["nc_first_time"], r["nc_first"], color=NONCONTRASTIVE, label="no negatives")
        axes[0].plot(1000 + r["c_then_time"], r["c_then"], color=CONTRASTIVE, label=then)
        axes[0].set(xlabel="time $t$", ylabel=r"condition number $\kappa$", xlim=(800, 1100))
        for colour, start, row in zip((FIFTH, THIRD, CONTRASTIVE), r["c_first"], r["nc_then"], strict=True):
            axes[1].plot(r["nc_first_time"], row, color=colour, label=f"after {start:g} units with negatives")
        axes[1].set(xlabel="time without negatives")
        for ax in axes:
            ax.legend()
        panel_letters(axes)

    return Figure(
        pd.DataFrame({"time_after_switch": r["c_then_time"], "condition_number": r["c_then"]}),
        draw,
        r"Negatives repair a representation that training without them has unbalanced (a). Taken away early, balance "
        r"is lost again; taken away when all is aligned, it stays, because there is nothing left to gain (b). "
        r"Infinite-width flow.",
        f"Left: the condition number falls from {r['nc_first'][-1]:.1f} to {r['c_then'][-1]:.3f} after the switch. "
        f"Right: without negatives it rises from early stops and stays at {r['nc_then'][2, -1]:.3f} after a long "
        f"contrastive stage.",
        (PAGE, 2.5),
    )


FIGURES = (fig5, fig6, fig7, fig8, fig11)
