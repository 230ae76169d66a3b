"""Yaras et al. 2024: what is measured on trained towers, against definitions and literal loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcl_core.data import scenes as scene_data
from mmcl_core.errors import InputError
from mmcl_core.metrics import debiased_modality_gap, modality_gap, uniformity
from mmcl_core.papers.yaras2024 import evaluate
from mmcl_core.papers.yaras2024.experiments import inits
from mmcl_core.papers.yaras2024.methods import METHODS
from mmcl_core.papers.yaras2024.towers import tiny_clip
from tests.tolerances import close


def unit(seed, n=12, d=5, shift=0.0):
    x = np.random.default_rng(seed).standard_normal((n, d)) + shift
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_matched_share_and_retrieval_against_loops():
    image, text = unit(0, 40, 4), unit(1, 40, 4) * 0.3 + unit(0, 40, 4)
    cosines = image @ text.T
    matched = [
        all(cosines[i, i] > cosines[i, j] and cosines[i, i] > cosines[j, i] for j in range(40) if j != i)
        for i in range(40)
    ]
    assert evaluate.matched_share(image, text) == np.mean(matched)
    among = [sorted(range(40), key=lambda j: -cosines[i, j]).index(i) < 5 for i in range(40)]
    assert evaluate.retrieval_among_best(image, text, 5) == np.mean(among)
    both = [cosines[i, i] > cosines[i, i + 20] and cosines[i + 20, i + 20] > cosines[i + 20, i] for i in range(20)]
    assert evaluate.both_told_apart((image[:20], text[:20]), (image[20:], text[20:])) == np.mean(both)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.floats(0, 1))
def test_the_raw_gap_is_the_debiased_one_and_chance(seed, shift):
    image, text = unit(seed, 30, 6, shift), unit(seed + 1, 30, 6)
    chance = np.trace(np.cov((image - text).T)) / 30
    squared, debiased = modality_gap(image, text) ** 2, debiased_modality_gap(image, text)
    assert close(squared, debiased**2 + chance) or (debiased == 0 and squared <= chance)


def test_uniformity_of_a_sphere_and_of_a_point():
    assert uniformity(unit(0, 4000, 8), unit(1, 4000, 8)) == pytest.approx(0, abs=0.05)
    point = np.tile(unit(0, 1, 8), (50, 1))
    assert uniformity(point, point) == pytest.approx(-np.sqrt(2), abs=1e-6)


def test_moving_the_clouds_together_lays_the_centres_on_each_other():
    image, text = unit(0, 50, 6, 1.0), unit(1, 50, 6, -0.5)
    shift = evaluate.centre_shift(image, text)
    assert close((image - shift).mean(0), (text + shift).mean(0))
    stayed = evaluate.translated(image, text, shift, 0.0)
    assert close(stayed[0], image)
    gaps = evaluate.translation_test(image, text, shift, (-1.0, 0.0, 0.5, 1.0), 50)["gap"]
    assert (np.diff(gaps) < 0).all() and gaps[-1] < 0.35 * gaps[1]


def test_own_side_counts_two_bands_and_one_cloud():
    image, text = unit(0, 400, 6, 2.0), unit(1, 400, 6, -2.0)
    assert inits.own_side(image, text) == 1
    assert 0.4 < inits.own_side(unit(0, 2000, 6), unit(1, 2000, 6)) < 0.6
    near = unit(2, 50, 6, 0.3), unit(3, 50, 6)
    axis, middle = near[0].mean(0) - near[1].mean(0), (near[0].mean(0) + near[1].mean(0)) / 2
    literal = sum((x - middle) @ axis > 0 for x in near[0]) + sum((x - middle) @ axis < 0 for x in near[1])
    assert close(inits.own_side(*near), literal / 100)


def test_the_centre_angle_of_two_axes_is_a_right_angle():
    x, y = np.eye(3)[[0, 0]], np.eye(3)[[1, 1]]
    assert close(inits.centre_angle(x, y), 90) and close(inits.centre_angle(x, 0.1 * (x + y)), 45)


def test_each_direction_of_retrieval_is_the_one_it_is_called():
    """Image retrieval asks with texts, text retrieval with images."""
    image, noise = unit(0, 40, 4), unit(1, 40, 4)
    text = image + 0.8 * noise + 0.5 * noise[:1]
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    texts_ask = np.mean([np.argmax(image @ t) == k for k, t in enumerate(text)])
    images_ask = np.mean([np.argmax(text @ i) == k for k, i in enumerate(image)])
    found = evaluate.alignment(image, text, 40)
    assert (found["image_retrieval"], found["text_retrieval"]) == (texts_ask, images_ask)
    assert texts_ask != images_ask


def test_gap_and_uniformity_see_the_first_512_pairs_and_retrieval_the_gallery():
    image = unit(0, 700, 6)
    text = image + 0.3 * unit(1, 700, 6)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    found, changed = evaluate.alignment(image, text, 600), image.copy()
    changed[512:] = -changed[512:]
    other = evaluate.alignment(changed, text, 600)
    assert all(found[m] == other[m] for m in ("gap", "debiased_gap", "uniformity"))
    assert found["image_retrieval"] != other["image_retrieval"]
    assert close(found["gap"], np.linalg.norm(image[:512].mean(0) - text[:512].mean(0)))


def test_spread_along_the_gap_is_zero_for_planes_and_one_for_balls():
    rng = np.random.default_rng(0)
    plane, ball = rng.standard_normal((4000, 6)), rng.standard_normal((4000, 6)) + 5 * np.eye(6)[0]
    plane[:, 0] = 0
    shift = (ball.mean(0) - plane.mean(0))[1:]
    ball[:, 1:] -= shift  # the line between the centres is the first axis
    flat, round_ = inits.spread_along_gap(plane, ball)
    assert flat < 1e-6 and round_ == pytest.approx(1, abs=0.05)


def test_laid_centres_coincide():
    drawn = scene_data.scenes("t", 0, 64)
    images, tokens = drawn.images, drawn.tokens
    model = tiny_clip(METHODS["baseline"], "t", 0)
    centre = inits.random_centre(model, images, tokens, 0)
    inits.lay_centres(model, images, tokens, centre)
    for tower, inputs in ((model.image, images), (model.text, tokens)):
        torch.testing.assert_close(tower(inputs).mean(0), centre, atol=1e-5, rtol=1e-4)


def test_a_gallery_that_cannot_be_filled_is_said():
    with pytest.raises(InputError, match="gallery of 13"):
        evaluate.alignment(unit(0), unit(1), 13)
