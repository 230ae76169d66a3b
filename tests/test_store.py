"""The store: whole entries or none, damage is seen, nobody unpickles."""

import json
import multiprocessing
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mmcl_core.errors import InputError
from mmcl_core.lab.store import Store, differences, fingerprint

ARRAYS = {"a": np.arange(12.0).reshape(3, 4), "words": np.array(["x", "yy"])}
KEY = {
    "experiment": "toy.line",
    "config": {"n": 3},
    "seeds": [0, 1],
    "source": {"m": "1"},
    "versions": {},
    "device": "cpu",
    "data": {},
}


def test_what_is_saved_is_loaded(tmp_path):
    store = Store(tmp_path)
    assert store.load(KEY) is None
    store.save(KEY, ARRAYS, {"seconds": 1.5})
    entry = store.load(KEY)
    assert entry.facts == {"seconds": 1.5} and entry.key == KEY
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(entry.arrays[name], array)


@pytest.mark.parametrize("part", ["experiment", "config", "seeds", "source", "versions", "device", "data"])
def test_every_part_of_the_key_counts(part):
    other = KEY | {part: "something else"}
    assert fingerprint(other) != fingerprint(KEY)
    assert any(part in line for line in differences(other, KEY))


def test_differences_name_the_changed_module():
    assert differences(KEY | {"source": {"m": "2", "n": "3"}}, KEY) == ["source m: 1 -> 2", "source n: absent -> 3"]


@pytest.mark.parametrize("file", ["arrays.npz", "meta.json"])
@pytest.mark.parametrize("damage", ["truncate", "flip early", "flip middle", "flip late", "remove"])
def test_damage_is_reported_moved_aside_and_computed_again(tmp_path, capsys, file, damage):
    store = Store(tmp_path)
    store.save(KEY, ARRAYS, {})
    path = store.folder(KEY) / file
    content = bytearray(path.read_bytes())
    if damage == "truncate":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "remove":
        path.unlink()
    else:
        # The last byte of meta.json is a brace; one before it lies inside the seal or a value.
        place = {"flip early": 8, "flip middle": len(content) // 2, "flip late": len(content) - 4}[damage]
        content[place] ^= 1
        path.write_bytes(content)
    assert store.load(KEY) is None
    assert "damaged" in capsys.readouterr().err
    assert list((tmp_path / ".damaged").glob("*/*"))
    store.save(KEY, ARRAYS, {})
    np.testing.assert_array_equal(store.load(KEY).arrays["a"], ARRAYS["a"])


def test_an_entry_under_a_wrong_name_is_not_believed(tmp_path):
    store = Store(tmp_path)
    store.save(KEY, ARRAYS, {})
    other = KEY | {"device": "cuda"}
    store.folder(KEY).rename(store.folder(other))
    assert store.load(other) is None


def test_objects_are_refused_and_pickles_are_not_read(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(ValueError):
        store.save(KEY, {"a": np.array([{}], dtype=object)}, {})
    store.save(KEY, ARRAYS, {})
    folder = store.folder(KEY)
    np.savez(folder / "arrays.npz", a=np.array([print], dtype=object), allow_pickle=True)
    meta = json.loads((folder / "meta.json").read_text())
    import hashlib

    from mmcl_core.lab import store as module

    meta["arrays_sha256"] = hashlib.sha256((folder / "arrays.npz").read_bytes()).hexdigest()
    meta["seal"] = module._seal(meta)
    (folder / "meta.json").write_text(json.dumps(meta))
    assert store.load(KEY) is None
    assert pickle  # the module is imported to say what is being kept out


def test_no_pickle_in_the_core():
    for path in Path(__file__).parents[1].joinpath("mmcl_core").rglob("*.py"):
        text = path.read_text()
        assert "allow_pickle=True" not in text and "import pickle" not in text, path
        if "torch.load(" in text:
            assert text.count("torch.load(") == text.count("weights_only=True"), path


WRITER = """
import sys, numpy as np
from pathlib import Path
from mmcl_core.lab.store import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
for k in range(10**6):
    store.save({"experiment": "toy.line", "k": k}, {"a": np.random.default_rng(k).normal(size=20000)}, {})
"""


def test_killed_writers_leave_whole_entries_or_none(tmp_path, capsys):
    chance = random.Random(0)
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
        )
        process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.08))
        process.send_signal(signal.SIGKILL)
        process.wait()
    store = Store(tmp_path)
    entries = [f for f in (tmp_path / "toy.line").iterdir() if not f.name.startswith(".")]
    assert entries
    for folder in entries:
        key = json.loads((folder / "meta.json").read_text())["key"]
        np.testing.assert_array_equal(store.load(key).arrays["a"], np.random.default_rng(key["k"]).normal(size=20000))
    assert len(list(store.keys("toy.line"))) == len(entries)
    assert "damaged" not in capsys.readouterr().err


def _write_many(folder, worker):
    store = Store(Path(folder))
    for k in range(20):
        store.save({"experiment": "toy.line", "k": k}, {"a": np.full(5000, k)}, {"worker": worker})


def test_concurrent_writers(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write_many, args=(str(tmp_path), w)) for w in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
        assert w.exitcode == 0
    store = Store(tmp_path)
    for k in range(20):
        assert (store.load({"experiment": "toy.line", "k": k}).arrays["a"] == k).all()
    assert not list((tmp_path / "toy.line").glob(".writing-*"))


def _write_limited(folder, queue):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        Store(Path(folder)).save(KEY, {"a": np.random.default_rng(0).normal(size=10_000)}, {})
        queue.put("saved")
    except InputError as error:
        queue.put(str(error))


def test_a_write_that_fails_midway_is_one_sentence_and_leaves_nothing(tmp_path):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_write_limited, args=(str(tmp_path), queue))
    process.start()
    message = queue.get(timeout=30)
    process.join()
    assert "could not be written" in message and "MMCL_RESULTS" in message
    assert list((tmp_path / "toy.line").iterdir()) == []


def test_a_store_is_for_everybody_whom_the_umask_allows(tmp_path):
    before = os.umask(0o002)
    try:
        store = Store(tmp_path / "shared")
        store.save(KEY, ARRAYS, {})
        (store.folder(KEY) / "arrays.npz").write_bytes(b"")
        store.load(KEY)  # damaged: moved aside
    finally:
        os.umask(before)
    folders = [p for p in (tmp_path / "shared").rglob("*") if p.is_dir()]
    assert len(folders) == 4 and all(p.stat().st_mode & 0o777 == 0o775 for p in folders)


@pytest.mark.parametrize("file", ["meta.json", "arrays.npz"])
def test_what_may_not_be_read_is_not_damaged(tmp_path, monkeypatch, capsys, file):
    store = Store(tmp_path)
    store.save(KEY, ARRAYS, {})
    read = Path.read_bytes

    def forbidden(path):
        if path.name == file:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(InputError, match="cannot be read .Permission denied. and was left alone.*chmod"):
        store.load(KEY)
    assert list(store.keys("toy.line")) == [] or file == "arrays.npz"
    monkeypatch.undo()
    assert store.load(KEY).arrays["a"].shape == (3, 4) and not (tmp_path / ".damaged").exists()


def test_what_killed_writers_left_is_removed_when_nobody_can_be_writing_it(tmp_path):
    store = Store(tmp_path)
    left, busy = tmp_path / "toy.line" / ".writing-old", tmp_path / "toy.line" / ".writing-new"
    for folder in (left, busy):
        folder.mkdir(parents=True)
        (folder / "arrays.npz").write_bytes(b"half")
    os.utime(left, (1, 1))
    store.save(KEY, ARRAYS, {})
    assert not left.exists() and busy.exists()


def test_an_unwritable_store_is_noticed_before_anything_is_computed(tmp_path, monkeypatch):
    from mmcl_core.lab.run import run
    from tests.toy import line

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(type(line), "compute", lambda *a: pytest.fail("it was computed"))
    with pytest.raises(InputError, match="could not be written"):
        run(line, "smoke", store=Store(tmp_path / "file" / "inside"))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="could not be written"):
        Store(tmp_path / "file" / "inside").save(KEY, ARRAYS, {})
    assert os.path.getsize(tmp_path / "file") == 0
