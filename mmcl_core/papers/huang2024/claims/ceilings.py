"""Ceilings of linear heads: (1 + Phi)/2 for all of them, attained by one neuron, and Phi for a family of them."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, Within, after, derived
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import theory
from mmcl_core.papers.huang2024.experiments.ceiling import ENCODERS
from mmcl_core.stats import Estimate

IDEAL, UNTRAINED, SINGLE, MULTI = range(len(ENCODERS))
HEADS = ("aimed", "fitted", "head_b", "head_b_moved")
SAMPLING = derived("four standard errors of the test sample: among some 400 numbers the largest is below 3.5 by chance")


def standard_errors(accuracy: np.ndarray, expected: np.ndarray, samples: int) -> np.ndarray:
    """Distance of accuracies from their expectation, in standard errors of a test sample."""
    return (accuracy - expected) / np.sqrt(expected * (1 - expected) / samples)


stated = partial(claim, item="Theorem 4.3, ceiling", on="ceiling")


@stated(author=Author.correction, rule=AtMost(4.0, SAMPLING), quantifier=Quantifier.every, minimum_tier=Tier.smoke)
def ceiling(r: Result) -> Estimate:
    r"""No linear head on any encoder is more accurate than $(1 + \Phi(\|\nu\|/\sigma_\xi))/2$.

    Measured: the largest excess in standard errors over four encoders, five heads, four strengths and all seeds.
    """
    bound = theory.ceiling(r["strength"])
    found = [r[name] for name in HEADS] + [r["balanced"][:, None]]
    excess = np.concatenate([standard_errors(a, bound, r.config.samples) for a in found], 1)
    return stats.worst(excess[np.isfinite(excess)])


@stated(author=Author.correction, rule=AtMost(4.0, SAMPLING), quantifier=Quantifier.exists, minimum_tier=Tier.smoke)
def ceiling_attained(r: Result) -> Estimate:
    r"""The bound is attained: one neuron along $\nu$ with the threshold $\langle w,\nu\rangle$ is right that often.

    Measured: the largest difference in standard errors over strengths and seeds.
    """
    gap = standard_errors(r["aimed"][:, IDEAL], theory.ceiling(r["strength"]), r.config.samples)
    return stats.worst(np.abs(gap))


def trained(name: str, encoder: int, words: str) -> object:
    """A head of one neuron that is fitted on labelled samples beats Phi at the largest nu allowed along mu."""

    @claim(
        name=f"ceiling_{name}",
        item="Theorem 4.3, ceiling",
        statement=rf"One neuron of the {words} encoder and a threshold beat $\Phi$ where $\|\nu\| = \|\mu\|/\sqrt d$.",
        measured=r"accuracy of the neuron and threshold that were best on other samples, minus $\Phi$, mean over seeds",
        on="ceiling",
        author=Author.ours,
        rule=AtLeast(0.19, derived("3/4 less Phi(.112) is 0.205; the neuron and its threshold are fitted, worth 0.01")),
        quantifier=Quantifier.mean,
    )
    def excess(r: Result) -> Estimate:
        weakest = int(np.argmin(r["strength"]))
        return stats.mean(r["fitted"][:, encoder, weakest] - theory.odd_ceiling(r["strength"][weakest]))

    return excess


TRAINED = (
    trained("untrained", UNTRAINED, "untrained"),
    trained("single", SINGLE, "single-modal"),
    trained("multi", MULTI, "multi-modal"),
)


@stated(author=Author.correction, rule=Positive(), quantifier=Quantifier.exists)
def balanced_beats_phi(r: Result) -> Estimate:
    r"""That a head errs equally often on both labels does not keep it below $\Phi(\|\nu\|/\sigma_\xi)$.

    Measured: accuracy of the six-neuron head minus $\Phi$ at the weakest signal, mean over seeds.
    """
    weakest = int(np.argmin(r["strength"]))
    return stats.mean(r["balanced"][:, weakest] - theory.odd_ceiling(r["strength"][weakest]))


@stated(
    author=Author.ours,
    rule=Within(0.0, absolute=0.02, basis=derived("the law is symmetric; five standard errors of a seed's two halves")),
    quantifier=Quantifier.mean,
)
def balanced_errors(r: Result) -> Estimate:
    """The six-neuron head is as often right on the positive as on the negative samples.

    Measured: difference of both accuracies, averaged over strengths for each seed.
    """
    return stats.mean_per_seed(r["imbalance"])


@claim(
    item="Theorem 4.3, ceiling",
    on="downstream",
    author=Author.ours,
    rule=Within(0.0, absolute=0.02, basis=after("two percent; a pilot's largest difference of .007 was in view")),
    quantifier=Quantifier.mean,
)
def odd_ceiling(r: Result) -> Estimate:
    r"""Head B on the multi-modal encoder lies at $\Phi(\|\nu\|/\sigma_\xi)$ for strengths from $0.5$ to $3$.

    Measured: accuracy minus $\Phi$, mean over seeds; of the strengths the one whose interval reaches farthest from 0.
    """
    inside = (r["strength"] >= 0.5) & (r["strength"] <= 3)
    gaps = (r["multi_head_b"] - theory.odd_ceiling(r["strength"]))[:, inside]
    return max((stats.mean(column) for column in gaps.T), key=lambda e: max(abs(e.low), abs(e.high)))


@stated(
    author=Author.ours,
    rule=Within(0.0, absolute=0.05, basis=after("a twentieth; differences of .00 to .03 were in view")),
    quantifier=Quantifier.mean,
)
def useless_is_the_head(r: Result) -> Estimate:
    r"""At $\|\nu\| = \|\mu\|/\sqrt d$ no encoder is useless: training moves the accuracy of the best neuron by less
    than .05, with one modality and with two.

    Measured: paired differences of the fitted neuron's accuracy between the untrained, single-modal and multi-modal
    encoders; of the three the one whose interval reaches farthest from 0.
    """
    weakest = int(np.argmin(r["strength"]))
    fitted = r["fitted"][..., weakest]
    pairs = ((UNTRAINED, SINGLE), (UNTRAINED, MULTI), (SINGLE, MULTI))
    found = [stats.mean(fitted[:, b] - fitted[:, a]) for a, b in pairs]
    return max(found, key=lambda e: max(abs(e.low), abs(e.high)))
