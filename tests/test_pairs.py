"""Captioned shapes, icons with names, and the two towers trained on them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from mmcl_core.data import icons, shapes
from mmcl_core.errors import InputError
from mmcl_core.papers.ren2023 import two_towers
from mmcl_core.runtime import generator
from tests.tolerances import close


def test_a_caption_is_one_word_of_every_attribute():
    drawn = shapes.captioned_shapes("test", 0, 300, word_drop=0.0)
    assert drawn.images.shape == (300, 3, 16, 16) and 0 <= float(drawn.images.min()) <= float(drawn.images.max()) <= 1
    assert drawn.captions.shape == (300, 18)
    start = 0
    for column, words in enumerate(shapes.ATTRIBUTES.values()):
        part = drawn.captions[:, start : start + len(words)]
        np.testing.assert_array_equal(np.asarray(part.sum(1)), 1)
        np.testing.assert_array_equal(np.asarray(part.argmax(1)), np.asarray(drawn.attributes[:, column]))
        start += len(words)
    assert start == 18


def test_dropped_words_are_the_stated_share_and_the_background_dominates():
    drawn = shapes.captioned_shapes("test", 1, 4000)
    assert float(drawn.captions.sum(1).mean()) == pytest.approx(0.9 * 7, abs=0.06)
    variances = shapes.pixel_variances(drawn)
    assert max(variances, key=variances.get) == "background"


def test_an_icon_larger_than_its_font_is_made_to_fit():
    """Glyphs of Font Awesome are wider than their size: what is seen of each must have the shape of the whole, which a
    cut one has not."""

    def shape(ink):
        return (np.ptp(np.flatnonzero(ink.any(0))) + 1) / (np.ptp(np.flatnonzero(ink.any(1))) + 1)

    glyphs, names = (icons.find_source(icons.SOURCE).locate()[file] for file in icons.FONTS["fa6s"])
    typeface = ImageFont.truetype(str(glyphs), 64)
    points = dict.fromkeys(int(str(point), 16) for point in json.loads(names.read_text()).values())
    whole = []
    for point in points:
        canvas = Image.new("L", (192, 192), 0)
        ImageDraw.Draw(canvas).text((96, 96), chr(point), font=typeface, fill=255, anchor="mm")
        whole.append(shape(np.asarray(canvas) > 64))
    seen = np.array([shape(image > 64) for image in icons.icons("fa6s", 64).images])
    assert (np.array(whole) > 1.1).mean() > 0.1
    assert np.abs(seen / whole - 1).max() < 0.12  # a pixel or two of a flat glyph


def test_icons_are_genuine_distinct_and_not_blank():
    drawn = icons.icons()
    assert len(drawn.images) == len(drawn.names) > 6000
    flat = drawn.images.reshape(len(drawn.images), -1)
    assert (flat.max(1) > 0).all()
    words = icons.vocabulary(drawn.names, least=5)
    bags = icons.bag_of_words(drawn.names, words)
    i = next(i for i, name in enumerate(drawn.names) if "account" in name)
    assert bags[i, words.index("account")] == 1
    with pytest.raises(InputError):
        icons.icons("comic")


def test_the_pulls_are_minus_the_gradient_of_the_sum_of_both_cross_entropies_of_every_seed():
    """By autograd on torch's own losses; at a low temperature, too, where an exponential of a logit overflows."""
    a, b = (torch.randn(2, 7, 4, generator=generator("test", 0, n), dtype=torch.float64) for n in "ab")
    target = torch.arange(7)
    for tau2 in (3.0, 1000.0, None):
        found = two_towers.pulls(a, b, tau2)
        for s in range(2):
            x, y = a[s].clone().requires_grad_(), b[s].clone().requires_grad_()
            if tau2 is None:
                literal = -(x * y).sum(1).mean()
            else:
                logits = tau2 * x @ y.T
                literal = sum(torch.nn.functional.cross_entropy(one, target) for one in (logits, logits.T))
            for pull, gradient in zip(found, torch.autograd.grad(literal, (x, y)), strict=True):
                assert close(pull[s], -gradient)


def test_normalising_moves_and_scales_a_batch_and_does_nothing_else():
    """Literal: minus the mean, over one number a seed. One for each dimension or each sample would be another space."""
    f = torch.randn(3, 50, 5, generator=generator("test", 1, "f"), dtype=torch.float64)
    f = f * torch.tensor([7.0, 1.0, 3.0, 0.1, 2.0]) * torch.tensor([1.0, 10.0, 0.2])[:, None, None] + 2
    for seed, found in enumerate(two_towers.normalise(f)):
        centred = f[seed].numpy() - f[seed].numpy().mean(0)
        scale = np.sqrt(sum(float(row @ row) for row in centred) / 50)
        assert close(found.numpy(), centred / scale)


def test_a_seed_of_towers_alone_is_the_same_seed_in_a_batch():
    x, y = (torch.randn(200, k, generator=generator("test", 2, str(k))) for k in (6, 4))
    recipe = two_towers.Recipe(2.0, hidden_first=8, width=3, batch=32, steps=20)
    recorded = torch.tensor([0, 20])
    ends = [
        two_towers.fit(two_towers.pairs(x, y, 120, 60, "test", seeds), recipe, "test", seeds, recorded, (2,)).condition
        for seeds in ([1], [0, 1])
    ]
    np.testing.assert_allclose(ends[0][0], ends[1][1], rtol=1e-3)


def test_too_few_pairs_get_one_sentence():
    with pytest.raises(InputError, match="take fewer"):
        two_towers.pairs(torch.zeros(10, 2), torch.zeros(10, 2), 8, 3, "test", [0])
