"""The paper's own experiment: CLIP with a ResNet-50 on MSCOCO, whose pictures no package registry carries.

With the data it is trained at tier `paper`, or run by run under torchrun (`mmcl train-clip yaras2024`), on any machine;
the smaller tiers show what has been trained and start nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from mmcl_core.clip.config import ClipRun, ImageTower, TextTowerName, load
from mmcl_core.clip.runs import finished, run_folder
from mmcl_core.errors import DataAbsent
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024.methods import METHODS, find_method
from mmcl_core.paths import data_folder

COLUMNS = ("uniformity", "gap", "image_retrieval", "text_retrieval")  # of the table that receives the results
TRANSFER = ("zero_shot", "linear_probe")  # its columns on CIFAR-10


class MscocoSetting(Config):
    """Section 4 and appendix E."""

    book: ClassVar = {"only_finished": True}
    smoke: ClassVar = {"only_finished": True}

    seeds: int = Field(3, ge=1, description="section 4: means of 3 runs")
    methods: tuple[str, ...] = Field(
        tuple(METHODS), min_length=1, description="Tables 2 to 5, or any FLT such as FLT .05"
    )
    image_tower: ImageTower = Field("RN50", description="section 4: OpenCLIP's ResNet-50 with attention pooling")
    text_tower: TextTowerName = Field("clip", description="section 4: CLIP's text transformer")
    width: int = Field(1024, ge=1, description="OpenCLIP's RN50: dimension of the common space")
    pixels: int = Field(224, ge=16, description="section 4: RandomResizedCrop 224")
    context: int = Field(77, ge=4, description="CLIP's")
    batch: int = Field(1024, ge=2, description="section 4: 1024")
    epochs: int = Field(100, ge=1, description="section 4: 100")
    warm_up: float = Field(0.2, ge=0, lt=1, description="section 4: 20 of 100 epochs, then a cosine")
    rates: tuple[float, ...] = Field((1e-5, 5e-5, 1e-4, 5e-4), min_length=1, description="section 4: the best of four")
    gap_pairs: int = Field(512, ge=2, description="section 4: gap on 512 random test pairs")
    folder: str = Field("", description="the pairs in COCO's format; empty: mscoco under $MMCL_DATA_DIR")
    train: str = Field("train2017", description="split to train on")
    test: str = Field("val2017", description="split to test on")
    cifar: str = Field("", description="section 4: CIFAR-10 for transfer; empty: cifar10 under $MMCL_DATA_DIR")
    prompt: str = Field("a photo of a {}", description="CLIP's; the paper prints 'A photo of the number ...'")
    workers: int = Field(8, ge=0, description="processes that decode")
    only_finished: bool = Field(False, description="show runs that are done and train none")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for method in self.methods:
            find_method(method)
        return self

    def run(self, method: str, rate: float) -> ClipRun:
        """One row of the tables at one learning rate."""
        same = ("image_tower", "text_tower", "width", "pixels", "context", "batch", "epochs", "warm_up", "gap_pairs",
                "train", "test", "workers")  # fmt: skip
        fields = {name: getattr(self, name) for name in same}
        return load("yaras2024", data=str(place(self)), method=method, rate=rate, **fields)


def place(config: MscocoSetting) -> Path:
    """The folder with the pairs; `DataAbsent` when it is not there."""
    root = data_folder()
    folder = Path(config.folder).expanduser() if config.folder else root / "mscoco" if root else None
    if folder is None or not (folder / "annotations" / f"captions_{config.train}.json").is_file():
        raise DataAbsent(
            f"MSCOCO's pictures and captions come with no package, so CLIP RN50 was not trained: unpack "
            f"{config.train}, "
            f"{config.test} and annotations into the folder mscoco under MMCL_DATA_DIR"
        )
    return folder


def transfer_folder(config: MscocoSetting) -> Path:
    """CIFAR-10 as `train/<class>/` and `test/<class>/`; `DataAbsent` when it is not there."""
    root = data_folder()
    folder = Path(config.cifar).expanduser() if config.cifar else root / "cifar10" if root else None
    if folder is None or not all((folder / part).is_dir() for part in ("train", "test")):
        raise DataAbsent(
            "CIFAR-10's pictures come with no package, so nothing is transferred to them: put them as files into "
            "cifar10/train/airplane and so on, and cifar10/test/airplane and so on, under MMCL_DATA_DIR"
        )
    return folder


def _data(config: MscocoSetting) -> dict[str, str]:
    """The captions' sizes, which runs are done, and which are measured on CIFAR-10: each gives a new result."""
    folder, done = place(config) / "annotations", []
    for seed in range(config.seeds):
        for method in config.methods:
            done += [f"{method} {rate:g} {seed}" for rate in config.rates if finished(config.run(method, rate), seed)]
    if config.only_finished and not done:
        raise DataAbsent(
            "MSCOCO is here, but no run of CLIP RN50 is done: start one with mmcl train-clip yaras2024 --set "
            "data=FOLDER --set method=baseline, or all of them with mmcl run yaras2024.mscoco --tier paper"
        )
    sizes = {s: str((folder / f"captions_{s}.json").stat().st_size) for s in (config.train, config.test)}
    return sizes | _measured(config) | ({"finished": "; ".join(done)} if config.only_finished else {})


def _measured(config: MscocoSetting) -> dict[str, str]:
    """Where CIFAR-10 lies; at the smaller tiers how many runs are measured on it."""
    try:
        folder = transfer_folder(config)
    except DataAbsent:
        return {}
    if not config.only_finished:
        return {"transfer": str(folder)}
    runs = [run_folder(config.run(method, rate)) for method in config.methods for rate in config.rates]
    return {"transfer": str(sum(len(list(run.glob(f"seed-*-{folder.name}.json"))) for run in runs))}


# The seconds are those in which it says that the data are absent.
@experiment(
    "yaras2024.mscoco",
    MscocoSetting,
    coordinates=["methods"],
    data=_data,
    seconds={"smoke": 1, "book": 1, "paper": 1},
)
def mscoco(config: MscocoSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Tables 2 to 5 in the paper's own setting: `COLUMNS` and `TRANSFER` as `[S, methods]`, at the rate with the best
    retrieval; NaN where no run is done, and on CIFAR-10 where its pictures are not here."""
    out = {c: np.full((len(seeds), len(config.methods)), np.nan) for c in ("rate", *COLUMNS, *TRANSFER)}
    for s, seed in enumerate(seeds):
        for m, method in enumerate(config.methods):
            rows = {rate: _row(config.run(method, rate), seed, device, config.only_finished) for rate in config.rates}
            done = {r: row for r, row in rows.items() if row is not None}
            if done:
                best = max(done, key=lambda r: done[r]["image_retrieval"] + done[r]["text_retrieval"])
                out["rate"][s, m] = best
                for c in COLUMNS:
                    out[c][s, m] = done[best][c]
                for c, value in _transferred(config, config.run(method, best), seed, device).items():
                    out[c][s, m] = value
    return {"methods": np.array(config.methods)} | out


def _row(run: ClipRun, seed: int, device: torch.device, only_finished: bool) -> dict[str, float] | None:
    row = finished(run, seed)
    if row is None and not only_finished:
        from mmcl_core.clip.training import train_clip  # here: transformers takes seconds to import

        row = train_clip(run, find_method(run.method), seed, device, run_folder(run)).history[-1]
    return row


def _transferred(config: MscocoSetting, run: ClipRun, seed: int, device: torch.device) -> dict[str, float]:
    """What the run does on CIFAR-10, measured once at tier `paper`; nothing where the pictures are not here."""
    from mmcl_core.clip.transfer import transfer

    try:
        folder, start = transfer_folder(config), find_method(run.method).make_temperature()
        found = transfer(run, start, seed, folder, device, config.prompt, compute=not config.only_finished)
    except DataAbsent:
        return {}
    return found or {}
