"""The random numbers of the explorers, the same here and in `book/_static/explorers/mmcl.js`."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def uniforms(seed: int, count: int) -> Float[np.ndarray, "count"]:
    """Uniform numbers in (0, 1): a 32-bit counter, mixed (mulberry32)."""
    with np.errstate(over="ignore"):
        state = np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        t = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
        t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
    return ((t ^ (t >> np.uint32(14))).astype(float) + 0.5) / 2**32


def normals(seed: int, *shape: int) -> Float[np.ndarray, "..."]:
    """Standard normal draws by Box and Muller."""
    count = int(np.prod(shape))
    radius, angle = uniforms(seed, 2 * ((count + 1) // 2)).reshape(-1, 2).T
    radius, angle = np.sqrt(-2 * np.log(radius)), 2 * np.pi * angle
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()[:count].reshape(shape)
