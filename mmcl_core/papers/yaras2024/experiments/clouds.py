"""The embeddings behind the tables: held-out pairs as towers see them that were trained at one temperature after the
other, in three axes for the eye.

The towers are those of `scenes_fixed` and `icons_fixed`: the same weights at the start, the same batches, the same test
pairs. So what those experiments measure are the measures of these clouds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from scipy.linalg import orthogonal_procrustes

from mmcl_core.data import icons as icon_data
from mmcl_core.data.scenes import scenes
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import modality_gap, unit
from mmcl_core.papers.yaras2024.evaluate import GAP_PAIRS, embed
from mmcl_core.papers.yaras2024.experiments import icons
from mmcl_core.papers.yaras2024.experiments import scenes as scenes_experiment
from mmcl_core.papers.yaras2024.methods import find_method
from mmcl_core.papers.yaras2024.towers import fit, tiny_clip

METHODS = ("baseline", "FLT .01", "FLT .07", "FLT .1", "FLT .2", "FLT .4")
AXES = 3


class CloudsOfScenes(scenes_experiment.TinyClipSetting):
    """Captioned scenes, one seed. Not in the paper."""

    book: ClassVar = scenes_experiment.TinyClipSetting.book
    smoke: ClassVar = {k: v for k, v in scenes_experiment.TinyClipSetting.smoke.items() if k != "seeds"} | {"shown": 40}

    seeds: int = Field(1, ge=1, description="chosen: one, as this is a picture")
    methods: tuple[str, ...] = Field(METHODS, min_length=1, description="chosen: those of the tables at tier book")
    shown: int = Field(150, ge=2, description="chosen: test pairs that are drawn")


class CloudsOfIcons(icons.IconsSetting):
    """Icons with names, one seed. Not in the paper."""

    book: ClassVar = icons.IconsSetting.book
    smoke: ClassVar = {k: v for k, v in icons.IconsSetting.smoke.items() if k != "seeds"} | {"shown": 40}

    seeds: int = Field(1, ge=1, description="chosen: one, as this is a picture")
    methods: tuple[str, ...] = Field(METHODS, min_length=1, description="chosen: those of the tables at tier book")
    shown: int = Field(150, ge=2, description="chosen: test pairs that are drawn")


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


def gathered(methods: Sequence[str], clouds: list[list[np.ndarray]], shown: int) -> Arrays:
    """What both experiments return, from each seed's and method's images and texts `[2, N, D]`: points in both views
    `[S, M, 2, N, 3]`, the share of their squared length in each view `kept` `[S, M, views]`, and `gap` `[S, M]`."""
    arrays: dict[str, list] = {name: [] for name in (*VIEWS, "kept", "gap")}
    for of_seed in clouds:
        few = np.concatenate(np.stack(of_seed)[:, :, :shown].swapaxes(0, 1), axis=1)
        kept = []
        for name, view in VIEWS.items():
            points = view(few)
            arrays[name].append(np.stack(np.split(points, 2, axis=1), 1))
            kept.append(np.square(points).sum((1, 2)) / np.square(few).sum((1, 2)))
        arrays["kept"].append(np.stack(kept, 1))
        arrays["gap"].append([modality_gap(*pairs[:, :GAP_PAIRS]) for pairs in of_seed])
    return {"methods": np.array(methods)} | {name: np.array(value) for name, value in arrays.items()}


VIEWS = {"upright": upright, "principal": principal}


@experiment(
    "yaras2024.scenes_clouds",
    CloudsOfScenes,
    coordinates=["methods"],
    seconds={"smoke": 1, "book": 32, "paper": 550},
    block=1,
)
def of_scenes(config: CloudsOfScenes, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Embeddings of held-out scenes and captions in three axes, at one temperature after the other."""
    name, clouds = scenes_experiment.NAME, list[list[np.ndarray]]()
    for seed in seeds:
        drawn, test = scenes(name, seed, config.train), scenes(name, seed, config.test, "test")
        images, tokens = drawn.images.to(device), drawn.tokens.to(device)
        clouds.append([])
        for method in map(find_method, config.methods):
            towers = tiny_clip(method, name, seed).to(device)
            fit(towers, images, tokens, method, config.recipe, name, seed)
            sides = (towers.image, test.images), (towers.text, test.tokens)
            clouds[-1].append(np.stack([embed(tower, inputs.to(device)) for tower, inputs in sides]))
    return gathered(config.methods, clouds, config.shown)


def _data(config: CloudsOfIcons) -> dict[str, str]:
    return icon_data.provenance()


@experiment(
    "yaras2024.icons_clouds",
    CloudsOfIcons,
    coordinates=["methods"],
    data=_data,
    seconds={"smoke": 1, "book": 10, "paper": 100},
    block=1,
)
def of_icons(config: CloudsOfIcons, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Embeddings of held-out icons and names in three axes, at one temperature after the other."""
    name, clouds = icons.NAME, list[list[np.ndarray]]()
    for seed in seeds:
        task = icons.Task.draw(config, seed)
        images, tokens = task.images["train"].to(device), task.tokens["train"].to(device)
        clouds.append([])
        for method in map(find_method, config.methods):
            towers = tiny_clip(method, name, seed, 1, task.vocabulary, icons.LENGTH).to(device)
            fit(towers, images, tokens, method, config.recipe, name, seed)
            sides = (towers.image, task.images["test"]), (towers.text, task.tokens["test"])
            clouds[-1].append(np.stack([embed(tower, inputs.to(device)) for tower, inputs in sides]))
    return gathered(config.methods, clouds, config.shown)
