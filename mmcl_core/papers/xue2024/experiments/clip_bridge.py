"""Beyond the paper: linear encoders under CLIP's loss with a growing regulariser, and early in training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import bridge, linear
from mmcl_core.papers.xue2024.experiments.base import IntraSetting, Law, Prompted, measure, stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, observe


def observations(config: Law, seeds: Sequence[int], purpose: str, **changes: float) -> tuple[Tensor, Tensor, Tensor]:
    """Images and captions of all seeds, `[S, n, d]` in float32, and their labels `[S, n]`."""
    rows = []
    for seed in seeds:
        s = stream(seed, purpose)
        sample = config.model(**changes).sample(Draws.of(config.n, s))
        rows.append(
            (
                observe(sample.image, config.d, config.sigma_xi, s),
                observe(sample.text, config.d, config.sigma_xi, s),
                sample.label,
            )
        )
    image, text, label = (np.stack(x) for x in zip(*rows, strict=True))
    return (
        torch.as_tensor(image, dtype=torch.float32),
        torch.as_tensor(text, dtype=torch.float32),
        torch.as_tensor(label),
    )


def encoders(rank: int, d: int, seeds: Sequence[int], scale: float) -> tuple[Tensor, Tensor]:
    """Small random encoders `[S, p, d]`."""
    drawn = np.stack([stream(s, f"encoders {rank}").standard_normal((2, rank, d)) for s in seeds])
    return torch.as_tensor(drawn[:, 0] * scale, dtype=torch.float32), torch.as_tensor(
        drawn[:, 1] * scale, dtype=torch.float32
    )


def weigh(w_image: Tensor, w_text: Tensor, model: IntraClass, config: Prompted) -> np.ndarray:
    """Spurious over core weight of the zero-shot direction, OOD, ID and conflict accuracy `[R, 4]`."""
    prompt = torch.tensor(config.prompt, dtype=torch.float32)
    directions = (w_image.mT @ (w_text[..., :2] @ prompt)[..., None])[..., 0].double().numpy()
    return _rows(directions, model, config.sigma_xi)


def _rows(directions: Iterable[np.ndarray], model: IntraClass, sigma_xi: float) -> np.ndarray:
    return np.array([(u[1] / u[0], *measure(u, model, sigma_xi)) for u in directions])


def of_linear_loss(image: Tensor, text: Tensor, config: IntraSetting) -> np.ndarray:
    """The same four numbers for the minimiser of the linear loss on these data `[S, 4]`."""
    pairs, prompt = zip(image.double().numpy(), text.double().numpy(), strict=True), np.array(config.prompt)
    directions = (linear.minimiser(x, t, config.rank).direction(prompt) for x, t in pairs)
    return _rows(directions, config.model(), config.sigma_xi)


class InnerProducts(IntraSetting):
    """CLIP's loss on inner products, full batch."""

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(600, ge=10, le=5000, description="chosen")
    d: int = Field(20, ge=2, le=1000, description="chosen")


class BridgeSetting(InnerProducts):
    """With a regulariser (reduced at tier book)."""

    book: ClassVar = {"n": 200, "steps": 600, "strengths": (100.0, 30.0, 10.0, 3.0, 1.0, 0.0)}
    smoke: ClassVar = {"seeds": 2, "n": 100, "steps": 300, "strengths": (100.0, 1.0, 0.0)}

    rank: int = Field(4, ge=1, description="chosen: p")
    strengths: tuple[float, ...] = Field(
        (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.0), min_length=2, description="chosen: rho"
    )
    steps: int = Field(1500, ge=1, description="chosen: of Adam")
    rate: float = Field(3e-3, gt=0, description="chosen")
    start: float = Field(0.03, gt=0, description="chosen: standard deviation of the initial weights")


@experiment("xue2024.bridge", BridgeSetting, coordinates=("rho",), seconds={"smoke": 2, "book": 7, "paper": 110})
def regulariser(config: BridgeSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spurious/core weight, OOD, ID and conflict accuracy after training with each rho `[S, rho, 4]`.

    `linear`: the same for the linear loss on the same data `[S, 4]`.
    """
    c, model = config, config.model()
    image, text, _ = observations(c, seeds, "bridge")
    start = encoders(c.rank, c.d, seeds, c.start)
    rows = []
    for rho in c.strengths:
        strength = torch.full((len(seeds), 1, 1), rho)
        rows.append(weigh(*bridge.adam_path(*start, image, text, strength, c.rate, c.steps), model, c))
    return {"rho": np.array(c.strengths), "trained": np.stack(rows, 1), "linear": of_linear_loss(image, text, c)}


class TimeSetting(InnerProducts):
    """Plain gradient descent without a regulariser from small, wide encoders."""

    book: ClassVar = {"n": 200}
    smoke: ClassVar = {"seeds": 2, "n": 100, "descent_steps": 100, "narrow_steps": 20}

    rank: int = Field(1024, ge=1, description="chosen: wide, so that W^T W is near the identity at the start")
    start: float = Field(0.01, gt=0, description="chosen: small")
    rate: float = Field(0.05, gt=0, description="chosen")
    descent_steps: int = Field(2000, ge=10, description="chosen")
    narrow: int = Field(4, ge=1, description="chosen: rank of a second run, over the first part of the time")
    narrow_steps: int = Field(100, ge=10, description="chosen")


@experiment(
    "xue2024.training_time",
    TimeSetting,
    coordinates=("step", "narrow_step"),
    seconds={"smoke": 1, "book": 5, "paper": 40},
)
def training_time(config: TimeSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spurious/core weight, OOD, ID and conflict accuracy along gradient descent on CLIP's loss `[S, step, 4]`.

    `linear`: the same for the linear loss on the same data `[S, 4]`; `narrow`: for encoders of a small rank, at every
    step of the first part.
    """
    c, model = config, config.model()
    image, text, _ = observations(c, seeds, "bridge")
    kept = sorted({int(x) for x in np.geomspace(1, c.descent_steps, 60).round()})
    path = bridge.descent_path(*encoders(c.rank, c.d, seeds, c.start), image, text, c.rate, c.descent_steps)
    rows = [weigh(a, b, model, c) for step, a, b in path if step in kept]
    path = bridge.descent_path(*encoders(c.narrow, c.d, seeds, c.start), image, text, c.rate, c.narrow_steps)
    narrow = [weigh(a, b, model, c) for _, a, b in path]
    return {
        "step": np.array(kept),
        "trained": np.stack(rows, 1),
        "narrow_step": np.arange(c.narrow_steps + 1),
        "narrow": np.stack(narrow, 1),
        "linear": of_linear_loss(image, text, c),
    }
