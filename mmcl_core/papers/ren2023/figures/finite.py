"""Finite width, finite batches, finite training sets, noise in the signal space: F9, F10, F12 and two beyond."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core import stats
from mmcl_core.evidence.figures import (
    CONTRASTIVE,
    NONCONTRASTIVE,
    PAGE,
    THIRD,
    Canvas,
    Figure,
    band,
    dots,
    figure,
    log_ticks,
    ordered,
    panel_letters,
    theory,
    tidy,
)
from mmcl_core.lab.run import Result


def temperature(r: Result) -> str:
    """The inverse temperature of the contrastive runs, as it is written in a picture."""
    return rf"$\tau^2={r.config.inverse_temperature:g}$"


@figure("ren2023.fig9", "How wide is infinitely wide", ["ren2023.finite_width"])
def fig9(r: Result) -> Figure:
    width = r["width"]
    fitted = {name: stats.power_law(width, r[name]).value for name in ("noncontrastive", "contrastive")}
    exponents = f"{fitted['noncontrastive']:.2f} without negatives and {fitted['contrastive']:.2f} with them"

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        for name, colour, label, shift in (
            ("noncontrastive", NONCONTRASTIVE, "no negatives", 0.97),
            ("contrastive", CONTRASTIVE, temperature(r), 1.03),
        ):
            dots(ax, width * shift, r[name], colour, label, geometric=True)
        centre = np.exp(np.log(r["contrastive"]).mean())
        theory(ax, width, centre * (width / np.exp(np.log(width).mean())) ** -0.5, r"slope $-1/2$")
        ax.set(
            xscale="log", yscale="log", xlabel="width $m$", ylabel=r"$\max_t|\log\kappa-\log\kappa_{\mathrm{flow}}|$"
        )
        log_ticks(ax, width)
        ax.set_yticks([0.05, 0.1, 0.2], ["0.05", "0.1", "0.2"])
        ax.legend()

    return Figure(
        pd.concat(
            [tidy(r.seeds, width=width, deviation=r[n]).assign(loss=n) for n in ("noncontrastive", "contrastive")]
        ),
        draw,
        f"How far trained encoders stray from the infinite-width flow: fitted exponents in $m$ {exponents} "
        rf"({temperature(r)}). Dots: geometric mean over seeds with one standard deviation of the logarithm; line: "
        "the slope expected of random-matrix fluctuations, height fitted.",
        f"Deviation against width, fitted exponents {exponents}; with negatives it goes from "
        f"{r['contrastive'][:, 0].mean():.2f} to {r['contrastive'][:, -1].mean():.3f}.",
        (PAGE * 0.6, 2.7),
    )


@figure("ren2023.fig10", "The floor of stochastic gradients", ["ren2023.sgd_floor"])
def fig10(r: Result) -> Figure:
    cold, warm = r.config.cold_inverse_temperature, r.config.warm_inverse_temperature

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        for name, colour, tau2 in (("cold", THIRD, cold), ("warm", CONTRASTIVE, warm)):
            x, y = r[f"{name}_noise"], r[f"{name}_excess"]
            dots(ax, x, y, colour, rf"$\tau^2={tau2:g}$")
            grid = np.array([x.min(), x.max()])
            theory(ax, grid, (y.mean(0) / x).mean() * grid)
        ax.set(
            xscale="log",
            yscale="log",
            xlabel=r"$\sqrt{\mathrm{rate}/\mathrm{batch}}$",
            ylabel=r"$\kappa_{\mathrm{end}}-1$",
        )
        log_ticks(ax, (0.02, 0.05, 0.1, 0.2))
        ax.set_yticks([0.005, 0.01, 0.02, 0.05, 0.1, 0.2], ["0.005", "0.01", "0.02", "0.05", "0.1", "0.2"])
        ax.legend()

    ratios = {name: (r[f"{name}_excess"] / r[f"{name}_noise"]).mean(0) for name in ("cold", "warm")}
    found = {name: f"{values.min():.2f} to {values.max():.2f}" for name, values in ratios.items()}
    frame = pd.concat(
        [tidy(r.seeds, noise=r[f"{n}_noise"], excess=r[f"{n}_excess"]).assign(run=n) for n in ("cold", "warm")]
    )
    return Figure(
        frame,
        draw,
        rf"What minibatch noise leaves of $\kappa-1$. Per unit of $\sqrt{{\mathrm{{rate}}/\mathrm{{batch}}}}$ it is "
        rf"{found['cold']} at $\tau^2={cold:g}$ and {found['warm']} at $\tau^2={warm:g}$. Dots: mean over seeds with "
        rf"one standard deviation, $\kappa$ averaged over two thirds of a "
        rf"run; lines: proportionality, one fitted constant each.",
        f"Excess of the condition number over one against the noise level, beside straight lines of slope one. Per "
        f"unit of noise it is {found['cold']} at tau squared {cold:g} and {found['warm']} at {warm:g}.",
        (PAGE * 0.6, 2.7),
    )


@figure("ren2023.fig12", "Finite training sets", ["ren2023.training_set"])
def fig12(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for name, colour, label in (
            ("noncontrastive", NONCONTRASTIVE, "no negatives"),
            ("contrastive", CONTRASTIVE, temperature(r)),
        ):
            dots(axes[0], r["pairs"], r[f"{name}_condition_number"], colour, label, geometric=True, fmt="o-")
            dots(axes[1], r["pairs"], r[f"{name}_alignment"], colour, label, fmt="o-")
        axes[0].set(
            xscale="log", yscale="log", xlabel="training pairs $n$", ylabel=r"condition number $\kappa$ at the end"
        )
        axes[1].set(xscale="log", xlabel="training pairs $n$", ylabel="alignment on the population")
        axes[0].legend()
        panel_letters(axes)

    frame = pd.concat(
        [
            tidy(
                r.seeds, pairs=r["pairs"], condition_number=r[f"{n}_condition_number"], alignment=r[f"{n}_alignment"]
            ).assign(loss=n)
            for n in ("noncontrastive", "contrastive")
        ]
    )
    kappa = {n: np.exp(np.log(r[f"{n}_condition_number"]).mean(0)) for n in ("noncontrastive", "contrastive")}
    aligned = {n: r[f"{n}_alignment"].mean(0) for n in ("noncontrastive", "contrastive")}
    return Figure(
        frame,
        draw,
        f"Few pairs. From the smallest to the largest training set the condition number goes from "
        f"{kappa['noncontrastive'][0]:.1e} to {kappa['noncontrastive'][-1]:.3g} without negatives and from "
        f"{kappa['contrastive'][0]:.3g} to {kappa['contrastive'][-1]:.3g} with them (a); both overfit the noise of "
        f"few pairs, as alignment on the population tells (b). "
        "Geometric (a) and arithmetic (b) means over seeds, bars one standard deviation.",
        f"Left: the condition number without negatives goes from {kappa['noncontrastive'][0]:.1e} at n = "
        f"{r['pairs'][0]} to {kappa['noncontrastive'][-1]:.3g} at n = {r['pairs'][-1]:,}; with negatives it is "
        f"at most {kappa['contrastive'].max():.3g}. Right: population alignment goes from "
        f"{aligned['noncontrastive'][0]:.2f} to {aligned['noncontrastive'][-1]:.2f} without negatives and from "
        f"{aligned['contrastive'][0]:.2f} to {aligned['contrastive'][-1]:.2f} with them.",
        (PAGE, 2.6),
    )


@figure("ren2023.noise_inside", "Noise that reaches the signal", ["ren2023.noise_inside"])
def noise_inside(r: Result) -> Figure:
    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for ax, name, title in zip(axes, ("nc", "c"), ("no negatives", temperature(r)), strict=True):
            for i, colour in enumerate(ordered(len(r["strength"]))):
                band(
                    ax,
                    r[f"{name}_time"][1:],
                    r[f"{name}_condition_number"][:, i, 1:],
                    colour,
                    rf"$\epsilon={r['strength'][i]:g}$",
                )
            ax.set(xscale="log", yscale="log", xlabel="time $t$", ylabel=rf"$\kappa$ ({title})")
            ax.legend()
        axes[1].set_yticks([1, 2, 3], ["1", "2", "3"])
        axes[1].minorticks_off()
        panel_letters(axes)

    strengths = ", ".join(f"{e:g}" for e in r["strength"])

    def ends(name: str) -> str:
        return ", ".join(f"{x:.3g}" for x in r[f"{name}_condition_number"][:, :, -1].mean(0))

    frame = pd.concat(
        [
            tidy(r.seeds, time=r["nc_time"], condition_number=r["nc_condition_number"][:, i]).assign(epsilon=e)
            for i, e in enumerate(r["strength"])
        ]
    )
    return Figure(
        frame,
        draw,
        rf"Isotropic noise of variance $\epsilon$ on the observations. Without negatives $\kappa$ ends at "
        rf"{ends('nc')} for $\epsilon$ = {strengths} (a), with them at {ends('c')} (b). "
        "Lines: mean over seeds, bands one standard deviation.",
        f"Condition number over time for epsilon = {strengths}. Left: without negatives it ends at {ends('nc')}. "
        f"Right: with negatives it ends at {ends('c')}.",
        (PAGE, 2.6),
    )


@figure("ren2023.retrieval", "What balance buys", ["ren2023.retrieval"])
def retrieval(r: Result) -> Figure:
    names = (("balanced", CONTRASTIVE), ("untrained", THIRD), ("no negatives", NONCONTRASTIVE))

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        for ax, kind in zip(axes, ("feature", "input"), strict=True):
            for i, (label, colour) in enumerate(names):
                dots(ax, r[f"{kind}_noise"], r[kind][:, i], colour, label, fmt="o-")
            ax.set(xlabel=f"standard deviation of the {kind} noise")
        axes[0].set_ylabel("top-1 retrieval accuracy")
        axes[0].legend(loc="lower left")
        panel_letters(axes)

    def strongest(kind: str) -> str:
        return ", ".join(f"{label} {r[kind][:, i, -1].mean():.2f}" for i, (label, _) in enumerate(names))

    frame = pd.concat(
        [
            tidy(r.seeds, noise=r[f"{k}_noise"], accuracy=r[k][:, i]).assign(kind=k, representation=n)
            for k in ("feature", "input")
            for i, (n, _) in enumerate(names)
        ]
    )
    return Figure(
        frame,
        draw,
        f"Accuracy at the strongest noise on the features (a): {strongest('feature')}; on the inputs (b), where weak "
        f"directions are the noisy ones: {strongest('input')}. "
        "Dots: mean over seeds with one standard deviation.",
        f"Retrieval accuracy against noise, at the strongest noise. Left, on the features: {strongest('feature')}. "
        f"Right, on the inputs: {strongest('input')}.",
        (PAGE, 2.5),
    )


FIGURES = (fig9, fig10, fig12, noise_inside, retrieval)
