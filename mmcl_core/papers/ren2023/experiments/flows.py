"""The infinite-width flow of BASE: temperatures, negatives, the two pushes, switching, learnt temperature, different
spectra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat
from scipy.interpolate import CubicSpline

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023.closure import Path
from mmcl_core.papers.ren2023.experiments.base import Base
from mmcl_core.papers.ren2023.experiments.negatives import AtLeastOne, count


class FlowSetting(Base):
    """BASE at infinite width; nothing here is random."""

    points: int = Field(2000, ge=50, description="chosen: points in log time")
    smoke: ClassVar = {"points": 400}


class ManyNegatives(FlowSetting):
    """The flow's own limit, K = inf, or another K: by D4 it sets the pace and nothing else."""

    negatives: float | None = Field(None, ge=1, description="chosen: K; null for infinitely many")


def path(c: FlowSetting, inverse_temperature: float | None, end: float, negatives: float | None = None) -> Path:
    return c.closure(inverse_temperature, count(negatives)).run(np.geomspace(0.01, end, c.points))


def long_enough(inverse_temperature: float) -> float:
    """A time by which a run at this temperature has been through both stages."""
    return max(2e4, 3e3 / inverse_temperature**2)


def summary(p: Path) -> list[float]:
    """Peak kappa, its time, the alignment there, t(align > .99), kappa there, t(kappa < 1.1), t(kappa < 1.01) after
    the peak."""
    i, after = p.peak(), slice(p.peak(), None)
    late = Path(p.closure, p.times[after], p.states[after])
    aligned = p.first_time(p.alignment, 0.99)
    at = np.interp(np.log(aligned), np.log(p.times), p.condition_number) if np.isfinite(aligned) else np.nan
    return [
        p.condition_number[i],
        p.times[i],
        p.alignment[i],
        aligned,
        at,
        late.first_time(late.condition_number, 1.1),
        late.first_time(late.condition_number, 1.01),
    ]


class TemperaturesSetting(ManyNegatives):
    """One run for each temperature."""

    inverse_temperatures: tuple[PositiveFloat, ...] = Field(
        (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 6.0, 10.0, 20.0), min_length=1, description="chosen: tau^2"
    )


@experiment(
    "ren2023.temperatures", TemperaturesSetting, deterministic=True, seconds={"smoke": 1, "book": 2, "paper": 2}
)
def temperatures(config: TemperaturesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """What a run does at eleven temperatures: `[temperature, measure]`, measures in the order of `summary`."""
    paths = [path(config, t, long_enough(t), config.negatives) for t in config.inverse_temperatures]
    none = path(config, None, 4e5)
    later = none.closure.run(np.array([0.0, 4e6]), none.states[-1])
    return {
        "inverse_temperature": np.array(config.inverse_temperatures),
        "summary": np.array([summary(p) for p in paths]),
        "noncontrastive_change": np.array(abs(later.condition_number[-1] - none.condition_number[-1])),
        "noncontrastive_end": np.array(none.condition_number[-1]),
    }


class SmallTemperaturesSetting(ManyNegatives):
    """Temperatures towards zero."""

    inverse_temperatures: tuple[PositiveFloat, ...] = Field(
        (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1), min_length=4, description="chosen: tau^2"
    )


@experiment(
    "ren2023.small_temperatures",
    SmallTemperaturesSetting,
    deterministic=True,
    seconds={"smoke": 1, "book": 1, "paper": 1},
)
def small_temperatures(config: SmallTemperaturesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Times of both stages and the peak as tau^2 goes to zero."""
    rows = []
    for t in config.inverse_temperatures:
        p = path(config, t, 3e3 / t**2, config.negatives)
        after = slice(p.peak(), None)
        late = Path(p.closure, p.times[after], p.states[after])
        rows.append(
            [p.first_time(p.alignment, 0.95), late.first_time(late.condition_number, 1.1), p.condition_number.max()]
        )
    aligned, balanced, peak = np.array(rows).T
    chosen = np.array(config.inverse_temperatures)
    return {"inverse_temperature": chosen, "aligned": aligned, "balanced": balanced, "peak": peak}


class ClockSetting(FlowSetting):
    """One temperature, several numbers of negatives."""

    inverse_temperature: float = Field(5.0, gt=0, description="chosen: tau^2")
    negatives: tuple[AtLeastOne, AtLeastOne] = Field(
        (1.0, 31.0), description="chosen: K, beside infinitely many, which come last"
    )


@experiment("ren2023.clock", ClockSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def clock(config: ClockSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """kappa against alignment for K = 1, 31 and infinitely many negatives at tau^2 = 5."""
    grid = np.linspace(0.02, 0.99, 200)
    t = config.inverse_temperature
    paths = [path(config, t, long_enough(t), k) for k in (*config.negatives, None)]

    # Alignment rises strictly, so it can be the clock of each orbit; a spline adds less than the solver's error. Where
    # a run does not get, there is no orbit: NaN.
    return {
        "alignment": grid,
        "orbit": np.stack(
            [
                CubicSpline(
                    p.alignment[p.alignment < 0.9999], p.condition_number[p.alignment < 0.9999], extrapolate=False
                )(grid)
                for p in paths
            ]
        ),
        "peak": np.array([p.condition_number.max() for p in paths]),
        "aligned": np.array([p.first_time(p.alignment, 0.95) for p in paths]),
    }


ENDS = {0.1: 3e5, 1.0: 3e3, 5.0: 1e3}  # times at which the interesting part is over, where that is before `long_enough`
Five = tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat]


class PushesSetting(ManyNegatives):
    """Five temperatures, the third of which the chapter draws."""

    inverse_temperatures: Five = Field((0.1, 1.0, 5.0, 15.0, 30.0), description="chosen: tau^2")


@experiment("ren2023.pushes", PushesSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def pushes(config: PushesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """d log(a_1/a_r)/dt split into positive and negative pairs' parts, five temperatures `[temperature, T]`."""
    paths = [path(config, t, ENDS.get(t, long_enough(t)), config.negatives) for t in config.inverse_temperatures]
    positive, negative = (np.stack(x) for x in zip(*(p.pushes() for p in paths), strict=True))
    return {
        "inverse_temperature": np.array(config.inverse_temperatures),
        "time": np.stack([p.times for p in paths]),
        "positive": positive,
        "negative": negative,
        "log_ratio": np.stack([np.log(p.a[:, 0] / p.a[:, -1]) for p in paths]),
        "condition_number": np.stack([p.condition_number for p in paths]),
    }


class SwitchingSetting(Base):
    """One loss after the other, and one temperature after another."""

    inverse_temperature: float = Field(5.0, gt=0, description="chosen: tau^2 before or after the other loss")
    cold: float = Field(0.01, gt=0, description="chosen: tau^2 of the first stage of the staged run")
    hot: float = Field(6.0, gt=0, description="chosen: tau^2 of its second stage")
    cold_time: float = Field(1.3e4, gt=0, description="chosen: length of the first stage")
    negatives: float | None = Field(None, ge=1, description="chosen: K; null for infinitely many")


@experiment("ren2023.switching", SwitchingSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def switching(config: SwitchingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Non-contrastive then contrastive (tau^2 = 5) training, the reverse after 3, 15 and 100 units, a staged tau^2."""
    first, second = np.linspace(0, 1000, 400), np.concatenate([[0], np.geomspace(0.01, 100, 400)])
    k = count(config.negatives)
    contrastive, none = config.closure(config.inverse_temperature, k), config.closure(None)
    before = none.run(first)
    arrays = {"nc_first_time": first, "nc_first": before.condition_number, "c_then_time": second}
    then = contrastive.run(second, before.states[-1])
    arrays["c_then"] = then.condition_number
    starts = np.array([3.0, 15.0, 100.0])
    reverse = []
    for start in starts:
        state = contrastive.run(np.array([0.0, start])).states[-1]
        p = none.run(first, state)
        reverse.append(p.condition_number)
    warm = config.closure(config.cold, k).run(np.array([0.0, config.cold_time]))
    hot = config.closure(config.hot, k).run(second, warm.states[-1])
    return arrays | {
        "c_first": starts,
        "nc_then": np.stack(reverse),
        "staged_start": warm.condition_number[-1:],
        "staged_alignment": warm.alignment[-1:],
        "staged": hot.condition_number,
    }


LEARNING = (0.003, 0.01, 0.03, 0.1)


class LearntSetting(FlowSetting):
    """A temperature that is trained."""

    inverse_temperature: float = Field(3.0, gt=0, description="chosen: tau^2 at the start")
    negatives: float | None = Field(1023.0, ge=1, description="chosen: K; null for infinitely many")


@experiment(
    "ren2023.learnt_temperature", LearntSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1}
)
def learnt_temperature(config: LearntSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """A gradient flow on log tau^2 beside that of the weights, from tau^2 = 3, K = 1023, to time 1000."""
    times = np.geomspace(0.01, 1000, config.points)
    start = config.closure(config.inverse_temperature, count(config.negatives))
    paths = [start.but(learning=rate).run(times) for rate in (0.0, *LEARNING)]
    return {
        "learning": np.array((0.0, *LEARNING)),
        "time": times,
        "inverse_temperature": np.stack([p.inverse_temperature for p in paths]),
        "condition_number": np.stack([p.condition_number for p in paths]),
        "alignment": np.stack([p.alignment for p in paths]),
    }
