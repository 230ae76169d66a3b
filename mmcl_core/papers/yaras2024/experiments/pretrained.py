"""A real CLIP: what Liang et al. published of it, embeddings of 500 MSCOCO pairs by ViT-B/16, trained and with random
weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field

from mmcl_core.data import clip_features
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024.evaluate import alignment, centre_shift, translated, translation_test

WEIGHTS = ("trained", "random")


class ClipSetting(Config):
    """Nothing is trained here, so all tiers are alike."""

    shares: tuple[float, ...] = Field(
        (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5),
        min_length=1,
        description="chosen: of the way to common centres",
    )


def _data(config: ClipSetting) -> dict[str, str]:
    return clip_features.provenance()


def mean_cosine(x: Float[np.ndarray, "N D"], y: Float[np.ndarray, "N D"] | None = None) -> float:
    """Mean cosine of different rows of unit vectors: within a modality, or between an image and texts that are not its
    own."""
    cosines = x @ (x if y is None else y).T
    return float(cosines[~np.eye(len(x), dtype=bool)].mean())


def unused_share(queries: Float[np.ndarray, "N D"], gallery: Float[np.ndarray, "N D"]) -> float:
    """Share of the gallery that is nobody's nearest neighbour: it grows where a few hubs are nearest to many."""
    return 1 - len(np.unique((queries @ gallery.T).argmax(1))) / len(gallery)


@experiment(
    "yaras2024.clip_features",
    ClipSetting,
    coordinates=["weights", "shares"],
    data=_data,
    seconds={"smoke": 1, "book": 1, "paper": 1},
    deterministic=True,
)
def clip(config: ClipSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Gap, cones and retrieval of CLIP ViT-B/16 on 500 pairs, and both after its two clouds are moved by hand.

    `[weights, shares]` for what moves; `centred_` when each modality loses its own mean instead; `margin` by which
    the line between the centres alone separates all images from all texts."""
    measured: list[dict[str, np.ndarray]] = []
    for weights in WEIGHTS:
        image, text = clip_features.load(weights == "trained")
        shift = centre_shift(image, text)
        moved = translation_test(image, text, shift, config.shares, len(image))
        moved["unused_texts"] = np.array(
            [unused_share(*translated(image, text, shift, share)) for share in config.shares]
        )
        centred = alignment(image - image.mean(0), text - text.mean(0), len(image))
        axis = image.mean(0) - text.mean(0)
        cones = {
            "cone_image": mean_cosine(image),
            "cone_text": mean_cosine(text),
            "other_pairs": mean_cosine(image, text),
        }
        scalars = cones | {
            "own_pair": (image * text).sum(1).mean(),
            "margin": (image @ axis).min() - (text @ axis).max(),
        }
        measured.append(
            moved
            | {f"centred_{name}": np.array(value) for name, value in centred.items()}
            | {name: np.array(value) for name, value in scalars.items()}
        )
    return {"weights": np.array(WEIGHTS), "shares": np.array(config.shares)} | {
        name: np.stack([m[name] for m in measured]) for name in measured[0]
    }
