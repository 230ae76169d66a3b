"""Closed forms for the signal-noise model of Huang et al. 2024: growth rates, power laws, ceilings of linear heads.

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
    """kappa = eta k ||mu||^2 M / (2 (M+1)), the single-modal growth per step of <w_r, mu>.

    `scale` = k = 1/(m tau), `negatives` = M.
    """
    return rate * scale * signal**2 / 2 * negatives / (negatives + 1)


def growth_noise(rate: float, noise_norm_squared: float, scale: float, n: int, negatives: float) -> float:
    """kappa_n = eta k sigma_xi^2 d M / (n (M+1)), the growth per step of an active <w_r, xi_i>."""
    return rate * scale * noise_norm_squared / n * negatives / (negatives + 1)


def linear_stage(step: Array | float, kappa: float, ratio: float, first: Array, second: Array) -> Array:
    """a(t) = 1/2 [(1 + Cmu kappa)^t (a0 + a~0/Cmu) + (1 - Cmu kappa)^t (a0 - a~0/Cmu)], two modalities, any signs."""
    grow, decay = (1 + ratio * kappa) ** step, (1 - ratio * kappa) ** step
    return (grow * (first + second / ratio) + decay * (first - second / ratio)) / 2


def predicted_sign(ratio: float, first: Array, second: Array) -> Array:
    """The side a neuron pair ends on: the sign of Cmu <w_r(0), mu> + <w~_r(0), mu~>, the growing eigenvector's
    coordinate."""
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


def exponent_noise_in_n(n_snr_squared: float, ratio: float) -> float:
    """max z ~ n^p when the signal has been learnt, at fixed n SNR^2 and sigma_0 sigma_xi sqrt(d): p = 1 / (Cmu n
    SNR^2).

    The signal starts at sigma_0 ||mu|| ~ n^(-1/2) and needs log(1/sigma_0 ||mu||) / (Cmu kappa) steps; in these the
    noise grows by the factor (sigma_0 ||mu||)^(-kappa_n / (Cmu kappa)) = (sigma_0 ||mu||)^(-2/(Cmu n SNR^2)).
    """
    return 1 / (ratio * n_snr_squared)


def ceiling(downstream: Array | float, noise: float = 1.0) -> Array | float:
    """(1 + Phi(||nu||/sigma_xi)) / 2, which no linear head on any encoder of this form exceeds; one neuron attains it.

    A head's output is g(y) + N(zeta). With the gap D = g(1) - g(-1) > 0 and any threshold, N must lie in an interval of
    length D for both labels to be right, so that Acc = (1 + P(N in I)) / 2. N(zeta) and N(-zeta) differ by twice the
    odd part O of N, and both lie in I only if 2 |O| < D: hence 2 P(N in I) <= 1 + P(2 |O| < D) <= 2
    Phi(||nu||/sigma_xi).
    """
    return (1 + odd_ceiling(downstream, noise)) / 2


def odd_ceiling(downstream: Array | float, noise: float = 1.0) -> Array | float:
    """Phi(||nu||/sigma_xi), the ceiling of those heads whose odd noise response, given the even one, is unimodal at 0.

    Among them are the odd heads, sum_r c_r |<w_r, zeta>| = 0: linear functions of the sum of both patches.
    """
    return norm.cdf(np.asarray(downstream) / noise)


def balanced_accuracy(downstream: Array | float, noise: float = 1.0) -> Array | float:
    """(1 + Phi(||nu||/(2 sigma_xi))) / 2: a head that treats both labels alike and beats `odd_ceiling` for small
    ||nu||.

    Two directions, e along nu and p orthogonal to it; its noise response is <e, zeta> (1 + sign <p, zeta>).
    """
    return (1 + norm.cdf(np.asarray(downstream) / (2 * noise))) / 2


def one_neuron_accuracy(
    threshold: Array | float, downstream: Array | float, cosine: Array | float = 1.0, noise: float = 1.0
) -> Array | float:
    """Accuracy of "y = +1 iff h(x_1) + h(x_2) >= threshold" for one neuron of unit length, <w, nu> = cosine ||nu|| > 0.

    Up to the gap g = cosine ||nu|| every sample of y = +1 is right, and of y = -1 those with <w, zeta> < threshold.
    """
    b, gap = np.asarray(threshold) / noise, np.asarray(cosine) * np.asarray(downstream) / noise
    right_positive = np.where(b <= gap, 1.0, norm.sf(b - gap))
    right_negative = np.where(b <= 0, 0.0, norm.cdf(b))
    return (right_positive + right_negative) / 2
