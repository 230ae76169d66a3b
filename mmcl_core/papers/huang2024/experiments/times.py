"""The number of steps in each of its variables by itself: T* = mn/(eta sigma_xi^2 d), in the orthogonal limit.

The step size stays fixed while the dimension or the number of neurons is varied, and with them the gradient of
Lemmas C.14 and D.11 is followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, PositiveFloat
from torch import Tensor

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.figure1 import METHODS


class TimesSetting(Config):
    """n SNR^2 = 1.75 and Cmu = 3 as the proofs ask for, at Figure 1's n; tau = 1."""

    smoke: ClassVar = {"n": 40, "neurons": (20, 28, 40, 57), "dimensions": (400.0, 566.0, 800.0, 1131.0), "seeds": 2}

    n: int = Field(100, ge=4, description="as in Figure 1")
    n_snr_squared: float = Field(1.75, gt=0, description="chosen: between 1.7 and 1.8, the constants of both proofs")
    ratio: float = Field(3.0, gt=0, description="Cmu, as in Figure 1")
    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    rate: float = Field(0.2, gt=0, description="chosen: eta with k = 1/m; small against every growth rate")
    dimensions: tuple[PositiveFloat, ...] = Field(
        (1000.0, 1414.0, 2000.0, 2828.0), min_length=4, description="sigma_xi^2 d, 2000 in Figure 1"
    )
    neurons: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (50, 71, 100, 141), min_length=4, description="m, 50 in Figure 1"
    )
    precision: float = Field(0.03, gt=0, description="chosen: epsilon")
    limit: int = Field(20_000, ge=10, description="chosen: more steps than any run needs")

    def problem(self, seeds: Sequence[int], m: int, norm: float) -> setting.Problem:
        signal = (self.n_snr_squared * norm / self.n) ** 0.5
        return setting.orthogonal(seeds, self.n, m, signal, self.ratio, norm, self.initial_scale)


def squared_norm(state: dynamics.State, gradients: list[Float[Tensor, "S m p"]]) -> Float[Tensor, S]:
    """||grad L||_F^2 over all encoders, for orthogonal vectors: span coordinates times squared lengths."""
    encoders = [e for e in (state.first, state.second) if e is not None]
    norms = [e.modality.squared_norms[:, None] for e in encoders]
    return sum((g.square() * n).sum((1, 2)) for g, n in zip(gradients, norms, strict=True))


def _descend(problem: setting.Problem, multimodal: bool, config: TimesSetting) -> tuple[Tensor, Tensor]:
    """Steps until the loss is below epsilon, and the largest ||grad L||^2/L on the way, `[S]` each."""
    coefficients = dynamics.start(problem, multimodal)
    scale = 1 / problem.neurons
    steps = torch.full_like(problem.labels[:, 0], torch.nan)
    largest = torch.zeros_like(steps)
    for step in range(config.limit + 1):
        state, ascents = dynamics.evaluate(problem, coefficients, scale, step)
        dynamics.stop_divergence(state)
        running = steps.isnan()
        largest = torch.where(running, torch.maximum(largest, squared_norm(state, ascents) / state.loss), largest)
        steps = torch.where(running & (state.loss < config.precision), float(step), steps)
        if not steps.isnan().any():
            break
        coefficients = [c + config.rate * a for c, a in zip(coefficients, ascents, strict=True)]
    return steps, largest


@experiment(
    "huang2024.times",
    TimesSetting,
    coordinates=("dimensions", "neurons"),
    seconds={"smoke": 2, "book": 25, "paper": 25},
)
def times(config: TimesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Steps and largest ||grad L||^2/L for each sigma_xi^2 d at the first m, and for each m at Figure 1's sigma_xi^2 d,
    `[S, value]` for each method."""
    c = config
    arrays: Arrays = {"dimensions": np.array(c.dimensions), "neurons": np.array(c.neurons)}
    sweeps = {
        "dimension": [(c.neurons[0], norm) for norm in c.dimensions],
        "width": [(m, c.dimensions[2]) for m in c.neurons],
    }
    for sweep, cells in sweeps.items():
        problems = [setting.to(c.problem(seeds, *cell), device) for cell in cells]
        for name, multimodal in METHODS.items():
            found = zip(*(_descend(problem, multimodal, c) for problem in problems), strict=True)
            for what, values in zip(("steps", "gradient"), found, strict=True):
                arrays[f"{sweep}_{name}_{what}"] = torch.stack(values, 1).cpu().numpy()
    return arrays
