"""How much TF32 and bfloat16 cost: gradients of the trained encoders against double precision on the processor.

What a card multiplies with fewer digits is only worth its speed where the gradient keeps its direction: an error of a
fifth of its length turns it by at most 12 degrees. The tolerances were set after a run on a processor, where bfloat16
(units of 2^-9) cost up to 0.15; TF32 (2^-11) may cost a fourth of that, single precision (2^-24) next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.gpu.place import Place
from mmcl_core.data.scenes import scenes
from mmcl_core.losses import clip_loss, nt_xent
from mmcl_core.models.conv import ConvEncoder, projection_head
from mmcl_core.papers.xue2024.lenet import lenet
from mmcl_core.papers.yaras2024 import towers
from mmcl_core.papers.yaras2024.methods import METHODS

TOLERANCE = {"single": 1e-4, "TF32": 5e-2, "bfloat16": 2e-1}
Loss = Callable[[nn.Module, torch.device, torch.dtype], Tensor]


@contextmanager
def precision(name: str, device: torch.device) -> Iterator[None]:
    """Products in single precision, in TF32 (which only a card has), or in bfloat16 where autocast allows it."""
    parts = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [part.allow_tf32 for part in parts]
    for part in parts:
        part.allow_tf32 = name == "TF32"
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=name == "bfloat16"):
            yield
    finally:
        for part, allowed in zip(parts, before, strict=True):
            part.allow_tf32 = allowed


def subjects(p: Place) -> Iterator[tuple[str, nn.Module, Loss]]:
    """Encoders at their start, and the loss of one batch in the device and precision that is asked for."""
    batch, size = p.size(256, 16), p.size(28, 14)
    torch.manual_seed(0)
    images, digits = torch.rand(batch, 3, size, size), torch.rand(batch, 3, 28, 28)
    drawn = scenes("gpu audit", 0, batch)
    labels = torch.arange(batch) % 10

    def simclr(model: nn.Module, device: torch.device, dtype: torch.dtype) -> Tensor:
        seen = images.to(device, dtype)
        return nt_xent(model(seen), model(seen.flip(-1)), 0.5)

    def by_labels(model: nn.Module, device: torch.device, dtype: torch.dtype) -> Tensor:
        return nn.functional.cross_entropy(model(digits.to(device, dtype)), labels.to(device))

    def clip(model: nn.Module, device: torch.device, dtype: torch.dtype) -> Tensor:
        a, b = model.image(drawn.images.to(device, dtype)), model.text(drawn.tokens.to(device))
        return clip_loss(a, b, 0.07)

    yield "huang2024 SimCLR", nn.Sequential(ConvEncoder(size), projection_head(128, 128, 64)), simclr
    yield "xue2024 LeNet", lenet(28, 10), by_labels
    yield "small CLIP", towers.tiny_clip(METHODS["baseline"], "gpu audit", 0), clip


def gradient(model: nn.Module, loss: Loss, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Of all parameters that the loss depends on, `[P]`, in double precision on the processor."""
    copy = deepcopy(model).to(device, dtype)
    loss(copy, device, dtype).backward()
    return torch.cat([w.grad.flatten().double().cpu() for w in copy.parameters() if w.grad is not None])


def audit(p: Place, most: float) -> list[dict[str, Any]]:
    """One row for each encoder and precision: length of the gradient's error over the gradient's, gradients a
    second."""
    rows, cpu = [], torch.device("cpu")
    for family, model, loss in subjects(p):
        exact = gradient(model, loss, cpu, torch.float64)
        for name, tolerance in TOLERANCE.items():
            with precision(name, p.device):
                found = gradient(model, loss, p.device, torch.float32)
                copy = deepcopy(model).to(p.device)
                taken = p.seconds(lambda c=copy, f=loss: f(c, p.device, torch.float32).backward(), most)
            error = float((found - exact).norm() / exact.norm())
            rows.append(
                {
                    "family": family,
                    "precision": name,
                    "error": error,
                    "tolerance": tolerance,
                    "gradients_per_second": 1 / taken,
                }
            )
    return rows
