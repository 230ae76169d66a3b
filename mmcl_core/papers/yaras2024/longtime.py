"""Times no solver reaches: log t up to 1e5, by quadrature against the temperature.

The invariant gives gamma as a function of beta, so time is an integral, t = int d log beta / rate(beta), of an
integrand that spans ten thousands of decades. Everything stays in logarithms, and each step integrates an exponential
exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from mmcl_core.papers.yaras2024.parallel import check_start
from mmcl_core.papers.yaras2024.schemes import Scheme, log_gamma_on_curve


@dataclass(frozen=True)
class Curve:
    """One closing gap: log gamma, log beta and log t at the grid points after the start."""

    log_time: Float[np.ndarray, "G"]
    log_beta: Float[np.ndarray, "G"]
    log_gamma: Float[np.ndarray, "G"]

    def at(self, log_time: float | Float[np.ndarray, "T"]) -> float | Float[np.ndarray, "T"]:
        """log gamma at the given log t, linear between grid points."""
        return np.interp(log_time, self.log_time, self.log_gamma)

    def exponent(self, log_time: float | Float[np.ndarray, "T"]) -> float | Float[np.ndarray, "T"]:
        """d log gamma / d log log t, the local power of log t, for log t > 0."""
        late = self.log_time > 0
        return np.interp(log_time, self.log_time[late], np.gradient(self.log_gamma[late], np.log(self.log_time[late])))


def approached(
    log_time: float | Float[np.ndarray, "T"], shift: float | Float[np.ndarray, "..."] = 0.0
) -> float | Float[np.ndarray, "..."]:
    """The share of its limit that the power of log t has reached, to next order: (L + 2) / (L + 2 log L + shift).

    Where the drive is e^{-a alpha} times a power, t = e^{a alpha} / (a alpha)^2 up to the constant e^{-shift}, hence
    a alpha = L + 2 log L + shift and d log(a alpha) / d log L is this share. `shift` is log(n - 1) for the softmax of n
    equally wrong pairs, and log eta for a temperature with learning rate eta.
    """
    return (log_time + 2) / (log_time + 2 * np.log(log_time) + shift)


def log_quadrature(x: Float[np.ndarray, "G"], log_integrand: Float[np.ndarray, "G"]) -> Float[np.ndarray, "G-1"]:
    """log of the integral from x_0 to each later x, the logarithm of the integrand taken as linear between grid
    points."""
    change = np.diff(log_integrand)
    small = np.abs(change) < 1e-8
    safe = np.where(small, 1.0, change)
    # log of (exp(change) - 1) / change, without overflow: max(change, 0) + log((1 - exp(-|change|)) / |change|)
    mean = np.where(small, change / 2, np.maximum(change, 0) + np.log(-np.expm1(-np.abs(safe)) / np.abs(safe)))
    return np.logaddexp.accumulate(log_integrand[:-1] + mean + np.log(np.diff(x)))


def log_drive_softmax(a: Float[np.ndarray, "G"], n: int, alpha: float) -> Float[np.ndarray, "G"]:
    """log g_a of the extremal similarity matrix of margin alpha: g = alpha (n - 1) / (e^{a alpha} + n - 1)."""
    return np.log(alpha) + np.log(n - 1) - np.logaddexp(a * alpha, np.log(n - 1))


def log_drive_scalar(a: Float[np.ndarray, "G"], alpha: float) -> Float[np.ndarray, "G"]:
    """The same for the scalar loss exp(-m) of appendix C at m = a alpha: g = alpha e^{-a alpha}."""
    return np.log(alpha) - a * alpha


def closing(
    scheme: Scheme,
    beta: float,
    gamma: float,
    n: int | None = None,
    alpha: float = 1.0,
    log_time: float = 1.1e5,
    points: int = 100_000,
    offset_rate: float = 1.0,
) -> Curve:
    """The matched parallel model from (beta, gamma) to about log t = `log_time`; `n` None is the scalar loss.

    offset_rate : kappa, the learning rate of gamma (1 in the paper): kappa (potential - potential_0) = F is invariant
    """
    check_start(beta, gamma)
    end = (log_time + 100 + np.log(n or 2)) / alpha + 2 * beta
    x = np.linspace(np.log(beta), np.log(end), points)
    b = np.exp(x)
    log_gamma = log_gamma_on_curve(offset_rate * (scheme.potential(b) - scheme.potential(beta)), gamma)
    shrink = -np.expm1(2 * log_gamma)
    log_g = log_drive_scalar(b * shrink, alpha) if n is None else log_drive_softmax(b * shrink, n, alpha)
    log_rate = np.log(scheme.speed(b)) - x + np.log(shrink) + log_g
    return Curve(log_quadrature(x, -log_rate), x[1:], log_gamma[1:])


def closing_free_points(n: int, beta: float, gamma: float, log_time: float = 1.1e5, points: int = 20_000) -> Curve:
    """The matched ring of n free pairs: gamma = gamma_0 (beta_0 / beta)^{1/n}, from the conservation of beta
    gamma^n."""
    check_start(beta, gamma)
    angles = 1 - np.cos(2 * np.pi * np.arange(1, n) / n)
    x = np.linspace(np.log(beta), np.log((log_time + 100) / angles[0] + 2 * beta) + 0.1, points)
    log_gamma = np.log(gamma) + (np.log(beta) - x) / n
    shrink = -np.expm1(2 * log_gamma)
    weights = -(np.exp(x) * shrink)[:, None] * angles
    log_g = logsumexp(weights, axis=1, b=angles) - np.logaddexp(0, logsumexp(weights, axis=1))
    return Curve(log_quadrature(x, -(x + np.log(shrink) + log_g)), x[1:], log_gamma[1:])
