"""Theorem 3.3: random pairs are mismatched, and a mismatched model opens its gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024 import bessel, dynamics, parallel
from mmcl_core.runtime import generator

CASES = (
    (200, 3, 1.0),
    (2000, 3, 1.0),
    (5000, 3, 1.0),
    (2000, 3, 14.3),
    (500, 16, 14.3),
    (2000, 16, 14.3),
    (2000, 64, 14.3),
    (2048, 512, 14.3),
)  # (n, d, beta_0)


class OpeningSetting(Config):
    """Random embeddings from a few hundred to a few thousand pairs, up to CLIP's dimension."""

    smoke: ClassVar = {"seeds": 3, "cases": tuple(case for case in CASES if case[0] <= 2000)}

    seeds: int = Field(20, ge=1, description="chosen: draws for each row")
    cases: tuple[tuple[int, int, float], ...] = Field(CASES, min_length=1, description="chosen (T33a): (n, d, beta_0)")
    gamma: float = Field(0.3, gt=0, lt=1, description="chosen (T33a): gamma_0")


@experiment(
    "yaras2024.random_start",
    OpeningSetting,
    coordinates=("case", "limit", "bound"),
    seconds={"smoke": 3, "book": 16, "paper": 16},
)
def random_start(config: OpeningSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """2 d gamma/dt and d Delta/dt at the start of random draws `[S, case]`, beside limit (9) and bound (8)."""
    twice_gamma, moving = np.zeros((2, len(seeds), len(config.cases)))
    for column, (n, d, beta) in enumerate(config.cases):
        for row, seed in enumerate(seeds):
            (rates,) = random_rates(seed, n, d, beta, [config.gamma])
            twice_gamma[row, column], moving[row, column] = rates.twice_gamma, rates.moving
    return {
        "case": np.array(config.cases),
        "limit": np.array([bessel.limit(d, b, config.gamma) for _, d, b in config.cases]),
        "bound": np.array([bessel.finite_bound(n, d, b, config.gamma) for n, d, b in config.cases]),
        "twice_gamma": twice_gamma,
        "moving": moving,
    }


def random_rates(seed: int, n: int, d: int, beta: float, gammas: Sequence[float]) -> list[dynamics.Rates]:
    """Initial rates of one draw at the given heights.

    Single precision from 2000 pairs on, where the draw's own spread is ten thousand times its rounding.
    """
    stream = generator("yaras2024.opening", seed, f"n={n} d={d}")
    dtype = torch.float32 if n >= 2000 else torch.float64
    x, y = (parallel.sphere(n, d, stream).to(dtype) for _ in range(2))
    return dynamics.initial_rates(x, y, beta, gammas)


class ManyPairsSetting(Config):
    """Random embeddings over sizes n, for what holds as n grows."""

    smoke: ClassVar = {"seeds": 4, "sizes": (60, 120, 240, 480)}

    seeds: int = Field(20, ge=2, description="chosen: draws at each size")
    sizes: tuple[int, ...] = Field((60, 120, 240, 480, 960, 1920), min_length=4, description="chosen: pairs n")
    spaces: tuple[tuple[int, float], ...] = Field(
        ((3, 5.0), (16, 5.0), (64, 1 / 0.07)), min_length=1, description="chosen: (d, beta_0)"
    )
    gamma: float = Field(0.3, gt=0, lt=1, description="chosen (T33a): gamma_0")
    small: float = Field(0.07, gt=0, le=1, description="chosen (T33c): a small gamma_0 in units of n^(-1/2)")


@experiment(
    "yaras2024.many_pairs",
    ManyPairsSetting,
    coordinates=("size", "limit"),
    seconds={"smoke": 1, "book": 20, "paper": 20},
)
def many_pairs(config: ManyPairsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Rates over n: 2 d gamma/dt and d Delta/dt over limit (9) `[S, space, n]`.

    `step` `[S, space, n]`: d Delta/dt over 2 d gamma/dt at gamma_0 = `small` n^(-1/2), encoders moving; `frozen`: at
    rest.
    """
    twice_gamma, moving, step, frozen = np.zeros((4, len(seeds), len(config.spaces), len(config.sizes)))
    limits = np.array([bessel.limit(d, beta, config.gamma) for d, beta in config.spaces])
    for row, seed in enumerate(seeds):
        for k, (d, beta) in enumerate(config.spaces):
            for column, n in enumerate(config.sizes):
                at = row, k, column
                large, small = random_rates(seed, n, d, beta, [config.gamma, config.small / n**0.5])
                twice_gamma[at], moving[at] = large.twice_gamma / limits[k], large.moving / limits[k]
                step[at], frozen[at] = small.moving / small.twice_gamma, small.frozen / small.twice_gamma
    return {
        "size": np.array(config.sizes),
        "limit": limits,
        "twice_gamma": twice_gamma,
        "moving": moving,
        "step": step,
        "frozen": frozen,
    }


class SmallGapSetting(Config):
    """Many pairs at starting gaps around the size of the sampling noise, where the proof's last step fails."""

    smoke: ClassVar = {"seeds": 2, "n": 500}

    seeds: int = Field(120, ge=1, description="chosen: draws; .95 is settled also when one of them falls below (8)")
    n: int = Field(4000, ge=2, le=20_000, description="chosen: pairs, enough for bound (8) to be positive")
    d: int = Field(3, ge=2, description="chosen (T33c)")
    beta: float = Field(2.0, gt=0, description="chosen: beta_0; near the one at which (8) needs the fewest pairs")
    multiples: tuple[float, ...] = Field(
        (0.05, 0.2, 0.35), min_length=1, description="chosen (T33c): small gamma_0, in units of n^(-1/2)"
    )
    gamma: float = Field(0.3, gt=0, lt=1, description="chosen (T33a): a large gamma_0")


@experiment(
    "yaras2024.small_gap",
    SmallGapSetting,
    coordinates=("gamma", "limit", "bound"),
    seconds={"smoke": 1, "book": 60, "paper": 60},
    block=20,
)
def small_gap(config: SmallGapSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Rates at several starting gaps `[S, gamma]`, with frozen and with moving encoders, beside limit (9) and bound
    (8)."""
    gammas = np.array([*(c / config.n**0.5 for c in config.multiples), config.gamma])
    arrays = {key: np.zeros((len(seeds), len(gammas))) for key in ("twice_gamma", "frozen", "moving")}
    for row, seed in enumerate(seeds):
        for column, rates in enumerate(random_rates(seed, config.n, config.d, config.beta, gammas.tolist())):
            for key in arrays:
                arrays[key][row, column] = getattr(rates, key)
    return {
        "gamma": gammas,
        "limit": np.array([bessel.limit(config.d, config.beta, g) for g in gammas]),
        "bound": np.array([bessel.finite_bound(config.n, config.d, config.beta, g) for g in gammas]),
        **arrays,
    }


DIMENSIONS = (3, 16, 512)
BETAS = (0.5, 1.0, 2.0, 5.0, 14.3)


class BoundSetting(Config):
    """The bound (8) alone: no draws."""

    gamma: float = Field(0.3, gt=0, lt=1, description="chosen (T33b): gamma_0")
    delta: float = Field(0.05, gt=0, lt=1, description="chosen (T33b): allowed failure probability")


@experiment("yaras2024.finite_bound", BoundSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def finite_bound(config: BoundSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """From how many pairs on bound (8) says anything `[d, beta]`, its value at CLIP's sizes, and its curve over n."""
    counts = np.geomspace(10, 1e18, 120)
    shown = ((3, 1.0), (3, 14.3), (16, 14.3), (512, 14.3))
    return {
        "smallest": np.array(
            [[bessel.smallest_informative_n(d, b, config.gamma, config.delta) for b in BETAS] for d in DIMENSIONS]
        ),
        "clip": np.array(bessel.finite_bound(2048, 512, 14.3, config.gamma, config.delta)),
        "n": counts,
        "shown": np.array(shown),
        "curve": np.array(
            [[bessel.finite_bound(n, d, b, config.gamma, config.delta) for n in counts] for d, b in shown]
        ),
        "limit": np.array([bessel.limit(d, b, config.gamma) for d, b in shown]),
    }
