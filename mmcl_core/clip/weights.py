"""Pretrained weights of a CLIP with transformer towers, in Hugging Face's or OpenCLIP's names, as safetensors."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mmcl_core.clip.towers import Clip, TextTower, ViTTower
from mmcl_core.errors import InputError


def load_weights(clip: Clip, path: Path) -> None:
    """Put the weights in `path` (a file, or a folder with model.safetensors) into `clip`.

    Raises
    ------
    InputError
        When the file cannot be read, its names are neither Hugging Face's nor OpenCLIP's, or shapes differ.
    """
    file = path / "model.safetensors" if path.is_dir() else path
    try:
        found = load_file(str(file))
    except (OSError, SafetensorError, FileNotFoundError) as error:
        raise InputError(
            f"The weights {file} cannot be read ({error}): name a .safetensors file or its folder"
        ) from None
    if not isinstance(clip.image, ViTTower) or not isinstance(clip.text, TextTower):
        raise InputError("Pretrained weights are read into ViT towers only: choose image_tower ViT-B-32 or ViT-B-16")
    if any(name.startswith("visual.") for name in found):
        found = from_openclip(found)
    wanted = {
        **{f"vision_model.{n}": p for n, p in clip.image.body.vision_model.state_dict().items()},
        **{f"text_model.{n}": p for n, p in clip.text.body.text_model.state_dict().items()},
        "visual_projection.weight": clip.image.body.visual_projection.weight,
        "text_projection.weight": clip.text.body.text_projection.weight,
    }
    for name, place in wanted.items():
        if name not in found and not name.endswith("position_ids"):
            raise InputError(f"The weights {file} lack {name}: allowed are CLIPs with ViT towers in Hugging Face's or "
                             "OpenCLIP's format")  # fmt: skip
        if name in found and found[name].shape != place.shape:
            raise InputError(
                f"The weights {file} have {name} of shape {tuple(found[name].shape)}, the run {tuple(place.shape)}: set "
                "image_tower, width, pixels, context and tokenizer to those of the weights"
            )
    with torch.no_grad():
        for name, place in wanted.items():
            if name in found:
                place.copy_(found[name])
        if "logit_scale" in found:
            clip.temperature.set(float(torch.exp(-found["logit_scale"])))


BLOCK = {
    "ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}  # fmt: skip
TOP = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final": "text_model.final_layer_norm",
    "logit_scale": "logit_scale",
}


def from_openclip(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """OpenCLIP's names and layouts to Hugging Face's: the joint query-key-value matrix is split, projections are
    transposed."""
    out: dict[str, Tensor] = {}
    for name, value in weights.items():
        if name == "visual.proj":
            out["visual_projection.weight"] = value.T.contiguous()
        elif name == "text_projection":
            out["text_projection.weight"] = value.T.contiguous()
        elif block := re.fullmatch(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)", name):
            tower = "vision_model" if block[1] else "text_model"
            prefix, rest = f"{tower}.encoder.layers.{block[2]}", block[3]
            if rest.startswith("attn.in_proj_"):
                kind = rest.removeprefix("attn.in_proj_")
                for part, piece in zip("qkv", value.chunk(3), strict=True):
                    out[f"{prefix}.self_attn.{part}_proj.{kind}"] = piece.contiguous()
            else:
                stem, _, kind = rest.rpartition(".")
                if stem in BLOCK:
                    out[f"{prefix}.{BLOCK[stem]}.{kind}"] = value
        elif name in TOP:
            out[TOP[name]] = value
        else:
            stem, _, kind = name.rpartition(".")
            if stem in TOP:
                out[f"{TOP[stem]}.{kind}"] = value
    return out
