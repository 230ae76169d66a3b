"""The paper's own experiment as a configuration: CLIP on MSCOCO, tested on shifted ImageNets.

Caption richness times same-class negatives. Neither the pictures nor the training (days on a GPU) are part of this
book. What is here says what would be run, and refuses in one sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field

from mmcl_core.errors import DataAbsent
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.paths import data_folder

NEEDED = (
    "train2017",
    "annotations/captions_train2017.json",
)  # under $MMCL_DATA_DIR/mscoco, as the official archives unpack
SHIFTED = (
    "imagenetv2",
    "imagenet-sketch",
    "imagenet-r",
    "imagenet-a",
    "objectnet",
)  # under $MMCL_DATA_DIR; those that are there are evaluated
NO_TRAINING = "the code that trains CLIP on it is not part of this version of the book"


class MscocoSetting(Config):
    """CLIP with a ResNet-50 and a transformer from scratch, as the paper's Appendix G has it."""

    seeds: int = Field(1, ge=1, description="chosen")
    captions: tuple[Literal["rich", "label"], ...] = Field(
        ("rich", "label"), min_length=1, description="the captions, or the labels in their place"
    )
    same_class_negatives: tuple[bool, ...] = Field(
        (True, False), min_length=1, description="with and without intra-class contrast"
    )
    network: Literal["RN50"] = Field("RN50", description="the paper's")
    batch: int = Field(512, ge=2, description="the paper's")
    epochs: int = Field(100, ge=1, description="the paper's")
    shares: tuple[float, ...] = Field(
        (0.25, 0.5, 0.75, 1.0),
        min_length=1,
        description="the paper's: shares of the training set, four points of a line",
    )


def mscoco_folder() -> Path:
    """The folder with MSCOCO; `DataAbsent` when it is not there."""
    root = data_folder()
    if root is None or not all((root / "mscoco" / part).exists() for part in NEEDED):
        raise DataAbsent(
            f"The pictures and captions of MSCOCO are not on this machine, no package carries them, and {NO_TRAINING}: "
            f"to look at the configuration read {__name__}; to run it unpack {' and '.join(NEEDED)} into a folder "
            f"mscoco, "
            "name the folder above it in MMCL_DATA_DIR, and add the training"
        )
    return root / "mscoco"


def mscoco_source(config: MscocoSetting) -> dict[str, str]:
    return {"mscoco": str(sum((mscoco_folder() / part).stat().st_size for part in NEEDED))}


@experiment("xue2024.mscoco", MscocoSetting, data=mscoco_source, seconds={"smoke": 1, "book": 1, "paper": 1})
def mscoco(config: MscocoSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The paper's MSCOCO experiment: needs data that no package carries, and training code that this book does not have
    yet.
    """
    there = [name for name in SHIFTED if (mscoco_folder().parent / name).is_dir()]
    raise DataAbsent(
        f"MSCOCO is here, with {len(there)} of {len(SHIFTED)} shifted ImageNets ({', '.join(there) or 'none'}), but "
        f"{NO_TRAINING}: "
        f"add it to {__name__}, whose configuration says what would be run"
    )
