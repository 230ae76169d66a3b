"""Effective robustness of five methods on digits: our design throughout, at tier paper only.

Orderings, and the margin .03 that the digits' claims use, were fixed before the first run. A statement for every
training size is judged by the size whose interval reaches lowest. The line of supervised learning is fitted to means
over
seeds, so offsets from it are jackknifed over seeds: the interval holds the line's own uncertainty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from jaxtyping import Float

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Match, Quantifier
from mmcl_core.evidence.claim import claim as declare
from mmcl_core.evidence.rules import AtMost, Positive, Within, before, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

EXPERIMENTS = ("robustness_supervised", "robustness_captioned", "robustness_no_intra")
METHODS = ("supervised", "fine", "label", "rich", "rich_no_intra")
NO_MATTER = Within(0, absolute=0.03, basis=before("one standard deviation over seeds of a prototype"))

Accuracies = Mapping[str, Float[np.ndarray, "S K 6"]]

claim = partial(
    declare,
    item="Our variant of the digits: effective robustness",
    author=Author.ours,
    on=EXPERIMENTS,
    match=Match.ours,
    minimum_tier=Tier.paper,
)


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


def at_each(samples: Float[np.ndarray, "S K"]) -> Estimate:
    """Of the means over K cases the one whose interval reaches lowest."""
    return stats.reaching_lowest(*(stats.mean(column) for column in samples.T))


def difference(a: Accuracies, better: str, worse: str) -> Float[np.ndarray, "S K"]:
    """Paired difference of accuracy under the shifts."""
    return in_and_out(a[better])[1] - in_and_out(a[worse])[1]


@claim(rule=Positive(), quantifier=Quantifier.mean)
def robustness_captions(*results: Result) -> Estimate:
    """Captions that say more than the label are more robust: mean of five shifts and of all training sizes.

    Measured: paired difference of accuracy under the shifts, rich captions minus label captions.
    """
    return stats.mean_per_seed(difference(accuracies(*results), "rich", "label"))


@claim(rule=Positive(), quantifier=Quantifier.mean)
def robustness_intra_class(*results: Result) -> Estimate:
    """Rich captions are more robust with same-class negatives than the same captions without them.

    Measured: paired difference of accuracy under the shifts, rich captions with minus without same-class negatives.
    """
    return stats.mean_per_seed(difference(accuracies(*results), "rich", "rich_no_intra"))


@claim(rule=Positive(), quantifier=Quantifier.every)
def robustness_every_size(*results: Result) -> Estimate:
    """Both hold at every training size.

    Measured: paired differences of accuracy under the shifts, both comparisons at every size: the one whose interval
    reaches lowest.
    """
    a = accuracies(*results)
    return at_each(np.concatenate([difference(a, "rich", other) for other in ("label", "rich_no_intra")], axis=1))


@claim(rule=Positive(), quantifier=Quantifier.every)
def robustness_rich_above_line(*results: Result) -> Estimate:
    """This is effective robustness: at every training size rich captions lie above the line of supervised learning.

    Measured: logit offset from the line at every training size, jackknifed over seeds: the one that reaches lowest.
    """
    return at_each(jackknifed(effective_robustness, accuracies(*results), "rich", results[0].config.test))


def _on_line(name: str, method: str, words: str) -> Claim:
    @claim(
        name=f"robustness_{name}_on_line",
        rule=NO_MATTER,
        quantifier=Quantifier.mean,
        statement=f"{words} lie on the line: their accuracy under the shifts differs from the line's by less than .03.",
        measured="accuracy under the shifts minus the line's at the same accuracy in distribution, mean over sizes, "
        "jackknifed over seeds",
    )
    def accuracy_off_line(*results: Result) -> Estimate:
        a = accuracies(*results)
        return stats.mean_per_seed(jackknifed(accuracy_above_line, a, method, results[0].config.test))

    return accuracy_off_line


ON_LINE = tuple(
    _on_line(name, method, words)
    for name, method, words in (
        ("label", "label", "Label captions"),
        ("no_intra", "rich_no_intra", "Rich captions without same-class negatives"),
    )
)


@claim(rule=AtMost(0, basis=standard("the line itself")), quantifier=Quantifier.exists)
def robustness_only_rich(*results: Result) -> Estimate:
    """No other method does: each of the three falls to the line or below at some training size.

    Measured: logit offset at the size where it reaches least high; of the three methods the one that reaches highest.
    """
    a, images = accuracies(*results), results[0].config.test
    methods = (jackknifed(effective_robustness, a, m, images) for m in ("fine", "label", "rich_no_intra"))
    return stats.reaching_highest(*(min(map(stats.mean, o.T), key=lambda e: e.high) for o in methods))


@claim(rule=NO_MATTER, quantifier=Quantifier.mean)
def robustness_fine_tie(*results: Result) -> Estimate:
    """In plain accuracy under the shifts ten-way labels are as good as rich captions: less than .03 apart.

    Measured: paired difference of accuracy under the shifts, rich captions minus ten-way labels, mean over sizes.
    Note: So this stand-in cannot say that the gain is due to contrastive learning and not to finer supervision.
    """
    return stats.mean_per_seed(difference(accuracies(*results), "rich", "fine"))
