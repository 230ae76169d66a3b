"""Seconds for the same training three ways: plain PyTorch in R^d seed by seed, span coordinates seed by seed, span
coordinates batched.

    python benchmarks/dynamics.py

Speed is measured here and asserted nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from mmcl_core.papers.huang2024 import dynamics, reference, setting

SEEDS, STEPS = range(8), 100
SIZES = {"n": 100, "m": 50, "d": 2000, "signal": 5.0, "ratio": 3.0, "initial_scale": 1e-3}


def plain() -> None:
    for seed in SEEDS:
        labels = setting.draw_labels([seed], SIZES["n"])
        vectors = setting.drawn_vectors(seed, SIZES["n"], SIZES["d"], SIZES["signal"], SIZES["ratio"], 1.0, 0.1)
        weights = [
            setting.initial_weights(seed, name, SIZES["m"], SIZES["d"], SIZES["initial_scale"])
            for name in ("first", "second")
        ]
        reference.train(weights, vectors, labels[0], setting.opposite_labels(labels)[0], 0.01, STEPS, 1.0)


def span(groups: list[list[int]]) -> None:
    for seeds in groups:
        for _ in dynamics.trajectory(setting.gaussian(seeds, **SIZES), True, 0.01, STEPS, 1.0):
            pass


def seconds(job: Callable[[], None]) -> float:
    job()  # warm-up
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


if __name__ == "__main__":
    torch.set_num_threads(1)
    rows = {
        "plain PyTorch in R^d, seed by seed": plain,
        "span coordinates, seed by seed": lambda: span([[s] for s in SEEDS]),
        "span coordinates, all seeds at once": lambda: span([list(SEEDS)]),
    }
    print(
        f"{len(SEEDS)} seeds x {STEPS} steps, multi-modal, n=100, m=50, d=2000, float64, one thread, drawing the data "
        f"included"
    )
    for name, job in rows.items():
        print(f"{name:40} {seconds(job):6.2f} s")
