"""Swapping in the model of Fig. 2: coordinates of a pair's two embeddings are exchanged before the loss (section 4 of
the paper).

Hard swap (HS): in a fraction p of the steps every entry is exchanged with probability 1/2. Soft swap (SS): every
entry of both is mixed with a weight uniform in [0, 1]. Row swap: whole rows are exchanged. Swapping acts on entries,
so it depends on the basis; each seed starts in its own random rotation. As in the paper's description nothing is
normalised again afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.special import softmax
from scipy.stats import special_ortho_group

from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.points import Ring
from mmcl_core.runtime import numpy_generator

BLOCK = 1000  # steps whose random numbers are drawn at once


@dataclass(frozen=True)
class Swap:
    """Swapping of a kind in a fraction `probability` of the steps."""

    kind: Literal["none", "hard", "soft", "row"]
    probability: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise InputError(f"The swap probability {self.probability} is not allowed: it must lie between 0 and 1")

    @property
    def label(self) -> str:
        return {"none": "none", "hard": "HS", "soft": "SS", "row": "row"}[self.kind] + (
            f" {self.probability:g}" if self.kind != "none" else ""
        )

    def kept(self, entries: Float[np.ndarray, "*B n d"], step: Float[np.ndarray, "*B"]) -> Float[np.ndarray, "*B n d"]:
        """The weight of an embedding's own entry, from uniform random numbers for the entries and for the step."""
        rows = np.broadcast_to(entries[..., :1], entries.shape)
        mixed = {"none": np.ones_like(entries), "hard": entries < 0.5, "soft": entries, "row": rows < 0.5}[self.kind]
        return np.where((step < self.probability)[..., None, None], mixed, 1.0)


def loss_gradients(
    x: Float[np.ndarray, "*B n d"],
    y: Float[np.ndarray, "*B n d"],
    kept: Float[np.ndarray, "*B n d"],
    beta: Float[np.ndarray, "*B"],
) -> tuple[Float[np.ndarray, "*B n d"], Float[np.ndarray, "*B n d"], Float[np.ndarray, "*B"]]:
    """Minus the gradients of CLIP's loss by both embeddings and by log beta, through the swap."""
    first, second = kept * x + (1 - kept) * y, kept * y + (1 - kept) * x
    logits = beta[..., None, None] * (first @ np.swapaxes(second, -1, -2))
    n = x.shape[-2]
    push = (np.eye(n) - (softmax(logits, -1) + softmax(logits, -2)) / 2) / n
    to_first = beta[..., None, None] * (push @ second)
    to_second = beta[..., None, None] * (np.swapaxes(push, -1, -2) @ first)
    return (
        kept * to_first + (1 - kept) * to_second,
        kept * to_second + (1 - kept) * to_first,
        np.asarray((push * logits).sum((-2, -1))),
    )


def train(
    ring: Ring, swaps: Sequence[Swap], seeds: Sequence[int], steps: int, rate: float, record: Sequence[int]
) -> tuple[Float[np.ndarray, "S M R"], Float[np.ndarray, "S M R"]]:
    """(gap, temperature) by gradient descent after each of the steps in `record`, for all seeds and swaps at once.

    The points move along their tangents and are put back on the sphere. A seed draws its rotation and its random
    numbers from its own streams, the same for every swap: a paired comparison, and a seed alone is the same seed in a
    batch."""
    x0, y0 = ring.start()
    turns = np.stack(
        [special_ortho_group.rvs(3, random_state=numpy_generator("yaras2024.swaps", s, "rotation")) for s in seeds]
    )
    streams = [numpy_generator("yaras2024.swaps", s, "swaps") for s in seeds]
    shape = (len(seeds), len(swaps), ring.n, 3)
    x, y = (np.broadcast_to((p @ turns)[:, None], shape).copy() for p in (x0, y0))
    log_beta = np.full(shape[:2], np.log(ring.beta))
    gap, temperature = np.zeros((2, len(seeds), len(swaps), len(record)))
    places = {step: k for k, step in enumerate(record)}
    for step in range(steps + 1):
        if step in places:
            gap[..., places[step]] = np.linalg.norm(x.mean(-2) - y.mean(-2), axis=-1)
            temperature[..., places[step]] = np.exp(-log_beta)
        if step % BLOCK == 0:
            entries = np.stack([r.random((BLOCK, ring.n, 3)) for r in streams], 1)
            decisions = np.stack([r.random(BLOCK) for r in streams], 1)
            kept = np.stack([s.kept(entries, decisions) for s in swaps], 2)
        to_x, to_y, to_beta = loss_gradients(x, y, kept[step % BLOCK], np.exp(log_beta))
        x, y = _moved(x, rate * to_x), _moved(y, rate * to_y)
        log_beta = log_beta + rate * to_beta
    return gap, temperature


def _moved(x: np.ndarray, move: np.ndarray) -> np.ndarray:
    moved = x + move - (move * x).sum(-1, keepdims=True) * x
    return moved / np.linalg.norm(moved, axis=-1, keepdims=True)
