"""The minibatch training loop: data stay on the device, batches are index lists, losses are read once at the end.

Seeds are trained one after another: for the small convolutional encoders here, batching seeds under vmap is slower on
a CPU (benchmarks/seed_batching.py measured 13 % at 14 x 14 and 80 % at 28 x 28). The models of the theory,
where batching wins, have loops of their own.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from mmcl_core.checkpoint import Kept, digest
from mmcl_core.errors import InputError
from mmcl_core.runtime import keep_freed_memory


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
    gathered: list[Any] | None = None,
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
    checkpoint : a file to write after every epoch and to go on from when it exists. Without one, a unit of work keeps
        its checkpoints by itself (`checkpoint.kept_in`), unless there is an `after_step` and no word on what it gathers
    gathered : the list that `after_step` appends to, or a list of the arrays and lists that it fills in; empty where it
        gathers nothing. Part of a checkpoint

    On CUDA the step runs in bfloat16 where that is safe; on the CPU in float32.

    Raises
    ------
    InputError
        When `batch` exceeds `samples`, there is no step to take, the checkpoint is damaged or of another training, or
        the loss is not finite.
    """
    if not 2 <= batch <= samples:
        raise InputError(
            f"A batch of {batch} cannot be drawn from {samples} samples: allowed are 2 to {samples}; "
            "set batch accordingly"
        )
    keep_freed_memory()
    device = next(model.parameters()).device
    cuda = device.type == "cuda"
    history: list[Tensor] = []
    parts, draws = (
        {"model": model, "optimiser": optimiser} | ({"scheduler": scheduler} if scheduler else {}),
        (order, *streams),
    )
    each = samples // batch
    kept = None
    if checkpoint is not None or after_step is None or gathered is not None:
        kept = Kept(_identity(samples, batch, parts, draws, device), checkpoint)
        if (saved := kept.load()) is not None:
            history = _restore(saved, parts, draws, gathered, device)
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
        whole = len(batches) == each  # an epoch cut short by `steps` is done again
        if kept is not None and whole and kept.due(last=(epoch + 2) * each > last):
            kept.save(_state(parts, draws, gathered, history))
    if not all(torch.isfinite(h) for h in history[-1:]):  # the one host sync of the whole run
        group = optimiser.param_groups[0]
        rate = group.get("initial_lr", group["lr"])  # the schedule's own end is 0
        raise InputError(
            f"The loss is not finite after {last} steps: lower the rate (now {rate:g}) or raise the temperature"
        )
    model.eval()
    return torch.stack(history).cpu()


def _identity(
    samples: int, batch: int, parts: Mapping[str, Any], streams: Sequence[torch.Generator], device: torch.device
) -> dict[str, Any]:
    """What a checkpoint must agree in with the training that would go on from it."""
    groups = parts["optimiser"].state_dict()["param_groups"]
    return {
        "samples": samples,
        "batch": batch,
        "device": device.type,
        "torch": torch.__version__,
        "optimiser": type(parts["optimiser"]).__name__,
        **{
            name: [list(g[name]) if isinstance(g[name], tuple) else g[name] for g in groups]
            for name in groups[0]
            if name != "params" and isinstance(groups[0][name], int | float | tuple | str | None)
        },
        "weights at the start": digest(*parts["model"].state_dict().values()),
        "random streams": digest(*(s.get_state() for s in streams)),
    }


def _state(
    parts: Mapping[str, Any], streams: Sequence[torch.Generator], gathered: list[Any] | None, history: list[Tensor]
) -> dict[str, Any]:
    return {name: part.state_dict() for name, part in parts.items()} | {
        "streams": [s.get_state() for s in streams],
        "history": torch.stack(history),
        "gathered": gathered,
    }


def _restore(
    saved: Mapping[str, Any],
    parts: Mapping[str, Any],
    streams: Sequence[torch.Generator],
    gathered: list[Any] | None,
    device: torch.device,
) -> list[Tensor]:
    """Put everything back to where a checkpoint left it and return the losses so far."""
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    for stream, state in zip(streams, saved["streams"], strict=True):
        stream.set_state(state)
    for k, value in enumerate(saved["gathered"] or ()):
        if k < len(gathered) and isinstance(gathered[k], np.ndarray | list):
            gathered[k][:] = value
        else:
            gathered[k : k + 1] = [value]
    return list(saved["history"].to(device))
