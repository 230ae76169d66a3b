"""The temperature of a contrastive loss as a part of the model: fixed, set from outside, or learnt on one of several
scales."""

from __future__ import annotations

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from mmcl_core.errors import InputError, unknown

Scale = Literal["exp", "softplus", "fixed"]
LARGEST = 100.0  # of the inverse temperature, as OpenCLIP clamps it


class Temperature(nn.Module):
    """Inverse temperature beta = 1/tau as a function of the parameter nu: exp(nu / stretch), or softplus(nu); "fixed"
    is not learnt.

    `temperature()` is tau; `set(tau)` puts it to a value, for schedules. `clamp()` keeps beta in [1, 100], to be
    called after every step, as OpenCLIP does; without effect on "softplus" and "fixed", whose beta is meant to go
    anywhere.

    Raises
    ------
    InputError
        For an unknown scale, or a temperature or stretch that is not positive.
    """

    def __init__(self, temperature: float, scale: Scale = "exp", stretch: float = 1.0) -> None:
        super().__init__()
        if scale not in ("exp", "softplus", "fixed"):
            raise unknown("temperature scale", scale, ("exp", "softplus", "fixed"))
        if not stretch > 0:
            raise InputError(f"The stretch of a temperature cannot be {stretch}: allowed are positive numbers")
        self.scale, self.stretch = scale, stretch
        self.nu = nn.Parameter(torch.zeros(()), requires_grad=scale != "fixed")
        self.set(temperature)

    def forward(self) -> Float[Tensor, ""]:
        if self.scale == "softplus":
            return 1 / softplus(self.nu)
        return torch.exp(-self.nu / self.stretch)

    @torch.no_grad()
    def set(self, temperature: float) -> None:
        """Put the temperature to a value; `InputError` unless it is positive."""
        if not 0 < temperature < math.inf:
            raise InputError(f"A temperature cannot be {temperature}: allowed are positive numbers")
        beta = 1 / temperature
        self.nu.fill_(
            beta + math.log(-math.expm1(-beta)) if self.scale == "softplus" else self.stretch * math.log(beta)
        )

    @torch.no_grad()
    def clamp(self) -> None:
        if self.scale == "exp":
            self.nu.clamp_(0, self.stretch * math.log(LARGEST))
