"""Pretrained models: a real CLIP whose clouds are moved by hand, and heads on frozen towers over fixed temperatures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    MULTI,
    PAGE,
    SINGLE,
    THIRD,
    THRESHOLD,
    Canvas,
    Figure,
    dots,
    figure,
    log_ticks,
    panel_letters,
    tidy,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.experiments.pretrained import WEIGHTS

IMAGE, TEXT = MULTI, SINGLE


@figure("yaras2024.clip_features", "A real CLIP, its clouds moved by hand", ["yaras2024.clip_features"])
def clip_features(r: Result) -> Figure:
    shares = r["shares"]
    zero, one = (shares.tolist().index(x) for x in (0.0, 1.0))

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3, width_ratios=(1, 1, 0.9))
        for k, (label, style) in enumerate(zip(("trained", "random weights"), ("-", "--"), strict=True)):
            axes[0].plot(shares, r["gap"][k], color=THIRD, linestyle=style, marker="o", label=label)
        axes[1].plot(shares, r["image_retrieval"][0], color=IMAGE, marker="o", label="image retrieval")
        axes[1].plot(shares, r["text_retrieval"][0], color=TEXT, marker="s", label="text retrieval")
        for ax in axes[:2]:
            ax.axvline(0, color=THRESHOLD, linestyle="--", linewidth=0.8)
            ax.set_xlabel(r"share $\lambda$ of the way")
        axes[0].set(ylabel=r"gap $\Delta$", ylim=(0, None))
        axes[1].set(ylabel="retrieval at 1 of 500, trained", ylim=(0, None))
        kinds = ("cone_image", "cone_text", "own_pair", "other_pairs")
        for k, colour in enumerate((MULTI, THRESHOLD)):
            axes[2].barh(
                np.arange(4) + 0.2 * (1 - 2 * k) * -1,
                [r[kind][k] for kind in kinds],
                0.38,
                color=colour,
                label=("trained", "random weights")[k],
            )
        axes[2].set_yticks(range(4), ("two images", "two texts", "own pair", "other pair"))
        axes[2].invert_yaxis()
        axes[2].set_xlabel("mean cosine")
        for ax in axes:
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)
        panel_letters(axes)

    cosines = ", ".join(
        f"{name} {r[kind][0]:.2f}"
        for kind, name in (
            ("cone_image", "two images"),
            ("cone_text", "two texts"),
            ("own_pair", "own pair"),
            ("other_pairs", "other pair"),
        )
    )
    moved = "; ".join(
        f"{d} retrieval {r[f'{d}_retrieval'][0, zero]:.3f} before and {r[f'{d}_retrieval'][0, one]:.3f} after"
        for d in ("image", "text")
    )
    table = pd.DataFrame(
        [
            {"weights": w, "share": s} | {m: r[m][k, j] for m in ("gap", "image_retrieval", "text_retrieval")}
            for k, w in enumerate(WEIGHTS)
            for j, s in enumerate(shares)
        ]
    )
    return Figure(
        table,
        draw,
        "CLIP ViT-B/16 on 500 MSCOCO pairs. (a) The gap, "
        f"{r['gap'][0, zero]:.3f} trained and {r['gap'][1, zero]:.3f} with random weights, when both clouds are "
        r"moved by $\mp\lambda(c_X-c_Y)/2$ and normalised again. (b) At $\lambda=1$ "
        f"the gap is {r['gap'][0, one]:.3f}; {moved}. "
        f"(c) Cosines without a move.",
        f"Two line plots over the share of the way and a bar plot. Gap trained {r['gap'][0, zero]:.2f}, at one "
        f"{r['gap'][0, one]:.2f}; {moved}. Mean cosines: {cosines}.",
        (PAGE, 2.6),
        note=(
            "Features published by Liang et al. 2022. "
            f"{r['unused_texts'][0, zero]:.0%} of the texts were no image's nearest one before the move by $\\lambda=1$, "
            f"{r['unused_texts'][0, one]:.0%} after. With each modality's own mean taken away instead, "
            f"{r['centred_image_retrieval'][0]:.3f} and "
            f"{r['centred_text_retrieval'][0]:.3f}."
        ),
    )


@figure(
    "yaras2024.pretrained_sweep",
    "Heads on frozen towers: the gap over fixed temperatures",
    ["yaras2024.pretrained_sweep"],
)
def pretrained_sweep(r: Result) -> Figure:
    temperatures = r["temperatures"][:-1]
    learnt = r["temperature"][:, -1].mean()

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        dots(axes[0], temperatures, r["gap"][:, :-1], THIRD, "fixed temperature", fmt="-o")
        dots(axes[0], [learnt], r["gap"][:, -1:], SINGLE, "learnt, at its end", fmt="*", markersize=8)
        for direction, colour, marker in (("image", IMAGE, "o"), ("text", TEXT, "s")):
            dots(
                axes[1],
                temperatures,
                r[f"{direction}_retrieval_10"][:, :-1],
                colour,
                f"{direction} retrieval",
                fmt=f"-{marker}",
            )
            dots(axes[1], [learnt], r[f"{direction}_retrieval_10"][:, -1:], colour, fmt="*", markersize=8)
        for ax in axes:
            ax.set_xscale("log")
            log_ticks(ax, temperatures)
            ax.set_xlabel(r"temperature $\tau$")
        axes[0].set(ylabel=r"gap $\Delta$", ylim=(0, None))
        axes[1].set(ylabel=f"retrieval at 10 of {r.config.test}", ylim=(0, None))
        axes[0].legend(loc="upper right")
        axes[1].legend(loc="lower right")
        panel_letters(axes)

    gaps = "; ".join(f"tau {t:g}: {g:.2f}" for t, g in zip(temperatures, r["gap"].mean(0), strict=False))
    found = "; ".join(
        f"tau {t:g}: {a:.2f} and {b:.2f}"
        for t, a, b in zip(temperatures, r["image_retrieval_10"].mean(0), r["text_retrieval_10"].mean(0), strict=False)
    )
    return Figure(
        tidy(
            r.seeds,
            temperature=r["temperatures"],
            **{m: r[m] for m in ("start_gap", "gap", "debiased_gap", "image_retrieval_10", "text_retrieval_10")},
        ),
        draw,
        f"Small heads trained on frozen features of {int(r['pairs'][0]):,} emoji (EfficientNet-Lite0) and of their "
        "names (WordLlama): pretrained towers with an alignment of our own, not CLIP. "
        f"a: the gap on {r.config.test} held-out pairs, {r['start_gap'].mean():.2f} before training; b: retrieval at "
        f"10. Star: the learnt temperature, which ends at {learnt:.3f} with gap "
        f"{r['gap'][:, -1].mean():.2f}.",
        f"Two line plots over the fixed temperature. Gap {gaps}; retrieval of images and of texts {found}. Learnt "
        f"temperature {learnt:.3f}: gap {r['gap'][:, -1].mean():.2f}.",
        (PAGE, 2.4),
        note=(
            f"Dots and bars: mean and one standard deviation over {len(r.seeds)} seeds. "
            "Data: OpenMoji with names of the package emoji."
        ),
    )


FIGURES = (clip_features, pretrained_sweep)
