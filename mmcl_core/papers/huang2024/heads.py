"""Downstream evaluation: a logistic head on frozen embeddings, tested on samples (y nu, zeta) with another signal.

The paper does not say what the head is fitted on. "Head B" takes the n pre-training embeddings, "head A" a number of
labelled out-of-distribution samples; the choice decides the single-modal number, so both are shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from mmcl_core.papers.huang2024.dynamics import State
from mmcl_core.papers.huang2024.setting import STREAM, Problem, draw_labels, drawn_vectors, initial_weights
from mmcl_core.runtime import generator


def logistic_accuracy(
    train: Float[np.ndarray, "n m"],
    train_labels: Float[np.ndarray, n],
    test: Float[np.ndarray, "k m"],
    test_labels: Float[np.ndarray, k],
) -> float:
    """Test accuracy of scikit-learn's logistic regression (C = 1). A training set of one class predicts that class."""
    if len(np.unique(train_labels)) < 2:
        return float(np.mean(test_labels == train_labels[0]))
    head = LogisticRegression(C=1.0, max_iter=1000).fit(train, train_labels)
    return float(head.score(test, test_labels))


def discriminant_accuracy(
    train: Float[np.ndarray, "n m"],
    train_labels: Float[np.ndarray, n],
    test: Float[np.ndarray, "k m"],
    test_labels: Float[np.ndarray, k],
) -> float:
    """Test accuracy of linear discriminant analysis; on a large training set it is the population's best linear head."""
    return float(LinearDiscriminantAnalysis().fit(train, train_labels).score(test, test_labels))


def head_b(state: State, problem: Problem) -> Float[np.ndarray, S]:
    """Head B: fitted on the first modality's pre-training embeddings, tested on `problem.downstream`."""
    train = state.first.embeddings(problem.labels).cpu().numpy()
    test = problem.downstream.embeddings(state.first.coefficients).cpu().numpy()
    labels, test_labels = problem.labels.cpu().numpy(), problem.downstream.labels.cpu().numpy()
    return np.array([logistic_accuracy(*run) for run in zip(train, labels, test, test_labels, strict=True)])


def trained_weights(
    coefficients: Float[Tensor, "m p"], seed: int, n: int, d: int, signal: float, ratio: float, initial_scale: float
) -> Float[Tensor, "m d"]:
    """w_r = w_r(0) + sum_q c_rq v_q in R^d, for evaluation on any number of new samples (sigma_xi = 1)."""
    weights = initial_weights(seed, "first", coefficients.shape[0], d, initial_scale)
    return weights + coefficients.cpu() @ drawn_vectors(seed, n, d, signal, ratio, 1.0, 0.0)["first"]


@dataclass(frozen=True)
class ShiftedSamples:
    """Out-of-distribution samples (y nu, zeta), sigma_xi = 1, seen through one encoder: only the strength of nu is still free."""

    labels: Float[Tensor, k]
    noise: Float[Tensor, "k m"]
    direction: Float[Tensor, m]

    @classmethod
    def draw(cls, weights: Float[Tensor, "m d"], seed: int, count: int, purpose: str) -> ShiftedSamples:
        """`count` samples for the encoder `weights`, nu along e_1, drawn in blocks to bound the memory."""
        labels = draw_labels([seed], count, f"{purpose} labels")[0]
        stream = generator(STREAM, seed, f"{purpose} noise")
        blocks = [
            torch.randn(min(2000, count - k), weights.shape[1], dtype=torch.float64, generator=stream)
            for k in range(0, count, 2000)
        ]
        return cls(labels, torch.cat([torch.relu(block @ weights.T) for block in blocks]), weights[:, 0])

    def embeddings(self, downstream: float, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings `[count, m]` and labels of the first `count` samples with ||nu|| = `downstream`."""
        signal = torch.relu(self.labels[:, None] * downstream * self.direction)
        return (signal + self.noise)[:count].numpy(), self.labels[:count].numpy()
