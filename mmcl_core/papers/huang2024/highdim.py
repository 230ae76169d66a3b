"""Gaussian data in any dimension, exactly in law, at a cost that does not depend on d.

Training sees inner products only, and those of independent Gaussian vectors in R^d have Bartlett's law: rotate R^d so
that mu lies on the first axis, xi_1 in the plane of the first two, and so on. In these coordinates the entries below
the diagonal are standard normal and the one on it is chi-distributed with d minus its column's number as degrees of
freedom; further Gaussian vectors, the weights, have standard normal entries. So d = 10^16, which the literal
conditions of the lemmas ask for, takes no longer than d = 1000.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core.papers.huang2024 import setting
from mmcl_core.papers.huang2024.setting import STREAM, Modality, Problem
from mmcl_core.runtime import numpy_generator


def triangular(seed: int, name: str, rows: int, d: float, taken: int = 0) -> Float[Tensor, "rows axes"]:
    """`rows` standard normal vectors of R^d in coordinates in which, behind `taken` axes, they are lower triangular.

    The axes are `taken + rows`; row i has standard normal entries up to axis taken + i - 1 and on axis taken + i the
    length of what is left, chi-distributed with d - taken - i degrees of freedom. Needs d >= taken + rows.
    """
    stream = numpy_generator(STREAM, seed, f"triangular {name}")
    drawn = np.tril(stream.standard_normal((rows, taken + rows)), taken - 1)
    i = np.arange(rows)
    drawn[i, taken + i] = np.sqrt(stream.chisquare(d - taken - i))
    return torch.as_tensor(drawn)


def gaussian(
    seeds: Sequence[int],
    n: int,
    m: int,
    d: float,
    signal: float,
    ratio: float,
    noise_norm_squared: float,
    initial_scale: float,
    augmentation: float = 0.1,
) -> Problem:
    """The Gaussian model at dimension `d` with sigma_xi^2 d = `noise_norm_squared`; d to infinity is
    `setting.orthogonal`.

    Exactly balanced classes and `augmentation` = sigma_eps / sigma_xi, as there. Needs d >= 2 n + 1.
    """
    return setting.stack(
        [_run(seed, n, m, d, signal, ratio, noise_norm_squared, initial_scale, augmentation) for seed in seeds]
    )


def _run(
    seed: int, n: int, m: int, d: float, signal: float, ratio: float, squared: float, s0: float, augmentation: float
) -> Problem:
    labels = torch.ones(1, n, dtype=torch.float64)
    labels[:, n // 2 :] = -1
    sigma = float(np.sqrt(squared / d))

    def modality(name: str, strength: float, augmented: bool) -> Modality:
        drawn = triangular(seed, name, (1 + augmented) * n, d, 1)
        v = torch.zeros(n + 1, drawn.shape[1], dtype=torch.float64)
        v[0, 0], v[1:] = strength, sigma * drawn[:n]
        w = s0 * setting.normal([seed], f"high-dimensional weights {name}", m, drawn.shape[1])[0]
        extra = ()
        if augmented:
            view = v[1:] + augmentation * sigma * drawn[n:]
            extra = (w @ view.T)[None], (v @ view.T)[None]
        return Modality((w @ v.T)[None], (v @ v.T)[None], *extra)

    return Problem(
        labels,
        setting.opposite_labels(labels),
        modality("first", signal, True),
        modality("second", ratio * signal, False),
    )
