"""LeNets trained by labels or by vector captions as in Xue et al. 2024 (Appendix G.1), several at once on a GPU.

5 x 5 convolutions of 6 and 16 channels, relu, max pooling, layers of 120 and 84; a linear text tower; CLIP's loss on
inner products without normalisation at temperature 1; SGD, rate .01, momentum .9, weight decay .001, batch 128.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import conv2d, cross_entropy, max_pool2d, relu

from mmcl_core.data.vector_captions import FreshMasks
from mmcl_core.losses import symmetric_cross_entropy
from mmcl_core.models.towers import seeded
from mmcl_core.papers.xue2024.beside import Layers, Lines
from mmcl_core.runtime import generator
from mmcl_core.train import train

BLOCK = 2000  # images embedded at once


@dataclass(frozen=True)
class Recipe:
    """The paper's optimiser; `width` of both towers' outputs; the temperature it leaves unsaid."""

    steps: int
    batch: int = 128
    rate: float = 0.01
    momentum: float = 0.9
    decay: float = 1e-3
    width: int = 128
    temperature: float = 1.0


def lenet(size: int, out: int) -> nn.Sequential:
    """LeNet for images `[B, 3, size, size]` with `out` outputs; `size` is 28 or 24."""
    side = ((size - 4) // 2 - 4) // 2
    return nn.Sequential(
        nn.Conv2d(3, 6, 5),
        nn.MaxPool2d(2),  # before the relu: the same function, a quarter of the work
        nn.ReLU(),
        nn.Conv2d(6, 16, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * side**2, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, out),
    )


class LeNets(Layers):
    """LeNets side by side by grouped convolutions: images `[I, B, 3, H, W]` of I seeds to outputs `[G, B, D]`.

    The G/I models of one seed stand together and see the same images, which are then convolved once for all of them:
    on a CPU four models take little more than half of the time that they take one by one.
    """

    def forward(self, images: Float[Tensor, "I B 3 H W"]) -> Float[Tensor, "G B D"]:
        models, hidden = len(self.models), images.transpose(0, 1).flatten(1, 2)
        for layer, groups in ((0, len(images)), (1, models)):
            weight, bias = self.weights[layer].flatten(0, 1), self.biases[layer].flatten()
            hidden = relu(max_pool2d(conv2d(hidden, weight, bias, groups=groups), 2))
        hidden = hidden.unflatten(1, (models, -1)).transpose(0, 1).flatten(2)
        for layer in (2, 3, 4):
            hidden = hidden if layer == 2 else relu(hidden)
            hidden = torch.baddbmm(self.biases[layer][:, None], hidden, self.weights[layer].mT)
        return hidden


@dataclass(frozen=True)
class Job:
    """One model to train: its seed, its images, and what goes with them, labels `[N]` or captions `[N, V]`."""

    seed: int
    images: Float[Tensor, "N 3 H W"]
    target: Tensor | FreshMasks


@dataclass(frozen=True)
class Trained:
    """A trained image network and, where captions were learnt from, the text tower."""

    image: nn.Module
    text: nn.Module | None = None

    @torch.no_grad()
    def outputs(self, images: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N D"]:
        """Logits or embeddings, on the CPU."""
        device = next(self.image.parameters()).device
        return torch.cat([self.image(part.to(device)) for part in images.split(BLOCK)]).float().cpu()

    @torch.no_grad()
    def similarities(self, images: Float[Tensor, "N 3 H W"], captions: Float[Tensor, "M V"]) -> Float[Tensor, "N M"]:
        """Inner products of images and captions."""
        device = next(self.text.parameters()).device
        return self.outputs(images) @ self.text(captions.to(device)).float().cpu().T


def fit(jobs: Sequence[Job], out: int, recipe: Recipe, experiment: str, by_labels: bool) -> list[Trained]:
    """Train all `jobs` together; each draws its start and its batches from its own seed, so company changes nothing.

    Jobs of one seed stand together, as many for each seed, and have the same images. With `by_labels` the loss is the
    cross-entropy of `out` classes; else CLIP's, with embeddings of `recipe.width`.
    """
    device, samples = jobs[0].images.device, len(jobs[0].images)
    networks, texts = [], []
    for job in jobs:
        with seeded(experiment, job.seed, "image"):
            networks.append(lenet(job.images.shape[-1], out if by_labels else recipe.width).to(device))
        if not by_labels:
            with seeded(experiment, job.seed, "text"):
                texts.append(nn.Linear(job.target.shape[1], recipe.width).to(device))
    towers = nn.ModuleDict({"image": LeNets(networks)} | ({} if by_labels else {"text": Lines(texts)}))
    images = {job.seed: job.images for job in jobs}
    own = {seed: torch.randperm(samples, generator=generator(experiment, seed, "order")).to(device) for seed in images}

    def loss(rows: Int[Tensor, "B"]) -> Tensor:
        with torch.autocast(device.type, enabled=False):  # in half precision an unnormalised logit has two digits
            outputs = towers["image"](torch.stack([x[own[seed][rows]] for seed, x in images.items()]))
            targets = torch.stack([job.target[own[job.seed][rows]] for job in jobs])
            if by_labels:
                return cross_entropy(outputs.flatten(0, 1), targets.flatten()) * len(jobs)
            return symmetric_cross_entropy(outputs @ towers["text"](targets).mT / recipe.temperature).sum()

    optimiser = torch.optim.SGD(
        towers.parameters(), recipe.rate, recipe.momentum, weight_decay=recipe.decay, fused=True
    )
    each = samples // recipe.batch
    train(
        towers,
        loss,
        samples,
        batch=recipe.batch,
        epochs=-(-recipe.steps // max(each, 1)),
        steps=recipe.steps,
        optimiser=optimiser,
        order=generator(experiment, 0, "epochs"),
        name=experiment,
    )
    for tower in towers.values():
        tower.release()
    return [Trained(n, t) for n, t in zip(networks, texts or [None] * len(jobs), strict=True)]
