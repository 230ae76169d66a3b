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


class Heads(nn.Module):
    """Linear layers with batch norm and relu between them, of several widths and of each width several side by side,
    which see the same inputs: `[G, B, F]` to one array of outputs `[G, B, D]` for each width.

    The first layers of all widths are one product: a narrow one alone takes as long as the reading of its inputs.
    """

    def __init__(self, heads: Sequence[Sequence[nn.Sequential]]) -> None:
        super().__init__()
        self.widths = [same[0][0].out_features for same in heads]
        self.first = Layers([_side_by_side([head[0] for head in beside]) for beside in zip(*heads, strict=True)])
        self.others = nn.ModuleList(Layers([head[1:] for head in same]) for same in heads)
        self.norms = nn.ModuleList(  # one for all models
            nn.ModuleList(nn.BatchNorm1d(bias.numel()) for bias in biases)
            for biases in (self.first.biases, *(other.biases[:-1] for other in self.others))
        )

    def forward(self, hidden: Float[Tensor, "G B F"]) -> list[Float[Tensor, "G B D"]]:
        hidden = _normed(hidden, self.first, self.norms[0])
        return [
            _normed(part, other, norms)
            for part, other, norms in zip(hidden.split(self.widths, -1), self.others, self.norms[1:], strict=True)
        ]


def _side_by_side(layers: Sequence[nn.Linear]) -> nn.Linear:
    """One linear layer with the outputs of several."""
    together = nn.Linear(layers[0].in_features, sum(layer.out_features for layer in layers))
    with torch.no_grad():
        together.weight.copy_(torch.cat([layer.weight for layer in layers]))
        together.bias.copy_(torch.cat([layer.bias for layer in layers]))
    return together


def _normed(hidden: Float[Tensor, "G B F"], layers: Layers, norms: nn.ModuleList) -> Float[Tensor, "G B D"]:
    """Through `layers`, with batch norm and relu behind as many of them as there are `norms`."""
    for k, (weight, bias) in enumerate(zip(layers.weights, layers.biases, strict=True)):
        hidden = torch.baddbmm(bias[:, None], hidden, weight.mT)
        if k < len(norms):
            normed = norms[k](hidden.transpose(0, 1).flatten(1))
            hidden = relu(normed.unflatten(1, bias.shape).transpose(0, 1))
    return hidden
