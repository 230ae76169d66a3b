"""Infinite width: 3r + 2 numbers follow the whole training run (D2).

At infinite width the columns of K_A and K_B stay mutually orthogonal except for matching signal directions, so the
state is a_p = ||K_A,p||^2, b_p = ||K_B,p||^2, g_p = <K_A,p, K_B,p> and the noise energies n_A, n_B. The number of
negatives K enters through one scalar, 1 - S, that multiplies the whole field: K is a clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from mmcl_core import flow
from mmcl_core.errors import InputError


def check_order(signal: Sequence[float]) -> None:
    """`InputError` unless sigma_1^2 >= ... >= sigma_r^2: "first" and "last" direction mean strongest and weakest."""
    if any(a < b for a, b in zip(signal, signal[1:], strict=False)):
        raise InputError(
            f"The signal variances {tuple(signal)} are not in falling order, as sigma_1 >= ... >= sigma_r: write "
            f"{tuple(sorted(signal, reverse=True))}"
        )


@dataclass(frozen=True)
class Closure:
    """The setting of a run: variances of the r signal directions and of the noise in both views, and the loss.

    inverse_temperature : tau^2, or None for the non-contrastive loss
    negatives : K, may be infinite; the time then counts in the limit's own unit
    learning : rate of a gradient flow on log tau^2 (0: fixed)
    """

    d: int
    signal: tuple[float, ...]
    noise: float
    inverse_temperature: float | None
    negatives: float = np.inf
    signal_b: tuple[float, ...] | None = None
    noise_b: float | None = None
    learning: float = 0.0

    def __post_init__(self) -> None:
        spectra = (*self.signal, *(self.signal_b or ()))
        noises = (self.noise, self.noise if self.noise_b is None else self.noise_b)
        if not spectra or not min(spectra) > 0 or not min(noises) >= 0:
            raise InputError(
                f"The signal variances {spectra} must all be positive and the noise variances {noises} at least 0: "
                f"mend the spectrum"
            )
        check_order(self.signal)
        if len(self.signal) > self.d or (self.signal_b and len(self.signal_b) != len(self.signal)):
            raise InputError(
                f"{len(self.signal)} signal directions need d of at least that (d = {self.d}) and as many variances "
                f"in both views"
            )
        if self.inverse_temperature is not None and not self.inverse_temperature > 0:
            raise InputError(
                f"tau^2 = {self.inverse_temperature} is not allowed: the inverse temperature must be positive"
            )
        if not self.negatives >= 1:
            raise InputError(f"K = {self.negatives} negatives are not allowed: the contrastive loss needs at least one")

    @property
    def rank(self) -> int:
        return len(self.signal)

    @cached_property
    def rates(self) -> tuple[np.ndarray, np.ndarray, float, float]:
        """c_A, c_B = sigma^2 / d of the signal, and the same of the noise."""
        noise_b = self.noise if self.noise_b is None else self.noise_b
        return (
            np.array(self.signal) / self.d,
            np.array(self.signal_b or self.signal) / self.d,
            self.noise / self.d,
            noise_b / self.d,
        )

    @cached_property
    def _constants(self) -> tuple[np.ndarray, np.ndarray, tuple[float, float], np.ndarray]:
        c_a, c_b, x_a, x_b = self.rates
        return c_a, c_b, (x_a, x_b), np.ones(self.rank)

    def initial(self) -> Float[np.ndarray, "state"]:
        """Independent Gaussian weights: a = b = sigma^2 / d, g = 0, noise (d - r) sigma_xi^2 / d, and log tau^2."""
        c_a, c_b, x_a, x_b = self.rates
        noise = (self.d - self.rank) * np.array([x_a, x_b])
        return np.concatenate([c_a, c_b, np.zeros(self.rank), noise, [np.log(self.inverse_temperature or 1.0)]])

    def field(self, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state"]:
        """d state / dt (the equations of D2). A flow calls it some hundred times, so sums are inner products here:
        for a few numbers numpy's `sum` takes three times as long."""
        r = len(self.signal)
        a, b, g, noise = state[:r], state[r : 2 * r], state[2 * r : 3 * r], state[3 * r : -1]
        c_a, c_b, x, ones = self._constants
        square_a, square_b = a.dot(ones) + noise[0], b.dot(ones) + noise[1]
        product = math.sqrt(square_a * square_b)
        scaled = g / product
        if self.inverse_temperature is None:
            s, q = 1.0, ones
        else:
            s = math.exp(state[-1])
            beta = s * scaled
            q = 2 * missing_mass(beta, self.negatives) * (1 - np.tanh(beta))
        drive = q * scaled
        q_0 = q.dot(scaled)
        loss_a, loss_b = q_0 / square_a, q_0 / square_b
        slope = np.empty_like(state)
        slope[:r] = 2 * s * c_a * (drive - loss_a * a)
        slope[r : 2 * r] = 2 * s * c_b * (drive - loss_b * b)
        slope[2 * r : 3 * r] = s * (q * (c_b * a + c_a * b) / product - g * (loss_a * c_a + loss_b * c_b))
        slope[3 * r], slope[3 * r + 1] = -2 * s * x[0] * loss_a * noise[0], -2 * s * x[1] * loss_b * noise[1]
        slope[-1] = self.learning * s * q_0
        return slope

    def run(
        self,
        times: Sequence[float] | Float[np.ndarray, "T"],
        state: Float[np.ndarray, "state"] | None = None,
        rtol: float = 1e-9,
    ) -> Path:
        """Solve from the weights of `state` (default: the initial ones) at time 0 and return the path at `times`."""
        times = np.asarray(times, float)
        start = self.initial()
        if state is not None:
            start[:-1] = state[:-1]  # the temperature is this run's own, also after a switch of the loss
        grid = times if times[0] == 0 else np.concatenate([[0.0], times])
        solution = flow.solve(self.field, start, grid, rtol=rtol, atol=1e-13)
        return Path(self, times, solution[len(grid) - len(times) :])

    def but(self, **changes: Any) -> Closure:
        """The same setting with some fields changed."""
        return replace(self, **changes)


def missing_mass(beta: Float[np.ndarray, "*T r"], negatives: float) -> Float[np.ndarray, "*T"] | float:
    """1 - S = K prod cosh(beta_p) / (e^{sum beta_p} + K prod cosh(beta_p)), in the log domain."""
    if np.isinf(negatives):
        return np.ones(beta.shape[:-1])[()]
    log_cosh = np.logaddexp(beta, -beta) - np.log(2)
    return expit(np.log(negatives) + (log_cosh - beta).sum(-1))


@dataclass(frozen=True)
class Path:
    """A solved run: states `[T, 3r + 3]` at `times` and everything that is read off them."""

    closure: Closure
    times: Float[np.ndarray, "T"]
    states: Float[np.ndarray, "T state"]

    @property
    def a(self) -> Float[np.ndarray, "T r"]:
        return self.states[:, : self.closure.rank]

    @property
    def b(self) -> Float[np.ndarray, "T r"]:
        return self.states[:, self.closure.rank : 2 * self.closure.rank]

    @property
    def g(self) -> Float[np.ndarray, "T r"]:
        return self.states[:, 2 * self.closure.rank : 3 * self.closure.rank]

    @property
    def inverse_temperature(self) -> Float[np.ndarray, "T"]:
        return np.exp(self.states[:, -1])

    @cached_property
    def squares(self) -> tuple[np.ndarray, np.ndarray]:
        """N_A^2 and N_B^2."""
        return self.a.sum(1) + self.states[:, -3], self.b.sum(1) + self.states[:, -2]

    @property
    def scaled(self) -> Float[np.ndarray, "T r"]:
        """shat_p = g_p / (N_A N_B)."""
        return self.g / np.sqrt(self.squares[0] * self.squares[1])[:, None]

    @property
    def condition_number(self) -> Float[np.ndarray, "T"]:
        return np.sqrt(self.a.max(1) / self.a.min(1))

    @property
    def condition_number_b(self) -> Float[np.ndarray, "T"]:
        return np.sqrt(self.b.max(1) / self.b.min(1))

    @property
    def alignment(self) -> Float[np.ndarray, "T"]:
        return self.scaled.sum(1)

    @property
    def correlations(self) -> Float[np.ndarray, "T r"]:
        return self.g / np.sqrt(self.a * self.b)

    @property
    def energies(self) -> Float[np.ndarray, "T r"]:
        return self.a / self.squares[0][:, None]

    @property
    def noise(self) -> Float[np.ndarray, "T"]:
        return self.states[:, -3] / self.squares[0]

    def pushes(self) -> tuple[Float[np.ndarray, "T"], Float[np.ndarray, "T"]]:
        """D4(d): what positive pairs and what negative pairs contribute to d log(a_1 / a_r) / dt. For equal modalities.

        The equations of D2 are linear in q_p; q_p = 2 (1 - S) is the positive pairs' part, -2 (1 - S) tanh(beta_p)
        the negatives'.
        """
        c_a = self.closure.rates[0]
        beta = self.inverse_temperature[:, None] * self.scaled
        factor = (
            2
            * missing_mass(beta, self.closure.negatives)
            * 2
            * self.inverse_temperature
            / np.sqrt(self.squares[0] * self.squares[1])
        )

        def push(weight: np.ndarray) -> np.ndarray:
            pull = weight * self.correlations - (weight * self.scaled).sum(1, keepdims=True)
            return factor * (c_a[0] * pull[:, 0] - c_a[-1] * pull[:, -1])

        return push(np.ones_like(beta)), -push(np.tanh(beta))

    def first_time(self, condition: Float[np.ndarray, "T"], level: float) -> float:
        """The first of the times at which `condition` passes `level`, linear between the points in log time, in time
        from time 0; NaN if it never does."""
        sign = np.sign(condition - level)
        crossed = np.flatnonzero(sign[1:] * sign[:-1] <= 0)
        if not len(crossed):
            return float("nan")
        i = crossed[0]
        if condition[i] == level:
            return float(self.times[i])
        share = (level - condition[i]) / (condition[i + 1] - condition[i])
        if self.times[i] == 0:
            return float(self.times[i + 1] * share)
        return float(np.exp(np.log(self.times[i]) * (1 - share) + np.log(self.times[i + 1]) * share))

    def peak(self) -> int:
        """Index of the largest condition number."""
        return int(self.condition_number.argmax())
