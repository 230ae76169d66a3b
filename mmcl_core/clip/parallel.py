"""Ranks: starting under torchrun or alone, and embeddings of all ranks in every rank's loss, with gradients."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from jaxtyping import Shaped
from torch import Tensor

PATIENCE = timedelta(seconds=50)  # a rank that waits longer for another gives up: it has died


@dataclass(frozen=True)
class Ranks:
    """This process among all of a run."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0


@contextmanager
def ranks(device: torch.device) -> Iterator[Ranks]:
    """The ranks that torchrun started, joined in a process group (nccl on CUDA, gloo on the CPU); alone without it."""
    if "RANK" not in os.environ:
        yield Ranks(0, 1, device)
        return
    rank, size, local = (int(os.environ[n]) for n in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    if device.type == "cuda":
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Ranks(rank, size, device)
    finally:
        dist.destroy_process_group()


class _Gather(torch.autograd.Function):
    """Rows of all ranks, in their order. Every rank computes the same joint loss from them, so the gradient of its own
    rows is whole already: nothing is sent back. It is scaled by the number of ranks since DistributedDataParallel
    averages."""

    @staticmethod
    def forward(ctx, own: Tensor) -> Tensor:
        size = dist.get_world_size()
        counts = [torch.zeros((), dtype=torch.long, device=own.device) for _ in range(size)]
        dist.all_gather(counts, torch.tensor(len(own), device=own.device))
        lengths = [int(c) for c in counts]
        padded = own.new_zeros((max(lengths), *own.shape[1:]))
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in range(size)]
        dist.all_gather(parts, padded)
        begin = sum(lengths[: dist.get_rank()])
        ctx.place = slice(begin, begin + len(own))
        return torch.cat([p[:n] for p, n in zip(parts, lengths, strict=True)])

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient[ctx.place] * dist.get_world_size()


def gathered(own: Shaped[Tensor, "b *rest"]) -> Shaped[Tensor, "B *rest"]:
    """`own` rows of every rank below one another; ranks may have different numbers of rows. Alone: `own`."""
    return _Gather.apply(own) if dist.is_initialized() else own
