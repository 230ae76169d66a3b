"""Xue et al. 2024: the published points, lines and groups, and the two readings of equal accuracy on made points."""

from itertools import product

import numpy as np
import pytest
import torch

from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims import heads as head_claims
from mmcl_core.papers.xue2024.claims import published as claims
from mmcl_core.papers.xue2024.claims.semi_published import PUBLISHED
from mmcl_core.papers.xue2024.experiments import heads
from mmcl_core.papers.xue2024.experiments.published import PublishedSetting, published
from tests.tolerances import close


@pytest.fixture(scope="module")
def points():
    return published.compute(PublishedSetting(), [], torch.device("cpu"))


def test_the_points_are_all_there_and_in_order(points):
    sizes = {
        (data, series): len(claims.points(points, data, series)[0])
        for data, series in {*zip(points["data"].tolist(), points["series"].tolist(), strict=True)}
    }
    assert sum(sizes.values()) == len(points["id"]) == 141
    assert sizes["coco", "CLIP"] == 11 and sizes["coco", "SL"] == 8 and sizes["cc", "SimCLR"] == 11
    assert claims.points(points, "coco", "CLIP", "3a")[0].tolist() == [25.9, 39.9, 43.7, 38.8, 40.9, 44.0, 47.8, 45.6]
    assert [c[-1] for c in claims.points(points, "cc", "SL")] == [86.6, 19.2]
    for series, pair in PUBLISHED.items():
        assert tuple(c[0] for c in claims.points(points, "digits", series)) == pair


def test_figure_7_repeats_four_points_of_figure_3a(points):
    for method in ("CLIP", "SL"):
        inner = claims.points(points, "cc", method)
        for axis, again in zip(inner, claims.points(points, "cc", f"{method} RN50"), strict=True):
            np.testing.assert_allclose(axis[4:8], again, atol=0.101)  # the error of reading


def test_the_line_solves_the_normal_equations(points):
    x, y = claims.points(points, "cc", "CLIP")
    slope, intercept = claims.line(x, y)
    rest = y - slope * x - intercept
    assert close(rest.sum(), 0) and (rest @ x) == pytest.approx(0, abs=1e-7)


def test_groups_give_back_the_two_accuracies(points):
    for series, (identity, ood) in PUBLISHED.items():
        agree, conflict = claims.groups(points, series)
        assert close(0.995 * agree + 0.005 * conflict, identity)
        assert close((agree + conflict) / 2, ood)


def test_interpolation_does_not_leave_the_range():
    line = (np.array([10.0, 30.0, 20.0]), np.array([1.0, 3.0, 2.0]))
    assert close(claims.between(line, np.array([15.0, 25.0])), [1.5, 2.5])
    assert np.isnan(claims.between(line, np.array([9.0, 31.0]))).all()


class Made(dict):
    config = heads.HeadsSetting.at("book", full=(16, 32), supervised=(4, 8, 16, 32, 64), label=(4, 16))


def places(identity, ood):
    return np.broadcast_to(np.stack([identity] + [ood] * 6, -1), (5, len(identity), 7))


def test_both_readings_of_equal_accuracy():
    """A method on the line through the wide heads, but below the narrow ones: above in neither, below in one."""
    wide_id, narrow_id = np.array([0.8, 0.9, 0.95]), np.array([0.3, 0.6])
    line = lambda x: 0.5 * x - 0.2  # noqa: E731
    supervised = places(np.concatenate([narrow_id, wide_id]), np.concatenate([[0.15, 0.3], line(wide_id)]))
    full = np.array([0.6, 0.45])
    r = Made(supervised=supervised, full=places(full, line(full)))
    assert close(head_claims.above_line(r, "full", "supervised"), 0)
    at_45 = np.interp(*(head_claims.logit(np.array(v)) for v in (0.45, [0.3, 0.6], [0.15, 0.3])))
    expected = np.mean([line(0.6) - 0.3, line(0.45) - 1 / (1 + np.exp(-at_45))])
    assert close(head_claims.above_measured(r, "full", "supervised"), expected)
    r["full"] = places(np.array([0.1, 0.2]), np.array([0.1, 0.1]))
    assert np.isnan(head_claims.above_measured(r, "full", "supervised")).all()


def test_hues_and_glyphs():
    ink = np.zeros((2, 4, 4))
    ink[:, 1] = 1
    on_hue = heads.coloured(ink, np.array([0.0, 1 / 3]))
    assert on_hue[0, 0, 0].tolist() == [140, 28, 28] and on_hue[1, 0, 0].tolist() == [28, 140, 28]
    assert (on_hue[:, 1] == 255).all() and (heads.coloured(ink, None)[:, 0] == 0).all()


def test_held_out_icons_are_a_share_of_every_class_and_change_with_the_seed():
    label = np.repeat(np.arange(4), [10, 20, 5, 2])
    held = heads.held_out(label, 0.2, 0)
    assert np.bincount(label[held]).tolist() == [2, 4, 1, 1]
    assert not np.array_equal(held, heads.held_out(label, 0.2, 1))


def test_training_sees_no_held_out_icon_and_the_backgrounds_tell_the_class():
    config = heads.HeadsSetting.at(Tier.smoke, seeds=1)
    data = heads.features(config, torch.device("cpu"))
    label = data.labels["id"]
    assert all(np.array_equal(data.labels[p], label) for p in ("hue", "inverted", "black"))
    test = heads.held_out(label, config.held_out, 0)
    broken = {**data.images, "id": data.images["id"].clone()}
    broken["id"][torch.as_tensor(test)] = torch.nan
    spoilt = heads.Features(broken, data.labels, data.names, data.words)
    outputs, _ = heads.trained_heads("supervised", (4,), spoilt, ~test[None], config, [0], torch.device("cpu"))
    assert all(torch.isfinite(found).all() for found in outputs(data.images["id"][None]))
    for method in ("full", "label"):
        _, (prompts,) = heads.trained_heads(method, (4,), data, ~test[None], config, [0], torch.device("cpu"))
        assert prompts.shape == (1, config.classes, 4)


@pytest.mark.parametrize("method", ["supervised", "full", "full_no_intra"])
def test_a_seed_and_a_width_beside_others_are_the_same_alone(method):
    """Start, batches, batch norm's statistics and the temperature are each seed's own.

    Not to the last digits: a bias before batch norm has no gradient but rounding, which Adam makes a step of full size.
    """
    config, rng = heads.HeadsSetting.at(Tier.smoke, epochs=2, batch=8), np.random.default_rng(0)
    label = np.arange(40) % 4
    drawn = [torch.as_tensor(rng.standard_normal(shape)).float() for shape in ((40, 12), (40, 5), (4, 5))]
    data = heads.Features({"id": drawn[0]}, {"id": label}, *drawn[1:])
    seen = np.stack([~heads.held_out(label, 0.2, seed) for seed in (0, 1)])
    device = torch.device("cpu")
    outputs, read_outs = heads.trained_heads(method, (3, 6), data, seen, config, [0, 1], device)
    together = outputs(drawn[0].expand(2, -1, -1))
    for s, (w, width) in product((0, 1), enumerate((3, 6))):
        alone, (read_out,) = heads.trained_heads(method, (width,), data, seen[s : s + 1], config, [s], device)
        torch.testing.assert_close(alone(drawn[0][None])[0][0], together[w][s], rtol=0, atol=0.02)
        np.testing.assert_allclose(read_out[0], read_outs[w][s], atol=0.02)
    for of_one_width in together:
        assert not torch.allclose(of_one_width[0], of_one_width[1], atol=0.2)


def test_heads_side_by_side_are_those_alone():
    alone = [[heads.head(7, width) for _ in range(2)] for width in (3, 5)]
    features = torch.randn(2, 20, 7)
    together = heads.Heads(alone)
    for _ in range(2):  # in training, then by the running statistics
        for found, same in zip(together(features), alone, strict=True):
            expected = torch.stack([h(x) for h, x in zip(same, features, strict=True)])
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        for part in (together, *alone[0], *alone[1]):
            part.eval()


def test_a_head_is_three_layers_with_batch_norm_between():
    names = [type(m).__name__ for m in heads.head(10, 6)]
    assert names == ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d", "ReLU", "Linear"]


def test_the_lines_interval_is_that_of_statistics_books():
    """By the design matrix: x0^T (X^T X)^-1 x0 times the residual variance, and the 97.5 % point of Student's t."""
    x, y = np.array([60.0, 70.0, 80.0, 85.0]), np.array([20.0, 26.0, 29.0, 33.0])
    made = {"data": np.full(7, "cc"), "figures": np.full(7, "3a"), "series": np.repeat(["SL", "CLIP"], [4, 3])}
    made |= {"id": np.append(x, [10.0, 30.0, 50.0]), "ood": np.append(y, [9.0, 22.0, 12.0])}
    design, at = np.column_stack([np.ones(4), x]), np.array([1.0, 30.0])
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    variance = ((y - design @ beta) ** 2).sum() / 2 * (at @ np.linalg.inv(design.T @ design) @ at)
    value, half, above = claims.supervised_line_at(made, "cc")
    assert close(value, at @ beta)
    assert close(half, 4.302652729911275 * np.sqrt(variance))  # two degrees of freedom
    assert close(above, 12.0 - at @ beta)
