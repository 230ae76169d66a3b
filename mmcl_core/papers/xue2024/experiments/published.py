"""The points that the paper's figures show, as data: nothing is trained, everything here was read off its drawings."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment

FILE = Path(__file__).parent.parent / "published.csv"  # its first line names the source
COLUMNS = ("figures", "data", "series", "position", "id", "ood")


class PublishedSetting(Config):
    """Nothing to set: the points are what they are."""


def published_source(config: PublishedSetting) -> dict[str, str]:
    return {FILE.name: hashlib.sha256(FILE.read_bytes()).hexdigest()}


@experiment(
    "xue2024.published",
    PublishedSetting,
    data=published_source,
    seconds={"smoke": 0.1, "book": 0.1, "paper": 0.1},
    deterministic=True,
)
def published(config: PublishedSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy in and out of distribution `[points]` in per cent, with figure, data set, series and place in it."""
    with FILE.open(encoding="utf-8") as lines:
        next(lines)  # the source
        rows = list(csv.DictReader(lines))
    numbers = {"position": int, "id": float, "ood": float}
    return {name: np.array([numbers.get(name, str)(row[name]) for row in rows]) for name in COLUMNS}
