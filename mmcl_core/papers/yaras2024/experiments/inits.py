"""Where the gap comes from: first steps from a hundred initialisations (Fig. 4b), training from two kinds of start
(Fig. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from sklearn.decomposition import PCA
from torch import Tensor, nn

from mmcl_core.data.scenes import scenes
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import modality_gap
from mmcl_core.papers.yaras2024.evaluate import GAP_PAIRS, centre_shift, embed, translation_test
from mmcl_core.papers.yaras2024.experiments.scenes import NAME as SCENES
from mmcl_core.papers.yaras2024.experiments.scenes import TinyClipSetting
from mmcl_core.papers.yaras2024.methods import METHODS
from mmcl_core.papers.yaras2024.towers import WIDTH, Recipe, TwoTowers, fit, tiny_clip
from mmcl_core.runtime import generator

NAME = "yaras2024.inits"
STARTS = ("default", "coinciding")
# steps after which an earlier trial with another renderer saw the gap of coinciding centres at its widest (16 to 24)
OPEN = 20
SHARES = (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5)  # of the way to common centres


@torch.no_grad()
def lay_centres(towers: TwoTowers, images: Tensor, texts: Tensor, centre: Float[Tensor, "D"]) -> None:
    """Shift the last bias of both towers so that the mean raw feature of both modalities is `centre`."""
    for tower, inputs in ((towers.image, images), (towers.text, texts)):
        last = [layer for layer in tower.modules() if isinstance(layer, nn.Linear)][-1]
        last.bias += centre.to(last.bias) - tower(inputs).mean(0)


def random_centre(towers: TwoTowers, images: Tensor, texts: Tensor, seed: int) -> Float[Tensor, "D"]:
    """A random direction, as long as the raw features are on average."""
    with torch.no_grad():
        length = torch.cat([towers.image(images), towers.text(texts)]).norm(dim=1).mean()
    direction = torch.randn(WIDTH, generator=generator(NAME, seed, "centre"))
    return direction / direction.norm() * length.cpu()


class FirstStepsSetting(Config):
    """Ten steps of AdamW on 2048 pairs, from the default start and from towers with both features centred at the
    origin."""

    smoke: ClassVar = {"seeds": 4, "pairs": 512, "batch": 64}

    seeds: int = Field(100, ge=2, description="Fig. 4b: 100 initialisations")
    pairs: int = Field(2048, ge=GAP_PAIRS, description="Fig. 4b: 2048 MSCOCO pairs")
    batch: int = Field(256, ge=2, description="chosen; section 4: 1024")
    steps: int = Field(10, ge=1, description="Fig. 4b: 10")
    rate: float = Field(5e-4, gt=0, description="section 4: the largest of the four that were tried")


@experiment("yaras2024.first_steps", FirstStepsSetting, seconds={"smoke": 1, "book": 30, "paper": 30}, block=25)
def first_steps(config: FirstStepsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Fig. 4b: the gap before and after the first ten steps, over initialisations; `[S, 2]` for the two starts.

    `angle` `[S]` is that between the centres at the default start. All initialisations see the same pairs.
    """
    drawn = scenes(NAME, 0, config.pairs)  # the same pairs for every initialisation
    images, tokens = drawn.images.to(device), drawn.tokens.to(device)
    recipe = Recipe(config.batch, 1 + config.steps // (config.pairs // config.batch), config.rate, None, config.steps)
    gaps, angles = np.zeros((len(seeds), 2, 2)), np.zeros(len(seeds))
    for s, seed in enumerate(seeds):
        for k in range(2):
            towers = tiny_clip(METHODS["baseline"], NAME, seed).to(device)
            if k:
                lay_centres(towers, images, tokens, torch.zeros(WIDTH))
            else:
                angles[s] = centre_angle(
                    embed(towers.image, images[:GAP_PAIRS]), embed(towers.text, tokens[:GAP_PAIRS])
                )
            gaps[s, k, 0] = gap_now(towers, images, tokens)
            fit(towers, images, tokens, METHODS["baseline"], recipe, NAME, seed)
            gaps[s, k, 1] = gap_now(towers, images, tokens)
    return {"start": gaps[..., 0], "end": gaps[..., 1], "angle": angles}


def centre_angle(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"]) -> float:
    """The angle between the two centres, seen from the origin, in degrees."""
    a, b = image.mean(0), text.mean(0)
    return float(np.degrees(np.arccos(np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1))))


def gap_now(towers: TwoTowers, images: Tensor, texts: Tensor) -> float:
    """Modality gap of the first 512 pairs."""
    return modality_gap(embed(towers.image, images[:GAP_PAIRS]), embed(towers.text, texts[:GAP_PAIRS]))


class StartsSetting(TinyClipSetting):
    """The baseline of the mitigation table, and the same towers with both centres laid on a common random vector."""

    smoke: ClassVar = TinyClipSetting.smoke | {"test": 120, "gallery": 100}


@experiment(
    "yaras2024.starts",
    StartsSetting,
    coordinates=["steps", "shares"],
    seconds={"smoke": 1, "book": 90, "paper": 900},
    block=1,
)
def starts(config: StartsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Fig. 1 and the translation test: embeddings in principal axes before and after training, and the gap on the way.

    `gap`, `temperature` `[S, 2, T]`; `cloud` `[S, 2, 2, 2, N, 3]` for starts, (before, after), (image, text);
    `captured` `[S, 2, 2]` is the share of the variance in these axes; `own_side` `[S, 2, 2]` for (before, after) the
    share of embeddings on their modality's side of the gap, in all dimensions; `thickness` `[S, 2, 2]` the spread of
    (image, text) along the gap over the root mean square of the spreads along all axes."""
    total = config.recipe.total(config.train)
    steps = np.unique(np.r_[0, min(OPEN, total), np.geomspace(1, total, 32).round().astype(int)])
    per_seed = []
    for seed in seeds:
        drawn, test = scenes(SCENES, seed, config.train), scenes(SCENES, seed, config.test, "test")
        images, tokens, seen, read = (x.to(device) for x in (drawn.images, drawn.tokens, test.images, test.tokens))
        trace, clouds, captured, sides, thickness = np.zeros((2, len(STARTS), len(steps))), [], [], [], []
        for k, start in enumerate(STARTS):
            towers = tiny_clip(METHODS["baseline"], SCENES, seed).to(device)
            if start == "coinciding":
                lay_centres(
                    towers, images[:2048], tokens[:2048], random_centre(towers, images[:2048], tokens[:2048], seed)
                )

            def record(done: int) -> None:
                if done in steps:
                    trace[:, k, np.searchsorted(steps, done)] = gap_now(towers, seen, read), towers.temperature().item()

            def both() -> tuple[np.ndarray, np.ndarray]:
                return embed(towers.image, seen), embed(towers.text, read)

            record(0)
            before = both()
            fit(towers, images, tokens, METHODS["baseline"], config.recipe, SCENES, seed, record, [trace])
            after = both()
            of_both = [principal(*(x[:GAP_PAIRS] for x in pair)) for pair in (before, after)]
            clouds.append([cloud for cloud, _ in of_both])
            captured.append([share for _, share in of_both])
            sides.append([own_side(*(x[:GAP_PAIRS] for x in pair)) for pair in (before, after)])
            thickness.append(spread_along_gap(*after))
            if start == "default":
                shift = centre_shift(embed(towers.image, images), embed(towers.text, tokens))
                moved = translation_test(*after, shift, SHARES, config.gallery)
        result = {"gap": trace[0], "temperature": trace[1], "cloud": np.array(clouds, np.float32)}
        result |= {"captured": np.array(captured), "own_side": np.array(sides), "thickness": np.array(thickness)}
        per_seed.append(result | {f"moved_{name}": values for name, values in moved.items()})
    return {"steps": steps, "shares": np.array(SHARES)} | {
        name: np.stack([r[name] for r in per_seed]) for name in per_seed[0]
    }


def principal(
    image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"]
) -> tuple[Float[np.ndarray, "2 N 3"], float]:
    """Both clouds in the three principal axes of all embeddings together, put on the unit sphere; the axes' share of
    variance."""
    pca = PCA(3).fit(np.concatenate([image, text]))
    shadows = np.stack([image, text]) @ pca.components_.T
    return shadows / np.linalg.norm(shadows, axis=-1, keepdims=True), float(pca.explained_variance_ratio_.sum())


def own_side(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"]) -> float:
    """Share of embeddings on their own modality's side of the plane half-way between the centres: 1 for two bands,
    1/2 for one cloud."""
    axis, middle = image.mean(0) - text.mean(0), (image.mean(0) + text.mean(0)) / 2
    return float(np.mean(np.r_[(image - middle) @ axis > 0, (text - middle) @ axis < 0]))


def spread_along_gap(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "2"]:
    """Standard deviation of each modality along the line between the centres, over the root mean square over all
    directions."""
    axis = image.mean(0) - text.mean(0)
    axis /= np.linalg.norm(axis)
    return np.array([(x @ axis).std() / np.sqrt(x.var(0).mean()) for x in (image, text)])
