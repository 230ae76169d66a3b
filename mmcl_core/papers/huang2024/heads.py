"""Downstream evaluation: linear heads on frozen embeddings, tested on samples (y nu, zeta) with another signal.

The paper does not say what the head is fitted on. "Head B" takes the n pre-training embeddings, "head A" a number of
labelled samples of the shifted distribution; the choice decides the single-modal number, so both are shown. Beside
them stand heads of one neuron and a threshold, which need nothing but the encoder's weights and the scale of nu.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from mmcl_core.errors import InputError
from mmcl_core.papers.huang2024.dynamics import State
from mmcl_core.papers.huang2024.setting import STREAM, Problem, draw_labels, drawn_vectors, initial_weights
from mmcl_core.runtime import generator

LinearHead = tuple[np.ndarray, float]  # weights `[m]` and intercept: the label is the sign of w . embedding + b


def logistic_head(train: Float[np.ndarray, "n m"], train_labels: Float[np.ndarray, n]) -> LinearHead:
    """scikit-learn's logistic regression (C = 1). A training set of one class gives the head that predicts that
    class."""
    if len(np.unique(train_labels)) < 2:
        return np.zeros(train.shape[1]), float(train_labels[0])
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(train, train_labels)
    return fitted.coef_[0], float(fitted.intercept_[0])


def logistic_accuracy(
    train: Float[np.ndarray, "n m"],
    train_labels: Float[np.ndarray, n],
    test: Float[np.ndarray, "k m"],
    test_labels: Float[np.ndarray, k],
) -> float:
    """Test accuracy of `logistic_head`."""
    weights, intercept = logistic_head(train, train_labels)
    return float(np.mean((test @ weights + intercept > 0) == (test_labels > 0)))


def discriminant_accuracy(
    train: Float[np.ndarray, "n m"],
    train_labels: Float[np.ndarray, n],
    test: Float[np.ndarray, "k m"],
    test_labels: Float[np.ndarray, k],
) -> float:
    """Test accuracy of linear discriminant analysis, the best linear head only where both classes are Gaussian."""
    return float(LinearDiscriminantAnalysis().fit(train, train_labels).score(test, test_labels))


def threshold_accuracy(
    response: Float[np.ndarray, k], labels: Float[np.ndarray, k], threshold: float, side: float = 1.0
) -> float:
    """Accuracy of "y = side iff response >= threshold"."""
    return float(np.mean(np.where(response >= threshold, side, -side) == labels))


def best_threshold(
    response: Float[np.ndarray, k], labels: Float[np.ndarray, k], side: float = 1.0
) -> tuple[float, float]:
    """The threshold of "y = side iff response >= threshold" that is right most often on these samples, and how often.

    Every observed value is tried, so that equal values fall on one side together.
    """
    return _best(*_gains(response, labels), labels, side)


def _gains(response: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The observed values, and what a threshold at or below each of them gains over one above it where y = 1 is said
    above."""
    values, place = np.unique(response, return_inverse=True)
    return values, np.bincount(place, weights=labels)


def _best(values: np.ndarray, gains: np.ndarray, labels: np.ndarray, side: float) -> tuple[float, float]:
    right = side * np.cumsum(gains[::-1])[::-1] + np.sum(labels != side)
    best = int(np.argmax(right))
    return float(values[best]), float(right[best] / len(labels))


@dataclass(frozen=True)
class Stump:
    """One neuron of an encoder, a threshold and the label above it: a linear head with one weight."""

    neuron: int
    threshold: float
    side: float

    @classmethod
    def aimed(cls, weights: Float[Tensor, "m d"], direction: Float[Tensor, m], strength: float) -> Stump:
        """Made, not fitted: the neuron nearest to nu in angle, its threshold where its gap ends, |<w_r, nu>|."""
        cosine = direction / weights.norm(dim=1)
        r = int(cosine.abs().argmax())
        return cls(r, float(strength * direction[r].abs()), float(direction[r].sign()))

    @classmethod
    def fitted(cls, embeddings: Float[np.ndarray, "k m"], labels: Float[np.ndarray, k]) -> Stump:
        """The best of all neurons, thresholds and sides on labelled samples, by brute force."""
        gains = [_gains(column, labels) for column in embeddings.T]
        tried = [(*_best(*seen, labels, side), r, side) for r, seen in enumerate(gains) for side in (1.0, -1.0)]
        threshold, _, neuron, side = max(tried, key=lambda found: found[1])
        return cls(neuron, threshold, side)

    def accuracy(self, embeddings: Float[np.ndarray, "k m"], labels: Float[np.ndarray, k]) -> float:
        """Its share of right answers on test samples."""
        return threshold_accuracy(embeddings[:, self.neuron], labels, self.threshold, self.side)


def head_b(state: State, problem: Problem) -> Float[np.ndarray, S]:
    """Head B: fitted on the first modality's pre-training embeddings, tested on `problem.downstream`.

    Raises
    ------
    InputError
        For a problem without downstream samples.
    """
    if problem.downstream is None:
        raise InputError("Head B is tested on shifted samples and the problem has none: draw it with downstream=||nu||")
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
    """Shifted samples (y nu, zeta), sigma_xi = 1, seen through one encoder; only the strength of nu is still free.

    labels : `[k]`;  noise : `[k, m]` relu(<w_r, zeta>);  direction : `[m]` <w_r, nu / ||nu||>
    """

    labels: Float[Tensor, k]
    noise: Float[Tensor, "k m"]
    direction: Float[Tensor, m]

    @classmethod
    def draw(
        cls,
        weights: Float[Tensor, "m d"],
        seed: int,
        count: int,
        purpose: str,
        direction: Float[Tensor, m] | None = None,
    ) -> ShiftedSamples:
        """`count` samples for the encoder `weights`; nu is along e_1 unless its <w_r, nu / ||nu||> are given.

        With W' = Q R the products W zeta have the law of R' g, g standard normal in min(m, d) dimensions: the noise is
        drawn there, never in R^d.
        """
        labels = draw_labels([seed], count, f"{purpose} labels")[0]
        triangle = torch.linalg.qr(weights.T, mode="r").R
        stream = generator(STREAM, seed, f"{purpose} noise")
        normal = torch.randn(count, len(triangle), dtype=torch.float64, generator=stream)
        return cls(labels, torch.relu(normal @ triangle), weights[:, 0] if direction is None else direction)

    def embeddings(self, downstream: float, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings `[count, m]` and labels of the first `count` samples with ||nu|| = `downstream`."""
        labels = self.labels[:count]
        return self._signals(downstream * self.direction)[self._of(labels)].add_(
            self.noise[:count]
        ).numpy(), labels.numpy()

    def answers(self, head: LinearHead, signals: Float[Tensor, "shifts m"]) -> Float[Tensor, "shifts k"]:
        """A linear head's outputs where the encoder answers <w_r, nu> = `signals` to nu: the noise passes through the
        head once for all of them, and of a signal there are but two embeddings, so none is made for each sample."""
        weights, intercept = torch.as_tensor(head[0]), head[1]
        return (self._signals(signals) @ weights)[self._of(self.labels)].T + (self.noise @ weights + intercept)

    @staticmethod
    def _signals(signal: Float[Tensor, "*shifts m"]) -> Float[Tensor, "2 *shifts m"]:
        """relu(<w_r, y nu>) for y = 1 and for y = -1."""
        return torch.relu(torch.stack([signal, -signal]))

    @staticmethod
    def _of(labels: Float[Tensor, k]) -> Int[Tensor, k]:
        return (labels < 0).long()
