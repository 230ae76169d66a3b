"""CLIP in small: two towers, a temperature, and the training loop in which a mitigation method is one argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmcl_core.data.scenes import LENGTH, SIZE, WORDS
from mmcl_core.losses import symmetric_cross_entropy
from mmcl_core.models.temperature import Temperature
from mmcl_core.models.towers import TokenTower, perceptron, read_by_position, seeded, strided_convolutions
from mmcl_core.papers.yaras2024.methods import Method
from mmcl_core.runtime import generator
from mmcl_core.train import adam, train, warm_up_and_cosine

WIDTH, HIDDEN, EMBEDDING = 64, 160, 24


class TwoTowers(nn.Module):
    """An image tower and a text tower into the same space, and the temperature of their loss."""

    def __init__(self, image: nn.Module, text: nn.Module, temperature: Temperature) -> None:
        super().__init__()
        self.image, self.text, self.temperature = image, text, temperature


def tiny_clip(
    method: Method, experiment: str, seed: int, channels: int = 3, vocabulary: int = len(WORDS), length: int = LENGTH
) -> TwoTowers:
    """Two convolutions and a hidden layer for images of 16 x 16, three layers over token embeddings for captions.

    The weights depend on (experiment, seed) alone, so all methods start from the same ones.
    """
    with seeded(experiment, seed, "weights"):
        convolutions = strided_convolutions((channels, 16, 32), SIZE, kernels=(4, 3))
        image = nn.Sequential(convolutions, perceptron(convolutions.width, HIDDEN, WIDTH))
        read_by_position(image[1][0], 32)
        text = TokenTower(vocabulary, length, EMBEDDING, HIDDEN, HIDDEN, WIDTH)
    return TwoTowers(image, text, method.make_temperature())


@dataclass(frozen=True)
class Recipe:
    """AdamW as OpenCLIP uses it. `warm_up` is the share of steps before the cosine; None is a constant rate. `steps`
    stops before the `epochs` are over."""

    batch: int
    epochs: int
    rate: float
    warm_up: float | None = 0.2
    steps: int | None = None

    def total(self, samples: int) -> int:
        """The number of updates on `samples` pairs."""
        every = self.epochs * (samples // self.batch)
        return every if self.steps is None else min(self.steps, every)


def logits(
    towers: TwoTowers, images: Tensor, texts: Tensor, method: Method, stream: torch.Generator
) -> Float[Tensor, "B B"]:
    """Similarities over the temperature, after normalising and then the method's swap. Never in half precision:
    autocast would leave two digits."""
    image, text = towers.image(images), towers.text(texts)
    with torch.autocast(image.device.type, enabled=False):
        image, text = image.float(), text.float()
        if method.normalised:
            image, text = normalize(image, dim=-1), normalize(text, dim=-1)
        if method.swap is not None:
            image, text = method.swap(image, text, stream)
        return image @ text.mT / towers.temperature()


def fit(
    towers: TwoTowers,
    images: Tensor,
    texts: Tensor,
    method: Method,
    recipe: Recipe,
    experiment: str,
    seed: int,
    after_step: Callable[[int], None] | None = None,
    gathered: list | None = None,
) -> None:
    """Train `towers` in place by `method`; batches and swaps have streams of their own, the same for every method of a
    seed. `gathered` lists what `after_step` writes into, so that a checkpoint can keep it.

    Raises
    ------
    InputError
        When the method's schedule does not fit the number of steps, the batch the number of pairs, or the loss is not
        finite.
    """
    steps = recipe.total(len(images))
    if images.ndim == 4:  # pictures; heads on frozen towers see features
        images = images.contiguous(memory_format=torch.channels_last)
    if method.schedule is not None:
        method.schedule.check(steps)
    temperature, swaps = towers.temperature, generator(experiment, seed, "swaps")
    weights = [p for tower in (towers.image, towers.text) for p in tower.parameters()]
    groups = [{"params": weights}, {"params": [temperature.nu], "lr": method.rate * recipe.rate}]
    optimiser = adam(groups, recipe.rate, betas=(0.9, 0.98))

    def finish(done: int) -> None:
        temperature.clamp()
        if method.schedule is not None and done < steps:
            temperature.set(method.schedule(done / (steps - 1)))
        if after_step is not None:
            after_step(done)

    train(
        towers,
        lambda rows: symmetric_cross_entropy(logits(towers, images[rows], texts[rows], method, swaps)),
        len(images),
        batch=recipe.batch,
        epochs=recipe.epochs,
        steps=recipe.steps,
        optimiser=optimiser,
        scheduler=None if recipe.warm_up is None else warm_up_and_cosine(optimiser, steps, recipe.warm_up),
        order=generator(experiment, seed, "order"),
        after_step=finish,
        streams=[swaps],
        gathered=[] if after_step is None else gathered,
        name=f"{experiment} {seed}",
    )
