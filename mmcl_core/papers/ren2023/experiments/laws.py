"""Closed forms against the flow: the non-contrastive limit (D3), its growth with d, the landscape's rates (D8), phase
diagrams (F7, F8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, PositiveFloat, model_validator

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023 import theory
from mmcl_core.papers.ren2023.closure import Closure, Path
from mmcl_core.papers.ren2023.experiments.base import Base
from mmcl_core.papers.ren2023.experiments.negatives import Case, count

CONFIGURATIONS = (
    (40, (1.0, 0.8, 0.6, 0.4, 0.2), 0.2),
    (100, tuple(np.linspace(1, 0.1, 10)), 0.5),
    (50, (1.0, 0.5, 0.25), 2.0),
    (5, (1.0, 0.8, 0.6, 0.4, 0.2), 0.2),
)


class FixedSetting(Config):
    """Nothing to choose: the spectra are named beside the law."""


@experiment("ren2023.closed_form", FixedSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def closed_form(config: FixedSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """D3 against the flow in four configurations: largest deviation along the run, and the limits with their bounds."""
    deviation, limits, flows, bounds = [], [], [], []
    for d, signal, noise in CONFIGURATIONS:
        p = Closure(d, signal, noise, None).run(np.geomspace(0.05, 1e6, 600), rtol=1e-11)
        exact = theory.NonContrastive(d, np.array(signal), noise)
        worst = 0.0
        for i in range(0, 600, 4):
            # The clock T is read off the strongest direction while its tanh still tells, off the weakest later.
            rho = p.correlations[i, -1]
            if not 1e-6 < rho < 1 - 1e-6:
                continue
            a, correlations, n = exact.at(np.arctanh(rho) / (2 * signal[-1]))
            total = a.sum() + n
            pairs = [
                (np.sqrt(a.max() / a.min()), p.condition_number[i]),
                ((correlations * a).sum() / total, p.alignment[i]),
                *zip(a / total, p.energies[i], strict=True),
            ]
            worst = max(worst, *(abs(x - y) for x, y in pairs))
        deviation.append(worst)
        limits.append(exact.limit())
        flows.append(p.condition_number[-1])
        bounds.append(theory.limit_bounds(signal, d))
    start = [np.sqrt(max(s) / min(s)) for _, s, _ in CONFIGURATIONS]
    return {
        "deviation": np.array(deviation),
        "limit": np.array(limits),
        "flow": np.array(flows),
        "bounds": np.array(bounds),
        "start": np.array(start),
    }


FAR = (1e6, 1e9, 1e12, 1e15, 1e18, 1e21)  # dimensions at which the growth exponent's approach is measured


@experiment("ren2023.limit_growth", FixedSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def limit_growth(config: FixedSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """kappa_inf against d for linspace(1, 1/q, 5), q = 2, 5, 10, with both bounds, and the exponent's approach.

    `approach` is (local exponent - x) over its leading order x (1 - s_2) (2d)^{-(1 - s_2)}, where s_2 is the second
    variance.
    """
    d, q = np.logspace(2, 6, 17), np.array([2.0, 5.0, 10.0])
    spectra = [np.linspace(1, 1 / x, 5) for x in q]

    def approach(s: np.ndarray, x: float, h: float = 0.01) -> float:
        above, below = (np.log(theory.limit_condition_number(s, x * np.exp(y))) for y in (h, -h))
        limit, gap = (1 - s[-1]) / 2, 1 - s[1]
        return float(((above - below) / (2 * h) - limit) / (limit * gap * (2 * x) ** -gap))

    return {
        "d": d,
        "q": q,
        "limit": np.array([[theory.limit_condition_number(s, x) for x in d] for s in spectra]),
        "bounds": np.array([[theory.limit_bounds(s, x) for x in d] for s in spectra]),
        "far": np.array(FAR),
        "approach": np.array([[approach(s, x) for x in FAR] for s in spectra]),
    }


class RatesSetting(Base):
    """Losses at whose balanced point the flow is linearised."""

    cases: tuple[Case, ...] = Field(
        ((1.0, None), (5.0, None), (6.0, 31.0), (15.0, 31.0), (0.1, 1.0)),
        min_length=1,
        description="chosen: (tau^2, K), K null for infinitely many",
    )


def balanced_state(c: Closure) -> np.ndarray:
    """The balanced point: equal energies N^2/r with N^2 the harmonic mean of the variances, aligned, no noise."""
    share = theory.harmonic_mean(c.signal) / c.rank
    return np.concatenate([np.full(3 * c.rank, share), [0.0, 0.0, np.log(c.inverse_temperature)]])


def decay_rates(c: Closure, h: float = 1e-6) -> np.ndarray:
    """All rates at which the flow returns to balance, sorted: minus the eigenvalues of its numerical Jacobian,
    without the two scales."""
    balanced = balanced_state(c)
    columns = [(c.field(balanced + h * e) - c.field(balanced - h * e)) / (2 * h) for e in np.eye(len(balanced))[:-1]]
    eigenvalues = -np.linalg.eigvals(np.array(columns).T[:-1]).real
    return np.sort(eigenvalues[np.argsort(np.abs(eigenvalues))[2:]])


def slowest_balance(c: Closure, h: float = 1e-6) -> float:
    """The slowest rate at which unequal energies die, by moving a = b = g together: theory is not asked which mode it
    is."""
    r, balanced = c.rank, balanced_state(c)
    columns = []
    for p in range(r):
        e = np.zeros(len(balanced))
        e[[p, r + p, 2 * r + p]] = h
        columns.append((c.field(balanced + e)[:r] - c.field(balanced - e)[:r]) / (2 * h))
    rates = np.sort(-np.linalg.eigvals(np.array(columns).T).real)
    return float(rates[1])  # the first is the scale


def slowest_alignment(c: Closure, epsilon: float = 1e-6) -> float:
    """The rate at which 1 - rho of the weakest direction dies, from its correlation alone being moved away from 1."""
    r, state = c.rank, balanced_state(c)
    p = int(np.argmin(c.signal))
    a = state[p]
    state[2 * r + p] = a * (1 - epsilon)
    speed = c.field(state)
    return float((speed[2 * r + p] / a - (1 - epsilon) * (speed[p] + speed[r + p]) / (2 * a)) / epsilon)


@experiment("ren2023.rates", RatesSetting, deterministic=True, seconds={"smoke": 1, "book": 2, "paper": 2})
def rates(config: RatesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """D8: predicted rates at the balanced point against the flow's numerical Jacobian; the fastest temperatures."""
    errors, r = [], len(config.signal)
    for inverse_temperature, negatives in ((t, count(k)) for t, k in config.cases):
        predicted = theory.balanced_rates(config.signal, config.noise, config.d, inverse_temperature, negatives)
        every = np.sort(
            np.concatenate(
                [predicted.balance, predicted.alignment, [predicted.noise, predicted.noise], predicted.difference]
            )
        )
        errors.append(np.abs(decay_rates(config.closure(inverse_temperature, negatives)) / every - 1).max())
    grid = np.linspace(0.05, 3, 2000)
    balance, alignment = (
        np.array([slowest(config.closure(float(x * r))) for x in grid])
        for slowest in (slowest_balance, slowest_alignment)
    )
    return {
        "error": np.array(errors),
        "fastest_balance": np.array(grid[balance.argmax()]),
        "fastest_alignment": np.array(grid[alignment.argmax()]),
        "grid": grid,
        "balance": balance,
        "alignment": alignment,
    }


RANKS = (2, 3, 5, 10, 20, 40)


class SweepSetting(Config):
    """Temperatures in units of the rank; the spectra are named beside the law."""

    relative: tuple[PositiveFloat, ...] = Field(
        (0.2, 0.4, 0.64, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0), min_length=2, description="chosen: tau^2 / r"
    )
    negatives: float | None = Field(None, ge=1, description="chosen: K; null for infinitely many")


@experiment("ren2023.temperature_sweep", SweepSetting, deterministic=True, seconds={"smoke": 2, "book": 8, "paper": 8})
def temperature_sweep(config: SweepSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Peak kappa, t(align > .95), t(kappa < 1.1) against tau^2/r, linspace(1, .2, r), d = 100 `[rank, tau2/r]`."""
    relative, k = np.array(config.relative), count(config.negatives)
    times = np.geomspace(0.01, 1e6, 800)
    paths = [
        [Closure(100, tuple(np.linspace(1, 0.2, r)), 0.2, float(x * r), k).run(times) for x in relative] for r in RANKS
    ]

    def balanced(p: Path) -> float:
        late = Path(p.closure, p.times[p.peak() :], p.states[p.peak() :])
        return late.first_time(late.condition_number, 1.1)

    return {
        "rank": np.array(RANKS),
        "relative": relative,
        "peak": np.array([[p.condition_number.max() for p in row] for row in paths]),
        "aligned": np.array([[p.first_time(p.alignment, 0.95) for p in row] for row in paths]),
        "balanced": np.array([[balanced(p) for p in row] for row in paths]),
    }


class PhaseSetting(Config):
    """The diagram's grid is finer at book."""

    smoke: ClassVar = {"temperatures": 6, "ratios": 4}

    d: int = Field(40, ge=5, le=20_000, description="chosen (BASE)")
    noise: float = Field(0.2, ge=0, description="chosen (BASE): sigma_xi^2")
    temperatures: int = Field(40, ge=2, description="chosen: columns of the phase diagram")
    ratios: int = Field(30, ge=2, description="chosen: rows of the phase diagram")
    lowest: float = Field(0.1, gt=0, description="chosen: tau^2 of the first column")
    highest: float = Field(30.0, gt=0, description="chosen: tau^2 of the last column")
    negatives: float | None = Field(None, ge=1, description="chosen: K; null for infinitely many")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lowest < self.highest:
            raise ValueError(f"lowest = {self.lowest:g} must be below highest = {self.highest:g}")
        return self


@experiment("ren2023.phase", PhaseSetting, deterministic=True, seconds={"smoke": 1, "book": 10, "paper": 10})
def phase(config: PhaseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """kappa and alignment at t = 300 over tau^2 and the spread of a geometric spectrum `[ratio, tau2]`."""
    temperatures = np.geomspace(config.lowest, config.highest, config.temperatures)
    ratios, k = np.geomspace(1.5, 100, config.ratios), count(config.negatives)
    kappa, alignment = np.empty((2, len(ratios), len(temperatures)))
    for i, ratio in enumerate(ratios):
        for j, t in enumerate(temperatures):
            p = Closure(config.d, tuple(np.geomspace(1, 1 / ratio, 5)), config.noise, float(t), k).run(
                np.array([0.0, 300.0]), rtol=1e-7
            )
            kappa[i, j], alignment[i, j] = p.condition_number[-1], p.alignment[-1]
    return {"inverse_temperature": temperatures, "ratio": ratios, "condition_number": kappa, "alignment": alignment}
