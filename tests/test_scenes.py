"""Captioned scenes: they say what they show, are drawn by the law that is stated, and no test row is a training row."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest

from mmcl_core.data import scenes as scene_data
from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.experiments import scenes
from mmcl_core.papers.yaras2024.methods import METHODS
from mmcl_core.papers.yaras2024.towers import tiny_clip


def decoded(tokens):
    """Attributes per object, None where not said: read from the words, not from how they were made."""
    objects = [[None] * 4]
    row = column = None
    for word in (scene_data.WORDS[k] for k in tokens):
        if word == scene_data.SEPARATOR:
            objects.append([None] * 4)
        for k, meanings in enumerate((scene_data.SHAPES, scene_data.COLOURS, scene_data.SIZES)):
            for value, synonyms in enumerate(meanings):
                if word and word in synonyms:
                    objects[-1][k] = value
        if word in scene_data.ROWS:
            row = scene_data.ROWS.index(word)
        if word in scene_data.COLUMNS:
            column = scene_data.COLUMNS.index(word)
            objects[-1][3] = 2 * row + column
    return objects


def test_complete_captions_say_everything_and_nothing_wrong():
    drawn = scene_data.scenes("t", 0, 300, drop=0.0)
    for tokens, attributes in zip(drawn.tokens.tolist(), drawn.attributes.tolist(), strict=True):
        assert sorted(decoded(tokens)) == sorted(attributes)


def test_words_are_dropped_as_often_as_they_should_and_never_the_shape():
    drawn = scene_data.scenes("t", 0, 2000)
    said = np.array([[[v is not None for v in o] for o in decoded(t)] for t in drawn.tokens.tolist()])
    assert said[..., 0].all()
    np.testing.assert_allclose(1 - said[..., 1:].mean((0, 1)), 0.15, atol=0.02)
    both_orders = np.mean(
        [decoded(t)[0][0] == a[0][0] for t, a in zip(drawn.tokens.tolist(), drawn.attributes.tolist(), strict=True)]
    )
    assert 0.45 < both_orders < 0.75  # one half, and one sixth of the rest has the same shape twice


def test_words_are_left_out_each_for_itself():
    """What is said of an object's size, colour and position is uncorrelated, within an object and between two."""
    drawn = scene_data.scenes("t", 0, 2000)
    said = np.array([[[v is not None for v in o[1:]] for o in decoded(t)] for t in drawn.tokens.tolist()])
    correlation = np.corrcoef(said.reshape(2000, 6).T.astype(float)) - np.eye(6)
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)


def test_the_vocabulary_is_used_up():
    drawn = scene_data.scenes("t", 0, 2000)
    assert len(scene_data.WORDS) == 34 and drawn.tokens.shape[1] == 11
    assert set(drawn.tokens.flatten().tolist()) == set(range(34))
    assert (drawn.attributes[:, 0, 3] != drawn.attributes[:, 1, 3]).all()


def shot(attributes):
    zeros = np.zeros((len(attributes), 1))
    return scene_data.render(np.array(attributes)[:, None], zeros[:, 0], zeros + 1, np.zeros((len(attributes), 1, 2)))


def test_an_object_is_where_its_cell_is_and_larger_when_large():
    for shape in range(6):
        at = shot([[shape, 1, 1, cell] for cell in range(4)] + [[shape, 1, 0, 0]])
        for cell in range(1, 4):
            moved = np.roll(at[0], (8 * (cell // 2), 8 * (cell % 2)), (1, 2))
            inner = (
                slice(None),
                slice(8 * (cell // 2) + 1, 8 * (cell // 2) + 7),
                slice(8 * (cell % 2) + 1, 8 * (cell % 2) + 7),
            )
            np.testing.assert_allclose(at[cell][inner], moved[inner], atol=1e-6)
        assert at[0].sum() > 1.3 * at[4].sum() > 0


def test_shapes_and_colours_look_different():
    looks = shot([[shape, colour, 1, 0] for shape in range(6) for colour in range(6)]).reshape(36, -1)
    distances = np.linalg.norm(looks[:, None] - looks[None], axis=-1)
    assert distances[~np.eye(36, dtype=bool)].min() > 1
    for colour in range(6):
        np.testing.assert_allclose(shot([[0, colour, 1, 0]])[0, :, 4, 4], scene_data.RGB[colour], atol=1e-6)


def test_prompts_name_their_class():
    for k, tokens in enumerate(scene_data.prompts().tolist()):
        assert decoded(tokens) == [[k % 6, k // 6, None, None]]


def test_one_attribute_pairs_differ_in_that_attribute_alone():
    for k, (name, (first, second)) in enumerate(scene_data.one_attribute_pairs("t", 0, 100).items()):
        assert name == scene_data.ATTRIBUTES[k]
        difference = first.attributes != second.attributes
        assert difference[:, 0, k].all() and difference.sum() == 100
        assert (second.attributes[:, 0, 3] != second.attributes[:, 1, 3]).all()
        for scene in (first, second):
            assert all(
                sorted(decoded(t)) == sorted(a)
                for t, a in zip(scene.tokens.tolist(), scene.attributes.tolist(), strict=True)
            )
        assert ((first.tokens != second.tokens).sum(1) <= 2).all() and (
            (first.tokens != second.tokens).sum(1) >= 1
        ).all()


# The law of the generator


def test_attributes_are_uniform_and_independent():
    a = scene_data.scenes("t", 0, 6000).attributes
    for k, count in enumerate(scene_data.COUNTS):
        for j in range(2):
            assert chisquare(np.bincount(a[:, j, k], minlength=count)).pvalue > 1e-4
    flat = a.reshape(len(a), -1).astype(float)
    correlation = np.corrcoef(flat.T)
    correlation[3, 7] = correlation[7, 3] = 0  # cells are distinct, so two objects' cells are not independent
    assert np.abs(correlation - np.eye(8)).max() < 5 / np.sqrt(len(a))


def test_what_captions_are_silent_about_has_the_stated_law(monkeypatch):
    """Background, brightness and jitter uniform in their ranges and uncorrelated; noise of the stated size."""
    seen = {}

    def grey(attributes, background, gain, jitter):
        seen.update(background=background, gain=gain, jitter=jitter, attributes=attributes)
        return np.full((len(attributes), 3, 16, 16), 0.5, np.float32)

    monkeypatch.setattr(scene_data, "render", grey)
    images = scene_data.scenes("t", 0, 3000).images.numpy() - 0.5
    for name, (low, high) in {
        "background": scene_data.BACKGROUND,
        "gain": scene_data.GAIN,
        "jitter": (-scene_data.JITTER, scene_data.JITTER),
    }.items():
        assert kstest(seen[name].ravel(), "uniform", (low, high - low)).pvalue > 1e-4, name
    drawn = np.concatenate([seen[n].reshape(3000, -1) for n in ("background", "gain", "jitter", "attributes")], 1)
    correlation = np.corrcoef(drawn.T.astype(float))
    off = ~np.eye(len(correlation), dtype=bool)
    off[-1, -5] = off[-5, -1] = False  # the two cells
    assert np.abs(correlation[off]).max() < 5 / np.sqrt(3000)
    assert images.std() == pytest.approx(scene_data.PIXEL_NOISE, rel=0.01) and abs(images.mean()) < 1e-3
    pixels = images.reshape(3000, -1)[:, ::64]  # across channels and places
    noise = np.corrcoef(pixels.T) - np.eye(pixels.shape[1])
    assert np.abs(noise).max() < 5 / np.sqrt(3000)


def shares_a_picture(first, second):
    pictures = {image.numpy().tobytes() for image in first}
    return any(image.numpy().tobytes() in pictures for image in second)


def test_seeds_and_purposes_are_independent():
    sets = {key: scene_data.scenes("t", *key) for key in ((0, 800), (1, 800), (0, 800, "test"))}
    first, other, test = sets.values()
    for a, b in ((first, other), (first, test)):
        assert not shares_a_picture(a.images, b.images)
        columns = [x.attributes.reshape(800, -1).astype(float) for x in (a, b)]
        cross = np.corrcoef(np.concatenate(columns, 1).T)[:8, 8:]
        assert np.abs(cross).max() < 5 / np.sqrt(800)
    again = scene_data.scenes("t", 0, 800)
    assert torch.equal(again.images, first.images) and torch.equal(again.tokens, first.tokens)


# Training rows and test rows


def test_nothing_that_is_tested_was_trained_on():
    """With as many training as test pairs, so that equal streams would give equal pictures."""
    config = scenes.FixedSetting.at("smoke", train=200, test=200, gallery=200, probe=200)
    for seed in (0, 1):
        train = scene_data.scenes(scenes.NAME, seed, config.train).images
        tests = scenes.Tests.draw(config, seed)
        parts = [tests.pairs.images, tests.probe.images, tests.singles.images]
        parts += [scene.images for pair in tests.contrasts.values() for scene in pair]
        for k, part in enumerate(parts):
            assert not shares_a_picture(train, part), k
            assert not any(shares_a_picture(part, other) for other in parts[k + 1 :]), k


def test_probes_are_tested_on_other_rows_than_they_are_fitted_to(monkeypatch):
    config = scenes.FixedSetting.at("smoke")
    seen = []

    def record(train, labels, *test):
        seen.append((train, *test))
        return [np.zeros(len(features), int) for features in test]

    monkeypatch.setattr(scenes, "linear_probe_predictions", record)
    tests = scenes.Tests.draw(config, 0)
    scenes.measure(tiny_clip(METHODS["baseline"], "t", 0), tests, config.gallery, torch.device("cpu"))
    assert len(seen) == 2
    for train, test in seen:
        rows = {row.tobytes() for row in train}
        overlap = np.mean([row.tobytes() in rows for row in test])
        assert overlap < 0.02 and len(train) == pytest.approx(len(test), abs=1)


def test_impossible_scenes_get_one_sentence():
    with pytest.raises(InputError, match="probability 1.5"):
        scene_data.scenes("t", 0, 4, drop=1.5)
