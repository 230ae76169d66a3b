"""Pretrained weights: those of the library and of OpenCLIP give the networks they came from."""

import json

import pytest
import torch
from safetensors.torch import save_file

from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.weights import from_openclip, load_weights
from mmcl_core.errors import InputError
from tests.clip_folder import coco_folder
from tests.clip_runs import batch_of, small, towers
from tests.clip_weights import library, openclip_names, openclip_resnet, openclip_text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return coco_folder(tmp_path_factory.mktemp("clip") / "coco")


def features(output):
    return output if isinstance(output, torch.Tensor) else output.pooler_output


@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
def test_weights_of_the_library_give_its_outputs(folder, tmp_path, activation):
    run = small(folder, activation=activation)
    tokens = Tokens("", run.context)
    model, (pictures, words, _) = library(run, tokens), batch_of(run, 5)
    save_file({n: p.contiguous() for n, p in model.state_dict().items()}, tmp_path / "model.safetensors")
    clip = towers(run).eval()
    load_weights(clip, tmp_path, activation)
    with torch.no_grad():
        image, text, temperature = clip(pictures, words)
        assert torch.allclose(image, features(model.get_image_features(pixel_values=pictures)), atol=1e-5)
        assert torch.allclose(text, features(model.get_text_features(input_ids=words)), atol=1e-5)
        assert float(temperature) == pytest.approx(float(torch.exp(-model.logit_scale)), rel=1e-5)


def test_weights_in_openclips_names_are_the_same_network(folder, tmp_path):
    """OpenCLIP's layout, written out by hand from the library's weights, comes back as they were."""
    run = small(folder)
    weights = dict(library(run, Tokens("", run.context)).state_dict())
    back = from_openclip(openclip_names(weights))
    learnt = {n for n in weights if "position_ids" not in n}
    assert back.keys() == learnt and all(torch.equal(back[n], weights[n]) for n in learnt)


def test_other_weights_are_refused(folder, tmp_path):
    run = small(folder)
    save_file({"some.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="lack"):
        load_weights(towers(run), tmp_path / "other.safetensors", "gelu")
    wide = small(folder, width=8)
    weights = library(wide, Tokens("", run.context)).state_dict()
    save_file({n: p.contiguous() for n, p in weights.items()}, tmp_path / "wide.safetensors")
    with pytest.raises(InputError, match="of shape"):
        load_weights(towers(run), tmp_path / "wide.safetensors", "gelu")
    with pytest.raises(InputError, match="not in OpenCLIP's format"):
        load_weights(towers(small(folder, image_tower="resnet-tiny")), tmp_path / "wide.safetensors", "gelu")


def plain_resnet(w, x, depths):
    """CLIP's ResNet from the weights `w` under OpenCLIP's names, written down once more with nothing but functions."""

    def norm(name, y):
        at = [None, slice(None), None, None]
        mean, variance, gain, shift = (
            w[f"visual.{name}.{k}"][tuple(at)] for k in ("running_mean", "running_var", "weight", "bias")
        )
        return (y - mean) / torch.sqrt(variance + 1e-5) * gain + shift

    def convolved(name, y, stride=1):
        kernel = w[f"visual.{name}.weight"]
        return torch.nn.functional.conv2d(y, kernel, stride=stride, padding=kernel.shape[-1] // 2)

    def pooled(y):
        return (y[..., ::2, ::2] + y[..., 1::2, ::2] + y[..., ::2, 1::2] + y[..., 1::2, 1::2]) / 4

    for k in (1, 2, 3):
        x = norm(f"bn{k}", convolved(f"conv{k}", x, 2 if k == 1 else 1)).clamp_min(0)
    x = pooled(x)
    for stage, depth in enumerate(depths, 1):
        for block in range(depth):
            at, halve = f"layer{stage}.{block}", stage > 1 and block == 0
            y = norm(f"{at}.bn1", convolved(f"{at}.conv1", x)).clamp_min(0)
            y = norm(f"{at}.bn2", convolved(f"{at}.conv2", y)).clamp_min(0)
            y = norm(f"{at}.bn3", convolved(f"{at}.conv3", pooled(y) if halve else y))
            if block == 0:
                x = norm(f"{at}.downsample.1", convolved(f"{at}.downsample.0", pooled(x) if halve else x))
            x = (x + y).clamp_min(0)
    points = x.flatten(2).mT
    points = torch.cat([points.mean(1, keepdim=True), points], 1) + w["visual.attnpool.positional_embedding"]
    heads = points.shape[-1] // 64

    def projected(name, y):
        return y @ w[f"visual.attnpool.{name}.weight"].T + w[f"visual.attnpool.{name}.bias"]

    q, k, v = (projected(f"{n}_proj", points).unflatten(-1, (heads, 64)) for n in "qkv")
    weights = torch.softmax(torch.einsum("bhd,bnhd->bhn", q[:, 0] / 8, k), -1)  # of the mean position alone
    return projected("c_proj", torch.einsum("bhn,bnhd->bhd", weights, v).flatten(1))


def test_a_resnet_of_openclip_gives_its_outputs(folder, tmp_path):
    run = small(folder, image_tower="resnet-tiny", width=24)
    there = openclip_resnet(run) | openclip_text(run)
    save_file(there, tmp_path / "open_clip_model.safetensors")
    clip, (pictures, words, _) = towers(run).eval(), batch_of(run, 5)
    load_weights(clip, tmp_path, run.activation)
    with torch.no_grad():
        image, text, _ = clip(pictures, words)
        expected = plain_resnet({n: v.double() for n, v in there.items()}, pictures.double(), (1, 1))
        theirs = features(library(run, Tokens("", run.context)).get_text_features(input_ids=words))
    assert 0.1 < float(expected.std(0).mean()) < 1 and torch.allclose(image.double(), expected, atol=1e-5)
    assert torch.allclose(text, theirs, atol=1e-5)


def test_the_full_resnet_50_of_openclip_gives_its_outputs(folder):
    """At its own depths, widths and 224 pixels."""
    run = small(folder, image_tower="RN50", width=1024, pixels=224)
    there, pictures = openclip_resnet(run), torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    tower = towers(run).image.eval()
    tower.body.load_state_dict({n.removeprefix("visual."): v for n, v in there.items()}, strict=False)
    with torch.no_grad():
        found = tower.double()(pictures.double())
        expected = plain_resnet({n: v.double() for n, v in there.items()}, pictures.double(), (3, 4, 6, 3))
    assert torch.allclose(found, expected, atol=1e-5 * float(expected.std()))


@pytest.mark.parametrize(
    ("tower", "text", "width", "pixels", "parameters"),
    [
        ("RN50", "clip", 1024, 224, 102_007_137),
        ("RN101", "clip", 512, 224, 119_688_033),
        ("RN50x4", "clip-640", 640, 288, 178_300_601),
        ("ViT-B-32", "clip", 512, 224, 151_277_313),
        ("ViT-B-16", "clip", 512, 224, 149_620_737),
    ],
)
def test_the_towers_are_as_large_as_the_published_ones(folder, tower, text, width, pixels, parameters):
    """Parameters of the released models, which have a vocabulary of 49,408."""
    run = small(folder, image_tower=tower, text_tower=text, width=width, pixels=pixels, context=77)
    with torch.device("meta"):
        clip = towers(run)
    words = clip.text.body.text_model.embeddings.token_embedding.weight
    assert sum(p.numel() for p in clip.parameters()) - words.numel() + 49_408 * words.shape[1] == parameters


def test_openclips_names_of_a_resnet_50(folder):
    """Names and shapes of the released file, from its description; the whole list is `openclip_resnet`'s."""
    with torch.device("meta"):
        there = openclip_shapes(small(folder, image_tower="RN50", width=1024, pixels=224))
    for name, shape in {
        "visual.conv1.weight": (32, 3, 3, 3), "visual.conv3.weight": (64, 32, 3, 3), "visual.bn2.running_var": (32,),
        "visual.layer1.0.conv1.weight": (64, 64, 1, 1), "visual.layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "visual.layer1.2.bn3.bias": (256,), "visual.layer3.5.conv2.weight": (256, 256, 3, 3),
        "visual.layer4.0.downsample.1.running_mean": (2048,), "visual.layer4.2.conv3.weight": (2048, 512, 1, 1),
        "visual.attnpool.positional_embedding": (50, 2048), "visual.attnpool.k_proj.weight": (2048, 2048),
        "visual.attnpool.c_proj.weight": (1024, 2048), "visual.attnpool.c_proj.bias": (1024,),
    }.items():  # fmt: skip
        assert there[name] == shape
    assert "visual.layer1.1.downsample.0.weight" not in there and "visual.layer4.3.conv1.weight" not in there


def openclip_shapes(run):
    return {f"visual.{n}": tuple(v.shape) for n, v in towers(run).image.body.state_dict().items()}


def test_an_activation_that_the_folder_contradicts_is_refused(folder, tmp_path):
    run = small(folder)
    save_file(
        {n: p.contiguous() for n, p in library(run, Tokens("", run.context)).state_dict().items()},
        tmp_path / "model.safetensors",
    )
    (tmp_path / "config.json").write_text(json.dumps({"text_config": {"hidden_act": "quick_gelu"}}))
    with pytest.raises(InputError, match="want activation=quick_gelu"):
        load_weights(towers(run), tmp_path, "gelu")
    load_weights(towers(run), tmp_path, "quick_gelu")
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"embed_dim": 16}}))
    with pytest.raises(InputError, match="want activation=gelu"):
        load_weights(towers(run), tmp_path, "quick_gelu")
    (tmp_path / "open_clip_config.json").write_text("[]")
    with pytest.raises(InputError, match="cannot be read"):
        load_weights(towers(run), tmp_path, "gelu")


def test_a_temperature_that_a_method_fixes_stays(folder, tmp_path):
    run = small(folder)
    weights = library(run, Tokens("", run.context)).state_dict() | {"logit_scale": torch.tensor(4.0)}
    save_file({n: p.contiguous() for n, p in weights.items()}, tmp_path / "model.safetensors")
    for method, expected in (("FLT .2", 0.2), ("TS S0", 0.01), ("baseline", float(torch.exp(torch.tensor(-4.0))))):
        clip = towers(run, method)
        load_weights(clip, tmp_path, "gelu")
        assert float(clip.temperature().detach()) == pytest.approx(expected, rel=1e-5)
