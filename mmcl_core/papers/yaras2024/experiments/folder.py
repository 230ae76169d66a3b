"""The training at size on a folder that is small: the loop of the paper's own setting, exercised on two cores.

Emoji and icons with their names, in the format in which MSCOCO comes. It shows that the machinery runs, trains and
measures; with several hundred pairs it says nothing about the paper.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.generated import generated_folder
from mmcl_core.data import emojis, icons
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024.methods import find_method

COLUMNS = ("uniformity", "gap", "image_retrieval", "text_retrieval")


class FolderSetting(Config):
    """Not in the paper."""

    book: ClassVar = {"epochs": 6}
    smoke: ClassVar = {"train": 48, "test": 24, "batch": 16, "epochs": 1, "towers": ("vit-tiny",)}

    seeds: int = Field(2, ge=1, description="chosen")
    towers: tuple[Literal["vit-tiny", "resnet-tiny"], ...] = Field(
        ("vit-tiny", "resnet-tiny"), min_length=1, description="chosen: image towers"
    )
    methods: tuple[str, ...] = Field(
        ("baseline", "FLT .2"), min_length=1, description="of Tables 2 to 5, or FLT .05 and the like"
    )
    train: int = Field(640, ge=2, description="chosen: pairs to train on")
    test: int = Field(160, ge=2, description="chosen: pairs to test on, and the gallery")
    pixels: int = Field(32, ge=16, description="chosen")
    batch: int = Field(64, ge=2, description="chosen")
    epochs: int = Field(60, ge=1, description="chosen; 6 at book")
    rate: float = Field(1e-3, gt=0, description="chosen")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for method in self.methods:
            find_method(method)
        return self


@experiment(
    "yaras2024.folder",
    FolderSetting,
    coordinates=["towers", "methods"],
    data=lambda config: emojis.provenance() | icons.provenance(),
    seconds={"smoke": 4, "book": 30, "paper": 400},
    block=1,
)
def folder(config: FolderSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Towers of a hundred thousand weights on emoji and icons through the loop for MSCOCO: `COLUMNS` and the first and
    last loss as `[S, towers, methods]`."""
    from mmcl_core.clip.training import train_clip  # here: transformers takes seconds to import

    shape = (len(seeds), len(config.towers), len(config.methods))
    out = {c: np.empty(shape) for c in ("loss", *COLUMNS)}
    with tempfile.TemporaryDirectory() as scratch:
        pairs = generated_folder(Path(scratch) / "pairs", config.train, config.test, config.pixels)
        for s, seed in enumerate(seeds):
            for t, tower in enumerate(config.towers):
                for m, method in enumerate(config.methods):
                    run = ClipRun.at(
                        "smoke", data=str(pairs), train="train", test="val", image_tower=tower, method=method,
                        pixels=config.pixels, batch=config.batch, epochs=config.epochs, rate=config.rate, width=64,
                        evaluate_every=config.epochs, gap_pairs=config.test,
                    )  # fmt: skip
                    out_folder = Path(scratch) / f"{tower}-{m}"
                    last = train_clip(run, find_method(method), seed, device, out_folder, quiet=True).history[-1]
                    for name in out:
                        out[name][s, t, m] = last[name]
    return {"towers": np.array(config.towers), "methods": np.array(config.methods)} | out
