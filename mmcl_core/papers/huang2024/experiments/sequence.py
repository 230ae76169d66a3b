"""The two theorems in settings that meet what Assumption 4.1 states, along a sequence of n and d.

n SNR^2 = 1.75 and Cmu = 3 satisfy the constants of both proofs at once, 1.8 >= n SNR^2 >= 1.7 and Cmu >= 2.66, and
n >= 204 gives M >= 102 negatives. Of the dimension the assumption asks d >= n^2 and d >= n/(sigma_0 sigma_xi). The
first alone can be had with small weights ("square"); both together mean d = (n/s)^2 with s = sigma_0 sigma_xi sqrt(d)
("full"), which costs nothing in the coordinates of `highdim`. With as many neurons as Lemma C.12 asks for, "full" meets
the whole assumption; "few" has the same dimension and Figure 1's 50 neurons, as "square" has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, heads, setting
from mmcl_core.papers.huang2024.experiments.base import Neurons
from mmcl_core.papers.huang2024.experiments.figure1 import METHODS
from mmcl_core.papers.huang2024.highdim import triangular

AXES = 2  # e_1 along the signal of the modality, e_2 orthogonal to it
# The shifts: ||mu||/sqrt d along mu, 2, 5, the first with 2 across mu, and the first with ||mu|| across mu, which is a
# nu of length ||mu|| in a random direction; that is as likely as its mirror image, and the mean over both is taken.
SMALLEST, FIGURE, STRONG, ELSEWHERE, GENERIC = range(5)


class SequenceSetting(Config):
    """Sizes n, each run until the loss is below epsilon, with either dimension."""

    smoke: ClassVar = {"seeds": 2, "sizes": (24, 34, 48, 68), "evaluation_samples": 4000, "enough": 70}

    seeds: int = Field(5, ge=1, le=10_000, description="chosen")
    sizes: tuple[Annotated[int, Field(ge=8)], ...] = Field((204, 257, 324, 408), min_length=4, description="chosen: n")
    few: Neurons = Field(50, description="m as in Figure 1")
    enough: Neurons = Field(210, description="chosen: m that Lemma C.12 asks for at the largest n, delta = 0.1")
    n_snr_squared: float = Field(1.75, gt=0, description="chosen: between 1.7 and 1.8, the constants of both proofs")
    ratio: float = Field(3.0, gt=0, description="Cmu, as in Figure 1; the proof needs 2.66")
    initial_noise: float = Field(0.0447, gt=0, lt=1, description="sigma_0 sigma_xi sqrt(d), as in Figure 1")
    augmentation: float = Field(0.1, ge=0, description="sigma_eps / sigma_xi, as in Figure 1")
    noise_rate: float = Field(0.2, gt=0, description="eta k sigma_xi^2 d / n, as in Figure 1")
    precision: float = Field(0.01, gt=0, description="chosen: epsilon")
    epochs: int = Field(600, ge=10, description="chosen: more than any run needs")
    strength: float = Field(2.0, gt=0, description="Figure 1: ||nu|| / sigma_xi")
    strong: float = Field(5.0, gt=0, description="chosen: a strength at which 1 - Phi is 3e-7")
    evaluation_samples: int = Field(20_000, ge=100, description="chosen: shifted samples for each number")

    def dimension(self, n: int, full: bool) -> int:
        return round((n / self.initial_noise) ** 2) if full else n * n

    def signal(self, n: int, d: int) -> float:
        return float(np.sqrt(self.n_snr_squared * d / n))


@dataclass(frozen=True)
class Drawn:
    """One modality of one seed in `highdim`'s coordinates: weights `[m, w]`, (signal, noise) `[n+1, w]`, views `[n,
    w]`."""

    weights: Float[Tensor, "m w"]
    vectors: Float[Tensor, "p w"]
    views: Float[Tensor, "n w"]

    @classmethod
    def draw(cls, config: SequenceSetting, seed: int, name: str, n: int, m: int, d: int, signal: float) -> Drawn:
        c = config
        drawn = triangular(seed, f"sequence {name}", 2 * n + m, d, AXES)
        mu = torch.zeros(1, drawn.shape[1], dtype=drawn.dtype)
        mu[0, 0] = signal
        noise = drawn[:n]
        weights = c.initial_noise / d**0.5 * drawn[2 * n :]
        return cls(weights, torch.cat([mu, noise]), noise + c.augmentation * drawn[n : 2 * n])

    def modality(self) -> setting.Modality:
        w, v, a = self.weights, self.vectors, self.views
        return setting.Modality((w @ v.T)[None], (v @ v.T)[None], (w @ a.T)[None], (v @ a.T)[None])


def _run(config: SequenceSetting, seeds: Sequence[int], n: int, m: int, full: bool, device: torch.device) -> Arrays:
    """Both methods until the loss is small, and head B under five shifts: `[S]` and `[S, shift]`."""
    c, d = config, config.dimension(n, full)
    signal = c.signal(n, d)
    firsts = [Drawn.draw(c, seed, "first", n, m, d, signal) for seed in seeds]
    seconds = [Drawn.draw(c, seed, "second", n, m, d, c.ratio * signal).modality() for seed in seeds]
    labels = setting.draw_labels(seeds, n)
    negatives = setting.opposite_labels(labels)
    problem = setting.stack(
        [
            setting.Problem(labels[[k]], negatives[[k]], first.modality(), second)
            for k, (first, second) in enumerate(zip(firsts, seconds, strict=True))
        ]
    )
    smallest = signal / d**0.5
    shifts = ((smallest, 0.0), (c.strength, 0.0), (c.strong, 0.0), (smallest, c.strength))
    shifts += ((smallest, signal), (smallest, -signal))  # GENERIC, and its mirror image
    arrays: Arrays = {"smallest": np.full(len(seeds), smallest), "dimension": np.full(len(seeds), d)}
    for name, multimodal in METHODS.items():
        steps = torch.full((len(seeds),), torch.nan, dtype=torch.float64)
        run = dynamics.trajectory(
            setting.to(problem, device), multimodal, c.noise_rate * n / d, c.epochs, 1.0, stop_below=c.precision
        )
        for state in run:
            steps = torch.where(steps.isnan() & (state.loss.cpu() < c.precision), float(state.step), steps)
        train = state.first.embeddings(problem.labels.to(device)).cpu().numpy()
        accuracy, aimed = [], []
        for row, seed in enumerate(seeds):
            weights = firsts[row].weights + state.first.coefficients[row].cpu() @ firsts[row].vectors
            head = heads.logistic_head(train[row], labels[row].numpy())
            drawn = heads.ShiftedSamples.draw(weights, seed, c.evaluation_samples, "evaluation")
            signals = torch.stack([along * weights[:, 0] + beside * weights[:, 1] for along, beside in shifts])
            right = (drawn.answers(head, signals) > 0) == (drawn.labels > 0)
            shares = right.double().mean(1).numpy()
            scores = [*shares[:GENERIC], shares[GENERIC:].mean()]
            stump = heads.Stump.aimed(weights, weights[:, 0], smallest)
            alone = replace(drawn, noise=drawn.noise[:, [stump.neuron]], direction=weights[[stump.neuron], 0])
            aimed.append(replace(stump, neuron=0).accuracy(*alone.embeddings(smallest)))
            accuracy.append(scores)
        arrays |= {
            f"{name}_steps": steps.numpy(),
            f"{name}_loss": state.loss.cpu().numpy(),
            f"{name}_gamma": state.first.gamma.abs().amax(1).cpu().numpy(),
            f"{name}_rho": state.first.rho.amax((1, 2)).cpu().numpy(),
            f"{name}_accuracy": np.array(accuracy),
            f"{name}_one_neuron": np.array(aimed),
        }
    return arrays


@experiment("huang2024.sequence", SequenceSetting, coordinates=("size",), seconds={"smoke": 2, "book": 25, "paper": 25})
def sequence(config: SequenceSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Both methods at n >= 204 with n SNR^2 = 1.75, Cmu = 3: steps, coefficients, heads under five shifts.

    `full_*` are `[S, n]` (accuracies `[S, n, shift]`) with d = n/(sigma_0 sigma_xi) and enough neurons, `few_*` with
    that d and few; `square_*` have d = n^2 and few.
    """
    arrays: Arrays = {"size": np.array(config.sizes)}
    for prefix, m, full in (("full", config.enough, True), ("few", config.few, True), ("square", config.few, False)):
        runs = [_run(config, seeds, n, m, full, device) for n in config.sizes]
        arrays |= {f"{prefix}_{name}": np.stack([run[name] for run in runs], 1) for name in runs[0]}
    return arrays
