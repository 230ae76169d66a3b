"""The minibatch training loop: data stay on the device, batches are index lists, losses are read once at the end.

Seeds are trained one after another: for the small convolutional encoders here, batching seeds under vmap is slower on
a CPU (benchmarks/seed_batching.py measured 13 % at 14 x 14 and 80 % at 28 x 28). The models of the theory,
where batching wins, have loops of their own.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from mmcl_core.errors import InputError


def adam(parameters: Iterable[Tensor] | Iterable[dict[str, Any]], rate: float, **options: Any) -> torch.optim.AdamW:
    """AdamW (Adam, where `weight_decay` is zero, the default here), fused: one pass over all parameters, also on a CPU.

    Parameter groups may have rates of their own, as in torch.
    """
    return torch.optim.AdamW(parameters, lr=rate, **({"weight_decay": 0.0, "fused": True} | options))


def warm_up_and_cosine(
    optimiser: torch.optim.Optimizer, steps: int, share: float = 0.2
) -> torch.optim.lr_scheduler.LambdaLR:
    """Every rate rises linearly over the first `share` of `steps`, then falls along a half cosine, as in OpenCLIP."""
    warm = max(1, round(share * steps))

    def factor(step: int) -> float:
        return (step + 1) / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))) / 2

    return torch.optim.lr_scheduler.LambdaLR(optimiser, factor)


@cache
def _keep_freed_memory() -> None:
    """Let glibc keep a step's buffers for the next: it returns large ones to the kernel, and having them back costs a
    convolution a third of its step.

    No result depends on it; where there is no glibc nothing happens.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, 512 << 20)  # M_TRIM_THRESHOLD


def train(
    model: nn.Module,
    loss: Callable[[Tensor], Tensor],
    samples: int,
    *,
    batch: int,
    epochs: int,
    optimiser: torch.optim.Optimizer,
    order: torch.Generator,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    steps: int | None = None,
    after_step: Callable[[int], None] | None = None,
    streams: Sequence[torch.Generator] = (),
    checkpoint: Path | None = None,
    name: str = "",
) -> Float[Tensor, "epochs"]:
    """Train `model` in place and return the mean loss of every epoch.

    Parameters
    ----------
    loss : the loss of a batch, given its row indices `[batch]` on the model's device
    samples : how many rows there are; the last, smaller batch of an epoch is dropped: contrastive losses depend on size
    optimiser, scheduler : torch's own over the model's parameters; the scheduler moves after every step
    order : the stream that shuffles the rows
    steps : stop after so many updates, within an epoch if need be; None for all of `epochs`
    after_step : called with the number of updates done, for schedules, projections and measurements
    streams : other streams that `loss` draws from; with `order` they are part of a checkpoint
    checkpoint : a file to write after every epoch and to go on from when it exists

    On CUDA the step runs in bfloat16 where that is safe; on the CPU in float32.

    Raises
    ------
    InputError
        When `batch` exceeds `samples`, there is no step to take, the checkpoint is damaged or of another model, or the
        loss is not finite.
    """
    if not 2 <= batch <= samples:
        raise InputError(
            f"A batch of {batch} cannot be drawn from {samples} samples: allowed are 2 to {samples}; "
            "set batch accordingly"
        )
    _keep_freed_memory()
    device = next(model.parameters()).device
    cuda = device.type == "cuda"
    history: list[Tensor] = []
    parts, draws = (
        {"model": model, "optimiser": optimiser} | ({"scheduler": scheduler} if scheduler else {}),
        (order, *streams),
    )
    if checkpoint is not None and checkpoint.exists():
        history = _load(checkpoint, parts, draws, device)
    each = samples // batch
    last = epochs * each if steps is None else min(steps, epochs * each)
    if last < 1:
        raise InputError(f"{epochs} epochs and {steps} steps leave nothing to do: allowed are whole numbers from 1")
    model.train()
    for epoch in tqdm(
        range(len(history), math.ceil(last / each)), desc=name, disable=not sys.stderr.isatty(), leave=False
    ):
        rows = torch.randperm(samples, generator=order).to(device)
        total = torch.zeros((), device=device)
        batches = rows[: each * batch].split(batch)[: last - epoch * each]
        for done, part in enumerate(batches, epoch * each + 1):
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=cuda):
                value = loss(part)
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            optimiser.step()
            if scheduler is not None:
                scheduler.step()
            if after_step is not None:
                after_step(done)
            total += value.detach()
        history.append(total / len(batches))
        if checkpoint is not None and len(batches) == each:  # an epoch cut short by `steps` is done again
            _save(checkpoint, parts, draws, history)
    if not all(torch.isfinite(h) for h in history[-1:]):  # the one host sync of the whole run
        raise InputError(
            f"The loss is not finite after {last} steps: lower the rate (now {optimiser.param_groups[0]['lr']:g}) "
            "or raise the temperature"
        )
    model.eval()
    return torch.stack(history).cpu()


def _load(
    path: Path, parts: Mapping[str, Any], streams: Sequence[torch.Generator], device: torch.device
) -> list[Tensor]:
    """Put everything back to where a checkpoint left it and return the losses so far."""
    try:
        saved = torch.load(path, weights_only=True, map_location=device)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        for stream, state in zip(streams, saved["streams"], strict=True):
            stream.set_state(state.cpu())
        return list(saved["history"])
    except (RuntimeError, ValueError, KeyError, EOFError, UnpicklingError) as error:
        raise InputError(
            f"The checkpoint {path} is damaged or of another model ({type(error).__name__}): remove it to start anew"
        ) from None


def _save(path: Path, parts: Mapping[str, Any], streams: Sequence[torch.Generator], history: list[Tensor]) -> None:
    """Write a checkpoint whole or not at all."""
    state = {name: part.state_dict() for name, part in parts.items()} | {
        "streams": [s.get_state() for s in streams],
        "history": torch.stack(history),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix="checkpoint-", suffix=".partial")
    os.close(handle)
    torch.save(state, scratch)
    os.replace(scratch, path)
