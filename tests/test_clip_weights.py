"""Pretrained weights: those of the library and of OpenCLIP give the networks they came from."""

import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel

from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.weights import from_openclip, load_weights
from mmcl_core.errors import InputError
from tests.clip_folder import coco_folder
from tests.clip_runs import batch_of, small, towers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return coco_folder(tmp_path_factory.mktemp("clip") / "coco")


def library(run, tokens):
    text = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256,
            "vocab_size": tokens.vocabulary, "max_position_embeddings": run.context, "bos_token_id": tokens.start,
            "eos_token_id": tokens.end, "pad_token_id": tokens.padding}  # fmt: skip
    vision = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 256,
              "patch_size": 8, "image_size": run.pixels}  # fmt: skip
    torch.manual_seed(9)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=run.width)).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.02 * torch.randn_like(p))
    return model


def features(output):
    return output if isinstance(output, torch.Tensor) else output.pooler_output


def test_weights_of_the_library_give_its_outputs(folder, tmp_path):
    run = small(folder)
    tokens = Tokens("", run.context)
    model, (pictures, words, _) = library(run, tokens), batch_of(run, 5)
    save_file({n: p.contiguous() for n, p in model.state_dict().items()}, tmp_path / "model.safetensors")
    clip = towers(run).eval()
    load_weights(clip, tmp_path)
    with torch.no_grad():
        image, text, temperature = clip(pictures, words)
        assert torch.allclose(image, features(model.get_image_features(pixel_values=pictures)), atol=1e-5)
        assert torch.allclose(text, features(model.get_text_features(input_ids=words)), atol=1e-5)
        assert float(temperature) == pytest.approx(float(torch.exp(-model.logit_scale)), rel=1e-5)


def test_weights_in_openclips_names_are_the_same_network(folder, tmp_path):
    """OpenCLIP's layout, written out by hand from the library's weights, comes back as they were."""
    run = small(folder)
    weights = dict(library(run, Tokens("", run.context)).state_dict())
    there = {"visual.proj": weights["visual_projection.weight"].T.contiguous(), "logit_scale": weights["logit_scale"],
             "text_projection": weights["text_projection.weight"].T.contiguous(),
             "visual.class_embedding": weights["vision_model.embeddings.class_embedding"],
             "visual.positional_embedding": weights["vision_model.embeddings.position_embedding.weight"],
             "visual.conv1.weight": weights["vision_model.embeddings.patch_embedding.weight"],
             "token_embedding.weight": weights["text_model.embeddings.token_embedding.weight"],
             "positional_embedding": weights["text_model.embeddings.position_embedding.weight"]}  # fmt: skip
    for kind in ("weight", "bias"):
        there[f"visual.ln_pre.{kind}"] = weights[f"vision_model.pre_layrnorm.{kind}"]
        there[f"visual.ln_post.{kind}"] = weights[f"vision_model.post_layernorm.{kind}"]
        there[f"ln_final.{kind}"] = weights[f"text_model.final_layer_norm.{kind}"]
        for ours, theirs, layers in (("vision_model", "visual.", 3), ("text_model", "", 2)):
            for k in range(layers):
                a, b = f"{ours}.encoder.layers.{k}", f"{theirs}transformer.resblocks.{k}"
                parts = [weights[f"{a}.self_attn.{p}_proj.{kind}"] for p in "qkv"]
                there[f"{b}.attn.in_proj_{kind}"] = torch.cat(parts)
                there[f"{b}.attn.out_proj.{kind}"] = weights[f"{a}.self_attn.out_proj.{kind}"]
                there[f"{b}.ln_1.{kind}"] = weights[f"{a}.layer_norm1.{kind}"]
                there[f"{b}.ln_2.{kind}"] = weights[f"{a}.layer_norm2.{kind}"]
                there[f"{b}.mlp.c_fc.{kind}"] = weights[f"{a}.mlp.fc1.{kind}"]
                there[f"{b}.mlp.c_proj.{kind}"] = weights[f"{a}.mlp.fc2.{kind}"]
    back = from_openclip(there)
    learnt = {n for n in weights if "position_ids" not in n}
    assert back.keys() == learnt and all(torch.equal(back[n], weights[n]) for n in learnt)


def test_other_weights_are_refused(folder, tmp_path):
    run = small(folder)
    save_file({"some.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="lack"):
        load_weights(towers(run), tmp_path / "other.safetensors")
    wide = small(folder, width=8)
    weights = library(wide, Tokens("", run.context)).state_dict()
    save_file({n: p.contiguous() for n, p in weights.items()}, tmp_path / "wide.safetensors")
    with pytest.raises(InputError, match="of shape"):
        load_weights(towers(run), tmp_path / "wide.safetensors")
    with pytest.raises(InputError, match="ViT towers only"):
        load_weights(towers(small(folder, image_tower="resnet-tiny")), tmp_path / "wide.safetensors")
    assert isinstance(towers(run), nn.Module)
