"""The infinite-width flow of BASE: temperatures, negatives, the two pushes, switching, learnt temperature, different
spectra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.interpolate import CubicSpline

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023.closure import Path
from mmcl_core.papers.ren2023.experiments.base import Base


class FlowSetting(Base):
    """BASE at infinite width; nothing here is random."""

    points: int = Field(2000, ge=50, description="chosen: points in log time")
    smoke: ClassVar = {"points": 400}


def path(c: FlowSetting, inverse_temperature: float | None, end: float, negatives: float = np.inf) -> Path:
    return c.closure(inverse_temperature, negatives).run(np.geomspace(0.01, end, c.points))


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


TEMPERATURES = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 6.0, 10.0, 20.0)


@experiment("ren2023.temperatures", FlowSetting, deterministic=True, seconds={"smoke": 1, "book": 2, "paper": 2})
def temperatures(config: FlowSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """What a run does at eleven temperatures: `[temperature, measure]`, measures in the order of `summary`."""
    ends = [max(2e4, 3e3 / t**2) for t in TEMPERATURES]
    paths = [path(config, t, end) for t, end in zip(TEMPERATURES, ends, strict=True)]
    none = path(config, None, 4e5)
    later = none.closure.run(np.array([0.0, 4e6]), none.states[-1])
    return {
        "inverse_temperature": np.array(TEMPERATURES),
        "summary": np.array([summary(p) for p in paths]),
        "noncontrastive_change": np.array(abs(later.condition_number[-1] - none.condition_number[-1])),
        "noncontrastive_end": np.array(none.condition_number[-1]),
    }


@experiment("ren2023.small_temperatures", FlowSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def small_temperatures(config: FlowSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Times of both stages and the peak as tau^2 goes to zero."""
    chosen = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1)
    rows = []
    for t in chosen:
        p = path(config, t, 3e3 / t**2)
        after = slice(p.peak(), None)
        late = Path(p.closure, p.times[after], p.states[after])
        rows.append(
            [p.first_time(p.alignment, 0.95), late.first_time(late.condition_number, 1.1), p.condition_number.max()]
        )
    aligned, balanced, peak = np.array(rows).T
    return {"inverse_temperature": np.array(chosen), "aligned": aligned, "balanced": balanced, "peak": peak}


COUNTS = (1.0, 31.0, np.inf)


@experiment("ren2023.clock", FlowSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def clock(config: FlowSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """kappa against alignment for K = 1, 31 and infinitely many negatives at tau^2 = 5."""
    grid = np.linspace(0.02, 0.99, 200)
    paths = [path(config, 5.0, 20_000.0, k) for k in COUNTS]

    # Alignment rises strictly, so it can be the clock of each orbit; a spline adds less than the solver's error.
    return {
        "alignment": grid,
        "orbit": np.stack(
            [
                CubicSpline(p.alignment[p.alignment < 0.9999], p.condition_number[p.alignment < 0.9999])(grid)
                for p in paths
            ]
        ),
        "peak": np.array([p.condition_number.max() for p in paths]),
        "aligned": np.array([p.first_time(p.alignment, 0.95) for p in paths]),
    }


SPLIT = (0.1, 1.0, 5.0, 15.0, 30.0)


@experiment("ren2023.pushes", FlowSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def pushes(config: FlowSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """d log(a_1/a_r)/dt split into positive and negative pairs' parts, five temperatures `[temperature, T]`."""
    paths = [path(config, t, e) for t, e in zip(SPLIT, (3e5, 3e3, 1e3, 2e4, 2e4), strict=True)]
    positive, negative = (np.stack(x) for x in zip(*(p.pushes() for p in paths), strict=True))
    return {
        "inverse_temperature": np.array(SPLIT),
        "time": np.stack([p.times for p in paths]),
        "positive": positive,
        "negative": negative,
        "log_ratio": np.stack([np.log(p.a[:, 0] / p.a[:, -1]) for p in paths]),
        "condition_number": np.stack([p.condition_number for p in paths]),
    }


@experiment("ren2023.switching", FlowSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def switching(config: FlowSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Non-contrastive then contrastive (tau^2 = 5) training, the reverse after 3, 15 and 100 units, a staged tau^2."""
    first, second = np.linspace(0, 1000, 400), np.concatenate([[0], np.geomspace(0.01, 100, 400)])
    contrastive, none = config.closure(5.0), config.closure(None)
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
    warm = config.closure(0.01).run(np.array([0.0, 1.3e4]))
    hot = config.closure(6.0).run(second, warm.states[-1])
    return arrays | {
        "c_first": starts,
        "nc_then": np.stack(reverse),
        "staged_start": warm.condition_number[-1:],
        "staged_alignment": warm.alignment[-1:],
        "staged": hot.condition_number,
    }


LEARNING = (0.003, 0.01, 0.03, 0.1)


@experiment("ren2023.learnt_temperature", FlowSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def learnt_temperature(config: FlowSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """A gradient flow on log tau^2 beside that of the weights, from tau^2 = 3, K = 1023, to time 1000."""
    times = np.geomspace(0.01, 1000, config.points)
    paths = [config.closure(3.0, 1023).but(learning=rate).run(times) for rate in (0.0, *LEARNING)]
    return {
        "learning": np.array((0.0, *LEARNING)),
        "time": times,
        "inverse_temperature": np.stack([p.inverse_temperature for p in paths]),
        "condition_number": np.stack([p.condition_number for p in paths]),
        "alignment": np.stack([p.alignment for p in paths]),
    }
