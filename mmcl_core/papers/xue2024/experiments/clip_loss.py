"""Beyond the paper: linear encoders under CLIP's own loss, on inner products and on cosines: temperatures,
captions, negatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024.bridge import Similarity, clip_training
from mmcl_core.papers.xue2024.experiments.base import Captioned, Law, Probability, Prompted, stream
from mmcl_core.papers.xue2024.experiments.clip_bridge import encoders, observations, weigh


class ClipRun(Law, Prompted):
    """CLIP's loss in minibatches."""

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(2000, ge=10, le=10**5, description="chosen")
    d: int = Field(20, ge=2, le=1000, description="chosen")
    rank: int = Field(8, ge=1, description="chosen: p")
    batch: int = Field(128, ge=2, le=4096, description="chosen")
    steps: int = Field(2000, ge=1, description="chosen: of Adam")
    rate: float = Field(3e-3, gt=0, description="chosen")


class ClipSetting(Captioned, ClipRun):
    """CLIP's loss in minibatches, captions of one kind."""


def trained(
    c: ClipRun, seeds: Sequence[int], data: tuple, similarity: Similarity, same_class: bool = True
) -> np.ndarray:
    """Spurious/core weight, OOD, ID and conflict accuracy `[S, 4]` after training.

    Without `same_class` two samples of a class are no negatives.
    """
    image, text, label = data
    orders = [stream(s, "batches") for s in seeds]
    start = encoders(c.rank, c.d, seeds, 0.1)
    weights = clip_training(
        *start, image, text, similarity, orders, c.batch, c.rate, c.steps, None if same_class else label
    )
    return weigh(*weights, c.model(), c)


class TemperatureSetting(ClipSetting):
    """Cosines, a temperature fixed or learnt."""

    book: ClassVar = {"steps": 500, "rate": 1e-2}
    smoke: ClassVar = {"seeds": 2, "n": 600, "steps": 150, "batch": 64}

    temperatures: tuple[float, ...] = Field((1.0, 0.3, 0.1), min_length=1, description="chosen: fixed temperatures")
    learnt: float = Field(0.07, gt=0, description="CLIP's initial value of a learnt temperature")


@experiment(
    "xue2024.clip_temperature",
    TemperatureSetting,
    coordinates=("temperature",),
    seconds={"smoke": 1, "book": 8, "paper": 40},
)
def clip_temperature(config: TemperatureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spurious/core weight, OOD, ID and conflict accuracy for each fixed temperature, last a learnt one `[S, tau,
    4]`."""
    c = config
    data = observations(c, seeds, "temperature")
    kinds = [*(Similarity(temperature=x) for x in c.temperatures), Similarity(temperature=c.learnt, learns=True)]
    return {
        "temperature": np.array([*c.temperatures, c.learnt]),
        "trained": np.stack([trained(c, seeds, data, kind) for kind in kinds], 1),
    }


class CaptionSetting(ClipRun):
    """Poorer captions, and no same-class negatives."""

    book: ClassVar = {"steps": 500, "rate": 1e-2}
    smoke: ClassVar = {"seeds": 2, "n": 600, "steps": 100, "batch": 64, "richness": (0.0, 1.0)}

    temperature: float = Field(1.0, gt=0, description="chosen: fixed")
    richness: tuple[Probability, ...] = Field((0.0, 0.5, 1.0), min_length=2, description="chosen: pi_core")
    pi_spu: Probability = Field(1.0, description="Definition 5.1: pi_spu")


class LearntCaptionSetting(CaptionSetting):
    """The same with a temperature that is learnt from this value."""

    temperature: float = Field(0.07, gt=0, description="CLIP's initial value of a learnt temperature")


def caption_table(c: CaptionSetting, seeds: Sequence[int], cosine: bool, learns: bool) -> Arrays:
    """Spurious/core weight, OOD, ID and conflict accuracy for each pi_core `[S, pi_core, 2, 4]`.

    First with all negatives, then without those of the same class.
    """
    similarity, rows = Similarity(cosine, c.temperature, learns), []
    for pi in c.richness:
        data = observations(c, seeds, "captions", pi_core=pi, pi_spu=c.pi_spu)
        rows.append(np.stack([trained(c, seeds, data, similarity, same_class) for same_class in (True, False)], 1))
    return {"pi_core": np.array(c.richness), "trained": np.stack(rows, 1)}


@experiment(
    "xue2024.clip_captions_inner",
    CaptionSetting,
    coordinates=("pi_core",),
    seconds={"smoke": 1, "book": 9, "paper": 30},
)
def clip_captions_inner(config: CaptionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """`caption_table` on inner products."""
    return caption_table(config, seeds, cosine=False, learns=False)


@experiment(
    "xue2024.clip_captions", CaptionSetting, coordinates=("pi_core",), seconds={"smoke": 1, "book": 12, "paper": 45}
)
def clip_captions(config: CaptionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """`caption_table` on cosines at a fixed temperature."""
    return caption_table(config, seeds, cosine=True, learns=False)


@experiment(
    "xue2024.clip_captions_learnt",
    LearntCaptionSetting,
    coordinates=("pi_core",),
    seconds={"smoke": 1, "book": 9, "paper": 45},
)
def clip_captions_learnt(config: LearntCaptionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """`caption_table` on cosines with a learnt temperature."""
    return caption_table(config, seeds, cosine=True, learns=True)


class PrecisionSetting(ClipSetting):
    """Observations nearly without noise, complete captions."""

    book: ClassVar = {"steps": 500, "rate": 1e-2}
    smoke: ClassVar = {"seeds": 2, "n": 600, "steps": 100, "batch": 64}

    sigma_xi: float = Field(0.1, gt=0, description="chosen: near noise-free captions")


@experiment(
    "xue2024.clip_precision", PrecisionSetting, coordinates=("theory",), seconds={"smoke": 1, "book": 3, "paper": 15}
)
def clip_precision(config: PrecisionSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Core over spurious weight at temperature 1 on inner products and on cosines `[S, 2]`.

    `theory`: that of the first column of C^-1, and of S_I^-1 C S_T^-1 with the noise in S_I and S_T `[2]`.
    """
    c = config
    data = observations(c, seeds, "precision")
    rows = [1 / trained(c, seeds, data, Similarity(cosine))[:, 0] for cosine in (False, True)]
    C, noise = c.model().cross_covariance(), np.eye(2) * c.sigma_xi**2 / c.d
    image = c.model(pi_core=1.0, pi_spu=1.0).cross_covariance()
    noisy = np.linalg.inv(image + noise) @ C @ np.linalg.inv(C + noise)
    columns = np.linalg.inv(C)[:, 0], noisy[:, 0]
    return {"theory": np.array([x[0] / x[1] for x in columns]), "ratio": np.stack(rows, 1)}
