"""The infinite-width flow over spectra, dimensions, ranks and noises (5.4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023 import theory
from mmcl_core.papers.ren2023.closure import Closure, Path
from mmcl_core.papers.ren2023.experiments.base import Base
from mmcl_core.papers.ren2023.experiments.negatives import count

RATIOS = (1.5, 2.0, 4.0, 10.0, 30.0, 100.0)  # sigma_1^2 / sigma_r^2, geometric spectra
DIMENSIONS = (5, 10, 20, 40, 100, 400, 1000, 4000, 10_000)
RANKS = (2, 3, 5, 10, 20, 40)  # linspace(1, .2, r), d = 100
NOISES = (0.001, 0.01, 0.05, 0.2, 1.0, 5.0, 20.0)
Four = tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat]


class SpectraSetting(Config):
    """The spectra, dimensions, ranks and noises are named above."""

    inverse_temperatures: Four = Field(
        (0.1, 1.0, 6.0, 15.0), description="chosen: tau^2 over the spread of the spectrum; times are of the middle two"
    )
    inverse_temperature: float = Field(1.0, gt=0, description="chosen: tau^2 over the dimension")
    negatives: float | None = Field(None, ge=1, description="chosen: K; null for infinitely many")


def balanced_at(p: Path) -> float:
    """The time after the peak at which kappa falls below 1.1."""
    late = Path(p.closure, p.times[p.peak() :], p.states[p.peak() :])
    return late.first_time(late.condition_number, 1.1)


@experiment("ren2023.spectra", SpectraSetting, deterministic=True, seconds={"smoke": 3, "book": 3, "paper": 3})
def spectra(config: SpectraSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Limits, peaks and times against the spread of the spectrum, d, r and the noise; everything else as in BASE."""
    base, k = Base.at("book"), count(config.negatives)
    times = np.geomspace(0.01, 1e5, 1500)

    def flow(signal: Sequence[float], d: int, noise: float, inverse_temperature: float | None) -> Path:
        return Closure(d, tuple(float(x) for x in signal), noise, inverse_temperature, k).run(times)

    geometric = [np.geomspace(1, 1 / x, 5) for x in RATIOS]
    runs = [[flow(s, base.d, base.noise, t) for t in config.inverse_temperatures] for s in geometric]
    grown = [flow(base.signal, d, base.noise, config.inverse_temperature) for d in DIMENSIONS]
    noisy = [flow(base.signal, base.d, x, None) for x in NOISES]
    late = [Closure(base.d, base.signal, x, None).run(np.array([0.0, 1e6 / min(x, 1.0)])) for x in NOISES]
    aligned = [p.first_time(p.alignment, 0.95) for p in noisy]
    return {
        "ratio": np.array(RATIOS),
        "inverse_temperature": np.array(config.inverse_temperatures),
        "ratio_limit": np.array([theory.limit_condition_number(s, base.d) for s in geometric]),
        "ratio_peak": np.array([[p.condition_number.max() for p in row] for row in runs]),
        "ratio_balanced": np.array([[balanced_at(p) for p in row[1:3]] for row in runs]),  # at the middle two
        "d": np.array(DIMENSIONS),
        "d_limit": np.array([theory.limit_condition_number(base.signal, d) for d in DIMENSIONS]),
        "d_peak": np.array([p.condition_number.max() for p in grown]),
        "d_aligned": np.array([p.first_time(p.alignment, 0.95) for p in grown]),
        "rank": np.array(RANKS),
        "rank_limit": np.array([theory.limit_condition_number(np.linspace(1, 0.2, r), 100) for r in RANKS]),
        "noise": np.array(NOISES),
        "noise_aligned": np.array(
            [np.interp(np.log(t), np.log(p.times), p.condition_number) for t, p in zip(aligned, noisy, strict=True)]
        ),
        "noise_limit": np.array([p.condition_number[-1] for p in late]),
        "limit": np.array(theory.limit_condition_number(base.signal, base.d)),
    }
