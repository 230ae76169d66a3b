"""Pretrained weights of a CLIP, in Hugging Face's or OpenCLIP's names, as safetensors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mmcl_core.clip.towers import Clip, ResNetTower
from mmcl_core.errors import InputError

FILES = ("model.safetensors", "open_clip_model.safetensors")  # as Hugging Face's hub names them


def load_weights(clip: Clip, path: Path, activation: str) -> None:
    """Put the weights in `path` (a file, or a folder with one of `FILES`) into `clip`: ViT towers in Hugging Face's or
    OpenCLIP's names, ResNet towers in OpenCLIP's. The temperature is taken over where it is learnt.

    Raises
    ------
    InputError
        When the file cannot be read, its names are neither Hugging Face's nor OpenCLIP's, shapes differ, or the folder
        says that the weights want another activation.
    """
    file = next((path / name for name in FILES if (path / name).is_file()), path / FILES[0]) if path.is_dir() else path
    try:
        found = load_file(str(file))
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"The weights {file} cannot be read ({error}): name a .safetensors file or its folder"
        ) from None
    _check_activation(file.parent, activation)
    openclip = any(name.startswith("visual.") for name in found)
    if isinstance(clip.image, ResNetTower) and not openclip:
        raise InputError(f"The weights {file} are not in OpenCLIP's format, the only one that has CLIP's ResNets: name "
                         "others, or choose image_tower ViT-B-32 or ViT-B-16")  # fmt: skip
    wanted = _wanted(clip)
    if openclip:
        found = from_openclip(found)
    for name, place in wanted.items():
        if name not in found and not name.endswith(COUNTERS):
            raise InputError(f"The weights {file} lack {name}: allowed are CLIPs with the run's image_tower and "
                             "text_tower in Hugging Face's or OpenCLIP's format")  # fmt: skip
        if name in found and found[name].shape != place.shape:
            raise InputError(
                f"The weights {file} have {name} of shape {tuple(found[name].shape)}, the run {tuple(place.shape)}: "
                "set image_tower, width, pixels, context and tokenizer to those of the weights"
            )
    with torch.no_grad():
        for name, place in wanted.items():
            if name in found:
                place.copy_(found[name])
    if "logit_scale" in found and clip.temperature.nu.requires_grad:
        clip.temperature.set(float(torch.exp(-found["logit_scale"])))


COUNTERS = ("position_ids", "num_batches_tracked")  # nothing is computed from them


def _wanted(clip: Clip) -> dict[str, Tensor]:
    """The parameters of `clip` under Hugging Face's names; those of a ResNet under OpenCLIP's."""
    text = clip.text.body
    wanted = {f"text_model.{n}": p for n, p in text.text_model.state_dict().items()}
    wanted["text_projection.weight"] = text.text_projection.weight
    if isinstance(clip.image, ResNetTower):
        return wanted | {f"visual.{n}": p for n, p in clip.image.body.state_dict().items()}
    image = clip.image.body
    wanted |= {f"vision_model.{n}": p for n, p in image.vision_model.state_dict().items()}
    return wanted | {"visual_projection.weight": image.visual_projection.weight}


def _check_activation(folder: Path, activation: str) -> None:
    """Refuse where a configuration beside the weights names another one: the outputs would be wrong in silence."""
    said = None
    try:
        if (beside := folder / "open_clip_config.json").is_file():
            said = "quick_gelu" if json.loads(beside.read_text())["model_cfg"].get("quick_gelu") else "gelu"
        elif (beside := folder / "config.json").is_file():
            said = json.loads(beside.read_text()).get("text_config", {}).get("hidden_act", "quick_gelu")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{beside} beside the weights cannot be read ({type(error).__name__}): remove it") from None
    if said not in (None, activation):
        raise InputError(f"The weights in {folder} want activation={said}, the run has {activation}: set it")


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
    transposed. A ResNet, which Hugging Face does not have, keeps its names."""
    out: dict[str, Tensor] = {}
    resnet = any(name.startswith("visual.attnpool.") for name in weights)
    for name, value in weights.items():
        if resnet and name.startswith("visual."):
            out[name] = value
        elif name == "visual.proj":
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
