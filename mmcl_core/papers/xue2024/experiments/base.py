"""The configurations that the synthetic experiments share, and what they refuse."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from mmcl_core.lab.config import Config
from mmcl_core.papers.xue2024.linear import check_rank
from mmcl_core.papers.xue2024.setting import IntraClass, Sharing
from mmcl_core.runtime import numpy_generator

Probability = Annotated[float, Field(ge=0, le=1)]
PROMPT = np.array([1.0, 0.0])  # E*[z | y = 1] in data model 1: under the true law its spurious part is 0


class Observed(Config):
    """Observations of data model 1."""

    n: int = Field(4000, ge=10, le=10**6, description="chosen (T2): training pairs")
    d: int = Field(
        100, ge=1, le=20_000, description="chosen (T2): dimension of both modalities, at least the 2 latent features"
    )
    sigma_xi: float = Field(1.0, gt=0, description="chosen: total standard deviation of the noise")

    @model_validator(mode="after")
    def _spacious(self) -> Self:
        if self.d < 2:
            raise ValueError(
                f"d = {self.d} cannot hold the 2 latent features in orthonormal directions: allowed is d >= 2"
            )
        return self


class Encoded(Observed):
    """Observations under linear encoders of one rank."""

    rank: int = Field(2, ge=1, description="chosen (T2): p; below 2 a feature is lost")

    @model_validator(mode="after")
    def _sufficient(self) -> Self:
        check_rank(self.rank, 2)
        return self


class Law(Config):
    """The latent features of data model 1."""

    sigma_core: float = Field(1.0, ge=0, description="section 2.3: Theta(1)")
    sigma_spu: float = Field(0.1, ge=0, description="section 2.3: O(1/sqrt(log n))")
    p_spu: Probability = Field(0.95, description="section 2.3: 1 - o(1)")

    def model(self, **changes: float) -> IntraClass:
        return IntraClass(
            **({"sigma_core": self.sigma_core, "sigma_spu": self.sigma_spu, "p_spu": self.p_spu} | changes)
        )


class IntraSetting(Law, Encoded):
    """Data model 1 with linear encoders."""


class SharingBase(Config):
    """Data model 2 but for the strength of foreign features. Its amplitudes are our reading; observations are the latent features themselves."""

    n: int = Field(30_000, ge=2, le=10**6, description="chosen (T4): training pairs")
    m: int = Field(20, ge=1, le=200, description="chosen (T4): pairs of classes")
    alpha: float = Field(1.2, gt=0, description="chosen: strength of the own spurious feature")
    p_spu: Probability = Field(1.0, description="presumably the paper's")
    tests: int = Field(4000, ge=2, le=10**6, description="chosen: test samples, half of them a = c")

    def model(self, **changes: float) -> Sharing:
        return Sharing(**({"m": self.m, "alpha": self.alpha, "p_spu": self.p_spu} | changes))


class SharingSetting(SharingBase):
    """Data model 2."""

    beta: float = Field(0.5, ge=0, lt=1, description="chosen: strength of a foreign core feature")

    def model(self, **changes: float) -> Sharing:
        return super().model(**({"beta": self.beta} | changes))


def stream(seed: int, purpose: str) -> np.random.Generator:
    return numpy_generator("xue2024", seed, purpose)
