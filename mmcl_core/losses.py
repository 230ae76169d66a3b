"""Contrastive losses as pure functions of embeddings."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def nt_xent(first: Float[Tensor, "B D"], second: Float[Tensor, "B D"], temperature: float) -> Float[Tensor, ""]:
    """SimCLR's loss (Chen et al. 2020, eq. 1): each of the 2B views must find the other view of its image among 2B - 1.

    The embeddings are normalised here. Mean over all 2B anchors, natural logarithm.
    """
    z = normalize(torch.cat([first, second]), dim=1)
    logits = z @ z.T / temperature
    logits = logits.masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -torch.inf)
    partner = torch.arange(len(z), device=z.device).roll(len(first))
    return cross_entropy(logits, partner)


def clip_loss(image: Float[Tensor, "B D"], text: Float[Tensor, "B D"], temperature: float, ignored: Bool[Tensor, "B B"] | None = None) -> Float[Tensor, ""]:
    """CLIP's symmetric cross-entropy over the batch (Radford et al. 2021, figure 3): the mean of both directions.

    The embeddings are normalised here. `ignored[i, j]` drops text j as a negative of image i and image i of text j, for
    example where captions repeat; its diagonal must be False.
    """
    logits = normalize(image, dim=1) @ normalize(text, dim=1).T / temperature
    if ignored is not None:
        logits = logits.masked_fill(ignored, -torch.inf)
    pair = torch.arange(len(logits), device=logits.device)
    return (cross_entropy(logits, pair) + cross_entropy(logits.T, pair)) / 2
