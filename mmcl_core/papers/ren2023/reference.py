"""The paper's model written plainly, to check `dynamics` against: weights in R^d, rotated observations, losses from
embeddings, autograd."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core.papers.ren2023.setting import Views


def observation_maps(v: Views, stream: torch.Generator) -> tuple[Float[Tensor, "d d"], Float[Tensor, "d d"]]:
    """[A, A_xi] and [B, B_xi]: two independent random rotations with columns scaled by sigma."""
    return tuple(
        torch.linalg.qr(torch.randn(v.dimension, v.dimension, generator=stream, dtype=torch.float64)).Q
        * variance.sqrt()
        for variance in (v.variance_a, v.variance_b)
    )


def embeddings(
    w: Float[Tensor, "d m"], observation: Float[Tensor, "d d"], sources: Float[Tensor, "N d"]
) -> Float[Tensor, "N m"]:
    """f(x) = W^T x / N with x = [A, A_xi] h / sqrt(d) and N^2 = E ||W^T x||^2 over the population of signs."""
    d = len(observation)
    n_squared = torch.trace(w.T @ observation @ observation.T @ w) / d
    return sources @ observation.T @ w / d**0.5 / n_squared.sqrt()


def population_contrastive(
    f_a: Float[Tensor, "P m"],
    f_b: Float[Tensor, "P m"],
    positive: Float[Tensor, "P P"],
    inverse_temperature: float,
    negatives: float,
) -> Float[Tensor, ""]:
    """-E log S_A - E log S_B, a literal loop over all positive pairs of points."""
    loss = torch.zeros((), dtype=f_a.dtype)
    exponentials = torch.exp(inverse_temperature * f_a @ f_b.T)
    for i, j in positive.nonzero().tolist():
        e = exponentials[i, j]
        loss = loss - positive[i, j] * torch.log(e / (e + negatives * exponentials[i].mean()))
        loss = loss - positive[i, j] * torch.log(e / (e + negatives * exponentials[:, j].mean()))
    return loss


def noncontrastive(
    f_a: Float[Tensor, "P m"], f_b: Float[Tensor, "P m"], positive: Float[Tensor, "P P"]
) -> Float[Tensor, ""]:
    """-E <f_A, f_B> over positive pairs."""
    return -(positive * (f_a @ f_b.T)).sum()


def gradients(
    w_a: Float[Tensor, "d m"],
    w_b: Float[Tensor, "d m"],
    maps: tuple[Tensor, Tensor],
    points: Float[Tensor, "P d"],
    positive: Float[Tensor, "P P"],
    inverse_temperature: float | None,
    negatives: float,
) -> tuple[Float[Tensor, "d m"], Float[Tensor, "d m"]]:
    """Autograd's gradient of the population loss by W_A and W_B; None for tau^2 is the non-contrastive loss."""
    w_a, w_b = w_a.clone().requires_grad_(), w_b.clone().requires_grad_()
    f_a, f_b = embeddings(w_a, maps[0], points), embeddings(w_b, maps[1], points)
    loss = (
        noncontrastive(f_a, f_b, positive)
        if inverse_temperature is None
        else population_contrastive(f_a, f_b, positive, inverse_temperature, negatives)
    )
    return torch.autograd.grad(loss, (w_a, w_b))
