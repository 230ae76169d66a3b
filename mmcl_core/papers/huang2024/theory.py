"""Closed forms for the signal-noise model of Huang et al. 2024: growth rates, thresholds, power laws, and the ceiling.

While all similarities are near zero the softmax weights stay at 1/(M+1), and gradient descent is linear:

    signal, one modality     a <- (1 + kappa) a
    signal, two modalities   a <- a + kappa a~,  a~ <- a~ + kappa Cmu^2 a       (growth rate Cmu kappa)
    noise, either            growth rate kappa_n,  kappa / kappa_n = n SNR^2 / 2

The paper states inequalities for these; here they are equalities, checked against the simulation.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

Array = Float[np.ndarray, "..."]


def signal_to_noise(n: int, signal: Array | float, noise_norm_squared: float) -> Array | float:
    """n SNR^2 = n ||mu||^2 / (sigma_xi^2 d), the quantity that decides the single-modal race (Assumption 4.1(6))."""
    return n * signal**2 / noise_norm_squared


def growth_signal(rate: float, signal: float, scale: float, negatives: float) -> float:
    """kappa = eta k ||mu||^2 M / (2 (M+1)), the single-modal growth per step of <w_r, mu>; `scale` = k = 1/(m tau), `negatives` = M."""
    return rate * scale * signal**2 / 2 * negatives / (negatives + 1)


def growth_noise(rate: float, noise_norm_squared: float, scale: float, n: int, negatives: float) -> float:
    """kappa_n = eta k sigma_xi^2 d M / (n (M+1)), the growth per step of an active <w_r, xi_i>."""
    return rate * scale * noise_norm_squared / n * negatives / (negatives + 1)


def linear_stage(step: Array | float, kappa: float, ratio: float, first: Array, second: Array) -> Array:
    """a(t) = 1/2 [(1 + Cmu kappa)^t (a0 + a~0/Cmu) + (1 - Cmu kappa)^t (a0 - a~0/Cmu)], two modalities, any signs."""
    grow, decay = (1 + ratio * kappa) ** step, (1 - ratio * kappa) ** step
    return (grow * (first + second / ratio) + decay * (first - second / ratio)) / 2


def predicted_sign(ratio: float, first: Array, second: Array) -> Array:
    """The side a neuron pair ends on: the sign of Cmu <w_r(0), mu> + <w~_r(0), mu~>, the growing eigenvector's coordinate."""
    return np.sign(ratio * first + second)


def exponent_signal_single(n_snr_squared: float) -> float:
    """max_r |a_r| ~ sigma_0^p at the moment the noise has been memorised, p = 1 - n SNR^2 / 2."""
    return 1 - n_snr_squared / 2


def exponent_noise_multi(n_snr_squared: float, ratio: float) -> float:
    """max z ~ sigma_0^p at the moment the signal has been learnt from two modalities, p = 1 - 2 / (Cmu n SNR^2)."""
    return 1 - 2 / (ratio * n_snr_squared)


def learns_signal(n_snr_squared: Array | float, ratio: Array | float | None = None) -> Array | bool:
    """Who wins as sigma_0 -> 0: the signal iff n SNR^2 > 2 (one modality, `ratio` None) or Cmu n SNR^2 > 2 (two)."""
    return (n_snr_squared if ratio is None else ratio * n_snr_squared) > 2


def ceiling(downstream: Array | float, noise: float = 1.0) -> Array | float:
    """Phi(||nu|| / sigma_xi), the accuracy that no linear head on any encoder of this form can essentially exceed.

    The class means differ by 2 ||nu|| sum_r c_r a_r for a head c, while the odd part of the noise response,
    (1/2) sum_r c_r <w_r, zeta>, has standard deviation at least (sigma_xi / 2) |sum_r c_r a_r|.
    """
    return norm.cdf(np.asarray(downstream) / noise)
