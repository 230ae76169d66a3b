"""Closed forms: the non-contrastive flow (D3), the landscape (D7), the rates near balance (D8), the time bound of
stage two (D6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

Spectrum = Sequence[float] | Float[np.ndarray, "r"]


@dataclass(frozen=True)
class NonContrastive:
    """The non-contrastive flow at infinite width with equal modalities, parametrised by T = int dt / (d N^2) (D3)."""

    d: int
    signal: Spectrum
    noise: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "signal", np.asarray(self.signal, float))

    def remaining(self, T: float) -> float:
        """R(T) = int Q_0 dT, from the conservation of the weights' norm."""

        def surplus(R: float) -> float:
            growth = np.exp(np.logaddexp(2 * self.signal * (T - R), -2 * self.signal * (T + R)) - np.log(2)).sum()
            return growth + (self.d - len(self.signal)) * np.exp(-2 * self.noise * R) - self.d

        return 0.0 if T == 0 else float(brentq(surplus, 0.0, T, xtol=1e-15, rtol=1e-14))

    def at(self, T: float) -> tuple[Float[np.ndarray, "r"], Float[np.ndarray, "r"], float]:
        """Energies a_p, correlations rho_p and the noise energy n."""
        R = self.remaining(T)
        a = (
            self.signal
            / self.d
            * np.exp(np.logaddexp(2 * self.signal * (T - R), -2 * self.signal * (T + R)) - np.log(2))
        )
        n = (self.d - len(self.signal)) * self.noise / self.d * np.exp(-2 * self.noise * R)
        return a, np.tanh(2 * self.signal * T), float(n)

    def limit(self) -> float:
        """kappa_inf: sum_p e^{2 sigma_p^2 D} = 2d fixes D, and kappa_inf^2 is the ratio of extreme sigma_p^2 e^{2
        sigma_p^2 D}."""
        return limit_condition_number(self.signal, self.d)


def limit_condition_number(signal: Spectrum, d: float) -> float:
    """The condition number on which non-contrastive training ends (D3); it depends on the spectrum and on d only."""
    s = np.asarray(signal, float)
    D = brentq(
        lambda D: np.logaddexp.reduce(2 * s * D) - np.log(2 * d), -np.log(2 * d), np.log(2 * d) / (2 * s.min()) + 1
    )
    logs = np.log(s) + 2 * s * D
    return float(np.exp((logs.max() - logs.min()) / 2))


def limit_bounds(signal: Spectrum, d: float) -> tuple[float, float]:
    """D3(b): sigma_1/sigma_r (2d/r)^x <= kappa_inf <= sigma_1/sigma_r (2d)^x with x = (1 - sigma_r^2/sigma_1^2)/2."""
    s = np.asarray(signal, float)
    exponent, start = (1 - s.min() / s.max()) / 2, np.sqrt(s.max() / s.min())
    return float(start * (2 * d / len(s)) ** exponent), float(start * (2 * d) ** exponent)


def limit_of_weights(
    a: Float[np.ndarray, "m d"], b: Float[np.ndarray, "m d"], variance: Float[np.ndarray, "d"], rank: int
) -> float:
    """D3(c): the condition number on which non-contrastive training of these very weights ends, for N_A = N_B.

    `a`, `b` are K_A(0), K_B(0): column p of the limit is (K_A,p + K_B,p)(0)/2 times e^{sigma_p^2 D}.
    """
    d = len(variance)
    s = variance[:rank]
    middle = ((a + b) / 2)[:, :rank]
    squares = d / s * (middle**2).sum(0)
    total = d * ((a**2 + b**2) / variance).sum() / 2
    reach = np.log(total / squares.min()) / (2 * s.min()) + 1
    D = brentq(lambda D: np.logaddexp.reduce(np.log(squares) + 2 * s * D) - np.log(total), -reach, reach)
    values = np.linalg.svd(middle * np.exp(s * D), compute_uv=False)
    return float(values[0] / values[-1])


def least_loss(rank: int, inverse_temperature: float, negatives: float) -> float:
    """D7: min L_C = 2 log(1 + K e^{-tau^2} cosh(tau^2/r)^r)."""
    return float(2 * np.log1p(negatives * np.exp(-inverse_temperature) * np.cosh(inverse_temperature / rank) ** rank))


def harmonic_mean(signal: Spectrum) -> float:
    """N^2 at the balanced point (D6)."""
    return float(1 / np.mean(1 / np.asarray(signal, float)))


def balance_time_bound(
    signal: Spectrum, d: int, inverse_temperature: float, negatives: float, start: float, epsilon: float
) -> float:
    """D6: a time after which kappa^2 - 1 <= epsilon on the aligned, noise-free manifold, from kappa(0) = `start`."""
    s, tau2 = np.asarray(signal, float), inverse_temperature
    return float(
        len(s)
        * d
        * s.max()
        / (4 * tau2**2 * s.min())
        * np.cosh(tau2) ** 2
        * (1 + np.exp(tau2) / negatives)
        * np.log((start**2 - 1) / epsilon)
    )


@dataclass(frozen=True)
class BalancedRates:
    """D8: rates at which deviations from the balanced point die."""

    balance: Float[np.ndarray, "k"]
    alignment: Float[np.ndarray, "r"]
    noise: float
    difference: Float[np.ndarray, "k"]


def balanced_rates(
    signal: Spectrum, noise: float, d: int, inverse_temperature: float, negatives: float
) -> BalancedRates:
    """The rates of D8 with b = tau^2/r and U = 4 tau^2 (1 - S)/(d N^2)."""
    s = np.asarray(signal, float)
    r, b = len(s), inverse_temperature / len(s)
    log_odds = np.log(negatives) + r * (np.logaddexp(b, -b) - np.log(2) - b)
    U = 4 * inverse_temperature / (1 + np.exp(-log_odds)) / (d * harmonic_mean(s))
    mu = np.sort(np.linalg.eigvals(np.diag(s) @ (np.eye(r) - 1 / r)).real)[1:]
    shortfall = 1 - np.tanh(b)
    return BalancedRates(
        U * b / np.cosh(b) ** 2 * mu, 2 * U * s * shortfall, float(U * noise * shortfall), U * shortfall * mu
    )
