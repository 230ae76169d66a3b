"""T3, T4, T6 on data model 2: supervised learning, the exact threshold, finite samples, rich captions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from sklearn.svm import LinearSVC

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.xue2024 import linear, supervised, theory
from mmcl_core.papers.xue2024.experiments.base import Probability, SharingBase, SharingSetting, stream
from mmcl_core.papers.xue2024.setting import Sample, Sharing, require_every_class

CASES = (
    (1.2, 0.5, 0.6, 20, 8000),
    (2.0, 0.5, 1.0, 10, 4000),
    (1.2, 0.2, 0.24, 10, 4000),
    (1.2, 0.8, 0.96, 10, 4000),
    (1.2, 0.5, 0.5, 10, 4000),
)


class SupervisedSetting(Config):
    """(alpha, beta, beta', m, n): the first two are T3's, the others a weak and a strong foreign feature and beta' = beta."""

    book: ClassVar = {"steps": 500}
    smoke: ClassVar = {"seeds": 2, "steps": 60, "cases": CASES[:2]}

    seeds: int = Field(5, ge=1, description="chosen")
    cases: tuple[tuple[float, float, float, int, int], ...] = Field(
        CASES, min_length=1, description="chosen (T3, and three more)"
    )
    steps: int = Field(3000, ge=1, description="chosen (5.5): of normalised gradient descent at rate 1")
    tests: int = Field(4000, ge=2, description="chosen")


@experiment("xue2024.sharing_supervised", SupervisedSetting, seconds={"smoke": 1, "book": 8, "paper": 60})
def sharing_supervised(config: SupervisedSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Per case: accuracy on a = c, on a = -c, on training data, g_1/g_2 of descent and of scikit-learn's max-margin over that of the theory `[S, case, 5]`."""
    rows = []
    for seed in seeds:
        table = []
        for alpha, beta, foreign, m, n in config.cases:
            model, s = Sharing(m, alpha, beta, foreign), stream(seed, f"supervised {m}")
            train, test = training(model, n, s), model.sample(config.tests, s, test=True)
            w = supervised.multiclass_descent(train.image, train.label, model.classes, config.steps, 1.0)
            right = model.classes[(test.image @ w.T).argmax(1)] == test.label
            agree = test.attribute == np.sign(test.label)
            seen = (model.classes[(train.image @ w.T).argmax(1)] == train.label).mean()
            machine = LinearSVC(
                multi_class="crammer_singer", fit_intercept=False, C=100.0, max_iter=5000, random_state=seed
            ).fit(train.image, train.label)
            ordered = machine.coef_[np.searchsorted(machine.classes_, model.classes)]
            table.append(
                (right[agree].mean(), right[~agree].mean(), seen, own_ratio(w, model), own_ratio(ordered, model))
            )
        rows.append(table)
    return {"table": np.array(rows)}


def own_ratio(w: np.ndarray, model: Sharing) -> float:
    """g_1/g_2 of classifiers w_(k,c) = c (g_1 e_core,k + g_2 e_spu,k), averaged over the classes, over (1 - beta)/(alpha - beta'): 1 at the symmetric max-margin."""
    rows, m = np.arange(2 * model.m), model.m
    signs = np.sign(model.classes)
    return float(
        (model.alpha - model.foreign_spurious)
        / (1 - model.beta)
        * (w[rows, rows % m] * signs).mean()
        / (w[rows, m + rows % m] * signs).mean()
    )


class PopulationSetting(Config):
    """The population cross-covariance, zero-shot on drawn test samples, against the three regimes."""

    smoke: ClassVar = {"seeds": 2, "tests": 2000}

    seeds: int = Field(5, ge=1, description="chosen: draws of the test sample")
    tests: int = Field(4000, ge=2000, description="chosen (pitfall 7): many, for the sign patterns of small m")
    classes: tuple[int, ...] = Field(
        (1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 14, 15, 16, 20, 25, 30), min_length=1, description="chosen: m"
    )
    betas: tuple[float, ...] = Field((0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9), min_length=1, description="chosen (T4)")
    patterns: tuple[int, ...] = Field(
        (1, 2, 3, 4, 5, 6, 7, 8),
        min_length=1,
        description="chosen: m for which all 2^(2m - 1) sign patterns are listed",
    )


@experiment(
    "xue2024.sharing_population",
    PopulationSetting,
    coordinates=("m", "threshold", "expected", "m_listed", "listed", "listed_formula"),
    seconds={"smoke": 1, "book": 3, "paper": 3},
)
def sharing_population(config: PopulationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy against m with sharing, without it, and with rank m `[S, m]`; the least m with accuracy 1, found by search, for eleven settings `[S, setting]`.

    `listed` is the accuracy over all sign patterns of the foreign features, beside its formula, for the m in `patterns`.
    """
    c = config
    cases = [dict(beta=b) for b in c.betas] + [dict(beta_spu=0.5), dict(alpha=2.0), dict(p_spu=0.9), dict(pi_core=0.5)]
    accuracy, alone = np.empty((2, len(seeds), len(c.classes)))
    found = np.empty((len(seeds), len(cases)), int)
    for row, seed in enumerate(seeds):
        for column, m in enumerate(c.classes):
            for array, model in ((accuracy, Sharing(m)), (alone, Sharing(m, beta=0.0))):
                array[row, column] = zero_shot(model.cross_covariance(), model, c.tests, seed)
        for column, changes in enumerate(cases):
            low, high = 1, 200  # accuracy 1 is monotone in m here: bisect
            while high - low > 1:
                middle = (low + high) // 2
                model = Sharing(middle, **changes)
                exact = zero_shot(model.cross_covariance(), model, c.tests, seed) == 1
                low, high = (low, middle) if exact else (middle, high)
            found[row, column] = high
    expected = [theory.sharing_accuracy(Sharing(m)) for m in c.classes]
    listed = [
        np.mean(linear.sharing_accuracy(Sharing(m).cross_covariance(), Sharing(m).every_pattern())) for m in c.patterns
    ]
    bounds = [theory.threshold_classes(**({"alpha": 1.2, "beta": 0.5} | changes)) for changes in cases]
    return {
        "m": np.array(c.classes),
        "expected": np.array(expected),
        "threshold": np.array(bounds),
        "accuracy": accuracy,
        "alone": alone,
        "found": found,
        "m_listed": np.array(c.patterns),
        "listed": np.array(listed),
        "listed_formula": np.array([theory.sharing_accuracy(Sharing(m)) for m in c.patterns]),
    }


def training(model: Sharing, n: int, s: np.random.Generator) -> Sample:
    """A training sample in which every class occurs; `InputError` otherwise."""
    sample = model.sample(n, s)
    require_every_class(sample.label, model.classes)
    return sample


def zero_shot(G: np.ndarray, model: Sharing, tests: int, seed: int) -> float:
    """Accuracy on a balanced test sample."""
    return float(np.mean(linear.sharing_accuracy(G, model.sample(tests, stream(seed, f"test {model.m}"), test=True))))


class FiniteSetting(SharingSetting):
    """Finite training samples of data model 2."""

    smoke: ClassVar = {"seeds": 2, "sizes": (1000, 3000), "richness_m": 10, "n": 2000, "tests": 1000}

    seeds: int = Field(5, ge=1, description="chosen")
    sizes: tuple[int, ...] = Field((1000, 3000, 10_000, 30_000, 100_000), min_length=1, description="chosen (T4)")
    richness: tuple[Probability, ...] = Field(
        (0.2, 0.4, 0.5, 0.6, 0.8, 1.0), min_length=2, description="chosen (T6): pi_core"
    )
    richness_m: int = Field(30, ge=1, le=200, description="chosen (T6)")


@experiment(
    "xue2024.sharing_finite", FiniteSetting, coordinates=("n", "pi_core"), seconds={"smoke": 1, "book": 3, "paper": 3}
)
def sharing_finite(config: FiniteSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy against n `[S, n]`, with half the rank `[S]`, and against pi_core with pi_spu = 0 and 1 `[S, pi_core, 2]`."""
    c = config
    model = c.model()
    sizes, half, rich = [], [], []
    for seed in seeds:
        row = []
        for n in c.sizes:
            train = training(model, n, stream(seed, f"finite {n}"))
            S = linear.cross_covariance(train.image, train.text)
            row.append(zero_shot(S, model, c.tests, seed))
        sizes.append(row)
        cut = linear.minimiser_of(S, c.m)  # half the rank: of the largest sample
        half.append(zero_shot(cut.u * cut.s @ cut.v.T, model, c.tests, seed))
        table = []
        for pi in c.richness:
            accuracies = []
            for spurious in (0.0, 1.0):
                shared = c.model(m=c.richness_m, pi_core=pi, pi_spu=spurious)
                train = training(shared, c.n, stream(seed, "rich"))
                accuracies.append(zero_shot(linear.cross_covariance(train.image, train.text), shared, c.tests, seed))
            table.append(accuracies)
        rich.append(table)
    return {
        "n": np.array(c.sizes),
        "pi_core": np.array(c.richness),
        "accuracy": np.array(sizes),
        "half_rank": np.array(half),
        "rich": np.array(rich),
    }


class RichPopulationSetting(Config):
    """pi* on the population."""

    smoke: ClassVar = {"seeds": 2, "grid": 11}

    seeds: int = Field(5, ge=1, description="chosen: draws of the test sample")
    tests: int = Field(4000, ge=2000, description="chosen")
    classes: tuple[int, ...] = Field((10, 15, 20, 30), min_length=1, description="chosen (T6): m")
    grid: int = Field(41, ge=3, le=500, description="chosen: values of pi_core from 0 to 1")


@experiment(
    "xue2024.threshold_richness",
    RichPopulationSetting,
    coordinates=("m", "pi_core", "threshold"),
    seconds={"smoke": 1, "book": 3, "paper": 3},
)
def threshold_richness(config: RichPopulationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Population accuracy against pi_core for each m `[S, m, pi_core]`, once with pi_spu = 1 and once with 0; the pi_core where it jumps, by bisection `[S, m]`."""
    c = config
    pi = np.linspace(0, 1, c.grid)
    tables, jumps = {0.0: [], 1.0: []}, []
    for seed in seeds:

        def accuracy(m: int, p: float, spurious: float) -> float:
            model = Sharing(m, pi_core=p, pi_spu=spurious)
            return zero_shot(model.cross_covariance(), model, c.tests, seed)

        for spurious, rows in tables.items():
            rows.append([[accuracy(m, p, spurious) for p in pi] for m in c.classes])
        row = []
        for m in c.classes:
            low, high = 0.0, 1.0
            if accuracy(m, 1.0, 1.0) < 1:
                row.append(np.inf)
                continue
            while high - low > 1e-4:
                middle = (low + high) / 2
                low, high = (low, middle) if accuracy(m, middle, 1.0) == 1 else (middle, high)
            row.append(high)
        jumps.append(row)
    return {
        "m": np.array(c.classes),
        "pi_core": pi,
        "threshold": theory.threshold_richness(np.array(c.classes), 1.2, 0.5),
        "accuracy": np.array(tables[1.0]),
        "silent": np.array(tables[0.0]),
        "jump": np.array(jumps),
    }


Amplitude = Annotated[float, Field(gt=0)]


class PhaseSetting(SharingBase):
    """Finite samples over (beta, m) and (alpha, beta)."""

    book: ClassVar = {"n": 20_000, "tests": 1000}
    smoke: ClassVar = {
        "seeds": 2,
        "n": 2000,
        "tests": 500,
        "classes": (5, 20),
        "betas": (0.3, 0.6),
        "alphas": (1.1, 2.0),
    }

    seeds: int = Field(5, ge=1, description="chosen")
    classes: tuple[int, ...] = Field((2, 6, 10, 14, 18, 22, 28, 34, 40), min_length=1, description="chosen: m")
    betas: tuple[Amplitude, ...] = Field(
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), min_length=1, description="chosen: beta"
    )
    alphas: tuple[Amplitude, ...] = Field(
        (1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6), min_length=1, description="chosen: alpha > 1"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if max(self.betas) >= 1:
            raise ValueError(f"beta = {max(self.betas)} is not weaker than the own feature: allowed is beta below 1")
        return self


@experiment(
    "xue2024.phase_sharing",
    PhaseSetting,
    coordinates=("m", "beta", "alpha"),
    seconds={"smoke": 1, "book": 9, "paper": 14},
)
def phase_sharing(config: PhaseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Accuracy of learnt classifiers over (m, beta) `[S, m, beta]` and over (alpha, beta) at the setting's m `[S, alpha, beta]`."""
    c = config

    def learnt(seed: int, **changes: float) -> float:
        model = c.model(**changes)
        train = training(model, c.n, stream(seed, f"phase {model.m}"))
        return zero_shot(linear.cross_covariance(train.image, train.text), model, c.tests, seed)

    return {
        "m": np.array(c.classes),
        "beta": np.array(c.betas),
        "alpha": np.array(c.alphas),
        "by_classes": np.array([[[learnt(s, m=m, beta=b) for b in c.betas] for m in c.classes] for s in seeds]),
        "by_strength": np.array([[[learnt(s, alpha=a, beta=b) for b in c.betas] for a in c.alphas] for s in seeds]),
    }
