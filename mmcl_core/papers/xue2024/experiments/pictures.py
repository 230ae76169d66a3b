"""What the two data models look like, and where the classifiers cut: samples and score directions for one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from sklearn.svm import LinearSVC

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, supervised, theory
from mmcl_core.papers.xue2024.experiments.base import PROMPT, IntraSetting, stream
from mmcl_core.papers.xue2024.setting import Draws, Sharing


class PictureSetting(IntraSetting):
    """Both data models in their standard settings."""

    smoke: ClassVar = {"seeds": 2, "n": 1000, "d": 40, "sharing_n": 2000}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(3000, ge=10, le=10**6, description="chosen (5.2)")
    d: int = Field(200, ge=1, le=20_000, description="chosen")
    points: int = Field(400, ge=10, le=5000, description="chosen: points drawn")
    sharing_n: int = Field(30_000, ge=100, le=10**6, description="chosen (T4)")
    m: int = Field(20, ge=2, le=200, description="chosen (T4)")


@experiment(
    "xue2024.data_models",
    PictureSetting,
    coordinates=("intra_theory", "sharing_theory"),
    seconds={"smoke": 1, "book": 2, "paper": 2},
)
def data_models(config: PictureSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Points (z_core, z_spu, y, a) and (core, spurious) score weights of supervised and contrastive learning.

    For both data models. In data model 2 the points are pair 1's two coordinates, the label is c for that pair and 0
    for another, half of the own samples have a = -c.
    """
    c, model, shared = config, config.model(), Sharing(config.m)
    columns = {
        name: []
        for name in (
            "intra_points",
            "intra_supervised",
            "intra_contrastive",
            "sharing_points",
            "sharing_supervised",
            "sharing_contrastive",
        )
    }
    for seed in seeds:
        s = stream(seed, "picture")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        sample = model.sample(draws)
        rows = slice(0, c.points)
        columns["intra_points"].append(np.column_stack([sample.image, sample.label, sample.attribute])[rows])
        columns["intra_supervised"].append(supervised.reduced_max_margin(sample.image, sample.label, c.sigma_xi))
        columns["intra_contrastive"].append(
            linear.minimiser_of(noise.cross_covariance(sample), c.rank).direction(PROMPT)[:2]
        )

        train, test = shared.sample(c.sharing_n, s), shared.sample(c.points, s, test=True)
        pair = [0, c.m]
        own = np.where(np.abs(test.label) == 1, np.sign(test.label), 0)
        columns["sharing_points"].append(np.column_stack([test.image[:, pair], own, test.attribute]))
        few = slice(0, 8000)
        machine = LinearSVC(
            multi_class="crammer_singer", fit_intercept=False, C=100.0, max_iter=5000, random_state=seed
        ).fit(train.image[few], train.label[few])
        columns["sharing_supervised"].append(machine.coef_[np.searchsorted(machine.classes_, 1), pair])
        columns["sharing_contrastive"].append(linear.cross_covariance(train.image, train.text)[pair, 0])
    return {
        "intra_theory": np.array(theory.direction(c.sigma_core, c.p_spu)),
        "sharing_theory": np.array(theory.sharing_direction(shared)),
        **{name: np.array(rows) for name, rows in columns.items()},
    }
