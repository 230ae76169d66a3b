"""Both towers and the temperature as one module. The transformers are those of `transformers`, which needs no
torchvision; CLIP's ResNet is in no such library and stands in `resnet`."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.resnet import ModifiedResNet
from mmcl_core.clip.tokens import Tokens
from mmcl_core.models.temperature import Temperature

RESNETS = {
    "RN50": {"depths": (3, 4, 6, 3), "width": 64},
    "RN101": {"depths": (3, 4, 23, 3), "width": 64},
    "RN50x4": {"depths": (4, 6, 10, 6), "width": 80},
    "resnet-tiny": {"depths": (1, 1), "width": 16},
}
VITS = {
    "ViT-B-32": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "patch_size": 32},
    "ViT-B-16": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "patch_size": 16},
    "vit-tiny": {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "patch_size": 8},
}
TEXTS = {
    "clip": {"hidden_size": 512, "num_hidden_layers": 12, "num_attention_heads": 8},
    "clip-640": {"hidden_size": 640, "num_hidden_layers": 12, "num_attention_heads": 10},
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
}


class ResNetTower(nn.Module):
    """CLIP's ResNet with attention pooling: pictures `[B, 3, pixels, pixels]` to `[B, width]`."""

    def __init__(self, name: str, pixels: int, width: int) -> None:
        super().__init__()
        self.body = ModifiedResNet(**RESNETS[name], pixels=pixels, out=width)

    def forward(self, pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B D"]:
        return self.body(pictures)


class ViTTower(nn.Module):
    """CLIP's vision transformer: pictures `[B, 3, pixels, pixels]` to `[B, width]`."""

    def __init__(self, name: str, pixels: int, width: int, dropout: float, activation: str) -> None:
        super().__init__()
        size = VITS[name]
        self.body = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                **size,
                intermediate_size=4 * size["hidden_size"],
                image_size=pixels,
                projection_dim=width,
                attention_dropout=dropout,
                hidden_act=activation,
            )
        )

    def forward(self, pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B D"]:
        return self.body(pictures).image_embeds


class TextTower(nn.Module):
    """CLIP's text transformer: tokens `[B, context]` to `[B, width]`, read at the end token."""

    def __init__(self, name: str, tokens: Tokens, width: int, dropout: float, activation: str) -> None:
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
                hidden_act=activation,
                bos_token_id=tokens.start,
                eos_token_id=tokens.end,
                pad_token_id=tokens.padding,
            )
        )

    def forward(self, tokens: Int[Tensor, "B L"]) -> Float[Tensor, "B D"]:
        return self.body(tokens).text_embeds


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
        else ViTTower(run.image_tower, run.pixels, run.width, run.dropout, run.activation)
    )
    return Clip(image, TextTower(run.text_tower, tokens, run.width, run.dropout, run.activation), temperature)
