"""Two small towers on real pairs of views: what the theory's losses do where its assumptions do not hold.

A tower is linear or has one hidden layer; its features are centred and divided by the root of their mean squared
norm, both over the batch, which is the theory's N_A. Seeds are trained together, weights `[S, in, out]`; every seed
has streams of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmcl_core.checkpoint import Kept, digest
from mmcl_core.errors import InputError
from mmcl_core.lab.experiment import Arrays
from mmcl_core.metrics import effective_rank, feature_condition_number, retrieval_at_1
from mmcl_core.runtime import generator

Tower = list[tuple[Float[Tensor, "S _ _"], Float[Tensor, "S 1 _"]]]  # weights and biases, layer by layer


@dataclass(frozen=True)
class Pairs:
    """Both views of all pairs, and the rows of each seed for training and for testing."""

    first: Float[Tensor, "N p"]
    second: Float[Tensor, "N q"]
    train: Int[Tensor, "S n"]
    test: Int[Tensor, "S m"]

    def to(self, device: torch.device) -> Pairs:
        return Pairs(*(x.to(device) for x in (self.first, self.second, self.train, self.test)))


def pairs(
    first: Float[Tensor, "N p"],
    second: Float[Tensor, "N q"],
    train: int,
    test: int,
    experiment: str,
    seeds: Sequence[int],
) -> Pairs:
    """Both views with a split of each seed's own; `InputError` when there are fewer pairs than asked for."""
    if train + test > len(first):
        raise InputError(
            f"{train} training and {test} test pairs were asked for, but there are {len(first)}: take fewer"
        )
    order = torch.stack([torch.randperm(len(first), generator=generator(experiment, s, "split")) for s in seeds])
    return Pairs(first, second, order[:, :train], order[:, train : train + test])


@dataclass(frozen=True)
class Recipe:
    """How a pair of towers is trained. `inverse_temperature` is tau^2 of the contrastive loss, None for the
    non-contrastive one."""

    inverse_temperature: float | None
    hidden_first: int | None = None
    hidden_second: int | None = None
    width: int = 16
    batch: int = 256
    steps: int = 1000
    rate: float = 1e-3
    optimiser: Literal["sgd", "adam"] = "adam"
    start: Literal["uniform", "gaussian"] = (
        "uniform"  # U(+-1/sqrt(in)) as in torch's layers, or N(0, 1/width) as in the theory
    )


def tower(experiment: str, name: str, seeds: Sequence[int], sizes: Sequence[int], start: str) -> Tower:
    """Initial weights of every seed, drawn on the CPU. Gaussian towers have zero biases."""
    streams, layers = [generator(experiment, s, name) for s in seeds], []
    for i, o in zip(sizes[:-1], sizes[1:], strict=True):
        if start == "gaussian":
            weights = torch.stack([torch.randn(i, o, generator=g) for g in streams]) / math.sqrt(o)
            layers.append((weights, torch.zeros(len(seeds), 1, o)))
        else:
            drawn = torch.stack([torch.rand(i + 1, o, generator=g) for g in streams]).mul(2).sub(1) / math.sqrt(i)
            layers.append((drawn[:, :i].clone(), drawn[:, i:].clone()))
    return layers


def apply(layers: Tower, x: Float[Tensor, "S N i"]) -> Float[Tensor, "S N o"]:
    """The tower's raw features, ReLU between layers."""
    for k, (weight, bias) in enumerate(layers):
        x = torch.baddbmm(bias, torch.relu(x) if k else x, weight)
    return x


def normalise(features: Float[Tensor, "S N D"]) -> Float[Tensor, "S N D"]:
    """Centred, and divided by the root mean squared norm over the batch: one number for a batch, not one for each
    sample."""
    centred = features - features.mean(1, keepdim=True)
    return centred / centred.square().sum(-1).mean(1)[:, None, None].sqrt()


def pulls(
    first: Float[Tensor, "S N D"], second: Float[Tensor, "S N D"], inverse_temperature: float | None
) -> tuple[Float[Tensor, "S N D"], Float[Tensor, "S N D"]]:
    """Minus the gradient of the loss by the features of both views, which is all that training asks of it.

    The loss is the sum of both cross-entropies over the batch with logits tau^2 <f_A, f_B>, or minus the mean
    <f_A, f_B> of the pairs. Written out, its gradient takes less than half of the time that autograd takes.
    """
    pairs = first.shape[1]
    if inverse_temperature is None:
        return second / pairs, first / pairs
    logits = inverse_temperature * first @ second.mT
    softmaxes, weight = logits.softmax(-1).add_(logits.softmax(-2)), inverse_temperature / pairs
    return weight * (2 * second - softmaxes @ second), weight * (2 * first - softmaxes.mT @ first)


@dataclass(frozen=True)
class Trained:
    """Held-out measurements over recorded `steps`, and the towers after the last one."""

    steps: Int[np.ndarray, "T"]
    condition: Float[np.ndarray, "S T J"]  # kappa_j of the first view's features, for the j asked for
    rank: Float[np.ndarray, "S T"]  # effective rank of the same
    alignment: Float[np.ndarray, "S T"]
    first: Tower
    second: Tower

    def arrays(self, run: str, orders: Sequence[int]) -> Arrays:
        """The measurements as named arrays, `<run>_steps` and so on; `orders` as in `fit`."""
        over_steps = {f"kappa{j}": self.condition[:, :, k] for k, j in enumerate(orders)} | {
            "rank": self.rank,
            "alignment": self.alignment,
        }
        return {f"{run}_steps": self.steps} | {f"{run}_{name}": values for name, values in over_steps.items()}


def features(
    data: Pairs, first: Tower, second: Tower, rows: Int[Tensor, "S m"]
) -> tuple[Float[np.ndarray, "S m D"], Float[np.ndarray, "S m D"]]:
    """Normalised features of both views of `rows`."""
    with torch.no_grad():
        return tuple(
            normalise(apply(t, x[rows])).double().cpu().numpy() for t, x in ((first, data.first), (second, data.second))
        )


def fit(
    data: Pairs,
    recipe: Recipe,
    experiment: str,
    seeds: Sequence[int],
    recorded: Int[Tensor, "T"],
    orders: Sequence[int],
) -> Trained:
    """Train every seed's towers on fresh random batches; both losses see the same initial weights and the same batches.

    `orders` are the j of kappa_j that are measured at the `recorded` steps. `InputError` when the training diverges.
    """
    r, device = recipe, data.first.device
    sizes = [
        [x.shape[1], *([h] if h else []), r.width]
        for x, h in ((data.first, r.hidden_first), (data.second, r.hidden_second))
    ]
    towers = [
        tower(experiment, name, seeds, s, r.start)
        for name, s in zip(("first tower", "second tower"), sizes, strict=True)
    ]
    towers = [[tuple(p.to(device).requires_grad_() for p in layer) for layer in t] for t in towers]
    first, second = towers
    parameters = [p for t in towers for layer in t for p in layer]
    optimiser = (torch.optim.Adam if r.optimiser == "adam" else torch.optim.SGD)(parameters, lr=r.rate, fused=True)
    streams = [generator(experiment, s, "batches") for s in seeds]
    size, wanted = min(r.batch, data.train.shape[1]), set(recorded.tolist())
    seen: list[tuple[np.ndarray, list[float], np.ndarray]] = []
    begun, kept = 0, Kept(_identity(data, recipe, recorded, orders, parameters, streams))
    if (saved := kept.load()) is not None:
        begun, seen = saved["step"], saved["seen"]
        optimiser.load_state_dict(saved["optimiser"])
        with torch.no_grad():
            for parameter, value in zip(parameters, saved["weights"], strict=True):
                parameter.copy_(value)
        for stream, state in zip(streams, saved["streams"], strict=True):
            stream.set_state(state)
    for step in range(begun, r.steps + 1):
        if kept.due(last=step == r.steps):
            kept.save(
                {
                    "step": step,
                    "seen": seen,
                    "optimiser": optimiser.state_dict(),
                    "weights": parameters,
                    "streams": [stream.get_state() for stream in streams],
                }
            )
        if step in wanted:
            a, b = features(data, first, second, data.test)
            if not np.isfinite(a + b).all():
                raise InputError(
                    f"The towers diverged before step {step}: take another batch, width, tau^2, or a rate below "
                    f"{r.rate:g}"
                )
            condition = np.array([[feature_condition_number(x, j) for j in orders] for x in a])
            seen.append((condition, [effective_rank(x) for x in a], (a * b).sum(-1).mean(-1)))
        if step == r.steps:
            break
        rows = data.train.gather(
            1, torch.stack([torch.randperm(data.train.shape[1], generator=g)[:size] for g in streams]).to(device)
        )
        optimiser.zero_grad(set_to_none=True)
        f_a, f_b = (normalise(apply(t, x[rows])) for t, x in ((first, data.first), (second, data.second)))
        with torch.no_grad():
            ahead = pulls(f_a, f_b, r.inverse_temperature)
        torch.autograd.backward((f_a, f_b), [-pull for pull in ahead])
        optimiser.step()
    condition, rank, alignment = (np.stack(x, 1) for x in zip(*seen, strict=True))
    return Trained(np.array(sorted(wanted)), condition, rank, alignment, first, second)


def _identity(
    data: Pairs,
    recipe: Recipe,
    recorded: Tensor,
    orders: Sequence[int],
    parameters: list[Tensor],
    streams: list[torch.Generator],
) -> dict[str, Any]:
    """What a checkpoint must agree in with the training that would go on from it."""
    return asdict(recipe) | {
        "orders": list(orders),
        "recorded": digest(recorded),
        "device": data.first.device.type,
        "torch": torch.__version__,
        "data": digest(data.first, data.second, data.train, data.test),
        "weights at the start": digest(*parameters),
        "random streams": digest(*(stream.get_state() for stream in streams)),
    }


def retrieval(
    first: Float[np.ndarray, "S m D"], second: Float[np.ndarray, "S m D"], among: int
) -> Float[np.ndarray, "S"]:
    """Retrieval at 1 of the second view from the first among `among` pairs, mean over as many disjoint groups as the
    test set holds."""
    starts = range(0, max(1, first.shape[1] // among) * among, among)
    return np.array(
        [
            np.mean([retrieval_at_1(a[i : i + among], b[i : i + among]) for i in starts])
            for a, b in zip(first, second, strict=True)
        ]
    )
