"""Contrastive losses as pure functions of embeddings. A leading seed axis `S`, where there is one, is kept."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize


def _logits(
    first: Float[Tensor, "*S N D"], second: Float[Tensor, "*S M D"], temperature: float | Tensor
) -> Float[Tensor, "*S N M"]:
    """Cosines over the temperature. Never in half precision: autocast would leave two digits of a logit."""
    with torch.autocast(first.device.type, enabled=False):
        a, b = (normalize(x if x.dtype == torch.float64 else x.float(), dim=-1) for x in (first, second))
        return a @ b.mT / temperature


def nt_xent(first: Float[Tensor, "*S B D"], second: Float[Tensor, "*S B D"], temperature: float) -> Float[Tensor, "*S"]:
    """SimCLR's loss (Chen et al. 2020, eq. 1): each of the 2B views must find the other view of its image among 2B - 1.

    The embeddings are normalised here. Mean over all 2B anchors, natural logarithm, one value for each seed.
    """
    views = torch.cat([first, second], -2)
    logits = _logits(views, views, temperature)
    itself = torch.eye(views.shape[-2], dtype=torch.bool, device=views.device)
    partner = logits.diagonal(first.shape[-2], -2, -1)  # both views of a pair have the same partner logit
    return logits.masked_fill(itself, -torch.inf).logsumexp(-1).mean(-1) - partner.mean(-1)


def symmetric_cross_entropy(
    logits: Float[Tensor, "*S B B"], ignored: Bool[Tensor, "*S B B"] | None = None
) -> Float[Tensor, "*S"]:
    """Mean over rows and columns of the cross-entropy that picks the diagonal, for each seed.

    `ignored[i, j]` drops entry (i, j) from the softmax of its row and of its column; the diagonal of `ignored` must be
    False.
    """
    pair = logits.diagonal(0, -2, -1).mean(-1)
    if ignored is not None:
        logits = logits.masked_fill(ignored, -torch.inf)
    return (logits.logsumexp(-1) + logits.logsumexp(-2)).mean(-1) / 2 - pair


def clip_loss(
    image: Float[Tensor, "*S B D"],
    text: Float[Tensor, "*S B D"],
    temperature: float | Tensor,
    ignored: Bool[Tensor, "*S B B"] | None = None,
) -> Float[Tensor, "*S"]:
    """CLIP's symmetric cross-entropy over the batch (Radford et al. 2021, figure 3): the mean of both directions, for
    each seed.

    The embeddings are normalised here. `ignored[i, j]` drops text j as a negative of image i and image i of text j, for
    example where captions repeat; its diagonal must be False.
    """
    return symmetric_cross_entropy(_logits(image, text, temperature), ignored)
