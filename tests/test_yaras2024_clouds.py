"""Clouds of trained towers in three axes: nothing but turns is done to them, and they are the towers of the tables."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from mmcl_core import catalog
from mmcl_core.lab.run import run
from mmcl_core.metrics import modality_gap, unit
from mmcl_core.papers.yaras2024 import clouds


@pytest.fixture
def few():
    """Three clouds of 20 images and their texts in 8 dimensions, alike and with a gap."""
    stream = np.random.default_rng(0)
    pairs = stream.normal(size=(1, 40, 8)) + 0.3 * stream.normal(size=(3, 40, 8))
    pairs[:, :20] += (1, 0, 0, 0, 0, 0, 0, 2)
    return unit(pairs.reshape(-1, 8)).reshape(3, 40, 8)


@pytest.mark.parametrize("view", clouds.VIEWS.values(), ids=clouds.VIEWS)
def test_a_cloud_that_is_turned_looks_the_same(view, few):
    turned = few.copy()
    turned[1] = few[1] @ ortho_group(8, seed=1).rvs()
    seen, again = view(few), view(turned)
    assert np.allclose(np.abs(seen), np.abs(again), atol=1e-9)  # axes have no sign
    assert not np.allclose(few, turned)


@pytest.mark.parametrize("view", clouds.VIEWS.values(), ids=clouds.VIEWS)
def test_a_view_is_a_projection(view, few):
    """Lengths and distances only shrink, and in as many axes as dimensions the principal view keeps them all."""
    seen = view(few)
    distances = [np.linalg.norm(x[:, :, None] - x[:, None], axis=-1) for x in (seen, few)]
    assert (distances[0] <= distances[1] + 1e-9).all()
    assert (np.linalg.norm(seen, axis=-1) <= 1 + 1e-9).all()
    assert np.allclose(clouds.principal(few, 8) @ clouds.principal(few, 8).swapaxes(1, 2), few @ few.swapaxes(1, 2))


def test_the_principal_axes_keep_the_most(few):
    """No three other directions, common to all clouds after the same turns, keep more."""
    all_axes = clouds.principal(few, 8)
    kept = np.square(clouds.principal(few)).sum()
    stream = np.random.default_rng(1)
    for _ in range(50):
        other = np.linalg.qr(stream.normal(size=(8, 3)))[0]
        assert np.square(all_axes @ other).sum() <= kept + 1e-9


def test_upright_the_gap_can_be_seen_whole(few):
    image, text = np.split(clouds.upright(few), 2, axis=1)
    apart = (image - text).mean(1)
    assert np.allclose(apart[:, 2], [modality_gap(*np.split(x, 2)) for x in few])
    assert np.allclose(apart[:, :2], 0, atol=1e-9)


@pytest.mark.parametrize("data", ["scenes", "icons"])
def test_they_are_the_pairs_of_the_tables(data):
    """The upright view of all test pairs has the gap that the table gives; fewer are the first of these."""
    experiment = catalog.find_experiment(f"yaras2024.{data}_fixed")
    table = run(experiment, "smoke")
    whole = run(experiment, "smoke", shown=table.config.test)
    height = whole["upright"][..., 2]
    apart = np.abs(height[:, :, 0].mean(-1) - height[:, :, 1].mean(-1))
    assert np.allclose(apart, whole["gap"], rtol=1e-5)
    assert np.array_equal(whole["gap"], table["gap"])
    assert (table["kept"] > 0).all() and (table["kept"] <= 1 + 1e-9).all()
