"""Theorem 4.7 and Appendix D: the exact max-margin classifier of data model 2 over every possible training vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import supcon, supervised, theory
from mmcl_core.papers.xue2024.setting import Sharing

Pairs = Annotated[int, Field(ge=2, le=4)]
Strength = Annotated[float, Field(gt=0)]
Weak = Annotated[float, Field(ge=0, lt=1)]


class MarginSetting(Config):
    """m x alpha x beta; every vector of the training law equally often, no noise in the input."""

    smoke: ClassVar = {"classes": (2,), "betas": (1 / 3, 0.5)}

    classes: tuple[Pairs, ...] = Field((2, 3), min_length=1, description="chosen: m, all vectors are listed")
    alphas: tuple[Strength, ...] = Field(
        (0.3, 0.5, 0.8, 0.95, 1.2, 1.5, 2.0, 5.0, 10.0), min_length=1, description="Theorem 4.7's example: 10"
    )
    betas: tuple[Weak, ...] = Field((0.1, 0.2, 1 / 3, 0.5), min_length=1, description="Theorem 4.7's example: 1/3")
    overlaps: tuple[tuple[int, float, float], ...] = Field(
        ((2, 1.3, 0.4), (4, 1.3, 0.4)), min_length=1, description="chosen: (m, alpha, beta) for Lemma D.2's denominator"
    )

    def cells(self) -> np.ndarray:
        """(m, alpha, beta), `[cell, 3]`."""
        return np.array([(m, a, b) for m in self.classes for a in self.alphas for b in self.betas])


def competitor(model: Sharing) -> np.ndarray:
    """W-hat: c/((1 - beta)(1 + alpha^2)) at the own core feature, alpha times that at the own spurious one `[2m,
    2m]`."""
    rows, k = np.arange(2 * model.m), np.abs(model.classes) - 1
    w = np.zeros((2 * model.m, 2 * model.m))
    w[rows, k] = np.sign(model.classes) / ((1 - model.beta) * (1 + model.alpha**2))
    w[rows, k + model.m] = model.alpha * w[rows, k]
    return w


@experiment(
    "xue2024.max_margin",
    MarginSetting,
    deterministic=True,
    seconds={"smoke": 1, "book": 1, "paper": 2},
)
def max_margin(config: MarginSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Per cell: accuracy on a = c and a = -c over all patterns, distance from the competitor, norms `[cell, 5]`.

    Columns: agree, conflict, largest distance of max-margin from the competitor over its largest entry, squared norm
    over 2m/Q, least sum of two rows' squared norms times Q. `overlaps`: the least |x|^2 - x.x' over two classes, and
    |x|^2 + x.x'.
    """
    rows = []
    for m, alpha, beta in config.cells():
        model = Sharing(int(m), alpha, beta)
        vectors, patterns = model.every_vector(), model.every_pattern()
        w = supervised.multiclass_max_margin(vectors.image, vectors.label, model.classes)
        other, q = competitor(model), theory.overlap(alpha, beta)
        agree, conflict = supervised.class_accuracy(w, patterns.image, patterns, model.classes)
        norms = np.sort((w**2).sum(1))
        distance = np.abs(w - other).max() / np.abs(other).max()
        rows.append((agree, conflict, distance, norms.sum() * q / (2 * m), norms[:2].sum() * q))
    least = []
    for m, alpha, beta in config.overlaps:
        model = Sharing(m, alpha, beta)
        vectors = model.every_vector()
        products = vectors.image @ vectors.image.T
        apart = vectors.label[:, None] != vectors.label
        square = np.diagonal(products)[:, None]
        least.append(((square - products)[apart].min(), (square + products)[apart].min()))
    return {"table": np.array(rows), "overlaps": np.array(least)}


class LabelSetting(Config):
    """Label captions, supervised learning, and SupCon with a linear classifier on data model 2."""

    smoke: ClassVar = {"cells": ((2, 1.3, 0.4), (2, 0.5, 0.3))}

    cells: tuple[tuple[Pairs, Strength, Weak], ...] = Field(
        ((2, 1.3, 0.4), (3, 2.0, 0.3), (2, 1.5, 0.2), (3, 1.1, 0.5), (2, 0.5, 0.3), (3, 0.5, 0.3), (3, 0.5, 0.1)),
        min_length=1,
        description="chosen: (m, alpha, beta)",
    )


@experiment("xue2024.labels_alone", LabelSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def labels_alone(config: LabelSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Per cell `[cell, 6]`: distances of two directions from supervised learning's, and accuracies on features of
    SupCon.

    Columns: largest distance of the zero-shot directions of captions that are labels (pi = 0), and of max-margin on
    SupCon's features, from max-margin's, all rows with norm 1; accuracy of the latter on a = c and a = -c; the largest
    share of one pair's four cases that a threshold on SupCon's feature gets right; the largest it can get right without
    a bias.
    """
    rows = []
    for m, alpha, beta in config.cells:
        model = Sharing(m, alpha, beta)
        vectors, patterns = model.every_vector(), model.every_pattern()

        def unit(w: np.ndarray) -> np.ndarray:
            return w / np.linalg.norm(w, axis=1, keepdims=True)

        trained = supervised.multiclass_max_margin(vectors.image, vectors.label, model.classes)
        prompts = np.zeros((2 * m, 2 * m))
        prompts[np.arange(2 * m), np.abs(model.classes) - 1] = np.sign(model.classes)
        captioned = prompts @ model.said(0.0).cross_covariance().T
        encoder = supcon.features(supcon.moment(vectors.image, vectors.label, model.classes), m)
        probe = supervised.multiclass_max_margin(vectors.image @ encoder.T, vectors.label, model.classes)
        agree, conflict = supervised.class_accuracy(probe, patterns.image @ encoder.T, patterns, model.classes)
        cases = np.array([(c * (1 + a * alpha**2), c) for c in (1, -1) for a in (1, -1)])  # feature, class
        cuts = np.append(cases[:, 0] - 1e-9, np.inf)
        best = max(np.mean(side * (cases[:, 0] - cut) * cases[:, 1] > 0) for cut in cuts[:-1] for side in (1, -1))
        plain = max(np.mean(side * cases[:, 0] * cases[:, 1] > 0) for side in (1, -1))
        rows.append(
            (
                np.abs(unit(captioned) - unit(trained)).max(),
                np.abs(unit(probe @ encoder) - unit(trained)).max(),
                agree,
                conflict,
                best,
                plain,
            )
        )
    return {"cells": np.array(config.cells), "table": np.array(rows)}
