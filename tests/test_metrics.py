"""Read-outs and the modality gap, on embeddings whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcl_core.metrics import accuracy, linear_probe_predictions, modality_gap, zero_shot_predictions


def test_zero_shot_takes_the_prompt_with_the_largest_inner_product():
    embeddings = np.array([[0.1, 0.9, 0.0], [0.5, 0.4, 0.1]])
    assert zero_shot_predictions(embeddings, np.eye(3)).tolist() == [1, 0]
    shared = np.array([5.0, -3.0, 2.0])  # what all prompts have in common drops out
    assert zero_shot_predictions(embeddings, np.eye(3) + shared).tolist() == [1, 0]


def test_accuracy_is_a_share():
    assert accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 4])) == 0.75


def test_the_probe_standardises():
    """Classes told apart by features of very unequal size: without standardising, C = 1 ignores the smallest."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    features = np.eye(3)[labels] * [1, 100, 0.01] + 0.001 * rng.normal(size=(300, 3))
    (predictions,) = linear_probe_predictions(features[:200], labels[:200], features[200:])
    assert accuracy(predictions, labels[200:]) > 0.99
    seen, unseen = linear_probe_predictions(features[:200], labels[:200], features[:200], features[200:])
    assert len(seen) == 200 and (unseen == predictions).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_modality_gap(seed, stretch):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 7, 4))
    gap = modality_gap(first, second)
    assert 0 <= gap <= 2 and gap == pytest.approx(modality_gap(second, first))
    assert gap == pytest.approx(modality_gap(stretch * first, second[::-1]))  # neither length nor order counts
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert gap == pytest.approx(modality_gap(first @ turn, second @ turn))


def test_modality_gap_of_points():
    east, north = np.tile([3.0, 0.0], (5, 1)), np.tile([0.0, 0.5], (2, 1))
    assert modality_gap(east, east) == 0
    assert modality_gap(east, north) == pytest.approx(np.sqrt(2))
    assert modality_gap(east, -east) == pytest.approx(2)
