"""Training an image tower by labels or by captions: the same tower, start, batches and number of steps for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from mmcl_core.losses import clip_loss
from mmcl_core.metrics import zero_shot_predictions
from mmcl_core.models.temperature import Temperature
from mmcl_core.models.towers import read_by_position, seeded, strided_convolutions
from mmcl_core.runtime import generator
from mmcl_core.train import train

BLOCK = 2000  # images embedded at once


@dataclass(frozen=True)
class Recipe:
    """Sheet 5.6: three convolutions of stride 2, a linear text tower, a learnt temperature, Adam with a little weight
    decay.
    """

    channels: tuple[int, ...] = (3, 16, 32, 32)
    width: int = 32
    batch: int = 128
    steps: int = 620
    rate: float = 3e-3
    decay: float = 1e-4
    temperature: float = 0.07
    text_scale: float = (
        0.1  # of the text tower's initial weights: differences between words that training never moves must not decide
    )


@dataclass(frozen=True)
class Towers:
    """An image tower and a text tower whose cosines are meant to be compared."""

    image: nn.Module
    text: nn.Module

    @torch.no_grad()
    def prompts(self, captions: Float[Tensor, "C K V"]) -> Float[Tensor, "C D"]:
        """Each class's prompt: the mean of the unit embeddings of its K captions, again of length one."""
        device = next(self.text.parameters()).device
        return normalize(normalize(self.text(captions.to(device)), dim=-1).mean(1), dim=-1)


def image_tower(
    images: Float[Tensor, "N 3 H W"], recipe: Recipe, out: int, experiment: str, seed: int
) -> nn.Sequential:
    """Convolutions and a linear layer to `out` numbers. The convolutions start alike for every `out`."""
    with seeded(experiment, seed, "image tower"):
        layers = strided_convolutions(recipe.channels, images.shape[-1])
        last = read_by_position(nn.Linear(layers.width, out), recipe.channels[-1])
        return nn.Sequential(layers, last).to(images.device)


def _fit(
    model: nn.Module,
    loss: Callable[[Tensor], Tensor],
    samples: int,
    recipe: Recipe,
    experiment: str,
    seed: int,
    after: Callable[[], None],
) -> None:
    """`recipe.steps` steps; every method of a seed sees the same batches."""
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)
    order = generator(experiment, seed, "order")
    epochs = -(-recipe.steps // max(1, samples // recipe.batch))
    train(
        model,
        loss,
        samples,
        batch=recipe.batch,
        epochs=epochs,
        steps=recipe.steps,
        optimiser=optimiser,
        order=order,
        after_step=lambda _: after(),  # clamps a temperature, and gathers nothing
        gathered=[],
        name=experiment,
    )


def supervise(
    images: Float[Tensor, "N 3 H W"], labels: Int[Tensor, "N"], classes: int, recipe: Recipe, experiment: str, seed: int
) -> nn.Module:
    """Supervised learning by cross-entropy: a network from images to `classes` logits."""
    network = image_tower(images, recipe, classes, experiment, seed)
    _fit(
        network,
        lambda rows: cross_entropy(network(images[rows]), labels[rows]),
        len(images),
        recipe,
        experiment,
        seed,
        lambda: None,
    )
    return network


def contrast(
    images: Float[Tensor, "N 3 H W"],
    captions: Float[Tensor, "N V"],
    recipe: Recipe,
    experiment: str,
    seed: int,
    classes: Int[Tensor, "N"] | None = None,
) -> Towers:
    """CLIP's training. `classes` takes pairs of the same class out of the negatives; None keeps all other pairs of the
    batch as negatives.
    """
    device = images.device
    towers = Towers(
        image_tower(images, recipe, recipe.width, experiment, seed),
        text_tower(captions.shape[1], recipe, experiment, seed).to(device),
    )
    temperature = Temperature(recipe.temperature).to(device)

    def loss(rows: Tensor) -> Tensor:
        ignored = None if classes is None else same_class(classes[rows])
        return clip_loss(towers.image(images[rows]), towers.text(captions[rows]), temperature(), ignored)

    model = nn.ModuleDict({"image": towers.image, "text": towers.text, "temperature": temperature})
    _fit(model, loss, len(images), recipe, experiment, seed, temperature.clamp)
    return towers


def text_tower(words: int, recipe: Recipe, experiment: str, seed: int) -> nn.Linear:
    """A linear layer with small initial weights."""
    with seeded(experiment, seed, "text tower"):
        tower = nn.Linear(words, recipe.width)
    with torch.no_grad():
        tower.weight.mul_(recipe.text_scale)
    return tower


def same_class(classes: Int[Tensor, "B"]) -> Bool[Tensor, "B B"]:
    """Pairs of different samples of the same class."""
    return (classes[:, None] == classes).fill_diagonal_(False)


@torch.no_grad()
def embed(network: nn.Module, images: Float[Tensor, "N 3 H W"]) -> Float[np.ndarray, "N D"]:
    """Outputs of a trained network: embeddings, or logits."""
    device = next(network.parameters()).device
    return torch.cat([network(part.to(device)) for part in images.split(BLOCK)]).float().cpu().numpy()


def zero_shot(towers: Towers, images: Float[Tensor, "N 3 H W"], prompts: Float[Tensor, "C D"]) -> Int[np.ndarray, "N"]:
    """The prompt nearest to each image. An image embedding's length does not matter to the order."""
    return zero_shot_predictions(embed(towers.image, images), prompts.cpu().numpy())
