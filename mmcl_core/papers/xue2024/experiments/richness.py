"""Section 5 and Appendix F.1 on data model 1: what captions mention, labels alone, and which negatives the loss
keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, supcon, supervised, theory
from mmcl_core.papers.xue2024.experiments.base import IntraSetting, Law, Probability, Prompted, measure, stream
from mmcl_core.papers.xue2024.setting import Draws

BINARY = np.array([-1, 1])


class RichnessSetting(Law, Prompted):
    """Captions that mention the variant of the core and of the spurious feature with some probability."""

    smoke: ClassVar = {"seeds": 2, "n": 2000, "richness": (0.0, 0.25, 0.5, 1.0)}

    seeds: int = Field(6, ge=1, description="chosen before the run")
    n: int = Field(8000, ge=10, le=10**6, description="chosen")
    d: int = Field(60, ge=1, le=20_000, description="chosen")
    richness: tuple[Probability, ...] = Field(
        (0.0, 0.1, 0.25, 0.5, 0.75, 1.0), min_length=1, description="Definition 5.1: pi_core"
    )


@experiment("xue2024.richness", RichnessSetting, coordinates=("pi_core",), seconds={"smoke": 1, "book": 1, "paper": 1})
def richness(config: RichnessSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy for each pi_core and pi_spu = 0, 1 on the same draws `[S, pi_core, 2, 3]`.

    Beside them those of the caption that is the label, (y, 0) `[S, 3]`, and of the supervised limit `[S, 3]`.
    """
    c = config
    rows, label, trained = [], [], []
    for seed in seeds:
        s = stream(seed, "richness")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        table = []
        for pi in c.richness:
            pair = []
            for spurious in (0.0, 1.0):
                model = c.model(pi_core=pi, pi_spu=spurious)
                S = noise.cross_covariance(model.sample(draws))
                pair.append(measure(linear.minimiser_of(S, c.rank).direction(np.array(c.prompt)), model, c.sigma_xi))
            table.append(pair)
        rows.append(table)
        model = c.model(pi_core=0.0, pi_spu=0.0)
        sample = model.sample(draws)
        image = noise.image.copy()
        image[:, :2] += sample.image
        only = np.column_stack([sample.label, np.zeros(c.n)]) + noise.text[:, :2]
        label.append(measure(linear.cross_covariance(image, only)[:, 0], model, c.sigma_xi))
        w = supervised.reduced_max_margin(sample.image, sample.label, c.sigma_xi)
        trained.append(measure(w, model, 0.0))
    return {
        "pi_core": np.array(c.richness),
        "accuracy": np.array(rows),
        "label_caption": np.array(label),
        "supervised": np.array(trained),
    }


class NegativesSetting(IntraSetting):
    """The share of same-class pairs among the negatives."""

    smoke: ClassVar = {"seeds": 2, "n": 2000, "shares": (0.0, 0.5)}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(8000, ge=10, le=10**6, description="chosen")
    d: int = Field(60, ge=1, le=20_000, description="chosen")
    shares: tuple[Probability, ...] = Field(
        (0.0, 0.25, 0.5, 0.75, 0.9, 1.0),
        min_length=1,
        description="chosen: weight of same-class negatives; 0.5 is the loss itself",
    )


@experiment("xue2024.negatives", NegativesSetting, coordinates=("share",), seconds={"smoke": 1, "book": 1, "paper": 1})
def negatives(config: NegativesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy for each share of same-class negatives `[S, share, 3]`.

    `shuffled`: each image with a random caption of its class `[S, 3]`. On the same draws, the loss itself with captions
    of the richness that a share up to 1/2 should amount to (`counterpart` `[S, share <= 1/2, 3]`), and with pi_core = 0
    (`poor`).
    """
    c, model = config, config.model()
    rows = {"accuracy": [], "shuffled": [], "counterpart": [], "poor": []}
    for seed in seeds:
        s = stream(seed, "negatives")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        sample = model.sample(draws)
        image, text = noise.image.copy(), noise.text.copy()
        image[:, :2] += sample.image
        text[:, :2] += sample.text
        partner = np.empty(c.n, int)
        for y in BINARY:
            group = np.flatnonzero(sample.label == y)
            partner[group] = s.permutation(group)

        def seen(S: np.ndarray) -> tuple[float, float, float]:
            return measure(linear.minimiser_of(S, c.rank).direction(np.array(c.prompt)), model, c.sigma_xi)

        rich = [float(c.pi_core * theory.effective_richness(q)) for q in c.shares if q <= 0.5]
        rows["accuracy"].append(
            [seen(linear.composed_cross_covariance(image, text, sample.label, q)) for q in c.shares]
        )
        rows["shuffled"].append(seen(linear.cross_covariance(image, text[partner])))
        same = [seen(noise.cross_covariance(c.model(pi_core=pi).sample(draws))) for pi in (*rich, 0.0)]
        rows["counterpart"].append(same[:-1])
        rows["poor"].append(same[-1])
    return {"share": np.array(c.shares), **{name: np.array(x) for name, x in rows.items()}}


class SupConSetting(Law):
    """Contrast between classes without captions, noiseless as in Appendix F.1."""

    smoke: ClassVar = {"seeds": 2, "large": 4000, "steps": 1000, "agreements": (0.95, 1.0)}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(600, ge=10, le=2000, description="chosen: for the loss as a literal double sum")
    steps: int = Field(4000, ge=1, description="chosen: of descent on it")
    large: int = Field(40_000, ge=10, le=10**6, description="chosen: Theorem F.1 is about the population")
    agreements: tuple[Probability, ...] = Field(
        (0.95, 0.99, 0.999, 1.0), min_length=1, description="Assumption 4.2: p_spu = 1 - o(1)"
    )


@experiment("xue2024.supcon", SupConSetting, coordinates=("agreement",), seconds={"smoke": 1, "book": 1, "paper": 2})
def supcon_intra(config: SupConSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Descent on the literal loss against the top eigenvector (`distance`), the loss against its matrix form
    (`loss_error`).

    `accuracy` of the one feature for each p_spu, and of contrastive learning with pi_core = 0 and 1 on the same draws
    `[S, p, 3, 3]`; `angle` between the first two directions `[S, p]`; `second` eigenvalue over the first `[S]`.
    """
    c = config
    rows = {name: [] for name in ("distance", "loss_error", "second", "eigenvalue", "accuracy", "angle")}
    for seed in seeds:
        s = stream(seed, "supcon")
        model = c.model()
        sample = model.sample(Draws.of(c.n, s))
        S = supcon.moment(sample.image, sample.label, BINARY)
        w = s.standard_normal((2, 2))
        parts = (torch.as_tensor(x) for x in (w, sample.image, sample.label))
        value = float(supcon.pairwise_loss(*parts, 1.0))
        rows["loss_error"].append(
            abs(value - (-np.trace(w @ S @ w.T) + ((w.T @ w) ** 2).sum() / 2)) / max(1.0, abs(value))
        )
        top = np.linalg.eigvalsh(S)
        rate = 0.1 / top[-1]
        trained = supcon.descend(0.01 * w, S, 1.0, rate, c.steps)
        best = supcon.features(S, 1)
        target = best.T @ best
        rows["distance"].append(np.linalg.norm(trained.T @ trained - target) / np.linalg.norm(target))
        rows["second"].append(top[0] / top[-1])
        rows["eigenvalue"].append(top[-1] / (2 * (1 + (2 * c.p_spu - 1) ** 2)))
        draws = Draws.of(c.large, s)
        table, angles = [], []
        for p in c.agreements:
            model = c.model(p_spu=p)
            sample, poor = model.sample(draws), c.model(p_spu=p, pi_core=0.0).sample(draws)
            u = supcon.features(supcon.moment(sample.image, sample.label, BINARY), 1)[0]
            u = u * np.sign(u[0])
            texts = (poor.text, sample.text)
            directions = [u, *(linear.cross_covariance(sample.image, t)[:, 0] for t in texts)]
            table.append([measure(x, model, 0.0) for x in directions])
            angles.append(np.abs(directions[1] / np.linalg.norm(directions[1]) - u / np.linalg.norm(u)).max())
        rows["accuracy"].append(table)
        rows["angle"].append(angles)
    return {"agreement": np.array(c.agreements), **{name: np.array(x) for name, x in rows.items()}}
