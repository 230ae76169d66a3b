"""What holds at initialisation: norms, inner products and class sums (appendix B, Lemmas C.5, C.8 to C.12, D.10).

All statements hold with probability at least 1 - delta, so each seed is one independent draw and says yes or no.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat, PositiveInt

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import bounds, setting
from mmcl_core.papers.huang2024.experiments.base import Signals, Sizes


class ConcentrationSetting(Sizes, Signals):
    """Many draws of the figure setting's initialisation, one a seed."""

    book: ClassVar = {"seeds": 100}
    smoke: ClassVar = {"n": 40, "d": 300, "seeds": 5, "sizes": (50, 100, 200, 400)}

    seeds: int = Field(200, ge=1, le=10_000, description="chosen: draws")
    delta: float = Field(0.1, gt=0, lt=1, description="chosen: the failure probability in the printed bounds")
    sizes: tuple[PositiveInt, ...] = Field(
        (50, 100, 400, 10_000), min_length=4, description="n of Lemmas C.8, C.9; the last is above 2500 log(4/delta)"
    )
    widths: tuple[PositiveInt, ...] = Field(
        (50, 400), min_length=2, description="m of Lemmas C.12, D.10: Figure 1's, and one above 25.2 log(n/delta)"
    )
    ratios: tuple[PositiveFloat, ...] = Field(
        (10.0, 1e3, 1e5), min_length=3, description="sigma_xi/sigma_eps of Lemma C.5: Figure 1's, and far above it"
    )


@experiment(
    "huang2024.concentration",
    ConcentrationSetting,
    coordinates=("size", "width", "ratio"),
    seconds={"smoke": 1, "book": 15, "paper": 30},
    block=100,
)
def concentration(config: ConcentrationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Per draw: which printed bounds are violated (1 or 0), and the shares and means that replace them."""
    c = config
    rows: dict[str, list] = {}
    for seed in seeds:
        problem = setting.gaussian([seed], c.n, c.m, c.d, c.signal, c.ratio, c.initial_scale)
        draw = _one_draw(c, problem) | _class_sums(c, seed) | _widths(c, seed) | _views(c, seed)
        for name, value in draw.items():
            rows.setdefault(name, []).append(value)
    arrays = {name: np.array(values, dtype=float) for name, values in rows.items()}
    return arrays | {"size": np.array(c.sizes), "width": np.array(c.widths), "ratio": np.array(c.ratios)}


def _one_draw(c: ConcentrationSetting, problem: setting.Problem) -> dict[str, float]:
    """Lemmas B.3, B.4 and B.5, at Figure 1's setting."""
    n, m, d, delta, s0 = c.n, c.m, c.d, c.delta, c.initial_scale
    labels, first = problem.labels[0].numpy(), problem.first
    gram, initial = first.gram[0].numpy(), first.initial[0].numpy()
    squares, cross = np.diag(gram)[1:], gram[1:, 1:][~np.eye(n, dtype=bool)]
    a, z = initial[:, 0], initial[:, 1:]
    positives = (labels > 0).sum()
    scale = s0 * np.sqrt(d)
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
    }


def _class_sums(c: ConcentrationSetting, seed: int) -> dict[str, list[float]]:
    """Lemmas C.8 and C.9 and |active| / (M + 1) at several n: z_ri(0) ~ N(0, 1) in units of sigma_0 sigma_xi sqrt(d),
    balanced classes."""
    counted, violated, relative, coefficient = [], [], [], []
    for size in c.sizes:
        z = setting.normal([seed], f"class sums {size}", c.m, size // 2)[0]
        sums, active = z.clamp(min=0).sum(-1), (z > 0).sum(-1)
        counted.append(float(((active - size / 4).abs() > bounds.class_count_width(size, c.delta)).double().mean()))
        violated.append(float((sums > bounds.class_sum(size, 1.0, c.delta)).double().mean()))
        relative.append(float(sums.mean()) / bounds.class_sum_mean(size, 1.0))
        coefficient.append(float(active.double().mean()) / (size // 2 + 1))
    return {
        "c8_violated": counted,
        "c9_violated": violated,
        "c9_relative": relative,
        "active_coefficient": coefficient,
    }


def _widths(c: ConcentrationSetting, seed: int) -> dict[str, list[float]]:
    """Lemmas C.12 and D.10 at several m: does every sample, do the neuron pairs of one side, start active enough."""
    samples, share, pairs = [], [], []
    for m in c.widths:
        mean = setting.normal([seed], f"activations {m}", m, c.n)[0].clamp(min=0).mean(0)
        enough = mean >= 0.2
        samples.append(bool(enough.all()))
        share.append(float(enough.double().mean()))
        a, b = setting.normal([seed], f"sides {m}", 2, m)[0]  # <w_r, mu> / (s0 |mu|), <w~_r, mu~> / (s0 Cmu |mu|)
        pairs.append(float(((a + b) * ((a > 0) & (b > 0))).mean()) >= 0.2)
    return {"c12": samples, "c12_share": share, "d10": pairs}


def _views(c: ConcentrationSetting, seed: int) -> dict[str, list[float]]:
    """Lemma C.5 at several sigma_xi/sigma_eps: |<w_r, xi_i>| against 200 |<w_r, eps_i>| for every pair."""
    ratio = setting.normal([seed], "view noise", 2, c.m, c.n)[0].abs()
    above = [ratio[0] * relative > 200 * ratio[1] for relative in c.ratios]
    return {
        "c5": [bool(pairs.all()) for pairs in above],
        "c5_share": [float(pairs.double().mean()) for pairs in above],
    }
