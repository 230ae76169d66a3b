"""Small towers for images and for tokenised captions, fast on two cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmcl_core.runtime import generator


class ByPosition(nn.Module):
    """Flatten images `[B, C, H, W]` position by position, all channels of a position side by side.

    That is how the convolutions leave them in memory: torch's own order, channel by channel, costs a copy on the way
    forward and one in every array of the way back.
    """

    def forward(self, images: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D"]:
        return images.permute(0, 2, 3, 1).flatten(1)


@torch.no_grad()
def read_by_position(layer: nn.Linear, channels: int) -> nn.Linear:
    """`layer`, drawn for features channel by channel, made to read the same features position by position."""
    layer.weight.copy_(layer.weight.unflatten(1, (channels, -1)).mT.flatten(1))
    return layer


def strided_convolutions(channels: Sequence[int], size: int, kernels: Sequence[int] | None = None) -> nn.Sequential:
    """Convolutions of stride 2 with relu, `channels[0]` -> ... -> `channels[-1]`, then `ByPosition`; kernels of 3, or
    as listed.

    Images `[B, channels[0], size, size]` to `[B, width]`; `width` is the attribute of that name on the result.
    """
    layers: list[nn.Module] = []
    for (i, o), kernel in zip(pairwise(channels), kernels or [3] * (len(channels) - 1), strict=True):
        layers += [nn.Conv2d(i, o, kernel, stride=2, padding=1), nn.ReLU()]
        size = (size + 2 - kernel) // 2 + 1
    tower = nn.Sequential(*layers, ByPosition()).to(memory_format=torch.channels_last)
    tower.width = channels[-1] * size**2
    return tower


def perceptron(*sizes: int) -> nn.Sequential:
    """Linear layers `sizes[0]` -> ... -> `sizes[-1]` with relu between them."""
    layers: list[nn.Module] = []
    for i, o in pairwise(sizes):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class TokenTower(nn.Module):
    """Token embeddings at every position side by side, then a perceptron: captions `[B, length]` of token numbers to
    `[B, out]`."""

    def __init__(self, vocabulary: int, length: int, embedding: int, *sizes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.layers = perceptron(embedding * length, *sizes)

    def forward(self, tokens: Int[Tensor, "B L"]) -> Float[Tensor, "B D"]:
        return self.layers(self.embedding(tokens).flatten(1))


@contextmanager
def seeded(experiment: str, seed: int, purpose: str) -> Iterator[None]:
    """Within it, the weights that torch's layers draw come from the stream (experiment, seed, purpose); the global
    stream is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(generator(experiment, seed, purpose).get_state())  # a seed would hold 32 bits of it
        yield
