"""Lemma 3.1 and Theorem 3.2 in pictures: one curve for each scheme, when the exponent shows, the bound."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    FIFTH,
    FOURTH,
    MULTI,
    PAGE,
    SIXTH,
    THEORY,
    THIRD,
    Canvas,
    Figure,
    figure,
    panel_letters,
    theory,
    threshold,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.experiments.closing import MODELS
from mmcl_core.papers.yaras2024.experiments.exact import SCHEMES
from mmcl_core.papers.yaras2024.schemes import log_gamma_on_curve

COLOURS = (MULTI, THIRD, SIXTH, FIFTH, THEORY, FOURTH)
LABELS = {
    "exp(nu)": r"$e^\nu$",
    "SLRT 0.1": "SLRT .1",
    "exp(nu/2)": r"$e^{\nu/2}$",
    "exp(nu/10)": r"$e^{\nu/10}$",
    "linear": r"$\nu$",
    "softplus": "softplus",
}


@figure("yaras2024.schemes", "One curve for each scheme", ["yaras2024.invariants"])
def schemes(r: Result) -> Figure:
    log_gamma = r["log_gamma"] / np.log(10)
    names = list(SCHEMES)
    inside = np.flatnonzero(log_gamma.max((1, 2)) < 0)  # the other starts leave the model: gamma passes 1
    shown = inside[0] if len(inside) else 0

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for column, (name, scheme) in enumerate(SCHEMES.items()):
            b = np.geomspace(1.6, np.exp(r["log_beta"][:, column]).max(), 4000)
            with np.errstate(invalid="ignore"):
                curve = log_gamma_on_curve(scheme.potential(b) - scheme.potential(r.config.beta), r.config.gamma)
            theory(axes[0], b, np.where(curve < 0, curve, np.nan) / np.log(10))
            for seed in inside:
                axes[0].plot(
                    np.exp(r["log_beta"][seed, column, ::2]),
                    log_gamma[seed, column, ::2],
                    "o",
                    color=COLOURS[column],
                    markersize=2.2,
                )
            # softplus and nu nearly coincide: one is wide, the other dashed on top
            style = {"linear": {"linestyle": "--", "linewidth": 1, "zorder": 3}, "softplus": {"linewidth": 2.4}}
            axes[1].plot(
                r["time"][1:],
                log_gamma[shown, column, 1:],
                color=COLOURS[column],
                label=LABELS[name],
                **style.get(name, {}),
            )
        for ax in axes:
            # The fastest falls a hundred times further than the slowest and leaves the axis; the caption says where to.
            ax.set(xscale="log", ylim=(-60, 1), ylabel=r"gap $\gamma$")
            ax.set_yticks(range(-60, 1, 10), [f"$10^{{{k}}}$" if k else "1" for k in range(-60, 1, 10)])
            ax.minorticks_off()
        axes[0].set_xlabel(r"inverse temperature $\beta$")
        axes[0].set_xticks([2, 5, 10, 20], ["2", "5", "10", "20"])
        axes[1].set_xlabel("time $t$")
        canvas.legend(*axes[1].get_legend_handles_labels(), loc="outside right center")
        panel_letters(axes)

    end = dict(zip(names, log_gamma[inside, :, -1].mean(0), strict=True))
    return Figure(
        pd.DataFrame(
            {
                "scheme": np.repeat(names, len(r["time"])),
                "time": np.tile(r["time"], len(names)),
                "beta": np.exp(r["log_beta"][shown]).ravel(),
                "log10_gamma": log_gamma[shown].ravel(),
            }
        ),
        draw,
        rf"Eight pairs move freely from random, mismatched starts at $\beta_0=2$, $\gamma_0=0.4$. (a) Dots: the "
        rf"{len(inside)} of {len(log_gamma)} starts whose $\gamma$ stays below 1; black: the invariant, which knows "
        rf"nothing of the encoders. (b) One seed over time, colours as in (a); the fastest leaves the axis. ",
        f"Left: dots of six schemes lie on six black curves in the plane of inverse temperature and log gap. Right: "
        f"log gap over time; it ends near {end['exp(nu)']:.1f} for the exponential scheme and far lower for the "
        f"others.",
        (PAGE, 2.7),
        note=(
            rf"At $t=10^4$ the mean of $\log_{{10}}\gamma$ is {end['exp(nu)']:.1f} for $e^\nu$, {end['exp(nu/2)']:.1f} "
            rf"for $e^{{\nu/2}}$, {end['SLRT 0.1']:.1f} for SLRT .1, {end['softplus']:.0f} for softplus and "
            rf"{end['exp(nu/10)']:.0f} for $e^{{\nu/10}}$."
        ),
    )


def model_label(n: int | None, alpha: float, beta: float) -> str:
    return (r"$e^{-m}$" if n is None else f"$n={n}$") + rf", $\alpha={alpha:g}$, $\beta_0={beta:.3g}$"


def model_name(n: int | None, alpha: float, beta: float) -> str:
    return ("scalar" if n is None else f"n={n}") + f" alpha={alpha:g} beta_0={beta:.3g}"


MODEL_LABELS = tuple(model_label(*model) for model in MODELS)


@figure("yaras2024.exponent", "When the exponent shows", ["yaras2024.exponents"])
def exponent(r: Result) -> Figure:
    x = r["fine_log_time"]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        lines = ("-", "-", "-", "--", ":")
        colours = (THIRD, FIFTH, MULTI, MULTI, MULTI)
        for colour, line, label, power, share in zip(
            colours, lines, MODEL_LABELS, r["fine_exponent"], r["fine_share"], strict=True
        ):
            axes[0].plot(x, power, color=colour, linestyle=line, label=label)
            axes[1].plot(x, share, color=colour, linestyle=line)
        for ax in axes:
            ax.axvspan(4.6, 13.8, color="#999999", alpha=0.2, linewidth=0, label="$t$ from $10^2$ to $10^6$")
            ax.set(xscale="log", xlabel=r"$\log t$")
        threshold(axes[0], -2, "$-2$", axis="y")
        threshold(axes[1], 1, r"$K$", axis="y")
        axes[0].set(ylabel=r"$\mathrm{d}\log\gamma/\mathrm{d}\log\log t$", ylim=(-2.1, 0))
        axes[1].set(ylabel=r"$\gamma\,\log(t)^2/K$", ylim=(0, 1.08))
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        panel_letters(axes)

    at = {k: r["exponent"][2, k] for k in (0, 2, 5)}
    return Figure(
        pd.DataFrame(
            {
                "model": np.repeat([model_name(*model) for model in MODELS], len(x)),
                "log_time": np.tile(x, len(MODELS)),
                "exponent": r["fine_exponent"].ravel(),
                "share": r["fine_share"].ravel(),
            }
        ),
        draw,
        rf"(a) The local power of $\log t$ with which the matched gap closes; (b) how much of the law $K/\log(t)^2$ "
        rf"is reached. With 2048 pairs at CLIP's temperature the power is {at[0]:.2f} at $\log t=4.6$, {at[2]:.2f} at "
        rf"13.8 "
        rf"and {at[5]:.2f} at 1000. Grey: $t$ from a hundred to a million. Similarities held fixed; quadrature; "
        rf"$\gamma_0=0.3$.",
        f"Left: five curves fall towards the dashed line at -2, which they reach only "
        f"beyond log t = 1000. Right: the share of the asymptotic law rises from {r['share_of_limit'][2, 0]:.2f} to 1.",
        (PAGE, 3.0),
    )


@figure("yaras2024.slow_closing", "Theorem 3.2, printed and corrected", ["yaras2024.slow_closing"])
def slow_closing(r: Result) -> Figure:
    x = r["log_time"][1:]
    settings, excess = r.config.settings, r.config.excess
    shown = [row for row in (0, 1, 3) if row < len(settings)]
    start = "" if excess == 1 else f"{excess:g} times "
    over = "nine settings" if len(settings) == 9 else f"{len(settings)} settings"

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, len(shown), squeeze=False)[0]
        for ax, row in zip(axes, shown, strict=True):
            n, alpha, gamma = settings[row]
            ax.plot(x, np.exp(r["log_gamma"][row, 1:]), color=MULTI, label=r"$\gamma(t)$")
            theory(ax, x, r["corrected"][row, 1:], "corrected bound")
            theory(ax, x, r["printed"][row, 1:], "printed bound", linestyle=":")
            ax.set(xscale="log", yscale="log", xlabel=r"$\log t$")
            ax.annotate(
                rf"$n={n},\ \alpha={alpha:g},\ \gamma_0={gamma:g}$",
                (0.97, 0.97),
                xycoords="axes fraction",
                ha="right",
                va="top",
            )
        axes[0].set_ylabel(r"$\gamma$")
        axes[0].legend(loc="lower left")
        panel_letters(axes)

    return Figure(
        pd.DataFrame(
            {
                "setting": np.repeat(np.arange(len(settings)), len(x)),
                "log_time": np.tile(x, len(settings)),
                "gamma": np.exp(r["log_gamma"][:, 1:]).ravel(),
                "corrected": r["corrected"][:, 1:].ravel(),
                "printed": r["printed"][:, 1:].ravel(),
            }
        ),
        draw,
        rf"The gap of a matched model at {start}the theorem's smallest $\beta_0$ (blue) and both bounds. Over {over} "
        rf"$\gamma$ is never below {r['least_corrected'].min():.3f} times the corrected bound, "
        rf"but as low as {r['least_printed'].min():.3f} times the printed one (b), where $c_4^2<c_2$.",
        "Three panels with gap and two bounds over log time. In the first both bounds lie below the gap; in the "
        "second the dotted printed bound lies above it, in the third it crosses it.",
        (PAGE, 2.5),
    )


FIGURES = (schemes, exponent, slow_closing)
