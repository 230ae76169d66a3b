"""Supervised learning of the ten digits on the semi-synthetic images: the same pictures, a finer label, no text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024.experiments.semi import Captions, CountSetting, semi_source, semi_synthetic


class LabelsSetting(CountSetting):
    """As the experiment that keeps the number of exceptions, with the ten digits as labels and nothing else."""

    book: ClassVar = {k: v for k, v in CountSetting.book.items() if k not in ("captions", "supervised")}
    smoke: ClassVar = {k: v for k, v in CountSetting.smoke.items() if k not in ("captions", "supervised")}

    captions: tuple[Captions, ...] = Field((), description="none")
    supervised: tuple[Literal[2, 10], ...] = Field((10,), description="ten labels; a digit counts as its class")


@experiment(
    "xue2024.semi_labels", LabelsSetting, data=semi_source, seconds={"smoke": 1, "book": 15, "paper": 600}, block=1
)
def semi_labels(config: LabelsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracies `[S, 4]` (ID, OOD, agree, conflict) of ten labels, on the images and seeds of `semi_count`."""
    return semi_synthetic(config, seeds, device)
