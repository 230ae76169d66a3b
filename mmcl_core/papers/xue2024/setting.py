"""The two data models of Xue et al. 2024 and their captions, in latent coordinates.

An observation is `x = D mu(z) + xi` with orthonormal `D` and isotropic noise, which looks the same in every rotation.
So `D` is taken to be the first columns of the identity: the first coordinates of an observation are the latent
features.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from mmcl_core.errors import InputError


@dataclass(frozen=True)
class Sample:
    """Latent features of `n` images and of their captions.

    `label` is +-1 in data model 1 and the signed pair +-(k+1) in data model 2; `attribute` is the spurious sign a;
    `image` and `text` are `[n, l]`.
    """

    image: Float[np.ndarray, "n l"]
    text: Float[np.ndarray, "n l"]
    label: Int[np.ndarray, "n"]
    attribute: Int[np.ndarray, "n"]


def require_probability(**values: float) -> None:
    """`InputError` for the first of `values` outside [0, 1]."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise InputError(f"{name} is {value:g}, but it is a probability: allowed is a number from 0 to 1")


def require_every_class(label: Int[np.ndarray, "n"], classes: Int[np.ndarray, "c"]) -> None:
    """`InputError` when one of `classes` has no sample: neither its mean nor its margin exists then."""
    missing = np.setdiff1d(classes, label)
    if len(missing):
        raise InputError(
            f"Class {missing[0]} has no sample among the {len(label)} drawn: every class needs one; "
            "take more samples or fewer classes"
        )


def require_dimension(d: int, latents: int) -> None:
    """`InputError` when an observation of `d` numbers cannot hold `latents` features in orthonormal directions."""
    if d < latents:
        raise InputError(
            f"d = {d} cannot hold {latents} latent features in orthonormal directions: allowed is d >= {latents}"
        )


@dataclass(frozen=True)
class Draws:
    """The randomness of data model 1, so that settings can be compared on the same draws."""

    label: Int[np.ndarray, "n"]
    normal: Float[np.ndarray, "n 2"]
    uniform: Float[np.ndarray, "n 3"]

    @classmethod
    def of(cls, n: int, stream: np.random.Generator, prior: float = 0.5) -> Draws:
        """`n` draws; the class +1 has probability `prior`."""
        label = 2 * (stream.random(n) < prior) - 1
        return cls(label, stream.standard_normal((n, 2)), stream.random((n, 3)))


@dataclass(frozen=True)
class IntraClass:
    """Data model 1 (Definitions 4.1, 5.1): the core varies within its class, the background hardly does.

    z_core ~ N(y, sigma_core^2), z_spu ~ N(a, sigma_spu^2), a = y with probability `p_spu` in training. A caption names
    class and attribute, and with probabilities `pi_core`, `pi_spu` also the variant: t = (z_core or y, z_spu or a).
    The paper's classes are equally likely; `prior` is the probability of y = +1.
    """

    sigma_core: float = 1.0
    sigma_spu: float = 0.1
    p_spu: float = 0.95
    pi_core: float = 1.0
    pi_spu: float = 1.0
    prior: float = 0.5

    def __post_init__(self) -> None:
        require_probability(p_spu=self.p_spu, pi_core=self.pi_core, pi_spu=self.pi_spu, prior=self.prior)
        if min(self.sigma_core, self.sigma_spu) < 0:
            raise InputError(
                f"The standard deviations are {self.sigma_core:g} and {self.sigma_spu:g}: allowed are numbers from 0"
            )

    def sample(self, draws: Draws, exact: bool = False) -> Sample:
        """The training sample made of `draws`; `exact` fixes the share of a = y to `p_spu` instead of drawing it."""
        y, u = draws.label, draws.uniform
        agree = u[:, 0].argsort().argsort() < round(self.p_spu * len(y)) if exact else u[:, 0] < self.p_spu
        a = np.where(agree, y, -y)
        means = np.stack([y, a], 1)
        image = means + draws.normal * (self.sigma_core, self.sigma_spu)
        mentioned = u[:, 1:] < (self.pi_core, self.pi_spu)
        return Sample(image, np.where(mentioned, image, means), y, a)

    def second_moment(self) -> Float[np.ndarray, "2 2"]:
        """E[z t^T] under the training law, rows image, columns text: the C of Definition 3.1."""
        b = 2 * self.p_spu - 1
        return np.array([[1 + self.pi_core * self.sigma_core**2, b], [b, 1 + self.pi_spu * self.sigma_spu**2]])

    def cross_covariance(self) -> Float[np.ndarray, "2 2"]:
        """The same with the means taken out, which is what the loss sees; no difference between balanced classes."""
        return self.second_moment() - (2 * self.prior - 1) ** 2 * np.outer(self.class_mean(), self.class_mean())

    def class_mean(self) -> Float[np.ndarray, "2"]:
        """E[z | y = 1] under the training law: (1, 2 p_spu - 1). Under the true law it is (1, 0)."""
        return np.array([1.0, 2 * self.p_spu - 1])


@dataclass(frozen=True)
class Sharing:
    """Data model 2 (Definitions 4.6, 5.3): 2m classes (k, c) whose features also occur, weaker, in all other classes.

    Own pair: z_core = c, z_spu = a alpha, a = c with probability `p_spu` in training (the paper: always). Other pairs:
    +-beta and +-beta_spu with independent fair signs; `beta_spu` None means the paper's alpha beta. A caption keeps the
    own core feature; the own spurious feature with probability `pi_own`, a foreign core (spurious) feature with
    probability `pi_core` (`pi_spu`), else 0. The paper has one probability for all three: see `said`.
    Columns: m core features, then m spurious ones.
    """

    m: int
    alpha: float = 1.2
    beta: float = 0.5
    beta_spu: float | None = None
    p_spu: float = 1.0
    pi_core: float = 1.0
    pi_spu: float = 1.0
    pi_own: float = 1.0

    def __post_init__(self) -> None:
        require_probability(p_spu=self.p_spu, pi_core=self.pi_core, pi_spu=self.pi_spu, pi_own=self.pi_own)
        if self.m < 1:
            raise InputError(
                f"m is {self.m}, but there must be at least one pair of classes: allowed are whole numbers from 1"
            )

    def said(self, pi: float) -> Sharing:
        """The same with captions that mention everything but the own core feature with probability `pi`."""
        return replace(self, pi_core=pi, pi_spu=pi, pi_own=pi)

    @property
    def foreign_spurious(self) -> float:
        """beta'."""
        return self.alpha * self.beta if self.beta_spu is None else self.beta_spu

    @property
    def classes(self) -> Int[np.ndarray, "c"]:
        """All 2m labels c (k + 1)."""
        return np.concatenate([np.arange(1, self.m + 1), -np.arange(1, self.m + 1)])

    def sample(self, n: int, stream: np.random.Generator, test: bool = False) -> Sample:
        """`n` samples of the training law, or of the true law (`test`) with exactly half of them a = c."""
        rows, k = np.arange(n), stream.integers(0, self.m, n)
        c = 2 * stream.integers(0, 2, n) - 1
        agree = rows % 2 == 0 if test else stream.random(n) < self.p_spu
        a = np.where(agree, c, -c)
        image = stream.integers(0, 2, (n, 2, self.m), dtype=np.int8) * 2.0 - 1
        image *= np.array([self.beta, self.foreign_spurious])[:, None]
        image[rows, 0, k], image[rows, 1, k] = c, a * self.alpha
        text = image.copy()
        for part, kept in enumerate((self.pi_core, self.pi_spu)):
            if kept < 1:
                text[:, part] *= stream.random((n, self.m), dtype=np.float32) < kept
        own = image[rows, :, k]
        if self.pi_own < 1:
            own[:, 1] *= stream.random(n) < self.pi_own
        text[rows, :, k] = own
        return Sample(image.reshape(n, -1), text.reshape(n, -1), c * (k + 1), a)

    def every_pattern(self) -> Sample:
        """Class (1, +1) with every sign pattern of the foreign features, once with a = c and once with a = -c.

        These are the 2^(2m - 1) equally likely cases of the true law for this class; the classes are alike, so it
        stands for all. Captions are complete. Raises `InputError` above m = 10, where patterns are too many to list.
        """
        if self.m > 10:
            raise InputError(f"m = {self.m} has 2^{2 * self.m - 1} sign patterns: allowed is m up to 10")
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=2 * self.m - 1)))
        image = np.insert(signs, 0, 1.0, axis=1).reshape(-1, 2, self.m)
        image[:, 0, 1:] *= self.beta
        image[:, 1] *= np.where(np.arange(self.m) == 0, self.alpha, self.foreign_spurious)
        return Sample(
            image.reshape(len(image), -1),
            image.reshape(len(image), -1),
            np.ones(len(image), int),
            np.sign(image[:, 1, 0]).astype(int),
        )

    def every_vector(self) -> Sample:
        """Every vector that the training law can draw with p_spu = 1, 2m 2^(2m - 2) of them, with complete captions.

        Raises `InputError` above m = 5, where they are too many to list.
        """
        if self.m > 5:
            count = 2 * self.m * 4 ** (self.m - 1)
            raise InputError(f"m = {self.m} has {count} training vectors: allowed is m up to 5")
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=2 * self.m - 2))).reshape(-1, 2, self.m - 1)
        scale = np.array([self.beta, self.foreign_spurious])[:, None]
        rows, labels = [], []
        for label in self.classes:
            c, k = np.sign(label), abs(label) - 1
            block = np.insert(signs * scale, k, 0.0, axis=2)
            block[:, 0, k], block[:, 1, k] = c, c * self.alpha
            rows.append(block.reshape(len(block), -1))
            labels += [label] * len(block)
        image, label = np.concatenate(rows), np.array(labels)
        return Sample(image, image, label, np.sign(label))

    def cross_covariance(self) -> Float[np.ndarray, "l l"]:
        """C = E[z t^T] under the training law, l = 2m, eq. (27). The means vanish: it is also the covariance."""
        one = np.eye(self.m) / self.m
        core = (1 + (self.m - 1) * self.pi_core * self.beta**2) * one
        spurious = (self.pi_own * self.alpha**2 + (self.m - 1) * self.pi_spu * self.foreign_spurious**2) * one
        both = self.alpha * (2 * self.p_spu - 1) * one
        return np.block([[core, self.pi_own * both], [both, spurious]])


def class_means(
    features: Float[np.ndarray, "n l"], label: Int[np.ndarray, "n"], classes: Int[np.ndarray, "c"]
) -> Float[np.ndarray, "c l"]:
    """Mean features of each class; `InputError` for a class without samples."""
    require_every_class(label, classes)
    return np.stack([features[label == c].mean(0) for c in classes])


def observe(
    latent: Float[np.ndarray, "n l"], d: int, sigma_xi: float, stream: np.random.Generator
) -> Float[np.ndarray, "n d"]:
    """x = D z + xi with xi ~ N(0, sigma_xi^2 / d) in each of `d` directions; `InputError` when d is too small."""
    require_dimension(d, latent.shape[1])
    x = stream.standard_normal((len(latent), d)) * (sigma_xi / d**0.5)
    x[:, : latent.shape[1]] += latent
    return x
