"""Embeddings of trained towers for the eye: held-out pairs in three axes, the same for one method after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.linalg import orthogonal_procrustes

from mmcl_core.metrics import unit

AXES = 3


def principal(clouds: Float[np.ndarray, "M N D"], axes: int = AXES) -> Float[np.ndarray, "M N axes"]:
    """Principal axes through the centre of the sphere, the same for all `M` clouds of the same points.

    A loss of inner products does not know how a space is turned. So each cloud is first turned to where its points lie
    nearest to the first cloud's (Procrustes); the axes are the leading right singular vectors of all clouds together.
    """
    turned = np.stack([cloud @ orthogonal_procrustes(cloud, clouds[0])[0] for cloud in clouds])
    leading = np.linalg.svd(turned.reshape(-1, turned.shape[-1]), full_matrices=False)[2][:axes]
    return turned @ leading.T


def upright(clouds: Float[np.ndarray, "M 2*N D"]) -> Float[np.ndarray, "M 2*N 3"]:
    """Two principal axes, and as third coordinate the height along the line between the centres of each cloud's first
    half (images) and second half (texts): there the gap can be seen whole, as in the theory's model."""
    image, text = np.split(clouds, 2, axis=1)
    line = unit(image.mean(1) - text.mean(1))
    height = clouds @ line[:, :, None]
    return np.concatenate([principal(clouds - height * line[:, None], AXES - 1), height], -1)


VIEWS = {"upright": upright, "principal": principal}


def in_views(clouds: Sequence[Float[np.ndarray, "2 N D"]], shown: int) -> dict[str, Float[np.ndarray, "M ..."]]:
    """One seed's images and texts by every method: the first `shown` pairs in each view `[M, 2, shown, 3]`, and the
    share of their squared length that is `kept` there `[M, views]`."""
    few = np.concatenate(np.stack(clouds)[:, :, :shown].swapaxes(0, 1), axis=1)
    points = {name: view(few) for name, view in VIEWS.items()}
    length = np.square(few).sum((1, 2))
    return {name: np.stack(np.split(x, 2, axis=1), 1) for name, x in points.items()} | {
        "kept": np.stack([np.square(x).sum((1, 2)) / length for x in points.values()], 1)
    }
