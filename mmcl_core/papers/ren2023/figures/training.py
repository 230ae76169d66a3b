"""Trained encoders over time, with the infinite-width flow as lines: F1 to F4."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    COLUMN,
    CONTRASTIVE,
    FIFTH,
    FOURTH,
    NONCONTRASTIVE,
    PAGE,
    THEORY,
    THIRD,
    Axes,
    Canvas,
    Figure,
    dots,
    figure,
    ordered,
    panel_letters,
    theory,
    threshold,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.ren2023 import theory as closed_forms
from mmcl_core.papers.ren2023.closure import Path
from mmcl_core.papers.ren2023.experiments.runs import NAMES

COLOURS = dict(zip(NAMES, (NONCONTRASTIVE, CONTRASTIVE, THIRD, FOURTH), strict=True))


def temperatures(r: Result) -> dict[str, float | None]:
    """tau^2 of each run; the names are those of the chapter's own."""
    return dict(zip(NAMES, (None, *r.config.inverse_temperatures), strict=True))


def legend(r: Result, name: str) -> str:
    tau2 = temperatures(r)[name]
    return "no negatives" if tau2 is None else rf"$\tau^2={tau2:g}$"


def flow_of(r: Result, name: str) -> Path:
    """The infinite-width flow of the same run, on a fine grid of times."""
    closure = r.config.closure(temperatures(r)[name], r.config.batch - 1)
    return closure.run(np.geomspace(0.1, r[f"{name}_time"][-1], 300))


def table(r: Result, measure: str) -> pd.DataFrame:
    return pd.concat(
        [
            tidy(r.seeds, time=r[f"{n}_time"], value=r[f"{n}_{measure}"]).assign(run=n if t is None else f"tau2_{t:g}")
            for n, t in temperatures(r).items()
        ]
    )


def curves(ax: Axes, r: Result, measure: str, names: tuple[str, ...] = NAMES) -> None:
    """Simulation dots at positive times, the flow as black lines."""
    for name in names:
        time, values = r[f"{name}_time"][1::2], r[f"{name}_{measure}"][:, 1::2]
        dots(ax, time, values, COLOURS[name], legend(r, name), markersize=2.5, capsize=0)
        path = flow_of(r, name)
        theory(ax, path.times, getattr(path, measure))


@figure("ren2023.fig1", "The condition number over time", ["ren2023.runs"])
def fig1(r: Result) -> Figure:
    limit = closed_forms.limit_condition_number(r.config.signal, r.config.d)
    ends = {n: r[f"{n}_condition_number"][:, -1].mean() for n in NAMES}
    peak = r["tau2_0.3_condition_number"].max(1).mean()

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        curves(ax, r, "condition_number")
        threshold(ax, limit, r"$\kappa_\infty$", "y")
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="time $t$ (rate × steps)",
            ylabel=r"condition number $\kappa(K_A)$",
            yticks=[1, 2, 5, 10],
            ylim=(0.9, 1.25 * limit),
        )
        ax.set_yticklabels(["1", "2", "5", "10"])
        ax.minorticks_off()
        ax.legend(loc="center left", bbox_to_anchor=(0.0, 0.62))

    return Figure(
        table(r, "condition_number"),
        draw,
        r"With the contrastive loss $\kappa$ rises, peaks and falls to 1; the lower $\tau^2$, the higher and later "
        r"the peak. Without negatives it rises to $\kappa_\infty$ (dashed, closed form) and "
        "stays. Dots: trained encoders, mean over seeds with one standard deviation; lines: infinite-width flow. What "
        "remains above 1 late is the floor of stochastic gradients.",
        f"Condition number against time in logarithmic axes. The run without negatives rises to "
        f"{ends['noncontrastive']:.1f}. Three contrastive runs rise and fall; the one at the highest temperature, "
        f"inverse "
        f"temperature tau squared {temperatures(r)['tau2_0.3']:g}, "
        f"peaks at {peak:.1f}; at the end they stand at {ends['tau2_5']:.2f}, {ends['tau2_1']:.2f} and "
        f"{ends['tau2_0.3']:.2f}. Dots lie near the black lines.",
        (PAGE * 0.75, 3.0),
    )


@figure("ren2023.fig2", "Alignment, as a whole and per direction", ["ren2023.runs"])
def fig2(r: Result) -> Figure:
    name = "tau2_1"

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        curves(axes[0], r, "alignment")
        axes[0].set(xscale="log", xlabel="time $t$", ylabel=r"alignment $E\langle f_A,f_B\rangle$")
        axes[0].legend(loc="lower right")
        time, path = r[f"{name}_time"], flow_of(r, name)
        rank = len(r.config.signal)
        chosen = np.unique(np.linspace(0, rank - 1, min(5, rank)).round().astype(int))
        for colour, p in zip(ordered(len(chosen)), chosen, strict=True):
            dots(
                axes[1],
                time[1::2],
                r[f"{name}_correlations"][:, 1::2, p],
                colour,
                rf"$\sigma_{{{p + 1}}}^2={r.config.signal[p]:g}$",
                markersize=2.5,
                capsize=0,
            )
            theory(axes[1], path.times, path.correlations[:, p])
        axes[1].set(xscale="log", xlabel="time $t$", ylabel=rf"correlation $\rho_p$ ({legend(r, name)})")
        axes[1].legend(loc="lower right")
        panel_letters(axes)

    return Figure(
        table(r, "alignment"),
        draw,
        r"All losses align the two views (a). Strong directions align first, each along a tanh (b). Dots: trained "
        r"encoders, mean over seeds with one standard deviation; lines: infinite-width flow.",
        "Left: alignment of four runs rises from 0 to about 1. Right: correlations of the signal directions rise from "
        "0 to 1 one after another, the strongest first.",
        (PAGE, 2.7),
    )


@figure("ren2023.fig3", "Orbits: condition number against alignment", ["ren2023.runs", "ren2023.clock"])
def fig3(r: Result, clock: Result) -> Figure:
    counts = (*clock.config.negatives, np.inf)
    spread = float(np.abs(clock["orbit"][1:] / clock["orbit"][0] - 1).max())

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for name in NAMES:
            axes[0].plot(
                r[f"{name}_alignment"].mean(0),
                r[f"{name}_condition_number"].mean(0),
                ".",
                color=COLOURS[name],
                label=legend(r, name),
                markersize=3,
            )
            path = flow_of(r, name)
            theory(axes[0], path.alignment, path.condition_number)
        axes[0].set(xlabel="alignment", ylabel=r"condition number $\kappa$", yscale="log", yticks=[1, 2, 5, 10])
        axes[0].set_yticklabels(["1", "2", "5", "10"])
        axes[0].minorticks_off()
        axes[0].legend(loc="upper left")
        for orbit, label, style, colour, width in zip(
            clock["orbit"],
            (*(f"$K={k:g}$" for k in counts[:-1]), r"$K=\infty$"),
            ("-", "--", ":"),
            (CONTRASTIVE, FIFTH, THEORY),
            (4, 2.5, 1.5),
            strict=True,
        ):
            axes[1].plot(clock["alignment"], orbit, style, color=colour, linewidth=width, label=label)
        axes[1].set(xlabel="alignment", ylabel=rf"$\kappa$ ($\tau^2={clock.config.inverse_temperature:g}$)")
        axes[1].legend()
        panel_letters(axes)

    return Figure(
        pd.DataFrame(
            {
                "alignment": clock["alignment"],
                **{f"K{k:g}": orbit for k, orbit in zip(counts, clock["orbit"], strict=True)},
            }
        ),
        draw,
        r"The orbit of a run says what happens without saying when (a; dots: trained encoders, means over seeds; "
        r"lines: flow). At infinite width the number of negatives sets only the speed: three orbits "
        f"coincide to {spread:.0e} (b).",
        "Left: condition number against alignment for four losses; contrastive orbits rise and come down, those "
        "at lower temperatures further to the left. Right: three curves for different numbers of negatives lie on top "
        "of each "
        "other.",
        (PAGE, 2.7),
    )


@figure("ren2023.fig4", "Energy shares of the directions", ["ren2023.runs"])
def fig4(r: Result) -> Figure:
    name, rank = "tau2_5", len(r.config.signal)
    chosen = np.unique(np.linspace(0, rank - 1, min(5, rank)).round().astype(int))

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        path = flow_of(r, name)
        for colour, p in zip(ordered(len(chosen)), chosen, strict=True):
            dots(
                ax,
                r[f"{name}_time"][1::2],
                r[f"{name}_energies"][:, 1::2, p],
                colour,
                rf"$\sigma_{{{p + 1}}}^2={r.config.signal[p]:g}$",
                markersize=2.5,
                capsize=0,
            )
            theory(ax, path.times, path.energies[:, p])
        threshold(ax, 1 / rank, "$1/r$", "y")
        ax.set(xscale="log", xlabel="time $t$", ylabel=r"energy share $\|K_{A,p}\|^2/N_A^2$", ylim=(0, 1.12 / rank))
        ax.legend(loc="lower right")

    return Figure(
        pd.concat(
            [
                tidy(r.seeds, time=r[f"{name}_time"], share=r[f"{name}_energies"][..., p]).assign(direction=p + 1)
                for p in range(rank)
            ]
        ),
        draw,
        rf"At {legend(r, name)} every direction ends with the same share $1/r$ of the energy, whatever its variance. "
        r"Dots: mean over seeds with one standard deviation; lines: infinite-width flow.",
        "Energy shares of the directions over time; they start far apart in the order of their variances and meet at "
        "one over r.",
        (COLUMN * 1.3, 2.7),
    )


FIGURES = (fig1, fig2, fig3, fig4)
