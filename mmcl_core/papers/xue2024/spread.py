"""What a direction learnt from n pairs of data model 1 should have: its accuracy at finite d, and the spread over
draws.

The zero-shot direction is a column of the sample cross-covariance, a mean of independent terms. So the ratio of its two
weights is normal with variance var(h)/(n A^2), h the influence of one pair, and an accuracy F(ratio) has the standard
deviation tau/sqrt(n), tau = |F'(ratio)| sqrt(var h)/A. Given label, attribute and masks a pair is Gaussian, so var h is
a finite sum. A mean over S seeds may be off by 4 tau/sqrt(n S) + 1/n: a tolerance that is known before the run.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024 import theory
from mmcl_core.papers.xue2024.setting import IntraClass


@dataclass(frozen=True)
class Observation:
    """How pairs are observed: number, dimensions and noise of image and text."""

    n: int
    d: int
    sigma_xi: float = 1.0
    d_text: int | None = None

    @property
    def image(self) -> float:
        """Variance of the image's noise in one direction."""
        return self.sigma_xi**2 / self.d

    @property
    def text(self) -> float:
        return self.sigma_xi**2 / (self.d_text or self.d)


@dataclass(frozen=True)
class Prediction:
    """`value` of an accuracy and `tau`: over draws of n pairs its standard deviation is tau/sqrt(n).

    `weight`, likewise, is sqrt(n) times the standard deviation of the ratio of the spurious to the core weight.
    """

    value: float
    tau: float
    n: int
    weight: float

    def tolerance(self, seeds: int) -> float:
        """4 tau/sqrt(n S) + 1/n, four standard deviations of a mean over `seeds` and the bias of a ratio."""
        return 4 * self.tau / float(np.sqrt(self.n * seeds)) + 1 / self.n

    def off(self, samples: Float[np.ndarray, "S"]) -> float:
        """|mean over seeds - value| in units of the tolerance."""
        return abs(float(np.mean(samples)) - self.value) / self.tolerance(len(samples))


def _cases(model: IntraClass):
    """(probability, y, a, core named, background's shade named) of one pair."""
    for y, e, core, spu in itertools.product((1, -1), (1, -1), (0, 1), (0, 1)):
        weight = model.prior if y == 1 else 1 - model.prior
        weight *= model.p_spu if e == 1 else 1 - model.p_spu
        weight *= model.pi_core if core else 1 - model.pi_core
        weight *= model.pi_spu if spu else 1 - model.pi_spu
        if weight:
            yield weight, y, y * e, core, spu


def _influence(
    model: IntraClass, seen: Observation, prompt: tuple[float, float], ratio: float, same: float
) -> tuple[float, float]:
    """Variance of h = (x_spu - ratio x_core) T and of the caption's score T, both without what the negatives take
    out."""
    c, s, k = model.sigma_core**2, model.sigma_spu**2, 2 * same - 1
    rows = []
    for w, y, a, core, spu in _cases(model):
        u, t = a - ratio * y, prompt[0] * y + prompt[1] * a
        var_u = s + seen.image + ratio**2 * (c + seen.image)
        var_t = prompt[0] ** 2 * core * c + prompt[1] ** 2 * spu * s + seen.text * (prompt[0] ** 2 + prompt[1] ** 2)
        rows.append((w, y, u, t, var_u, var_t, prompt[1] * spu * s - prompt[0] * ratio * core * c))
    w, y, u, t, var_u, var_t, cov = np.array(rows).T
    u = u - w @ u - k * (w @ (u * y)) * y  # means out; with other than balanced negatives the class means in part, too
    t = t - w @ t - k * (w @ (t * y)) * y
    first = w @ (u * t + cov)
    second = w @ ((u**2 + var_u) * (t**2 + var_t) + 4 * u * t * cov + 2 * cov**2)
    return float(second - first**2), float(w @ (t**2 + var_t))


def _shuffled_variance(model: IntraClass, seen: Observation, ratio: float) -> float:
    """Variance of h when each image goes with a random caption of its class (balanced classes, prompt (1, 0))."""
    q, c, s = 2 * model.p_spu - 1, model.sigma_core**2, model.sigma_spu**2
    u, t = q - ratio, 1.0
    var_u = 1 - q**2 + s + seen.image + ratio**2 * (c + seen.image)
    var_t, cov = model.pi_core * c + seen.text, -ratio * model.pi_core * c
    return var_u * var_t + t**2 * var_u + u**2 * var_t + 2 * u * t * cov


def predict(
    model: IntraClass,
    seen: Observation,
    measure: str = "ood",
    prompt: tuple[float, float] = (1.0, 0.0),
    same: float = 0.5,
    shuffled: bool = False,
) -> Prediction:
    """Accuracy `measure` ("ood", "conflict", "id") of the direction learnt with `prompt`, and its spread.

    `same`: share of same-class negatives; `shuffled`: captions drawn at random within the class.

    Raises
    ------
    InputError
        For unbalanced classes together with unbalanced negatives or shuffled captions, which are not worked out here.
    """
    if model.prior != 0.5 and (same != 0.5 or shuffled):
        raise InputError("Unbalanced classes are worked out for the loss itself: allowed is same = 0.5, shuffled False")
    mean = model.class_mean()
    column = (model.cross_covariance() - (2 * same - 1) * np.outer(mean, mean)) @ np.array(prompt)
    if shuffled:
        column = mean
    if column[0] == 0:  # nothing but negatives of the same class, and captions without the core's variation
        return Prediction(np.nan, np.nan, seen.n, np.nan)
    a, r = float(column[0]), float(column[1] / column[0])
    variance, caption = _influence(model, seen, prompt, r, same)
    if shuffled:
        variance = _shuffled_variance(model, seen, r)
    # the noise part of the direction has squared norm sigma_xi^2 var(T)/n and meets the test image's noise
    rest = seen.image * seen.sigma_xi**2 * caption / seen.n / a**2

    def accuracy(x: float) -> float:
        spread = np.sqrt(model.sigma_core**2 + x**2 * model.sigma_spu**2 + seen.image * (1 + x**2) + rest)
        agree, conflict = theory.right_share(1 + x, spread), theory.right_share(1 - x, spread)
        share = {"ood": 0.5, "conflict": 0.0, "id": model.p_spu}[measure]
        return float(share * agree + (1 - share) * conflict)

    step = 1e-5
    slope = (accuracy(r + step) - accuracy(r - step)) / (2 * step)
    weight = float(np.sqrt(variance)) / abs(a)
    return Prediction(accuracy(r), abs(slope) * weight, seen.n, weight)
