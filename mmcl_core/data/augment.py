"""Image augmentation on whole batches: one affine warp, a flip and pixel noise, in plain torch on any device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


@dataclass(frozen=True)
class Augmentation:
    """Ranges: rotation in degrees, the side of the sampled window relative to the image, shift relative to half the
    image, noise s.d."""

    rotation: float
    scale: tuple[float, float]
    shift: float
    noise: float
    flip: bool = False

    def __call__(self, images: Float[Tensor, "B C H W"], stream: torch.Generator) -> Float[Tensor, "B C H W"]:
        """A random view of every image; `stream` is a CPU generator, so that every device sees the same views."""
        n = len(images)

        def uniform(low: float, high: float) -> Tensor:
            return low + (high - low) * torch.rand(n, generator=stream)

        angle, size = uniform(-self.rotation, self.rotation) * math.pi / 180, uniform(*self.scale)
        mirror = torch.where(torch.rand(n, generator=stream) < 0.5, -1.0, 1.0) if self.flip else torch.ones(n)
        cos, sin = size * angle.cos(), size * angle.sin()
        x, y = uniform(-self.shift, self.shift), uniform(-self.shift, self.shift)
        theta = torch.stack([torch.stack([mirror * cos, -sin, x], 1), torch.stack([mirror * sin, cos, y], 1)], 1).to(
            images
        )
        grid = affine_grid(theta, list(images.shape), align_corners=False)
        noise = torch.randn(images.shape, generator=stream).to(images)
        return grid_sample(images, grid, align_corners=False) + self.noise * noise


STRONG = Augmentation(rotation=30, scale=(0.4, 1.0), shift=0.3, noise=0.1, flip=True)
MILD = Augmentation(rotation=15, scale=(0.75, 1.1), shift=0.12, noise=0.05)


def recolour(images: Float[Tensor, "B 3 H W"], probability: float, stream: torch.Generator) -> Float[Tensor, "B 3 H W"]:
    """With `probability`, paint an image's grey values (its brightest channel) in a random colour of full
    brightness."""
    n = len(images)
    colour = torch.rand(n, 3, generator=stream)
    colour = (colour / colour.amax(1, keepdim=True))[:, :, None, None].to(images)
    chosen = (torch.rand(n, generator=stream) < probability)[:, None, None, None].to(images.device)
    return torch.where(chosen, images.amax(1, keepdim=True) * colour, images)
