"""What the paper leaves unsaid in its semi-synthetic experiment, changed: the temperature, and when masks are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024.experiments.semi import Captions, CountSetting, semi_source, semi_synthetic


class SensitivitySetting(CountSetting):
    """Captions that always name the digit, with one choice of ours changed at a time.

    At tier book two of the seeds of `semi_count`, on the same images, from the same starts: an indication.
    """

    book: ClassVar = {
        **{k: v for k, v in CountSetting.book.items() if k not in ("captions", "supervised")},
        "seeds": 2,
        "captions": ((1, 1),),
    }
    smoke: ClassVar = {**book, "train": 400, "test": 200, "steps": 20, "supervised_steps": 20}

    captions: tuple[Captions, ...] = Field(
        ((0.5, 1), (1, 1)), min_length=1, description="chosen: half and fully rich; at book the latter"
    )
    supervised: tuple[Literal[2, 10], ...] = Field((), description="none: neither choice concerns it")
    other_temperature: float = Field(0.5, gt=0, description="chosen before any run: half of the 1 that we fill in")


@experiment(
    "xue2024.semi_sensitivity",
    SensitivitySetting,
    data=semi_source,
    seconds={"smoke": 2, "book": 20, "paper": 4000},
    block=1,
)
def semi_sensitivity(config: SensitivitySetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracies `[S, 4]` (ID, OOD, agree, conflict), by `temperature_` with another temperature and by `masks_` with
    masks drawn anew in every epoch."""
    variants = {"temperature": {"temperature": config.other_temperature}, "masks": {"masks": "epoch"}}
    return {
        f"{name}_{what}": values
        for name, change in variants.items()
        for what, values in semi_synthetic(config.model_copy(update=change), seeds, device).items()
    }
