"""Contrastive losses as pure functions of embeddings. A leading seed axis `S`, where there is one, is kept.

`InputError` for embeddings that are no tensors or do not come in pairs, and for a temperature that is not positive; one
that is learnt on a GPU is not looked at, since that would stop the GPU at every step.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from mmcl_core.errors import InputError


def _logits(
    first: Float[Tensor, "*S N D"], second: Float[Tensor, "*S M D"], temperature: float | Tensor
) -> Float[Tensor, "*S N M"]:
    """Cosines over the temperature. Never in half precision: autocast would leave two digits of a logit."""
    with torch.autocast(first.device.type, enabled=False):
        wide = torch.float64 if torch.float64 in (first.dtype, second.dtype) else torch.float32
        a, b = (normalize(x.to(wide), dim=-1) for x in (first, second))
        return a @ b.mT / temperature


def _check_pairs(first: Any, second: Any, temperature: Any) -> None:
    for x in (first, second):
        if not isinstance(x, Tensor):
            raise InputError(
                f"Losses take torch tensors, not a {type(x).__module__}.{type(x).__name__}: write torch.as_tensor(x)"
            )
        if not x.is_floating_point():
            raise InputError(f"Losses take embeddings of real floating-point numbers, not {x.dtype}: write x.float()")
    if first.shape != second.shape or first.ndim < 2:
        raise InputError(
            f"Embeddings of shapes {tuple(first.shape)} and {tuple(second.shape)} are no pairs: take [..., B, D] twice"
        )
    if not isinstance(temperature, int | float | Tensor) or isinstance(temperature, bool):
        raise InputError(f"A temperature must be a number or a tensor, not a {type(temperature).__name__}")
    seen = torch.as_tensor(temperature)
    if seen.device.type == "cpu" and not bool((seen > 0).all()):
        raise InputError(
            f"A temperature of {seen.min().item():g} is not allowed: it must be above 0, CLIP starts at 0.07"
        )


def nt_xent(first: Float[Tensor, "*S B D"], second: Float[Tensor, "*S B D"], temperature: float) -> Float[Tensor, "*S"]:
    """SimCLR's loss (Chen et al. 2020, eq. 1): each of the 2B views must find the other view of its image among 2B - 1.

    The embeddings are normalised here. Mean over all 2B anchors, natural logarithm, one value for each seed.
    """
    _check_pairs(first, second, temperature)
    views = torch.cat([first, second], -2)
    logits = _logits(views, views, temperature)
    itself = torch.eye(views.shape[-2], dtype=torch.bool, device=views.device)
    pairs = first.shape[-2]
    partner = torch.cat([logits.diagonal(pairs, -2, -1), logits.diagonal(-pairs, -2, -1)], -1)
    return (logits.masked_fill(itself, -torch.inf).logsumexp(-1) - partner).mean(-1)


def symmetric_cross_entropy(
    logits: Float[Tensor, "*S B B"], ignored: Bool[Tensor, "*S B B"] | None = None
) -> Float[Tensor, "*S"]:
    """Mean over rows and columns of the cross-entropy that picks the diagonal, for each seed.

    `ignored[i, j]` drops entry (i, j) from the softmax of its row and of its column; the diagonal of `ignored` must be
    False.
    """
    pair = logits.diagonal(
        0, -2, -1
    )  # taken off sample by sample: at low temperatures all are large, their difference not
    if ignored is not None:
        logits = logits.masked_fill(ignored, -torch.inf)
    return ((logits.logsumexp(-1) - pair) + (logits.logsumexp(-2) - pair)).mean(-1) / 2


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
    _check_pairs(image, text, temperature)
    return symmetric_cross_entropy(_logits(image, text, temperature), ignored)
