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


def linear_probe_predictions(train: Float[np.ndarray, "N D"], labels: Int[np.ndarray, "N"], *test: Float[np.ndarray, "_ D"]) -> list[Int[np.ndarray, "_"]]:
    """Predictions on each of `test`, sets of any size, by scikit-learn's logistic regression (C = 1) on standardised features."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000)).fit(train, labels)
    return [probe.predict(features) for features in test]


def modality_gap(first: Float[np.ndarray, "N D"], second: Float[np.ndarray, "M D"]) -> float:
    """Distance between the two modalities' mean embeddings, each normalised to length one (Liang et al. 2022, section 3)."""
    centres = [(x / np.linalg.norm(x, axis=1, keepdims=True)).mean(0) for x in (first, second)]
    return float(np.linalg.norm(centres[0] - centres[1]))


def accuracy(predictions: Int[np.ndarray, "N"], labels: Int[np.ndarray, "N"]) -> float:
    """Share of predictions that equal the labels."""
    return float(np.mean(predictions == labels))
