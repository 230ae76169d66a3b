"""The optimum of CLIP's unnormalised loss for a perfect reader, and descent on free embeddings towards it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024.optimum import STATES, Population, optimum
from mmcl_core.runtime import generator

SETTINGS = ((0, 1), (0.25, 1), (0.5, 1), (0.75, 1), (1, 1), (1, 0.5), (1, 0))  # (pi_core, pi_spu) of Figs. 2 and 5
NAME = "xue2024.loss_optimum"


class OptimumSetting(Config):
    """The paper's seven kinds of captions at its own share of exceptions and at that of tier book."""

    book: ClassVar = {}
    smoke: ClassVar = {"ridges": (1e-1,), "sweep": (0.9, 0.995)}

    agreements: tuple[float, ...] = Field(
        (0.995, 0.925), min_length=1, description="the paper's .995; .925: 300 of 4,000"
    )
    ridges: tuple[float, ...] = Field(
        (1e-3, 1e-2, 1e-1), min_length=1, description="chosen: three sizes, to see it matter"
    )
    sweep: tuple[float, ...] = Field(
        (0.55, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995),
        min_length=2,
        description="chosen: agreements of the figure",
    )


@experiment(
    NAME,
    OptimumSetting,
    coordinates=("settings", "agreements", "ridges", "sweep"),
    seconds={"smoke": 1, "book": 1, "paper": 1},
    deterministic=True,
)
def loss_optimum(config: OptimumSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Coefficients u and accuracies (ID, OOD, agree, conflict) of the optimum by prompts and by the class posterior.

    `u` `[P, K, R, 60]`, `accuracy` and `posterior` `[P, K, R, 4]` over agreements, captions and ridges; `swept`
    `[W, 3, 4]` over the agreements of the figure, for captions (0, 1), (1, 1), (1, 0), at the middle ridge.
    """
    shape = (len(config.agreements), len(SETTINGS), len(config.ridges))
    u, accuracy, posterior = np.empty((*shape, STATES)), np.empty((*shape, 4)), np.empty((*shape, 4))
    residual = np.empty(shape)
    for at in np.ndindex(shape):
        population = Population(*SETTINGS[at[1]], config.agreements[at[0]])
        found = optimum(population, config.ridges[at[2]])
        u[at], residual[at] = found.u, found.residual
        accuracy[at] = population.accuracies(found.right)
        posterior[at] = population.accuracies(found.posterior_right)
    middle = config.ridges[len(config.ridges) // 2]
    swept = [
        [(population := Population(*SETTINGS[k], p)).accuracies(optimum(population, middle).right) for k in (0, 4, 6)]
        for p in config.sweep
    ]
    return {
        "settings": np.array(SETTINGS, float),
        "agreements": np.array(config.agreements),
        "ridges": np.array(config.ridges),
        "sweep": np.array(config.sweep),
        "u": u,
        "accuracy": accuracy,
        "posterior": posterior,
        "residual": residual,
        "swept": np.array(swept),
    }


class DescentSetting(Config):
    """Sixty free image embeddings and a linear text tower, by the paper's optimiser on the population's loss."""

    smoke: ClassVar = {"seeds": 2, "steps": 400}

    p_spu: float = Field(0.995, ge=0, le=1, description="the paper's")
    captions: tuple[int, ...] = Field((4, 6), min_length=1, description="chosen: (1, 1) and (1, 0), by place in Fig. 2")
    width: int = Field(128, ge=1, description="the paper's embedding width")
    steps: int = Field(8000, ge=1, description="chosen; the paper's 46,900 steps have batches")
    rate: float = Field(0.01, gt=0, description="the paper's")
    momentum: float = Field(0.9, ge=0, lt=1, description="the paper's")
    decay: float = Field(1e-3, ge=0, description="the paper's weight decay")


@experiment(
    "xue2024.loss_descent", DescentSetting, coordinates=("captions",), seconds={"smoke": 1, "book": 3, "paper": 3}
)
def loss_descent(config: DescentSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Where momentum descent on the unnormalised loss ends: `u` `[S, K, 60]` and accuracies `[S, K, 4]`."""
    populations = [Population(*SETTINGS[k], config.p_spu) for k in config.captions]
    u = np.stack([_descend(p, config, seeds, device) for p in populations], 1)
    accuracy = [[p.accuracies(np.sign(row) == p.label) for p, row in zip(populations, rows, strict=True)] for rows in u]
    return {"captions": np.array(config.captions), "u": u, "accuracy": np.array(accuracy)}


def _descend(population: Population, config: DescentSetting, seeds: Sequence[int], device: torch.device) -> np.ndarray:
    """Descent for all seeds at once; returns u `[S, 60]`, the difference that the class prompts make at each state."""

    def drawn(*shape: int) -> Tensor:
        streams = (generator("xue2024.loss_descent", s, f"{shape}") for s in seeds)
        return torch.stack([torch.randn(*shape, generator=g) for g in streams]).to(device) / config.width**0.5

    image, words = drawn(STATES, config.width), drawn(config.width, 3)
    captions = np.column_stack([population.captions, np.ones(len(population.captions))])
    captions, joint = (torch.as_tensor(a).float().to(device) for a in (captions, population.joint))
    law, caption_law = joint.sum(1)[:, None], joint.sum(0)
    log_law, log_caption_law = law.log(), caption_law.log()
    velocities = torch.zeros_like(image), torch.zeros_like(words)
    for _ in range(config.steps):
        s = image @ words @ captions.T
        pull = law * (s + log_caption_law).softmax(2) + caption_law * (s + log_law).softmax(1)
        force = (pull / 2 - joint) @ captions  # the loss's derivative with respect to u, v and w
        forces = force @ words.mT, image.mT @ force
        for weights, velocity, gradient in zip((image, words), velocities, forces, strict=True):
            velocity.mul_(config.momentum).add_(gradient).add_(weights, alpha=config.decay)
            weights.sub_(velocity, alpha=config.rate)
    return (image @ words)[:, :, 0].cpu().numpy().astype(float)
