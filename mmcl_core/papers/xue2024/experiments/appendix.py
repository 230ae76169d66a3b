"""Appendix C of the paper: its concentration bounds by coverage, its rates by slopes, and what truncating an SVD
costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy.sparse.linalg import LinearOperator, svds

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024.experiments.base import Captioned, Probability, stream
from mmcl_core.papers.xue2024.setting import Draws, observe


class CoverageSetting(Config):
    """How often the bounds are exceeded, at confidence 1 - delta."""

    smoke: ClassVar = {"seeds": 100, "n": 50, "large_n": 200}

    seeds: int = Field(2000, ge=10, description="chosen before the run: draws, one a seed")
    delta: float = Field(0.05, gt=0, lt=1, description="chosen before the run")
    n: int = Field(100, ge=2, le=10**5, description="chosen")
    large_n: int = Field(1000, ge=2, le=10**5, description="chosen: for a covariance in 20 dimensions")
    dimensions: tuple[int, ...] = Field((20, 200), min_length=2, description="chosen: d of a Gaussian matrix")
    p_spu: Probability = Field(0.95, description="Assumption 4.2: 1 - o(1)")
    sigma_xi: float = Field(1.0, gt=0, description="chosen")


def largest_singular_value(x: np.ndarray) -> float:
    """From the smaller Gram matrix, which is all that is needed and several times faster than an SVD."""
    gram = x @ x.T if x.shape[0] < x.shape[1] else x.T @ x
    return float(np.sqrt(np.linalg.eigvalsh(gram)[-1]))


@experiment("xue2024.coverage", CoverageSetting, seconds={"smoke": 1, "book": 6, "paper": 8}, block=500)
def coverage(config: CoverageSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Each bounded quantity over its bound: above 1 it is exceeded. One draw a seed `[S]`, for C.6 one a dimension `[S,
    d]`.

    signs: C.3; products: C.8; matrix: C.6; covariance: C.7 with its last 2 read as delta; noise: C.14 with sqrt(2
    ln/d). `deviation`: C.7's relative error itself.
    """
    c = config
    log = np.log(1 / c.delta)
    hoeffding = np.sqrt(2 * log / c.n)
    d = c.dimensions[0]
    delta = np.sqrt(2 * np.log(2 / c.delta) / c.large_n)  # 2 exp(-n delta^2/2) = the confidence's complement
    ratio = np.sqrt(d / c.large_n)
    names = ("signs", "products", "matrix", "covariance", "noise", "deviation")
    rows = {name: [] for name in names}
    for seed in seeds:
        s = stream(seed, "coverage")
        y = 2 * s.integers(0, 2, c.n) - 1
        a = np.where(s.random(c.n) < c.p_spu, y, -y)
        rows["signs"].append(abs(y.mean()) / hoeffding)
        rows["products"].append(abs((a * y).mean() - (2 * c.p_spu - 1)) / hoeffding)
        table = []
        for size in c.dimensions:
            scale = np.linspace(0.2, 1.5, size)  # roots of the covariance's eigenvalues
            largest = largest_singular_value(s.standard_normal((c.n, size)) * scale)
            bound = np.sqrt(c.n) * scale.max() * (1 + np.sqrt(2 * log / c.n)) + np.sqrt((scale**2).sum())
            table.append(largest / bound)
        rows["matrix"].append(table)
        x = s.standard_normal((c.large_n, d))
        off = np.linalg.norm(x.T @ x / c.large_n - np.eye(d), 2)
        rows["deviation"].append(off)
        rows["covariance"].append(off / (2 * ratio + 2 * delta + (ratio + delta) ** 2))
        wide = c.dimensions[-1]
        noise = largest_singular_value(s.standard_normal((c.n, wide)) * c.sigma_xi / np.sqrt(wide))
        rows["noise"].append(noise / (c.sigma_xi * (np.sqrt(c.n / wide) + 1 + np.sqrt(2 * log / wide))))
    return {name: np.array(x) for name, x in rows.items()}


class LatentRateSetting(Captioned):
    """Means and covariances of the latent features against their limits."""

    smoke: ClassVar = {"seeds": 8, "sizes": (200, 400, 800, 1600)}

    seeds: int = Field(200, ge=2, description="chosen before the run: the slope's whole interval decides")
    sizes: tuple[int, ...] = Field((200, 400, 800, 1600, 3200, 6400, 12800), min_length=4, description="chosen: n")
    noise_d: int = Field(20, ge=2, le=1000, description="chosen: dimension of the noise's mean")
    sigma_xi: float = Field(1.0, gt=0, description="chosen")


LATENT = ("gaussian_mean", "residual_moment", "label_moment", "second_moment", "mean", "covariance", "noise_mean")


@experiment(
    "xue2024.latent_rates",
    LatentRateSetting,
    coordinates=("n",),
    seconds={"smoke": 1, "book": 3, "paper": 3},
    block=100,
)
def latent_rates(config: LatentRateSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spectral norms of the deviations of C.5, C.9 to C.13 and C.15, by the names of `LATENT`, each `[S, n]`.

    `double_sum`: the centred covariance of C.13 against its literal double sum over pairs, smallest n `[S]`.
    """
    c, model = config, config.model()
    limit = np.diag([c.sigma_core**2, c.sigma_spu**2])
    rows = {name: np.empty((len(seeds), len(c.sizes))) for name in LATENT}
    literal = np.empty(len(seeds))
    for row, seed in enumerate(seeds):
        for column, n in enumerate(c.sizes):
            s = stream(seed, f"latent {n}")
            sample = model.sample(Draws.of(n, s))
            means = np.column_stack([sample.label, sample.attribute])
            z, t, zeta = sample.image, sample.text, sample.image - means
            centred = (z - z.mean(0)).T @ (t - t.mean(0)) / (n - 1)
            found = {
                "gaussian_mean": np.abs(zeta[:, 0].mean()),
                "residual_moment": np.linalg.norm(zeta.T @ zeta / n - limit, 2),
                "label_moment": np.linalg.norm(means.T @ zeta / n, 2),
                "second_moment": np.linalg.norm(z.T @ t / n - model.second_moment(), 2),
                "mean": np.linalg.norm(z.mean(0)),
                "covariance": np.linalg.norm(centred - model.cross_covariance(), 2),
                "noise_mean": np.linalg.norm(s.standard_normal(c.noise_d)) * c.sigma_xi / np.sqrt(n * c.noise_d),
            }
            if column == 0:
                others = z.sum(0)[:, None] * t.sum(0) - z.T @ t
                total = sum(np.outer(z[i], t[j]) for i in range(50) for j in range(50) if i != j)
                part = z[:50].sum(0)[:, None] * t[:50].sum(0) - z[:50].T @ t[:50]
                literal[row] = max(
                    np.abs(z.T @ t / n - others / (n * (n - 1)) - centred).max(), np.abs(total - part).max() / 2500
                )
            for name, value in found.items():
                rows[name][row, column] = value
    return {"n": np.array(c.sizes), "double_sum": literal, **rows}


class NoisyRateSetting(Captioned):
    """The whole cross-covariance with as many dimensions as samples."""

    book: ClassVar = {"sizes": (100, 200, 400, 800)}
    smoke: ClassVar = {"seeds": 3, "sizes": (50, 100, 200, 400)}

    seeds: int = Field(100, ge=2, description="chosen: raised from 20, whose interval decided nothing")
    sizes: tuple[int, ...] = Field((200, 400, 800, 1600), min_length=4, description="chosen: n = d; Assumption C.2")
    sigma_xi: float = Field(1.0, gt=0, description="chosen")


@experiment(
    "xue2024.noisy_rates", NoisyRateSetting, coordinates=("n",), seconds={"smoke": 1, "book": 8, "paper": 8}, block=25
)
def noisy_rates(config: NoisyRateSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Spectral norm of S - D_I C D_T^T (C.16) and of SVD_2(S) - D_I C D_T^T (C.18), n = d `[S, n]` each."""
    c, model = config, config.model()
    C = model.cross_covariance()
    whole, cut = np.empty((2, len(seeds), len(c.sizes)))
    for row, seed in enumerate(seeds):
        for column, n in enumerate(c.sizes):
            s = stream(seed, f"noisy {n}")
            sample = model.sample(Draws.of(n, s))
            x, t = (observe(z, n, c.sigma_xi, s) for z in (sample.image, sample.text))
            x, t = x - x.mean(0), t - t.mean(0)

            def product(v: np.ndarray, x: np.ndarray = x, t: np.ndarray = t, n: int = n) -> np.ndarray:
                return x.T @ (t @ v) / (n - 1)

            def transposed(v: np.ndarray, x: np.ndarray = x, t: np.ndarray = t, n: int = n) -> np.ndarray:
                return t.T @ (x @ v) / (n - 1)

            def without(v: np.ndarray, f: object, C: np.ndarray) -> np.ndarray:
                out = f(v)
                out[:2] -= C @ v[:2]
                return out

            start = s.standard_normal(n)
            S = LinearOperator((n, n), matvec=product, rmatvec=transposed)
            rest = LinearOperator(
                (n, n),
                matvec=lambda v, f=product: without(v, f, C),
                rmatvec=lambda v, f=transposed: without(v, f, C.T),
            )
            whole[row, column] = svds(rest, k=1, v0=start, return_singular_vectors=False)[0]
            u, size, v = svds(S, k=2, v0=start)
            # of rank 4 at most: its norm is that of a small matrix in the spans of the factors
            left, right = (np.linalg.qr(np.column_stack([a, np.eye(n, 2)]))[0] for a in (u, v.T))
            small = (left.T @ u * size) @ (v @ right) - left[:2].T @ C @ right[:2]
            cut[row, column] = np.linalg.norm(small, 2)
    return {"n": np.array(c.sizes), "whole": whole, "cut": cut}


class TruncationSetting(Config):
    """Lemma C.17: a matrix of rank 2, a small error, and the truncated SVD of their sum."""

    smoke: ClassVar = {"seeds": 5}

    seeds: int = Field(100, ge=2, description="chosen before the run: draws")
    errors: tuple[float, ...] = Field((0.3, 0.1, 0.03, 0.01), min_length=2, description="chosen: norm of the error")
    gaps: tuple[float, ...] = Field((0.5, 0.1, 0.002, 0.0), min_length=1, description="chosen: s_1 - s_2, s_1 = 1")
    ranks: tuple[int, ...] = Field((2, 4), min_length=1, description="Lemma C.17: p >= 2")
    shape: tuple[int, int] = Field((30, 20), description="chosen")


@experiment("xue2024.truncation", TruncationSetting, seconds={"smoke": 1, "book": 1, "paper": 2}, block=100)
def truncation(config: TruncationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """|SVD_p(G) - G*| over |G - G*| for each error, gap and rank `[S, error, gap, rank]`.

    `slip`: |u~ - u|^2 against 2 sin^2/(1 + cos) of the angle, largest distance over random angles `[S]`.
    """
    c, rows, slips = config, [], []
    for seed in seeds:
        s = stream(seed, "truncation")
        left, right = (np.linalg.qr(s.standard_normal((d, 2)))[0] for d in c.shape)
        noise = s.standard_normal(c.shape)
        noise /= np.linalg.norm(noise, 2)
        table = np.empty((len(c.errors), len(c.gaps), len(c.ranks)))
        for i, e in enumerate(c.errors):
            for j, gap in enumerate(c.gaps):
                star = left * [1.0, 1.0 - gap] @ right.T
                u, size, v = np.linalg.svd(star + e * noise, full_matrices=False)
                for k, p in enumerate(c.ranks):
                    table[i, j, k] = np.linalg.norm((u[:, :p] * size[:p]) @ v[:p] - star, 2) / e
        rows.append(table)
        pair = np.linalg.qr(s.standard_normal((c.shape[0], 2)))[0]
        angles = s.uniform(0, np.pi / 2, 50)
        moved = pair[:, :1] * np.cos(angles) + pair[:, 1:] * np.sin(angles)
        slips.append(np.abs(((moved - pair[:, :1]) ** 2).sum(0) - 2 * np.sin(angles) ** 2 / (1 + np.cos(angles))).max())
    return {"ratio": np.array(rows), "slip": np.array(slips)}
