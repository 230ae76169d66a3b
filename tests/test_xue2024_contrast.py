"""Our variant of the digits: masks of negatives, training, read-outs, claims, and bad input."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from mmcl_core import stats
from mmcl_core.data import backgrounds
from mmcl_core.errors import InputError
from mmcl_core.evidence.rules import Outcome, Within, before
from mmcl_core.lab.config import Tier
from mmcl_core.losses import clip_loss
from mmcl_core.papers.xue2024 import contrast
from mmcl_core.papers.xue2024.experiments import digits, icons, robustness
from tests.test_xue2024_backgrounds import split
from tests.tolerances import close


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
    assert close(float(ours), total / 14)
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
    assert close(weights[0], weights[1])
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
    """Accuracy with random backgrounds is the mixture of both halves, and the first of the five shifts; a model that
    says the background's class has 1 and 0.
    """
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


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: digits.DigitsSetting.at(Tier.paper, agreement=1.2), "agreement"),
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


def test_equivalence_needs_the_whole_interval():
    """A mean inside the margin whose interval is not is undecided; too few seeds decide nothing."""
    margin = Within(0, absolute=0.03, basis=before("a test"))
    for sample, outcome in (
        ([0.01, 0.0, 0.02, 0.01, 0.005], Outcome.holds),
        ([0.05, -0.04, 0.03, -0.02, 0.01], Outcome.undecided),
        ([0.05, 0.051, 0.049, 0.052, 0.05], Outcome.fails),
        ([0.0, 0.0, 0.0], Outcome.undecided),
    ):
        assert margin.judge(stats.mean(np.array(sample))) == outcome
