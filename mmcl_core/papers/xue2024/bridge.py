"""From CLIP's loss to the linear loss: symmetric cross-entropy with linear encoders, regularised or stopped early.

Encoders are `[R, p, d]`: R problems (seeds, strengths of the regulariser) are trained at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

Encoder = Float[Tensor, "R p d"]


def symmetric_cross_entropy(logits: Float[Tensor, "R n n"]) -> Float[Tensor, "R"]:
    """CLIP's loss as a function of its logits: the mean of both directions, for each problem."""
    return (logits.logsumexp(-1) + logits.logsumexp(-2)).mean(-1) / 2 - logits.diagonal(0, -2, -1).mean(-1)


def similarity_gradient(logits: Float[Tensor, "R n n"]) -> Float[Tensor, "R n n"]:
    """The derivative of `symmetric_cross_entropy` by the logits: (P_rows + P_columns)/(2n) - I/n."""
    n = logits.shape[-1]
    rows, columns = torch.softmax(logits, -1), torch.softmax(logits, -2)
    gradient = rows.add_(columns).div_(2 * n)
    gradient.diagonal(0, -2, -1).sub_(1 / n)
    return gradient


def regularised_gradients(
    w_image: Encoder, w_text: Encoder, image: Float[Tensor, "R n d"], text: Float[Tensor, "R n d"], rho: Float[Tensor, "R 1 1"]
) -> tuple[Encoder, Encoder]:
    """Gradients of CLIP's loss on inner products (no normalisation, temperature 1) plus (rho/2) ||W_I^T W_T||_F^2.

    Both terms see the encoders through G = W_I^T W_T only, so its derivative M gives all: dW_I = W_T M^T, dW_T = W_I M.
    """
    G = w_image.mT @ w_text
    M = image.mT @ (similarity_gradient(image @ G @ text.mT) @ text) + rho * G
    return w_text @ M.mT, w_image @ M


def adam_path(
    w_image: Encoder, w_text: Encoder, image: Float[Tensor, "R n d"], text: Float[Tensor, "R n d"], rho: Float[Tensor, "R 1 1"], rate: float, steps: int
) -> tuple[Encoder, Encoder]:
    """Adam (betas .9, .999) on the regularised loss, full batch."""
    weights = [w_image.clone(), w_text.clone()]
    optimiser = torch.optim.Adam(weights, lr=rate)
    for _ in range(steps):
        for weight, gradient in zip(weights, regularised_gradients(*weights, image, text, rho), strict=True):
            weight.grad = gradient
        optimiser.step()
    return weights[0], weights[1]


def descent_path(
    w_image: Encoder, w_text: Encoder, image: Float[Tensor, "R n d"], text: Float[Tensor, "R n d"], rate: float, steps: int
) -> Iterator[tuple[int, Encoder, Encoder]]:
    """Plain gradient descent without a regulariser, step by step."""
    rho = torch.zeros(len(w_image), 1, 1, dtype=w_image.dtype)
    for step in range(steps + 1):
        yield step, w_image, w_text
        by_image, by_text = regularised_gradients(w_image, w_text, image, text, rho)
        w_image, w_text = w_image - rate * by_image, w_text - rate * by_text
