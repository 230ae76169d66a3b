"""Theorem 3.2 (slow closing): the constants of its proof, its bound as printed, and the corrected one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.parallel import check_start


def threshold(n: int, alpha: float, gamma: float) -> float:
    """The least beta_0 of the theorem: log(4 (n - 1)) / (alpha (1 - gamma_0^2))."""
    check_start(1.0, gamma)
    if n < 2 or not alpha > 0:
        raise InputError(
            f"n = {n} pairs with margin {alpha} are not allowed: the theorem needs n >= 2 and a positive margin"
        )
    return float(np.log(4 * (n - 1)) / (alpha * (1 - gamma**2)))


@dataclass(frozen=True)
class SlowClosing:
    """The bound for n pairs of margin at least `alpha` from (beta, gamma)."""

    n: int
    alpha: float
    beta: float
    gamma: float

    @property
    def c1(self) -> float:
        return 2 * self.alpha * (self.n - 1) * self.beta * self.gamma**0.5

    @property
    def c2(self) -> float:
        return self.alpha * self.beta * self.gamma**0.5 * (1 - self.gamma**2) * np.exp(-(self.gamma**2) / 4)

    @property
    def c3(self) -> float:
        return 55 * self.c1 / 2

    @property
    def c4(self) -> float:
        return self.c2 - 0.1

    def fastest(self, log_gamma: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
        """log of the bound on -d gamma/dt: c1 sqrt(gamma) exp(-c2 / sqrt(gamma)), the proof's key step."""
        return np.log(self.c1) + log_gamma / 2 - self.c2 * np.exp(-log_gamma / 2)

    def printed(self, log_time: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
        """c2 / log(c3 t + exp(c4 / sqrt(gamma_0)))^2, the proof's last line as it stands in the paper."""
        return self.c2 / np.logaddexp(np.log(self.c3) + log_time, self.c4 / self.gamma**0.5) ** 2

    def corrected(self, log_time: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
        """c4^2 / log(c3 c4 t + exp(c4 / sqrt(gamma_0)))^2, what the steps before it give; needs c4 > 0.

        omega = gamma^{-1/2} obeys omega' <= c3 exp(-c4 omega), so exp(c4 omega) grows at most at the rate c3 c4.
        """
        if self.c4 <= 0:
            raise InputError(
                f"c4 = {self.c4:.3g} is not positive: the bound is empty there; take beta_0 or gamma_0 larger"
            )
        return self.c4**2 / np.logaddexp(np.log(self.c3 * self.c4) + log_time, self.c4 / self.gamma**0.5) ** 2

    @property
    def limit(self) -> float:
        """K of gamma ~ K / log(t)^2: alpha^2 gamma_0 beta_0^2 exp(-gamma_0^2 / 2), for similarities of uniform
        margin."""
        return self.alpha**2 * self.gamma * self.beta**2 * np.exp(-(self.gamma**2) / 2)
