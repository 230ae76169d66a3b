"""The configurations that the synthetic experiments share, and what they refuse."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from mmcl_core.lab.config import Config
from mmcl_core.papers.xue2024 import linear
from mmcl_core.papers.xue2024.linear import check_rank
from mmcl_core.papers.xue2024.setting import IntraClass, Sharing
from mmcl_core.papers.xue2024.spread import Observation
from mmcl_core.runtime import numpy_generator

Probability = Annotated[float, Field(ge=0, le=1)]
LARGEST = 1e6  # of strengths and deviations: squares and their sums stay far from overflow
Strength = Annotated[float, Field(ge=0, le=LARGEST)]
Amplitude = Annotated[float, Field(gt=0, le=LARGEST)]


def _names_a_class(prompt: tuple[float, float]) -> tuple[float, float]:
    if not any(prompt) or max(map(abs, prompt)) > LARGEST:
        raise ValueError(f"the prompt {prompt} names no class: allowed are two numbers of size up to 1e6, not both 0")
    return prompt


Prompt = Annotated[tuple[float, float], AfterValidator(_names_a_class)]
PROMPT = np.array([1.0, 0.0])  # E*[z | y = 1] in data model 1: under the true law its spurious part is 0
MEASURES = ("ood", "id", "conflict")  # the worst group is conflict, or what 2 ood - conflict leaves for agree


class Observed(Config):
    """Observations of data model 1."""

    n: int = Field(4000, ge=10, le=10**6, description="chosen: training pairs; the paper's n = omega(1)")
    d: int = Field(100, ge=1, le=20_000, description="chosen: dimension of both modalities; the paper's Omega(n)")
    sigma_xi: Amplitude = Field(1.0, description="chosen: total standard deviation of the noise; O(log n)")

    @model_validator(mode="after")
    def _spacious(self) -> Self:
        if self.d < 2:
            raise ValueError(
                f"d = {self.d} cannot hold the 2 latent features in orthonormal directions: allowed is d >= 2"
            )
        return self

    @property
    def observation(self) -> Observation:
        return Observation(self.n, self.d, self.sigma_xi)


class Encoded(Observed):
    """Observations under linear encoders of one rank."""

    rank: int = Field(2, ge=1, description="Theorem 4.4: p >= 2; below 2 a feature is lost")

    @model_validator(mode="after")
    def _sufficient(self) -> Self:
        check_rank(self.rank, 2)
        return self


class Prompted(Encoded):
    """Zero-shot with one prompt for the class +1 and its negative for the class -1."""

    prompt: Prompt = Field((1.0, 0.0), description="section 1.2: class mean of z under the true law, (core, spurious)")


class Law(Config):
    """The latent features of data model 1."""

    sigma_core: Strength = Field(1.0, description="Assumption 4.2: Theta(1), at least 1")
    sigma_spu: Strength = Field(0.1, description="Assumption 4.2: O(1/sqrt(log n))")
    p_spu: Probability = Field(0.95, description="Assumption 4.2: 1 - o(1)")

    def model(self, **changes: float) -> IntraClass:
        own = {"sigma_core": self.sigma_core, "sigma_spu": self.sigma_spu, "p_spu": self.p_spu}
        return IntraClass(**(own | changes))


class Captioned(Law):
    """The latent features and how often captions name their variants."""

    pi_core: Probability = Field(1.0, description="Definition 5.1: pi_core; 1 is section 4's complete caption")
    pi_spu: Probability = Field(1.0, description="Definition 5.1: pi_spu")

    def model(self, **changes: float) -> IntraClass:
        return super().model(**({"pi_core": self.pi_core, "pi_spu": self.pi_spu} | changes))


class IntraSetting(Captioned, Prompted):
    """Data model 1 with linear encoders."""


class SharingBase(Config):
    """Data model 2 but for the strength of foreign features; observations are the latent features themselves."""

    n: int = Field(30_000, ge=2, le=10**6, description="chosen: training pairs; the paper takes the population")
    m: int = Field(20, ge=1, le=200, description="chosen: pairs of classes")
    alpha: Amplitude = Field(1.2, description="chosen: strength of the own spurious feature")
    p_spu: Probability = Field(1.0, description="Definition 4.6: background and class always agree in training")
    tests: int = Field(4000, ge=2, le=10**6, description="chosen: test samples, half of them a = -c")

    def model(self, **changes: float) -> Sharing:
        return Sharing(**({"m": self.m, "alpha": self.alpha, "p_spu": self.p_spu} | changes))


class SharingSetting(SharingBase):
    """Data model 2."""

    beta: float = Field(0.5, ge=0, lt=1, description="chosen: strength of a foreign core feature")
    beta_spu: Strength | None = Field(None, description="Definition 4.6: None is the paper's alpha beta")

    def model(self, **changes: float) -> Sharing:
        return super().model(**({"beta": self.beta, "beta_spu": self.beta_spu} | changes))


def stream(seed: int, purpose: str) -> np.random.Generator:
    return numpy_generator("xue2024", seed, purpose)


def measure(direction: np.ndarray, model: IntraClass, sigma_xi: float) -> tuple[float, float, float]:
    """OOD, ID and conflict accuracy of a direction, exact."""
    seen = linear.gaussian_accuracy(direction, model, sigma_xi)
    return seen.ood, seen.id, seen.conflict
