"""The paper's own experiment as a configuration: CLIP with a ResNet-50 on MSCOCO, whose data no package registry
carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import Field

from mmcl_core.errors import DataAbsent
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024.methods import METHODS

COLUMNS = (
    "uniformity",
    "gap",
    "zero_shot",
    "linear_probe",
    "image_retrieval",
    "text_retrieval",
)  # of the table that will receive the results


class MscocoSetting(Config):
    """Section 4 and appendix E. All tiers are alike: there is nothing small about it."""

    seeds: int = Field(3, ge=1, description="section 4: means of 3 runs")
    methods: tuple[str, ...] = Field(tuple(METHODS), min_length=1, description="Tables 2 to 5")
    image_tower: Literal["RN50"] = Field("RN50", description="section 4: OpenCLIP's ResNet-50 with attention pooling")
    width: int = Field(1024, ge=1, description="OpenCLIP's RN50: dimension of the common space")
    pixels: int = Field(224, ge=32, description="section 4: RandomResizedCrop 224")
    batch: int = Field(1024, ge=2, description="section 4: 1024")
    epochs: int = Field(100, ge=1, description="section 4: 100")
    warm_up: float = Field(0.2, ge=0, lt=1, description="section 4: 20 of 100 epochs, then a cosine")
    rates: tuple[float, ...] = Field((1e-5, 5e-5, 1e-4, 5e-4), min_length=1, description="section 4: the best of four")
    gap_pairs: int = Field(512, ge=2, description="section 4: gap on 512 random test pairs")


def _data(config: MscocoSetting) -> dict[str, str]:
    raise DataAbsent(
        "MSCOCO's images and captions reach no machine through the package registries, so CLIP RN50 was not trained: "
        "the configuration and the table are ready for them"
    )


# The seconds are those in which it says that the data are absent.
@experiment(
    "yaras2024.mscoco", MscocoSetting, coordinates=["methods"], data=_data, seconds={"smoke": 1, "book": 1, "paper": 1}
)
def mscoco(config: MscocoSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Tables 2 to 5 in the paper's own setting: `COLUMNS` as `[S, methods]`. Its training waits for the data."""
    raise DataAbsent(f"MSCOCO is absent: {', '.join(_data(config))}")
