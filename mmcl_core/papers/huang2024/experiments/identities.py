"""Lemmas 5.1 and 5.3: gradient descent is a recursion in the coefficients gamma and rho; and Lemma B.1's closed
form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.integrate import quad
from scipy.stats import norm

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import bounds, dynamics, reference, setting
from mmcl_core.papers.huang2024.experiments.base import Neurons, Strength


class IdentitySetting(Config):
    """A small problem on which plain autograd in R^d is affordable."""

    smoke: ClassVar = {"seeds": 2, "steps": 20}

    n: int = Field(20, ge=4, description="chosen")
    m: Neurons = Field(12, description="chosen")
    d: int = Field(60, ge=4, description="chosen: small enough for strong cross-talk between samples")
    signal: Strength = Field(2.0, description="||mu||")
    ratio: float = Field(3.0, gt=0, description="Cmu")
    initial_scale: float = Field(0.05, gt=0, description="sigma_0")
    rate: float = Field(0.05, gt=0, description="eta, with k = 1")
    steps: int = Field(100, ge=1, description="chosen: into saturation")


@experiment("huang2024.identities", IdentitySetting, seconds={"smoke": 1, "book": 3, "paper": 3})
def identities(config: IdentitySetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Largest difference between weights trained by autograd in R^d and w(0) + gamma mu/||mu||^2 + sum_i rho_i
    xi_i/||xi_i||^2."""
    c = config
    problem = setting.gaussian(seeds, c.n, c.m, c.d, c.signal, c.ratio, c.initial_scale)
    arrays: Arrays = {}
    for method, multimodal in (("single", False), ("multi", True)):
        state = dynamics.last(dynamics.trajectory(problem, multimodal, c.rate, c.steps, 1.0))
        errors = []
        for row, seed in enumerate(seeds):
            vectors = setting.drawn_vectors(seed, c.n, c.d, c.signal, c.ratio, 1.0, 0.1)
            names = ("first", "second")[: 1 + multimodal]
            initial = [setting.initial_weights(seed, name, c.m, c.d, c.initial_scale) for name in names]
            trained, _ = reference.train(
                initial, vectors, problem.labels[row], problem.negatives[row], c.rate, c.steps, 1.0
            )
            error = 0.0
            for name, start, end, encoder in zip(names, initial, trained, (state.first, state.second), strict=False):
                v = vectors[name]
                norms = v.square().sum(1)
                rebuilt = start + encoder.gamma[row, :, None] * v[0] / norms[0] + (encoder.rho[row] / norms[1:]) @ v[1:]
                error = max(error, float((rebuilt - end).abs().max()))
            errors.append(error)
        arrays[method] = np.array(errors)
    c_grid = np.linspace(0.01, 4, 200)
    probability = np.array([quad(norm.pdf, -c, c, epsabs=1e-13)[0] for c in c_grid])
    deviations = {
        "b1_printed": np.abs(probability - bounds.anti_concentration_printed(c_grid)).max(),
        "b1_corrected": np.abs(probability - bounds.anti_concentration(c_grid)).max(),
        "b1_printed_slack": (2 * bounds.anti_concentration_bound(c_grid) - probability).min(),
        "b1_bound_slack": (bounds.anti_concentration_bound(c_grid) - probability).min(),
    }
    return arrays | {name: np.full(len(seeds), value) for name, value in deviations.items()}
