"""Xue et al. 2024: what the two data models draw. Means, variances, correlations, masks, streams."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024 import linear, theory
from mmcl_core.papers.xue2024.experiments import base, sharing
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, Sharing, class_means, observe
from tests.tolerances import close


def test_captions_keep_what_their_masks_say():
    draws = Draws.of(4000, np.random.default_rng(0))
    rich, poor, half = (IntraClass(pi_core=p, pi_spu=p).sample(draws) for p in (1.0, 0.0, 0.25))
    np.testing.assert_array_equal(rich.text, rich.image)
    np.testing.assert_array_equal(poor.text, np.stack([poor.label, poor.attribute], 1))
    kept = half.text == half.image
    assert kept.mean(0) == pytest.approx([0.25, 0.25], abs=0.03)
    np.testing.assert_array_equal(half.text[~kept[:, 0], 0], half.label[~kept[:, 0]])
    shared = Sharing(3, pi_core=0.3, pi_spu=0.8).sample(20_000, np.random.default_rng(1))
    own = np.abs(shared.label) - 1
    rows = np.arange(len(own))
    np.testing.assert_array_equal(shared.text[rows, own], shared.image[rows, own])
    np.testing.assert_array_equal(shared.text[rows, 3 + own], shared.image[rows, 3 + own])
    foreign = np.arange(3) != own[:, None]
    for part, kept in ((slice(0, 3), 0.3), (slice(3, 6), 0.8)):
        assert (shared.text[:, part][foreign] != 0).mean() == pytest.approx(kept, abs=0.02)


@pytest.mark.parametrize("model", [IntraClass(0.8, 0.3, 0.9, 0.4, 0.7), Sharing(4, 1.3, 0.6, 0.5, 0.9, 0.4, 0.7)])
def test_population_cross_covariances_are_the_samples(model):
    stream = np.random.default_rng(0)
    sample = model.sample(Draws.of(400_000, stream)) if isinstance(model, IntraClass) else model.sample(400_000, stream)
    np.testing.assert_allclose(sample.image.T @ sample.text / 400_000, model.cross_covariance(), atol=0.012)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 5), st.floats(1.05, 2.5), st.floats(0.05, 0.95), st.floats(0.05, 1), st.floats(0.55, 1))
def test_listed_patterns_are_the_true_law_and_give_the_three_regimes(m, alpha, beta, foreign, p):
    model = Sharing(m, alpha, beta, foreign, p)
    sample = model.every_pattern()
    assert len(np.unique(sample.image, axis=0)) == len(sample.image) == 2 ** (2 * m - 1)
    assert close(np.abs(sample.image).max(0), np.abs(sample.image).min(0))
    drawn = model.sample(4000, np.random.default_rng(0), test=True)
    own = drawn.image[drawn.label == 1]
    assert {tuple(row) for row in own.round(9)} <= {tuple(row) for row in sample.image.round(9)}
    a, b = theory.sharing_direction(model)
    other = np.array([beta * a + foreign * b, abs(beta * a - foreign * b), 0])
    if min(np.abs(a - alpha * b - other).min(), np.abs(a + alpha * b - other).min()) < 1e-6:
        return  # a tie, which rounding decides
    assert close(np.mean(linear.sharing_accuracy(model.cross_covariance(), sample)), theory.sharing_accuracy(model))


def test_too_many_patterns_get_one_sentence():
    with pytest.raises(InputError, match="allowed is m up to 10"):
        Sharing(11).every_pattern()


N = 200_000


def test_data_model_1_has_its_means_variances_and_correlations():
    model = IntraClass(0.8, 0.3, 0.9, prior=0.7)
    sample = model.sample(Draws.of(N, np.random.default_rng(0), model.prior))
    y, a = sample.label, sample.attribute
    assert (y == 1).mean() == pytest.approx(0.7, abs=0.005)
    assert (a == y).mean() == pytest.approx(0.9, abs=0.004)
    for c in (-1, 1):
        assert (a == y)[y == c].mean() == pytest.approx(0.9, abs=0.005)
    residual = sample.image - np.column_stack([y, a])
    np.testing.assert_allclose(residual.mean(0), 0, atol=0.008)
    np.testing.assert_allclose(residual.std(0), (0.8, 0.3), rtol=0.01)
    assert abs(np.corrcoef(residual.T)[0, 1]) < 0.01
    np.testing.assert_allclose(residual.T @ np.column_stack([y, a]) / N, 0, atol=0.01)


def test_an_exact_share_of_agreement_is_exact_and_leaves_the_rest_alone():
    draws = Draws.of(1000, np.random.default_rng(0))
    model = IntraClass(p_spu=0.973)
    assert (model.sample(draws, exact=True).attribute == draws.label).sum() == 973
    free, exact = model.sample(draws), model.sample(draws, exact=True)
    np.testing.assert_array_equal(free.image[:, 0], exact.image[:, 0])


def test_masks_are_independent_of_each_other_and_of_what_they_hide():
    draws = Draws.of(N, np.random.default_rng(0))
    sample = IntraClass(pi_core=0.4, pi_spu=0.6).sample(draws)
    kept = (sample.text == sample.image).astype(float)
    np.testing.assert_allclose(kept.mean(0), (0.4, 0.6), atol=0.005)
    others = np.column_stack([kept, draws.normal, sample.label, sample.attribute == sample.label])
    correlations = np.corrcoef(others.T)[:2]
    np.testing.assert_allclose(correlations - np.eye(2, 6), 0, atol=0.012)


def test_data_model_2_has_its_amplitudes_and_fair_independent_signs():
    model = Sharing(3, 1.3, 0.4, 0.7, 0.8)
    sample = model.sample(N, np.random.default_rng(0))
    k, c = np.abs(sample.label) - 1, np.sign(sample.label)
    assert np.bincount(k, minlength=3) / N == pytest.approx([1 / 3] * 3, abs=0.005)
    assert (c == 1).mean() == pytest.approx(0.5, abs=0.005)
    assert (sample.attribute == c).mean() == pytest.approx(0.8, abs=0.005)
    rows = np.arange(N)
    np.testing.assert_array_equal(sample.image[rows, k], c)
    assert close(sample.image[rows, 3 + k], 1.3 * sample.attribute)
    foreign = np.arange(3) != k[:, None]
    for part, size in ((sample.image[:, :3], 0.4), (sample.image[:, 3:], 0.7)):
        assert close(np.abs(part[foreign]), size)
        assert np.sign(part[foreign]).mean() == pytest.approx(0, abs=0.01)
    first = k == 0
    signs = np.column_stack([np.sign(sample.image[first]), sample.label[first]])
    np.testing.assert_allclose(np.corrcoef(signs[:, [1, 2, 4, 5, 6]].T), np.eye(5), atol=0.02)


@pytest.mark.parametrize("p", [1.0, 0.7])
def test_a_test_sample_follows_the_true_law_whatever_the_training_law(p):
    """Exactly half of it has the background of the other class, and supervised learning misses that half."""
    model = Sharing(4, 1.2, 0.3, p_spu=p)
    sample = model.sample(2000, np.random.default_rng(0), test=True)
    assert (sample.attribute == np.sign(sample.label)).sum() == 1000
    weights = np.eye(8)[:, :4] + model.alpha * np.eye(8)[:, 4:]
    assert linear.sharing_accuracy(weights, sample) == (1.0, 0.0)


def test_the_own_background_is_told_as_often_as_asked():
    for pi in (0.0, 0.3, 1.0):
        model = Sharing(3).said(pi)
        sample = model.sample(20_000, np.random.default_rng(0))
        k = np.abs(sample.label) - 1
        told = sample.text[np.arange(20_000), 3 + k] != 0
        assert told.mean() == pytest.approx(pi, abs=0.02)
        np.testing.assert_array_equal(sample.text[np.arange(20_000), k], np.sign(sample.label))


def test_every_vector_is_the_support_of_the_training_law():
    model = Sharing(3, 1.3, 0.4)
    listed = model.every_vector()
    assert len(listed.image) == len(np.unique(listed.image, axis=0)) == 6 * 16
    drawn = model.sample(20_000, np.random.default_rng(0))
    found = {
        (x, *row) for x, row in zip(drawn.label, drawn.image.round(9).tolist(), strict=True) for row in [tuple(row)]
    }
    there = {(x, *row) for x, row in zip(listed.label, map(tuple, listed.image.round(9).tolist()), strict=True)}
    assert found == there


def test_class_means_under_the_training_law_are_the_models():
    model = IntraClass(0.5, 0.1, 0.9)
    sample = model.sample(Draws.of(N, np.random.default_rng(0)))
    means = class_means(sample.image, sample.label, np.array([-1, 1]))
    np.testing.assert_allclose(means, [-model.class_mean(), model.class_mean()], atol=0.01)


def test_seeds_and_purposes_have_streams_of_their_own():
    draws = [base.stream(seed, purpose).standard_normal(1000) for seed in (0, 1) for purpose in ("grid", "test 20")]
    assert np.abs(np.corrcoef(draws) - np.eye(4)).max() < 0.15


def test_test_rows_are_no_training_rows():
    model = Sharing(20)
    train = sharing.training(model, 4000, base.stream(0, "finite 4000"))
    test = model.sample(1000, base.stream(0, "test 20"), test=True)
    assert not {tuple(x) for x in train.image} & {tuple(x) for x in test.image}


def test_each_seed_has_a_test_sample_of_its_own():
    """A classifier that is right by chance on some patterns has another accuracy on another sample."""
    model = Sharing(3, 1.1, 0.5)
    found = {sharing.zero_shot(model.cross_covariance(), model, 500, seed) for seed in range(4)}
    assert len(found) > 1


def test_observations_hold_the_features_and_refuse_too_little_room():
    z = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(observe(z, 4, 0.0, np.random.default_rng(0)), np.pad(z, ((0, 0), (0, 2))))
    with pytest.raises(InputError, match="d >= 2"):
        observe(z, 1, 1.0, np.random.default_rng(0))
