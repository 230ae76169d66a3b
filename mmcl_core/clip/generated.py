"""A folder in COCO's caption format from what packages carry: emoji and icons with their names, several hundred pairs.

It is there to exercise the training of real pairs where there are none, not to learn anything from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mmcl_core.data import emojis, icons
from mmcl_core.errors import InputError


def generated_folder(root: Path, train: int, test: int, pixels: int, seed: int = 0) -> Path:
    """Write the splits train and val to `root` and return it: half emoji, half icons, every picture once, none in both.

    Raises
    ------
    InputError
        When so many distinct pictures are not there, or a package is missing.
    """
    drawn = emojis.emojis(64)
    signs = icons.icons("mdi6", 64)
    each = (train + test + 1) // 2
    if each > min(len(drawn.images), len(signs.images)):
        raise InputError(
            f"{train + test} pairs cannot be generated: allowed are up to "
            f"{2 * min(len(drawn.images), len(signs.images))} in both splits together"
        )
    rng = np.random.default_rng([seed, 3])
    pairs = [(drawn.images[i], " ".join(drawn.names[i])) for i in rng.permutation(len(drawn.images))[:each]]
    pairs += [(signs.images[i], " ".join(signs.names[i])) for i in rng.permutation(len(signs.images))[:each]]
    order = rng.permutation(len(pairs))
    for name, rows in (("train", order[:train]), ("val", order[train : train + test])):
        _write(root, name, [pairs[i] for i in rows], pixels)
    return root


def _write(root: Path, name: str, pairs: Sequence[tuple[np.ndarray, str]], pixels: int) -> None:
    (root / name).mkdir(parents=True)
    (root / "annotations").mkdir(exist_ok=True)
    images, notes = [], []
    for k, (picture, caption) in enumerate(pairs):
        file = f"{k:05}.png"
        Image.fromarray(picture).convert("RGB").resize((pixels, pixels), Image.Resampling.LANCZOS).save(
            root / name / file
        )
        images.append({"id": k, "file_name": file})
        notes.append({"id": k, "image_id": k, "caption": caption})
    content = json.dumps({"images": images, "annotations": notes})
    (root / "annotations" / f"captions_{name}.json").write_text(content, encoding="utf-8")
