"""Closed forms: accuracy under the true law for both data models, thresholds, and what the composition of negatives does."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from mmcl_core.papers.xue2024.setting import Sharing

Real = float | Float[np.ndarray, "..."]  # arguments of a formula broadcast


def direction(sigma_core: Real, p_spu: Real, pi_core: Real = 1.0) -> tuple[Real, Real]:
    """(A, B) of the score A z_core + B z_spu: the first column of C, A = 1 + pi_core sigma_core^2, B = 2 p_spu - 1."""
    return 1 + np.asarray(pi_core) * np.square(sigma_core), 2 * np.asarray(p_spu) - 1


def _spread(a: Real, b: Real, sigma_core: Real, sigma_spu: Real, noise: Real) -> Real:
    return np.sqrt(
        np.square(a * sigma_core) + np.square(b * sigma_spu) + np.asarray(noise) * (np.square(a) + np.square(b))
    )


def contrastive_accuracy(
    sigma_core: Real, sigma_spu: Real, p_spu: Real, pi_core: Real = 1.0, noise: Real = 0.0
) -> Real:
    """Accuracy of the linear contrastive classifier under the true law: 1 - Phi(k_1)/2 - Phi(k_2)/2.

    k_1 = (2 p - 2 - pi sigma_core^2)/den, k_2 = (-2 p - pi sigma_core^2)/den, den^2 = A^2 sigma_core^2 + B^2 sigma_spu^2. `noise` is sigma_xi^2/d, which adds
    noise (A^2 + B^2) to den^2: the correction for a finite dimension.
    """
    a, b = direction(sigma_core, p_spu, pi_core)
    den = _spread(a, b, sigma_core, sigma_spu, noise)
    p, extra = np.asarray(p_spu), np.asarray(pi_core) * np.square(sigma_core)
    return 1 - norm.cdf((2 * p - 2 - extra) / den) / 2 - norm.cdf((-2 * p - extra) / den) / 2


def contrastive_id_accuracy(
    sigma_core: Real, sigma_spu: Real, p_spu: Real, pi_core: Real = 1.0, noise: Real = 0.0
) -> Real:
    """The same classifier under the training law: p Phi((A + B)/den) + (1 - p) Phi((A - B)/den)."""
    a, b = direction(sigma_core, p_spu, pi_core)
    den = _spread(a, b, sigma_core, sigma_spu, noise)
    return p_spu * norm.cdf((a + b) / den) + (1 - np.asarray(p_spu)) * norm.cdf((a - b) / den)


def core_only_accuracy(sigma_core: Real, noise: Real = 0.0) -> Real:
    """Phi(1/sigma_core), what the core feature alone gives; the best possible under the true law when noise = 0."""
    return norm.cdf(1 / np.sqrt(np.square(sigma_core) + noise))


def best_core_deviation() -> tuple[float, float]:
    """The sigma_core at which `contrastive_accuracy` peaks for p_spu = 1, sigma_spu = 0, and the accuracy there."""
    best = minimize_scalar(
        lambda s: -float(contrastive_accuracy(s, 0.0, 1.0)), bounds=(0.05, 3), method="bounded", options={"xatol": 1e-9}
    )
    return float(best.x), float(-best.fun)


def effective_richness(same: Real) -> Real:
    """pi_core that balanced negatives would need to give the classifier of a share `same` of same-class negatives, times the given pi_core: 1/(2(1 - same)).

    S = C - (2 same - 1) mu mu^T has first column (1 + pi sigma_core^2 - (2 same - 1), 2 (1 - same)(2 p_spu - 1)).
    """
    return 1 / (2 * (1 - np.asarray(same)))


def sagawa_conditions(
    sigma_core: float, sigma_spu: float, sigma_xi: float, majority: int, minority: int
) -> dict[str, bool]:
    """The conditions of Sagawa et al. 2020 under which a max-margin classifier fails on the minority, one by one."""
    return {
        "p_spu": 2001 * minority <= majority + minority,  # p_spu >= 1 - 1/2001
        "sigma_core": sigma_core**2 >= 1,
        "sigma_spu": sigma_spu**2 <= 1 / (16 * np.log(100 * majority)),
        "sigma_xi": sigma_xi**2 <= majority / 600**2 * (1 + 1e-12),
        "minority": minority >= 100,
    }


def sharing_direction(model: Sharing) -> tuple[float, float]:
    """(A, B) of the score c (A z_core,j + B z_spu,j): A = 1 + (m - 1) pi_core beta^2, B = alpha (2 p_spu - 1)."""
    return 1 + (model.m - 1) * model.pi_core * model.beta**2, model.alpha * (2 * model.p_spu - 1)


def sharing_accuracy(model: Sharing) -> float:
    """Population accuracy on data model 2. With m > 1 and beta' <= alpha it is 1, or 1/2 + 2^-m, or 1/2.

    The own pair scores A + alpha B on a = c and A - alpha B on a = -c; another pair scores beta A + beta' B or |beta A - beta' B| in absolute value,
    each half of the time.
    """
    a, b = sharing_direction(model)
    high, low = model.beta * a + model.foreign_spurious * b, abs(model.beta * a - model.foreign_spurious * b)

    def half(own: float) -> float:
        """Share of right predictions among samples whose own pair scores `own`."""
        if model.m == 1:
            return float(own > 0)
        return 1.0 if own > high else 2.0 ** (1 - model.m) if own > low else 0.0

    return (half(a + model.alpha * b) + half(a - model.alpha * b)) / 2


def threshold_classes(
    alpha: float, beta: float, beta_spu: float | None = None, p_spu: float = 1.0, pi_core: float = 1.0
) -> int:
    """m*: the least m from which (1 - beta)(1 + (m - 1) pi_core beta^2) > alpha (alpha + beta')(2 p_spu - 1), for beta' <= alpha."""
    return int(np.floor(threshold_curve(alpha, beta, beta_spu, p_spu, pi_core))) + 1


def threshold_curve(
    alpha: Real, beta: Real, beta_spu: Real | None = None, p_spu: float = 1.0, pi_core: float = 1.0
) -> Real:
    """The real m at which both sides of that inequality are equal."""
    foreign = np.asarray(alpha) * beta if beta_spu is None else beta_spu
    return (alpha * (alpha + foreign) * (2 * p_spu - 1) / (1 - np.asarray(beta)) - 1) / (pi_core * np.square(beta)) + 1


def threshold_richness(
    m: int | Int[np.ndarray, "*grid"], alpha: float, beta: float, beta_spu: float | None = None, p_spu: float = 1.0
) -> Real:
    """pi*: the share of captions that must mention foreign core features; above 1 no caption is rich enough."""
    foreign = alpha * beta if beta_spu is None else beta_spu
    return (alpha * (alpha + foreign) * (2 * p_spu - 1) / (1 - beta) - 1) / ((np.asarray(m) - 1) * beta**2)
