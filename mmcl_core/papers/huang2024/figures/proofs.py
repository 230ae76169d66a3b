"""Figures of the proof's two stages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core import stats
from mmcl_core.evidence.figures import (
    FIFTH,
    MULTI,
    PAGE,
    SINGLE,
    THIRD,
    THRESHOLD,
    Canvas,
    Figure,
    band,
    dots,
    figure,
    log_ticks,
    ordered,
    panel_letters,
    theory,
    threshold,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import bounds
from mmcl_core.papers.huang2024.claims.appendix_c13_c14 import exponent_in_log_time
from mmcl_core.papers.huang2024.claims.appendix_c16_c18 import loss_slope
from mmcl_core.papers.huang2024.figures.training import formula


@figure(
    "huang2024.stage_one", "Stage one: who grows first", ["huang2024.stage_one_single", "huang2024.stage_one_multi"]
)
def stage_one(single: Result, multi: Result) -> Figure:
    x = single["progress"]
    scales = [f"{s:g}" for s in single.config.initial_scales]
    formulas = [formula(f"σ0={s:.0e}") for s in single.config.initial_scales]
    parts = [
        tidy(r.seeds, progress=x, value=r[f"curve_{name}"][:, k]).assign(
            method=method, quantity=name, initial_scale=scale
        )
        for method, r in (("single", single), ("multi", multi))
        for name in ("signal", "noise")
        for k, scale in enumerate(scales)
    ]
    synchronised = multi["curve_synchronised"].mean((0, 1))

    def over(r: Result, above: str, below: str) -> str:
        """Ratio of two means over seeds at T1, for each initial scale."""
        return " and ".join(f"{x:.0f}" if x >= 10 else f"{x:.1f}" for x in r[above].mean(0) / r[below].mean(0))

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3)
        for ax, r, colour, title in (
            (axes[0], single, SINGLE, "one modality"),
            (axes[1], multi, MULTI, "two modalities"),
        ):
            for k, style in enumerate(("-", "--")):
                band(ax, x[1:], r["curve_noise"][:, k, 1:], FIFTH, f"noise, {formulas[k]}", linestyle=style)
                band(
                    ax,
                    x[1:],
                    r["curve_signal"][:, k, 1:],
                    colour,
                    f"signal, {formulas[k]}",
                    linestyle=style,
                )
            ax.set(xlabel="step / $T_1$", yscale="log", ylim=(1e-8, 30), title=title)
            ax.legend(loc="lower right")
        axes[0].set_ylabel(r"$\min_i\max_r \rho_{r,i}$ and $\max_r |\gamma_r|$")
        axes[1].set_ylabel(r"$\max \rho_{r,i}$ and $\max_r |\gamma_r|$")
        for k, style in enumerate(("-", "--")):
            band(axes[2], x, multi["curve_synchronised"][:, k], THIRD, formulas[k], linestyle=style)
        axes[2].set(xlabel="step / $T_1$", ylabel="share of neurons in step", ylim=(0.4, 1.03))
        axes[2].legend(loc="lower right")
        panel_letters(axes)

    return Figure(
        pd.concat(parts),
        draw,
        f"At $T_1$ the least memorised sample's noise is {over(single, 'noise', 'signal')} times the signal with one "
        f"modality (a); with two the signal is {over(multi, 'signal', 'noise')} "
        f"times the noise (b), at $\\sigma_0$ = {' and '.join(scales)}. The encoders first agree on the side of each "
        f"neuron (c). Orthogonal limit; lines: mean over seeds; bands: one standard deviation.",
        f"Three panels against time in units of the stage length, for initial scales {' and '.join(scales)}. Left: "
        f"noise ends at {over(single, 'noise', 'signal')} times the signal. Middle: signal ends "
        f"at {over(multi, 'signal', 'noise')} times the noise. Right: the share of neurons with the same sign in both "
        f"encoders goes from {synchronised[0]:.2f} to {synchronised[-1]:.2f}.",
        (PAGE, 2.5),
    )


@figure("huang2024.stage_two", "Stage two: convergence", ["huang2024.stage_two", "huang2024.log_growth"])
def stage_two(r: Result, growth: Result) -> Figure:
    parts = [
        tidy(r.seeds, step=r["step"], value=r[f"{method}_loss"]).assign(panel="loss", series=method)
        for method in ("single", "multi")
    ]
    parts += [
        tidy(growth.seeds, step=growth["step"], value=growth["largest_rho"][:, k] ** 2 / t).assign(
            panel="max rho^2 / tau", series=f"tau={t:g}"
        )
        for k, t in enumerate(growth["temperature"])
    ]
    slopes = " and ".join(f"{loss_slope(r, method).value:.2f}" for method in ("single", "multi"))
    powers, in_temperature = (
        exponent_in_log_time(growth),
        stats.power_law(growth["temperature"], growth["largest_rho"][..., -1]).value,
    )
    ends = (growth["largest_rho"][..., -1] ** 2 / growth["temperature"]).mean(0)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for method, label, colour in (("single", "single-modal", SINGLE), ("multi", "multi-modal", MULTI)):
            band(axes[0], r["step"], r[f"{method}_loss"], colour, label)
        begin = r["single_reached"][:, 0].mean()
        late = r["step"][r["step"] > max(r["step"][-1] / 3, 1.5 * begin)] - begin
        theory(axes[0], late + begin, r["single_loss"][:, -1].mean() * 2 * late[-1] / late, r"$\propto 1/(t-T_1)$")
        axes[0].set(xscale="log", yscale="log", xlabel="step", ylabel="loss $L$")
        axes[0].legend()
        colours = ordered(len(growth["temperature"]))
        for k, (t, colour) in enumerate(zip(growth["temperature"], colours, strict=True)):
            band(axes[1], growth["step"], growth["largest_rho"][:, k] ** 2 / t, colour, rf"$\tau = {t:g}$")
        axes[1].set(xscale="log", xlabel="step", ylabel=r"$\max\rho^2/\tau$ (single-modal)")
        axes[1].legend()
        panel_letters(axes)

    return Figure(
        pd.concat(parts),
        draw,
        f"Behind $T^*(0.01)$ the losses fall with exponents {slopes} in $t - T^*(0.3)$, one modality and two (a). The "
        f"largest coefficient keeps growing (b), there with exponents "
        f"{powers.low:.2f} to {powers.high:.2f} in $\\log t$ over temperatures and seeds, and at the end with exponent "
        f"{in_temperature:.2f} in $\\tau$; "
        "$\\sqrt{\\tau\\log t}$ would be 1/2 and 1/2, and one straight line in this panel.",
        f"Left: losses of both methods against step, both logarithmic, with late slopes {slopes}, beside a line of "
        f"slope minus one. Right: the squared largest noise coefficient over temperature "
        f"against the logarithm of the step for {len(ends)} temperatures, ending between {ends.min():.0f} and "
        f"{ends.max():.0f}.",
        (PAGE, 2.6),
        "Lines: mean over seeds; bands: one standard deviation.",
    )


@figure("huang2024.class_sums", "Lemma C.9: a sum of positive terms", ["huang2024.concentration"])
def class_sums(r: Result) -> Figure:
    sizes = r["size"]
    measured = r["c9_relative"] * np.array([bounds.class_sum_mean(int(n), 1.0) for n in sizes])
    exponent = stats.power_law(sizes, measured).value
    frame = tidy(r.seeds, n=sizes, mean_class_sum=measured, share_violating=r["c9_violated"])

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        grid = np.geomspace(sizes[0] * 0.8, sizes[-1] * 1.25, 50)
        dots(axes[0], sizes, measured, SINGLE, "measured")
        theory(axes[0], grid, np.array([bounds.class_sum_mean(n, 1.0) for n in grid]), r"$n/(2\sqrt{2\pi})$")
        theory(
            axes[0],
            grid,
            np.array([bounds.class_sum(n, 1.0, r.config.delta) for n in grid]),
            "printed bound",
            linestyle=":",
        )
        axes[0].set(xscale="log", yscale="log", xlabel="$n$", ylabel=r"$B_{r,+}(0)\,/\,(\sigma_0\sigma_\xi\sqrt{d})$")
        axes[0].legend()
        dots(axes[1], sizes, r["c9_violated"], SINGLE)
        threshold(axes[1], r.config.delta, r"allowed: $\delta$", "y")
        for ax in axes:
            ax.set_xscale("log")
            log_ticks(ax, sizes)
        axes[1].set(xlabel="$n$", ylabel="share of neurons above bound", ylim=(-0.03, 1.06))
        panel_letters(axes)

    return Figure(
        frame,
        draw,
        f"The printed bound grows like $\\sqrt n$, the sum itself with exponent {exponent:.2f} in $n$ (a); at $n$ = "
        f"{sizes[-1]} a share of {r['c9_violated'][:, -1].mean():.2f} of the neurons violates "
        "the bound (b). Dots: mean over draws; bars: one standard deviation.",
        f"Left: the class sum against n with exponent {exponent:.2f}, beside the corrected line of slope one and the "
        f"printed bound of slope one half. Right: the share of neurons above the bound "
        f"goes from {r['c9_violated'][:, 0].mean():.2f} at the smallest n to {r['c9_violated'][:, -1].mean():.2f} at "
        f"the largest.",
        (PAGE * 0.85, 2.5),
    )


@figure("huang2024.descent", "Lemmas C.16 and D.13: what the descent needs", ["huang2024.stage_two"])
def descent(r: Result) -> Figure:
    series = (
        ("positive", "positives, smallest", SINGLE, "o"),
        ("negative", "negatives, largest", FIFTH, "s"),
        ("gap", "softmax-averaged gap, smallest", THIRD, "^"),
    )
    x = r["part_step"]

    def ends(method: str) -> str:
        return ", ".join(f"{r[f'{method}_part_{name}'][:, -1].mean():.2f}" for name, *_ in series)

    frame = pd.concat(
        [
            tidy(r.seeds, step=x, value=r[f"{m}_part_{name}"]).assign(method=m, part=name)
            for m in ("single", "multi")
            for name, *_ in series
        ]
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for ax, method, title in zip(axes, ("single", "multi"), ("one modality", "two modalities"), strict=True):
            for (name, label, colour, marker), shift in zip(series, (0.96, 1.0, 1.04), strict=True):
                dots(ax, x * shift, r[f"{method}_part_{name}"], colour, label, fmt=marker, linestyle="-")
            ax.axhline(2, color=THRESHOLD, linestyle="--", linewidth=0.8, zorder=0, label="asked of positives")
            ax.axhline(1, color=THRESHOLD, linestyle=":", linewidth=1.0, zorder=0, label="allowed to negatives")
            ax.set(
                xscale="log", xlabel="step", ylabel=r"$\langle\nabla F, W^*\rangle\,/\,\log(2M/\epsilon)$", title=title
            )
            log_ticks(ax, x)
        axes[0].set_ylim(0, 2.2)
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
        panel_letters(axes)

    return Figure(
        frame,
        draw,
        "The lemmas ask at least 2 of the smallest positive and at most 1 of the largest negative; the descent "
        "needs 1 of the softmax-averaged gap, or one half with a reference point twice as far. "
        f"With one modality (a) they end at {ends('single')}, with two (b) at {ends('multi')}. Dots: means; "
        f"bars: one standard deviation.",
        "Inner products with the reference direction at four times. Left, one modality, at the end: "
        f"positives {r['single_part_positive'][:, -1].mean():.1f}, negatives "
        f"{r['single_part_negative'][:, -1].mean():.1f}, gap {r['single_part_gap'][:, -1].mean():.1f}. "
        f"Right, two modalities: positives and gap {r['multi_part_positive'][:, -1].mean():.1f}, negatives "
        f"{r['multi_part_negative'][:, -1].mean():.1g}.",
        (PAGE, 2.6),
        narrow_height=5.4,
    )


FIGURES = (stage_one, class_sums, stage_two, descent)
