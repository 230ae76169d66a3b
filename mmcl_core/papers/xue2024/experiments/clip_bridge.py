"""5.4: linear encoders under CLIP's own loss, under a growing regulariser, early in training, and at several temperatures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import normalize

from mmcl_core.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import bridge, linear
from mmcl_core.papers.xue2024.experiments.base import PROMPT, IntraSetting, Probability, stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, observe


def observations(config: IntraSetting, seeds: Sequence[int], purpose: str, **changes: float) -> tuple[Tensor, Tensor, Tensor]:
    """Images and captions of all seeds, `[S, n, d]` in float32, and their labels `[S, n]`."""
    rows = []
    for seed in seeds:
        s = stream(seed, purpose)
        sample = config.model(**changes).sample(Draws.of(config.n, s))
        rows.append((observe(sample.image, config.d, config.sigma_xi, s), observe(sample.text, config.d, config.sigma_xi, s), sample.label))
    image, text, label = (np.stack(x) for x in zip(*rows, strict=True))
    return torch.as_tensor(image, dtype=torch.float32), torch.as_tensor(text, dtype=torch.float32), torch.as_tensor(label)


def encoders(rank: int, d: int, seeds: Sequence[int], scale: float) -> tuple[Tensor, Tensor]:
    """Small random encoders `[S, p, d]`."""
    drawn = np.stack([stream(s, f"encoders {rank}").standard_normal((2, rank, d)) for s in seeds])
    return torch.as_tensor(drawn[:, 0] * scale, dtype=torch.float32), torch.as_tensor(drawn[:, 1] * scale, dtype=torch.float32)


def measure(w_image: Tensor, w_text: Tensor, model: IntraClass, sigma_xi: float) -> np.ndarray:
    """Spurious over core weight of the zero-shot direction, OOD and ID accuracy `[R, 3]`."""
    directions = (w_image.mT @ (w_text[..., :2] @ torch.as_tensor(PROMPT, dtype=torch.float32))[..., None])[..., 0].double().numpy()
    return _rows(directions, model, sigma_xi)


def _rows(directions: Iterable[np.ndarray], model: IntraClass, sigma_xi: float) -> np.ndarray:
    seen = [(u, linear.gaussian_accuracy(u, model, sigma_xi)) for u in directions]
    return np.array([(u[1] / u[0], accuracy.ood, accuracy.id) for u, accuracy in seen])


def of_linear_loss(image: Tensor, text: Tensor, config: IntraSetting) -> np.ndarray:
    """The same three numbers for the minimiser of the linear loss on these data `[S, 3]`."""
    pairs = zip(image.double().numpy(), text.double().numpy(), strict=True)
    return _rows((linear.minimiser(x, t, config.rank).direction(PROMPT) for x, t in pairs), config.model(), config.sigma_xi)


class BridgeSetting(IntraSetting):
    """The regularised loss of CLIP on inner products (5.4, reduced as the sheet advises)."""

    book: ClassVar = {"n": 300, "steps": 600}
    smoke: ClassVar = {"seeds": 2, "n": 100, "steps": 300, "strengths": (100.0, 1.0, 0.0)}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(600, ge=10, le=5000, description="chosen (5.4)")
    d: int = Field(20, ge=2, le=1000, description="chosen (5.4)")
    rank: int = Field(4, ge=1, description="chosen (5.4): p")
    strengths: tuple[float, ...] = Field((100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01, 0.0), min_length=2, description="chosen (5.4): rho")
    steps: int = Field(1500, ge=1, description="chosen (5.4): of Adam")
    rate: float = Field(3e-3, gt=0, description="chosen (5.4)")
    start: float = Field(0.03, gt=0, description="chosen: standard deviation of the initial weights")


@experiment("xue2024.bridge", BridgeSetting, coordinates=("rho",), seconds={"smoke": 2, "book": 12, "paper": 110})
def regulariser(config: BridgeSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spurious/core weight, OOD and ID accuracy after training with each rho `[S, rho, 3]`, and of the linear loss on the same data `[S, 3]`."""
    c, model = config, config.model()
    image, text, _ = observations(c, seeds, "bridge")
    start = encoders(c.rank, c.d, seeds, c.start)
    rows = []
    for rho in c.strengths:
        strength = torch.full((len(seeds), 1, 1), rho)
        rows.append(measure(*bridge.adam_path(*start, image, text, strength, c.rate, c.steps), model, c.sigma_xi))
    return {"rho": np.array(c.strengths), "trained": np.stack(rows, 1), "linear": of_linear_loss(image, text, c)}


class TimeSetting(BridgeSetting):
    """Plain gradient descent without a regulariser from small, wide encoders."""

    book: ClassVar = {"n": 300}
    smoke: ClassVar = {"seeds": 2, "n": 100, "descent_steps": 100}

    rank: int = Field(1024, ge=1, description="chosen: wide, so that W^T W is near the identity at the start")
    start: float = Field(0.01, gt=0, description="chosen: small")
    rate: float = Field(0.05, gt=0, description="chosen")
    descent_steps: int = Field(2000, ge=10, description="chosen")


@experiment("xue2024.training_time", TimeSetting, coordinates=("step",), seconds={"smoke": 1, "book": 10, "paper": 40})
def training_time(config: TimeSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spurious/core weight, OOD and ID accuracy along gradient descent on CLIP's loss `[S, step, 3]`, and of the linear loss on the same data `[S, 3]`."""
    c, model = config, config.model()
    image, text, _ = observations(c, seeds, "bridge")
    kept = sorted({int(x) for x in np.geomspace(1, c.descent_steps, 60).round()})
    path = bridge.descent_path(*encoders(c.rank, c.d, seeds, c.start), image, text, c.rate, c.descent_steps)
    rows = [measure(a, b, model, c.sigma_xi) for step, a, b in path if step in kept]
    return {"step": np.array(kept), "trained": np.stack(rows, 1), "linear": of_linear_loss(image, text, c)}


class TemperatureSetting(IntraSetting):
    """CLIP's loss as it is: cosines, minibatches, a temperature fixed or learnt."""

    book: ClassVar = {"steps": 400}
    smoke: ClassVar = {"seeds": 2, "n": 600, "steps": 150, "batch": 64}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(2000, ge=10, le=10**5, description="chosen (5.4)")
    d: int = Field(20, ge=2, le=1000, description="chosen (5.4)")
    rank: int = Field(8, ge=1, description="chosen (5.4): p")
    temperatures: tuple[float, ...] = Field((1.0, 0.3, 0.1), min_length=1, description="chosen (5.4): fixed temperatures")
    learnt: float = Field(0.07, gt=0, description="CLIP's initial value of a learnt temperature")
    batch: int = Field(256, ge=2, le=4096, description="chosen")
    steps: int = Field(2000, ge=1, description="chosen (5.4): of Adam")
    rate: float = Field(3e-3, gt=0, description="chosen (5.4)")


@experiment("xue2024.clip_temperature", TemperatureSetting, coordinates=("temperature",), seconds={"smoke": 1, "book": 8, "paper": 40})
def clip_temperature(config: TemperatureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spurious/core weight, OOD and ID accuracy for each fixed temperature and, last, a learnt one `[S, temperature, 3]`."""
    c = config
    data = observations(c, seeds, "temperature")
    rows = [clip_trained(c, seeds, *data, temperature, False, same_class=True) for temperature in c.temperatures]
    rows.append(clip_trained(c, seeds, *data, c.learnt, True, same_class=True))
    return {"temperature": np.array([*c.temperatures, c.learnt]), "trained": np.stack(rows, 1)}


def clip_trained(
    c: TemperatureSetting, seeds: Sequence[int], image: Tensor, text: Tensor, label: Tensor, temperature: float, learns: bool, same_class: bool
) -> np.ndarray:
    """Spurious/core weight, OOD and ID accuracy `[S, 3]` after Adam on CLIP's loss; without `same_class` two samples of a class are no negatives."""
    weights = [w.requires_grad_() for w in encoders(c.rank, c.d, seeds, 0.1)]
    log_scale = torch.full((len(seeds), 1, 1), -np.log(temperature), dtype=torch.float32, requires_grad=learns)
    optimiser = torch.optim.Adam([*weights, log_scale] if learns else weights, lr=c.rate)
    orders = [stream(s, "batches") for s in seeds]
    others = ~torch.eye(c.batch, dtype=torch.bool)
    for _ in range(c.steps):
        chosen = torch.as_tensor(np.stack([o.integers(0, c.n, c.batch) for o in orders]))
        x, t = (torch.take_along_dim(v, chosen[..., None], 1) for v in (image, text))
        logits = normalize(x @ weights[0].mT, dim=-1) @ normalize(t @ weights[1].mT, dim=-1).mT * log_scale.exp()
        if not same_class:
            y = torch.take_along_dim(label, chosen, 1)
            logits = logits.masked_fill((y[:, :, None] == y[:, None]) & others, -torch.inf)
        optimiser.zero_grad()
        bridge.symmetric_cross_entropy(logits).sum().backward()
        optimiser.step()
    return measure(weights[0].detach(), weights[1].detach(), c.model(), c.sigma_xi)


class CaptionSetting(TemperatureSetting):
    """CLIP's loss with poorer captions and without same-class negatives."""

    smoke: ClassVar = {"seeds": 2, "n": 600, "steps": 100, "batch": 64, "richness": (0.0, 1.0)}

    batch: int = Field(128, ge=2, le=4096, description="chosen")
    temperature: float = Field(1.0, gt=0, description="chosen (5.4): fixed")
    richness: tuple[Probability, ...] = Field((0.0, 0.5, 1.0), min_length=2, description="chosen (5.4): pi_core")


@experiment("xue2024.clip_captions", CaptionSetting, coordinates=("pi_core",), seconds={"smoke": 1, "book": 12, "paper": 60})
def clip_captions(config: CaptionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spurious/core weight, OOD and ID accuracy for each pi_core with all negatives and without those of the same class `[S, pi_core, 2, 3]`."""
    c, rows = config, []
    for pi in c.richness:
        data = observations(c, seeds, "captions", pi_core=pi)
        rows.append(np.stack([clip_trained(c, seeds, *data, c.temperature, False, same_class) for same_class in (True, False)], 1))
    return {"pi_core": np.array(c.richness), "trained": np.stack(rows, 1)}
