"""From CLIP's loss to the linear loss: symmetric cross-entropy with linear encoders, as it is, regularised, or stopped
early.

Encoders are `[R, p, d]`: R problems (seeds, strengths of the regulariser) are trained at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from mmcl_core.checkpoint import Kept, digest
from mmcl_core.losses import symmetric_cross_entropy

ImageEncoder = Float[Tensor, "R p d_I"]
TextEncoder = Float[Tensor, "R p d_T"]
Images = Float[Tensor, "R n d_I"]
Captions = Float[Tensor, "R n d_T"]


def similarity_gradient(logits: Float[Tensor, "R n n"]) -> Float[Tensor, "R n n"]:
    """The derivative of `mmcl_core.losses.symmetric_cross_entropy` by the logits: (P_rows + P_columns)/(2n) - I/n."""
    n = logits.shape[-1]
    rows, columns = torch.softmax(logits, -1), torch.softmax(logits, -2)
    gradient = rows.add_(columns).div_(2 * n)
    gradient.diagonal(0, -2, -1).sub_(1 / n)
    return gradient


def regularised_gradients(
    w_image: ImageEncoder, w_text: TextEncoder, image: Images, text: Captions, rho: Float[Tensor, "R 1 1"]
) -> tuple[ImageEncoder, TextEncoder]:
    """Gradients of CLIP's loss on inner products (no normalisation, temperature 1) plus (rho/2) ||W_I^T W_T||_F^2.

    Both terms see the encoders through G = W_I^T W_T only, so its derivative M gives all: dW_I = W_T M^T, dW_T = W_I M.
    """
    G = w_image.mT @ w_text
    M = image.mT @ (similarity_gradient(image @ G @ text.mT) @ text) + rho * G
    return w_text @ M.mT, w_image @ M


def adam_path(
    w_image: ImageEncoder,
    w_text: TextEncoder,
    image: Images,
    text: Captions,
    rho: Float[Tensor, "R 1 1"],
    rate: float,
    steps: int,
) -> tuple[ImageEncoder, TextEncoder]:
    """Adam (betas .9, .999) on the regularised loss, full batch. A unit of work keeps checkpoints of it."""
    weights = [w_image.clone(), w_text.clone()]
    optimiser = torch.optim.Adam(weights, lr=rate)
    kept = Kept(
        {
            "rate": rate,
            "steps": steps,
            "torch": torch.__version__,
            "data and strengths": digest(image, text, rho),
            "weights at the start": digest(*weights),
        }
    )
    begun = 0
    if (saved := kept.load()) is not None:
        begun = saved["step"]
        optimiser.load_state_dict(saved["optimiser"])
        for weight, value in zip(weights, saved["weights"], strict=True):
            weight.copy_(value)
    for step in range(begun, steps):
        for weight, gradient in zip(weights, regularised_gradients(*weights, image, text, rho), strict=True):
            weight.grad = gradient
        optimiser.step()
        if kept.due(last=step + 1 == steps):
            kept.save({"step": step + 1, "weights": weights, "optimiser": optimiser.state_dict()})
    return weights[0], weights[1]


def descent_path(
    w_image: ImageEncoder, w_text: TextEncoder, image: Images, text: Captions, rate: float, steps: int
) -> Iterator[tuple[int, ImageEncoder, TextEncoder]]:
    """Plain gradient descent without a regulariser, step by step."""
    rho = torch.zeros(len(w_image), 1, 1, dtype=w_image.dtype)
    for step in range(steps + 1):
        yield step, w_image, w_text
        by_image, by_text = regularised_gradients(w_image, w_text, image, text, rho)
        w_image, w_text = w_image - rate * by_image, w_text - rate * by_text


@dataclass(frozen=True)
class Similarity:
    """What CLIP's loss is a function of: inner products or cosines, over a temperature that is fixed or learnt from
    this value."""

    cosine: bool = True
    temperature: float = 1.0
    learns: bool = False


def clip_training(
    w_image: ImageEncoder,
    w_text: TextEncoder,
    image: Images,
    text: Captions,
    similarity: Similarity,
    orders: Sequence[np.random.Generator],
    batch: int,
    rate: float,
    steps: int,
    label: Int[Tensor, "R n"] | None = None,
) -> tuple[ImageEncoder, TextEncoder]:
    """Adam on CLIP's loss in minibatches that `orders` draw, one stream for each problem. With `label`, two samples
    of one class are no negatives."""
    weights = [w_image.clone().requires_grad_(), w_text.clone().requires_grad_()]
    log_scale = torch.full(
        (len(image), 1, 1), -float(np.log(similarity.temperature)), dtype=image.dtype, requires_grad=similarity.learns
    )
    optimiser = torch.optim.Adam([*weights, log_scale] if similarity.learns else weights, lr=rate)
    others = ~torch.eye(batch, dtype=torch.bool)
    for _ in range(steps):
        chosen = torch.as_tensor(np.stack([o.integers(0, image.shape[1], batch) for o in orders]))
        first, second = (
            torch.take_along_dim(v, chosen[..., None], 1) @ w.mT for v, w in zip((image, text), weights, strict=True)
        )
        if similarity.cosine:
            first, second = normalize(first, dim=-1), normalize(second, dim=-1)
        ignored = None
        if label is not None:
            y = torch.take_along_dim(label, chosen, 1)
            ignored = (y[:, :, None] == y[:, None]) & others
        optimiser.zero_grad()
        symmetric_cross_entropy(first @ second.mT * log_scale.exp(), ignored).sum().backward()
        optimiser.step()
    return weights[0].detach(), weights[1].detach()
