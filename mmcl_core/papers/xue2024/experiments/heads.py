"""Heads on frozen towers, as in the paper's Figures 3a, 3b and 6: icons whose background tells the class.

The towers, EfficientNet-Lite0 and WordLlama, were never trained together, so nothing here is CLIP. Features are
computed once;
what is trained are heads of three linear layers with batch norm, of several widths.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mmcl_core.data import icons as icon_data
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.losses import clip_loss
from mmcl_core.metrics import accuracy, zero_shot_predictions
from mmcl_core.models import pretrained
from mmcl_core.models.temperature import Temperature
from mmcl_core.models.towers import seeded
from mmcl_core.papers.xue2024.beside import Heads, Lines
from mmcl_core.papers.xue2024.contrast import same_class
from mmcl_core.runtime import generator, numpy_generator
from mmcl_core.train import adam, train

NAME = "xue2024.heads"
FONT, OTHERS = "mdi6", ("remix", "phosphor", "fa6s")
PLACES = ("id", "hue", "inverted", "black", *OTHERS)  # the first is in distribution, the six others are out of it
METHODS = {  # full names as captions (else the class word), same-class negatives
    "full": (True, True),
    "label": (False, True),
    "full_no_intra": (True, False),
}


class HeadsSetting(Config):
    """The paper's heads at its widths; data, towers and optimiser are ours."""

    book: ClassVar = {
        "epochs": 40,
        "supervised": (4, 8, 16, 32, 64, 128),
        "full": (16, 32, 64, 128),
        "label": (4, 8, 16, 64),
        "full_no_intra": (4, 8, 16, 64),
    }
    smoke: ClassVar = {
        "seeds": 2,
        "classes": 4,
        "each": 12,
        "most": 10,
        "epochs": 3,
        "batch": 16,
        "supervised": (4, 8, 16, 32),
        "full": (16,),
        "label": (4, 16),
        "full_no_intra": (4, 16),
    }

    pixels: int = Field(64, ge=64, le=224, description="chosen: the image tower saw 224")
    classes: int = Field(20, ge=2, le=40, description="chosen: the most frequent first words of Material Design Icons")
    each: int = Field(10_000, ge=4, description="chosen: most icons of a class; 12 at smoke")
    most: int = Field(300, ge=1, description="chosen: most icons of another font")
    agreement: float = Field(0.95, ge=0, le=1, description="chosen: how often a background has its class's hue")
    held_out: float = Field(0.2, gt=0, lt=1, description="chosen: share of each class kept for the test")
    epochs: int = Field(100, ge=1, description="the paper's 100; 40 at book")
    batch: int = Field(256, ge=2, description="the paper's (MSCOCO)")
    rate: float = Field(1e-3, gt=0, description="chosen")
    decay: float = Field(0.01, ge=0, description="chosen")
    supervised: tuple[int, ...] = Field(
        (4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 2048),
        min_length=2,
        description="widths; 4 and 8 to reach CLIP's ID",
    )
    full: tuple[int, ...] = Field((16, 32, 64, 128, 256, 512, 768, 1024, 2048), min_length=1, description="widths")
    label: tuple[int, ...] = Field((4, 8, 16, 32, 64, 128, 256, 512), min_length=2, description="widths")
    full_no_intra: tuple[int, ...] = Field((4, 8, 16, 32, 64, 128, 256, 512), min_length=2, description="widths")


def heads_source(config: HeadsSetting) -> dict[str, str]:
    return icon_data.provenance() | pretrained.provenance()


@dataclass(frozen=True)
class Features:
    """Frozen features: of every icon of the training font in four renderings, of the other fonts, and of all texts."""

    images: dict[str, Float[Tensor, "N 1280"]]
    labels: dict[str, Int[np.ndarray, "N"]]
    names: Float[Tensor, "N 256"]
    words: Float[Tensor, "C 256"]


def coloured(ink: Float[np.ndarray, "N H W"], hues: Float[np.ndarray, "N"] | None) -> np.ndarray:
    """White glyphs `[N, H, W, 3]` in 0..255 on black, or on these hues at saturation .8 and value .55."""
    colours = np.zeros((len(ink), 3)) if hues is None else np.array([colorsys.hsv_to_rgb(h, 0.8, 0.55) for h in hues])
    v = ink[..., None]
    return (255 * ((1 - v) * colours[:, None, None] + v)).round().astype(np.uint8)


def features(config: HeadsSetting, device: torch.device) -> Features:
    """Draw all icons and embed every rendering once; the hues are drawn once for all seeds."""
    fonts = {font: icon_data.icons(font, config.pixels) for font in (FONT, *OTHERS)}
    firsts = [name[0] for name in fonts[FONT].names]
    heads = sorted(set(firsts), key=lambda w: (-firsts.count(w), w))[: config.classes]
    stream = numpy_generator(NAME, 0, "renderings")
    images, labels, names = {}, {}, []
    for font, icons in fonts.items():
        rows = np.array([k for k, name in enumerate(icons.names) if name and name[0] in heads])
        label = np.array([heads.index(icons.names[k][0]) for k in rows])
        if font == FONT:
            kept = np.concatenate([np.flatnonzero(label == c)[: config.each] for c in range(len(heads))])
        else:
            kept = np.sort(stream.permutation(len(rows))[: config.most])
        rows, label = rows[kept], label[kept]
        ink = icons.images[rows] / 255
        other = stream.integers(len(heads), size=len(rows))
        own = np.where(stream.random(len(rows)) < config.agreement, label, other) / len(heads)
        anything = stream.integers(len(heads), size=len(rows)) / len(heads)
        if font == FONT:
            names = [" ".join(icons.names[k]) for k in rows]
            drawn = {"id": (ink, own), "hue": (ink, anything), "inverted": (1 - ink, None), "black": (ink, None)}
        else:
            drawn = {font: (ink, anything)}
        for place, (shape, hues) in drawn.items():
            images[place], labels[place] = pretrained.image_features(coloured(shape, hues), device).cpu(), label
    centre, spread = images["id"].mean(0), images["id"].std(0).clamp_min(1e-6)
    images = {place: (f - centre) / spread for place, f in images.items()}
    texts = pretrained.text_features(names + heads)
    texts = (texts - texts[: len(names)].mean(0)) / texts[: len(names)].std(0).clamp_min(1e-6)
    return Features(images, labels, texts[: len(names)], texts[len(names) :])


def head(inputs: int, width: int) -> nn.Sequential:
    """Three linear layers of one width with batch norm and relu between them."""
    between = (nn.BatchNorm1d(width), nn.ReLU())
    again = (nn.BatchNorm1d(width), nn.ReLU())
    return nn.Sequential(nn.Linear(inputs, width), *between, nn.Linear(width, width), *again, nn.Linear(width, width))


def held_out(label: Int[np.ndarray, "N"], share: float, seed: int) -> np.ndarray:
    """A mask of test icons, `share` of every class and at least one."""
    stream, held = numpy_generator(NAME, seed, "split"), np.zeros(len(label), bool)
    for c in range(label.max() + 1):
        rows = stream.permutation(np.flatnonzero(label == c))
        held[rows[: max(1, round(share * len(rows)))]] = True
    return held


def batches(samples: int, batch: int, stream: torch.Generator) -> Iterator[Int[Tensor, "B"]]:
    """Rows of one batch after another, shuffled anew in every epoch; the last, smaller batch of an epoch is dropped."""
    while True:
        yield from torch.randperm(samples, generator=stream)[: samples // batch * batch].split(batch)


def trained_heads(
    method: str,
    widths: Sequence[int],
    data: Features,
    seen: Bool[np.ndarray, "S N"],
    config: HeadsSetting,
    seeds: Sequence[int],
    device: torch.device,
) -> tuple[Callable[[Tensor], list[Tensor]], list[Float[np.ndarray, "S C D"]]]:
    """Heads on images, all widths and all seeds at once: the function to their outputs, and the read-outs of these,
    for each width: the classes' logits, or the prompts, which are the class words. Company changes nothing: each seed
    has its own batches, each head its own start.
    """
    x, y, words = data.images["id"].to(device), torch.as_tensor(data.labels["id"]).to(device), data.words.to(device)
    own = torch.as_tensor(np.stack([np.flatnonzero(rows) for rows in seen]))
    size = min(config.batch, own.shape[1])
    streams = [generator(NAME, seed, "order") for seed in seeds]
    orders = [batches(own.shape[1], size, stream) for stream in streams]

    def drawn(purpose: str, make: Callable[[int], nn.Module]) -> list[list[nn.Module]]:
        made: list[list[nn.Module]] = []
        for width in widths:
            made.append([])
            for seed in seeds:
                with seeded(NAME, seed, f"{purpose} {width}"):
                    made[-1].append(make(width))
        return made

    def rows() -> Int[Tensor, "S B"]:
        return torch.stack([o[next(order)] for o, order in zip(own, orders, strict=True)]).to(device)

    image = Heads(drawn("image", lambda width: head(x.shape[1], width)))
    clamp = None
    if method == "supervised":
        last = nn.ModuleList(Lines(same) for same in drawn("classes", lambda width: nn.Linear(width, len(words))))
        run = nn.ModuleDict({"image": image, "classes": last})

        def outputs(inputs: Tensor) -> list[Tensor]:
            return [line(hidden) for line, hidden in zip(last, image(inputs), strict=True)]

        def loss(_: Tensor) -> Tensor:
            at = rows()
            return sum(cross_entropy(logits.flatten(0, 1), y[at].flatten()) for logits in outputs(x[at])) * len(seeds)

    else:
        full, negatives = METHODS[method]
        names, outputs = data.names.to(device), image
        text = Heads(drawn("text", lambda width: head(words.shape[1], width)))
        temperatures = nn.ModuleList(nn.ModuleList(Temperature(0.07) for _ in seeds) for _ in widths)
        run = nn.ModuleDict({"image": image, "text": text, "temperature": temperatures})

        def clamp(_: int) -> None:
            for temperature in (t for same in temperatures for t in same):
                temperature.clamp()

        def loss(_: Tensor) -> Tensor:
            at = rows()
            ignored = None if negatives else torch.stack([same_class(classes) for classes in y[at]])
            pairs = zip(image(x[at]), text(names[at] if full else words[y[at]]), temperatures, strict=True)
            return sum(
                clip_loss(a, b, torch.stack([t() for t in same])[:, None, None], ignored).sum() for a, b, same in pairs
            )

    run = run.to(device)
    train(
        run,
        loss,
        own.shape[1],
        batch=size,
        epochs=config.epochs,
        optimiser=adam(run.parameters(), config.rate, weight_decay=config.decay),
        order=torch.Generator(),  # every seed has its own
        streams=streams,
        after_step=clamp,
        gathered=[],
        name=NAME,
    )
    with torch.no_grad():
        if method == "supervised":
            return outputs, [np.broadcast_to(np.eye(len(words)), (len(seeds), len(words), len(words)))] * len(widths)
        return outputs, [prompts.cpu().numpy() for prompts in text(words.expand(len(seeds), -1, -1))]


@experiment(NAME, HeadsSetting, data=heads_source, seconds={"smoke": 4, "book": 65, "paper": 2000})
def heads(config: HeadsSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy `[S, widths, 7]` of every method, in distribution and under six shifts; the config has the widths."""
    data = features(config, device)
    test = np.stack([held_out(data.labels["id"], config.held_out, seed) for seed in seeds])
    methods = {name: getattr(config, name) for name in ("supervised", *METHODS)}
    arrays = {name: np.empty((len(seeds), len(widths), len(PLACES))) for name, widths in methods.items()}
    for name, widths in methods.items():
        outputs, read_outs = trained_heads(name, widths, data, ~test, config, seeds, device)
        for p, place in enumerate(PLACES):
            everything = np.ones((len(seeds), len(data.labels[place])), bool)
            chosen = np.stack([np.flatnonzero(rows) for rows in (test if place not in OTHERS else everything)])
            with torch.no_grad():
                found = [o.cpu().numpy() for o in outputs(data.images[place][chosen].to(device))]
            for w, s in np.ndindex(len(widths), len(seeds)):
                guess = zero_shot_predictions(found[w][s], read_outs[w][s])
                arrays[name][s, w, p] = accuracy(guess, data.labels[place][chosen[s]])
    return arrays
