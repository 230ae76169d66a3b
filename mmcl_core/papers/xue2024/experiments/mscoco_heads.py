"""The paper's Figs. 3a and 3b in their own setting: heads of eleven widths on a frozen CLIP, MSCOCO, six shifts.

Neither the pictures nor CLIP's weights come with a package. With both it runs at every tier: the smaller ones take few
pictures, few widths and few epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from mmcl_core.clip.config import ClipRun, ImageTower, TextTowerName
from mmcl_core.clip.objective import AsClip
from mmcl_core.clip.pairs import Pairs, subset
from mmcl_core.clip.shards import read_pairs
from mmcl_core.errors import DataAbsent
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import accuracy, zero_shot_predictions
from mmcl_core.papers.xue2024.experiments.heads import Features, HeadsSetting, trained_heads
from mmcl_core.papers.xue2024.experiments.mscoco import SHIFTED, mscoco_folder, shifted_folders
from mmcl_core.paths import data_folder

WIDTHS = (16, 32, 64, 128, 256, 512, 768, 1024, 2048, 4096, 8192)
METHODS = ("supervised", "full", "label")  # labels alone; captions; the class's name as caption
WEIGHTS = "clip-rn50"  # the folder under MMCL_DATA_DIR


class MscocoHeadsSetting(Config):
    """Section 6 and Appendix G: CLIP's ResNet-50 and text transformer frozen, three layers on each."""

    book: ClassVar = {"pictures": 4096, "epochs": 10, "supervised": (16, 128, 1024), "full": (16, 128, 1024),
                      "label": (16, 128, 1024)}  # fmt: skip
    smoke: ClassVar = {"pictures": 256, "epochs": 2, "supervised": (16, 32), "full": (16, 32), "label": (16, 32)}

    seeds: int = Field(3, ge=1, description="chosen; the paper has one run a point")
    supervised: tuple[int, ...] = Field(WIDTHS, min_length=2, description="the paper's widths")
    full: tuple[int, ...] = Field(WIDTHS, min_length=1, description="the paper's widths")
    label: tuple[int, ...] = Field(WIDTHS, min_length=2, description="the paper's widths")
    epochs: int = Field(100, ge=1, description="the paper's")
    batch: int = Field(256, ge=2, description="the paper's")
    rate: float = Field(5e-4, gt=0, description="CyCLIP's default")
    decay: float = Field(0.1, ge=0, description="CyCLIP's default")
    pictures: int = Field(0, ge=0, description="most pictures of each set; 0: all, as in the paper")
    weights: str = Field("", description="folder with CLIP's weights; empty: clip-rn50 under $MMCL_DATA_DIR")
    tokenizer: str = Field("", description="CLIP's tokenizer.json; empty: the one in the folder of the weights")
    image_tower: ImageTower = Field("RN50", description="the paper's")
    text_tower: TextTowerName = Field("clip", description="the paper's")
    activation: Literal["gelu", "quick_gelu"] = Field("quick_gelu", description="of the weights of Radford et al. 2021")
    width: int = Field(1024, ge=1, description="CLIP's RN50")
    pixels: int = Field(224, ge=16, description="CLIP's")
    context: int = Field(77, ge=4, description="CLIP's")
    folder: str = Field("", description="the pairs in COCO's format, with instances; empty: mscoco in $MMCL_DATA_DIR")
    train: str = Field("train2017", description="split to train on")
    test: str = Field("val2017", description="split that is in distribution")
    workers: int = Field(8, ge=0, description="processes that decode")

    def run(self) -> ClipRun:
        """The frozen towers, as a run that is never trained."""
        same = ("image_tower", "text_tower", "activation", "width", "pixels", "context", "train", "test", "workers")
        weights, tokenizer = clip_weights(self)
        fields = {name: getattr(self, name) for name in same}
        return ClipRun(data=str(mscoco_folder(self)), weights=str(weights), tokenizer=str(tokenizer), **fields)


def clip_weights(config: MscocoHeadsSetting) -> tuple[Path, Path]:
    """CLIP's weights and its tokenizer; `DataAbsent` where one is not there."""
    root = data_folder()
    weights = Path(config.weights).expanduser() if config.weights else root / WEIGHTS if root else None
    if weights is None or not weights.exists():
        raise DataAbsent(
            "The weights of CLIP's ResNet-50 are not on this machine and no package carries them: put "
            f"open_clip_model.safetensors and tokenizer.json into the folder {WEIGHTS} under MMCL_DATA_DIR"
        )
    beside = (weights if weights.is_dir() else weights.parent) / "tokenizer.json"
    tokenizer = Path(config.tokenizer).expanduser() if config.tokenizer else beside
    if not tokenizer.is_file():
        raise DataAbsent(f"CLIP's tokenizer is not there: put tokenizer.json beside its weights, as {tokenizer}")
    return weights, tokenizer


def heads_source(config: MscocoHeadsSetting) -> dict[str, str]:
    """Sizes of captions and weights, and the shifted sets that are there."""
    annotations, (weights, _) = mscoco_folder(config) / "annotations", clip_weights(config)
    shifts = shifted_folders(config)
    if not shifts:
        raise DataAbsent(
            f"MSCOCO is here, but none of the shifted sets {', '.join(SHIFTED)}: put one at least beside it, as a "
            "folder of pictures in folders named by MSCOCO's classes"
        )
    files = sorted(weights.glob("*.safetensors")) if weights.is_dir() else [weights]
    sizes = {s: str((annotations / f"captions_{s}.json").stat().st_size) for s in (config.train, config.test)}
    return sizes | {f.name: str(f.stat().st_size) for f in files} | {"shifted": ", ".join(f.name for f in shifts)}


def few(pairs: Pairs, most: int) -> Pairs:
    """Pairs with a class, at most `most` of them, evenly over the split; all for 0."""
    rows = np.array([i for i in range(len(pairs)) if pairs.label(i) >= 0], int)
    if most and len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
    return subset(pairs, rows)


def features(config: MscocoHeadsSetting, device: torch.device) -> tuple[Features, tuple[str, ...]]:
    """Outputs of the frozen towers: training pictures as "id" with their first captions, test pictures as "test", the
    shifted sets by name; and the names of the tests."""
    from mmcl_core.clip.batches import EvaluationViews  # here: transformers takes seconds to import
    from mmcl_core.clip.evaluate import embedded
    from mmcl_core.clip.tokens import Tokens
    from mmcl_core.clip.towers import make_clip
    from mmcl_core.clip.transfer import class_embeddings, in_folders, picture_embeddings, with_a_class
    from mmcl_core.clip.weights import load_weights

    run = config.run()
    tokens = Tokens(run.tokenizer, run.context)
    clip = make_clip(run, tokens, AsClip.make_temperature())
    load_weights(clip, Path(run.weights), run.activation)
    clip = clip.to(device).eval()
    train, test = (few(read_pairs(run.data, "coco", s), config.pictures) for s in (config.train, config.test))
    half = device.type == "cuda"
    image, text = embedded(clip, EvaluationViews(train, tokens, run.pixels), 256, run.workers, device, half)
    images: dict[str, Float[Tensor, "N D"]] = {"id": torch.from_numpy(image)}
    labels = {"id": np.array([train.label(i) for i in range(len(train))])}
    sets = {"test": with_a_class(test, run.pixels)}
    sets |= {f.name: in_folders(f, train.classes, run.pixels) for f in shifted_folders(config)}
    for name, pictures in sets.items():
        images[name] = torch.from_numpy(picture_embeddings(clip, pictures, run.workers))
        labels[name] = pictures.labels
    words = torch.from_numpy(class_embeddings(clip, tokens, train.classes))
    return Features(images, labels, torch.nn.functional.normalize(torch.from_numpy(text), dim=-1), words), tuple(sets)


@experiment(
    "xue2024.mscoco_heads",
    MscocoHeadsSetting,
    coordinates=["places"],
    data=heads_source,
    seconds={"smoke": 1, "book": 1, "paper": 1},
)
def mscoco_heads(config: MscocoHeadsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy `[S, widths, 1 + shifts]` of every method, in distribution and under the shifts that are there."""
    data, tests = features(config, device)
    everything = np.ones((len(seeds), len(data.labels["id"])), bool)
    fitting = HeadsSetting.at("paper", epochs=config.epochs, batch=config.batch, rate=config.rate, decay=config.decay)
    arrays = {m: np.empty((len(seeds), len(getattr(config, m)), len(tests))) for m in METHODS}
    for method in METHODS:
        widths = getattr(config, method)
        outputs, read_outs = trained_heads(method, widths, data, everything, fitting, seeds, device)
        for p, place in enumerate(tests):
            pictures = data.images[place].expand(len(seeds), -1, -1).to(device)
            with torch.no_grad():
                found = [o.cpu().numpy() for o in outputs(pictures)]
            for w, s in np.ndindex(len(widths), len(seeds)):
                guess = zero_shot_predictions(found[w][s], read_outs[w][s])
                arrays[method][s, w, p] = accuracy(guess, data.labels[place])
    return {"places": np.array(tests)} | arrays
