"""The parts that trained towers are made of: temperatures, small towers, pretrained towers, emoji, and the published
features of a real CLIP."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from mmcl_core.data import clip_features, emojis
from mmcl_core.data.sources import SOURCES
from mmcl_core.errors import DataAbsent, InputError
from mmcl_core.metrics import modality_gap
from mmcl_core.models import pretrained
from mmcl_core.models.temperature import Temperature
from mmcl_core.models.towers import TokenTower, perceptron, read_by_position, seeded, strided_convolutions
from tests.tolerances import close

# Temperature


@pytest.mark.parametrize(("scale", "stretch"), [("exp", 1.0), ("exp", 10.0), ("softplus", 1.0), ("fixed", 1.0)])
@pytest.mark.parametrize("start", [0.01, 0.07, 1.0, 5.0])
def test_every_scale_starts_where_it_is_told(scale, stretch, start):
    assert Temperature(start, scale, stretch)().item() == pytest.approx(start, rel=1e-4)


def test_the_scales_are_what_their_names_say():
    for nu in (-1.0, 0.5, 3.0):
        for scale, stretch, beta in (
            ("exp", 1, math.exp(nu)),
            ("exp", 4, math.exp(nu / 4)),
            ("softplus", 1, math.log1p(math.exp(nu))),
        ):
            t = Temperature(1.0, scale, stretch).double()
            with torch.no_grad():
                t.nu.fill_(nu)
            assert close(t().item(), 1 / beta)


def test_gradients_reach_nu_with_the_derivative_of_the_scale():
    """d(1/tau)/d nu: beta for exp, beta/s when stretched, 1 - e^-beta for softplus. Forgetting it gives a plausible,
    wrong dynamics."""
    for scale, stretch, slope in (
        ("exp", 1, lambda b: b),
        ("exp", 2, lambda b: b / 2),
        ("softplus", 1, lambda b: 1 - math.exp(-b)),
    ):
        t = Temperature(0.5, scale, stretch).double()
        (1 / t()).backward()
        assert t.nu.grad.item() == pytest.approx(slope(2.0), rel=1e-6)
    assert not Temperature(0.5, "fixed").nu.requires_grad


def test_the_clamp_holds_for_exp_alone():
    for stretch in (1.0, 2.0):
        t = Temperature(0.001, "exp", stretch)
        t.clamp()
        assert t().item() == pytest.approx(0.01, rel=1e-5)
        t.set(3.0)
        t.clamp()
        assert close(t().item(), 1.0)
    for scale in ("softplus", "fixed"):
        t = Temperature(0.001, scale)
        t.clamp()
        assert t().item() == pytest.approx(0.001, rel=1e-4)


def test_softplus_starts_exactly_even_where_beta_is_small():
    """nu = beta + log(1 - e^-beta), not log beta, which would start CLIP's 14.3 at 2.73."""
    assert softplus(Temperature(50.0, "softplus").nu).item() == pytest.approx(0.02, rel=1e-4)
    assert softplus(torch.tensor(math.log(1 / 0.07))).item() == pytest.approx(2.73, abs=0.01)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Temperature(0.0), "cannot be 0"),
        (lambda: Temperature(float("inf")), "cannot be inf"),
        (lambda: Temperature(0.1, "exp", 0.0), "stretch"),
        (lambda: Temperature(0.1).set(-1), "positive"),
    ],
)
def test_impossible_temperatures_get_one_sentence(make, words):
    with pytest.raises(InputError, match=words) as error:
        make()
    assert "\n" not in str(error.value)


# Small towers


@pytest.mark.parametrize(
    ("channels", "size", "kernels"),
    [((3, 16, 32), 16, (4, 3)), ((1, 8), 32, None), ((3, 4, 4, 8), 28, None), ((1, 2), 9, (5,))],
)
def test_convolutions_are_as_wide_as_they_say(channels, size, kernels):
    tower = strided_convolutions(channels, size, kernels)
    assert tower(torch.randn(2, channels[0], size, size)).shape == (2, tower.width)


def test_a_strided_convolution_equals_its_literal_loop():
    tower = strided_convolutions((1, 1), 6)
    x = torch.randn(1, 1, 6, 6)
    weight, bias = tower[0].weight[0, 0].detach(), tower[0].bias.item()
    padded = torch.nn.functional.pad(x[0, 0], (1, 1, 1, 1))
    literal = [
        [max(0.0, (padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] * weight).sum().item() + bias) for j in range(3)]
        for i in range(3)
    ]
    np.testing.assert_allclose(tower(x)[0].detach().numpy(), np.ravel(literal), atol=1e-5)


def test_features_read_by_position_give_the_same_answer():
    """As torch's own order with the layer as it was drawn."""
    tower, layer = strided_convolutions((3, 4, 5), 12), torch.nn.Linear(45, 7)
    x = torch.randn(6, 3, 12, 12)
    plain = layer(tower[:-1](x).flatten(1))
    assert close(read_by_position(layer, 5)(tower(x)), plain)


def test_a_token_tower_reads_every_word_at_its_place():
    tower = TokenTower(7, 3, 4, 5, 2)
    tokens = torch.tensor([[1, 6, 0], [6, 1, 0]])
    beside = torch.stack([torch.cat([tower.embedding.weight[k] for k in row]) for row in tokens])
    assert close(tower(tokens), tower.layers(beside))
    assert not torch.allclose(*tower(tokens))


def test_a_perceptron_ends_without_relu():
    layers = perceptron(3, 4, 2)
    x = torch.randn(50, 3)
    assert close(layers(x), layers[2](torch.relu(layers[0](x))))
    assert (layers(x) < 0).any()


def test_seeded_weights_are_their_streams_own_and_leave_the_global_stream_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    made = []
    for key in (("e", 0, "w"), ("e", 0, "w"), ("e", 1, "w"), ("e", 0, "v")):
        with seeded(*key):
            made.append(perceptron(3, 2)[0].weight.detach())
    assert close(torch.rand(3), expected)
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2]) and not torch.equal(made[0], made[3])


# Emoji and pretrained towers


def test_emoji_are_drawn_with_their_names():
    drawn = emojis.emojis(32)
    assert len(drawn.names) == len(drawn.characters) == len(drawn.images) and 1800 < len(drawn.names) < 2000
    assert drawn.images.shape[1:] == (32, 32, 3) and drawn.images[:, 0, 0].min() > 200  # on white
    ink = (drawn.images < 200).any(-1).mean((1, 2))
    assert ink.min() > 0.01  # none is empty
    assert len(np.unique(drawn.images.reshape(len(drawn.images), -1), axis=0)) > 0.97 * len(
        drawn.names
    )  # few share a picture
    assert len(set(drawn.names)) == len(drawn.names)
    red, green = (
        drawn.images[drawn.names.index(name)].astype(float).mean((0, 1)) for name in ("red apple", "green apple")
    )
    assert red[0] > red[1] and green[1] > green[0]


def test_emoji_have_their_provenance_and_a_range_of_sizes(monkeypatch):
    assert emojis.provenance()["openmoji"] == SOURCES["openmoji"].sha256
    with pytest.raises(InputError, match="8 to 256"):
        emojis.emojis(4)
    monkeypatch.setattr(emojis.features, "check", lambda name: False)
    with pytest.raises(InputError, match="Raqm"):
        emojis.provenance()


def test_image_features_do_not_depend_on_the_block_and_know_pictures():
    drawn = emojis.emojis(64)
    chosen = drawn.images[[drawn.names.index(n) for n in ("red apple", "green apple", "locomotive", "tram")]]
    whole, parts = (pretrained.image_features(chosen, torch.device("cpu"), block) for block in (4, 1))
    torch.testing.assert_close(whole, parts, rtol=1e-3, atol=1e-4)
    cosines = (
        torch.nn.functional.normalize(whole - whole.mean(0), dim=1)
        @ torch.nn.functional.normalize(whole - whole.mean(0), dim=1).T
    )
    assert cosines[0, 1] > cosines[0, 2] and cosines[0, 1] > cosines[0, 3]


def test_text_features_know_words():
    vectors = torch.nn.functional.normalize(
        pretrained.text_features(["red apple", "green apple", "steam locomotive"]), dim=1
    )
    assert vectors.shape == (3, 256) and vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    alone = torch.nn.functional.normalize(pretrained.text_features(["green apple"]), dim=1)
    assert close(alone[0], vectors[1])


def test_missing_towers_are_named(monkeypatch):
    assert pretrained.provenance() == {name: SOURCES[name].sha256 for name in ("efficientnet_lite0", "wordllama")}
    monkeypatch.setattr(
        type(SOURCES["wordllama"]), "locate", lambda self: None if self.name == "wordllama" else {"x": None}
    )
    with pytest.raises(InputError, match="wordllama is absent"):
        pretrained.provenance()


# A real CLIP


def test_absent_clip_features_are_said_in_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("MMCL_CACHE", str(tmp_path))
    monkeypatch.delenv("MMCL_DATA_DIR", raising=False)
    for call in (clip_features.provenance, clip_features.load):
        with pytest.raises(DataAbsent, match="mmcl data fetch clip_features") as error:
            call()
        assert "\n" not in str(error.value)


def test_clip_features_are_unit_vectors_with_the_published_gap():
    try:
        clip_features.provenance()
    except DataAbsent as absent:
        pytest.skip(str(absent))
    for trained, gap in ((True, 0.851), (False, 1.136)):
        image, text = clip_features.load(trained)
        assert image.shape == text.shape == (500, 512)
        np.testing.assert_allclose(np.linalg.norm(np.concatenate([image, text]), axis=1), 1, atol=1e-3)
        assert modality_gap(image, text) == pytest.approx(gap, abs=2e-3)
