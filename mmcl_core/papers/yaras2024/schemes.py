"""Temperature schemes: how the inverse temperature beta depends on the trained number nu, and Lemma 3.1 for each.

Under the reduced flow beta moves at the speed eta beta'(nu)^2 (1 - gamma^2) g, where eta is the learning rate of nu (1
in the paper). Dividing by the speed of gamma gives an exact invariant for every scheme, whatever the encoders do:

    potential(beta) - potential(beta_0) = F(gamma) = [log(gamma_0 / gamma) + (gamma^2 - gamma_0^2) / 2] / 2,

with potential' (beta) = beta / (eta beta'^2). For beta = exp(nu) this is Lemma 3.1; the other schemes are derived here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import lambertw, spence
from torch import Tensor
from torch.nn.functional import softplus

from mmcl_core.errors import InputError

Number = float | Float[np.ndarray, "..."]


@dataclass(frozen=True)
class Scheme(ABC):
    """A trained inverse temperature. `rate` is eta, the learning rate of nu over that of the encoders (SLRT of the
    paper)."""

    rate: float = 1.0

    def __post_init__(self) -> None:
        if not self.rate >= 0:
            raise InputError(
                f"The temperature's learning rate {self.rate} is not allowed: it must be at least 0, and 0 keeps the "
                f"temperature fixed"
            )

    @abstractmethod
    def inverse_temperature(self, nu: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """beta(nu), differentiable."""

    @abstractmethod
    def parameter(self, beta: Number) -> Number:
        """The nu at which the scheme starts at `beta`."""

    @abstractmethod
    def slope(self, beta: Number) -> Number:
        """beta'(nu), written as a function of beta."""

    @abstractmethod
    def potential(self, beta: Number) -> Number:
        """The integral of beta / (eta beta'^2): what the invariant balances against the gap."""

    def speed(self, beta: Number) -> Number:
        """eta beta'(nu)^2: d beta / dt over (1 - gamma^2) g."""
        return self.rate * self.slope(beta) ** 2


@dataclass(frozen=True)
class Exponential(Scheme):
    """beta = exp(nu / s); CLIP has s = 1. Under gradient flow the rate eta acts exactly as s = 1 / sqrt(eta)."""

    scale: float = 1.0

    def inverse_temperature(self, nu: Tensor) -> Tensor:
        return (nu / self.scale).exp()

    def parameter(self, beta: Number) -> Number:
        return self.scale * np.log(beta)

    def slope(self, beta: Number) -> Number:
        return beta / self.scale

    def potential(self, beta: Number) -> Number:
        return self.scale**2 / self.rate * np.log(beta)


@dataclass(frozen=True)
class Linear(Scheme):
    """beta = nu (appendix C)."""

    def inverse_temperature(self, nu: Tensor) -> Tensor:
        return 1.0 * nu

    def parameter(self, beta: Number) -> Number:
        return beta

    def slope(self, beta: Number) -> Number:
        return beta / beta

    def potential(self, beta: Number) -> Number:
        return beta**2 / 2 / self.rate


@dataclass(frozen=True)
class Softplus(Scheme):
    """beta = log(1 + exp(nu)). It starts at beta_0 for nu_0 = beta_0 + log(1 - exp(-beta_0)), not for nu_0 = log
    beta_0."""

    def inverse_temperature(self, nu: Tensor) -> Tensor:
        return softplus(nu)

    def parameter(self, beta: Number) -> Number:
        return beta + np.log(-np.expm1(-beta))

    def slope(self, beta: Number) -> Number:
        return -np.expm1(-beta)

    def potential(self, beta: Number) -> Number:
        """Twice by parts; the dilogarithm Li_2(exp(-beta)) is scipy's `spence(1 - exp(-beta))`."""
        rest = -np.expm1(-beta)
        return (beta**2 / 2 + (1 + beta) * np.log(rest) - spence(rest) + beta - beta / rest) / self.rate


@dataclass(frozen=True)
class Fixed(Scheme):
    """A frozen temperature (FLT): beta cannot grow, so nothing but the pairs themselves and the gap shrinks the
    drive."""

    rate: float = 0.0

    def inverse_temperature(self, nu: Tensor) -> Tensor:
        return nu.detach()

    def parameter(self, beta: Number) -> Number:
        return beta

    def slope(self, beta: Number) -> Number:
        return 0.0 * beta

    def potential(self, beta: Number) -> Number:
        """Infinite: no finite change of the gap moves a frozen temperature."""
        return np.inf


@dataclass(frozen=True)
class Schedule:
    """A prescribed temperature (TS): tau linear from `start` to `end` over `horizon` units of time.

    Raises
    ------
    InputError
        For temperatures that are not positive or a horizon that is not.
    """

    start: float
    end: float
    horizon: float

    def __post_init__(self) -> None:
        if min(self.start, self.end) <= 0 or not self.horizon > 0:
            raise InputError(
                f"The schedule from tau = {self.start} to {self.end} over {self.horizon} is not allowed: all three "
                f"numbers must be positive"
            )

    def fits(self, end: float) -> Schedule:
        """Itself; `InputError` unless it lasts as long as the run: the paper's schedules are linear in training
        progress."""
        if not np.isclose(self.horizon, end, rtol=1e-9):
            raise InputError(
                f"The temperature schedule lasts {self.horizon:g} but the run {end:g}: a schedule is linear in "
                f"training progress, so set horizon and end to the same time"
            )
        return self

    def inverse_temperature(self, time: Number) -> Number:
        return 1 / (self.start + (self.end - self.start) * np.minimum(time / self.horizon, 1.0))


def gap_potential(log_gamma: Number, gamma_0: float) -> Number:
    """F(gamma), from log gamma so that a gap of 1e-300 keeps its digits."""
    return (np.log(gamma_0) - log_gamma + (np.exp(2 * log_gamma) - gamma_0**2) / 2) / 2


def log_gamma_on_curve(potential: Number, gamma_0: float) -> Number:
    """The inverse of F: log gamma where F(gamma) = `potential`, by Lambert's W.

    With w = gamma^2 the equation is w exp(-w) = exp(-2 c), c = 2 F + gamma_0^2 / 2 - log gamma_0.
    """
    c = 2 * np.asarray(potential) + gamma_0**2 / 2 - np.log(gamma_0)
    return -c + -lambertw(-np.exp(-2 * c)).real / 2
