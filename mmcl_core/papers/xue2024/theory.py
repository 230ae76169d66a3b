"""Closed forms: accuracies in both data models, thresholds, and what prompts, priors and the choice of negatives do.

Arguments broadcast. Nothing here warns or divides by zero: a score without any spread is decided by its sign, and a
score that is always zero is a coin toss.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from mmcl_core.papers.xue2024.setting import Sharing

Real = float | Float[np.ndarray, "..."]  # arguments of a formula broadcast


def right_share(mean: Real, spread: Real) -> Real:
    """Phi(mean/spread), the share of positive scores; without a spread the sign decides, and 0 counts half."""
    mean, spread = np.broadcast_arrays(np.asarray(mean, float), np.asarray(spread, float))
    ratio = np.divide(mean, spread, out=np.where(mean == 0, 0.0, np.sign(mean) * 1e9), where=spread > 0)
    return norm.cdf(ratio)[()]


def direction(sigma_core: Real, p_spu: Real, pi_core: Real = 1.0, same: Real = 0.5) -> tuple[Real, Real]:
    """(A, B) of the score A z_core + B z_spu: the first column of C - (2 same - 1) mu mu^T, mu = (1, 2 p_spu - 1).

    For balanced negatives, same = 1/2, A = 1 + pi_core sigma_core^2 and B = 2 p_spu - 1. With a share `same` of
    same-class negatives the class itself counts 2 (1 - same) times.
    """
    kept = 2 * (1 - np.asarray(same, float))
    return kept + np.asarray(pi_core) * np.square(sigma_core), kept * (2 * np.asarray(p_spu) - 1)


def group_accuracies(a: Real, b: Real, sigma_core: Real, sigma_spu: Real, noise: Real = 0.0) -> tuple[Real, Real]:
    """Accuracy of the score a z_core + b z_spu where attribute and class agree, and where they are in conflict.

    `noise` is sigma_xi^2/d: the observation's noise adds noise (a^2 + b^2) to the score's variance.
    """
    spread = np.sqrt(
        np.square(a * np.asarray(sigma_core))
        + np.square(b * np.asarray(sigma_spu))
        + np.asarray(noise) * (np.square(a) + np.square(b))
    )
    return right_share(np.add(a, b), spread), right_share(np.subtract(a, b), spread)


def contrastive_accuracy(
    sigma_core: Real, sigma_spu: Real, p_spu: Real, pi_core: Real = 1.0, noise: Real = 0.0, same: Real = 0.5
) -> Real:
    """OOD accuracy of the linear contrastive classifier, Theorem 4.4: 1 - Phi(k_1)/2 - Phi(k_2)/2.

    k_1 = (2 p_spu - 2 - pi sigma_core^2)/den, k_2 = (-2 p_spu - pi sigma_core^2)/den,
    den^2 = A^2 sigma_core^2 + B^2 sigma_spu^2.
    """
    agree, conflict = group_accuracies(
        *direction(sigma_core, p_spu, pi_core, same), sigma_core=sigma_core, sigma_spu=sigma_spu, noise=noise
    )
    return (agree + conflict) / 2


def conflict_accuracy(
    sigma_core: Real, sigma_spu: Real, p_spu: Real, pi_core: Real = 1.0, noise: Real = 0.0, same: Real = 0.5
) -> Real:
    """The same where the background is of the other class, the quantity of Theorem 5.2: 1 - Phi(k_1)."""
    return group_accuracies(
        *direction(sigma_core, p_spu, pi_core, same), sigma_core=sigma_core, sigma_spu=sigma_spu, noise=noise
    )[1]


def contrastive_id_accuracy(
    sigma_core: Real, sigma_spu: Real, p_spu: Real, pi_core: Real = 1.0, noise: Real = 0.0
) -> Real:
    """The same classifier under the training law: p_spu Phi((A + B)/den) + (1 - p_spu) Phi((A - B)/den)."""
    agree, conflict = group_accuracies(*direction(sigma_core, p_spu, pi_core), sigma_core, sigma_spu, noise)
    return p_spu * agree + (1 - np.asarray(p_spu)) * conflict


def supcon_accuracy(sigma_core: Real, sigma_spu: Real, p_spu: Real) -> Real:
    """OOD accuracy of the one feature z_core + (2 p_spu - 1) z_spu that SupCon keeps: that of captions that are labels.

    Appendix F.1's last display, Phi(2 p_spu/sd)/2 + Phi(2 (1 - p_spu)/sd)/2 with
    sd^2 = sigma_core^2 + (2 p_spu - 1)^2 sigma_spu^2.
    """
    return contrastive_accuracy(sigma_core, sigma_spu, p_spu, 0.0)


def core_only_accuracy(sigma_core: Real, noise: Real = 0.0) -> Real:
    """Phi(1/sigma_core), what the core feature alone gives; the best possible under the true law when noise = 0."""
    return right_share(1.0, np.sqrt(np.square(sigma_core) + noise))


def best_core_deviation() -> tuple[float, float]:
    """The sigma_core at which `contrastive_accuracy` peaks for p_spu = 1, sigma_spu = 0, and the accuracy there."""
    best = minimize_scalar(
        lambda s: -float(contrastive_accuracy(s, 0.0, 1.0)), bounds=(0.05, 3), method="bounded", options={"xatol": 1e-9}
    )
    return float(best.x), float(-best.fun)


def effective_richness(same: Real) -> Real:
    """The factor on pi_core by which balanced negatives would give the same classifier: 1/(2 (1 - same)).

    Infinite at same = 1, where nothing but the variation within the class is left; the accuracy has a limit there.
    """
    same = np.asarray(same, float)
    return np.divide(0.5, 1 - same, out=np.full(same.shape, np.inf), where=same < 1)[()]


def counter_prompt(sigma_spu: Real, p_spu: Real, pi_spu: Real = 1.0) -> Real:
    """b* of the prompt (1, b*) whose classifier ignores the background: -(2 p_spu - 1)/(1 + pi_spu sigma_spu^2)."""
    return -(2 * np.asarray(p_spu) - 1) / (1 + np.asarray(pi_spu) * np.square(sigma_spu))


def sharing_direction(model: Sharing) -> tuple[float, float]:
    """(A, B) of the score c (A z_core,j + B z_spu,j): A = 1 + (m - 1) pi_core beta^2, B = alpha (2 p_spu - 1)."""
    return 1 + (model.m - 1) * model.pi_core * model.beta**2, model.alpha * (2 * model.p_spu - 1)


def sharing_accuracy(model: Sharing, weights: tuple[float, float] | None = None) -> float:
    """OOD accuracy on data model 2 of the score c (A z_core,j + B z_spu,j), by default contrastive learning's.

    The own pair scores A + alpha B on a = c and A - alpha B on a = -c; another pair beta A + beta' B or
    |beta A - beta' B| in absolute value, each half of the time. Ties count as wrong. With beta' = alpha beta and
    p_spu = 1 accuracy is 1, or 1/2 + 2^-m, or 1/2; supervised learning is the same law with A = 1.
    """
    a, b = sharing_direction(model) if weights is None else weights
    high, low = model.beta * a + model.foreign_spurious * b, abs(model.beta * a - model.foreign_spurious * b)
    high, low = max(abs(high), low), min(abs(high), low)

    def half(own: float) -> float:
        """Share of right predictions among samples whose own pair scores `own`."""
        if model.m == 1:
            return float(own > 0)
        return 1.0 if own > high else 2.0 ** (1 - model.m) if own > low else 0.0

    return (half(a + model.alpha * b) + half(a - model.alpha * b)) / 2


def supervised_weights(model: Sharing) -> tuple[float, float]:
    """(1, alpha), the max-margin direction of data model 2 with beta' = alpha beta: contrastive learning's with A =
    1."""
    return 1.0, model.alpha


def counter_prompt_sharing(model: Sharing) -> float:
    """kappa* of the prompt e_k - kappa* e_{k+m} whose classifier uses core features alone: 1/(G pi alpha).

    G = 1 + (m - 1) beta^2, beta' = alpha beta, and pi is the caption's probability for spurious features.
    """
    return 1 / ((1 + (model.m - 1) * model.beta**2) * model.pi_spu * model.alpha)


def overlap(alpha: Real, beta: Real) -> Real:
    """Q = (1 + alpha^2)(1 - beta)^2 of Theorem 4.7."""
    return (1 + np.square(alpha)) * np.square(1 - np.asarray(beta))


def threshold_curve(
    alpha: Real, beta: Real, beta_spu: Real | None = None, p_spu: float = 1.0, pi_core: float = 1.0
) -> Real:
    """The real m from which on (1 - beta)(1 + (m - 1) pi_core beta^2) > alpha (alpha + beta')(2 p_spu - 1)."""
    foreign = np.asarray(alpha) * beta if beta_spu is None else beta_spu
    return (alpha * (alpha + foreign) * (2 * p_spu - 1) / (1 - np.asarray(beta)) - 1) / (pi_core * np.square(beta)) + 1


def threshold_classes(
    alpha: float, beta: float, beta_spu: float | None = None, p_spu: float = 1.0, pi_core: float = 1.0
) -> int:
    """m*: the least whole m above `threshold_curve`, for beta' <= alpha; at equality, up to rounding, scores tie."""
    return int(np.floor(threshold_curve(alpha, beta, beta_spu, p_spu, pi_core) + 1e-9)) + 1


def threshold_richness(
    m: int | Int[np.ndarray, "*grid"], alpha: float, beta: float, beta_spu: float | None = None, p_spu: float = 1.0
) -> Real:
    """pi~ of Theorem 5.4: how often captions must mention foreign features; above 1 no caption is rich enough."""
    foreign = alpha * beta if beta_spu is None else beta_spu
    return (alpha * (alpha + foreign) * (2 * p_spu - 1) / (1 - beta) - 1) / ((np.asarray(m) - 1) * beta**2)


def threshold_half(m: int | Int[np.ndarray, "*grid"], alpha: float, beta: float) -> Real:
    """pi_1 = (alpha^2 - 1)/(beta^2 (m - 1)), up to which accuracy is one half (beta' = alpha beta, p_spu = 1)."""
    return (alpha**2 - 1) / (beta**2 * (np.asarray(m) - 1))


def conflict_bound(model: Sharing, n: int) -> tuple[float, float]:
    """z and (m - 1)/2 Q(z), about the conflict error of n samples above the threshold (captions complete, p_spu = 1).

    z^2 = n delta^2/(2 A^3 (1 + alpha^4)) with delta = A - alpha^2 - beta (A + alpha^2).
    """
    a, alpha = sharing_direction(model)[0], model.alpha
    delta = a - alpha**2 - model.beta * (a + alpha**2)
    z = float(np.sqrt(n / (2 * a**3 * (1 + alpha**4))) * delta)
    return z, float((model.m - 1) / 2 * norm.sf(z))
