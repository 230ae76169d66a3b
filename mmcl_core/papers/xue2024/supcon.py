"""Contrastive learning with labels alone, one encoder and no captions (Appendix F of the paper), in the linear form.

Pairs of one class attract, pairs of different classes repel: L = -mean same-class s_ij + mean other-class s_ij
+ (rho/2) ||W^T W||_F^2 with s_ij = (W x_i).(W x_j). It sees the data through the class means alone.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from mmcl_core.papers.xue2024.setting import class_means


def pairwise_loss(
    w: Float[Tensor, "p d"], x: Float[Tensor, "n d"], label: Int[Tensor, "n"], rho: float
) -> Float[Tensor, ""]:
    """The loss as a double sum over pairs (i = j counts as a same-class pair), each class with the same weight."""
    s = (x @ w.T) @ (x @ w.T).T
    names = label.unique()
    groups = [[s[label == a][:, label == b].mean() for b in names] for a in names]
    k = len(names)
    same = sum(groups[i][i] for i in range(k)) / k
    other = sum(groups[i][j] for i in range(k) for j in range(k) if i != j) / (k * (k - 1))
    return -same + other + rho / 2 * (w.T @ w).square().sum()


def moment(
    x: Float[np.ndarray, "n d"], label: Int[np.ndarray, "n"], classes: Int[np.ndarray, "c"]
) -> Float[np.ndarray, "d d"]:
    """S with L = -tr(W S W^T) + (rho/2) ||W^T W||_F^2: from the class means. `InputError` for an empty class."""
    means = class_means(x, label, classes)
    k = len(classes)
    total = np.outer(means.sum(0), means.sum(0))
    own = means.T @ means
    return own / k - (total - own) / (k * (k - 1))


def descend(
    w: Float[np.ndarray, "p d"], S: Float[np.ndarray, "d d"], rho: float, rate: float, steps: int
) -> Float[np.ndarray, "p d"]:
    """Gradient descent on the loss: dL/dW = 2 (rho W W^T W - W S)."""
    for _ in range(steps):
        w = w - rate * 2 * (rho * w @ (w.T @ w) - w @ S)
    return w


def features(S: Float[np.ndarray, "d d"], rank: int) -> Float[np.ndarray, "p d"]:
    """The minimiser W, up to a rotation of the features and rho: root of the positive part of S, truncated to
    `rank`."""
    values, vectors = np.linalg.eigh(S)
    top = np.argsort(values)[::-1][:rank]
    return np.sqrt(np.maximum(values[top], 0))[:, None] * vectors[:, top].T
