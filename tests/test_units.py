"""Blocks of seeds: fixed wherever one begins to count, put together to the same bits in whatever order they came."""

import random

import numpy as np
import pytest
from pydantic import Field

from mmcl_core.lab import units as units_module
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import experiment
from mmcl_core.lab.run import request, run, why
from mmcl_core.lab.store import Store
from mmcl_core.lab.units import assembled
from tests.tolerances import close


class WalkConfig(Config):
    book = {"steps": 4}
    smoke = {"steps": 3, "seeds": 2}

    seeds: int = Field(5, ge=1, description="chosen")
    steps: int = Field(6, ge=1, description="chosen")


CALLS = []


def walks(config, seeds, device):
    """Random walks, with a company effect in the last bits: the mean over the block is taken out and put back."""
    CALLS.append(tuple(seeds))
    walk = np.stack([np.random.default_rng(s).normal(size=config.steps).cumsum() for s in seeds])
    return {"step": np.arange(config.steps), "walk": walk - walk.mean() + walk.mean(), "seed": np.array(seeds)}


walk = experiment("toy.walk", WalkConfig, coordinates=("step",))(walks)
one_by_one = experiment("toy.one_by_one", WalkConfig, coordinates=("step",), block=1)(walks)
threes = experiment("toy.threes", WalkConfig, coordinates=("step",), block=3)(walks)


@pytest.fixture(autouse=True)
def nearby_source(monkeypatch):
    monkeypatch.setattr(units_module, "closure", lambda module: {module: "1"})
    CALLS.clear()


def blocks(e, seeds, tier="book"):
    return [unit.seeds for unit in request(e, tier, seeds).units]


def test_blocks_lie_where_they_lie_whatever_is_asked_for():
    assert blocks(walk, None) == [(0, 1, 2, 3, 4)]  # as many as the tier has, where the declared block is larger
    assert blocks(walk, None, "smoke") == [(0, 1)]
    assert blocks(walk, 12) == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9), (10, 11, 12, 13, 14)]
    assert blocks(walk, "7,") == [(5, 6, 7, 8, 9)]
    assert blocks(threes, "8,0") == [(0, 1, 2), (6, 7, 8)]
    assert blocks(one_by_one, "4,2") == [(2,), (4,)]


def test_more_seeds_compute_only_the_new_ones(tmp_path):
    store = Store(tmp_path)
    ten = run(walk, "book", 10, store=store)
    assert CALLS == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)]
    twenty = run(walk, "book", 20, store=store)
    assert CALLS[2:] == [(10, 11, 12, 13, 14), (15, 16, 17, 18, 19)] and not twenty.cached
    assert twenty["walk"][:10].tobytes() == ten["walk"].tobytes()
    again = run(walk, "book", 10, store=store)
    assert again.cached and again.key == ten.key != twenty.key
    assert len(why(walk, "book", 21, store=store)) == 1 and why(walk, "book", 20, store=store) == []


def test_the_rows_are_those_asked_for_in_their_order(tmp_path):
    store = Store(tmp_path)
    whole = run(threes, "book", 9, store=store)
    some = run(threes, "book", "8,0,4", store=store)
    assert some.cached and some.seeds == (8, 0, 4)
    np.testing.assert_array_equal(some["seed"], [8, 0, 4])
    assert some["walk"].tobytes() == whole["walk"][[8, 0, 4]].tobytes()
    np.testing.assert_array_equal(some["step"], np.arange(4))


@pytest.mark.parametrize("order", range(5))
def test_the_order_in_which_blocks_were_made_changes_no_bit(tmp_path, order):
    expected = run(threes, "book", 12, store=Store(tmp_path / "straight"))
    store, units = Store(tmp_path / "shuffled"), list(request(threes, "book", 12).units)
    random.Random(order).shuffle(units)
    for unit in units:
        entry = unit.compute()
        store.save(unit.key, entry.arrays, entry.facts)
    calls = len(CALLS)
    result = run(threes, "book", 12, store=store)
    assert result.cached and len(CALLS) == calls and result.key == expected.key
    for name in expected:
        assert result[name].tobytes() == expected[name].tobytes() and result[name].dtype == expected[name].dtype


def test_the_block_is_the_unit_because_company_counts(tmp_path):
    """The toy rounds otherwise in other company, as a batched matrix product does; a request never sees it."""
    alone, together = (e.compute(WalkConfig.at("book"), (0, 1, 2, 3), None) for e in (one_by_one, one_by_one))
    assert alone["walk"].tobytes() == together["walk"].tobytes()
    single = one_by_one.compute(WalkConfig.at("book"), (2,), None)["walk"][0]
    assert not np.array_equal(single, alone["walk"][2]) and close(single, alone["walk"][2])
    store = Store(tmp_path)
    for seeds in (5, "2,", "4,2", 3):
        row = run(walk, "book", seeds, store=store)
        assert row["walk"][list(row.seeds).index(2)].tobytes() == run(walk, "book", store=store)["walk"][2].tobytes()


def test_seconds_add_up_and_the_seeds_of_a_deterministic_experiment_are_none(tmp_path):
    store = Store(tmp_path)
    result = run(one_by_one, "book", store=store)
    parts = [store.load(unit.key).facts["seconds"] for unit in request(one_by_one, "book").units]
    assert len(parts) == 5 and result.seconds == sum(parts)
    fixed = experiment("toy.fixed", WalkConfig, deterministic=True)(lambda c, s, d: {"x": np.array(c.steps)})
    (unit,) = request(fixed, "book", 20).units
    assert unit.seeds == () and run(fixed, "book", 20, store=store)["x"] == 4


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda c, s, d: {"step": np.arange(c.steps) + s[0], "walk": np.zeros(len(s))}, "differs between seeds"),
        (lambda c, s, d: {"step": np.arange(2), f"walk{s[0]}": np.zeros(len(s))}, "other arrays for other seeds"),
    ],
)
def test_blocks_that_disagree_are_refused(tmp_path, function, words):
    wrong = experiment("toy.wrong", WalkConfig, coordinates=("step",), block=2)(function)
    with pytest.raises(ValueError, match=words):
        run(wrong, "book", 4, store=Store(tmp_path))


def test_nan_coordinates_and_texts_agree(tmp_path):
    def function(config, seeds, device):
        return {"x": np.array([np.nan, 1.0]), "name": np.array(["a", "bc"]), "y": np.array([f"s{s}" for s in seeds])}

    odd = experiment("toy.odd", WalkConfig, coordinates=("x", "name"), block=2)(function)
    result = run(odd, "book", "9,10", store=Store(tmp_path))
    assert result["y"].tolist() == ["s9", "s10"] and result["name"].tolist() == ["a", "bc"]


def test_assembling_does_not_touch_what_is_stored(tmp_path):
    store = Store(tmp_path)
    asked = request(threes, "book", 6)
    entries = [unit.compute() for unit in asked.units]
    assembled(asked.units, entries, asked.seeds)["walk"][:] = 0
    assert all(entry.arrays["walk"].any() for entry in entries)
    assert store.root == tmp_path


def test_a_process_with_other_code_computes_nothing(monkeypatch):
    from mmcl_core.errors import InputError

    (unit,) = request(walk, "book").units
    monkeypatch.setattr(units_module, "closure", lambda module: {module: "2"})
    with pytest.raises(InputError, match="other code.*source tests.test_units: 1 -> 2|2 -> 1"):
        unit.compute()
    assert CALLS == []
