"""Icons under their real names, trained from scratch: our design, at tier paper only.

What is stated is what the two mechanisms predict, written down before the first run. A reservation, also written
before:
in training no rendering goes with any class, so nothing here is as cheap as the grass, and the mechanisms are silent.
The
experiment on frozen towers, which has a shortcut, takes its place at tier book.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier
from mmcl_core.evidence.claim import claim as declare
from mmcl_core.evidence.rules import Positive, Within, before
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

METHODS = ("supervised", "label", "label_no_intra", "rich", "rich_no_intra")

claim = partial(
    declare,
    item="Beyond: icons with names",
    author=Author.ours,
    on="icons",
    quantifier=Quantifier.mean,
    match=Match.ours,
    minimum_tier=Tier.paper,
)


def shifted(r: Result, method: str, read_out: str = "word") -> Float[np.ndarray, "S"]:
    """Mean accuracy over the five shifts of rendering."""
    return r[f"{method}_{read_out}"][:, 1:].mean(1)


def kept(r: Result, method: str) -> Float[np.ndarray, "S"]:
    """The share of its accuracy in the training font that a method keeps under the shifts."""
    return shifted(r, method) / r[f"{method}_word"][:, 0]


@claim(rule=Positive())
def icons_richness(r: Result) -> Estimate:
    """With full names as captions a model is more accurate under a change of rendering than with the class word alone.

    Measured: paired difference of accuracy, mean of five shifts, full names minus first words.
    """
    return stats.mean(shifted(r, "rich") - shifted(r, "label"))


@claim(rule=Positive())
def icons_richness_relative(r: Result) -> Estimate:
    """They keep a larger share of their accuracy in the training font.

    Measured: paired difference of accuracy under shifts over accuracy in the training font, full names minus first
    words.
    """
    return stats.mean(kept(r, "rich") - kept(r, "label"))


@claim(rule=Positive())
def icons_intra_class(r: Result) -> Estimate:
    """They lose by taking same-class negatives away.

    Measured: paired difference of accuracy, mean of five shifts, full names with minus without same-class negatives.
    """
    return stats.mean(shifted(r, "rich") - shifted(r, "rich_no_intra"))


@claim(rule=Within(0, absolute=0.03, basis=before("the margin of the digits' claims")))
def icons_label_negatives(r: Result) -> Estimate:
    """For first words alone same-class negatives do not matter (less than .03).

    Measured: paired difference of accuracy, mean of five shifts, first words with minus without same-class negatives.
    """
    return stats.mean(shifted(r, "label") - shifted(r, "label_no_intra"))


@claim(rule=Positive())
def icons_supervised(r: Result) -> Estimate:
    """With full names a model is more accurate under the shifts than with supervised learning of the class.

    Measured: paired difference of accuracy, mean of five shifts, full names minus supervised.
    """
    return stats.mean(shifted(r, "rich") - shifted(r, "supervised"))


@claim(rule=Positive())
def icons_supervised_relative(r: Result) -> Estimate:
    """They keep a larger share of their accuracy than supervised learning.

    Measured: paired difference of accuracy under shifts over accuracy in the training font, full names minus
    supervised.
    """
    return stats.mean(kept(r, "rich") - kept(r, "supervised"))
