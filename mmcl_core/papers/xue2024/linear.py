"""The linear contrastive loss: as a double sum over pairs, as a function of one matrix, and its minimiser, a truncated
SVD.

`S` below is the contrastive cross-covariance (positive pairs minus negative pairs), not the seed axis; `G = W_I^T W_T`
is what the encoders together do: the similarity of image x and caption t is x^T G t.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024.setting import IntraClass, Sample, Sharing, require_dimension, require_every_class
from mmcl_core.papers.xue2024.theory import right_share

Matrix = Float[np.ndarray, "*S d_I d_T"]


def pairwise_loss(
    w_image: Float[Tensor, "p d_I"],
    w_text: Float[Tensor, "p d_T"],
    image: Float[Tensor, "n d_I"],
    text: Float[Tensor, "n d_T"],
    rho: float,
) -> Float[Tensor, ""]:
    """The loss as the paper writes it, plus (rho/2) ||W_I^T W_T||_F^2.

    It is half the mean of s_ij - s_ii and of s_ji - s_ii over all i != j.
    """
    s = (image @ w_image.T) @ (text @ w_text.T).T
    n, own = len(s), s.diagonal()
    apart = ~torch.eye(n, dtype=torch.bool)
    images = (s - own[:, None])[apart].sum()
    texts = (s.T - own[:, None])[apart].sum()
    return (images + texts) / (2 * n * (n - 1)) + rho / 2 * (w_image.T @ w_text).square().sum()


def cross_covariance(
    image: Float[np.ndarray, "n d_I"], text: Float[np.ndarray, "n d_T"]
) -> Float[np.ndarray, "d_I d_T"]:
    """S = (1/n) sum_i x_i t_i^T - 1/(n(n-1)) sum_{i != j} x_i t_j^T, which is the centred cross-covariance."""
    return (image - image.mean(0)).T @ (text - text.mean(0)) / (len(image) - 1)


def composed_cross_covariance(
    image: Float[np.ndarray, "n d_I"], text: Float[np.ndarray, "n d_T"], label: Int[np.ndarray, "n"], same: float
) -> Float[np.ndarray, "d_I d_T"]:
    """S when the weight `same` of the negatives lies on pairs of one class, the rest on pairs of different classes
    (+-1).

    same = 0 drops every same-class negative. Raises `InputError` when a class is empty.
    """
    require_every_class(label, np.array([-1, 1]))
    sums = [(image[label == c].sum(0), text[label == c].sum(0), (label == c).sum()) for c in (-1, 1)]
    positive = image.T @ text
    within = sum(np.outer(x, t) for x, t, _ in sums) - positive
    across = np.outer(sums[0][0], sums[1][1]) + np.outer(sums[1][0], sums[0][1])
    pairs = sum(count * (count - 1) for *_, count in sums)
    return positive / len(image) - same * within / pairs - (1 - same) * across / (2 * sums[0][2] * sums[1][2])


def loss(
    w_image: Float[np.ndarray, "*S p d_I"], w_text: Float[np.ndarray, "*S p d_T"], S: Matrix, rho: float
) -> Float[np.ndarray, "*S"] | np.floating:
    """-tr(W_I S W_T^T) + (rho/2) ||W_I^T W_T||_F^2."""
    G = np.swapaxes(w_image, -1, -2) @ w_text
    return (-(G * S) + rho / 2 * G**2).sum((-1, -2))


def gradients(
    w_image: Float[np.ndarray, "*S p d_I"], w_text: Float[np.ndarray, "*S p d_T"], S: Matrix, rho: float
) -> tuple[np.ndarray, np.ndarray]:
    """-W_T S^T + rho W_T W_T^T W_I and -W_I S + rho W_I W_I^T W_T.

    As written, never as one d_I x d_T matrix: S is read, row by row of the encoders, and nothing of its size is made.
    """
    every = S[..., None, :, :]
    to_image, to_text = (every @ w_text[..., None])[..., 0], (w_image[..., None, :] @ every)[..., 0, :]
    by_image = rho * (w_text @ np.swapaxes(w_text, -1, -2)) @ w_image - to_image
    return by_image, rho * (w_image @ np.swapaxes(w_image, -1, -2)) @ w_text - to_text


def descend(
    w_image: np.ndarray, w_text: np.ndarray, S: Matrix, rho: float, rate: Float[np.ndarray, "*S 1 1"], steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient descent on the linear loss, all seeds at once."""
    for _ in range(steps):
        by_image, by_text = gradients(w_image, w_text, S, rho)
        w_image, w_text = w_image - rate * by_image, w_text - rate * by_text
    return w_image, w_text


def check_rank(rank: int, latents: int) -> None:
    """Warn when the encoders' rank is below the number of latent features, which is allowed and changes the
    classifier."""
    if rank < latents:
        warnings.warn(
            f"Rank {rank} is below the {latents} latent features: the truncated SVD drops a direction, and the "
            f"accuracy "
            "formula holds no longer. In data model 1 the loss is nothing to more than ten points, depending on "
            "sigma_core and sigma_spu, and pi_spu starts to matter",
            stacklevel=2,
        )


@dataclass(frozen=True)
class Minimiser:
    """G = U diag(s) V^T / rho in factors: `[d_I, p]`, `[p]`, `[d_T, p]`."""

    u: Float[np.ndarray, "d_I p"]
    s: Float[np.ndarray, "p"]
    v: Float[np.ndarray, "d_T p"]
    rho: float = 1.0

    def direction(self, prompt: Float[np.ndarray, "l"]) -> Float[np.ndarray, "d_I"]:
        """G D_T `prompt`, what an image is multiplied with to get its score for this caption."""
        return self.u @ (self.s / self.rho * (prompt @ self.v[: len(prompt)]))

    def least_loss(self) -> float:
        """-(1/(2 rho)) sum s_i^2."""
        return float(-(self.s**2).sum() / (2 * self.rho))


def minimiser_of(S: Float[np.ndarray, "d_I d_T"], rank: int, rho: float = 1.0) -> Minimiser:
    """Where the linear loss with the contrastive cross-covariance `S` is least."""
    u, s, vt = np.linalg.svd(S, full_matrices=False)
    return Minimiser(u[:, :rank], s[:rank], vt[:rank].T, rho)


def minimiser(
    image: Float[np.ndarray, "n d_I"], text: Float[np.ndarray, "n d_T"], rank: int, rho: float = 1.0
) -> Minimiser:
    """The same from observations, in the span of the data: with X_I^T = Q_I R_I no d x d matrix is formed when d >
    n."""
    (q_image, r_image), (q_text, r_text) = np.linalg.qr(image.T), np.linalg.qr(text.T)
    inner = minimiser_of(cross_covariance(r_image.T, r_text.T), rank, rho)
    return Minimiser(q_image @ inner.u, inner.s, q_text @ inner.v, rho)


@dataclass(frozen=True)
class Noise:
    """The noise of both modalities with its own cross-covariance, so that many settings can share one costly draw."""

    image: Float[np.ndarray, "n d"]
    text: Float[np.ndarray, "n d"]
    product: Float[np.ndarray, "d d"]

    @classmethod
    def of(cls, n: int, d: int, sigma_xi: float, stream: np.random.Generator) -> Noise:
        image, text = stream.standard_normal((2, n, d)) * (sigma_xi / d**0.5)
        return cls(image, text, cross_covariance(image, text))

    def cross_covariance(self, sample: Sample) -> Float[np.ndarray, "d d"]:
        """S of the observations D z + xi, computed with l instead of d columns."""
        l, n = sample.image.shape[1], len(sample.image)
        require_dimension(self.image.shape[1], l)
        z, t = (x - x.mean(0) for x in (sample.image, sample.text))
        S = self.product.copy()
        S[:l] += z.T @ self.text / (n - 1)
        S[:, :l] += self.image.T @ t / (n - 1)
        S[:l, :l] += z.T @ t / (n - 1)
        return S


@dataclass(frozen=True)
class Accuracy:
    """Exact accuracies of a direction on data model 1, without a test sample.

    `ood` under the true law, `id` under the training law, `agree` and `conflict` where attribute and class are equal or
    not.
    """

    ood: float
    id: float
    agree: float
    conflict: float

    @property
    def worst_group(self) -> float:
        return min(self.agree, self.conflict)


def gaussian_accuracy(direction: Float[np.ndarray, "d"], model: IntraClass, sigma_xi: float = 0.0) -> Accuracy:
    """Accuracies of sign(u . x), x = D z + xi: given label and attribute the score is Gaussian."""
    core, spurious = direction[:2]
    spread = np.sqrt(
        (core * model.sigma_core) ** 2
        + (spurious * model.sigma_spu) ** 2
        + sigma_xi**2 / len(direction) * (direction**2).sum()
    )
    agree, conflict = float(right_share(core + spurious, spread)), float(right_share(core - spurious, spread))
    return Accuracy((agree + conflict) / 2, model.p_spu * agree + (1 - model.p_spu) * conflict, agree, conflict)


ROUNDING = 1e-12  # scores that differ by less, relative to the largest, are a tie, and ties count as wrong


def sharing_accuracy(G: Float[np.ndarray, "l k"], sample: Sample) -> tuple[float, float]:
    """Zero-shot accuracies on samples of data model 2 with a = c and with a = -c; ties count as wrong.

    The score of class (j, c) is c times the similarity with prompt j, column j of `G`: with G = W_I^T W_T the first m
    columns belong to the class means c e_core,j of the true law.
    """
    m = G.shape[0] // 2
    scores, rows = sample.image @ G[:, :m], np.arange(len(sample.label))
    k, c = np.abs(sample.label) - 1, np.sign(sample.label)
    own = scores[rows, k] * c
    size = np.abs(scores)
    slack = ROUNDING * size.max()
    size[rows, k] = 0
    right, agree = own > size.max(1) + slack, sample.attribute == c
    return float(right[agree].mean()), float(right[~agree].mean())


def block_accuracy(G: Float[np.ndarray, "l k"], model: Sharing) -> tuple[float, float]:
    """The same over all sign patterns, without listing them, when column j uses the features of pair j alone.

    Each foreign pair then scores one of two absolute values, each half of the time and independently of the others.

    Raises
    ------
    InputError
        When a column uses features of another pair.
    """
    m = model.m
    core, spurious = np.diagonal(G[:m, :m]), np.diagonal(G[m:, :m])
    rest = np.abs(G[:, :m]).sum() - np.abs(core).sum() - np.abs(spurious).sum()
    if rest > 1e-9 * np.abs(G[:, :m]).sum():
        raise InputError(
            "Scores mix the features of several pairs: allowed are directions within a pair; list patterns"
        )
    foreign = np.abs(
        np.stack([model.beta * core + s * model.foreign_spurious * spurious for s in (1, -1)])
    )  # [2, m]: signs aligned or not
    slack = ROUNDING * (np.abs(core).max() + model.alpha * np.abs(spurious).max())
    found = []
    for a in (1, -1):
        own = core + a * model.alpha * spurious
        beats = (own[:, None] > foreign[:, None, :] + slack).mean(0)  # [own pair, foreign pair]
        np.fill_diagonal(beats, own > slack)
        found.append(float(beats.prod(1).mean()))
    return found[0], found[1]
