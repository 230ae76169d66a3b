"""What the figures of our variants measure: offsets from the supervised line on digits, accuracy kept on icons.

They run at tier paper only and no claim stands on them. The line of supervised learning is fitted to means over seeds,
so offsets from it can be jackknifed over seeds: the interval then holds the line's own uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from mmcl_core.lab.run import Result

DIGITS = ("digits", "digits_controls")
ROBUSTNESS = ("robustness_supervised", "robustness_captioned", "robustness_no_intra")
METHODS = ("supervised", "fine", "label", "rich", "rich_no_intra")
ICON_METHODS = ("supervised", "label", "label_no_intra", "rich", "rich_no_intra")

Accuracies = Mapping[str, Float[np.ndarray, "S K 6"]]


def accuracies(*results: Result) -> dict[str, Float[np.ndarray, "S K 6"]]:
    """Accuracy of every method, by seed, training size and place (in distribution first, then the five shifts)."""
    return {name: r[name] for r in results for name in METHODS if name in r}


def logit(accuracy: Float[np.ndarray, "*N"], images: int) -> Float[np.ndarray, "*N"]:
    """log a/(1-a) with half a right and half a wrong answer added, so that no accuracy is infinitely far."""
    share = (accuracy * images + 0.5) / (images + 1)
    return np.log(share / (1 - share))


def in_and_out(accuracy: Float[np.ndarray, "S K 6"]) -> tuple[Float[np.ndarray, "S K"], Float[np.ndarray, "S K"]]:
    """Accuracy in distribution, and the mean of the five shifts."""
    return accuracy[..., 0], accuracy[..., 1:].mean(-1)


def supervised_line(a: Accuracies, images: int) -> tuple[float, float]:
    """Slope and intercept of logit OOD on logit ID of supervised learning, through its means over seeds."""
    x, y = (logit(v.mean(0), images) for v in in_and_out(a["supervised"]))
    slope, intercept = np.linalg.lstsq(np.stack([x, np.ones_like(x)], 1), y, rcond=None)[0]
    return float(slope), float(intercept)


def effective_robustness(a: Accuracies, method: str, images: int) -> Float[np.ndarray, "S K"]:
    """How far a method lies above the supervised line, in logits."""
    slope, intercept = supervised_line(a, images)
    x, y = (logit(v, images) for v in in_and_out(a[method]))
    return y - (slope * x + intercept)


def accuracy_above_line(a: Accuracies, method: str, images: int) -> Float[np.ndarray, "S K"]:
    """Accuracy under the shifts minus what the supervised line has at the same accuracy in distribution."""
    slope, intercept = supervised_line(a, images)
    x, y = in_and_out(a[method])
    return y - 1 / (1 + np.exp(-(slope * logit(x, images) + intercept)))


def jackknifed(measure: Callable[..., np.ndarray], a: Accuracies, *more: object) -> Float[np.ndarray, "S K"]:
    """Pseudo-values S m - (S-1) m_without of the mean over seeds of a measure that uses all seeds at once."""
    seeds = len(next(iter(a.values())))
    whole = measure(a, *more).mean(0)
    without = [measure({k: np.delete(v, s, 0) for k, v in a.items()}, *more).mean(0) for s in range(seeds)]
    return seeds * whole - (seeds - 1) * np.array(without)


def kept(r: Result, method: str) -> Float[np.ndarray, "S"]:
    """The share of its accuracy in the training font that a method keeps, mean of the five shifts of rendering."""
    seen = r[f"{method}_word"]
    return seen[:, 1:].mean(1) / seen[:, 0]
