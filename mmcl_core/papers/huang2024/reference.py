"""The same training written as a PyTorch user would: weights in R^d, `detach` for the stop-gradient, autograd for the
rest.

It is slow and it is the definition: the tests hold the span-coordinate dynamics to it.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def contrastive_loss(
    anchor: tuple[Tensor, Tensor],
    positive: tuple[Tensor, Tensor],
    negative: tuple[Tensor, Tensor],
    negatives: Bool[Tensor, "n n"],
    scale: float,
) -> Float[Tensor, ""]:
    """One direction of the loss. Each argument is a pair of patch activations `[n, m]`; the last two are detached
    here."""
    toward = scale * sum((h * p.detach()).sum(1) for h, p in zip(anchor, positive, strict=True))
    against = scale * sum(h @ q.detach().T for h, q in zip(anchor, negative, strict=True))
    logits = torch.cat([toward[:, None], against.masked_fill(~negatives, -torch.inf)], 1)
    return -torch.log_softmax(logits, 1)[:, 0].mean()


def train(
    weights: list[Float[Tensor, "m d"]],
    vectors: dict[str, Float[Tensor, "rows d"]],
    labels: Float[Tensor, n],
    negatives: Bool[Tensor, "n n"],
    rate: float,
    steps: int,
    scale: float,
) -> tuple[list[Float[Tensor, "m d"]], Float[Tensor, ""]]:
    """Weights and last loss after `steps` of gradient descent: one weight matrix is single-modal, two are multi-modal.

    `vectors` are those of `setting.drawn_vectors`. One seed, every step in R^d.
    """
    weights = [w.clone().requires_grad_() for w in weights]

    def encode(w: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        return torch.relu(labels[:, None] * (w @ v[0])), torch.relu(v[1:] @ w.T)

    for step in range(steps + 1):
        first = encode(weights[0], vectors["first"])
        if len(weights) == 1:
            view = (first[0], torch.relu(vectors["augmented"] @ weights[0].T))
            loss = contrastive_loss(first, view, first, negatives, scale)
        else:
            second = encode(weights[1], vectors["second"])
            loss = contrastive_loss(first, second, second, negatives, scale) + contrastive_loss(
                second, first, first, negatives, scale
            )
        if step == steps:
            break
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, gradient in zip(weights, gradients, strict=True):
                w -= rate * gradient
    return [w.detach() for w in weights], loss.detach()
