"""Fig. 2 and what follows from its model of free points: schemes, swapping, phase diagrams."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import torch
from pydantic import BeforeValidator, Field, model_validator

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024 import swapping
from mmcl_core.papers.yaras2024.dynamics import fixed_similarity
from mmcl_core.papers.yaras2024.points import GAMMA_0, Ring, full_flow
from mmcl_core.papers.yaras2024.schemes import Exponential, Fixed, Schedule, Scheme, Softplus
from mmcl_core.papers.yaras2024.swapping import Swap


class RingSetting(Config):
    """The start of Fig. 2, identified from its vector curves."""

    n: int = Field(5, ge=2, le=1000, description="Fig. 2: five pairs")
    shift: int = Field(2, ge=0, description="Fig. 2: partners two vertices apart")
    gamma: float = Field(GAMMA_0, gt=0, lt=1, description="Fig. 2: heights +-cos(0.4 pi)")
    temperature: float = Field(0.07, gt=0, description="Fig. 2: tau_0")
    end: float = Field(1e5, gt=1, description="Fig. 2: time")

    @model_validator(mode="after")
    def _a_partner(self) -> Self:
        if self.shift >= self.n:
            raise ValueError(
                f"a shift of {self.shift} vertices does not exist on a ring of {self.n}: allowed is 0 to {self.n - 1}"
            )
        return self

    def ring(self, law: Scheme | Schedule | None = None, temperature: float | None = None) -> Ring:
        return Ring(self.n, self.shift, self.gamma, 1 / (temperature or self.temperature), law or Exponential())


REFERENCE_TIMES = (0.0, 0.1, 0.3, 1.0, 2.064, 3.0, 5.0, 10.0, 100.0, 1e3, 1e4, 1e5)
FRAME_TIMES = (0.0, 0.4, 2.3, 4.0, 1e2, 1e5)


RINGS = (2, 3, 8)  # beside the five pairs of Fig. 2, which run to the end


def conserved_range(n: int) -> float:
    """By how much log(beta gamma^n) varies along the unreduced flow of n free pairs up to t = 100.

    They start mismatched on two symmetric rings.
    """
    return drift(n, *full_flow(Ring(n, max(1, (n - 1) // 2)), np.array([0.0, 1.0, 10.0, 100.0]), rtol=1e-10))


def drift(n: int, gap: np.ndarray, temperature: np.ndarray) -> float:
    return float(np.ptp(n * np.log(gap / 2) - np.log(temperature)))


@experiment("yaras2024.fig2", RingSetting, deterministic=True, seconds={"smoke": 2, "book": 2, "paper": 2})
def fig2(config: RingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Fig. 2: gap and temperature over time, six frames of the sphere `[frame, n, 3]`, the unreduced flow.

    `peak_angle`: partners' angle where the gap is largest, in degrees; `matched`: the moment of matching.
    """
    ring = config.ring()
    plotted = np.geomspace(0.1, config.end, 200)  # the paper plots t + 0.1
    orbit = ring.run(plotted - 0.1)
    frames = ring.run(np.array(FRAME_TIMES))
    reference = ring.run(np.array(REFERENCE_TIMES))
    peak_time, peak_angle = ring.peak(config.end)
    full_gap, full_temperature = full_flow(ring, np.array(REFERENCE_TIMES))
    first, second = (
        np.stack(p)
        for p in zip(*(ring.points(g, a) for g, a in zip(frames.log_gamma, frames.angle, strict=True)), strict=True)
    )
    return {
        "plotted_time": plotted,
        "gap": orbit.gap,
        "temperature": orbit.temperature,
        "peak_time": np.array(peak_time),
        "peak_angle": np.degrees(peak_angle),
        "ring": np.array([config.n, *RINGS]),
        "conserved": np.array([drift(config.n, full_gap, full_temperature), *(conserved_range(n) for n in RINGS)]),
        "frame_time": np.array(FRAME_TIMES),
        "first": first,
        "second": second,
        "reference_time": np.array(REFERENCE_TIMES),
        "reference_gap": reference.gap,
        "reference_temperature": reference.temperature,
        "full_gap": full_gap,
        "full_temperature": full_temperature,
        "matched": np.array(ring.matched(config.end)),
    }


def margin_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """alpha(Z) of each frame `[frame]`, from the points themselves: by how much every pair beats every wrong pair."""
    z = first @ np.swapaxes(second, 1, 2)
    pairs = np.diagonal(z, axis1=1, axis2=2)
    others = np.where(np.eye(z.shape[1], dtype=bool), -np.inf, z)
    return np.minimum(pairs - others.max(2), pairs - others.max(1)).min(1)


class ToySetting(RingSetting):
    """Every way to treat the temperature, in both gradient-flow models."""

    horizon: float = Field(1e5, gt=0, description="chosen (5.2): length of a schedule, which must be that of the run")

    @model_validator(mode="after")
    def _schedules_fit(self) -> Self:
        for start, end in SCHEDULES.values():
            Schedule(start, end, self.horizon).fits(self.end)
        return self


SCHEDULES = {"TS .07 to .2": (0.07, 0.2), "TS .01 to .05": (0.01, 0.05)}
LEARNT: dict[str, Scheme] = {
    "exp(nu)": Exponential(),
    "exp(nu/2)": Exponential(scale=2.0),
    "SLRT .1": Exponential(rate=0.1),
    "exp(nu/10)": Exponential(scale=10.0),
    "softplus": Softplus(),
}
FROZEN = {"FLT .07": 0.07, "FLT .2": 0.2, "FLT 1": 1.0}
METHODS = (*LEARNT, *FROZEN, *SCHEDULES)

PARALLEL_FROZEN = {"FLT .01": 0.01, "FLT .02": 0.02, "FLT .04": 0.04, "FLT .07": 0.07, "FLT .1": 0.1}
PARALLEL_METHODS = (*LEARNT, *PARALLEL_FROZEN)


@experiment("yaras2024.toy_schemes", ToySetting, deterministic=True, seconds={"smoke": 2, "book": 2, "paper": 2})
def toy_schemes(config: ToySetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Gap and temperature of ten methods in the model of Fig. 2 `[method, T]`, and log10 gamma of ten in the
    parallel model."""
    times = np.concatenate([[0.0], np.geomspace(0.01, config.end, 281)])
    rings = [config.ring(law) for law in LEARNT.values()]
    rings += [config.ring(Fixed(), temperature) for temperature in FROZEN.values()]
    rings += [config.ring(Schedule(start, end, config.horizon), start) for start, end in SCHEDULES.values()]
    orbits = [ring.run(times) for ring in rings]

    parallel_times = np.concatenate([[0.0], np.geomspace(1, 1e6, 121)])
    laws = [(law, config.temperature) for law in LEARNT.values()] + [
        (Fixed(), temperature) for temperature in PARALLEL_FROZEN.values()
    ]
    falls = [
        fixed_similarity(10, 1.0, 1 / temperature, 0.3, law, parallel_times)[1] / np.log(10)
        for law, temperature in laws
    ]
    return {
        "time": times,
        "gap": np.stack([o.gap for o in orbits]),
        "temperature": np.stack([o.temperature for o in orbits]),
        "matched": np.array([r.matched(config.end) for r in rings]),
        "parallel_time": parallel_times,
        "parallel_log10_gamma": np.stack(falls),
    }


def several(value: Any) -> Any:
    """One number or several, as a command line can write them: 0.5, [0.5, 1] and (0.5,) are all allowed."""
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return value  # pydantic says what it is
    return (value,) if isinstance(value, int | float) else value


Shares = Annotated[tuple[float, ...], BeforeValidator(several)]


class SwapSetting(RingSetting):
    """Gradient descent with swapped coordinates."""

    book: ClassVar = {"points": 101}
    smoke: ClassVar = {"seeds": 2, "end": 30.0, "points": 11}

    seeds: int = Field(10, ge=1, description="chosen")
    rate: float = Field(0.05, gt=0, le=1, description="chosen (5.2): learning rate, so steps = end / rate")
    end: float = Field(1e3, gt=0, description="chosen (5.2): time")
    points: int = Field(201, ge=2, description="chosen: recorded times")
    hard: Shares = Field((0.001, 0.01, 0.1, 1.0), description="paper: HS, share p of the steps; Table 5 has the same")
    soft: Shares = Field((0.05, 0.5), description="paper: SS .05; .5 chosen (5.2)")
    rows: Shares = Field((0.1, 1.0), description="paper: rows swapped, p not given; chosen (5.2)")

    def swaps(self) -> tuple[Swap, ...]:
        kinds = (("hard", self.hard), ("soft", self.soft), ("row", self.rows))
        return (Swap("none"), *(Swap(kind, p) for kind, shares in kinds for p in shares))

    @model_validator(mode="after")
    def _probabilities(self) -> Self:
        self.swaps()
        return self


@experiment("yaras2024.toy_swaps", SwapSetting, coordinates=("time",), seconds={"smoke": 1, "book": 6, "paper": 6})
def toy_swaps(config: SwapSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Gap and temperature under swapping in the model of Fig. 2, gradient descent `[S, swap, T]`."""
    steps = round(config.end / config.rate)
    record = np.unique(np.concatenate([[0], np.geomspace(1, steps, config.points)]).round().astype(int))
    gap, temperature = swapping.train(config.ring(), config.swaps(), seeds, steps, config.rate, record.tolist())
    return {"time": record * config.rate, "gap": gap, "temperature": temperature}


class PhaseSetting(Config):
    """Where the gap stands at t = 1e5 for other sizes and starts."""

    book: ClassVar = {"resolution": 16}
    smoke: ClassVar = {"resolution": 4, "pairs": (3, 5)}

    resolution: int = Field(32, ge=2, le=200, description="chosen: grid points along each axis")
    pairs: tuple[int, ...] = Field(
        (3, 5, 7, 9, 11, 13), min_length=1, description="chosen (6): odd n, shifted by (n - 1) / 2"
    )
    end: float = Field(1e5, gt=1, description="Fig. 2: time")

    @model_validator(mode="after")
    def _odd(self) -> Self:
        if any(n < 3 or n % 2 == 0 for n in self.pairs):
            raise ValueError(f"the ring sizes are {self.pairs}, but a shift by (n - 1) / 2 needs odd n of at least 3")
        return self


def final_gap(n: int, gamma: float, beta: float, end: float) -> float:
    return float(Ring(n, (n - 1) // 2, gamma, beta).run(np.array([0.0, end]), rtol=1e-8).gap[-1])


REFERENCE_BETAS = (1.0, 5.0, 1 / 0.07, 50.0)


@experiment("yaras2024.phase_pairs", PhaseSetting, deterministic=True, seconds={"smoke": 2, "book": 5, "paper": 10})
def phase_pairs(config: PhaseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Final gap over (n, beta_0) `[n, beta]` at gamma_0 of Fig. 2, and at four reference values of beta_0."""
    betas = np.geomspace(1, 50, config.resolution)
    return {
        "n": np.array(config.pairs),
        "beta": betas,
        "gap": np.array([[final_gap(n, GAMMA_0, b, config.end) for b in betas] for n in config.pairs]),
        "reference_beta": np.array(REFERENCE_BETAS),
        "reference_gap": np.array(
            [[final_gap(n, GAMMA_0, b, config.end) for b in REFERENCE_BETAS] for n in config.pairs]
        ),
    }


@experiment("yaras2024.phase_start", PhaseSetting, deterministic=True, seconds={"smoke": 1, "book": 10, "paper": 40})
def phase_start(config: PhaseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Final gap over (tau_0, gamma_0) `[gamma, tau]` for the five pairs of Fig. 2."""
    temperatures = np.geomspace(0.02, 1, config.resolution)
    gammas = np.linspace(0.02, 0.9, config.resolution)
    gap = [[final_gap(5, g, 1 / t, config.end) for t in temperatures] for g in gammas]
    return {"temperature": temperatures, "gamma": gammas, "gap": np.array(gap)}
