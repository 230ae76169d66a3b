"""What holds at initialisation: concentration of norms, inner products and class sums (appendix B, Lemmas C.8, C.9, C.10, C.12, D.10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveInt

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import bounds, setting
from mmcl_core.papers.huang2024.experiments.base import Signals, Sizes


class ConcentrationSetting(Sizes, Signals):
    """Many draws of the figure setting's initialisation, one a seed."""

    book: ClassVar = {"seeds": 100}
    smoke: ClassVar = {"n": 40, "d": 300, "seeds": 5, "sizes": (50, 100)}

    seeds: int = Field(200, ge=1, le=10_000, description="chosen: draws")
    delta: float = Field(0.1, gt=0, lt=1, description="chosen: the failure probability in the printed bounds")
    sizes: tuple[PositiveInt, ...] = Field(
        (50, 100, 200, 400), min_length=2, description="n at which Lemma C.9 is checked"
    )


@experiment(
    "huang2024.concentration", ConcentrationSetting, coordinates=("size",), seconds={"smoke": 1, "book": 8, "paper": 16}
)
def concentration(config: ConcentrationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Per draw: which printed bounds are violated (1 or 0), shares of violating neurons, and the means that replace them."""
    c = config
    rows: dict[str, list] = {}
    for seed in seeds:
        problem = setting.gaussian([seed], c.n, c.m, c.d, c.signal, c.ratio, c.initial_scale)
        for name, value in _one_draw(c, problem).items():
            rows.setdefault(name, []).append(value)
    arrays = {name: np.array(values, dtype=float) for name, values in rows.items()}
    return arrays | _class_sums(c, seeds) | {"size": np.array(c.sizes)}


def _one_draw(c: ConcentrationSetting, problem: setting.Problem) -> dict[str, float]:
    n, m, d, delta, s0 = c.n, c.m, c.d, c.delta, c.initial_scale
    labels, first = problem.labels[0].numpy(), problem.first
    gram, initial = first.gram[0].numpy(), first.initial[0].numpy()
    other = problem.second.initial[0].numpy()
    squares, cross = np.diag(gram)[1:], gram[1:, 1:][~np.eye(n, dtype=bool)]
    a, z = initial[:, 0], initial[:, 1:]
    positives = (labels > 0).sum()
    active = ((z > 0) & (labels > 0)).sum(1)
    negatives = n - positives
    scale = s0 * np.sqrt(d)
    class_sum = (np.maximum(z, 0) * (labels > 0)).sum(1)
    opposite = (np.maximum(z, 0) * (labels < 0)).sum(1)
    dominated = (
        np.where(labels > 0, opposite[:, None], class_sum[:, None])
        * 101
        * 1.01
        / (np.where(labels > 0, negatives, positives) + 1)
    )
    both = (a > 0) & (other[:, 0] > 0)
    return {
        "b3": abs(positives - n / 2) > bounds.class_count_width(n, delta),
        "b4": bool(
            (np.abs(squares / d - 1) > 0.5).any()
            or (np.abs(cross) > 2 * np.sqrt(d * np.log(6 * n**2 / delta))).any()
            or (np.abs(gram[0, 1:]) > c.signal * np.sqrt(2 * np.log(6 * n / delta))).any()
        ),
        "b5": bool(
            (np.abs(a) > np.sqrt(2 * np.log(8 * m / delta)) * s0 * c.signal).any()
            or (np.abs(z) > 2 * np.sqrt(np.log(8 * m * n / delta)) * scale).any()
            or np.abs(a).max() < s0 * c.signal / 2
            or z.max(0).min() < scale / 4
        ),
        "c8": float((np.abs(active - n / 4) > bounds.class_count_width(n, delta)).mean()),
        "c10": float((z >= dominated)[z > 0].mean()),
        "c12": float((np.maximum(z, 0).mean(0) >= 0.2 * scale).mean()),
        "c12_mean": float(np.maximum(z, 0).mean() / scale),
        "d10": bool(((a + other[:, 0] / c.ratio) * both).mean() >= 0.2 * s0 * c.signal),
        "d10_mean": float(((a + other[:, 0] / c.ratio) * both).mean() / (s0 * c.signal)),
        "active_coefficient": float((active / (negatives + 1)).mean()),
    }


def _class_sums(c: ConcentrationSetting, seeds: Sequence[int]) -> Arrays:
    """Lemma C.9 at several n: z_ri(0) ~ N(0, 1) in units of sigma_0 sigma_xi sqrt(d), balanced classes."""
    violated, relative = [], []
    for size in c.sizes:
        z = setting.normal(seeds, f"class sums {size}", c.m, size // 2).clamp(min=0).sum(-1).numpy()
        violated.append((z > bounds.class_sum(size, 1.0, c.delta)).mean(1))
        relative.append((z / bounds.class_sum_mean(size, 1.0)).mean(1))
    return {"c9_violated": np.stack(violated, 1), "c9_relative": np.stack(relative, 1)}
