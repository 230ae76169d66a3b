"""The data of Ren & Li 2023 and the two linear encoders in coordinates that no longer mention the width.

Two views share `r` hidden signs and have `d - r` noise signs each. In the coordinates of the (orthonormal) directions
that the observation maps A, A_xi, B, B_xi stretch, an encoder is the matrix of its answers to each source, `K_A =
W_A^T [A, A_xi] / sqrt(d)` of shape `[m, d]`. Isotropic Gaussian weights look the same in every rotation, so neither
the rotations nor R^d appear below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core.errors import InputError
from mmcl_core.runtime import generator


@dataclass(frozen=True)
class Views:
    """Variances sigma^2 of all d sources in both views, signal first; `second_moment` is E h_p^2 as the encoders see
    it.

    `noise_inside` is the variance eps of isotropic noise added to the observations themselves: it reaches the signal
    directions, and in coordinates it is noise of variance eps / sigma_p^2 on source p.
    """

    rank: int
    variance_a: Float[Tensor, "d"]
    variance_b: Float[Tensor, "d"]
    latents: Literal["sign", "gaussian"] = "sign"
    noise_inside: float = 0.0

    @property
    def dimension(self) -> int:
        return len(self.variance_a)

    @property
    def second_moment_a(self) -> Float[Tensor, "d"]:
        return 1 + self.noise_inside / self.variance_a

    @property
    def second_moment_b(self) -> Float[Tensor, "d"]:
        return 1 + self.noise_inside / self.variance_b

    def to(self, device: torch.device) -> Views:
        return replace(self, variance_a=self.variance_a.to(device), variance_b=self.variance_b.to(device))


def views(
    d: int,
    signal: Sequence[float],
    noise: float,
    signal_b: Sequence[float] | None = None,
    noise_b: float | None = None,
    latents: Literal["sign", "gaussian"] = "sign",
    noise_inside: float = 0.0,
) -> Views:
    """Two views in `d` dimensions with signal variances sigma_1^2, ..., sigma_r^2 and noise variance sigma_xi^2; view
    B like view A unless said.

    Raises
    ------
    InputError
        For a variance that is not positive (noise: negative), or views with different numbers of signals.
    """
    if signal_b is not None and len(signal_b) != len(signal):
        raise InputError(
            f"View A has {len(signal)} signals and view B {len(signal_b)}: both views share the signal, give as many"
        )
    if not 1 <= len(signal) <= d:
        raise InputError(f"{len(signal)} signals do not fit into d = {d} directions: allowed are 1 to d")
    if not all(x > 0 for x in (*signal, *(signal_b or ()))):
        raise InputError(f"The signal variances {(*signal, *(signal_b or ()))} must all be positive")
    for value in (noise, noise if noise_b is None else noise_b, noise_inside):
        if not value >= 0:
            raise InputError(f"A noise variance of {value} is not allowed: it must be at least 0")

    def variances(s: Sequence[float], xi: float) -> Tensor:
        return torch.cat([torch.tensor(s, dtype=torch.float64), torch.full((d - len(s),), xi, dtype=torch.float64)])

    return Views(
        len(signal),
        variances(signal, noise),
        variances(signal if signal_b is None else signal_b, noise if noise_b is None else noise_b),
        latents,
        noise_inside,
    )


@dataclass(frozen=True)
class Encoders:
    """Answers of both encoders to every source, K_A and K_B, each `[S, w, d]`; `w` is the width, or less after
    `reduce_width`."""

    a: Float[Tensor, "S w d"]
    b: Float[Tensor, "S w d"]


def initial_encoders(v: Views, width: int, seeds: Sequence[int]) -> Encoders:
    """W_A, W_B with independent N(0, 1/m) entries, in coordinates (Ren & Li 2023)."""

    def draw(name: str, variance: Tensor) -> Tensor:
        weights = [
            torch.randn(width, v.dimension, generator=generator("ren2023", s, name), dtype=torch.float64) for s in seeds
        ]
        return torch.stack(weights) * (variance / v.dimension / width).sqrt()

    return Encoders(draw("W_A", v.variance_a), draw("W_B", v.variance_b))


def reduce_width(e: Encoders) -> Encoders:
    """The same encoders in an orthonormal basis of their span: at most 2d rows, whatever the width.

    All dynamics below act on K_A and K_B from the right, and everything measured is an inner product of their
    columns; a common rotation from the left changes nothing. So the cost of training does not depend on m.
    """
    if e.a.shape[1] <= 2 * e.a.shape[2]:
        return e
    upper = torch.linalg.qr(torch.cat([e.a, e.b], -1)).R
    return Encoders(upper[..., : e.a.shape[2]], upper[..., e.a.shape[2] :])


def cube(v: Views) -> tuple[Float[Tensor, "P d"], Float[Tensor, "P P"]]:
    """All 2^d sign vectors, and the probability of each (row, column) being a positive pair: equal signals,
    independent noises."""
    points = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * v.dimension).reshape(
        -1, v.dimension
    )
    same = (points[:, None, : v.rank] == points[None, :, : v.rank]).all(-1)
    return points, same.to(points.dtype) / same.sum()


def draw_pairs(
    v: Views, size: int, stream: torch.Generator, dtype: torch.dtype = torch.float64
) -> tuple[Float[Tensor, "N d"], Float[Tensor, "N d"]]:
    """`size` positive pairs of source vectors: the first r entries shared, the others independent."""
    noise, d = v.dimension - v.rank, v.dimension

    def latents(columns: int) -> Tensor:
        if v.latents == "gaussian":
            return torch.randn(size, columns, generator=stream, dtype=dtype)
        return torch.randint(0, 2, (size, columns), generator=stream, dtype=torch.int8).to(dtype).mul_(2).sub_(1)

    sources = latents(v.rank + 2 * noise)
    first = sources[:, :d].clone()
    second = torch.cat([sources[:, : v.rank], sources[:, d:]], 1)
    if v.noise_inside:
        for side, variance in ((first, v.variance_a), (second, v.variance_b)):
            side += torch.randn(size, d, generator=stream, dtype=dtype) * (v.noise_inside / variance.cpu()).sqrt().to(
                dtype
            )
    return first, second
