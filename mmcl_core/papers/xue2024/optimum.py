r"""The optimum of CLIP's unnormalised loss for an image encoder that reads digit and shade perfectly.

With a linear text tower the similarity of an image x and a caption t = (a, b) is u(x) a + v(x) b + w(x). A perfect
reader has 60 image states x = (digit, shade), so the loss over all pairs of the population,

    E[-s(x,t)] + 1/2 E_x log E_t' e^{s(x,t')} + 1/2 E_t log E_x' e^{s(x',t)} + ridge/2 E_x[u(x)^2 + v(x)^2],

is a convex function of the 180 numbers u, v, w: minus a linear function plus logarithms of sums of exponentials of
linear ones. With prompts (-2.5, 0) and (2.5, 0) the zero-shot class of x is the sign of u(x).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import minimize
from scipy.special import logsumexp

from mmcl_core.data.backgrounds import DIGITS, SHADES
from mmcl_core.data.vector_captions import CLASS_MEAN, FAMILY_MEAN
from mmcl_core.errors import InputError

STATES = DIGITS * SHADES


@dataclass(frozen=True)
class Population:
    """Image states and captions with their joint law in training; `p` is the probability that the background agrees."""

    pi_core: float
    pi_spu: float
    p: float

    def __post_init__(self) -> None:
        for name in ("pi_core", "pi_spu", "p"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} cannot be {getattr(self, name)}: allowed are probabilities from 0 to 1")

    @property
    def digit(self) -> Int[np.ndarray, "X"]:
        return np.repeat(np.arange(DIGITS), SHADES)

    @property
    def shade(self) -> Int[np.ndarray, "X"]:
        return np.tile(np.arange(SHADES), DIGITS)

    @property
    def label(self) -> Int[np.ndarray, "X"]:
        """-1 for the digits 0 to 4, 1 for 5 to 9."""
        return np.where(self.digit < DIGITS // 2, -1, 1)

    @property
    def agrees(self) -> np.ndarray:
        """Whether the state's background is of its class's family."""
        return (self.shade < SHADES // 2) == (self.label < 0)

    @cached_property
    def law(self) -> Float[np.ndarray, "X"]:
        """Probability of each image state in training."""
        return np.where(self.agrees, self.p, 1 - self.p) / (DIGITS * SHADES / 2)

    @cached_property
    def captions(self) -> Float[np.ndarray, "T 2"]:
        """All captions (a, b) that can occur."""
        return self._joint[0]

    @cached_property
    def joint(self) -> Float[np.ndarray, "X T"]:
        """Probability of each pair of image state and caption."""
        return self._joint[1]

    @cached_property
    def _joint(self) -> tuple[np.ndarray, np.ndarray]:
        a, b = self.digit - (DIGITS - 1) / 2, self.shade - (SHADES - 1) / 2
        family = np.where(self.shade < SHADES // 2, -FAMILY_MEAN, FAMILY_MEAN)
        said = [
            (np.stack([x, y], 1), self.law * share)
            for x, x_share in ((a, self.pi_core), (CLASS_MEAN * self.label, 1 - self.pi_core))
            for y, share in ((b, x_share * self.pi_spu), (family, x_share * (1 - self.pi_spu)))
        ]
        captions, place = np.unique(np.concatenate([t for t, _ in said]), axis=0, return_inverse=True)
        joint = np.zeros((STATES, len(captions)))
        np.add.at(joint, (np.tile(np.arange(STATES), 4), place.ravel()), np.concatenate([w for _, w in said]))
        kept = joint.sum(0) > 0
        return captions[kept], joint[:, kept]

    def accuracies(self, right: Bool[np.ndarray, "X"]) -> tuple[float, float, float, float]:
        """ID, OOD, agree and conflict accuracy of a classifier that is right on these states."""
        right = np.asarray(right, float)
        return (
            float(self.law @ right),
            float(right.mean()),
            float(right[self.agrees].mean()),
            float(right[~self.agrees].mean()),
        )


@dataclass(frozen=True)
class Optimum:
    """Coefficients u, v, w `[60]` of the similarity, and the gradient's largest entry where the solver stopped."""

    population: Population
    u: Float[np.ndarray, "X"]
    v: Float[np.ndarray, "X"]
    w: Float[np.ndarray, "X"]
    residual: float

    @property
    def right(self) -> Bool[np.ndarray, "X"]:
        """States that the class-mean prompts get right: the sign of u is the class."""
        return np.sign(self.u) == self.population.label

    @property
    def posterior_right(self) -> Bool[np.ndarray, "X"]:
        """States that the class posterior gets right: sum of p(t) e^{s(x,t)} over the captions of each class."""
        captions = self.population.captions
        s = self.u[:, None] * captions[:, 0] + self.v[:, None] * captions[:, 1] + np.log(self.population.joint.sum(0))
        upper, lower = (logsumexp(s[:, side], axis=1) for side in (captions[:, 0] > 0, captions[:, 0] < 0))
        return np.sign(upper - lower) == self.population.label


def loss_and_gradient(
    theta: Float[np.ndarray, "K"], population: Population, ridge: float
) -> tuple[float, Float[np.ndarray, "K"]]:
    """The loss at theta = (u, v, w) and its gradient."""
    u, v, w = theta.reshape(3, STATES)
    captions, joint, law = population.captions, population.joint, population.law
    s = u[:, None] * captions[:, 0] + v[:, None] * captions[:, 1] + w[:, None]
    caption_law = joint.sum(0)
    rows, columns = s + np.log(caption_law), s + np.log(law)[:, None]
    over_captions, over_images = logsumexp(rows, axis=1), logsumexp(columns, axis=0)
    value = -(joint * s).sum() + (law @ over_captions + caption_law @ over_images) / 2
    pull = -joint + law[:, None] * np.exp(rows - over_captions[:, None]) / 2
    pull += caption_law * np.exp(columns - over_images) / 2
    gradient = np.stack([pull @ captions[:, 0] + ridge * law * u, pull @ captions[:, 1] + ridge * law * v, pull.sum(1)])
    return float(value + ridge * law @ (u**2 + v**2) / 2), gradient.ravel()


def optimum(population: Population, ridge: float = 1e-2, steps: int = 4000) -> Optimum:
    """Minimise the convex loss by L-BFGS from zero.

    Raises
    ------
    InputError
        When the ridge is not positive: a caption at the edge of what can be said then wants an infinite coefficient.
    """
    if not ridge > 0:
        raise InputError(f"The ridge cannot be {ridge}: allowed are positive numbers")
    options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}
    found = minimize(
        loss_and_gradient, np.zeros(3 * STATES), (population, ridge), "L-BFGS-B", jac=True, options=options
    )
    return Optimum(population, *found.x.reshape(3, STATES), residual=float(np.abs(found.jac).max()))
