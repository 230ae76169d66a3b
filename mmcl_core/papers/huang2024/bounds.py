"""The printed bounds of the lemmas of Huang et al. 2024 (appendices B to D), as functions, and our corrections of some.

`delta` is the failure probability of a high-probability statement.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import erf

Array = Float[np.ndarray, "..."]


def anti_concentration_printed(c: Array, s: float = 1.0) -> Array:
    """Lemma B.1 as printed: P(|N(0, s^2)| <= c) = 2 erf(c / (sqrt(2) s))."""
    return 2 * erf(c / (np.sqrt(2) * s))


def anti_concentration(c: Array, s: float = 1.0) -> Array:
    """Lemma B.1 corrected: P(|N(0, s^2)| <= c) = erf(c / (sqrt(2) s))."""
    return erf(c / (np.sqrt(2) * s))


def anti_concentration_bound(c: Array, s: float = 1.0) -> Array:
    """Upper bound of the corrected B.1: sqrt(1 - exp(-2 c^2 / (pi s^2))); the paper prints twice this."""
    return np.sqrt(-np.expm1(-2 * np.asarray(c) ** 2 / (np.pi * s**2)))


def class_count_width(n: int, delta: float) -> float:
    """Lemmas B.3 and C.8: a class, or the active half of one, deviates from its mean by at most sqrt(n/2
    log(4/delta))."""
    return float(np.sqrt(n / 2 * np.log(4 / delta)))


def noise_drift(n: int, d: int, delta: float) -> float:
    """Lemmas C.1 and D.2: |<w(t) - w(0), xi_i> - rho_ri| <= 5 n sqrt(log(6 n^2/delta) / d)."""
    return float(5 * n * np.sqrt(np.log(6 * n**2 / delta) / d))


def signal_drift(n: int, d: int, snr: float, delta: float) -> float:
    """Lemmas C.1 and D.2: |<w(t) - w(0), mu> - gamma_r| <= SNR n sqrt(8 log(6 n/delta) / d)."""
    return float(snr * n * np.sqrt(8 * np.log(6 * n / delta) / d))


def class_sum(n: int, initial: float, delta: float) -> float:
    """Lemma C.9 as printed: B_r,+(0) <= sigma_0 sigma_xi sqrt(d n) (1 + sqrt(log(1/delta)/2)); `initial` = sigma_0
    sigma_xi sqrt(d)."""
    return float(initial * np.sqrt(n) * (1 + np.sqrt(np.log(1 / delta) / 2)))


def class_sum_mean(n: int, initial: float) -> float:
    """Lemma C.9 corrected: B_r,+(0) is a sum of about n/4 positive terms, mean n sigma_0 sigma_xi sqrt(d) / (2 sqrt(2
    pi))."""
    return float(n * initial / (2 * np.sqrt(2 * np.pi)))


def stage_one_single(initial: float, growth: float) -> int:
    """T1 of Lemma 5.2: log(20 / (sigma_0 sigma_xi sqrt d)) / log(1 + 0.96 r), r = eta sigma_xi^2 d / (n m tau) =
    `growth`."""
    return round(np.log(20 / initial) / np.log1p(0.96 * growth))


def stage_one_multi(initial: float, growth: float) -> int:
    """T1 of Lemma 5.4: log(20 / (sigma_0 ||mu||)) / log(1 + 0.48 Cmu eta ||mu||^2 / (m tau)); `growth` = Cmu eta
    ||mu||^2 / (m tau)."""
    return round(np.log(20 / initial) / np.log1p(0.48 * growth))


def enough_neurons(n: int, delta: float) -> float:
    """m >= 25.2 log(n/delta): with it Lemma C.12 holds for all n samples at once with probability 1 - delta."""
    return float(25.2 * np.log(n / delta))
