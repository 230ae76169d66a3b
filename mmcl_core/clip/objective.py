"""The joint loss of a step, and its gradient by one pass or by chunks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmcl_core.clip.parallel import gathered
from mmcl_core.losses import clip_loss, symmetric_cross_entropy
from mmcl_core.models.temperature import Temperature


class Method(Protocol):
    """What a way to train says of the loss: a temperature, a schedule of it, a swap of coordinates, normalisation, and
    the factor on the temperature's learning rate."""

    rate: float
    normalised: bool

    @property
    def schedule(self) -> Callable[[float], float] | None: ...
    @property
    def swap(self) -> Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]] | None: ...
    def make_temperature(self) -> Temperature: ...


class AsClip:
    """CLIP's own way: the temperature is learnt from .07, and nothing else is done."""

    rate, normalised, schedule, swap = 1.0, True, None, None

    @staticmethod
    def make_temperature() -> Temperature:
        return Temperature(0.07)


Objective = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def make_objective(method: Method, same_class_negatives: bool, stream: torch.Generator) -> Objective:
    """The loss of a joint batch: embeddings `[B, D]` of both modalities, the temperature and the classes `[B]` to a
    number, in float32 whatever the towers computed in. `stream` draws the swaps, alike on every rank. Without
    same-class negatives every pair must have a class."""

    def objective(
        image: Float[Tensor, "B D"], text: Float[Tensor, "B D"], temperature: Tensor, labels: Int[Tensor, "B"]
    ) -> Float[Tensor, ""]:
        image, text = (x if x.dtype == torch.float64 else x.float() for x in (image, text))
        ignored = None if same_class_negatives else (labels[:, None] == labels).fill_diagonal_(False)
        if not method.normalised:
            return symmetric_cross_entropy(image @ text.mT / temperature, ignored)
        if method.swap is None:
            return clip_loss(image, text, temperature, ignored)
        image, text = (nn.functional.normalize(x, dim=-1) for x in (image, text))
        image, text = method.swap(image, text, stream)
        return symmetric_cross_entropy(image @ text.mT / temperature, ignored)

    return objective


def backward(
    model: nn.Module,
    objective: Objective,
    pictures: Float[Tensor, "b 3 H W"],
    tokens: Int[Tensor, "b L"],
    labels: Int[Tensor, "b"],
    chunk: int = 0,
    autocast: bool = False,
) -> Float[Tensor, ""]:
    """Add the gradient of the joint loss to the parameters of `model` and return the loss.

    With `0 < chunk < b` the towers never hold more than `chunk` pairs (Gao et al. 2021, gradient caching): embeddings
    without a graph, the loss's gradient on them, then each chunk once more with that gradient, its random state
    replayed. Exact for towers in which no row depends on another.
    """
    device = pictures.device

    def embed(rows: slice) -> tuple[Tensor, Tensor, Tensor]:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=autocast):
            return model(pictures[rows], tokens[rows])

    everyone = gathered(labels)
    if not 0 < chunk < len(pictures):
        image, text, temperature = embed(slice(None))
        loss = objective(gathered(image), gathered(text), temperature, everyone)
        loss.backward()
        return loss.detach()

    parts = [slice(k, min(k + chunk, len(pictures))) for k in range(0, len(pictures), chunk)]
    states, kept = [], []
    with torch.no_grad():
        for rows in parts:
            states.append(_random_state(device))
            kept.append(embed(rows))
    image, text = (torch.cat([k[i] for k in kept]).requires_grad_() for i in (0, 1))
    temperature = kept[0][2].detach().requires_grad_()
    loss = objective(gathered(image), gathered(text), temperature, everyone)
    loss.backward()
    after = _random_state(device)
    for number, (rows, state) in enumerate(zip(parts, states, strict=True)):
        _set_random_state(device, state)
        last = number == len(parts) - 1
        with nullcontext() if last or not hasattr(model, "no_sync") else model.no_sync():
            a, b, tau = embed(rows)
            value = (a * image.grad[rows]).sum() + (b * text.grad[rows]).sum()
            if temperature.grad is not None:
                value = value + tau * temperature.grad * last
            value.backward()
    _set_random_state(device, after)
    return loss.detach()


def _random_state(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_random_state(device: torch.device, state: Tensor) -> None:
    torch.cuda.set_rng_state(state, device) if device.type == "cuda" else torch.set_rng_state(state)
