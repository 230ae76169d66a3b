"""What a real CLIP makes of 500 pictures with captions: features published by Liang et al. 2022, in no package."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mmcl_core.data.sources import find_source
from mmcl_core.errors import DataAbsent

SOURCE = "clip_features"


def provenance() -> dict[str, str]:
    """`{source: SHA-256}` for store keys and captions; `DataAbsent` when neither the cache nor `$MMCL_DATA_DIR` has
    the files."""
    source = find_source(SOURCE)
    if source.locate() is None:
        raise DataAbsent(
            "The CLIP features of 500 MSCOCO pairs are not on this machine: mmcl data fetch clip_features gets them, "
            "and so does MMCL_DATA_DIR"
        )
    return {SOURCE: source.sha256}


def load(trained: bool = True) -> tuple[Float[np.ndarray, "500 512"], Float[np.ndarray, "500 512"]]:
    """Unit-norm image and text embeddings of the same 500 pairs by CLIP ViT-B/16, trained or with random weights."""
    provenance()
    image, text = np.load(
        find_source(SOURCE).locate()["features_clip.npy" if trained else "features_clip_random.npy"]
    ).astype(np.float64)
    return image, text
