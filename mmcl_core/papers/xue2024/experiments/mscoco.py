"""The paper's Fig. 3c: CLIP from scratch on shares of MSCOCO, with and without same-class negatives, under six shifts.

The pictures come with no package. With them it trains at tier `paper`; the smaller tiers show what is done and start
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import torch
from pydantic import Field

from mmcl_core.clip.config import ClipRun, ImageTower, TextTowerName, load
from mmcl_core.clip.objective import AsClip
from mmcl_core.clip.runs import finished, run_folder
from mmcl_core.clip.shards import read_pairs
from mmcl_core.errors import DataAbsent
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.paths import data_folder

SHIFTED = ("imagenet", "imagenetv2", "imagenet-sketch", "imagenet-r", "imagenet-a", "objectnet")


class MscocoSetting(Config):
    """CLIP with a ResNet-50 and a transformer from scratch, as the paper's Appendix G has it."""

    book: ClassVar = {"only_finished": True}
    smoke: ClassVar = {"only_finished": True}

    seeds: int = Field(1, ge=1, description="chosen; the paper does not say")
    same_class_negatives: tuple[bool, ...] = Field(
        (True, False), min_length=1, description="with and without intra-class contrast"
    )
    shares: tuple[float, ...] = Field(
        (0.25, 0.5, 0.75, 1.0),
        min_length=1,
        description="the paper's: shares of the training set, four points of a line",
    )
    image_tower: ImageTower = Field("RN50", description="the paper's")
    text_tower: TextTowerName = Field("clip", description="the paper's")
    width: int = Field(1024, ge=1, description="CLIP's RN50")
    pixels: int = Field(224, ge=16, description="CLIP's")
    context: int = Field(77, ge=4, description="CLIP's")
    batch: int = Field(512, ge=2, description="the paper's")
    epochs: int = Field(100, ge=1, description="the paper's")
    rate: float = Field(5e-4, gt=0, description="CyCLIP's default")
    folder: str = Field(
        "", description="the pairs in COCO's format, with instances; empty: mscoco under $MMCL_DATA_DIR"
    )
    train: str = Field("train2017", description="split to train on")
    test: str = Field("val2017", description="split that is in distribution")
    workers: int = Field(8, ge=0, description="processes that decode")
    only_finished: bool = Field(False, description="show runs that are done and train none")

    def run(self, share: float, negatives: bool) -> ClipRun:
        """One point of the figure."""
        same = ("image_tower", "text_tower", "width", "pixels", "context", "batch", "epochs", "rate", "train", "test",
                "workers")  # fmt: skip
        fields = {name: getattr(self, name) for name in same}
        data = str(mscoco_folder(self))
        return load("xue2024-scratch", data=data, share=share, same_class_negatives=negatives, **fields)


class Located(Protocol):
    """Where the pairs lie."""

    @property
    def folder(self) -> str: ...
    @property
    def train(self) -> str: ...
    @property
    def test(self) -> str: ...


def mscoco_folder(config: Located) -> Path:
    """The folder with the pairs; `DataAbsent` when it is not there."""
    root = data_folder()
    folder = Path(config.folder).expanduser() if config.folder else root / "mscoco" if root else None
    needed = [config.train, f"annotations/captions_{config.train}.json", f"annotations/instances_{config.train}.json"]
    if folder is None or not all((folder / part).exists() for part in needed):
        raise DataAbsent(
            f"The pictures and captions of MSCOCO are not on this machine and no package carries them: unpack "
            f"{', '.join(needed)} and the same of {config.test} into the folder mscoco under MMCL_DATA_DIR"
        )
    return folder


def shifted_folders(config: Located) -> list[Path]:
    """The shifted sets that are there, beside MSCOCO, as folders of pictures named by MSCOCO's classes."""
    return [mscoco_folder(config).parent / name for name in SHIFTED if (mscoco_folder(config).parent / name).is_dir()]


def mscoco_source(config: MscocoSetting) -> dict[str, str]:
    """Sizes of the captions, the shifted sets that are there, and which runs are done."""
    folder = mscoco_folder(config) / "annotations"
    runs = [(share, n) for share in config.shares for n in config.same_class_negatives]
    done = [f"{share:g} {n} {s}" for s in range(config.seeds) for share, n in runs if finished(config.run(share, n), s)]
    if config.only_finished and not done:
        raise DataAbsent(
            "MSCOCO is here, but no run is done: start one with mmcl train-clip xue2024-scratch --set "
            "data=FOLDER --set "
            "share=0.25, or all of them with mmcl run xue2024.mscoco --tier paper"
        )
    sizes = {s: str((folder / f"captions_{s}.json").stat().st_size) for s in (config.train, config.test)}
    return (
        sizes
        | {"shifted": ", ".join(f.name for f in shifted_folders(config))}
        | ({"finished": "; ".join(done)} if config.only_finished else {})
    )


@experiment(
    "xue2024.mscoco",
    MscocoSetting,
    coordinates=["shifts"],
    data=mscoco_source,
    seconds={"smoke": 1, "book": 1, "paper": 1},
)
def mscoco(config: MscocoSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Zero-shot accuracy `id` `[S, negatives, shares]` and `ood` `[S, negatives, shares, shifts]`; NaN where no run is
    done. The mean over the shifts is the paper's vertical axis."""
    from mmcl_core.clip.training import train_clip  # here: transformers takes seconds to import
    from mmcl_core.clip.transfer import in_folders, trained_clip, with_a_class, zero_shot

    shifts = shifted_folders(config)
    shape = (len(seeds), len(config.same_class_negatives), len(config.shares))
    out = {"id": np.full(shape, np.nan), "ood": np.full((*shape, len(shifts)), np.nan)}
    test = read_pairs(str(mscoco_folder(config)), "coco", config.test)
    for s, seed in enumerate(seeds):
        for n, negatives in enumerate(config.same_class_negatives):
            for k, share in enumerate(config.shares):
                run = config.run(share, negatives)
                if finished(run, seed) is None:
                    if config.only_finished:
                        continue
                    train_clip(run, AsClip(), seed, device, run_folder(run))
                clip, tokens = trained_clip(run, AsClip.make_temperature(), seed, device)
                sets = [with_a_class(test, run.pixels), *(in_folders(f, test.classes, run.pixels) for f in shifts)]
                out["id"][s, n, k], *shifted = (
                    zero_shot(clip, tokens, pictures, test.classes, run.workers) for pictures in sets
                )
                out["ood"][s, n, k] = shifted
    return {"shifts": np.array([f.name for f in shifts], dtype=str)} | out
