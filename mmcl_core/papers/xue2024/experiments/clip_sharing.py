"""Beyond the paper: linear encoders under CLIP's own loss on data model 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear
from mmcl_core.papers.xue2024.bridge import Similarity, clip_training
from mmcl_core.papers.xue2024.experiments.base import SharingSetting, stream
from mmcl_core.papers.xue2024.experiments.clip_bridge import encoders
from mmcl_core.papers.xue2024.experiments.sharing import training


class ClipSharingSetting(SharingSetting):
    """Cosines of full rank 2m, on noise-free observations as in the sharing experiments."""

    book: ClassVar = {"steps": 500, "rate": 1e-2}
    smoke: ClassVar = {"seeds": 2, "n": 1000, "m": 5, "steps": 60, "batch": 64, "tests": 500}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(8000, ge=2, le=10**6, description="chosen")
    starts: tuple[float, ...] = Field(
        (1.0, 0.07), min_length=1, description="chosen: where a learnt temperature begins, CLIP's own start last"
    )
    batch: int = Field(256, ge=2, le=4096, description="chosen")
    steps: int = Field(3000, ge=1, description="chosen: of Adam")
    rate: float = Field(3e-3, gt=0, description="chosen")


@experiment("xue2024.clip_sharing", ClipSharingSetting, seconds={"smoke": 1, "book": 17, "paper": 60})
def clip_sharing(config: ClipSharingSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spurious over core weight of the own pair, accuracy on a = c and on a = -c `[S, run, 3]`.

    The runs: temperature 1, temperature 1 with captions of the own pair alone, and a learnt temperature from each
    start.
    """
    c, m = config, config.m
    own, table = np.arange(m), []
    runs = [
        (Similarity(), 1.0),
        (Similarity(), 0.0),
        *((Similarity(temperature=x, learns=True), 1.0) for x in c.starts),
    ]
    for similarity, pi in runs:
        model = c.model(pi_core=pi, pi_spu=pi)
        samples = [training(model, c.n, stream(s, "clip sharing")) for s in seeds]
        image, text = (
            torch.as_tensor(np.stack([getattr(x, part) for x in samples]), dtype=torch.float32)
            for part in ("image", "text")
        )
        orders = [stream(s, "batches") for s in seeds]
        w_image, w_text = clip_training(
            *encoders(2 * m, 2 * m, seeds, 0.1), image, text, similarity, orders, c.batch, c.rate, c.steps
        )
        rows = []
        for seed, G in zip(seeds, (w_image.mT @ w_text).double().numpy(), strict=True):
            accuracies = linear.sharing_accuracy(G, model.sample(c.tests, stream(seed, "clip sharing test"), test=True))
            rows.append((G[m + own, own].mean() / G[own, own].mean(), *accuracies))
        table.append(rows)
    return {"runs": np.array(table).swapaxes(0, 1)}
