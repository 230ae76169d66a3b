"""Lemma 3.1 at a point: the velocities of temperature and gap, and their ratio, against autograd of the lifted loss."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024 import parallel
from mmcl_core.papers.yaras2024.schemes import Exponential, Linear, Scheme, Softplus, log_gamma_on_curve
from mmcl_core.runtime import generator, numpy_generator


class CouplingSetting(Config):
    """Random states at which formula (11) meets autograd."""

    smoke: ClassVar = {"seeds": 5}

    seeds: int = Field(20, ge=1, description="chosen")
    pairs: tuple[int, ...] = Field((2, 3, 8, 64), min_length=1, description="chosen (L31): n")
    dimensions: tuple[int, ...] = Field((2, 3, 16), min_length=1, description="chosen (L31): d")


LAWS: dict[str, Scheme] = {
    "exp": Exponential(),
    "softplus": Softplus(),
    "exp(nu/2)": Exponential(scale=2.0),
    "linear": Linear(),
}


@experiment("yaras2024.coupling", CouplingSetting, seconds={"smoke": 1, "book": 2, "paper": 2})
def coupling(config: CouplingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Equation (11) and the ratio R of Lemma 3.1 against autograd on the lifted CLIP loss, at random states."""
    velocity_error, ratio_error = np.zeros((2, len(seeds)))
    for row, seed in enumerate(seeds):
        stream, uniform = (
            generator("yaras2024.coupling", seed, "points"),
            numpy_generator("yaras2024.coupling", seed, "state"),
        )
        for n, d, scheme in product(config.pairs, config.dimensions, LAWS.values()):
            x, y = parallel.sphere(n, d, stream), parallel.sphere(n, d, stream)
            nu = torch.tensor(uniform.uniform(-1, 4), dtype=torch.float64, requires_grad=True)
            gamma = torch.tensor(uniform.uniform(0.05, 0.95), dtype=torch.float64, requires_grad=True)
            slopes = torch.autograd.grad(parallel.objective(x, y, nu, gamma, scheme), (nu, gamma))
            beta, g = scheme.inverse_temperature(nu).item(), gamma.item()
            d_nu, d_beta, d_gamma = parallel.velocities(x @ y.T, beta, g, scheme)
            # A saturated softmax leaves a gradient below rounding: errors are relative to a thousandth of the
            # largest possible one at least.
            for theirs, ours, scale in (
                (-float(slopes[0]), d_nu, scheme.slope(beta)),
                (-float(slopes[1]), d_gamma, 2 * beta * g),
            ):
                velocity_error[row] = max(velocity_error[row], abs(theirs - ours) / max(abs(theirs), 1e-3 * scale))
            if abs(float(slopes[0])) > 1e-3 * scheme.slope(beta):
                measured = float(slopes[1]) / (float(slopes[0]) * scheme.slope(beta))
                stated = -2 * beta * g / (scheme.slope(beta) ** 2 * (1 - g**2))
                ratio_error[row] = max(ratio_error[row], abs(measured / stated - 1))
    return {"velocity_error": velocity_error, "ratio_error": ratio_error}


class RateSetting(Config):
    """States at which R is measured as a function of beta."""

    n: int = Field(10, ge=2, description="chosen: pairs")
    margin: float = Field(
        0.01, gt=0, le=1, description="chosen: so small that the softmax is not saturated at beta = 1000"
    )
    betas: tuple[float, ...] = Field((10.0, 30.0, 100.0, 300.0, 1000.0), min_length=4, description="chosen: beta")
    gamma: float = Field(0.4, gt=0, lt=1, description="chosen (L31): gamma_0")
    start: float = Field(2.0, gt=0, description="chosen (L31): beta_0")


@experiment("yaras2024.coupling_rate", RateSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def coupling_rate(config: RateSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """|R| of Lemma 3.1 by autograd of the lifted loss `[beta]`: at the given gamma, and along the curve of the
    lemma."""
    points = torch.linalg.cholesky(parallel.uniform_margin(config.n, config.margin))
    betas, scheme = np.array(config.betas), Exponential()
    on_curve = np.exp(log_gamma_on_curve(scheme.potential(betas) - scheme.potential(config.start), config.gamma))
    return {
        "beta": betas,
        "gamma_on_curve": on_curve,
        "at_given_gamma": np.array([coupling_ratio(points, b, config.gamma) for b in betas]),
        "on_curve": np.array([coupling_ratio(points, b, g) for b, g in zip(betas, on_curve, strict=True)]),
    }


def coupling_ratio(points: torch.Tensor, beta: float, gamma: float) -> float:
    """|d gamma/dt| / |d beta/dt| for beta = exp(nu) and matched pairs, by autograd: no formula of the paper enters."""
    nu = torch.tensor(np.log(beta), dtype=torch.float64, requires_grad=True)
    height = torch.tensor(gamma, dtype=torch.float64, requires_grad=True)
    inverse = Exponential().inverse_temperature(nu)
    (slope,) = torch.autograd.grad(inverse, nu, retain_graph=True)
    d_nu, d_height = torch.autograd.grad(parallel.objective(points, points, nu, height, Exponential()), (nu, height))
    return abs(float(d_height) / float(slope * d_nu))
