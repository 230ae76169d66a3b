"""Both towers and the temperature as one module. The networks are those of `transformers`, which needs no torchvision;
only CLIP's attention pooling on a ResNet is ours."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    ResNetConfig,
    ResNetModel,
)

from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.tokens import Tokens
from mmcl_core.models.temperature import Temperature

RESNETS = {
    "RN50": {"embedding_size": 64, "hidden_sizes": [256, 512, 1024, 2048], "depths": [3, 4, 6, 3]},
    "RN18": {"hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2], "layer_type": "basic"},
    "resnet-tiny": {"embedding_size": 16, "hidden_sizes": [16, 32, 64], "depths": [1, 1, 1], "layer_type": "basic"},
}
VITS = {
    "ViT-B-32": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "patch_size": 32},
    "ViT-B-16": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "patch_size": 16},
    "vit-tiny": {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "patch_size": 8},
}
TEXTS = {
    "clip": {"hidden_size": 512, "num_hidden_layers": 12, "num_attention_heads": 8},
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
}


class AttentionPool(nn.Module):
    """CLIP's pooling of a feature map `[B, C, H, W]` to `[B, D]`: the mean position asks all positions (Radford et al.
    2021, section 2.4)."""

    def __init__(self, channels: int, positions: int, out: int, heads: int) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.randn(positions + 1, channels) / channels**0.5)
        self.attention = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.project = nn.Linear(channels, out)

    def forward(self, maps: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D"]:
        x = maps.flatten(2).mT
        x = torch.cat([x.mean(1, keepdim=True), x], 1) + self.positions
        return self.project(self.attention(x[:, :1], x, x, need_weights=False)[0][:, 0])


class ResNetTower(nn.Module):
    """A ResNet with attention pooling: pictures `[B, 3, pixels, pixels]` to `[B, width]`."""

    def __init__(self, name: str, pixels: int, width: int) -> None:
        super().__init__()
        self.body = ResNetModel(ResNetConfig(**RESNETS[name]))
        channels = RESNETS[name]["hidden_sizes"][-1]
        side = pixels
        for _ in range(len(RESNETS[name]["depths"]) + 1):  # the stem and all stages but the first halve the side
            side = (side + 1) // 2
        self.pool = AttentionPool(channels, side**2, width, max(1, channels // 64))

    def forward(self, pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B D"]:
        return self.pool(self.body(pictures.contiguous(memory_format=torch.channels_last)).last_hidden_state)


class ViTTower(nn.Module):
    """CLIP's vision transformer: pictures `[B, 3, pixels, pixels]` to `[B, width]`."""

    def __init__(self, name: str, pixels: int, width: int, dropout: float) -> None:
        super().__init__()
        size = VITS[name]
        self.body = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                **size,
                intermediate_size=4 * size["hidden_size"],
                image_size=pixels,
                projection_dim=width,
                attention_dropout=dropout,
            )
        )

    def forward(self, pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B D"]:
        return self.body(pictures).image_embeds


class TextTower(nn.Module):
    """CLIP's text transformer: tokens `[B, context]` to `[B, width]`, read at the end token."""

    def __init__(self, name: str, tokens: Tokens, width: int, dropout: float) -> None:
        super().__init__()
        size = TEXTS[name]
        self.body = CLIPTextModelWithProjection(
            CLIPTextConfig(
                **size,
                intermediate_size=4 * size["hidden_size"],
                vocab_size=tokens.vocabulary,
                max_position_embeddings=tokens.context,
                projection_dim=width,
                attention_dropout=dropout,
                bos_token_id=tokens.start,
                eos_token_id=tokens.end,
                pad_token_id=tokens.padding,
            )
        )

    def forward(self, tokens: Int[Tensor, "B L"]) -> Float[Tensor, "B D"]:
        return self.body(tokens).text_embeds


@dataclass
class Embedded:
    """What a step needs of the towers: both modalities as they leave them, and the temperature."""

    image: Float[Tensor, "B D"]
    text: Float[Tensor, "B D"]
    temperature: Float[Tensor, ""]


class Clip(nn.Module):
    """Both towers and the temperature. Returns a tuple, which DistributedDataParallel looks through for gradients."""

    def __init__(self, image: nn.Module, text: nn.Module, temperature: Temperature) -> None:
        super().__init__()
        self.image, self.text, self.temperature = image, text, temperature

    def forward(
        self, pictures: Float[Tensor, "B 3 H W"], tokens: Int[Tensor, "B L"]
    ) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B D"], Float[Tensor, ""]]:
        return self.image(pictures), self.text(tokens), self.temperature()

    @property
    def has_batch_statistics(self) -> bool:
        """Whether a layer's output for one row depends on the others."""
        return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.modules())


def make_clip(run: ClipRun, tokens: Tokens, temperature: Temperature) -> Clip:
    """The towers of `run`, drawn from torch's global stream."""
    image = (
        ResNetTower(run.image_tower, run.pixels, run.width)
        if run.image_tower in RESNETS
        else ViTTower(run.image_tower, run.pixels, run.width, run.dropout)
    )
    return Clip(image, TextTower(run.text_tower, tokens, run.width, run.dropout), temperature)
