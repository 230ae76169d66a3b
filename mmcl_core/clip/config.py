"""What a CLIP run is: one validated configuration, from a TOML file, a preset, or `--set name=value`."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from mmcl_core.errors import InputError, unknown
from mmcl_core.lab.config import Config

ImageTower = Literal["RN50", "RN101", "RN50x4", "ViT-B-32", "ViT-B-16", "resnet-tiny", "vit-tiny"]
STEP = {"RN50": 32, "RN101": 32, "RN50x4": 32, "ViT-B-32": 32, "ViT-B-16": 16, "resnet-tiny": 8, "vit-tiny": 8}
STEP = {"RN50": 32, "RN101": 32, "RN50x4": 32, "ViT-B-32": 32, "ViT-B-16": 16, "resnet-tiny": 8, "vit-tiny": 8}
TextTowerName = Literal["clip", "clip-640", "tiny"]


class ClipRun(Config):
    """One training run. The defaults are Yaras et al. 2024, section 4 (OpenCLIP's ResNet-50 on MSCOCO)."""

    seeds: int = Field(1, ge=1, description="number of seeds, trained one after another")
    data: str = Field("", description="folder with the pairs, in COCO's caption format or as WebDataset shards")
    format: Literal["auto", "coco", "webdataset"] = Field("auto", description="how the folder is read")
    train: str = Field("train2017", min_length=1, description="split to train on: COCO's name, or a pattern of shards")
    test: str = Field("val2017", min_length=1, description="split to evaluate on")
    share: float = Field(1.0, gt=0, le=1, description="share of the training pairs (Xue et al. 2024, Fig. 3c)")
    captions: Literal["rich", "label"] = Field("rich", description="captions as they are, or the class name instead")
    same_class_negatives: bool = Field(True, description="False: pairs of one class leave each other's denominator")
    on_broken: Literal["refuse", "skip"] = Field("refuse", description="what to do with pairs that cannot be used")

    image_tower: ImageTower = Field("RN50")
    text_tower: TextTowerName = Field("clip", description="12 layers of 512 or 640 as in CLIP, or 2 of 64")
    width: int = Field(1024, ge=1, description="dimension of the common space; RN50 1024, RN50x4 640, others 512")
    pixels: int = Field(224, ge=16, description="side of the crops; RN50x4: 288")
    activation: Literal["gelu", "quick_gelu"] = Field(
        "gelu", description="of the transformers; OpenCLIP's own runs gelu, the weights of Radford et al. quick_gelu"
    )
    context: int = Field(77, ge=4, le=512, description="longest caption in tokens, start and end included")
    tokenizer: str = Field("", description="a tokenizer.json; empty: the one that a package of the book carries")
    weights: str = Field("", description="folder or file of pretrained weights to start from; empty: from scratch")
    dropout: float = Field(0.0, ge=0, lt=1, description="attention dropout of transformer towers")

    method: str = Field("baseline", description="row of Yaras et al. 2024, Tables 2 to 5")
    batch: int = Field(1024, ge=2, description="pairs in the joint batch of all ranks")
    epochs: int = Field(100, ge=1)
    warm_up: float = Field(0.2, ge=0, lt=1, description="share of the steps; then half a cosine")
    rate: float = Field(5e-4, gt=0, description="peak learning rate; the paper: best of 1e-5, 5e-5, 1e-4, 5e-4")
    weight_decay: float = Field(0.2, ge=0, description="OpenCLIP; not for gains, biases and the temperature")
    betas: tuple[float, float] = Field((0.9, 0.98), description="of AdamW, OpenCLIP's for ViT and RN alike")
    eps: float = Field(1e-6, gt=0)
    clip_gradient: float = Field(0.0, ge=0, description="largest norm of the gradient; 0 for none")
    drop_last: bool = Field(True, description="leave out an epoch's last, smaller batch: the loss depends on its size")

    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="bfloat16 on CUDA, else float32")
    memory: str = Field("", description="for example 20GB: the chunk of cached gradients is chosen to stay below it")
    chunk: int = Field(0, ge=0, description="pairs per forward pass of a rank with cached gradients; 0: all at once")
    workers: int = Field(4, ge=0, le=256, description="processes that decode, per rank")
    evaluate_every: int = Field(5, ge=1, description="epochs between evaluations")
    gap_pairs: int = Field(512, ge=2, description="pairs for gap and uniformity (section 4: 512)")
    log: Literal["csv", "tensorboard"] = Field("csv")

    smoke = {
        "image_tower": "vit-tiny", "text_tower": "tiny", "width": 32, "pixels": 32, "context": 16, "batch": 32,
        "epochs": 2, "workers": 0, "gap_pairs": 32, "evaluate_every": 1,
    }  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> ClipRun:
        if self.clip_gradient < 0 or not all(0 <= b < 1 for b in self.betas):
            raise ValueError(f"betas are {self.betas}: allowed are two numbers from 0 to below 1")
        if self.memory:
            memory_bytes(self.memory)
        if self.pixels % STEP[self.image_tower]:
            raise ValueError(f"pixels is {self.pixels}: {self.image_tower} takes multiples of {STEP[self.image_tower]}")
        if self.memory and self.chunk:
            raise ValueError("memory and chunk both say how large a forward pass may be: give one of them")
        if self.captions == "label" and self.format == "webdataset":
            raise ValueError("captions=label needs classes, which WebDataset shards do not carry: use COCO's format")
        return self


UNITS = {"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def memory_bytes(text: str) -> int:
    """ "20GB" in bytes.

    Raises
    ------
    ValueError
        For anything but a positive number with one of `UNITS`.
    """
    number, unit = text[:-2].strip(), text[-2:].upper()
    try:
        size = float(number) * UNITS[unit]
    except (ValueError, KeyError):
        size = 0
    if not 0 < size < float("inf"):
        raise ValueError(f"memory '{text}' is not a size: allowed are numbers with KB, MB, GB or TB, such as 20GB")
    return int(size)


def presets() -> dict[str, Path]:
    """`{name: file}` of the papers' settings that come with the book."""
    folder = Path(str(files("mmcl_core.clip") / "presets"))
    return {p.stem: p for p in sorted(folder.glob("*.toml"))}


def load(name: str, **overrides: Any) -> ClipRun:
    """The configuration in the TOML file `name`, or of the preset `name`, with `overrides` on top.

    Raises
    ------
    InputError
        For a name that is neither, a file that is not TOML, or fields and values that a run does not have.
    """
    path = presets().get(name) or Path(name).expanduser()
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        if path.suffix == ".toml" and not isinstance(error, FileNotFoundError):
            raise InputError(f"The configuration {path} cannot be read ({error}): make it readable text") from None
        raise unknown("configuration", name, presets(), "or name a .toml file with fields of a run") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"The configuration {path} is not TOML ({error}): lines are of the form name = value"
        ) from None
    tier = fields.pop("tier", "paper")
    return ClipRun.at(tier, **(fields | overrides))
