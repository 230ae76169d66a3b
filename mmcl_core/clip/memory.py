"""How many pairs a forward pass may hold when the memory is given."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmcl_core.clip.config import ClipRun, memory_bytes
from mmcl_core.clip.towers import Clip
from mmcl_core.errors import InputError


def chunk_for(
    run: ClipRun, clip: Clip, pictures: Float[Tensor, "B 3 H W"], tokens: Int[Tensor, "B L"], bfloat16: bool
) -> int:
    """How many pairs a forward pass may hold so that its saved tensors stay below `run.memory`; 0 for all.

    The tensors that autograd saves are counted on eight pairs and taken to grow linearly; weights, gradients and two
    moments come on top.
    """
    if not run.memory:
        return run.chunk
    saved: dict[int, int] = {}

    def pack(x: Tensor) -> Tensor:
        saved[x.data_ptr()] = x.numel() * x.element_size()
        return x

    few = min(8, len(pictures))
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x),
        torch.autocast(pictures.device.type, dtype=torch.bfloat16, enabled=bfloat16),
    ):
        clip(pictures[:few], tokens[:few])
    weights = sum(p.numel() * p.element_size() for p in clip.parameters())
    for p in clip.parameters():
        saved.pop(p.data_ptr(), None)
    room = memory_bytes(run.memory) - 4 * weights
    each = max(1, sum(saved.values()) // few)
    if room < each:
        raise InputError(
            f"memory={run.memory} does not hold one pair: weights and optimiser take {4 * weights / 1e6:,.1f} MB, "
            f"a pair {each / 1e6:,.1f} MB; give more, or choose a smaller tower"
        )
    return min(len(pictures), room // each) if room // each < len(pictures) else 0
