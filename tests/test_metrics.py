"""Read-outs and the modality gap, on embeddings whose answer is known."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from mmcl_core import metrics
from mmcl_core.errors import InputError
from mmcl_core.metrics import (
    accuracy,
    debiased_modality_gap,
    effective_rank,
    feature_condition_number,
    linear_probe_predictions,
    modality_gap,
    retrieval_at_1,
    uniformity,
    zero_shot_predictions,
)
from tests.tolerances import close


def test_zero_shot_takes_the_prompt_with_the_largest_inner_product():
    embeddings = np.array([[0.1, 0.9, 0.0], [0.5, 0.4, 0.1]])
    assert zero_shot_predictions(embeddings, np.eye(3)).tolist() == [1, 0]
    shared = np.array([5.0, -3.0, 2.0])  # what all prompts have in common drops out
    assert zero_shot_predictions(embeddings, np.eye(3) + shared).tolist() == [1, 0]


def test_accuracy_is_a_share():
    assert accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 4])) == 0.75


def test_the_probe_standardises():
    """What tells the classes apart is small beside what does not: without standardising, C = 1 all but ignores it."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    features = np.stack([1e-3 * (2 * labels - 1 + 0.3 * rng.normal(size=300)), 100 * rng.normal(size=300)], 1)
    seen, unseen = linear_probe_predictions(features[:200], labels[:200], features[:200], features[200:])
    assert len(seen) == 200 and accuracy(unseen, labels[200:]) > 0.97
    (alone,) = linear_probe_predictions(features[:200], labels[:200], features[200:])
    assert (unseen == alone).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_modality_gap(seed, stretch):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 7, 4))
    gap = modality_gap(first, second)
    assert 0 <= gap <= 2 and close(gap, modality_gap(second, first))
    assert close(gap, modality_gap(stretch * first, second[::-1]))  # neither length nor order counts
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert close(gap, modality_gap(first @ turn, second @ turn))


def test_modality_gap_of_points():
    east, north = np.tile([3.0, 0.0], (5, 1)), np.tile([0.0, 0.5], (2, 1))
    assert modality_gap(east, east) == 0
    assert close(modality_gap(east, north), np.sqrt(2))
    assert close(modality_gap(east, -east), 2)


def covariance(features):
    """Of centred features, by literal loops, divided by N."""
    n, d = features.shape
    centre = [sum(features[i, a] for i in range(n)) / n for a in range(d)]
    return np.array(
        [
            [sum((features[i, a] - centre[a]) * (features[i, b] - centre[b]) for i in range(n)) / n for b in range(d)]
            for a in range(d)
        ]
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_effective_rank_and_condition_number_against_loops(seed, stretch):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(12, 4)) @ rng.normal(size=(4, 4)) + 3
    values = sorted(np.linalg.eigvalsh(covariance(features)), reverse=True)
    entropy = -sum(v / sum(values) * np.log(v / sum(values)) for v in values)
    assert effective_rank(features) == pytest.approx(np.exp(entropy), rel=1e-6)
    assert effective_rank(stretch * features - 7) == pytest.approx(effective_rank(features), rel=1e-6)
    for j in (1, 2, 4):
        assert feature_condition_number(features, j) == pytest.approx(np.sqrt(values[0] / values[j - 1]), rel=1e-5)


def test_effective_rank_and_condition_number_in_closed_form():
    """Opposite points on each axis: centred, with covariance diag(s^2) / 4."""
    stretch = np.array([4.0, 2.0, 1.0, 0.5])
    points = np.concatenate([np.diag(stretch), -np.diag(stretch)])
    assert close([feature_condition_number(points, j) for j in (1, 2, 3, 4)], [1, 2, 4, 8])
    assert close(effective_rank(points / np.tile(stretch, 2)[:, None]), 4)
    assert close(effective_rank(points * [1, 0, 0, 0]), 1)
    assert feature_condition_number(points * [1, 0, 0, 0], 2) == np.inf
    with pytest.raises(InputError, match="4 singular values, so j cannot be 5"):
        feature_condition_number(points, 5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_retrieval_against_a_loop(seed):
    rng = np.random.default_rng(seed)
    image, text = rng.normal(size=(2, 9, 3))
    found = 0
    for i in range(9):
        cosines = [image[i] @ text[j] / np.linalg.norm(image[i]) / np.linalg.norm(text[j]) for j in range(9)]
        found += max(range(9), key=cosines.__getitem__) == i
    assert close(retrieval_at_1(image, text), found / 9)
    assert retrieval_at_1(text, 5 * text) == 1


def test_equal_texts_share_a_retrieval():
    text = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert close(retrieval_at_1(text, text), (0.5 + 0.5 + 1) / 3)
    assert close(retrieval_at_1(np.zeros((4, 2)), np.ones((4, 2))), 0.25)  # a tower that died is at chance


def test_the_gap_is_that_of_normalised_embeddings_by_a_loop():
    """Rows of very unequal length, and means far from length one: each row is normalised before the mean, not after."""
    first = np.array([[10.0, 0.0], [0.0, 0.1]])
    second = np.array([[0.0, -3.0], [-2.0, 0.0], [0.0, 5.0]])
    centres = []
    for rows in (first, second):
        total = np.zeros(2)
        for row in rows:
            total += row / np.sqrt(row[0] ** 2 + row[1] ** 2)
        centres.append(total / len(rows))
    assert close(modality_gap(first, second), np.sqrt(((centres[0] - centres[1]) ** 2).sum()))


def drawn_pairs(rng, n, shift):
    first, second = rng.normal(size=(2, n, 6))
    return first + shift, second - shift


def test_the_debiased_gap_has_no_floor_and_keeps_a_real_gap():
    """Of 20 pairs from two clouds: the squared debiased gap averages to the squared gap of the clouds, known from
    400,000 pairs; the plain one is too large by the expected squared distance of two means of 20."""
    rng = np.random.default_rng(1)
    true = modality_gap(*drawn_pairs(rng, 400_000, 0.3)) ** 2
    pairs = [drawn_pairs(rng, 20, 0.3) for _ in range(800)]
    plain, debiased = (np.array([f(*p) ** 2 for p in pairs]) for f in (modality_gap, debiased_modality_gap))
    assert abs(debiased.mean() - true) < 4 * debiased.std() / np.sqrt(800)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in drawn_pairs(rng, 400_000, 0.3)]
    floor = (unit[0] - unit[1]).var(0).sum() / 20
    assert plain.mean() - true == pytest.approx(floor, abs=4 * plain.std() / np.sqrt(800)) and floor > 0.05
    no_gap = np.array([debiased_modality_gap(*drawn_pairs(rng, 20, 0.0)) for _ in range(200)])
    assert (no_gap == 0).mean() > 0.3  # where only chance parts the means, about half are cut to nothing
    apart = np.tile([1.0, 0.0], (40, 1)), np.tile([0.0, 1.0], (40, 1))
    assert close(debiased_modality_gap(*apart), np.sqrt(2))


def test_uniformity_of_the_uniform_sphere_of_a_point_and_by_matrix_root():
    axes = np.concatenate([np.eye(5), -np.eye(5)])  # mean zero, covariance exactly 1/5
    assert uniformity(axes, axes) == pytest.approx(0, abs=1e-7)
    assert close(uniformity(np.ones((4, 5)), np.ones((3, 5))), -np.sqrt(2))
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(2, 30, 5)) + 0.4
    x = np.concatenate([first, second])
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    covariance = (x - x.mean(0)).T @ (x - x.mean(0)) / len(x)
    squared = x.mean(0) @ x.mean(0) + 1 + np.trace(covariance) - 2 / np.sqrt(5) * np.trace(sqrtm(covariance))
    assert close(uniformity(first, second), -np.sqrt(squared.real), loose=100)  # two roots of a matrix


GOOD = np.random.default_rng(3).normal(size=(40, 8))
BROKEN = {
    "a dead tower": np.zeros((40, 8)),
    "one row that is zero": np.where(np.arange(40)[:, None] == 7, 0.0, GOOD),
    "nan": np.full((40, 8), np.nan),
    "one number that is nan": np.where(np.arange(320).reshape(40, 8) == 3, np.nan, GOOD),
    "infinite": np.where(np.arange(320).reshape(40, 8) == 3, np.inf, GOOD),
    "a collapsed tower": 0.1 + 1e-7 * GOOD,
    "a constant tower": np.full((40, 8), 0.3),
}
NOTHING = {  # which of them leave a measure without meaning
    "modality_gap": [k for k in BROKEN if "collapsed" not in k and "constant" not in k],
    "debiased_modality_gap": [k for k in BROKEN if "collapsed" not in k and "constant" not in k],
    "uniformity": [k for k in BROKEN if "collapsed" not in k and "constant" not in k],
    "effective_rank": [k for k in BROKEN if "row" not in k],
    "retrieval_at_1": ["nan", "one number that is nan", "infinite"],
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("measure, state", [(m, k) for m, states in NOTHING.items() for k in states])
def test_embeddings_that_say_nothing_have_no_measure(measure, state):
    function, broken = getattr(metrics, measure), BROKEN[state]
    if measure == "effective_rank":
        assert np.isnan(function(broken)) and np.isnan(feature_condition_number(broken, 2))
        assert np.isnan(function(broken.astype(np.float32)))
    else:
        assert np.isnan([function(broken, GOOD), function(GOOD, broken), function(broken, broken)]).all()


@pytest.mark.parametrize("state", [k for k in BROKEN if "nan" in k or k == "infinite"])
def test_nothing_is_predicted_from_broken_embeddings(state):
    labels = np.arange(40) % 2
    with pytest.raises(InputError, match="image embeddings are not finite"):
        zero_shot_predictions(BROKEN[state], GOOD[:2])
    with pytest.raises(InputError, match="prompt embeddings are not finite"):
        zero_shot_predictions(GOOD, BROKEN[state])
    with pytest.raises(InputError, match="training embeddings are not finite"):
        linear_probe_predictions(BROKEN[state], labels, GOOD)
    with pytest.raises(InputError, match="test embeddings are not finite"):
        linear_probe_predictions(GOOD, labels, GOOD, BROKEN[state])


def test_what_does_not_fit_is_refused_in_one_sentence():
    for measure in (debiased_modality_gap, retrieval_at_1):
        with pytest.raises(InputError, match=r"shapes \(40, 8\) and \(1, 8\) are no pairs"):
            inspect.unwrap(measure)(GOOD, GOOD[:1])  # a user has no shapes checked
    with pytest.raises(InputError, match="cannot be held against"):
        inspect.unwrap(accuracy)(np.arange(3), np.arange(4))
    with pytest.raises(InputError, match="all the same"):
        linear_probe_predictions(GOOD, np.zeros(40, int), GOOD)


def test_very_large_and_very_small_embeddings_keep_their_directions():
    other = np.random.default_rng(4).normal(size=(40, 8))
    for scale in (1e-200, 1e200):
        assert close(modality_gap(scale * GOOD, other), modality_gap(GOOD, other))
        assert retrieval_at_1(scale * GOOD, GOOD) == 1


def test_retrieval_by_blocks_is_retrieval_at_once(monkeypatch):
    image, text = GOOD + 0.5, GOOD + np.random.default_rng(5).normal(size=(40, 8))
    whole = retrieval_at_1(image, text)
    monkeypatch.setattr(metrics, "BLOCK", 7 * 40)
    assert 0.1 < whole < 0.9 and retrieval_at_1(image, text) == whole
