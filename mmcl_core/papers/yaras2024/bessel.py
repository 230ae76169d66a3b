"""Theorem 3.3 (the gap opens at the start): its limit for many pairs and its bound for finitely many.

Everything rests on one uniform point z of the sphere projected on a direction: xi_2 = E exp(a z), xi_1 = E z exp(a z).
The paper writes them with modified Bessel functions, which underflow at d = 512; the hypergeometric 0F1 does not.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import gammaln, hyp0f1

from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.parallel import check_start


def density(z: Float[np.ndarray, "N"], d: int) -> Float[np.ndarray, "N"]:
    """Lemma B.2: the density of <u, v> for independent uniform u, v on the sphere in R^d."""
    _check_dimension(d)
    return np.exp(gammaln(d / 2) - gammaln((d - 1) / 2)) / np.sqrt(np.pi) * (1 - z**2) ** ((d - 3) / 2)


def moments(a: float, d: int) -> tuple[float, float]:
    """Lemma B.3: (xi_1, xi_2) = (E z e^{az}, E e^{az}), with Gamma(d/2)(2/a)^rho I_rho(a) = 0F1(; d/2; a^2/4), rho =
    d/2 - 1."""
    _check_dimension(d)
    return float(a / d * hyp0f1(d / 2 + 1, a**2 / 4)), float(hyp0f1(d / 2, a**2 / 4))


def limit(d: int, beta: float, gamma: float) -> float:
    """(9): 4 beta_0 gamma_0 I_{rho+1}(a) / I_rho(a), the rate at which the gap opens for infinitely many random
    pairs."""
    check_start(beta, gamma)
    xi1, xi2 = moments(beta * (1 - gamma**2), d)
    return 4 * beta * gamma * xi1 / xi2


def finite_bound(n: float, d: int, beta: float, gamma: float, delta: float = 0.05) -> float:
    """(8): what the theorem guarantees with probability 1 - delta for n pairs. At most 0 means that it says nothing."""
    check_start(beta, gamma)
    a = beta * (1 - gamma**2)
    xi1, xi2 = moments(a, d)
    eps = np.sqrt(np.log((4 * n + 1) / delta) / (2 * n))
    return float(4 * beta * gamma * ((xi1 - 2 * np.exp(a) * eps) / (xi2 + 2 * np.sinh(a) * eps) - 2 * eps))


def smallest_informative_n(d: int, beta: float, gamma: float, delta: float = 0.05) -> float:
    """The number of pairs from which (8) is positive: its root in log n."""
    return float(
        np.exp(brentq(lambda log_n: finite_bound(np.exp(log_n), d, beta, gamma, delta), 0.0, 80.0, xtol=1e-12))
    )


def _check_dimension(d: int) -> None:
    if d < 2:
        raise InputError(f"Embeddings of dimension d = {d} are not allowed: the sphere needs d >= 2")
