"""What chance alone makes of the measures on trained towers: bounds that several of the chapter's rules use."""

from __future__ import annotations

import math

from scipy.stats import t

from mmcl_core.evidence.rules import AtLeast, AtMost, Basis, Source, Within, derived, standard
from mmcl_core.papers.yaras2024.evaluate import GAP_PAIRS

# Two unit vectors are at most 2 apart, so the squared distance of the means of n pairs without a gap is at most 4/n on
# average.
CHANCE_GAP = math.sqrt(4 / GAP_PAIRS)
OF_CHANCE = derived(
    "without any gap the means of 512 pairs of unit vectors are at most $(4/512)^{1/2}$ apart, root mean square"
)
GAP_LEFT = AtLeast(CHANCE_GAP, basis=OF_CHANCE)
GAP_GONE = AtMost(CHANCE_GAP, basis=OF_CHANCE)

# Retrieval: the smallest gain with which Tables 2 to 5 credit a changed temperature, softplus's, is 1.8 points (image)
# and 1.7 (text); the smaller serves both directions.
UNCHANGED_RETRIEVAL = Within(
    0.0,
    absolute=0.017,
    basis=Basis(
        Source.paper, "the smallest gain of a changed temperature in Tables 2 to 5, softplus in text retrieval"
    ),
)

# The one-attribute test: Table 1 runs from 11.85 to 14.82 per cent, and the paper calls that no effect.
UNCHANGED_ATTRIBUTES = Within(
    0.0, absolute=0.03, basis=Basis(Source.paper, "the range of Table 1, 11.9 to 14.8 per cent")
)


def beyond_chance(rows: int) -> AtLeast:
    """A rank correlation that two unrelated orders of so many rows exceed in one case of twenty."""
    quantile = float(t.ppf(0.95, rows - 2))
    bound = quantile / math.sqrt(rows - 2 + quantile**2)
    return AtLeast(bound, basis=standard(f"one-sided 5 per cent point for unrelated orders of {rows} rows"))
