"""The sixteen numbers of the published Figures 2 and 5, at tier paper: Appendix G.1 as printed.

How many runs stand behind a published point is unknown, so it is judged as one new run: it must lie in the 95 %
prediction
interval of ours.
"""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, standard
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.claims.published import points
from mmcl_core.papers.xue2024.experiments.semi import PAPER_CAPTIONS, captioned
from mmcl_core.stats import Estimate

SERIES = {f"{core:g} {spu:g}": captioned((core, spu)) for core, spu in PAPER_CAPTIONS} | {"SL": "supervised_2"}
PUBLISHED = {  # ID, OOD in per cent, for the ledger's column; judged against the points of published.csv
    "0 1": (66.7, 58.9),
    "0.25 1": (73.4, 72.4),
    "0.5 1": (74.9, 75.0),
    "0.75 1": (70.9, 75.9),
    "1 1": (70.6, 76.2),
    "1 0.5": (66.1, 75.4),
    "1 0": (51.2, 72.2),
    "SL": (99.6, 69.0),
}
ENOUGH = Condition(
    "runs", lambda semi, published: len(semi.seeds), AtLeast(5, basis=standard("a t interval needs five"))
)
ONE_MORE = AtMost(
    1.0,
    basis=standard("half the 95 % prediction interval of one more run; the published number has .1 of reading error"),
)


def distance(semi: Result, published: Result, series: str, place: int) -> Estimate:
    """|published - mean| over half the width of the prediction interval; NaN where the setting was not run."""
    name = f"{SERIES[series]}_accuracy"
    if name not in semi or len(semi.seeds) < 2:
        return stats.worst(np.array([np.nan]))
    runs = stats.mean(100 * semi[name][:, place])
    low, high = stats.prediction(runs)
    half = (high - low) / 2 + 0.1
    return stats.worst(np.array([abs(points(published, "digits", series)[place][0] - runs.value) / half]))


def _one(series: str, place: int) -> Claim:
    figure, law = (("Fig. 5", "ID"), ("Fig. 2", "OOD"))[place]
    setting = "supervised learning" if series == "SL" else "captions ({}, {})".format(*series.split())

    @claim(
        name=f"semi_published_{law.lower()}_{SERIES[series].replace('.', '')}",
        item=f"{figure}, {setting}",
        paper=f"{PUBLISHED[series][place]:.1f} %",
        on=("semi", "published"),
        rule=ONE_MORE,
        quantifier=Quantifier.mean,
        match=Match.reconstructed,
        conditions=(ENOUGH,),
        minimum_tier=Tier.paper,
        statement=f"{law} accuracy of {setting} is {PUBLISHED[series][place]:.1f} %.",
        measured="distance of the published value from our mean, over half the 95 % prediction interval of one more "
        "run",
    )
    def published_value(semi: Result, published: Result) -> Estimate:
        return distance(semi, published, series, place)

    return published_value


SIXTEEN = tuple(_one(series, place) for place in (1, 0) for series in SERIES)


@claim(
    item="Fig. 2",
    paper="58.9, 72.4, 75.0, 75.9, 76.2 %",
    on="semi",
    rule=Positive(),
    quantifier=Quantifier.mean,
    match=Match.reconstructed,
    minimum_tier=Tier.paper,
)
def semi_rises(semi: Result) -> Estimate:
    r"""OOD accuracy rises with $\pi_{core}$, step by step.

    Measured: paired differences of OOD accuracy at successive $\pi_{core}$, $\pi_{spu}=1$: the one that reaches lowest.
    """
    names = [f"{captioned((core, 1))}_accuracy" for core in (0, 0.25, 0.5, 0.75, 1)]
    there = [semi[n][:, 1] for n in names if n in semi]
    return stats.reaching_lowest(*(stats.mean(b - a) for a, b in zip(there, there[1:], strict=False)))
