"""Read-out: what a linear probe forgets that zero-shot has, what the prompt decides, and how rare a class is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, supervised, theory
from mmcl_core.papers.xue2024.experiments.base import Captioned, Encoded, Law, Probability, Prompted, measure, stream
from mmcl_core.papers.xue2024.experiments.max_margin import Pairs, Strength, Weak
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, Sharing


class PromptSetting(Encoded):
    """Prompts (1, b): under the true law b = 0, of training means b = 2p - 1, the counter-prompt b*."""

    smoke: ClassVar = {"seeds": 2, "n": 2000}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(8000, ge=10, le=10**6, description="chosen")
    d: int = Field(60, ge=1, le=20_000, description="chosen")
    settings: tuple[tuple[float, float, Probability, Probability, Probability], ...] = Field(
        ((0.5, 0.2, 0.9, 1.0, 1.0), (1.0, 0.1, 0.95, 1.0, 0.5), (1.0, 0.3, 0.8, 0.3, 1.0)),
        min_length=1,
        description="chosen: (sigma_core, sigma_spu, p_spu, pi_core, pi_spu)",
    )
    shares: tuple[float, ...] = Field(
        (-1.2, -1.0, -0.5, 0.0, 1.0), min_length=1, description="chosen: b as a multiple of |b*|; b = 2p - 1 is added"
    )

    def models(self) -> list[IntraClass]:
        return [IntraClass(*x) for x in self.settings]

    def prompts(self, model: IntraClass) -> np.ndarray:
        """The values of b for `model`: multiples of |b*|, and last that of the training means."""
        size = -theory.counter_prompt(model.sigma_spu, model.p_spu, model.pi_spu)
        return np.append(np.array(self.shares) * size, 2 * model.p_spu - 1)


@experiment("xue2024.prompts", PromptSetting, coordinates=("b",), seconds={"smoke": 1, "book": 1, "paper": 1})
def prompts(config: PromptSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy for each setting and prompt `[S, setting, b, 3]`, and b* as learnt `[S,
    setting]`."""
    c = config
    rows, zero = [], []
    for seed in seeds:
        s = stream(seed, "prompts")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        table, found = [], []
        for model in c.models():
            best = linear.minimiser_of(noise.cross_covariance(model.sample(draws)), c.rank)
            table.append([measure(best.direction(np.array([1.0, b])), model, c.sigma_xi) for b in c.prompts(model)])
            plain, companion = best.direction(np.array([1.0, 0.0])), best.direction(np.array([0.0, 1.0]))
            found.append(-plain[1] / companion[1])
        rows.append(table)
        zero.append(found)
    b = np.array([c.prompts(model) for model in c.models()])
    return {"b": b, "accuracy": np.array(rows), "learnt_b": np.array(zero)}


class ProbeSetting(Law, Prompted):
    """Logistic regression on the two features of contrastive learning, and zero-shot on the same features."""

    smoke: ClassVar = {"seeds": 2, "n": 2000}

    seeds: int = Field(6, ge=1, description="chosen before the run")
    n: int = Field(20_000, ge=10, le=10**6, description="chosen")
    d: int = Field(60, ge=1, le=20_000, description="chosen")
    agreements: tuple[Probability, ...] = Field((0.8, 0.9, 0.95, 0.99), min_length=2, description="chosen: p_spu")
    pi_core: Probability = Field(1.0, description="Definition 5.1: pi_core")
    pi_spu: Probability = Field(1.0, description="Definition 5.1: pi_spu")


@experiment("xue2024.probe", ProbeSetting, coordinates=("p_spu",), seconds={"smoke": 1, "book": 1, "paper": 3})
def probe(config: ProbeSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy of zero-shot and of the probe for each p_spu `[S, p, 2, 3]`."""
    c, rows = config, []
    for seed in seeds:
        s = stream(seed, "probe")
        draws, noise = Draws.of(c.n, s), linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        table = []
        for p in c.agreements:
            model = c.model(p_spu=p, pi_core=c.pi_core, pi_spu=c.pi_spu)
            sample = model.sample(draws)
            best = linear.minimiser_of(noise.cross_covariance(sample), c.rank)
            encoder = np.sqrt(best.s)[:, None] * best.u.T  # W_I of the balanced minimiser, [p, d]
            features = noise.image @ encoder.T + sample.image @ encoder[:, :2].T
            w = supervised.logistic_direction(features, sample.label) @ encoder
            table.append([measure(u, model, c.sigma_xi) for u in (best.direction(np.array(c.prompt)), w)])
        rows.append(table)
    return {"p_spu": np.array(c.agreements), "accuracy": np.array(rows)}


class SharingReadoutSetting(Config):
    """Probe and prompts on data model 2, over the population."""

    smoke: ClassVar = {"cells": ((2, 1.3, 0.4),), "classes": (2, 20)}

    cells: tuple[tuple[Pairs, Strength, Weak], ...] = Field(
        ((2, 1.3, 0.4), (3, 1.2, 0.6), (3, 0.8, 0.3), (2, 2.0, 0.2)),
        min_length=1,
        description="chosen: (m, alpha, beta)",
    )
    classes: tuple[int, ...] = Field((2, 5, 20, 40), min_length=1, description="chosen: m of the prompts' grid")
    alphas: tuple[Strength, ...] = Field((0.8, 1.2, 2.0, 5.0), min_length=1, description="chosen: alpha")
    betas: tuple[Strength, ...] = Field((0.1, 0.5, 0.9), min_length=1, description="chosen: beta > 0")
    richness: tuple[Probability, ...] = Field((0.1, 0.5, 1.0), min_length=1, description="chosen: pi > 0")


@experiment(
    "xue2024.sharing_readout",
    SharingReadoutSetting,
    deterministic=True,
    seconds={"smoke": 1, "book": 1, "paper": 2},
)
def sharing_readout(config: SharingReadoutSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Max-margin on balanced features against its closed form `[cell, 3]`; zero-shot, probe and counter-prompt `[grid,
    7]`.

    `probe`: ratio of the learnt weights, the formula's, accuracy on a = -c. `grid`: m, alpha, beta, pi, accuracy on
    a = -c of zero-shot, of the probe's direction and of the counter-prompt.
    """
    rows = []
    for m, alpha, beta in config.cells:
        model = Sharing(m, alpha, beta)
        vectors, patterns = model.every_vector(), model.every_pattern()
        values, axes = np.linalg.eigh(model.cross_covariance())
        root = (axes * np.sqrt(values)) @ axes.T  # balanced features W_I = C^(1/2)
        w = supervised.multiclass_max_margin(vectors.image @ root, vectors.label, model.classes)
        conflict = supervised.class_accuracy(w, patterns.image @ root, patterns, model.classes)[1]
        direction = (w @ root)[np.flatnonzero(model.classes == 1)[0]]
        rows.append((direction[m] / direction[0], probe_ratio(model), conflict))
    grid = []
    for m in config.classes:
        for alpha in config.alphas:
            for beta in config.betas:
                for pi in config.richness:
                    model = Sharing(m, alpha, beta).said(pi)
                    C, core = model.cross_covariance(), np.eye(2 * m)[:, :m]
                    away = core - theory.counter_prompt_sharing(model) * np.eye(2 * m)[:, m:]
                    probe = core + probe_ratio(model) * np.eye(2 * m)[:, m:]
                    seen = [linear.block_accuracy(x, model)[1] for x in (C @ core, probe, C @ away)]
                    grid.append((m, alpha, beta, pi, *seen))
    return {"probe": np.array(rows), "grid": np.array(grid)}


def probe_ratio(model: Sharing) -> float:
    """g_spu/g_core of max-margin on the balanced features of complete captions: alpha (1 + G alpha^2)/(G + alpha^2)."""
    G = 1 + (model.m - 1) * model.beta**2
    return model.alpha * (1 + G * model.alpha**2) / (G + model.alpha**2)


class PriorSetting(Captioned, Prompted):
    """Classes that are not equally common, tested on equally common ones."""

    smoke: ClassVar = {"seeds": 2, "n": 2000}

    seeds: int = Field(6, ge=1, description="chosen before the run")
    n: int = Field(40_000, ge=10, le=10**6, description="chosen")
    d: int = Field(30, ge=1, le=20_000, description="chosen")
    priors: tuple[Probability, ...] = Field((0.5, 0.8, 0.95), min_length=2, description="chosen: Pr(y = 1)")


@experiment("xue2024.class_prior", PriorSetting, coordinates=("prior",), seconds={"smoke": 1, "book": 1, "paper": 3})
def class_prior(config: PriorSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """OOD, ID and conflict accuracy for each prior `[S, prior, 3]`."""
    c, rows = config, []
    for seed in seeds:
        s, table = stream(seed, "prior"), []
        noise = linear.Noise.of(c.n, c.d, c.sigma_xi, s)
        draws = Draws.of(c.n, s)
        uniform = s.random(c.n)
        for prior in c.priors:
            model = c.model(prior=prior)
            label = 2 * (uniform < prior) - 1  # the same uniform numbers for every prior
            sample = model.sample(Draws(label, draws.normal, draws.uniform))
            best = linear.minimiser_of(noise.cross_covariance(sample), c.rank)
            table.append(measure(best.direction(np.array(c.prompt)), model, c.sigma_xi))
        rows.append(table)
    return {"prior": np.array(c.priors), "accuracy": np.array(rows)}
