"""The configuration that most experiments of this chapter share ("BASE" in its text)."""

from __future__ import annotations

from typing import Literal, Self

import torch
from pydantic import Field, PositiveFloat, model_validator

from mmcl_core.lab.config import Config
from mmcl_core.papers.ren2023.closure import Closure, check_order
from mmcl_core.papers.ren2023.setting import Views, views

MEMORY = 20 * 2**30


class Base(Config):
    """Two views of r = 5 signs in d = 40 dimensions. The paper's own numbers are unknown; these show everything and
    are cheap."""

    d: int = Field(40, ge=1, le=20_000, description="chosen (BASE)")
    signal: tuple[PositiveFloat, ...] = Field(
        (1.0, 0.8, 0.6, 0.4, 0.2), min_length=1, description="chosen (BASE): sigma_1^2 >= ... >= sigma_r^2 > 0"
    )
    noise: float = Field(0.2, ge=0, description="chosen (BASE): sigma_xi^2")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if len(self.signal) > self.d:
            raise ValueError(
                f"{len(self.signal)} signal directions do not fit into d = {self.d}: allowed is d >= {len(self.signal)}"
            )
        check_order(self.signal)
        return self

    def closure(self, inverse_temperature: float | None, negatives: float = float("inf")) -> Closure:
        return Closure(self.d, self.signal, self.noise, inverse_temperature, negatives)

    def views(self, latents: Literal["sign", "gaussian"] = "sign", noise_inside: float = 0.0) -> Views:
        return views(self.d, self.signal, self.noise, latents=latents, noise_inside=noise_inside)


def require_memory(width: int, d: int, batch: int) -> None:
    """`ValueError` when a seed of such a run does not fit."""
    needed = 8 * (4 * width * d + 3 * batch**2 + 4 * batch * d)
    if needed > MEMORY:
        raise ValueError(
            f"width {width}, d {d} and batch {batch} need {needed / 2**30:.0f} GiB for each seed, more than the "
            f"{MEMORY / 2**30:.0f} allowed: take them smaller"
        )


class Trained(Base):
    """Stochastic gradient descent on the full model."""

    width: int = Field(
        500,
        ge=1,
        le=10**6,
        description="chosen: m; below r neurons the condition number is that of the directions represented",
    )
    batch: int = Field(512, ge=2, le=2**16, description="chosen: N, so K = N - 1 negatives")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        require_memory(self.width, self.d, self.batch)
        return self


def log_steps(steps: int, count: int = 60) -> torch.Tensor:
    """About `count` of the steps 0..steps, evenly spaced in the logarithm."""
    return torch.unique(
        torch.cat([torch.zeros(1), torch.logspace(0, torch.log10(torch.tensor(float(max(steps, 1)))), count)])
        .round()
        .long()
    )
