"""CLIP's ResNet (Radford et al. 2021, section 2.4), which no library has without torchvision.

It differs from the usual one in three ways: a stem of three convolutions, strides as average pooling before a
convolution of stride one, and attention in place of the mean at the end. Parameters bear OpenCLIP's names, so that its
weights are read as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, relu, scaled_dot_product_attention

EXPANSION = 4  # a block's output over its inner width
HEAD = 64  # channels of an attention head


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def _halved(maps: Float[Tensor, "B C H W"], stride: int) -> Float[Tensor, "B C h w"]:
    return avg_pool2d(maps, stride) if stride > 1 else maps


class Block(nn.Module):
    """Convolutions of kernels 1, 3 and 1 around a shortcut. The last one's gain starts at zero, as in OpenCLIP: a block
    begins as its shortcut."""

    def __init__(self, inputs: int, inner: int, stride: int) -> None:
        super().__init__()
        outputs, self.stride = EXPANSION * inner, stride
        self.conv1, self.bn1 = _conv(inputs, inner, 1), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = _conv(inner, inner, 3), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = _conv(inner, outputs, 1), nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.bn3.weight)
        same = stride == 1 and inputs == outputs
        self.downsample = None if same else nn.Sequential(_conv(inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        y = relu(self.bn1(self.conv1(x)))
        y = relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(_halved(y, self.stride)))
        return relu(y + (x if self.downsample is None else self.downsample(_halved(x, self.stride))))


class AttentionPool(nn.Module):
    """A feature map `[B, C, H, W]` to `[B, D]`: the mean position asks all positions and itself."""

    def __init__(self, channels: int, positions: int, out: int) -> None:
        super().__init__()
        self.heads = max(1, channels // HEAD)
        self.positional_embedding = nn.Parameter(torch.randn(positions + 1, channels) / channels**0.5)
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(channels, channels) for _ in range(3))
        self.c_proj = nn.Linear(channels, out)
        for layer in (self.q_proj, self.k_proj, self.v_proj, self.c_proj):
            nn.init.normal_(layer.weight, std=channels**-0.5)

    def forward(self, maps: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D"]:
        x = maps.flatten(2).mT
        x = torch.cat([x.mean(1, keepdim=True), x], 1) + self.positional_embedding.to(x.dtype)
        q, k, v = (
            layer(part).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for layer, part in ((self.q_proj, x[:, :1]), (self.k_proj, x), (self.v_proj, x))
        )
        return self.c_proj(scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(1))


class ModifiedResNet(nn.Module):
    """Pictures `[B, 3, pixels, pixels]` to `[B, out]`; `width` channels behind the stem, `depths` blocks a stage."""

    def __init__(self, depths: Sequence[int], width: int, pixels: int, out: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv(3, width // 2, 3, 2), nn.BatchNorm2d(width // 2)
        self.conv2, self.bn2 = _conv(width // 2, width // 2, 3), nn.BatchNorm2d(width // 2)
        self.conv3, self.bn3 = _conv(width // 2, width, 3), nn.BatchNorm2d(width)
        self.stages, inputs, side = len(depths), width, (pixels + 1) // 2 // 2
        for stage, depth in enumerate(depths):
            inner, stride = width * 2**stage, 2 if stage else 1
            side //= stride
            blocks = [Block(inputs, inner, stride)]
            inputs = EXPANSION * inner
            blocks += [Block(inputs, inner, 1) for _ in range(depth - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.attnpool = AttentionPool(inputs, side**2, out)

    def forward(self, pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B D"]:
        x = pictures.contiguous(memory_format=torch.channels_last)
        for k in (1, 2, 3):
            x = relu(getattr(self, f"bn{k}")(getattr(self, f"conv{k}")(x)))
        x = avg_pool2d(x, 2)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.attnpool(x)
