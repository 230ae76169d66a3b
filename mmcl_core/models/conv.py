"""The small convolutional encoder for digits, and projection heads."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ConvEncoder(nn.Module):
    """conv3x3-relu-pool, twice (32 and 64 channels), then a linear layer with relu: images `[B, 3, size, size]` to
    features `[B, width]`.

    `size` is a multiple of 4 or, as 14, loses its odd row to the second pooling. The weights lie channels last, which
    is a third faster on a CPU and what tensor cores want."""

    def __init__(self, size: int, width: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1),
            nn.MaxPool2d(2),  # before the relu: the same function, a quarter of the work
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * (size // 4) ** 2, width),
            nn.ReLU(),
        ).to(memory_format=torch.channels_last)

    def forward(self, images: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B D"]:
        return self.layers(images)


def projection_head(width: int, hidden: int, out: int) -> nn.Sequential:
    """SimCLR's two-layer head."""
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, out))
