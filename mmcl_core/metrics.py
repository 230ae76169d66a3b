"""What is measured on embeddings."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def zero_shot_predictions(image: Float[np.ndarray, "N D"], prompts: Float[np.ndarray, "C D"]) -> Int[np.ndarray, N]:
    """The class whose prompt embedding has the largest inner product with each image embedding."""
    return (image @ prompts.T).argmax(1)


def linear_probe_predictions(train: Float[np.ndarray, "N D"], labels: Int[np.ndarray, N], *test: Float[np.ndarray, "M D"]) -> list[Int[np.ndarray, M]]:
    """Predictions on each of `test` by scikit-learn's logistic regression (C = 1) on standardised features."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000)).fit(train, labels)
    return [probe.predict(features) for features in test]


def accuracy(predictions: Int[np.ndarray, N], labels: Int[np.ndarray, N]) -> float:
    """Share of predictions that equal the labels."""
    return float(np.mean(predictions == labels))
