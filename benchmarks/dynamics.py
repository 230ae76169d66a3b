"""Seconds for one training three ways: the plain script one seed after another, the core one by one, the core at once.

    python benchmarks/dynamics.py [--seeds 8] [--steps 100]

The plain script is `minimal/huang2024.py`: ordinary autograd in R^d. Speed is measured here and asserted nowhere.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from mmcl_core.papers.huang2024 import dynamics, setting

SIZES = {"n": 100, "m": 50, "d": 2000, "signal": 5.0, "ratio": 3.0, "initial_scale": 1e-3}


def script(key: str):
    """`minimal/<key>.py` as a module."""
    spec = importlib.util.spec_from_file_location(key, Path(__file__).parents[1] / "minimal" / f"{key}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(seeds: Sequence[int], steps: int) -> None:
    """One seed after another; the head, which the core's trajectory does not fit, is left out."""
    module = script("huang2024")
    for seed in seeds:
        module.train(seed, "multi", epochs=steps, test_every=steps + 1)


def core(groups: Sequence[Sequence[int]], steps: int) -> None:
    """Span coordinates, each group of seeds at once."""
    for seeds in groups:
        for _ in dynamics.trajectory(setting.gaussian(seeds, **SIZES), True, 0.01, steps, 1.0):
            pass


def seconds(job: Callable[[], None]) -> float:
    """Of the second of two calls: the first warms up."""
    job()
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=100)
    a = parser.parse_args()
    seeds = range(a.seeds)
    torch.set_num_threads(1)
    rows = {
        "plain script, seed by seed": lambda: plain(seeds, a.steps),
        "core, seed by seed": lambda: core([[s] for s in seeds], a.steps),
        "core, all seeds at once": lambda: core([list(seeds)], a.steps),
    }
    print(f"{a.seeds} seeds x {a.steps} steps, multi-modal, n=100, m=50, d=2000, float64, one thread, with the drawing")
    for name, job in rows.items():
        print(f"{name:30} {seconds(job):6.2f} s")
