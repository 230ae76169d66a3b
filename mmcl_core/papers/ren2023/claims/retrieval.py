"""What balance buys (5.5): retrieval under noise on the features and on the inputs, with untrained weights beside."""

from __future__ import annotations

from functools import partial

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, Positive, standard
from mmcl_core.evidence.verdicts import Author

ours = partial(
    claim,
    item="What balance buys",
    on="retrieval",
    rule=Positive(),
    quantifier=Quantifier.mean,
    author=Author.ours,
)
BALANCED, UNTRAINED, NONE = 0, 1, 2


def advantage(r, kind: str, first: int, second: int) -> stats.Estimate:
    """Paired difference of accuracies, averaged over the levels of noise in each seed."""
    return stats.mean_per_seed(r[kind][:, first] - r[kind][:, second])


@ours()
def retrieval_features(r):
    """Noise on the features: the balanced representation retrieves better than the non-contrastive one.

    Measured: difference of top-1 accuracies, mean over noise levels, mean over seeds
    """
    return advantage(r, "feature", BALANCED, NONE)


@ours(rule=AtLeast(0.5, standard("most means more than half")))
def retrieval_untrained(r):
    """Most of that is not won but kept: untrained weights have more than half of that lead already.

    Measured: top-1 accuracy under noise on the features, untrained minus non-contrastive over balanced minus
    non-contrastive, both averaged over noise levels, mean over seeds
    """
    accuracy = r["feature"].mean(2)
    return stats.mean((accuracy[:, UNTRAINED] - accuracy[:, NONE]) / (accuracy[:, BALANCED] - accuracy[:, NONE]))


@ours()
def retrieval_gain(r):
    """Contrastive training wins the rest: the balanced representation retrieves better than the untrained one.

    Measured: difference of top-1 accuracies under noise on the features, balanced minus untrained
    """
    return advantage(r, "feature", BALANCED, UNTRAINED)


@ours()
def retrieval_inputs(r):
    """A negative result: noise on the inputs makes the balanced one worse than the non-contrastive one.

    Measured: difference of top-1 accuracies (non-contrastive minus balanced), mean over noise levels, mean over seeds
    """
    return advantage(r, "input", NONE, BALANCED)


@ours()
def retrieval_inputs_untrained(r):
    """Under noise on the inputs no training is best of all.

    Measured: difference of top-1 accuracies, untrained minus balanced and minus non-contrastive, the smaller of both
    """
    return stats.reaching_lowest(*(advantage(r, "input", UNTRAINED, other) for other in (BALANCED, NONE)))
