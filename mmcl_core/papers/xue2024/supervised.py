"""Supervised learning: max-margin in R^d, its exact two-dimensional limit d -> infinity, and gradient descent on cross-entropy."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.svm import SVC

from mmcl_core.papers.xue2024.setting import require_every_class

BINARY = np.array([-1, 1])


def reduced_max_margin(
    latent: Float[np.ndarray, "n l"], label: Int[np.ndarray, "n"], sigma_xi: float, iterations: int = 200
) -> Float[np.ndarray, "l"]:
    """The latent part w of the hard-margin classifier without intercept as d -> infinity.

    There the noise vectors are orthogonal with squared norm sigma_xi^2, and a sample short of its margin by u is memorised at the price u^2/sigma_xi^2:
    w = argmin |w|^2/2 + sum_i max(0, 1 - y_i w.z_i)^2 / (2 sigma_xi^2). Newton's method on the active set, with halved steps where a full one does not descend.
    Raises `InputError` when a class is empty.
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
    """scikit-learn's max-margin direction in R^d, without intercept: each sample stands beside its mirror image, and a symmetric problem has none.

    Raises `InputError` when a class is empty.
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


def multiclass_descent(
    latent: Float[np.ndarray, "n l"],
    label: Int[np.ndarray, "n"],
    classes: Int[np.ndarray, "c"],
    steps: int,
    rate: float,
) -> Float[np.ndarray, "c l"]:
    """Cross-entropy minimised from zero by normalised gradient descent, which tends to the multi-class max-margin direction.

    Raises `InputError` when a class is empty.
    """
    require_every_class(label, classes)
    x = torch.as_tensor(latent, dtype=torch.float32)
    target = torch.as_tensor((label[:, None] == classes).argmax(1))
    rows = torch.arange(len(x))
    w = torch.zeros(len(classes), latent.shape[1])
    for _ in range(steps):
        logits = x @ w.T
        logits -= logits[rows, target][:, None].clone()
        logits[
            rows, target
        ] = -torch.inf  # what remains are the errors 1 - p, kept exact however small, up to the common factor e^shift
        shift = logits.amax().clamp(max=0)
        errors = (logits - shift).exp_()
        wrong = errors.sum(1)
        errors[rows, target] = -wrong
        gradient = (errors / (1 + wrong * shift.exp())[:, None]).T @ x
        w -= rate * gradient / gradient.norm()
    return w.double().numpy()
