"""T5 on data model 1: what captions mention, and which negatives the loss keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, theory
from mmcl_core.papers.xue2024.experiments.base import PROMPT, IntraSetting, Probability, stream
from mmcl_core.papers.xue2024.setting import Draws


class RichnessSetting(IntraSetting):
    """Captions that mention the variant of the core and of the spurious feature with some probability."""

    smoke: ClassVar = {"seeds": 2, "n": 2000, "d": 60, "richness": (0.0, 0.5, 1.0)}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(8000, ge=10, le=10**6, description="chosen (T5)")
    d: int = Field(200, ge=1, le=20_000, description="chosen (T5)")
    richness: tuple[Probability, ...] = Field(
        (0.0, 0.1, 0.25, 0.5, 0.75, 1.0), min_length=1, description="chosen (T5): pi_core"
    )


@experiment(
    "xue2024.richness", RichnessSetting, coordinates=("pi_core", "formula"), seconds={"smoke": 1, "book": 2, "paper": 2}
)
def richness(config: RichnessSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracies under the true and the training law for each pi_core and pi_spu = 0, 1: `[S, pi_core, 2]`."""
    c = config
    ood, id = np.empty((2, len(seeds), len(c.richness), 2))
    for row, seed in enumerate(seeds):
        s = stream(seed, "richness")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        for column, pi in enumerate(c.richness):
            for spurious in (0, 1):
                model = c.model(pi_core=pi, pi_spu=spurious)
                u = linear.minimiser_of(noise.cross_covariance(model.sample(draws)), c.rank).direction(PROMPT)
                seen = linear.gaussian_accuracy(u, model, c.sigma_xi)
                ood[row, column, spurious], id[row, column, spurious] = seen.ood, seen.id
    pi = np.array(c.richness)
    return {
        "pi_core": pi,
        "ood": ood,
        "id": id,
        "formula": theory.contrastive_accuracy(c.sigma_core, c.sigma_spu, c.p_spu, pi),
    }


class NegativesSetting(IntraSetting):
    """The share of same-class pairs among the negatives."""

    smoke: ClassVar = {"seeds": 2, "n": 2000, "d": 60, "shares": (0.0, 0.5)}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(8000, ge=10, le=10**6, description="chosen (T5)")
    d: int = Field(200, ge=1, le=20_000, description="chosen (T5)")
    shares: tuple[Probability, ...] = Field(
        (0.0, 0.25, 0.5, 0.75, 0.9),
        min_length=1,
        description="chosen: weight of same-class negatives; 0.5 is the loss itself",
    )


@experiment(
    "xue2024.negatives", NegativesSetting, coordinates=("share", "formula"), seconds={"smoke": 1, "book": 2, "paper": 2}
)
def negatives(config: NegativesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy for each share of same-class negatives `[S, share]`, and with each image paired with a random caption of its class `[S]`.

    Beside them, on the same draws, the loss itself with captions of the richness that the share (up to 1/2) or the random captions (0) should amount to.
    """
    c, model = config, config.model()
    composed, shuffled, counterparts, poor = [], [], [], []
    for seed in seeds:
        s = stream(seed, "negatives")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        sample = model.sample(draws)
        image, text = noise.image.copy(), noise.text.copy()
        image[:, :2] += sample.image
        text[:, :2] += sample.text
        matrices = [linear.composed_cross_covariance(image, text, sample.label, q) for q in c.shares]
        partner = np.empty(c.n, int)
        for y in (-1, 1):
            group = np.flatnonzero(sample.label == y)
            partner[group] = s.permutation(group)
        matrices.append(linear.cross_covariance(image, text[partner]))
        rich = [theory.effective_richness(q) for q in c.shares if q <= 0.5]
        matrices += [noise.cross_covariance(c.model(pi_core=float(pi)).sample(draws)) for pi in (*rich, 0.0)]
        seen = [
            linear.gaussian_accuracy(linear.minimiser_of(S, c.rank).direction(PROMPT), model, c.sigma_xi).ood
            for S in matrices
        ]
        k = len(c.shares)
        composed.append(seen[:k])
        shuffled.append(seen[k])
        counterparts.append(seen[k + 1 : -1])
        poor.append(seen[-1])
    share = np.array(c.shares)
    return {
        "share": share,
        "accuracy": np.array(composed),
        "counterpart": np.array(counterparts),
        "random_caption": np.array(shuffled),
        "poor_caption": np.array(poor),
        "formula": theory.contrastive_accuracy(c.sigma_core, c.sigma_spu, c.p_spu, theory.effective_richness(share)),
    }
