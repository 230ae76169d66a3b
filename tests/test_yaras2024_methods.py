"""Yaras et al. 2024, training by a method: temperatures, schedules, rates, and what reaches the loss in which order."""

import numpy as np
import pytest
import torch

from mmcl_core.catalog import find_experiment, find_training_method
from mmcl_core.clip.config import load
from mmcl_core.data import scenes as scene_data
from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024 import published, towers
from mmcl_core.papers.yaras2024.experiments import scenes
from mmcl_core.papers.yaras2024.methods import METHODS, Method, Schedule, Swap, find_method, fixed
from mmcl_core.papers.yaras2024.towers import Recipe, fit, tiny_clip
from mmcl_core.runtime import generator
from tests.tolerances import close


def pairs(size=64):
    drawn = scene_data.scenes("t", 0, size)
    return drawn.images, drawn.tokens


def weights(model):
    return [p.detach().clone() for tower in (model.image, model.text) for p in tower.parameters()]


def trained(method, recipe, seed=0):
    model = tiny_clip(method, "t", seed)
    fit(model, *pairs(), method, recipe, "t", seed)
    return model


# What a method is


def test_methods_are_what_their_names_and_the_paper_say():
    for name, method in METHODS.items():
        kind, _, value = name.partition(" ")
        if kind == "FLT":
            assert method == Method(float(value), scale="fixed")
        if kind in ("HS", "SS") and value != "rows":
            assert method == Method(swap=Swap({"HS": "hard", "SS": "soft"}[kind], float(value)))
    ends = {"TS S0": 0.02, "TS S1": 0.03, "TS S2": 0.04, "TS S3": 0.05, "TS A0": 0.02, "TS A1": 0.04}
    for name, end in ends.items():
        schedule = METHODS[name].schedule
        assert (schedule.start, schedule.end, schedule.periods > 0) == (0.01, end, name[3] == "A")
    assert METHODS["SLRT .1"] == Method(rate=0.1) and METHODS["no normalisation"].normalised is False


@pytest.mark.parametrize(("name", "stretch"), [("baseline", 1), ("exp(nu/2)", 2), ("exp(nu/10)", 10), ("SLRT .1", 1)])
def test_the_stretch_divides_nu(name, stretch):
    """beta = exp(nu / s): log beta moves by 1/s of nu."""
    temperature = METHODS[name].make_temperature().double()
    (-temperature().log()).backward()
    assert close(temperature.nu.grad.item(), 1 / stretch)


def test_schedules_at_their_ends():
    line = Schedule(0.01, 0.05)
    assert close([line(p) for p in (0, 0.5, 1)], [0.01, 0.03, 0.05])
    wave = Schedule(0.01, 0.04, periods=5)
    assert close([wave(k / 5) for k in range(6)], [0.01] * 6)
    assert close([wave((k + 0.5) / 5) for k in range(5)], [0.04] * 5)


def test_every_learnt_temperature_starts_at_clips():
    for name, method in METHODS.items():
        start = method.make_temperature()().item()
        assert start == pytest.approx(
            method.schedule.start if method.schedule else float(name.split()[1]) if name.startswith("FLT") else 0.07,
            rel=1e-5,
        )


# What training does with it


@pytest.mark.parametrize("name", ["TS S3", "TS A1"])
def test_a_run_follows_its_schedule_step_by_step(name):
    method = find_method(name)
    model = tiny_clip(method, "t", 0)
    used = [model.temperature().item()]
    fit(model, *pairs(), method, Recipe(16, 5, 1e-3), "t", 0, lambda done: used.append(model.temperature().item()))
    np.testing.assert_allclose(used[:-1], [method.schedule(k / 19) for k in range(20)], rtol=1e-5)


def test_the_temperatures_first_step_has_its_own_rate():
    """Adam's first step is the rate itself, whatever the gradient: the rate of nu for SLRT, and 1/s of it in log beta
    for exp(nu/s)."""
    moves = {}
    for name in ("baseline", "SLRT .1", "exp(nu/10)", "FLT .07", "TS S0"):
        model = tiny_clip(METHODS[name], "t", 0)
        before = model.temperature().item()
        fit(model, *pairs(), METHODS[name], Recipe(16, 1, 1e-3, None, 2 if name == "TS S0" else 1), "t", 0)
        moves[name] = abs(np.log(model.temperature().item() / before))
    assert moves["baseline"] == pytest.approx(1e-3, rel=1e-2)
    assert moves["SLRT .1"] == pytest.approx(1e-4, rel=5e-2)
    assert moves["exp(nu/10)"] == pytest.approx(1e-4, rel=5e-2)
    assert moves["FLT .07"] == 0
    assert moves["TS S0"] == pytest.approx(np.log(2), rel=1e-5)


def test_the_slower_rate_is_the_temperatures_alone():
    """Adam's first step of a weight is its rate: with SLRT the weights take the baseline's step, to the bit."""
    recipe = Recipe(16, 1, 1e-3, None, 1)
    first, slow = (weights(trained(METHODS[name], recipe)) for name in ("baseline", "SLRT .1"))
    assert all(torch.equal(a, b) for a, b in zip(first, slow, strict=True))
    start = weights(tiny_clip(METHODS["baseline"], "t", 0))
    largest = max(float((a - b).abs().max()) for a, b in zip(first, start, strict=True))
    assert largest == pytest.approx(1e-3, rel=1e-2)


def test_batches_are_the_same_with_and_without_a_swap():
    """A swap that never comes draws from a stream of its own: the run is the baseline's to the bit."""
    recipe = Recipe(16, 2, 1e-3)
    plain, never = (weights(trained(m, recipe)) for m in (Method(), Method(swap=Swap("hard", 0.0))))
    assert all(torch.equal(a, b) for a, b in zip(plain, never, strict=True))


def test_swaps_and_batches_have_streams_of_their_own(monkeypatch):
    made = []
    monkeypatch.setattr(towers, "generator", lambda *key: made.append(key) or generator(*key))
    trained(Method(swap=Swap("hard", 0.5)), Recipe(16, 1, 1e-3), seed=3)
    assert sorted(made) == [("t", 3, "order"), ("t", 3, "swaps")]


def test_logits_are_cosines_over_the_temperature_and_raw_products_without_normalisation():
    images, tokens = pairs(8)
    model = tiny_clip(METHODS["baseline"], "t", 0)
    image, text = model.image(images).detach(), model.text(tokens).detach()
    for name in ("baseline", "no normalisation"):
        logits = towers.logits(model, images, tokens, METHODS[name], generator("t", 0, "s"))
        for i in range(8):
            for j in range(8):
                length = 1.0 if name != "baseline" else float(image[i].norm() * text[j].norm())
                assert logits[i, j].item() == pytest.approx(
                    float(image[i] @ text[j]) / length / 0.07, rel=1e-4, abs=1e-5
                )


@pytest.mark.parametrize("kind", ["hard", "soft", "rows"])
def test_the_swap_comes_after_normalising_and_nothing_is_normalised_again(kind):
    """Entries of unit vectors are exchanged; the rows are of unit length no more, except where whole rows are."""
    images, tokens = pairs(8)
    model = tiny_clip(METHODS["baseline"], "t", 0)
    method = Method(swap=Swap(kind, 1.0))
    logits = towers.logits(model, images, tokens, method, generator("t", 0, "s")) * 0.07
    unit = [f.detach() / f.detach().norm(dim=1, keepdim=True) for f in (model.image(images), model.text(tokens))]
    stream = generator("t", 0, "s")
    torch.rand((), generator=stream)
    own = method.swap.own_share(unit[0].shape, stream)
    first, second = own * unit[0] + (1 - own) * unit[1], own * unit[1] + (1 - own) * unit[0]
    torch.testing.assert_close(logits, first @ second.T, atol=1e-5, rtol=1e-4)
    lengths = torch.cat([first, second]).norm(dim=1)
    assert (kind == "rows") == bool((lengths - 1).abs().max() < 1e-5)


def test_methods_of_a_seed_start_alike_and_end_apart():
    first, second = (tiny_clip(METHODS[m], "t", 3) for m in ("baseline", "FLT .4"))
    assert all(torch.equal(a, b) for a, b in zip(first.image.parameters(), second.image.parameters(), strict=True))
    for model, name in ((first, "baseline"), (second, "FLT .4")):
        fit(model, *pairs(), METHODS[name], Recipe(16, 1, 1e-3), "t", 3)
    assert not torch.equal(first.image[0][0].weight, second.image[0][0].weight)


def test_the_rate_warms_up_and_falls_to_zero():
    """A fifth of the steps linearly, then half a cosine: the last of twenty steps takes about .6 per cent of the
    rate."""
    moves, before = [], []
    model = tiny_clip(METHODS["baseline"], "t", 0)

    def after(done):
        moves.append(float((model.text.embedding.weight.detach() - before[-1]).abs().max()))
        before.append(model.text.embedding.weight.detach().clone())

    before.append(model.text.embedding.weight.detach().clone())
    fit(model, *pairs(), METHODS["baseline"], Recipe(16, 5, 1e-3), "t", 0, after)
    assert moves[0] == pytest.approx(2.5e-4, rel=1e-2) and moves[-1] < 0.05 * max(moves)


# Bad input


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Schedule(0.01, 0.0), "positive"),
        (lambda: Schedule(0.01, 0.05, -1), "alternate -1 times"),
        (lambda: Schedule(0.01, 0.05, 5).check(6), "does not fit a run of 6 steps"),
        (lambda: Schedule(0.01, 0.05).check(1), "does not fit a run of 1 steps"),
        (lambda: find_method("FLP .7"), "mitigation method"),
    ],
)
def test_impossible_methods_get_one_sentence(make, words):
    with pytest.raises(InputError, match=words) as error:
        make()
    assert "\n" not in str(error.value)


def test_a_schedule_too_long_for_the_run_stops_it_before_training():
    with pytest.raises(InputError, match="does not fit"):
        fit(tiny_clip(METHODS["TS A0"], "t", 0), *pairs(), METHODS["TS A0"], Recipe(16, 1, 1e-3), "t", 0)


def test_every_printed_method_can_be_trained():
    assert {r.method for r in published.TABLES} <= set(METHODS) and isinstance(METHODS["baseline"], Method)
    assert set(scenes.FIXED) | set(scenes.MOVING) | set(scenes.OTHERS) == set(METHODS)


@pytest.mark.parametrize("number", [".05", "0.5", "1e-2", "3"])
def test_any_fixed_temperature_has_a_name(number):
    method = find_method(f"FLT {number}")
    assert method == fixed(float(number)) == find_training_method(f"FLT {number}")
    assert method.make_temperature()().item() == pytest.approx(float(number))
    for name in (
        *(f"yaras2024.{data}_{part}" for data in ("scenes", "icons") for part in ("fixed", "others")),
        *("yaras2024.scenes_moving", "yaras2024.mscoco", "yaras2024.folder"),
    ):
        assert find_experiment(name).config.at("smoke", methods=(f"FLT {number}",)).methods == (f"FLT {number}",)
    assert load("yaras2024", data="x", method=f"FLT {number}").method == f"FLT {number}"


@pytest.mark.parametrize("name", ["FLT 0", "FLT -1", "FLT nan", "FLT inf", "FLT ", "FLT x" * 99, "FLT", "flt .05"])
def test_other_names_are_refused(name):
    asked = [find_experiment(f"yaras2024.{e}").config for e in ("icons_fixed", "scenes_fixed", "scenes_moving")]
    for ask in (find_method, *(lambda n, c=c: c.at("smoke", methods=(n,)) for c in asked)):
        with pytest.raises(InputError, match="FLT|mitigation method") as refused:
            ask(name)
        assert len(str(refused.value)) < 300


def test_the_paper_s_names_stay_what_they_are():
    assert all(find_method(name) is method for name, method in METHODS.items())
