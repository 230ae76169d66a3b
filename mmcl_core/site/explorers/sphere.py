"""Yaras et al. 2024, the sphere: free pairs on two polygons, and what swapping and closing the gap by hand do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Circle

from mmcl_core import flow
from mmcl_core.evidence.figures import MULTI, PAGE, SINGLE, THEORY, THIRD, Figure, panel_letters
from mmcl_core.losses import clip_loss
from mmcl_core.papers.yaras2024.parallel import lift
from mmcl_core.papers.yaras2024.points import GAMMA_0, Ring
from mmcl_core.papers.yaras2024.schemes import Exponential, Fixed, Schedule, Softplus
from mmcl_core.site.explorers.declared import Choice, Explorer, Numbers, Setting, Slider, Try

END, TARGET = 1e5, 0.2
TIMES = np.concatenate([[0.0], np.geomspace(0.01, END, 99)])
NUDGE = 1e-3  # radians: partners exactly opposite would never move
LAWS = {
    "exp": lambda tau: Exponential(),
    "slow": lambda tau: Exponential(scale=10.0),
    "softplus": lambda tau: Softplus(),
    "fixed": lambda tau: Fixed(),
    "schedule": lambda tau: Schedule(tau, TARGET, END),
}


def judged(angle: float, beta: float, gamma: float, swapped: bool, n: int) -> Numbers:
    """Gap, CLIP's loss and its push on a common height, when every second pair is swapped or none is."""
    vertices = 2 * np.pi * torch.arange(n, dtype=torch.float64) / n
    height = torch.tensor(gamma, dtype=torch.float64, requires_grad=True)
    flat = [torch.stack([torch.cos(v), torch.sin(v)], 1) for v in (vertices - angle / 2, vertices + angle / 2)]
    image, text = lift(flat[0], height), lift(flat[1], -height)
    other = (torch.arange(n) % 2 == 1)[:, None] & torch.tensor(swapped)
    first, second = torch.where(other, text, image), torch.where(other, image, text)
    loss = clip_loss(first, second, torch.tensor(1 / beta, dtype=torch.float64))
    (slope,) = torch.autograd.grad(loss, height)
    gap = (first.mean(0) - second.mean(0)).norm()
    return {"gap": gap.item(), "loss": loss.item(), "force": -slope.item()}


def reference(s: Setting) -> Numbers:
    """Gap, temperature and shared gradient over time, and the state at the moment that is looked at."""
    law = LAWS[s["scheme"]](s["tau"])
    ring = Ring(s["n"], s["shift"] % s["n"], s["gamma"], 1 / s["tau"], law)
    times = np.union1d(TIMES, [s["time"]])
    start = np.array([np.log(s["gamma"]), -np.log(s["tau"]), -2 * np.pi * ring.shift / ring.n + NUDGE, 0.0])
    states = flow.solve(ring.field, start, times, rtol=1e-10, atol=1e-12)
    if isinstance(law, Schedule):
        states[:, 1] = np.log(law.inverse_temperature(states[:, 3]))
    at, now = np.searchsorted(times, TIMES), states[np.searchsorted(times, s["time"])]
    log_gamma, log_beta, angle = states[at, :3].T
    plane = -np.expm1(2 * log_gamma)
    cosines = np.cos(angle[:, None] + 2 * np.pi * np.arange(ring.n) / ring.n)
    logits = np.exp(log_beta)[:, None] * plane[:, None] * cosines
    weights = np.exp(logits - logits.max(1, keepdims=True))
    drive = np.cos(angle) - (weights * cosines).sum(1) / weights.sum(1)
    gamma, beta, delta = float(np.exp(now[0])), float(np.exp(now[1])), float(now[2])
    return {
        "time": TIMES,
        "gap": 2 * np.exp(log_gamma),
        "temperature": np.exp(-log_beta),
        "gradient": drive,
        "now": {"gamma": gamma, "temperature": 1 / beta, "angle": delta},
        "none": judged(delta, beta, gamma, False, ring.n),
        "swap": judged(delta, beta, gamma, True, ring.n),
        "close": judged(delta, beta, 0.0, False, ring.n),
    }


def picture(numbers: Numbers) -> Figure:
    names = {"gap": ("modality gap", MULTI), "temperature": (r"temperature $\tau$", THIRD), "gradient": ("$g$", THEORY)}
    now = numbers["now"]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 4)
        vertices, radius = 2 * np.pi * np.arange(5) / 5, np.sqrt(1 - now["gamma"] ** 2)
        places = [(vertices - side * now["angle"] / 2, side) for side in (1, -1)]
        for (at, side), color in zip(places, (MULTI, SINGLE), strict=True):
            across, height = radius * np.cos(at), side * now["gamma"] * 0.94 + 0.34 * radius * np.sin(at)
            axes[0].plot(across, height, "o", color=color, label="images" if side > 0 else "texts")
        x, y = ([radius * f(at) for at, _ in places] for f in (np.cos, np.sin))
        heights = [side * now["gamma"] * 0.94 + 0.34 * v for (_, side), v in zip(places, y, strict=True)]
        axes[0].plot(np.array(x), np.array(heights), color=THEORY, linewidth=0.6)
        axes[0].add_patch(Circle((0, 0), 1, fill=False, color="#777777", linewidth=0.7))
        axes[0].set(aspect="equal", xticks=[], yticks=[])
        axes[0].axis("off")
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, handletextpad=0.2, columnspacing=0.8)
        for ax, (key, (words, color)) in zip(axes[1:], names.items(), strict=True):
            ax.plot(numbers["time"][1:], numbers[key][1:], color=color)
            ax.set(xscale="log", xlabel="time $t$", ylabel=words)
        panel_letters(axes)

    return Figure(
        pd.DataFrame({key: numbers[key] for key in ("time", *names)}),
        draw,
        r"Five pairs on two pentagons, the texts shifted by two places, $\tau_0 = 0.07$, $\gamma_0 = 0.309$, a "
        f"temperature learnt as CLIP learns it: the embeddings in the end, when partners stand "
        f"{abs(np.degrees(now['angle'])):.2g} degrees apart (a), the gap (b), the temperature (c), the gradient that "
        f"both share (d). The gap ends at {numbers['gap'][-1]:.3g}.",
        "A sphere with five images above and five texts below its equator, matched; beside it the gap, which rises "
        "and falls to a remainder, the temperature, which rises and falls, and the shared gradient, which dies.",
        (PAGE, 2.0),
    )


SPHERE = Explorer(
    "sphere",
    "yaras2024",
    "The sphere",
    (
        Choice(
            "scheme",
            "temperature",
            (
                ("exp", "learnt as exp(−ν) (CLIP)"),
                ("slow", "learnt as exp(−ν/10), slower"),
                ("softplus", "learnt as 1/softplus(ν)"),
                ("fixed", "fixed"),
                ("schedule", "scheduled, to 0.2 in the end"),
            ),
            "exp",
        ),
        Slider("tau", "<i>τ</i><sub>0</sub>, temperature at the start", 0.02, 1, 0.07, log=True),
        Slider("gamma", "<i>γ</i><sub>0</sub>, height at the start", 0.02, 0.9, round(GAMMA_0, 3), steps=88),
        Slider("n", "<i>n</i>, pairs", 2, 12, 5, whole=True, steps=10),
        Slider("shift", "shift of the texts, in places", 0, 6, 2, whole=True, steps=6),
        Slider("time", "time", 0.01, END, END, log=True, steps=140),
        Choice(
            "hand",
            "what is done to the embeddings",
            (("none", "As trained"), ("swap", "Swap every second pair"), ("close", "Close the gap by hand")),
            "none",
            "buttons",
        ),
    ),
    (
        Try(
            "Look at time 2, before the pairs match. Predict: is the gap already closing there, with every pair "
            "mismatched, or still opening?",
            {"time": 2.0},
        ),
        Try(
            "Hold the temperature fixed at 0.2. Nothing but the pairs can now put out the gradient. Predict: does the "
            "gap close further than CLIP's, and does it open further at first?",
            {"scheme": "fixed", "tau": 0.2},
        ),
        Try(
            "Start matched, with no shift, and swap every second pair. Predict: where do the centres go, and which way "
            "does the loss then push the heights?",
            {"shift": 0, "hand": "swap", "time": 1.0},
        ),
    ),
    reference,
    picture,
    corners=({"n": 3}, {"n": 8}),
)
