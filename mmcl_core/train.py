"""The minibatch training loop: data stay on the device, batches are index lists, losses are read once at the end.

Seeds are trained one after another: for the small convolutional encoders here, batching seeds under vmap is slower on
a CPU (benchmarks/seed_batching.py measured 13 % at 14 x 14 and 80 % at 28 x 28). The models of the theory,
where batching wins, have loops of their own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from mmcl_core.errors import InputError


def train(
    model: nn.Module,
    loss: Callable[[Tensor], Tensor],
    samples: int,
    *,
    batch: int,
    epochs: int,
    rate: float,
    order: torch.Generator,
    streams: Sequence[torch.Generator] = (),
    checkpoint: Path | None = None,
    name: str = "",
) -> Float[Tensor, "epochs"]:
    """Train `model` in place with Adam and return the mean loss of every epoch.

    Parameters
    ----------
    loss : the loss of a batch, given its row indices `[batch]` on the model's device
    samples : how many rows there are; the last, smaller batch of an epoch is dropped, contrastive losses depend on the size
    order : the stream that shuffles the rows
    streams : other streams that `loss` draws from; with `order` they are part of a checkpoint
    checkpoint : a file to write after every epoch and to go on from when it exists

    On CUDA the step runs in bfloat16 where that is safe, with the fused optimiser; on the CPU in float32.

    Raises
    ------
    InputError
        When `batch` exceeds `samples`, the checkpoint is damaged or of another model, or the loss is not finite.
    """
    if not 2 <= batch <= samples:
        raise InputError(f"A batch of {batch} cannot be drawn from {samples} samples: allowed are 2 to {samples}; set batch accordingly")
    device = next(model.parameters()).device
    cuda = device.type == "cuda"
    optimiser = torch.optim.Adam(model.parameters(), lr=rate, fused=cuda)
    history: list[Tensor] = []
    draws = (order, *streams)
    if checkpoint is not None and checkpoint.exists():
        history = _load(checkpoint, model, optimiser, draws)
    model.train()
    for epoch in tqdm(range(len(history), epochs), desc=name, disable=not sys.stderr.isatty(), leave=False):
        rows = torch.randperm(samples, generator=order).to(device)
        total = torch.zeros((), device=device)
        batches = rows[: samples // batch * batch].split(batch)
        for part in batches:
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=cuda):
                value = loss(part)
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            optimiser.step()
            total += value.detach()
        history.append(total / len(batches))
        if checkpoint is not None:
            _save(checkpoint, model, optimiser, draws, history)
        if epoch == epochs - 1 and not bool(torch.isfinite(history[-1])):  # the one host sync of the whole run
            raise InputError(f"The loss is not finite after {epochs} epochs: lower the rate (now {rate}) or raise the temperature")
    model.eval()
    return torch.stack(history).cpu()


def _load(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, streams: Sequence[torch.Generator]) -> list[Tensor]:
    """Put everything back to where a checkpoint left it and return the losses so far."""
    try:
        saved = torch.load(path, weights_only=True, map_location=next(model.parameters()).device)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        for stream, state in zip(streams, saved["streams"], strict=True):
            stream.set_state(state.cpu())
        return list(saved["history"])
    except (RuntimeError, ValueError, KeyError, EOFError, UnpicklingError) as error:
        raise InputError(f"The checkpoint {path} is damaged or of another model ({type(error).__name__}): remove it to start anew") from None


def _save(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, streams: Sequence[torch.Generator], history: list[Tensor]) -> None:
    """Write a checkpoint whole or not at all."""
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "streams": [s.get_state() for s in streams],
        "history": torch.stack(history),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix="checkpoint-", suffix=".partial")
    os.close(handle)
    torch.save(state, scratch)
    os.replace(scratch, path)
