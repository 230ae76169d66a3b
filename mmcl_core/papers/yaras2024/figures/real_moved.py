"""The clouds of trained towers moved by hand, and the gap as a function of a temperature that is moved."""

from __future__ import annotations

import numpy as np

from mmcl_core.evidence.figures import (
    FIFTH,
    FOURTH,
    PAGE,
    THIRD,
    THRESHOLD,
    Canvas,
    Figure,
    band,
    dots,
    figure,
    log_ticks,
    panel_letters,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.figures.real_runs import BANDS, IMAGE, TEXT
from mmcl_core.papers.yaras2024.table import column, fixed_temperatures


@figure("yaras2024.translation", "Closing the gap by hand", ["yaras2024.starts"])
def translation(r: Result) -> Figure:
    shares = r["shares"]
    zero = shares.tolist().index(0.0)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        band(axes[0], shares, r["moved_gap"], THIRD)
        band(axes[1], shares, r["moved_image_retrieval"], IMAGE, "image retrieval")
        band(axes[1], shares, r["moved_text_retrieval"], TEXT, "text retrieval")
        for ax in axes:
            ax.axvline(0, color=THRESHOLD, linestyle="--", linewidth=0.8)
            ax.set_xlabel(r"share $\lambda$ of the way to common centres")
        axes[0].set(ylabel=r"gap $\Delta$", ylim=(0, None))
        axes[1].set(ylabel=f"retrieval at 1 of {r.config.gallery:,}", ylim=(0, None))
        axes[1].legend(loc="lower right")
        panel_letters(axes)

    after = shares.tolist().index(1.0)
    words = "; ".join(
        f"{d} retrieval {r[f'moved_{d}_retrieval'][:, zero].mean():.3f} before and "
        f"{r[f'moved_{d}_retrieval'][:, after].mean():.3f} after"
        for d in ("image", "text")
    )
    return Figure(
        tidy(r.seeds, share=shares, **{m: r[f"moved_{m}"] for m in ("gap", "image_retrieval", "text_retrieval")}),
        draw,
        r"The trained baseline, its test clouds moved by $\mp\lambda(c_X-c_Y)/2$, with centres from training pairs, "
        r"and normalised again. a: the gap, b: retrieval. At $\lambda=1$ the gap falls from "
        f"{r['moved_gap'][:, zero].mean():.2f} to {r['moved_gap'][:, after].mean():.2f}; {words}. {BANDS} Data: "
        "procedural scenes.",
        f"Two line plots over the share of the way: the gap falls to {r['moved_gap'][:, after].mean():.2f} at one; "
        f"{words}.",
        (PAGE, 2.3),
    )


@figure(
    "yaras2024.quasi_static", "A temperature moved up and down", ["yaras2024.quasi_static", "yaras2024.scenes_fixed"]
)
def quasi_static(r: Result, fixed: Result) -> Figure:
    temperatures = r["temperatures"]
    own = column("gap", fixed)
    names = fixed_temperatures(own)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for ax, measure in zip(axes, ("gap", "image_retrieval"), strict=True):
            for k, (label, colour, style) in enumerate((("upwards", THIRD, "-"), ("then downwards", FIFTH, "--"))):
                band(ax, temperatures, r[measure][:, k], colour, label, linestyle=style, marker=">" if k == 0 else "<")
            of_own = column(measure, fixed)
            dots(
                ax,
                [float(m.split()[1]) for m in names],
                np.stack([of_own[m] for m in names], 1),
                FOURTH,
                "trained at that temperature",
                markerfacecolor="none",
            )
            ax.set_xscale("log")
            log_ticks(ax, temperatures)
            ax.set_xlabel(r"temperature $\tau$")
        axes[0].set(ylabel=r"gap $\Delta$", ylim=(0, None))
        axes[1].set(ylabel=f"image retrieval at 1 of {r.config.gallery:,}", ylim=(0, None))
        canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
        panel_letters(axes)

    words = "; ".join(
        f"tau {t:g}: {up:.2f} up, {down:.2f} down" for t, up, down in zip(temperatures, *r["gap"].mean(0), strict=True)
    )
    return Figure(
        tidy(
            r.seeds,
            temperature=temperatures,
            **{f"{m}_{way}": r[m][:, k] for m in ("gap", "image_retrieval") for k, way in enumerate(("up", "down"))},
        ),
        draw,
        f"The trained baseline goes on at a constant rate of {r.config.sweep_rate:g} while its temperature is put to "
        f"{len(temperatures)} values, upwards and downwards again, {r.config.hold} steps each. a: the gap, "
        "b: image retrieval, at the end of every stay. Circles: towers trained at that fixed temperature "
        f"throughout.",
        f"Two line plots over the temperature. Gaps: {words}.",
        (PAGE, 2.5),
        note=(f"Gaps: {words}. {BANDS} Data: procedural scenes."),
    )


FIGURES = (translation, quasi_static)
