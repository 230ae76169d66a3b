"""The parallel-modality model of section 3: two modalities at heights +gamma and -gamma above their common plane.

The gap variable gamma enters the loss only through the length 1 - gamma^2 of the in-plane parts: the effective inverse
temperature is a = beta (1 - gamma^2), and nothing pulls the planes together as such. Temperature and gap are driven by
one and the same scalar, `drive`: whichever of them shrinks it, it is gone for both.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core.errors import InputError
from mmcl_core.losses import symmetric_cross_entropy
from mmcl_core.papers.yaras2024.schemes import Scheme


def check_start(inverse_temperature: float, gamma: float) -> None:
    """`InputError` unless beta_0 > 0 and 0 < gamma_0 < 1."""
    if not 0 < inverse_temperature < float("inf"):
        raise InputError(
            f"beta_0 = {inverse_temperature} is not allowed: the inverse temperature must be positive and finite, "
            f"CLIP starts at 1/0.07"
        )
    if not 0 < gamma < 1:
        raise InputError(
            f"gamma_0 = {gamma} is not allowed: the height must lie between 0 and 1, both excluded; at 0 there is no "
            f"gap, at 1 no plane"
        )


def lift(points: Float[Tensor, "*S n d"], height: Float[Tensor, "..."] | float) -> Float[Tensor, "*S n d+1"]:
    """[sqrt(1 - h^2) H, h 1]: unit rows, put at the height h."""
    height = torch.as_tensor(height, dtype=points.dtype)
    return torch.cat([(1 - height**2).sqrt() * points, height.expand(*points.shape[:-1], 1)], -1)


def objective(
    first: Float[Tensor, "n d"],
    second: Float[Tensor, "n d"],
    nu: Float[Tensor, ""],
    gamma: Float[Tensor, ""],
    scheme: Scheme,
) -> Float[Tensor, ""]:
    """CLIP's loss of the lifted embeddings, written without any reduction: what the formulas below are tested
    against."""
    # Written with beta and not 1/beta: along some flows it passes through zero.
    cosines = lift(first, gamma) @ lift(second, -gamma).mT
    return symmetric_cross_entropy(cosines * scheme.inverse_temperature(nu))


def mixture(similarity: Float[Tensor, "*S n n"], a: Float[Tensor, "..."] | float) -> Float[Tensor, "*S n n"]:
    """Mean of the softmax along rows and along columns: the weights with which pairs push each other apart."""
    logits = a * similarity
    return (logits.softmax(-1) + logits.softmax(-2)) / 2


def drive(similarity: Float[Tensor, "*S n n"], a: Float[Tensor, "..."] | float) -> Float[Tensor, "*S"]:
    """g_a(Z) = -<Z, grad l(a Z)>: similarity of the pairs minus what the softmax expects. Positive when pairs match."""
    expected = (mixture(similarity, a) * similarity).sum((-2, -1)) / similarity.shape[-1]
    return similarity.diagonal(0, -2, -1).mean(-1) - expected


def velocities(
    similarity: Float[Tensor, "n n"], beta: float, gamma: float, scheme: Scheme
) -> tuple[float, float, float]:
    """(d nu/dt, d beta/dt, d gamma/dt) of the reduced flow, equation (11). One factor g stands in all three."""
    g = float(drive(similarity, beta * (1 - gamma**2)))
    d_nu = scheme.rate * scheme.slope(beta) * (1 - gamma**2) * g
    return d_nu, scheme.slope(beta) * d_nu, -2 * beta * gamma * g


def margin(similarity: Float[Tensor, "*S n n"]) -> Float[Tensor, "*S"]:
    """alpha(Z): by how much every pair beats every wrong pair, in rows and columns. Positive means perfectly
    matched."""
    pairs = similarity.diagonal(0, -2, -1)
    itself = torch.eye(similarity.shape[-1], dtype=torch.bool)
    others = similarity.masked_fill(itself, -torch.inf)
    return torch.minimum((pairs - others.amax(-1)).amin(-1), (pairs - others.amax(-2)).amin(-1))


def gap(
    first: Float[Tensor, "*S n d"], second: Float[Tensor, "*S n d"], gamma: Float[Tensor, "..."] | float
) -> Float[Tensor, "*S"]:
    """Delta = sqrt((1 - gamma^2) ||mean H_X - mean H_Y||^2 + 4 gamma^2), the distance of the lifted centres."""
    m = (first.mean(-2) - second.mean(-2)).norm(dim=-1)
    gamma = torch.as_tensor(gamma, dtype=first.dtype)
    return ((1 - gamma**2) * m**2 + 4 * gamma**2).sqrt()


def uniform_margin(n: int, alpha: float) -> Float[Tensor, "n n"]:
    """The extremal similarity matrix of margin `alpha`: all wrong pairs equally wrong."""
    return alpha * torch.eye(n, dtype=torch.float64) + (1 - alpha)


def sphere(n: int, d: int, stream: torch.Generator, dtype: torch.dtype = torch.float64) -> Float[Tensor, "n d"]:
    """`n` independent uniform points of the unit sphere in R^d.

    Raises
    ------
    InputError
        For d < 2: a sphere of two points has no direction to move in.
    """
    if d < 2:
        raise InputError(f"Embeddings of dimension d = {d} are not allowed: the sphere needs d >= 2")
    return torch.nn.functional.normalize(torch.randn(n, d, generator=stream, dtype=dtype), dim=-1)
