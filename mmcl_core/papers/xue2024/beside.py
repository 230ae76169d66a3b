"""Models of one architecture side by side: their layers with weights stacked, to be trained all at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu


class Layers(nn.Module):
    """The layers with weights of models of one architecture, side by side: weights `[G, ...]` and biases `[G, D]`."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        super().__init__()
        self.models = [[m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)] for model in models]
        layers = list(zip(*self.models, strict=True))
        self.weights = nn.ParameterList(torch.stack([m.weight.detach() for m in same]) for same in layers)
        self.biases = nn.ParameterList(torch.stack([m.bias.detach() for m in same]) for same in layers)

    @torch.no_grad()
    def release(self) -> None:
        """Give every model its own weights back."""
        for g, model in enumerate(self.models):
            for layer, weight, bias in zip(model, self.weights, self.biases, strict=True):
                layer.weight.copy_(weight[g])
                layer.bias.copy_(bias[g])


class Lines(Layers):
    """Linear towers side by side: inputs `[G, B, V]` to outputs `[G, B, D]`."""

    def forward(self, inputs: Float[Tensor, "G B V"]) -> Float[Tensor, "G B D"]:
        return torch.baddbmm(self.biases[0][:, None], inputs, self.weights[0].mT)


class Heads(Layers):
    """Linear layers with batch norm and relu between them, side by side: `[G, B, F]` to outputs `[G, B, D]`."""

    def __init__(self, heads: Sequence[nn.Sequential]) -> None:
        super().__init__(heads)
        self.norms = nn.ModuleList(nn.BatchNorm1d(bias.numel()) for bias in self.biases[:-1])  # one for all models

    def forward(self, hidden: Float[Tensor, "G B F"]) -> Float[Tensor, "G B D"]:
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias[:, None], hidden, weight.mT)
            if k < len(self.norms):
                normed = self.norms[k](hidden.transpose(0, 1).flatten(1))
                hidden = relu(normed.unflatten(1, bias.shape).transpose(0, 1))
        return hidden
