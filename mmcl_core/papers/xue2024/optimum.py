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


def derivatives(
    theta: Float[np.ndarray, "K"], population: Population, ridge: float
) -> tuple[float, Float[np.ndarray, "K"], Float[np.ndarray, "K K"]]:
    """The loss at theta = (u, v, w), its gradient and its Hessian."""
    captions, joint, law = population.captions, population.joint, population.law
    features = np.column_stack([captions, np.ones(len(captions))])  # s = theta^T features
    s = theta.reshape(3, STATES).T @ features.T
    caption_law = joint.sum(0)
    rows, over_captions = softmax(s + np.log(caption_law), 1)
    columns, over_images = softmax(s + np.log(law)[:, None], 0)
    pull = law[:, None] * (rows / 2) + caption_law * (columns / 2)
    penalty = ridge * np.concatenate([law, law, np.zeros(STATES)])
    value = -(joint * s).sum() + (law @ over_captions + caption_law @ over_images + penalty @ theta**2) / 2
    gradient = ((pull - joint) @ features).T.ravel() + penalty * theta

    mean, guess = rows @ features, (np.sqrt(caption_law / 2) * columns).T  # of the guessed caption; of the image
    own = (
        np.einsum("xt,tk,tl->xkl", pull, features, features) - law[:, None, None] / 2 * mean[:, :, None] * mean[:, None]
    )
    across = (features[:, :, None] * guess[:, None]).reshape(len(features), -1)
    hessian = np.diag(penalty) - across.T @ across
    state = np.arange(STATES)
    for k, l in np.ndindex(3, 3):
        hessian[k * STATES + state, l * STATES + state] += own[:, k, l]
    return float(value), gradient, hessian


def softmax(s: Float[np.ndarray, "X T"], axis: int) -> tuple[Float[np.ndarray, "X T"], Float[np.ndarray, "*N"]]:
    """Shares e^s over their sum along `axis`, and the logarithm of the sum."""
    most = s.max(axis, keepdims=True)
    shares = np.exp(s - most)
    total = shares.sum(axis, keepdims=True)
    return shares / total, (most + np.log(total)).squeeze(axis)


def optimum(population: Population, ridge: float = 1e-2, steps: int = 200) -> Optimum:
    """Minimise the convex loss by Newton's method from zero, with steps halved until the loss falls.

    Raises
    ------
    InputError
        When the ridge is not positive: a caption at the edge of what can be said then wants an infinite coefficient.
        When the background always or never agrees: nothing is then asked of the images that do not occur.
    """
    if not ridge > 0:
        raise InputError(f"The ridge cannot be {ridge}: allowed are positive numbers")
    if population.p in (0, 1):
        raise InputError(
            f"The share of agreeing backgrounds cannot be {population.p:g}, where half of the images never occur: "
            "allowed are numbers between 0 and 1"
        )
    theta = np.zeros(3 * STATES)
    value, gradient, hessian = derivatives(theta, population, ridge)
    for _ in range(steps):
        step = np.linalg.solve(hessian + 1e-12 * np.eye(len(theta)), gradient)  # a constant added to w changes nothing
        fall, share = gradient @ step, 1.0
        while (
            share > 1e-9 and not derivatives(theta - share * step, population, ridge)[0] <= value - 1e-4 * share * fall
        ):
            share /= 2
        if fall < 1e-20 or share <= 1e-9:  # nothing left but rounding
            break
        theta = theta - share * step
        value, gradient, hessian = derivatives(theta, population, ridge)
    return Optimum(population, *theta.reshape(3, STATES), residual=float(np.abs(gradient).max()))
