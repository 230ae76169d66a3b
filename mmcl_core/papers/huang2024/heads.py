"""Downstream evaluation: a logistic head on frozen embeddings, tested on samples (y nu, zeta) with another signal.

The paper does not say what the head is fitted on. "Head B" takes the n pre-training embeddings, "head A" a number of
labelled out-of-distribution samples; the choice decides the single-modal number, so both are shown.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from mmcl_core.papers.huang2024.dynamics import State
from mmcl_core.papers.huang2024.setting import Problem, draw_labels, drawn_vectors, initial_weights, normal


def logistic_accuracy(
    train: Float[np.ndarray, "n m"], train_labels: Float[np.ndarray, "n"], test: Float[np.ndarray, "k m"], test_labels: Float[np.ndarray, "k"]
) -> float:
    """Test accuracy of scikit-learn's logistic regression (C = 1). A training set of one class predicts that class."""
    if len(np.unique(train_labels)) < 2:
        return float(np.mean(test_labels == train_labels[0]))
    head = LogisticRegression(C=1.0, max_iter=1000).fit(train, train_labels)
    return float(head.score(test, test_labels))


def discriminant_accuracy(
    train: Float[np.ndarray, "n m"], train_labels: Float[np.ndarray, "n"], test: Float[np.ndarray, "k m"], test_labels: Float[np.ndarray, "k"]
) -> float:
    """Test accuracy of linear discriminant analysis; on a large training set it is the population's best linear head."""
    return float(LinearDiscriminantAnalysis().fit(train, train_labels).score(test, test_labels))


def head_b(state: State, problem: Problem) -> Float[np.ndarray, "S"]:
    """Head B: fitted on the first modality's pre-training embeddings, tested on `problem.downstream`."""
    train = state.first.embeddings(problem.labels).cpu().numpy()
    test = problem.downstream.embeddings(state.first.coefficients).cpu().numpy()
    labels, test_labels = problem.labels.cpu().numpy(), problem.downstream.labels.cpu().numpy()
    return np.array([logistic_accuracy(*run) for run in zip(train, labels, test, test_labels, strict=True)])


def trained_weights(coefficients: Float[Tensor, "m p"], seed: int, n: int, d: int, signal: float, ratio: float, initial_scale: float) -> Float[Tensor, "m d"]:
    """w_r = w_r(0) + sum_q c_rq v_q in R^d, for evaluation on any number of new samples (sigma_xi = 1)."""
    weights = initial_weights(seed, "first", coefficients.shape[0], d, initial_scale)
    return weights + coefficients.cpu() @ drawn_vectors(seed, n, d, signal, ratio, 1.0, 0.0)["first"]


def shifted_samples(weights: Float[Tensor, "m d"], seed: int, downstream: float, count: int, purpose: str) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings `[count, m]` and labels of out-of-distribution samples (y nu, zeta), nu = `downstream` e_1, sigma_xi = 1."""
    labels = draw_labels([seed], count, f"{purpose} labels")[0]
    noise = torch.relu(normal([seed], f"{purpose} noise", count, weights.shape[1])[0] @ weights.T)
    signal = torch.relu(labels[:, None] * downstream * weights[:, 0])
    return (signal + noise).numpy(), labels.numpy()
