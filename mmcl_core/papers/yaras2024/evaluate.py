"""What is measured on trained towers: the columns of Tables 1 to 5, and what becomes of them when the clouds are
moved."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int, Real
from torch import Tensor, nn

from mmcl_core.errors import InputError
from mmcl_core.metrics import debiased_modality_gap, modality_gap, retrieval_at_1, uniformity, unit

GAP_PAIRS = 512  # pairs on which gap and uniformity are measured, as in the paper
BLOCK = 1024


@torch.no_grad()
def embed(tower: nn.Module, inputs: Tensor) -> Float[np.ndarray, "N D"]:
    """Normalised embeddings in double precision; NaN where the tower answers zero or nothing finite."""
    training = tower.training
    tower.eval()
    features = torch.cat([tower(part) for part in inputs.split(BLOCK)]).double().cpu().numpy()
    tower.train(training)
    return unit(features)


def alignment(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"], gallery: int) -> dict[str, float]:
    """Gap (raw and debiased) and uniformity on the first 512 pairs, retrieval at 1 in both directions among the first
    `gallery`.

    `image_retrieval` finds the image of a caption, `text_retrieval` the caption of an image.

    Raises
    ------
    InputError
        When there are fewer pairs than the gallery is to hold.
    """
    check_gallery(len(image), gallery)
    few, all_of_them = (image[:GAP_PAIRS], text[:GAP_PAIRS]), (image[:gallery], text[:gallery])
    return {
        "gap": modality_gap(*few),
        "debiased_gap": debiased_modality_gap(*few),
        "uniformity": uniformity(*few),
        "image_retrieval": retrieval_at_1(*all_of_them[::-1]),
        "text_retrieval": retrieval_at_1(*all_of_them),
    }


def first_of_each_picture(images: Real[np.ndarray, "N ..."]) -> Int[np.ndarray, "_"]:
    """Rows that come first among all that look exactly alike, in order: of twins one alone may be learnt or tested."""
    first: dict[bytes, int] = {}
    for row, image in enumerate(images):
        first.setdefault(image.tobytes(), row)
    return np.fromiter(first.values(), int)


def check_gallery(pairs: int, gallery: int) -> None:
    """`InputError` unless a gallery of that size can be filled."""
    if not 2 <= gallery <= pairs:
        raise InputError(
            f"A gallery of {gallery} cannot be filled from {pairs} test pairs: allowed are 2 to {pairs}; "
            "make the test set larger or gallery smaller"
        )


def _broken(*embeddings: np.ndarray) -> bool:
    """No comparison with NaN is true: without this look a broken tower would only seem to be a bad one."""
    return not all(np.isfinite(x).all() for x in embeddings)


def both_told_apart(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> float:
    """Share of double pairs (image, text) in which both images prefer their own text, as MMVP-VLM counts. Chance is
    1/4; NaN where an embedding is."""
    (a, s), (b, t) = first, second
    if _broken(a, s, b, t):
        return float("nan")
    return float(np.mean(((a * s).sum(1) > (a * t).sum(1)) & ((b * t).sum(1) > (b * s).sum(1))))


def centre_shift(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "D"]:
    """Half the difference of the two centres: moving the clouds by minus and plus this lays the centres on each
    other."""
    return (image.mean(0) - text.mean(0)) / 2


def translated(
    image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"], shift: Float[np.ndarray, "D"], share: float
) -> tuple[Float[np.ndarray, "N D"], Float[np.ndarray, "N D"]]:
    """Both clouds moved towards each other by `share` of the way to common centres (below 0: apart), normalised
    again."""
    moved = image - share * shift, text + share * shift
    return tuple(unit(x) for x in moved)


def translation_test(
    image: Float[np.ndarray, "N D"],
    text: Float[np.ndarray, "N D"],
    shift: Float[np.ndarray, "D"],
    shares: tuple[float, ...],
    gallery: int,
) -> dict[str, Float[np.ndarray, "L"]]:
    """The columns of `alignment` after moving the clouds by each of `shares`."""
    rows = [alignment(*translated(image, text, shift, share), gallery) for share in shares]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def retrieval_among_best(queries: Float[np.ndarray, "N D"], gallery: Float[np.ndarray, "N D"], best: int) -> float:
    """Share of queries whose own partner is among the `best` nearest of the gallery; NaN where an embedding is."""
    if _broken(queries, gallery):
        return float("nan")
    cosines = queries @ gallery.T
    return float(np.mean((cosines > cosines.diagonal()[:, None]).sum(1) < best))


def matched_share(image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"]) -> float:
    """Share of pairs that are closer to each other than to any other text or image: margin above zero. NaN where an
    embedding is."""
    if _broken(image, text):
        return float("nan")
    cosines = image @ text.T
    own = cosines.diagonal().copy()
    np.fill_diagonal(cosines, -np.inf)
    return float(np.mean((own > cosines.max(0)) & (own > cosines.max(1))))
