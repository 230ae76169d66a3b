"""Ren & Li 2023, the two pushes: the infinite-width flow, and what positive and negative pairs do to each direction."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure as Canvas

from mmcl_core.evidence.figures import CONTRASTIVE, NONCONTRASTIVE, PAGE, THEORY, Figure, panel_letters
from mmcl_core.papers.ren2023.closure import Closure, Path, missing_mass
from mmcl_core.papers.ren2023.theory import limit_condition_number
from mmcl_core.site.explorers.declared import Choice, Explorer, Numbers, Setting, Slider, Try

MOST = 8  # directions
TIMES = np.geomspace(0.1, 1e6, 71)
BASE = (1.0, 0.8, 0.6, 0.4, 0.2, 0.3, 0.5, 0.7)  # the chapter's five, and three more
SUBSCRIPTS = "₁₂₃₄₅₆₇₈"


def falling(s: Setting) -> np.ndarray:
    """The directions in the falling order of their variances, which a reader may drag out of it."""
    return np.argsort([-s[f"v{p + 1}"] for p in range(s["rank"])], kind="stable")


def closure(s: Setting) -> Closure:
    """The chapter's infinite-width flow at a setting of the explorer, its directions in falling order."""
    first, second = (tuple(s[f"{letter}{p + 1}"] for p in falling(s)) for letter in "vw")
    contrastive = s["loss"] == "contrastive"
    return Closure(
        s["d"],
        first,
        s["noise"],
        s["tau2"] if contrastive else None,
        s["negatives"],
        second if s["views"] == "different" else None,
    )


def pushes(path: Path) -> tuple[Float[np.ndarray, "r T"], Float[np.ndarray, "r T"]]:
    """d log a_p / dt by positive and by negative pairs: the equations of D2 are linear in the weights q_p of pairs."""
    s, (square_a, square_b) = path.inverse_temperature[:, None], (x[:, None] for x in path.squares)
    product, beta = np.sqrt(square_a * square_b), s * path.scaled
    if path.closure.inverse_temperature is None:
        weights = (np.ones_like(path.g), np.zeros_like(path.g))
    else:
        clock = 2 * np.asarray(missing_mass(beta, path.closure.negatives))[:, None]
        weights = (clock * np.ones_like(path.g), -clock * np.tanh(beta))

    def growth(q: np.ndarray) -> np.ndarray:
        total = (q * path.scaled).sum(1, keepdims=True)
        return (2 * s * path.closure.rates[0] * (q * path.g / (product * path.a) - total / square_a)).T

    return growth(weights[0]), growth(weights[1])


def reference(s: Setting) -> Numbers:
    """Condition numbers, alignment, the pushes on every direction, and where the condition number ends."""
    flow = closure(s)
    path = flow.run(TIMES)
    positive, negative = (rows[np.argsort(falling(s))] for rows in pushes(path))  # as the reader has them
    end = None
    if s["loss"] == "contrastive":
        end = 1.0
    elif s["views"] == "equal":
        end = limit_condition_number(flow.signal, flow.d)
    return {
        "time": TIMES,
        "positive": positive,
        "negative": negative,
        "end": end,
        "condition": path.condition_number,
        "conditionB": path.condition_number_b,
        "alignment": path.alignment,
    }


def picture(numbers: Numbers) -> Figure:
    time = numbers["time"]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 3)
        axes[0].plot(time, numbers["condition"], color=CONTRASTIVE)
        axes[0].axhline(numbers["end"], color=THEORY, linewidth=1)
        axes[0].set(ylabel=r"condition number $\kappa$")
        axes[1].plot(time, numbers["alignment"], color=CONTRASTIVE)
        axes[1].set(ylabel="alignment")
        for kind, color in (("positive", NONCONTRASTIVE), ("negative", CONTRASTIVE)):
            for p, row in enumerate(numbers[kind]):
                width = 2.2 - 1.7 * p / (len(numbers[kind]) - 1)
                axes[2].plot(time, row * time, color=color, linewidth=width, label=f"{kind} pairs" if not p else None)
        axes[2].set(ylabel=r"$t\cdot\mathrm{d}\log a_p/\mathrm{d}t$")
        axes[2].legend()
        for ax in axes:
            ax.set(xscale="log", xlabel="time $t$")
        panel_letters(axes)

    peak = int(numbers["condition"].argmax())
    frame = pd.DataFrame({"time": time, **{k: numbers[k] for k in ("condition", "alignment")}})
    for kind in ("positive", "negative"):
        frame = frame.assign(**{f"{kind}_{p + 1}": row for p, row in enumerate(numbers[kind])})
    return Figure(
        frame,
        draw,
        r"The infinite-width flow at $\tau^2 = 5$ with variances 1, 0.8, 0.6, 0.4, 0.2 in 40 dimensions: condition "
        r"number with its end in black (a), alignment (b), and the growth of every direction's energy by positive and "
        f"by negative pairs (c), thick for the strongest direction. The condition number is largest, "
        f"{numbers['condition'][peak]:.3g}, at time {time[peak]:.2g}.",
        "Three panels over logarithmic time. The condition number rises and falls to one; alignment rises to one; "
        "positive pairs make the strongest direction grow most, negative pairs later push it back.",
        (PAGE, 2.4),
    )


def bars(letter: str, view: str, values: tuple[float, ...]) -> tuple[Slider, ...]:
    """A spectrum as bars."""
    return tuple(
        Slider(
            f"{letter}{p + 1}",
            f'σ{SUBSCRIPTS[p]}²<span class="ex-hidden"> of {view}</span>',
            0.05,
            1.5,
            values[p],
            steps=29,
            kind="bar",
            group=f"variances of {view}",
        )
        for p in range(MOST)
    )


PUSHES = Explorer(
    "pushes",
    "ren2023",
    "The two pushes",
    (
        Choice(
            "loss", "loss", (("contrastive", "contrastive"), ("noncontrastive", "positive pairs alone")), "contrastive"
        ),
        Choice("views", "spectra of the two views", (("equal", "equal"), ("different", "different")), "equal"),
        Slider("rank", "<i>r</i>, directions", 3, MOST, 5, whole=True, steps=5),
        Slider("tau2", "<i>τ</i>², inverse temperature", 0.1, 20, 5, log=True),
        Slider("negatives", "<i>K</i>, negatives", 1, 1e6, float("inf"), log=True, whole=True, infinite=True, steps=60),
        Slider("d", "<i>d</i>, dimensions", 10, 200, 40, log=True, whole=True, steps=60),
        Slider("noise", "σ<sub>ξ</sub>², noise of each other direction", 0, 1, 0.2, steps=50),
        *bars("v", "the first view", BASE),
        *bars("w", "the second view", BASE[::-1]),
    ),
    (
        Try(
            "Leave out the negatives. The black line is where it must end. Predict: what happens to that line when the "
            "weakest variance is raised to 0.4, above or below the old one?",
            {"loss": "noncontrastive", "v5": 0.4},
        ),
        Try(
            "Set τ² = 0.3, a warm softmax. Predict: do the two stages come apart or together, and is the peak higher "
            "or lower than at 5?",
            {"tau2": 0.3},
        ),
        Try(
            "Take a single negative, <i>K</i> = 1. It slows a clock and does nothing else. Predict: does the peak of "
            "the condition number change, or only its time?",
            {"negatives": 1},
        ),
    ),
    reference,
    picture,
    corners=({"loss": "contrastive", "views": "different", "rank": 5}, {"loss": "noncontrastive", "views": "equal"}),
)
