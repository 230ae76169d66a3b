"""Huang et al. 2024, the race: signal and noise in one modality and in two, by gradient descent itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure as Canvas
from sklearn.linear_model import LogisticRegression

from mmcl_core.evidence.figures import MULTI, PAGE, SINGLE, THEORY, Figure, panel_letters, theory
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.theory import ceiling
from mmcl_core.site.explorers.declared import Choice, Explorer, Numbers, Setting, Slider, Try
from mmcl_core.site.explorers.draws import normals

N, NEURONS, DIMENSION, STEPS, GROWTH, TESTS, VIEW = 40, 16, 800, 240, 0.1, 400, 0.1


def problem(s: Setting, signal: float) -> setting.Problem:
    """The orthogonal limit with sigma_xi = 1, ||xi_i||^2 = d, from the explorer's own draws."""
    labels = torch.ones(1, N, dtype=torch.float64)
    labels[:, N // 2 :] = -1
    ordinary = ~torch.eye(N, dtype=torch.bool)[None]

    def modality(which: int, strength: float) -> setting.Modality:
        squares = torch.full((1, N + 1), float(DIMENSION), dtype=torch.float64)
        squares[:, 0] = strength**2
        draws = torch.from_numpy(normals(1000 * s["seed"] + which, 1, NEURONS, N + 1))
        initial = s["scale"] * squares.sqrt()[:, None] * draws
        view = VIEW * s["scale"] * DIMENSION**0.5 * torch.from_numpy(normals(1000 * s["seed"] + 2, 1, NEURONS, N))
        return setting.Modality(initial, squares, None if which else initial[..., 1:] + view)

    negatives = ordinary if s["negatives"] == "ordinary" else setting.opposite_labels(labels)
    return setting.Problem(labels, negatives, modality(0, signal), modality(1, s["ratio"] * signal))


def head_accuracy(state: dynamics.State, p: setting.Problem, s: Setting, signal: float) -> float:
    """Head B, tested on (y nu, zeta): the answers to zeta have the covariance <w_r, w_s>, of which training has changed
    the part in the span of the data."""
    first = state.first
    answers, squares = first.preactivations[0].numpy(), first.modality.squared_norms[0].numpy()
    gram = (answers / squares) @ answers.T + s["scale"] ** 2 * (DIMENSION - N - 1) * np.eye(NEURONS)
    noise = normals(1000 * s["seed"] + 3, TESTS, NEURONS) @ np.linalg.cholesky(gram).T
    y = np.where(np.arange(TESTS) % 2, -1.0, 1.0)
    test = np.maximum(y[:, None] * answers[:, 0] * s["downstream"] / signal, 0) + np.maximum(noise, 0)
    labels = p.labels[0].numpy()
    head = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=200)
    return float(head.fit(first.embeddings(p.labels)[0].numpy(), labels).score(test, y))


def reference(s: Setting) -> Numbers:
    """Both runs and the ceiling. Time counts in units of 1/kappa_n; the laws are those of the linear stage."""
    signal = float(np.sqrt(s["strength"] * DIMENSION / N))
    p = problem(s, signal)
    count = int(p.negatives[0, 0].sum())
    noise_rate, signal_rate = DIMENSION / N * count / (count + 1), signal**2 / 2 * (N / 2) / (count + 1)
    numbers: Numbers = {"ceiling": float(ceiling(s["downstream"]))}
    for name, multimodal, rate in (("one", False, signal_rate), ("two", True, s["ratio"] * signal_rate)):
        step = GROWTH / max(noise_rate, rate)
        rows, start = [], None
        for state in dynamics.trajectory(p, multimodal, step, STEPS, 1.0):
            start = start or state
            first = state.first
            rows.append((float(first.signal.abs().max()), float(first.noise.max().clamp(min=0)), float(state.loss)))
        a, b = start.first, start.second
        grows = (float(a.signal.abs().max()), float(a.noise.max().clamp(min=0)))
        if multimodal:
            both = torch.where((a.noise > 0) & (b.noise > 0), a.noise + b.noise, 0.0)
            grows = (float((a.signal + b.signal / s["ratio"]).abs().max()) / 2, float(both.max()) / 2)
        learnt, memorised, loss = np.array(rows).T
        time = np.arange(STEPS + 1) * step * noise_rate
        decided = np.flatnonzero(np.maximum(learnt, memorised) >= 0.5)
        swaps = np.flatnonzero(np.diff(learnt > memorised)) + 1
        numbers[name] = {
            "winner": ("signal" if learnt[decided[0]] > memorised[decided[0]] else "noise") if len(decided) else None,
            "time": time,
            "signal": learnt,
            "noise": memorised,
            "loss": loss,
            "crossing": float(time[swaps[-1]]) if len(swaps) else None,
            "advantage": rate / noise_rate,
            "signalLaw": grows[0] * (1 + step * rate) ** np.arange(STEPS + 1),
            "noiseLaw": grows[1] * (1 + step * noise_rate) ** np.arange(STEPS + 1),
            "accuracy": head_accuracy(state, p, s, signal),
        }
    return numbers


def picture(numbers: Numbers) -> Figure:
    names = {"one": ("one modality", SINGLE), "two": ("two modalities", MULTI)}

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 2, sharey=True)
        for ax, (name, (words, color)) in zip(axes, names.items(), strict=True):
            run = numbers[name]
            ax.plot(run["time"], run["signal"], color=color, label="signal")
            ax.plot(run["time"], run["noise"], color=color, linestyle="--", label="noise")
            theory(ax, run["time"], run["signalLaw"], "law of the linear stage")
            theory(ax, run["time"], run["noiseLaw"], linestyle="--", color=THEORY)
            ax.set(yscale="log", ylim=(1e-4, 30), xlabel=r"time $\times\ \kappa_n$", title=words)
            ax.legend(loc="lower right")
        axes[0].set(ylabel="largest coefficient")
        panel_letters(axes)

    columns = ("time", "signal", "noise", "loss")
    frame = pd.concat([pd.DataFrame({c: numbers[k][c] for c in columns}).assign(method=k) for k in names])
    one, two = numbers["one"], numbers["two"]
    return Figure(
        frame,
        draw,
        r"Gradient descent on 40 samples with 16 neurons, signal and noise vectors orthogonal, at $n\,SNR^2 = 1.25$ "
        rf"and $C_\mu = 3$: the rate of the signal is {one['advantage']:.3g} times that of the noise with one modality "
        f"and {two['advantage']:.3g} times with two. Accuracies under the shift: {one['accuracy']:.3g} and "
        f"{two['accuracy']:.3g}, of at most {numbers['ceiling']:.3g} for any linear head.",
        "Two panels over time on a logarithmic axis. Left, one modality: the noise grows ahead of the signal. Right, "
        "two modalities: the signal grows ahead of the noise.",
        (PAGE, 2.6),
    )


def measured(result: Callable[[str], Result]) -> dict:
    """The measured phase diagram of two modalities: mean accuracy over seeds `[strength, ratio]`."""
    r = result("phase")
    return {"phase": {"strength": r["n_snr_squared"], "ratio": r["ratio"], "accuracy": r["multi_accuracy"].mean(0)}}


RACE = Explorer(
    "race",
    "huang2024",
    "The race of signal and noise",
    (
        Slider("strength", "<i>n</i> SNR², strength of the signal", 0.3, 10, 1.25, log=True),
        Slider("ratio", "<i>C</i><sub>μ</sub>, second signal over first", 1, 5, 3, steps=80),
        Slider("scale", "<i>σ</i><sub>0</sub>, weights at the start", 1e-5, 1e-2, 1e-4, log=True, steps=60),
        Slider(
            "downstream",
            "‖<i>ν</i>‖/<i>σ</i><sub>ξ</sub>, signal of the shifted samples",
            0.2,
            4,
            2,
            steps=76,
        ),
        Choice(
            "negatives",
            "negatives",
            (("balanced", "of the other label (the paper)"), ("ordinary", "all others (InfoNCE)")),
            "balanced",
        ),
        Slider("seed", "draw of the start", 1, 20, 1, whole=True, steps=19),
    ),
    (
        Try(
            "Take two signals of equal strength. Predict: what is left of the lead of two modalities, and who wins?",
            {"ratio": 1.0},
        ),
        Try(
            "Set <i>n</i> SNR² = 3.6: one modality learns the signal too. Now let all others be negatives. Predict: "
            "does it still, when same-label negatives push the signal down and the noise up?",
            {"strength": 3.6, "negatives": "ordinary"},
        ),
        Try(
            "Start from weights a hundred times larger. Predict: the rates are the same, so does the loser end nearer "
            "to the winner, or further away?",
            {"scale": 1e-2},
        ),
    ),
    reference,
    picture,
    measured,
)
