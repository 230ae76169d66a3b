"""Section 3: the loss as a double sum and as a matrix, descent against the truncated SVD, what similarity measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear
from mmcl_core.papers.xue2024.experiments.base import PROMPT, Law, Probability, Prompted, measure, stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, observe


class LossSetting(Config):
    """Data model 1 in different dimensions of image and text."""

    book: ClassVar = {"long_steps": 100_000}
    smoke: ClassVar = {"seeds": 2, "long_steps": 1000}

    seeds: int = Field(5, ge=1, description="chosen")
    n: int = Field(300, ge=10, le=2000, description="chosen")
    d_image: int = Field(30, ge=2, le=500, description="chosen")
    d_text: int = Field(20, ge=2, le=500, description="chosen")
    rho: float = Field(0.5, gt=0, description="chosen")
    steps: int = Field(1000, ge=1, description="chosen")
    long_steps: int = Field(
        200_000, ge=1, description="chosen: where p = 4 keeps singular values of noise that lie close together"
    )


@experiment("xue2024.linear_loss", LossSetting, seconds={"smoke": 1, "book": 2, "paper": 3})
def linear_loss(config: LossSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Loss and gradient against autograd of the double sum, descent against the SVD (p = 2, 4), QR form against plain.

    Differences of loss and gradient are relative to max(1, |value|).
    """
    c, columns = config, []
    matrices, starts = [], {2: [], 4: []}
    for seed in seeds:
        s = stream(seed, "linear loss")
        sample = IntraClass().sample(Draws.of(c.n, s))
        image, text = observe(sample.image, c.d_image, 1.0, s), observe(sample.text, c.d_text, 1.0, s)
        weights = [s.standard_normal((3, d)) for d in (c.d_image, c.d_text)]
        tensors = [torch.as_tensor(w).requires_grad_() for w in weights]
        double_sum = linear.pairwise_loss(*tensors, torch.as_tensor(image), torch.as_tensor(text), c.rho)
        S = linear.cross_covariance(image, text)
        pairs = zip(torch.autograd.grad(double_sum, tensors), linear.gradients(*weights, S, c.rho), strict=True)
        error = max(float((np.abs(a.numpy() - b) / np.maximum(1, np.abs(b))).max()) for a, b in pairs)
        value = float(double_sum.detach())
        spanned = linear.minimiser(image[:15], text[:15], 2, c.rho)  # 15 samples in 30 and 20 dimensions: d > n
        plain = linear.minimiser_of(linear.cross_covariance(image[:15], text[:15]), 2, c.rho)
        columns.append(
            (
                abs(value - float(linear.loss(*weights, S, c.rho))) / max(1.0, abs(value)),
                error,
                np.abs(spanned.direction(PROMPT) - plain.direction(PROMPT)).max(),
            )
        )
        matrices.append(S)
        for rank, group in starts.items():
            group.append([s.standard_normal((rank, d)) * 0.01 for d in (c.d_image, c.d_text)])
    loss_error, gradient_error, span_error = np.array(columns).T
    S = np.stack(matrices)
    rate = 0.3 / np.linalg.svd(S, compute_uv=False)[:, :1, None]
    arrays: Arrays = {"loss_error": loss_error, "gradient_error": gradient_error, "span_error": span_error}
    for name, rank, steps in (("rank2", 2, c.steps), ("rank4", 4, c.steps), ("rank4_long", 4, c.long_steps)):
        w = linear.descend(*(np.stack(x) for x in zip(*starts[rank], strict=True)), S, c.rho, rate, steps)
        best = [linear.minimiser_of(x, rank, c.rho) for x in S]
        G, target = np.swapaxes(w[0], 1, 2) @ w[1], np.stack([b.u * b.s / c.rho @ b.v.T for b in best])
        arrays[f"{name}_distance"] = np.linalg.norm(G - target, axis=(1, 2)) / np.linalg.norm(target, axis=(1, 2))
        arrays[f"{name}_gap"] = linear.loss(*w, S, c.rho) - np.array([b.least_loss() for b in best])
    return arrays


class SimilaritySetting(Law, Prompted):
    """What the similarity of an image feature and a text feature is, with balanced and unbalanced classes."""

    smoke: ClassVar = {"seeds": 2, "n": 20_000}

    seeds: int = Field(5, ge=1, description="chosen before the run")
    n: int = Field(200_000, ge=10, le=10**6, description="chosen: Lemma 3.2 holds as n grows")
    d: int = Field(20, ge=1, le=20_000, description="chosen")
    priors: tuple[Probability, ...] = Field((0.5, 0.8, 0.95), min_length=1, description="chosen: Pr(y = 1)")
    pi_core: Probability = Field(1.0, description="Definition 5.1: pi_core")
    pi_spu: Probability = Field(1.0, description="Definition 5.1: pi_spu")

    def law(self, prior: float) -> IntraClass:
        return self.model(prior=prior, pi_core=self.pi_core, pi_spu=self.pi_spu)


@experiment(
    "xue2024.similarity", SimilaritySetting, coordinates=("prior",), seconds={"smoke": 1, "book": 4, "paper": 5}
)
def similarity(config: SimilaritySetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Similarity of latent features under the minimiser, rho D_I^T G D_T, and its standard error `[S, prior, 2, 2]`.

    `accuracy`: OOD, ID and conflict accuracy of the zero-shot direction `[S, prior, 3]`, tested with balanced classes.
    """
    c = config
    found, error, accuracy = [], [], []
    for seed in seeds:
        rows = []
        for prior in c.priors:
            s, model = stream(seed, f"similarity {prior}"), c.law(prior)
            sample = model.sample(Draws.of(c.n, s, prior))
            image, text = (observe(z, c.d, c.sigma_xi, s) for z in (sample.image, sample.text))
            G = linear.minimiser_of(linear.cross_covariance(image, text), c.rank)
            x, t = (v[:, :2] - v[:, :2].mean(0) for v in (image, text))
            spread = np.sqrt(((x**2).T @ t**2 / c.n - (x.T @ t / c.n) ** 2) / c.n)
            rows.append(
                ((G.u[:2] * G.s) @ G.v[:2].T, spread, measure(G.direction(np.array(c.prompt)), model, c.sigma_xi))
            )
        for store, part in zip((found, error, accuracy), zip(*rows, strict=True), strict=True):
            store.append(part)
    return {
        "prior": np.array(c.priors),
        "found": np.array(found),
        "error": np.array(error),
        "accuracy": np.array(accuracy),
    }
