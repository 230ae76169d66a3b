"""Figures on digits with coloured backgrounds: samples with their captions, and accuracy of every method."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from mmcl_core import stats
from mmcl_core.data.backgrounds import COLOURS, DIGITS, SHADES, SHIFTS
from mmcl_core.evidence.figures import (
    FIFTH,
    FOURTH,
    MULTI,
    PAGE,
    SUPERVISED,
    THIRD,
    THRESHOLD,
    Axes,
    Canvas,
    Figure,
    figure,
    threshold,
)
from mmcl_core.lab.run import Result

# One colour for each kind of method, in all figures on real data.
COLOUR = {
    "supervised": SUPERVISED,
    "fine": FIFTH,
    "label": FOURTH,
    "rich": MULTI,
    "rich_no_intra": THIRD,
    "label_no_intra": "#666666",
}

METHODS = {  # name in the results: (label, colour)
    "supervised": ("supervised, 2 classes", COLOUR["supervised"]),
    "fine": ("supervised, 10 digits", COLOUR["fine"]),
    "class": (r"captions $\pi_{core}=0$, $\pi_{spu}=0$", MULTI),
    "shade": (r"captions $\pi_{core}=0$, $\pi_{spu}=1$", MULTI),
    "half": (r"captions $\pi_{core}=.5$, $\pi_{spu}=0$", MULTI),
    "half_shade": (r"captions $\pi_{core}=.5$, $\pi_{spu}=1$", MULTI),
    "digit": (r"captions $\pi_{core}=1$, $\pi_{spu}=0$", MULTI),
    "digit_shade": (r"captions $\pi_{core}=1$, $\pi_{spu}=1$", MULTI),
    "shade_no_intra": ("$\\pi_{core}=0$, $\\pi_{spu}=1$,\nno same-class negatives", THIRD),
    "digit_shade_no_intra": ("$\\pi_{core}=1$, $\\pi_{spu}=1$,\nno same-class negatives", THIRD),
}

SPOKEN = (  # the same in words
    "supervised with two classes",
    "with ten digits",
    "captions of the class alone",
    "of class and shade",
    "of the digit in half",
    "of the digit in half, and the shade",
    "of the digit",
    "of digit and shade",
    "of class and shade, without same-class negatives",
    "of digit and shade, without them",
)

MARKS = (
    ("digit prompts (class prompts where $\\pi_{core}=0$), or logits", MULTI),
    ("class-mean prompts of the theorems", "white"),
)


def row_of_dots(ax: Axes, height: float, samples: np.ndarray, colour: str, filled: bool = True) -> None:
    """Every seed as a small dot, the mean as a large one with its 95 % t interval."""
    e = stats.mean(samples)
    ax.plot(samples, np.full(len(samples), height), ".", color=colour, markersize=3, alpha=0.4)
    if np.isfinite(e.low):
        ax.plot([max(e.low, 0), min(e.high, 1)], [height, height], color=colour, linewidth=1.2)
    ax.plot(
        [e.value], [height], "o", color=colour, markerfacecolor=colour if filled else "white", markersize=5, zorder=3
    )


def by_seed(results: dict[str, np.ndarray], names: list[str], seeds: tuple[int, ...]) -> pd.DataFrame:
    """A long table of `[S]` arrays."""
    return pd.concat([pd.DataFrame({"measured": name, "seed": seeds, "accuracy": results[name]}) for name in names])


@figure(
    "xue2024.digits",
    "Digits on coloured backgrounds: accuracy in and out of distribution",
    ["xue2024.digits", "xue2024.digits_controls"],
)
def digits(captioned: Result, controls: Result) -> Figure:
    r = {**captioned, **controls}
    read_outs = {"main": ("digit prompts", True), "class_mean": ("class-mean prompts", False)}

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        for ax, place, label in zip(
            axes, ("id", "ood"), ("accuracy in distribution", "accuracy with random backgrounds"), strict=True
        ):
            for k, (name, (_, colour)) in enumerate(METHODS.items()):
                for read_out, (_, filled) in read_outs.items():
                    if f"{name}_{read_out}_{place}" in r:
                        row_of_dots(ax, k if filled else k + 0.3, r[f"{name}_{read_out}_{place}"], colour, filled)
            threshold(ax, 0.5, "chance")
            ax.set(xlabel=label, xlim=(0.3, 1.02))
        axes[0].set_yticks(range(len(METHODS)), [label for label, _ in METHODS.values()])
        axes[0].set_ylim(len(METHODS) - 0.4, -0.9)
        marks = [
            Line2D([], [], marker="o", linestyle="", color=MULTI, markerfacecolor=face, label=label)
            for label, face in MARKS
        ]
        canvas.legend(handles=marks, loc="outside upper center", ncols=2)

    said = dict(zip(METHODS, SPOKEN, strict=True))
    means = "; ".join(
        f"{said[name]} {r[f'{name}_main_id'].mean():.3f} and {r[f'{name}_main_ood'].mean():.3f}" for name in METHODS
    )
    config = captioned.config
    return Figure(
        by_seed(r, [k for k in r if k.endswith(("_id", "_ood"))], captioned.seeds),
        draw,
        f"Is a digit at least 5? In training the background is of the class's family with probability "
        f"{config.agreement:g} (left: tested alike), "
        "then at random (right). "
        f"Rich captions ($\\pi_{{core}}=\\pi_{{spu}}=1$) reach {r['digit_shade_main_ood'].mean():.3f}, captions that "
        f"never say the digit "
        f"($\\pi_{{core}}=0$, $\\pi_{{spu}}=1$) {r['shade_main_ood'].mean():.3f}, "
        f"supervised learning {r['supervised_main_ood'].mean():.3f} with two classes and "
        f"{r['fine_main_ood'].mean():.3f} with ten. ",
        f"Two dot plots over ten methods. Accuracy in distribution and with random backgrounds: {means}.",
        (PAGE, 4.3),
        narrow_height=7.4,
        note=(
            "Large dots: mean and 95 % t interval over seeds, small dots: seeds. Filled: the prompts are the digits' "
            r"captions (the classes' where $\pi_{core}=0$), or the network's own logits; open: the theorem's prompts, "
            "the classes' mean captions. "
            f"With class-mean prompts and rich captions it is {r['digit_shade_class_mean_agreeing'].mean():.3f} where the "
            f"random background is of the class's family and "
            f"{r['digit_shade_class_mean_disagreeing'].mean():.3f} where it is not. "
            f"Data: {config.train:,} training digits of MNIST."
        ),
    )


NAMES = {
    "train": "training",
    "test": "test, in distribution",
    "random": "random background",
    "reversed": "reversed background",
    "noisy": "random, with noise",
    "moved": "random, moved",
    "darkened": "random, darkened",
}


def strip(images: np.ndarray, gap: int = 2) -> np.ndarray:
    """Images `[N, H, W, 3]` side by side on white."""
    padded = np.pad(images, ((0, 0), (0, 0), (0, gap), (0, 0)), constant_values=1.0)
    return np.concatenate(list(padded), 1)[:, :-gap]


def caption_cells(ax: Axes, digit: int, shade: int, says_digit: bool, says_shade: bool, height: float) -> None:
    """A caption as sixteen cells: ten for the digit, six in their colours for the shade; empty cells are zeros."""
    weights = np.zeros(DIGITS + SHADES)
    weights[:DIGITS] = (
        np.eye(DIGITS)[digit]
        if says_digit
        else (np.arange(DIGITS) // (DIGITS // 2) == digit // (DIGITS // 2)) * 2 / DIGITS
    )
    weights[DIGITS:] = (
        np.eye(SHADES)[shade]
        if says_shade
        else (np.arange(SHADES) // (SHADES // 2) == shade // (SHADES // 2)) * 2 / SHADES
    )
    for k, weight in enumerate(weights):
        colour = "#404040" if k < DIGITS else tuple(COLOURS[k - DIGITS])
        ax.bar(k + 0.7 * (k >= DIGITS), 0.8 * weight, 0.8, bottom=height, color=colour)
        ax.plot(
            [k + 0.7 * (k >= DIGITS) - 0.4, k + 0.7 * (k >= DIGITS) + 0.4],
            [height, height],
            color=THRESHOLD,
            linewidth=0.6,
        )


@figure("xue2024.digit_samples", "What the encoders see and read", ["xue2024.digit_samples"])
def digit_samples(r: Result) -> Figure:
    digit, shade = int(r["train_digit"][0, 0]), int(r["train_shade"][0, 0])
    settings = ((True, True), (True, False), (False, True), (False, False))
    said = r"$\psi_{{core}}={:d},\ \psi_{{spu}}={:d}$"

    def draw(canvas: Canvas) -> None:
        left, right = canvas.subplots(1, 2, width_ratios=(1.55, 1))
        rows = [strip(r[name][0]) for name in NAMES]
        height = rows[0].shape[0] + 2
        left.imshow(np.concatenate([np.pad(x, ((0, 2), (0, 0), (0, 0)), constant_values=1.0) for x in rows])[:-2])
        left.set_yticks(
            [height * (k + 0.5) - 1 for k in range(len(NAMES))],
            [name.replace(" background", "") for name in NAMES.values()],
        )
        left.set_xticks([])
        for k, (says_digit, says_shade) in enumerate(settings):
            caption_cells(right, digit, shade, says_digit, says_shade, 3 - k)
        right.set_yticks([3.3 - k for k in range(4)], [said.format(*s) for s in settings])
        right.set_xticks([*range(DIGITS), DIGITS + 2.2], [*map(str, range(DIGITS)), "shade"])
        right.set(ylim=(-0.3, 4), xlabel=f"captions of the first image, a {digit}")
        for ax in (left, right):
            ax.tick_params(length=0)
            for spine in ax.spines.values():
                spine.set_visible(False)

    shares = {name: float(r[f"{name}_agreement"].mean()) for name in NAMES}
    table = pd.DataFrame(
        [
            {"set": n, "seed": s, "agreement": float(r[f"{n}_agreement"][k])}
            for n in NAMES
            for k, s in enumerate(r.seeds)
        ]
    )
    return Figure(
        table,
        draw,
        "Left: the first training images, and the same held-out digits as tested in distribution and under the five "
        "shifts. The background is of the class's family in "
        f"{shares['train']:.1%} of the training images, {shares['test']:.1%} of the test images, "
        f"{shares['random']:.1%} of those with random backgrounds "
        f"and {shares['reversed']:.1%} of the reversed ones. "
        "Right: what the captions of one image hold.",
        f"Left, seven rows of {r['train'].shape[1]} coloured digit images: training, test, and five shifts. Right, "
        f"four captions as sixteen bars each, for an image of a {digit}: "
        "one bar where the digit or the shade is said, five or three low bars where it is not.",
        (PAGE, 2.9),
        note=(
            "A detail that is not said is replaced by its mean within the "
            "class or the family, so the class and the family are always named."
        ),
    )


FIGURES = (digit_samples, digits)
SHIFT_NAMES = {"id": "in distribution", **{name: NAMES[name] for name in SHIFTS}}
