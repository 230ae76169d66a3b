"""A checkpoint's file: whole or not at all, of this training or refused, never of a lost one."""

import math
import os
import random

import numpy as np
import pytest
import torch

from mmcl_core import checkpoint
from mmcl_core.checkpoint import Checkpoint, Kept, Refused, digest, kept_in
from mmcl_core.errors import InputError

STATE = {
    "tensor": torch.arange(6.0).reshape(2, 3),
    "half": torch.ones(2, dtype=torch.bfloat16),
    "bytes": torch.tensor([1, 255], dtype=torch.uint8),
    0: [1, (2.5, None, "text", True), np.float32(0.1), np.arange(3)],
    "empty": {},
    "odd": [math.inf, np.array([math.nan])],
}


def test_what_is_saved_is_loaded_with_its_types(tmp_path):
    kept = Checkpoint(tmp_path / "c", {"rate": 0.1})
    assert kept.load() is None and kept.save(STATE)
    state = Checkpoint(tmp_path / "c", {"rate": 0.1}).load()
    assert list(state) == list(STATE)
    for name in ("tensor", "half", "bytes"):
        assert torch.equal(state[name], STATE[name]) and state[name].dtype == STATE[name].dtype
    assert state[0][:2] == STATE[0][:2] and isinstance(state[0][1], tuple)
    assert state[0][2] == np.float32(0.1) and state[0][2].dtype == np.float32
    np.testing.assert_array_equal(state[0][3], np.arange(3))
    assert state["odd"][0] == math.inf and np.isnan(state["odd"][1][0])
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_the_layout_in_memory_is_kept(tmp_path):
    """A fused Adam whose moments lie otherwise than its weights takes one entry for another."""
    weight = torch.randn(4, 3, 5, 5).to(memory_format=torch.channels_last)
    Checkpoint(tmp_path / "c", {}).save({"w": weight, "part": weight[:, 1]})
    state = Checkpoint(tmp_path / "c", {}).load()
    assert state["w"].stride() == weight.stride() and torch.equal(state["w"], weight)
    assert torch.equal(state["part"], weight[:, 1])


def test_no_pickle(tmp_path):
    Checkpoint(tmp_path / "c", {}).save(STATE)
    with pytest.raises(TypeError, match="cannot hold"):
        Checkpoint(tmp_path / "c", {}).save({"code": print})
    content = (tmp_path / "c").read_bytes()
    assert b"torch._utils" not in content and not content[64:].startswith(b"PK")


@pytest.mark.parametrize("number", range(40))
def test_any_damage_is_seen(tmp_path, number):
    Checkpoint(tmp_path / "c", {"rate": 0.1}).save(STATE)
    content, chance = bytearray((tmp_path / "c").read_bytes()), random.Random(number)
    place = chance.randrange(len(content))
    if number % 2:
        content[place] ^= 1 << chance.randrange(8)
    else:
        content = content[:place]
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(Refused, match="damaged"):
        Checkpoint(tmp_path / "c", {"rate": 0.1}).load()


def test_of_something_else_with_the_reason(tmp_path):
    Checkpoint(tmp_path / "c", {"rate": 0.1, "batch": 8}).save(STATE)
    with pytest.raises(Refused, match=r"rate: 0.1 there, 0.2 here") as error:
        Checkpoint(tmp_path / "c", {"rate": 0.2, "batch": 8}).load()
    assert "batch" not in str(error.value)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_lost_state_is_not_saved_and_the_last_good_one_stays(tmp_path, bad):
    kept = Checkpoint(tmp_path / "c", {})
    kept.save({"w": torch.ones(2)})
    assert not kept.save({"w": torch.tensor([1.0, bad])})
    assert torch.equal(kept.load()["w"], torch.ones(2))


def test_digests_see_values_types_and_shapes():
    a = torch.arange(4.0)
    same = [digest(a), digest(a.clone()), digest(torch.arange(8.0)[:4])]
    other = [digest(a + 1), digest(a.double()), digest(a.reshape(2, 2)), digest(a, a)]
    assert len(set(same)) == 1 and len({*same, *other}) == 5


def test_a_folder_that_cannot_be_written_costs_only_the_checkpoint(tmp_path):
    (tmp_path / "file").write_text("")
    with kept_in(tmp_path / "file" / "unit", every=0):
        kept = Kept({})
        assert kept.due()
        kept.save({"w": torch.ones(1)})
    with pytest.raises(InputError, match="cannot be written"):
        Kept({}, tmp_path / "file" / "c").save({"w": torch.ones(1)})


def test_numbered_in_their_order_and_old_ones_removed(tmp_path, capsys):
    old = tmp_path / "old"
    old.mkdir()
    os.utime(old, (0, 0))
    for _ in range(2):  # the second time both are found
        with kept_in(tmp_path / "unit", every=0):
            for k in range(2):
                kept = Kept({"k": k})
                found = kept.load()
                assert found is None or found["k"] == k
                kept.save({"k": k})
    assert found is not None and not old.exists() and len(list((tmp_path / "unit").iterdir())) == 2
    with kept_in(tmp_path / "unit", every=0):
        assert Kept({"k": 5}).load() is None
    assert "k: 0 there, 5 here" in capsys.readouterr().err
    assert Kept({}).load() is None and not Kept({}).due()  # outside a unit there is no checkpoint


def test_not_more_often_than_asked(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    with kept_in(tmp_path / "unit", every=30):
        kept = Kept({})
    for second, due, last in ((0.5, False, False), (2, False, True), (29, False, True), (30, True, True)):
        now[0] = 100.0 + second
        assert (kept.due(), kept.due(last=True)) == (due, last)
    kept.save({})
    assert not kept.due()
