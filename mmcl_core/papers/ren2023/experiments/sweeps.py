"""Statements for every spectrum and temperature, tried on random ones: one seed is one configuration (D4, D6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core import flow
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023 import theory
from mmcl_core.papers.ren2023.closure import Closure, Path
from mmcl_core.papers.ren2023.experiments.negatives import Case, Counts, Temperatures, count, log_uniform
from mmcl_core.runtime import numpy_generator


class SweepSetting(Config):
    """Random configurations: r 2-11, sigma^2 in e^[-2.5, 0], d - r in 0..99, sigma_xi^2 in e^[-4, 1]."""

    smoke: ClassVar = {"seeds": 10}
    seeds: int = Field(300, ge=1, description="chosen: number of random configurations")
    inverse_temperatures: Temperatures = Field((0.05, 20.0), description="chosen: tau^2 is drawn from, log-uniform")
    negatives: float | None = Field(None, ge=1, description="chosen: K; null for infinitely many")


def random_closure(config: SweepSetting, seed: int) -> Closure:
    """The configuration of one seed."""
    stream = numpy_generator("ren2023", seed, "configuration")
    r = int(stream.integers(2, 12))
    signal = np.sort(np.exp(stream.uniform(-2.5, 0, r)))[::-1]
    d = r + int(stream.integers(0, 100))
    return Closure(
        d,
        tuple(signal.tolist()),
        float(np.exp(stream.uniform(-4, 1))),
        log_uniform(stream, config.inverse_temperatures),
        count(config.negatives),
    )


def path(c: Closure) -> Path:
    """The flow of one configuration, long enough for both stages."""
    return c.run(np.geomspace(1e-3, 300 * c.d / min(1.0, c.inverse_temperature) ** 2, 400))


def rerise(p: Path) -> float:
    """How far kappa rises again after its peak: its largest ratio to the lowest value before, minus 1."""
    late = p.condition_number[p.peak() :]
    return float((late / np.minimum.accumulate(late) - 1).max())


@experiment("ren2023.sweep", SweepSetting, seconds={"smoke": 1, "book": 14, "paper": 14}, block=50)
def sweep(config: SweepSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """For each random configuration: monotone correlations, initial rise, later re-rise, signs of the two pushes."""
    rows = []
    for seed in seeds:
        c = random_closure(config, seed)
        p = path(c)
        none = c.but(inverse_temperature=None).run(np.geomspace(1e-3, 300 * c.d, 400))
        positive, negative = p.pushes()
        early = (
            0.01 * p.squares[0][0] / (c.inverse_temperature * c.rates[0][0])
        )  # in the range of the quadratic term of D4(c)
        start = c.run(np.array([0.0, early]), rtol=1e-12).condition_number
        rows.append(
            (
                max(0.0, -np.diff(p.correlations, axis=0).min()),
                np.log(start[1] / start[0]),
                max(0.0, -np.diff(none.condition_number).min() / none.condition_number[-1]),
                rerise(p),
                positive.min() / np.abs(positive).max(),
                negative.max() / max(np.abs(negative).max(), 1e-30),
                c.inverse_temperature / c.rank,
            )
        )
    names = (
        "correlation_fall",
        "initial_rise",
        "noncontrastive_fall",
        "rerise",
        "least_positive",
        "largest_negative",
        "relative_temperature",
    )
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


FRESH = 10_000  # the first seed that no earlier sweep has seen


class FreshSetting(SweepSetting):
    """Configurations that the sweep has not seen."""

    seeds: int = Field(150, ge=1, description="chosen: number of random configurations")


@experiment("ren2023.fresh_sweep", FreshSetting, seconds={"smoke": 1, "book": 7, "paper": 7}, block=50)
def fresh_sweep(config: FreshSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The later re-rise on configurations that were not looked at when its range of temperatures was chosen."""
    fresh = [random_closure(config, FRESH + seed) for seed in seeds]
    return {
        "rerise": np.array([rerise(path(c)) for c in fresh]),
        "relative_temperature": np.array([c.inverse_temperature / c.rank for c in fresh]),
    }


class ExpansionSetting(Config):
    """BASE, at losses of one's own."""

    cases: tuple[Case, ...] = Field(
        ((1.0, None), (2.0, 3.0)), min_length=1, description="chosen: (tau^2, K), K null for infinitely many"
    )


@experiment("ren2023.expansion", ExpansionSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def expansion(config: ExpansionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """D4(c): the rise of log(a_1/a_r) from the flow over its predicted quadratic term, at shrinking times, BASE."""
    times = np.array([0.01, 0.03, 0.1, 0.3])
    ratio = []
    for inverse_temperature, negatives in ((t, count(k)) for t, k in config.cases):
        c = Closure(40, (1.0, 0.8, 0.6, 0.4, 0.2), 0.2, inverse_temperature, negatives)
        p = c.run(np.concatenate([[0.0], times]), rtol=1e-12)
        rise = np.log(p.a[1:, 0] / p.a[1:, -1]) - np.log(p.a[0, 0] / p.a[0, -1])
        rates, q_0 = c.rates[0], 2.0 if np.isinf(negatives) else 2 * negatives / (1 + negatives)
        square = p.squares[0][0]
        mean = p.a[0] @ rates / square
        predicted = (
            2
            * q_0**2
            * inverse_temperature**2
            * times**2
            / square**2
            * (rates[0] - rates[-1])
            * (rates[0] + rates[-1] - mean)
        )
        ratio.append(rise / predicted)
    return {"time": times, "ratio": np.array(ratio)}


class BalanceSetting(Config):
    """Random starts on the aligned, noise-free manifold (D6)."""

    smoke: ClassVar = {"seeds": 10}

    seeds: int = Field(60, ge=1, description="chosen: random starts")
    inverse_temperatures: Temperatures = Field((0.2, 6.0), description="chosen: tau^2 is drawn from, log-uniform")
    negatives: Counts = Field((1.0, math.exp(6)), description="chosen: K is drawn from, log-uniform; to e^6")
    epsilon: float = Field(0.05, gt=0, description="chosen: kappa^2 - 1 to reach")


@experiment("ren2023.balance_time", BalanceSetting, seconds={"smoke": 1, "book": 5, "paper": 5}, block=60)
def balance_time(config: BalanceSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Time to kappa^2 - 1 <= epsilon over its bound; largest rise of kappa on the way; non-contrastive speed."""
    rows = []
    for seed in seeds:
        stream = numpy_generator("ren2023", seed, "balance")
        r = int(stream.integers(2, 8))
        signal = np.sort(np.exp(stream.uniform(-1.5, 0, r)))[::-1]
        d, negatives = r + int(stream.integers(0, 60)), log_uniform(stream, config.negatives)
        c = Closure(d, tuple(signal.tolist()), 0.2, log_uniform(stream, config.inverse_temperatures), negatives)
        a = np.exp(stream.uniform(-3, 0, r))
        a /= (
            a / signal
        ).sum()  # ||W||_F^2 = d as at the start of training, which the bound's N^2 <= sigma_1^2 rests on
        state = np.concatenate([a, a, a, [0.0, 0.0, np.log(c.inverse_temperature)]])
        start = float(np.sqrt(a.max() / a.min()))
        bound = theory.balance_time_bound(signal, d, c.inverse_temperature, negatives, start, config.epsilon)
        times = np.concatenate([[0.0], np.geomspace(bound / 1e4, 1.5 * bound, 1500)])
        states = flow.solve(c.field, state, times, rtol=1e-9, atol=1e-14)
        square = states[:, :r].max(1) / states[:, :r].min(1)
        below = np.flatnonzero(square - 1 <= config.epsilon)
        actual = times[below[0]] if len(below) else np.inf
        rows.append(
            (
                actual / bound,
                max(0.0, np.diff(square).max()),
                np.abs(c.but(inverse_temperature=None).field(state)).max(),
            )
        )
    return {
        name: np.array(column)
        for name, column in zip(("share", "rise", "noncontrastive_speed"), zip(*rows, strict=True), strict=True)
    }
