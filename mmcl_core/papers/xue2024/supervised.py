"""Supervised learning: max-margin in R^d, its two-dimensional limit d -> infinity, and over all vectors of data
model 2."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linprog, lsq_linear
from scipy.special import expit
from sklearn.svm import SVC

from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024.setting import Sample, require_every_class

BINARY = np.array([-1, 1])


def reduced_max_margin(
    latent: Float[np.ndarray, "n l"], label: Int[np.ndarray, "n"], sigma_xi: float, iterations: int = 200
) -> Float[np.ndarray, "l"]:
    """The latent part w of the hard-margin classifier without intercept as d -> infinity.

    There the noise vectors are orthogonal with squared norm sigma_xi^2, and a sample short of its margin by u is
    memorised at the price u^2/sigma_xi^2: w = argmin |w|^2/2 + sum_i max(0, 1 - y_i w.z_i)^2 / (2 sigma_xi^2). Newton's
    method on the active set, with halved steps where a full one does not descend. Raises `InputError` for an empty
    class.
    """
    require_every_class(label, BINARY)
    margins = latent * label[:, None]

    def objective(w: np.ndarray) -> float:
        return float(w @ w / 2 + (np.maximum(0, 1 - margins @ w) ** 2).sum() / (2 * sigma_xi**2))

    w, ridge = np.zeros(latent.shape[1]), sigma_xi**2 * np.eye(latent.shape[1])
    value = objective(w)
    for _ in range(iterations):
        active = margins[margins @ w < 1]
        step = np.linalg.solve(ridge + active.T @ active, active.sum(0)) - w
        for _ in range(40):
            new = objective(w + step)
            if new <= value:
                break
            step /= 2
        w, fall, value = w + step, value - new, new
        if np.abs(step).max() < 1e-12 or fall < 1e-15 * value:
            break
    return w


def hard_margin(
    observed: Float[np.ndarray, "n d"], label: Int[np.ndarray, "n"], C: float = 1e6
) -> Float[np.ndarray, "d"]:
    """scikit-learn's max-margin direction in R^d, without intercept.

    Each sample stands beside its mirror image, and a symmetric problem has no intercept. Raises `InputError` when a
    class is empty.
    """
    require_every_class(label, BINARY)
    kernel = observed @ observed.T
    machine = SVC(kernel="precomputed", C=C, tol=1e-5).fit(
        np.block([[kernel, -kernel], [-kernel, kernel]]), np.concatenate([label, -label])
    )
    weights = np.zeros(2 * len(label))
    weights[machine.support_] = machine.dual_coef_[0]
    return (weights[: len(label)] - weights[len(label) :]) @ observed


def logistic_descent(
    observed: Float[np.ndarray, "n d"], label: Int[np.ndarray, "n"], steps: int
) -> Float[np.ndarray, "d"]:
    """Full-batch gradient descent on the logistic loss from zero at the rate 1/L, run in the span of the data."""
    require_every_class(label, BINARY)
    signed = observed * label[:, None]
    kernel = signed @ signed.T
    rate = 4 / np.linalg.eigvalsh(kernel)[-1]
    weights = np.zeros(len(label))
    for _ in range(steps):
        weights += rate / (1 + np.exp(kernel @ weights))
    return weights @ signed


def separable(observed: Float[np.ndarray, "n d"], label: Int[np.ndarray, "n"]) -> bool:
    """Whether some w, without intercept, has y_i w.x_i >= 1 for all i: feasibility of a linear programme."""
    require_every_class(label, BINARY)
    n, d = observed.shape
    found = linprog(np.zeros(d), -observed * label[:, None], -np.ones(n), bounds=(None, None), method="highs")
    return found.status == 0


def logistic_direction(
    features: Float[np.ndarray, "n l"], label: Int[np.ndarray, "n"], iterations: int = 100
) -> Float[np.ndarray, "l"]:
    """Logistic regression without intercept or penalty, by Newton's method: the usual linear probe on features."""
    require_every_class(label, BINARY)
    signed = features * label[:, None]
    w = np.zeros(features.shape[1])

    def value(v: np.ndarray) -> float:
        return float(np.logaddexp(0, -signed @ v).mean())

    for _ in range(iterations):
        error = expit(-signed @ w)
        gradient = -(error @ signed) / len(signed)
        curvature = (signed * (error * (1 - error))[:, None]).T @ signed / len(signed)
        step = -np.linalg.solve(curvature + 1e-12 * np.trace(curvature) * np.eye(len(w)), gradient)
        size = 1.0
        while value(w + size * step) > value(w) and size > 1e-6:
            size /= 2
        w = w + size * step
        if np.abs(gradient).max() < 1e-10:
            break
    return w


def multiclass_max_margin(
    vectors: Float[np.ndarray, "n l"], label: Int[np.ndarray, "n"], classes: Int[np.ndarray, "c"]
) -> Float[np.ndarray, "c l"]:
    """Rows w_y of least sum of squares with (w_y - w_c).x >= 1 for every x of class y and every other class c.

    A least-distance problem, min |w| with G w >= 1, solved exactly through bounded least squares (Lawson and Hanson
    1974, chapter 23): with r = E u - f, E = (G^T; 1^T), f = (0, ..., 0, 1) at the least u >= 0, w = -r/r_last.

    Raises
    ------
    InputError
        When a class is empty or the vectors are not separable.
    """
    require_every_class(label, classes)
    c, l = len(classes), vectors.shape[1]
    target = (label[:, None] == classes).argmax(1)
    rows, others = np.nonzero(np.arange(c) != target[:, None])
    G = np.zeros((len(rows), c, l))
    index = np.arange(len(rows))
    G[index, target[rows]] = vectors[rows]
    G[index, others] = -vectors[rows]
    E = np.vstack([G.reshape(len(rows), -1).T, np.ones(len(rows))])
    f = np.append(np.zeros(c * l), 1.0)
    u = lsq_linear(E, f, bounds=(0, np.inf), method="bvls", tol=1e-14, lsq_solver="exact").x
    residual = E @ u - f
    if abs(residual[-1]) < 1e-9:
        raise InputError("No classifier separates these vectors: max-margin needs separable classes")
    w = -residual[:-1] / residual[-1]
    if (E[:-1].T @ w).min() < 1 - 1e-7:
        raise ArithmeticError("The least-distance problem was not solved: a margin is below 1")
    return w.reshape(c, l)


def class_accuracy(
    weights: Float[np.ndarray, "c l"], features: Float[np.ndarray, "n l"], sample: Sample, classes: Int[np.ndarray, "c"]
) -> tuple[float, float]:
    """Accuracies of the largest score on a = c and on a = -c (NaN for none such); ties count as wrong."""
    scores = features @ weights.T
    target, rows = (sample.label[:, None] == classes).argmax(1), np.arange(len(features))
    own, slack = scores[rows, target].copy(), 1e-9 * np.abs(scores).max()
    scores[rows, target] = -np.inf
    right, agree = own > scores.max(1) + slack, sample.attribute == np.sign(sample.label)
    return tuple(float(right[group].mean()) if group.any() else float("nan") for group in (agree, ~agree))
