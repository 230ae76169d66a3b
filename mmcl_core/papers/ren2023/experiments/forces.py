"""The two pushes of D4(d), taken from the loss itself: autograd with one kind of pairs held fixed at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023.closure import Closure, Path
from mmcl_core.papers.ren2023.experiments.negatives import Counts, Temperatures, log_uniform
from mmcl_core.papers.ren2023.setting import cube, views
from mmcl_core.runtime import numpy_generator


class ForceSetting(Config):
    """Random states of the infinite-width closure in few dimensions: one seed is one state."""

    smoke: ClassVar = {"seeds": 5}

    seeds: int = Field(20, ge=1, description="chosen: random states, spectra and temperatures")
    inverse_temperatures: Temperatures = Field((0.2, 8.0), description="chosen: tau^2 is drawn from, uniform")
    negatives: Counts = Field((1.0, math.exp(5)), description="chosen: K is drawn from, log-uniform; to e^5")


def loss(
    a: torch.Tensor, b: torch.Tensor, second: torch.Tensor, positive: torch.Tensor, tau2: float, k: float, moving: str
) -> torch.Tensor:
    """L_C by enumeration, where only the similarities of `moving` pairs ("positive" or "negative") carry a gradient."""
    similarity = second @ (a.T @ b) @ second.T / (a.square().sum() * b.square().sum()).sqrt()
    pairs, others = (similarity if moving == kind else similarity.detach() for kind in ("positive", "negative"))
    numerator, exponentials = torch.exp(tau2 * pairs), torch.exp(tau2 * others)
    row, column = k * exponentials.mean(1, keepdim=True), k * exponentials.mean(0, keepdim=True)
    return (positive * (torch.log1p(row / numerator) + torch.log1p(column / numerator))).sum()


@experiment("ren2023.forces", ForceSetting, seconds={"smoke": 1, "book": 1, "paper": 1})
def forces(config: ForceSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Largest relative difference of P and N in the closure from autograd on the positive and the negative pairs."""
    errors = []
    for seed in seeds:
        stream = numpy_generator("ren2023", seed, "forces")
        signal = np.sort(stream.uniform(0.1, 1, 3))[::-1]
        d, tau2 = 5, float(stream.uniform(*config.inverse_temperatures))
        k = log_uniform(stream, config.negatives)
        energy, rho = stream.uniform(0.1, 1, 3), stream.uniform(0.1, 0.95, 3)
        noise = stream.uniform(0.05, 0.5, d - 3)
        closure = Closure(d, tuple(signal.tolist()), 0.4, tau2, k)
        state = np.concatenate([energy, energy, rho * energy, [noise.sum(), noise.sum(), np.log(tau2)]])
        predicted = Path(closure, np.zeros(1), state[None]).pushes()
        # Encoders with exactly these inner products: two axes for a signal direction, one for a noise column and view.
        a, b = np.zeros((2, 2 * d, d))
        for p in range(3):
            a[2 * p, p] = np.sqrt(energy[p])
            b[2 * p : 2 * p + 2, p] = np.sqrt(energy[p]) * np.array([rho[p], np.sqrt(1 - rho[p] ** 2)])
        for j in range(d - 3):
            a[6 + j, 3 + j], b[6 + d - 3 + j, 3 + j] = np.sqrt(noise[j]), np.sqrt(noise[j])
        v = views(d, signal.tolist(), 0.4)
        points, positive = cube(v)
        worst = 0.0
        for kind, push in zip(("positive", "negative"), predicted, strict=True):
            x = torch.tensor(a).requires_grad_()
            (gradient,) = torch.autograd.grad(loss(x, torch.tensor(b), points, positive, tau2, k, kind), x)
            speed = -gradient.numpy() * v.variance_a.numpy() / d
            growth = 2 * (a * speed).sum(0) / np.square(a).sum(0)
            worst = max(worst, abs((growth[0] - growth[2]) / push[0] - 1))
        errors.append(worst)
    return {"error": np.array(errors)}
