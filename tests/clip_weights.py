"""Generated weights of a CLIP in Hugging Face's and in OpenCLIP's names, for the tests of the CLIP room."""

import torch
from transformers import CLIPConfig, CLIPModel

from mmcl_core.clip.tokens import Tokens
from tests.clip_runs import towers


def library(run, tokens):
    """The run's towers as `transformers` builds them, with weights of their own."""
    text = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256,
            "vocab_size": tokens.vocabulary, "max_position_embeddings": run.context, "bos_token_id": tokens.start,
            "eos_token_id": tokens.end, "pad_token_id": tokens.padding,
            "hidden_act": run.activation}  # fmt: skip
    vision = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 256,
              "patch_size": 8, "image_size": run.pixels, "hidden_act": run.activation}  # fmt: skip
    torch.manual_seed(9)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=run.width)).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.02 * torch.randn_like(p))
    return model


def openclip_names(weights, halves=("vision_model", "text_model")):
    """The library's weights in OpenCLIP's layout, written out by hand."""
    there, vision = {"logit_scale": weights["logit_scale"]}, "vision_model" in halves
    if vision:
        there["visual.proj"] = weights["visual_projection.weight"].T.contiguous()
        there["visual.class_embedding"] = weights["vision_model.embeddings.class_embedding"]
        there["visual.positional_embedding"] = weights["vision_model.embeddings.position_embedding.weight"]
        there["visual.conv1.weight"] = weights["vision_model.embeddings.patch_embedding.weight"]
    there["text_projection"] = weights["text_projection.weight"].T.contiguous()
    there["token_embedding.weight"] = weights["text_model.embeddings.token_embedding.weight"]
    there["positional_embedding"] = weights["text_model.embeddings.position_embedding.weight"]
    for kind in ("weight", "bias"):
        if vision:
            there[f"visual.ln_pre.{kind}"] = weights[f"vision_model.pre_layrnorm.{kind}"]
            there[f"visual.ln_post.{kind}"] = weights[f"vision_model.post_layernorm.{kind}"]
        there[f"ln_final.{kind}"] = weights[f"text_model.final_layer_norm.{kind}"]
        for ours, theirs, layers in (("vision_model", "visual.", 3), ("text_model", "", 2)):
            for k in range(layers if ours in halves else 0):
                a, b = f"{ours}.encoder.layers.{k}", f"{theirs}transformer.resblocks.{k}"
                parts = [weights[f"{a}.self_attn.{p}_proj.{kind}"] for p in "qkv"]
                there[f"{b}.attn.in_proj_{kind}"] = torch.cat(parts)
                there[f"{b}.attn.out_proj.{kind}"] = weights[f"{a}.self_attn.out_proj.{kind}"]
                there[f"{b}.ln_1.{kind}"] = weights[f"{a}.layer_norm1.{kind}"]
                there[f"{b}.ln_2.{kind}"] = weights[f"{a}.layer_norm2.{kind}"]
                there[f"{b}.mlp.c_fc.{kind}"] = weights[f"{a}.mlp.fc1.{kind}"]
                there[f"{b}.mlp.c_proj.{kind}"] = weights[f"{a}.mlp.fc2.{kind}"]
    return there


def openclip_resnet(run, seed=4):
    """Generated weights of the run's image tower in OpenCLIP's names, with running statistics of a trained one."""
    g = torch.Generator().manual_seed(seed)
    out = {}
    for name, value in towers(run).image.body.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        drawn = torch.randn(value.shape, generator=g)
        if value.ndim == 1 and name.endswith(("running_var", "weight")):
            drawn = drawn.abs() + 0.5
        else:  # offsets small, so that pictures differ by what is in them
            drawn = drawn * (0.1 if value.ndim == 1 else 1.2 * value[0].numel() ** -0.5)
        out[f"visual.{name}"] = drawn
    return out


def openclip_text(run):
    """The text half of `library` in OpenCLIP's names."""
    return openclip_names(library(run, Tokens("", run.context)).state_dict(), ("text_model",))
