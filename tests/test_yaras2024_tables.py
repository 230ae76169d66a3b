"""Yaras et al. 2024: the claims about trained towers on tables and runs written by hand, and planted errors that they
catch."""

import numpy as np
import pytest
import torch

from mmcl_core.errors import DataAbsent, InputError
from mmcl_core.evidence.verdicts import GOOD, Verdict
from mmcl_core.papers.yaras2024 import published, table, towers
from mmcl_core.papers.yaras2024.claims import (
    real_chance,
    real_icons,
    real_longrun,
    real_moved,
    real_ranks,
    real_rows,
    real_starts,
    real_table,
)
from mmcl_core.papers.yaras2024.experiments import icons, mscoco, scenes
from mmcl_core.papers.yaras2024.methods import METHODS
from tests.tolerances import close

CPU = torch.device("cpu")
SEEDS = 5


class Table(dict):
    seeds = tuple(range(SEEDS))


def judged(claim, *results):
    return claim.judge(claim.estimator(*results))


def named(claims, name):
    return next(c for c in claims if c.name == name)


@pytest.mark.parametrize("experiment", [scenes.others, icons.others], ids=lambda e: e.name)
def test_a_seed_alone_is_the_same_seed_in_a_batch(experiment):
    config = experiment.config.at("smoke", methods=("HS .1", "no normalisation"))
    alone, together = experiment.compute(config, (1,), CPU), experiment.compute(config, (0, 1), CPU)
    for name in set(alone) - experiment.coordinates:
        np.testing.assert_allclose(alone[name][0], together[name][1], rtol=1e-6)


def results_from(gap_of, **changed):
    """Stand-ins for stored tables whose gaps are `gap_of(row)`, five seeds with a little noise; other columns
    printed."""
    noise = 1e-4 * np.random.default_rng(0).standard_normal((SEEDS, 1))
    measures = ("uniformity", "zero_shot", "linear_probe", "image_retrieval", "text_retrieval")
    made = []
    for part in (scenes.FIXED, scenes.MOVING, scenes.OTHERS):
        rows = [r for r in published.TABLES if r.method in part]
        columns = {m: np.array([getattr(r, m) for r in rows]) + noise for m in measures}
        columns["gap"] = np.array([gap_of(r) for r in rows]) + noise
        made.append(Table({"methods": np.array([r.method for r in rows])} | columns | changed))
    return made


# Rows and ranks


def test_the_papers_own_table_passes_every_row_and_its_mirror_image_none():
    baseline = published.row("baseline").gap
    own, mirrored = results_from(lambda r: r.gap), results_from(lambda r: 2 * baseline - r.gap)
    for claim in real_rows.ROWS:
        assert judged(claim, *own) in GOOD, claim.id
        assert judged(claim, *mirrored) in (Verdict.not_reproduced, Verdict.does_not_hold), claim.id
    for claims in (real_ranks.RANKS, real_ranks.RANKS_OF_ALL):
        ranks = next(c for c in claims if c.name.endswith("_gap"))
        assert judged(ranks, *own) == Verdict.reproduced and judged(ranks, *mirrored) == Verdict.not_reproduced
    assert close(table.rank_correlation("gap", table.column("gap", *own)).min(), 1)


def test_three_seeds_decide_no_row():
    three = [Table({k: v if k == "methods" else v[:3] for k, v in r.items()}) for r in results_from(lambda r: r.gap)]
    assert {judged(claim, *three) for claim in real_rows.ROWS} == {Verdict.undecided}


def test_rows_that_nobody_trained_declare_nothing():
    for claim, method in zip(
        real_rows.ROWS, [m for m in METHODS if m in table.PRINTED and m != "baseline"], strict=True
    ):
        assert claim.name == real_rows.identifier(method)
        assert (claim.minimum_tier == "paper") == (method not in real_rows.AT_BOOK)
        assert (claim.declared == Verdict.not_evaluated) == (method not in real_rows.AT_BOOK)
    assert len(real_rows.ROWS) == 25 and len([c for c in real_rows.ROWS if c.minimum_tier == "paper"]) == 11


def test_the_bound_of_a_rank_correlation_is_passed_by_chance_once_in_twenty():
    rng = np.random.default_rng(0)
    order = np.arange(15)
    draws = np.array([np.corrcoef(order, rng.permutation(15))[0, 1] for _ in range(4000)])
    assert np.mean(draws > real_chance.beyond_chance(15).bound) == pytest.approx(0.05, abs=0.012)


def test_the_bound_of_a_chance_gap_is_above_what_chance_makes():
    """Two clouds of one law: the rms distance of their means stays below, and near it when members are opposite."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 512, 3))
    x /= np.linalg.norm(x, axis=2, keepdims=True)
    opposite = np.sqrt(np.mean(np.square((x - -x).mean(1)).sum(1)))
    apart = np.sqrt(np.mean(np.square((x - x[:, ::-1]).mean(1)).sum(1)))
    assert apart < opposite == pytest.approx(real_chance.CHANCE_GAP, rel=0.1)


def test_a_temperature_dropped_from_the_loss_is_caught_by_a_claim(monkeypatch):
    """A short training already closes the gap of FLT .4; with the temperature left out of the logits it is the
    baseline's."""
    claim = named(real_rows.ROWS, "row_flt_0p4")
    config = scenes.FixedSetting.at("smoke", methods=("baseline", "FLT .4"), train=1600, batch=32, epochs=2)

    def verdict():
        return judged(claim, scenes.fixed.compute(config, range(SEEDS), CPU))

    assert verdict() == Verdict.reproduced

    def without_temperature(model, images, texts, method, stream):
        image, text = (torch.nn.functional.normalize(f, dim=-1) for f in (model.image(images), model.text(texts)))
        return image @ text.mT / 0.07 + 0 * model.temperature()

    monkeypatch.setattr(towers, "logits", without_temperature)
    assert verdict() != Verdict.reproduced


# Orderings


def test_orderings_hold_for_the_papers_table_and_fall_with_one_row_or_one_seed():
    own = results_from(lambda r: r.gap)
    cases = {
        real_table.table_fixed_order: (own[0],),
        real_table.table_retrieval_order: (own[0],),
        real_table.table_swap_order: (own[0], own[2]),
        real_table.table_long_order: (own[0], own[1]),
    }
    for claim, results in cases.items():
        assert judged(claim, *results) == Verdict.reproduced, claim.id
    wrong = results_from(lambda r: {"FLT .07": 0.7, "HS .1": 0.02, "TS S1": 0.1}.get(r.method, r.gap))
    assert judged(real_table.table_fixed_order, wrong[0]) == Verdict.not_reproduced
    assert judged(real_table.table_swap_order, wrong[0], wrong[2]) == Verdict.not_reproduced
    assert judged(real_table.table_long_order, wrong[0], wrong[1]) == Verdict.not_reproduced
    own[0]["gap"][3, list(own[0]["methods"]).index("FLT .1")] = 0.05  # above FLT .07 in one seed alone
    assert judged(real_table.table_fixed_order, own[0]) == Verdict.not_reproduced


def test_a_test_that_changes_either_way_is_a_change():
    """Equivalence: neither a gain nor a loss of five points passes, and a noisy zero is undecided."""
    noise = np.random.default_rng(0).standard_normal(SEEDS)
    for change, spread, expected in (
        (0.0, 1e-3, Verdict.reproduced),
        (0.05, 1e-3, Verdict.not_reproduced),
        (-0.05, 1e-3, Verdict.not_reproduced),
        (0.0, 0.1, Verdict.undecided),
    ):
        told = np.stack([0.8 + 0 * noise, 0.8 + change + spread * noise, 0.8 + 0 * noise + 1e-4 * noise], 1)
        fixed = Table(methods=np.array(["baseline", "FLT .07", "FLT .1"]), shape_told_apart=told, one_attribute=told)
        assert judged(real_table.table_one_attribute, fixed) == expected
        assert (judged(real_icons.icons_one_word, fixed) == Verdict.holds) == (expected == Verdict.reproduced)


def test_the_sampling_floor_is_below_chance_or_it_is_not():
    for left, expected in ((0.0, Verdict.holds), (0.01, Verdict.holds), (0.05, Verdict.does_not_hold)):
        raw = np.sqrt(left**2 + 0.025**2) + 1e-4 * np.arange(SEEDS)
        columns = {"gap": raw[:, None], "debiased_gap": np.full((SEEDS, 1), left)}
        assert judged(real_table.table_floor, Table(columns, methods=np.array(["FLT .1"]))) == expected


# Runs


def test_the_long_runs_estimators_on_a_run_written_by_hand():
    steps = np.array([0, 60, 100, 300, 1000, 2000])
    gap = np.array([1.0, 0.9, 0.4, 0.1, 0.2, 0.3])
    matched = np.array([0, 0, 0.1, 0.95, 0.99, 1.0])
    r = {"steps": steps, "gap": np.tile(gap, (5, 2, 1)), "matched": np.tile(matched, (5, 2, 1))}
    assert close(real_longrun.rise_while_matched(r), 0.2)
    assert close(real_longrun.matched_at_half(r), 0.1)
    straight = {"steps": steps[1:], "gap": np.tile(0.1 + 2 / np.log10(steps[1:]) ** 2, (5, 2, 1))}
    assert close(real_longrun.line(straight, 0)[0].slope, -2) and close(
        real_longrun.line(straight, 0)[0].intercept, 0.1
    )

    assert close(real_longrun.least_matched(r), 0.95)
    rises = real_longrun.fig4a_rises_again
    value, met = rises.conditions[0].measure([r])
    assert (value, met) == (pytest.approx(0.95), False)
    assert judged(rises, r) == Verdict.holds
    assert judged(rises, r | {"gap": -r["gap"]}) == Verdict.does_not_hold
    never = r | {"matched": 0 * r["matched"]}
    assert judged(rises, never) == Verdict.does_not_hold  # nothing was seen, so nothing holds


def test_the_claims_about_two_starts_on_runs_written_by_hand():
    """An opening that stays whole, one that never comes, and one that training mostly takes back."""
    noise = 1e-3 * np.arange(SEEDS)[:, None]
    claims = [getattr(real_starts, name) for name in ("fig1b_opens", "fig1b_stays", "fig1b_transient", "fig1_same_end")]
    for closed, expected in (
        ((0.2, 0.4, 0.41), "1100"),
        ((0.3, 0.2, 0.25), "00"),
        ((0.2, 0.45, 0.26), "1111"),
        ((0.3, 0.45, 0.25), "1011"),
    ):
        gaps = [np.array([1.2, 1.1, 0.26]) + noise * [2, 1, 1], np.array(closed) + noise * [1, 2, 3]]
        r = {"steps": np.array([0, 20, 768]), "gap": np.stack(gaps, 1)}
        good = [judged(c, r) in (Verdict.reproduced, Verdict.holds) for c in claims]
        assert good[: len(expected)] == [c == "1" for c in expected], closed


def test_a_gap_below_chance_is_no_gap_that_is_left():
    for end, expected in ((0.26, Verdict.reproduced), (0.05, Verdict.not_reproduced)):
        gap = np.full((SEEDS, 2, 2), end) + 1e-4 * np.arange(SEEDS)[:, None, None]
        assert judged(real_starts.fig1a_end, {"gap": gap}) == expected


def test_a_swept_gap_is_compared_each_way_and_not_on_average():
    """Equal on average, but lagging: both ways must fail; equal on both: both must pass; equal on one: that one
    alone."""
    own = np.array([0.28, 0.1, 0.03])
    fixed = Table(methods=np.array(["FLT .01", "FLT .07", "FLT .1"]), gap=np.tile(own, (SEEDS, 1)))
    for up, down in ((1.0, 1.0), (1.5, 0.5), (1.1, 1.6)):
        swept = {
            "temperatures": np.array([0.01, 0.07, 0.1]),
            "gap": np.tile(np.stack([up * own, down * own]), (SEEDS, 1, 1)),
        }
        for way, factor in (("up", up), ("down", down)):
            claim = named(real_moved.AS_FIXED, f"sweep_fixed_{way}")
            assert (judged(claim, swept, fixed) == Verdict.holds) == (abs(np.log(factor)) < np.log(1.25))


def test_moved_clouds_must_neither_gain_nor_lose():
    shares, noise = np.array([0.0, 1.0]), 1e-4 * np.arange(SEEDS)
    for change, expected in ((0.0, Verdict.holds), (0.04, Verdict.does_not_hold), (-0.04, Verdict.does_not_hold)):
        r = {"shares": shares, "moved_image_retrieval": np.stack([0.7 + 0 * noise, 0.7 + change + noise], 1)}
        assert judged(named(real_moved.TRANSLATION, "translation_image"), r) == expected


# Bad input


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: scenes.FixedSetting.at("book", test=500), "gallery of 1000"),
        (lambda: scenes.FixedSetting.at("book", methods=("HS 2",)), "HS 2"),
    ],
)
def test_impossible_settings_get_one_sentence(make, words):
    with pytest.raises(InputError, match=words) as error:
        make()
    assert "\n" not in str(error.value)


def test_absent_data_are_said_in_one_sentence():
    config = mscoco.MscocoSetting.at("paper")
    with pytest.raises(DataAbsent, match="MSCOCO") as error:
        mscoco.mscoco.data(config)
    assert "\n" not in str(error.value) and set(mscoco.COLUMNS) <= {f for f in published.Row.__dataclass_fields__}
