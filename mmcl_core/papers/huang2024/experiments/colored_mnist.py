"""Table 1: SimCLR and CLIP-style training on ColoredMNIST, and the controls that say what the gap rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field

from mmcl_core.data import digits
from mmcl_core.data.augment import MILD
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024.encoders import ColoredSetting, DigitSetting, ReadOut, clip, simclr


def _data(config: DigitSetting) -> dict[str, str]:
    return digits.provenance(config.source, config.train_samples + config.test_samples)


def collect(runs: dict[str, Callable[[int], dict[str, ReadOut]]], seeds: Sequence[int]) -> Arrays:
    """`<run>_<read-out>_<train|test|follows_colour>`, each `[S]`, for every named run."""
    arrays: dict[str, list[float]] = {}
    for seed in seeds:
        for run, function in runs.items():
            for name, outcome in function(seed).items():
                for field in ("train", "test", "follows_colour"):
                    arrays.setdefault(f"{run}_{name}_{field}", []).append(getattr(outcome, field))
    return {name: np.array(values) for name, values in arrays.items()}


class TableSetting(ColoredSetting):
    """Table 1, or the same with captions that say less."""

    captions: Literal["colour and label", "colour only", "label only"] = Field(
        "colour and label", description="Table 1: captions name the colour and the digit"
    )


@experiment(
    "huang2024.colored_mnist", TableSetting, data=_data, seconds={"smoke": 4, "book": 30, "paper": 1800}, block=1
)
def colored_mnist(config: TableSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Table 1: accuracy with training colours and with reversed colours, one modality and two, with every read-out."""
    return collect(
        {
            "single": lambda s: simclr(config, s, device),
            "multi": lambda s: clip(config, s, device, config.captions),
        },
        seeds,
    )


@experiment(
    "huang2024.colored_controls", ColoredSetting, data=_data, seconds={"smoke": 5, "book": 50, "paper": 3000}, block=1
)
def colored_controls(config: ColoredSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Controls of Table 1: milder views, the same views with the colour changed, captions without the digit."""
    return collect(
        {
            "mild": lambda s: simclr(config, s, device, MILD),
            "recoloured": lambda s: simclr(config, s, device, MILD, recolouring=0.8),
            "colour": lambda s: clip(config, s, device, "colour only"),
        },
        seeds,
    )


@experiment(
    "huang2024.colored_samples",
    DigitSetting,
    data=_data,
    seconds={"smoke": 1, "book": 1, "paper": 1},
)
def colored_samples(config: DigitSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The first images of the training and of the reversed-colour test set `[S, 2, 12]`, and how often colour names the
    label, per seed."""
    parts = [config.data(seed) for seed in seeds]
    shown = 12
    return {
        **{
            name: np.stack([[getattr(part, name)[:shown].numpy() for part in pair] for pair in parts])
            for name in ("grey", "digit", "label", "colour")
        },
        "train_colour_accuracy": np.array([float((a.colour == a.label).float().mean()) for a, _ in parts]),
        "test_colour_accuracy": np.array([float((b.colour == b.label).float().mean()) for _, b in parts]),
        "test_digit_accuracy": np.array([float((b.digit == b.label).float().mean()) for _, b in parts]),
    }
