"""Stage two by itself (D6): on the aligned, noise-free manifold balance is the only equilibrium, and where it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core import flow
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023 import theory
from mmcl_core.papers.ren2023.closure import Closure, missing_mass
from mmcl_core.papers.ren2023.experiments.base import Base
from mmcl_core.papers.ren2023.experiments.negatives import Counts, Temperatures, log_uniform
from mmcl_core.runtime import numpy_generator

PROBES = 20  # random points a seed at which the fall of kappa is measured


class EquilibriumSetting(Base):
    """Random spectra, temperatures, negatives and starts: one seed is one of them."""

    smoke: ClassVar = {"seeds": 6}

    seeds: int = Field(60, ge=1, description="chosen: random starts")
    inverse_temperatures: Temperatures = Field((0.2, 6.0), description="chosen: tau^2 is drawn from, log-uniform")
    negatives: Counts = Field((1.0, math.exp(6)), description="chosen: K is drawn from, log-uniform; to e^6")
    inverse_temperature: float = Field(
        5.0, gt=0, description="chosen: tau^2 of the run from random weights, K infinite"
    )


def on_manifold(a: np.ndarray, c: Closure) -> np.ndarray:
    """The state with energies a = b = g, no noise, and weights of squared norm d."""
    a = a / (a / np.array(c.signal)).sum()
    return np.concatenate([a, a, a, [0.0, 0.0, np.log(c.inverse_temperature)]])


def fall_over_bound(c: Closure, state: np.ndarray) -> float:
    """-d log kappa^2 / dt over (4 sigma_r^2 tau^2 (1-S) / (d N^2)) (tanh(tau^2 s_max) - tanh(tau^2 s_min)), at least
    1 by D6."""
    r = c.rank
    a = state[:r]
    square = a.sum()
    growth = c.field(state)[:r] / a
    beta = c.inverse_temperature * a / square
    factor = 4 * min(c.signal) * c.inverse_temperature * missing_mass(beta, c.negatives) / (c.d * square)
    bound = factor * (np.tanh(beta.max()) - np.tanh(beta.min()))
    return float((growth[a.argmin()] - growth[a.argmax()]) / bound)


@experiment(
    "ren2023.equilibrium",
    EquilibriumSetting,
    coordinates=("trained",),
    seconds={"smoke": 1, "book": 3, "paper": 3},
    block=60,
)
def equilibrium(config: EquilibriumSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Fall of kappa at random points over its bound; the final shares and N^2 against 1/r and the harmonic mean."""
    rows = []
    for seed in seeds:
        stream = numpy_generator("ren2023", seed, "equilibrium")
        r = int(stream.integers(2, 8))
        signal = np.sort(np.exp(stream.uniform(-1.5, 0, r)))[::-1]
        d, k = r + int(stream.integers(0, 60)), log_uniform(stream, config.negatives)
        c = Closure(d, tuple(signal.tolist()), 0.2, log_uniform(stream, config.inverse_temperatures), k)
        falls = [fall_over_bound(c, on_manifold(np.exp(stream.uniform(-3, 0, r)), c)) for _ in range(PROBES)]
        state = on_manifold(np.exp(stream.uniform(-3, 0, r)), c)
        kappa = float(np.sqrt(state[:r].max() / state[:r].min()))
        slowest = theory.balanced_rates(signal, 0.2, d, c.inverse_temperature, k).balance[0]
        end = theory.balance_time_bound(signal, d, c.inverse_temperature, k, kappa, 0.05) + 30 / slowest
        a = flow.solve(c.field, state, [0.0, end], rtol=1e-10, atol=1e-15)[-1, :r]
        rows.append((min(falls), np.abs(r * a / a.sum() - 1).max(), abs(a.sum() / theory.harmonic_mean(signal) - 1)))
    fall, shares, norm = map(np.array, zip(*rows, strict=True))
    # And from random weights with noise, in BASE: the whole training run ends there too.
    last = config.closure(config.inverse_temperature).run(np.array([0.0, 2e4])).squares[0][-1]
    trained = np.array(abs(last / theory.harmonic_mean(config.signal) - 1))
    return {"fall": fall, "shares": shares, "norm": norm, "trained": trained}
