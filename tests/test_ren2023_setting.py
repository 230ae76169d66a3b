"""Ren & Li 2023: what the generators draw. Means, variances, correlations and independence, against the stated laws."""

import itertools

import numpy as np
import pytest
import torch

from mmcl_core.papers.ren2023 import dynamics, setting
from mmcl_core.papers.ren2023.experiments.exact import side_by_side
from mmcl_core.runtime import generator
from tests.tolerances import close

MANY = 40_000


def correlation(x, y):
    """Pearson's, columns against columns."""
    return np.corrcoef(np.asarray(x).T, np.asarray(y).T)[: x.shape[1], x.shape[1] :]


@pytest.mark.parametrize("latents", ["sign", "gaussian"])
def test_positive_pairs_share_the_signal_and_nothing_else(latents):
    """Mean 0, variance 1 and independent within a view; across views 1 on the signal's diagonal and 0 elsewhere."""
    v = setting.views(6, (1.0, 0.5), 0.3, latents=latents)
    a, b = (x.numpy() for x in setting.draw_pairs(v, MANY, generator("test", 0, latents)))
    noise = 5 / np.sqrt(MANY)
    for x in (a, b):
        assert np.abs(x.mean(0)).max() < noise
        assert np.abs(np.cov(x.T) - np.eye(6)).max() < 2 * noise
    across = correlation(a, b)
    np.testing.assert_array_equal(a[:, :2], b[:, :2])
    assert np.abs(across - np.diag([1, 1, 0, 0, 0, 0])).max() < noise
    if latents == "sign":
        assert set(np.unique(a)) == {-1.0, 1.0}
        assert len(np.unique(a, axis=0)) == 2**6
    else:
        assert np.mean(a**4) == pytest.approx(3, abs=0.15)


def test_noise_inside_is_of_the_stated_variance_and_independent_in_both_views():
    """On source p it has variance eps / sigma_p^2, and the two views' noises are uncorrelated with all else."""
    v = setting.views(4, (1.0, 0.25), 0.5, signal_b=(0.5, 1.0), noise_inside=0.3)
    a, b = (x.numpy() for x in setting.draw_pairs(v, MANY, generator("test", 0, "inside")))
    np.testing.assert_allclose(a.var(0), 1 + 0.3 / np.array([1.0, 0.25, 0.5, 0.5]), rtol=0.04)
    np.testing.assert_allclose(b.var(0), 1 + 0.3 / np.array([0.5, 1.0, 0.5, 0.5]), rtol=0.04)
    covariance = a.T @ b / MANY
    assert np.abs(covariance - np.diag([1, 1, 0, 0])).max() < 0.05  # of the inside noise nothing is shared
    assert close(v.second_moment_a.numpy(), 1 + 0.3 / np.array([1.0, 0.25, 0.5, 0.5]))


def test_noise_inside_reaches_the_population_norm():
    """E ||W^T x||^2 by sampling equals N^2."""
    v = setting.views(4, (1.0, 0.25), 0.5, noise_inside=0.3)
    e = setting.initial_encoders(v, 6, [0])
    h, _ = setting.draw_pairs(v, 10 * MANY, generator("test", 2, "many"))
    sampled = (h @ e.a[0].T).square().sum(1).mean()
    assert float(sampled) == pytest.approx(float(dynamics.norms(e, v)[0] ** 2), rel=0.01)


def test_the_cube_is_the_law_of_positive_pairs():
    """Every pair of sign vectors once; those that agree on the signal are equally likely, the others impossible."""
    v = setting.views(4, (1.0, 0.5), 0.3)
    points, positive = setting.cube(v)
    assert {tuple(p) for p in points.tolist()} == set(itertools.product((-1.0, 1.0), repeat=4))
    for i, j in itertools.product(range(16), repeat=2):
        agree = bool((points[i, :2] == points[j, :2]).all())
        assert close(float(positive[i, j]), 1 / (16 * 4) if agree else 0.0)


def test_weights_have_variance_one_over_the_width_and_views_and_seeds_are_independent():
    """||W||_F^2 = d on average, so N^2 is the mean variance; K_A and K_B, and two seeds, are uncorrelated."""
    v = setting.views(8, (1.0, 0.5), 0.3, signal_b=(0.2, 0.9))
    e = setting.initial_encoders(v, 5000, [0, 1])
    for k, variance in ((e.a, v.variance_a), (e.b, v.variance_b)):
        columns = k.square().sum(1) * 8 / variance
        np.testing.assert_allclose(columns.numpy(), 1.0, rtol=0.1)
    flat = [x.flatten().numpy() for x in (e.a[0], e.a[1], e.b[0], e.b[1])]
    for x, y in itertools.combinations(flat, 2):
        assert abs(np.corrcoef(x, y)[0, 1]) < 5 / np.sqrt(len(x))


def test_batches_are_drawn_anew_at_every_step_and_for_every_seed():
    v = setting.views(12, (1.0, 0.5), 0.3)
    batches = dynamics.Batches(v, 64, [0, 1], torch.device("cpu"))
    drawn = [batches.draw() for _ in range(3)]
    assert all(a.shape == b.shape == (2, 64, 12) for a, b in drawn)
    samples = [x.flatten().numpy() for a, _ in drawn for x in a]
    for x, y in itertools.combinations(samples, 2):
        assert abs(np.corrcoef(x, y)[0, 1]) < 0.2
    again = dynamics.Batches(v, 64, [1], torch.device("cpu"))
    assert close(again.draw()[0][0], drawn[0][0][1])  # a seed's stream does not depend on its company


def test_every_step_of_a_run_sees_another_batch():
    """The losses that `law` hands to successive steps differ, for both losses."""
    v = setting.views(6, (1.0, 0.5), 0.3)
    form = dynamics.similarity(setting.initial_encoders(v, 4, [0]), v)
    for inverse_temperature in (None, 2.0):
        batches = dynamics.Batches(v, 16, [0], torch.device("cpu"))
        first, second = (batches.law(inverse_temperature)(form)[0] for _ in range(2))
        assert not close(first, second)


def test_a_finite_training_set_stays_the_same_pairs():
    """All batches come from the n fixed pairs, and many batches see every one of them."""
    v = setting.views(12, (1.0, 0.5), 0.3)
    batches = dynamics.Batches(v, 10, [0, 3], torch.device("cpu"), pairs=25)
    for seed in range(2):
        known = {tuple(row) for row in torch.cat(batches.fixed[seed], 1).tolist()}
        seen = set()
        for _ in range(20):
            a, b = batches.draw()
            rows = [tuple(row) for row in torch.cat([a[seed], b[seed]], 1).tolist()]
            assert len(set(rows)) == 10
            seen |= set(rows)
        assert seen == known and len(known) == 25


def test_the_width_can_be_rotated_away():
    v = setting.views(4, (1.0, 0.5), 0.2)
    wide = setting.initial_encoders(v, 60, [0, 1])
    narrow = setting.reduce_width(wide)
    assert narrow.a.shape == (2, 8, 4)
    points, positive = setting.cube(v)
    law = dynamics.population_contrastive(points, positive, 3.0, 31.0)
    ends = []
    for e in (wide, narrow):
        *_, (_, last) = dynamics.descend(e, v, lambda _: law, 0.3, 50)
        ends.append(dynamics.observe(last, v))
    for name in ("condition_number", "alignment", "correlations", "energies", "noise", "weight_norm"):
        assert close(getattr(ends[0], name), getattr(ends[1], name))


def test_encoders_side_by_side_are_the_encoders():
    """Padded and reduced to a common height: the same condition numbers and norms as each width alone."""
    v = setting.views(4, (1.0, 0.5), 0.2)
    starts = [setting.initial_encoders(v, width, [0, 1]) for width in (2, 8, 50)]
    together = side_by_side(starts)
    assert together.a.shape == (6, 8, 4)
    for k, alone in enumerate(starts):
        rows = slice(2 * k, 2 * k + 2)
        assert close(together.a[rows].mT @ together.b[rows], alone.a.mT @ alone.b)
        assert close(together.a[rows].mT @ together.a[rows], alone.a.mT @ alone.a)
