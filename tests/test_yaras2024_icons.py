"""Yaras et al. 2024 on icons and emoji: splits that keep test and training apart, and a gap counted by groups."""

import numpy as np
import pytest
import torch

from mmcl_core.errors import InputError
from mmcl_core.metrics import debiased_modality_gap
from mmcl_core.papers.yaras2024.evaluate import first_of_each_picture
from mmcl_core.papers.yaras2024.experiments import icons, sweep
from mmcl_core.papers.yaras2024.methods import METHODS
from mmcl_core.papers.yaras2024.towers import tiny_clip
from tests.tolerances import close


def unit(seed, n=12, d=5, shift=0.0):
    x = np.random.default_rng(seed).standard_normal((n, d)) + shift
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(5))
def test_the_split_keeps_first_words_and_pictures_apart(seed):
    """No icon, and no picture, is in two parts; no first word of the unseen part stands first anywhere else."""
    config = icons.IconsSetting.at("book")
    task = icons.Task.draw(config, seed)
    pictures = {part: {image.numpy().tobytes() for image in images} for part, images in task.images.items()}
    sizes = {part: len(images) for part, images in task.images.items()}
    assert sizes == {"train": config.train, "test": config.test, "unseen": config.test}
    assert {part: len(p) for part, p in pictures.items()} == sizes
    assert not pictures["train"] & (pictures["test"] | pictures["unseen"]) and not pictures["test"] & pictures["unseen"]
    first = {part: set(words) for part, words in task.first.items()}
    assert not first["unseen"] & (first["train"] | first["test"])
    assert (task.tokens["train"] < task.vocabulary).all() and (task.labels["unseen"] == -1).all()


def test_splits_differ_from_seed_to_seed_and_test_rows_are_drawn_at_random():
    names = icons.icon_data.icons("mdi6", 16).names
    rows = [icons.split(names, 5200, 1000, seed) for seed in (0, 1)]
    shared = len(set(rows[0]["test"]) & set(rows[1]["test"]))
    expected = 1000 * 1000 / len(names)
    assert abs(shared - expected) < 6 * np.sqrt(expected)
    assert rows[0]["test"].mean() == pytest.approx(len(names) / 2, rel=0.1)  # not the first thousand


def test_of_pictures_that_look_alike_the_first_is_kept():
    images = np.array([[1, 2], [3, 4], [1, 2], [5, 6], [3, 4]], np.uint8)
    assert first_of_each_picture(images).tolist() == [0, 1, 3]


def test_names_one_word_apart():
    names = [
        ("account", "plus"),
        ("account", "minus"),
        ("account",),
        ("home",),
        ("account", "plus", "outline"),
        ("plus", "account"),
    ]
    assert icons.one_word_apart(names).tolist() == [[0, 1]]


def test_the_probe_is_fitted_to_training_icons_and_tested_on_others(monkeypatch):
    config = icons.FixedSetting.at("smoke")
    task = icons.Task.draw(config, 0)
    seen = {}

    def record(train, labels, test):
        seen.update(train=train, test=test)
        return [np.zeros(len(test), int)]

    monkeypatch.setattr(icons, "linear_probe_predictions", record)
    model = tiny_clip(METHODS["baseline"], "t", 0, 1, task.vocabulary, icons.LENGTH)
    icons.measure(model, task, config.gallery, torch.device("cpu"))
    assert not {row.tobytes() for row in seen["train"]} & {row.tobytes() for row in seen["test"]}
    assert (
        len(seen["train"]) == (task.labels["train"] >= 0).sum()
        and len(seen["test"]) == (task.labels["test"] >= 0).sum()
    )


def test_held_out_emoji_play_no_part_in_standardising():
    features = torch.as_tensor(np.random.default_rng(0).standard_normal((40, 6)) * 3 + 1, dtype=torch.float32)
    train = torch.arange(30)
    moved = features.clone()
    moved[30:] += 100
    ours, theirs = (sweep.standardised(f, train) for f in (features, moved))
    assert close(ours[:30], theirs[:30])
    torch.testing.assert_close(ours[:30].mean(0), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(ours[:30].std(0), torch.ones(6), atol=1e-5, rtol=0)


# The gap counted by groups


def test_chance_by_groups_is_that_of_pairs_when_every_group_is_a_pair():
    image, text = unit(0, 40, 6, 0.5), unit(1, 40, 6)
    assert close(icons.gap_without_chance(image, text, np.arange(40)), debiased_modality_gap(image, text))
    assert icons.gap_without_chance(image, text, np.zeros(40)) == 0  # one group says nothing of the others


def test_chance_by_groups_removes_what_groups_add():
    """No gap in the population, but ten pairs of a group share their place: counted by pairs a gap seems to be left,
    counted by groups none on average."""
    squares = {"pairs": [], "groups": []}
    for seed in range(60):
        places = np.repeat(unit(seed, 30, 6) - unit(seed + 1000, 30, 6), 10, 0)
        count = len(places)
        chance = {"pairs": places.var(0, ddof=1).sum() / count, "groups": places[::10].var(0, ddof=1).sum() / 30}
        for name, groups in (("pairs", np.arange(count)), ("groups", np.repeat(np.arange(30), 10))):
            found = icons.gap_without_chance(places, np.zeros_like(places), groups)
            assert close(found**2, max(0, np.square(places.mean(0)).sum() - chance[name]))
            squares[name].append(np.square(places.mean(0)).sum() - chance[name])
    assert np.mean(squares["pairs"]) > 0.03 > abs(np.mean(squares["groups"])) + 0.02


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: icons.FixedSetting.at("book", test=500), "gallery of 1000"),
        (lambda: icons.split([("a",), ("b",)], 5, 5, 0), "take fewer"),
    ],
)
def test_impossible_settings_get_one_sentence(make, words):
    with pytest.raises(InputError, match=words) as error:
        make()
    assert "\n" not in str(error.value)
