"""What is measured on embeddings.

Embeddings that say nothing have no measure: where a row is not finite, cannot be normalised, or where a tower has
collapsed to a point, a measure is NaN, which no rule passes. Predictions have no NaN; there `InputError` says what was
found. `InputError` also for what is no embeddings (real numbers in rows, one row at least), and for embeddings that do
not fit each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmcl_core.errors import InputError

COLLAPSED = 1e-5  # of the features' size: what single precision leaves of a tower that answers the same to everything
BLOCK = 2**22  # cosines held at once


def unit(x: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
    """Rows at length one, in double precision; a row that is zero or not finite becomes NaN."""
    x = _rows("The", x).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = x / np.abs(x).max(1, keepdims=True)  # squares of very large and very small numbers are lost
        return x / np.linalg.norm(x, axis=1, keepdims=True)


def _rows(which: str, x: Any, least: int = 1) -> np.ndarray:
    """`x` as real numbers `[N, D]`, at least so many rows, in the precision in which they come."""
    try:
        array = np.asarray(x)
        array = array.astype(float) if array.dtype == object else array
    except (TypeError, ValueError, RuntimeError):  # ragged lists, words, tensors on a GPU or with a gradient
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf" or array.ndim != 2 or len(array) < least or not array.shape[1]:
        found = f"{array.dtype} of shape {array.shape}" if array.dtype != object else f"a {type(x).__name__}"
        raise InputError(
            f"{which} embeddings must be an array of real numbers [samples, dimensions], neither of them 0; this is "
            f"{found}"
        )
    return array


def _check_widths(first: np.ndarray, second: np.ndarray) -> None:
    if first.shape[1] != second.shape[1]:
        raise InputError(
            f"Embeddings of {first.shape[1]} and {second.shape[1]} dimensions do not lie in one space: "
            "the same is needed"
        )


def _check_pairs(first: Any, second: Any) -> None:
    if np.shape(first) != np.shape(second):
        raise InputError(
            f"Embeddings of shapes {np.shape(first)} and {np.shape(second)} are no pairs: the same is needed"
        )


def _check_finite(**embeddings: np.ndarray) -> None:
    for name, x in embeddings.items():
        broken = (~np.isfinite(x)).any(1).sum()
        if broken:
            raise InputError(
                f"{broken} of {len(x)} {name} embeddings are not finite, so nothing can be predicted from them: the "
                f"training diverged, take a smaller rate"
            )


def zero_shot_predictions(image: Float[np.ndarray, "N D"], prompts: Float[np.ndarray, "C D"]) -> Int[np.ndarray, "N"]:
    """The class whose prompt embedding has the largest inner product with each image embedding.

    Raises
    ------
    InputError
        When an embedding is not finite, or image and prompts are of different dimensions.
    """
    image, prompts = _rows("The image", image), _rows("The prompts'", prompts)
    _check_widths(image, prompts)
    _check_finite(image=image, prompt=prompts)
    return (image @ prompts.T).argmax(1)


def linear_probe_predictions(
    train: Float[np.ndarray, "N D"], labels: Int[np.ndarray, "N"], *test: Float[np.ndarray, "_ D"]
) -> list[Int[np.ndarray, "_"]]:
    """Predictions on each of `test`, sets of any size, by scikit-learn's logistic regression (C = 1) on standardised
    features.

    Raises
    ------
    InputError
        When a feature is not finite, labels are no classes or not as many as rows, or all are the same.
    """
    train, labels = _rows("The training", train), np.asarray(labels)
    test = tuple(_rows("The test", features, least=0) for features in test)
    _check_finite(training=train)
    for features in test:
        _check_widths(train, features)
        _check_finite(test=features)
    if labels.shape != train.shape[:1] or labels.dtype.kind not in "biuU":
        raise InputError(
            f"A probe needs one class for each of {len(train)} rows, whole numbers or words: these labels are "
            f"{labels.dtype} of shape {labels.shape}"
        )
    if len(np.unique(labels)) < 2:
        raise InputError(f"A probe needs labels of two classes at least: these {len(labels)} are all the same")
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000)).fit(train, labels)
    return [probe.predict(features) for features in test]


def modality_gap(first: Float[np.ndarray, "N D"], second: Float[np.ndarray, "M D"]) -> float:
    """Distance between the two modalities' mean embeddings, each normalised to length one (Liang et al. 2022, section
    3)."""
    first, second = unit(first), unit(second)
    _check_widths(first, second)
    centres = [x.mean(0) for x in (first, second)]
    return float(np.linalg.norm(centres[0] - centres[1]))


def debiased_modality_gap(first: Float[np.ndarray, "N D"], second: Float[np.ndarray, "N D"]) -> float:
    """The modality gap without its sampling floor: sqrt of max(0, Delta^2 - tr Cov(x - y) / N). NaN for one pair.

    Means of N pairs differ by chance alone; the subtracted term is the expectation of that part of Delta^2. Rows must
    be pairs.
    """
    first, second = unit(first), unit(second)
    _check_pairs(first, second)
    difference = first - second
    if len(difference) < 2:
        return float("nan")
    chance = difference.var(0, ddof=1).sum() / len(difference)
    return float(np.sqrt(np.maximum(0.0, np.square(difference.mean(0)).sum() - chance)))


def uniformity(first: Float[np.ndarray, "N D"], second: Float[np.ndarray, "M D"]) -> float:
    """Minus the Wasserstein distance of all normalised embeddings to the uniform sphere, taken as Gaussians (Yaras et
    al. 2024, appendix E).

    -sqrt(|mu|^2 + 1 + tr S - 2 tr S^{1/2} / sqrt D) with mean mu and covariance S; 0 is uniform, -sqrt 2 is collapse to
    a point.
    """
    first, second = unit(first), unit(second)
    _check_widths(first, second)
    x = np.concatenate([first, second])
    if not np.isfinite(x).all():  # LAPACK gives anything for NaN
        return float("nan")
    variances = np.clip(np.linalg.eigvalsh(np.atleast_2d(np.cov(x.T, ddof=0))), 0, None)
    squared = np.square(x.mean(0)).sum() + 1 + variances.sum() - 2 * np.sqrt(variances).sum() / np.sqrt(x.shape[1])
    return -float(np.sqrt(max(0.0, squared)))


def accuracy(predictions: Int[np.ndarray, "N"], labels: Int[np.ndarray, "N"]) -> float:
    """Share of predictions that equal the labels; NaN of none at all.

    Raises
    ------
    InputError
        When there are not as many predictions as labels, or they cannot be compared: words with numbers, or NaN.
    """
    if np.shape(predictions) != np.shape(labels):
        raise InputError(
            f"Predictions of shape {np.shape(predictions)} cannot be held against {np.shape(labels)} labels"
        )
    kinds = {"number" if np.asarray(x).dtype.kind in "biuf" else "word" for x in (predictions, labels)}
    if len(kinds) > 1 or (kinds == {"number"} and not np.isfinite(labels).all()):
        raise InputError("Predictions and labels must both be whole numbers or both be words, and no label may be NaN")
    return float(np.mean(predictions == labels)) if len(labels) else float("nan")


def centred_singular_values(features: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "k"]:
    """Singular values of the centred features, largest first; all NaN where a feature is not finite or nothing but
    rounding is left of a collapsed tower."""
    features = _rows("The", features).astype(float)
    undefined = np.full(min(features.shape), np.nan)
    if not np.isfinite(features).all():
        return undefined
    values = np.linalg.svd(features - features.mean(0), compute_uv=False)
    return values if values[0] > COLLAPSED * np.linalg.norm(features) else undefined


def effective_rank(features: Float[np.ndarray, "N D"]) -> float:
    """exp of the entropy of the covariance's eigenvalues, normalised to sum one; features are centred here. Between 1
    and D, and NaN for a collapsed tower.

    The eigenvalues are those of the covariance, not singular values of the features (Roy & Vetterli 2007 take the
    latter).
    """
    energies = centred_singular_values(features) ** 2
    shares = energies[energies != 0] / energies.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def feature_condition_number(features: Float[np.ndarray, "N D"], j: int) -> float:
    """kappa_j = s_1 / s_j, a ratio of singular values of the centred features; `j` counts from 1. Infinite below rank
    j, NaN for a collapsed tower.

    Raises
    ------
    InputError
        When there is no j-th singular value.
    """
    values = centred_singular_values(features)
    if not 1 <= j <= len(values):
        raise InputError(
            f"features of shape {np.shape(features)} have {len(values)} singular values, so j cannot be {j}"
        )
    return float("inf") if values[j - 1] == 0 else float(values[0] / values[j - 1])


def retrieval_at_1(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"]) -> float:
    """Share of images whose own text, of all N, has the largest cosine with them. Equal texts share the success: two
    twins count one half each. A tower that answers zero to everything is at chance, one that is not finite gives NaN.

    Memory does not grow with N^2: the cosines are taken a block of rows at a time.
    """
    image, text = _rows("The image", image), _rows("The text", text)
    _check_pairs(image, text)
    if not (np.isfinite(image).all() and np.isfinite(text).all()):
        return float("nan")
    a, b = (np.nan_to_num(unit(x)) for x in (image, text))
    rows, found = max(1, BLOCK // len(b)), []
    for start in range(0, len(a), rows):
        cosines = a[start : start + rows] @ b.T
        best = cosines >= cosines.max(1, keepdims=True) - 1e-6
        found.append(best.diagonal(start) / best.sum(1))
    return float(np.mean(np.concatenate(found)))
