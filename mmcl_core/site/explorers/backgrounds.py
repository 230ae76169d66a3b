"""Xue et al. 2024, the two backgrounds: both data models from their closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.figure import Figure as Canvas

from mmcl_core.evidence.figures import CONTRASTIVE, FIFTH, PAGE, SUPERVISED, THIRD, Figure, panel_letters, threshold
from mmcl_core.papers.xue2024 import theory
from mmcl_core.papers.xue2024.setting import Sharing
from mmcl_core.papers.xue2024.supervised import reduced_max_margin
from mmcl_core.site.explorers.declared import Choice, Explorer, Numbers, Setting, Slider, Try
from mmcl_core.site.explorers.draws import normals, uniforms

N, NOISE, MOST = 300, 1.0, 40


def sample(s: Setting) -> tuple[Float[np.ndarray, "n 2"], Int[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """Features, class and attribute of the explorer's draws of data model 1."""
    y = np.where(np.arange(N) % 2, -1, 1)
    a = np.where(uniforms(s["seed"] + 1000, N) < s["p"], y, -y)
    return np.stack([y, a], 1) + normals(s["seed"], N, 2) * (s["core"], s["spu"]), y, a


def within(s: Setting) -> Numbers:
    """Data model 1: accuracies are integrals, the supervised direction is max-margin on the draws as d -> infinity."""

    def judge(weights: tuple[float, float]) -> Numbers:
        agree, conflict = theory.group_accuracies(*weights, s["core"], s["spu"])
        ood, known = (agree + conflict) / 2, s["p"] * agree + (1 - s["p"]) * conflict
        return {"weights": list(weights), "agree": agree, "conflict": conflict, "ood": ood, "id": known}

    z, y, _ = sample(s)
    return {
        "supervised": judge(reduced_max_margin(z, y, NOISE)),
        "contrastive": judge(theory.direction(s["core"], s["p"], s["piCore"])),
        "alone": float(theory.core_only_accuracy(s["core"])),
        "prompt": float(theory.counter_prompt(s["spu"], s["p"], s["piSpu"])),
    }


def sharing(s: Setting) -> Numbers:
    """Data model 2 with beta' = alpha beta and p_spu = 1: accuracies, and the threshold in the number of pairs m."""
    models = [Sharing(m, s["alpha"], s["beta"]).said(s["pi"]) for m in range(1, MOST + 1)]
    model = models[s["m"] - 1]

    def judge(weights: tuple[float, float]) -> Numbers:
        # The true law is half right and half wrong backgrounds.
        ood = theory.sharing_accuracy(model, weights)
        conflict = conflict_half(model, weights)
        agree = 2 * ood - conflict
        return {"weights": list(weights), "agree": agree, "conflict": conflict, "ood": ood, "id": agree}

    curve = theory.threshold_curve(s["alpha"], s["beta"], pi_core=s["pi"])
    return {
        "supervised": judge(theory.supervised_weights(model)),
        "contrastive": judge(theory.sharing_direction(model)),
        "curve": [theory.sharing_accuracy(k) for k in models],
        "threshold": float(curve),
        "least": theory.threshold_classes(s["alpha"], s["beta"], pi_core=s["pi"]),
    }


def conflict_half(model: Sharing, weights: tuple[float, float]) -> float:
    """Accuracy on a = -c: the own pair's score against those of another, by cases as in `sharing_accuracy`."""
    a, b = weights
    own = a - model.alpha * b
    others = sorted(abs(model.beta * a + sign * model.foreign_spurious * b) for sign in (1, -1))
    if model.m == 1:
        return float(own > 0)
    return 1.0 if own > others[1] else 2.0 ** (1 - model.m) if own > others[0] else 0.0


def reference(s: Setting) -> Numbers:
    return within(s) if s["model"] == "within" else sharing(s)


def picture(numbers: Numbers) -> Figure:
    z, y, a = sample(BACKGROUNDS.default)
    methods = (("supervised", SUPERVISED), ("contrastive", CONTRASTIVE))

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2)
        for label, color in ((1, THIRD), (-1, FIFTH)):
            for agrees, marker, size in ((True, ".", 10), (False, "x", 24)):
                rows = (y == label) & ((a == y) == agrees)
                axes[0].scatter(*z[rows].T, s=size, marker=marker, color=color, linewidths=1)
        for name, color in methods:
            u, v = numbers[name]["weights"]
            axes[0].plot(np.array([-v, v]) * 9, np.array([u, -u]) * 9, color=color, label=name)
        axes[0].set(xlim=(-4, 4), ylim=(-1.9, 1.9), xlabel="core feature", ylabel="background")
        axes[0].legend(loc="lower right")
        for k, (name, color) in enumerate(methods):
            heights = [numbers[name][key] for key in ("id", "ood", "conflict")]
            axes[1].bar(np.arange(3) + 0.38 * (k - 0.5), heights, 0.36, color=color, label=name)
        threshold(axes[1], numbers["alone"], "core alone", "y")
        axes[1].set_xticks(range(3), ["training law", "true law", "wrong background"])
        axes[1].set(ylabel="accuracy", ylim=(0, 1))
        panel_letters(axes)

    frame = pd.DataFrame(
        [
            {"method": name, "law": key, "accuracy": numbers[name][key]}
            for name, _ in methods
            for key in ("id", "ood", "conflict")
        ]
    )
    return Figure(
        frame,
        draw,
        r"Data model 1 at $p_{spu} = 0.95$, $\sigma_{core} = 1$, $\sigma_{spu} = 0.1$: samples (crosses: background of "
        "the other class) with the lines at which max-margin, in infinitely many dimensions, and contrastive learning "
        "cut (a), and accuracies from the exact formulas (b). On the wrong background they are "
        f"{numbers['supervised']['conflict']:.3g} and {numbers['contrastive']['conflict']:.3g}.",
        "Left: two clouds, wide along the core feature and narrow along the background, with two decision lines, the "
        "contrastive one steeper. Right: bars of accuracy; supervised learning falls most on wrong backgrounds.",
        (PAGE, 2.6),
    )


BACKGROUNDS = Explorer(
    "backgrounds",
    "xue2024",
    "The two backgrounds",
    (
        Choice(
            "model",
            "data model",
            (("within", "1: dogs vary, grass does not"), ("sharing", "2: features shared between classes")),
            "within",
        ),
        Slider("p", "<i>p</i><sub>spu</sub>, background fits", 0.5, 1, 0.95, steps=50),
        Slider("core", "σ<sub>core</sub>, spread of the core", 0.1, 2.5, 1, steps=96),
        Slider("spu", "σ<sub>spu</sub>, spread of the background", 0, 1, 0.1, steps=50),
        Slider("piCore", "π<sub>core</sub>, core's variant named", 0, 1, 1, steps=50),
        Slider("piSpu", "π<sub>spu</sub>, background's shade named", 0, 1, 1, steps=50),
        Slider("seed", "draw of the samples", 1, 20, 1, whole=True, steps=19),
        Slider("m", "<i>m</i>, pairs of classes", 1, MOST, 10, whole=True, steps=MOST - 1),
        Slider("alpha", "<i>α</i>, strength of the own background", 0.5, 2, 1.2, steps=75),
        Slider("beta", "<i>β</i>, strength of foreign features", 0.05, 0.95, 0.5, steps=90),
        Slider("pi", "<i>π</i>, features named", 0.05, 1, 1, steps=95),
    ),
    (
        Try(
            "Let the background always fit the class, <i>p</i><sub>spu</sub> = 1. Predict: on the wrong background, "
            "which of the two falls below a coin toss, and what holds the other up?",
            {"p": 1.0},
        ),
        Try(
            "Let all dogs look alike, σ<sub>core</sub> = 0.2. Captions have nothing to tell. Predict: do they still "
            "beat labels?",
            {"core": 0.2},
        ),
        Try(
            "Go to data model 2 with <i>m</i> = 3, then add pairs of classes one by one. Predict: does accuracy grow, "
            "or jump?",
            {"model": "sharing", "m": 3},
        ),
    ),
    reference,
    picture,
    corners=({"model": "within"}, {"model": "sharing"}),
)
