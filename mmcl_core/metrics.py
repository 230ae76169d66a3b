"""What is measured on embeddings."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def zero_shot_predictions(image: Float[np.ndarray, "N D"], prompts: Float[np.ndarray, "C D"]) -> Int[np.ndarray, "N"]:
    """The class whose prompt embedding has the largest inner product with each image embedding."""
    return (image @ prompts.T).argmax(1)


def linear_probe_predictions(
    train: Float[np.ndarray, "N D"], labels: Int[np.ndarray, "N"], *test: Float[np.ndarray, "_ D"]
) -> list[Int[np.ndarray, "_"]]:
    """Predictions on each of `test`, sets of any size, by scikit-learn's logistic regression (C = 1) on standardised
    features."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000)).fit(train, labels)
    return [probe.predict(features) for features in test]


def modality_gap(first: Float[np.ndarray, "N D"], second: Float[np.ndarray, "M D"]) -> float:
    """Distance between the two modalities' mean embeddings, each normalised to length one (Liang et al. 2022, section
    3)."""
    centres = [(x / np.linalg.norm(x, axis=1, keepdims=True)).mean(0) for x in (first, second)]
    return float(np.linalg.norm(centres[0] - centres[1]))


def debiased_modality_gap(first: Float[np.ndarray, "N D"], second: Float[np.ndarray, "N D"]) -> float:
    """The modality gap without its sampling floor: sqrt of max(0, Delta^2 - tr Cov(x - y) / N).

    Means of N pairs differ by chance alone; the subtracted term is the expectation of that part of Delta^2. Rows must
    be pairs.
    """
    difference = np.subtract(*(x / np.linalg.norm(x, axis=1, keepdims=True) for x in (first, second)))
    chance = difference.var(0, ddof=1).sum() / len(difference)
    return float(np.sqrt(max(0.0, np.square(difference.mean(0)).sum() - chance)))


def uniformity(first: Float[np.ndarray, "N D"], second: Float[np.ndarray, "M D"]) -> float:
    """Minus the Wasserstein distance of all normalised embeddings to the uniform sphere, taken as Gaussians (Yaras et
    al. 2024, appendix E).

    -sqrt(|mu|^2 + 1 + tr S - 2 tr S^{1/2} / sqrt D) with mean mu and covariance S; 0 is uniform, -sqrt 2 is collapse to
    a point.
    """
    x = np.concatenate([f / np.linalg.norm(f, axis=1, keepdims=True) for f in (first, second)]).astype(float)
    variances = np.clip(np.linalg.eigvalsh(np.cov(x.T, ddof=0)), 0, None)
    squared = np.square(x.mean(0)).sum() + 1 + variances.sum() - 2 * np.sqrt(variances).sum() / np.sqrt(x.shape[1])
    return -float(np.sqrt(max(0.0, squared)))


def accuracy(predictions: Int[np.ndarray, "N"], labels: Int[np.ndarray, "N"]) -> float:
    """Share of predictions that equal the labels."""
    return float(np.mean(predictions == labels))


def effective_rank(features: Float[np.ndarray, "N D"]) -> float:
    """exp of the entropy of the covariance's eigenvalues, normalised to sum one; features are centred here. Between 1
    and D.

    The eigenvalues are those of the covariance, not singular values of the features (Roy & Vetterli 2007 take the
    latter).
    """
    energies = np.linalg.svd(features - features.mean(0), compute_uv=False).astype(float) ** 2
    shares = energies[energies > 0] / energies.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def feature_condition_number(features: Float[np.ndarray, "N D"], j: int) -> float:
    """kappa_j = s_1 / s_j, a ratio of singular values of the centred features; `j` counts from 1. Infinite below rank
    j.

    Raises
    ------
    ValueError
        When there is no j-th singular value.
    """
    values = np.linalg.svd((features - features.mean(0)).astype(float), compute_uv=False)
    if not 1 <= j <= len(values):
        raise ValueError(f"features of shape {features.shape} have {len(values)} singular values, so j cannot be {j}")
    return float(values[0] / values[j - 1]) if values[j - 1] > 0 else float("inf")


def retrieval_at_1(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"]) -> float:
    """Share of images whose own text, of all N, has the largest cosine with them. Equal texts share the success: two
    twins count one half each."""
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30) for x in (image, text))
    cosines = a @ b.T
    best = cosines >= cosines.max(1, keepdims=True) - 1e-6
    return float(np.mean(best.diagonal() / best.sum(1)))
