"""Tables 2 to 5, column by column, and Fig. 6: rank correlations of our columns with the paper's and with each
other."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Match, Quantifier, claim
from mmcl_core.evidence.rules import Positive
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024 import published
from mmcl_core.papers.yaras2024.claims.real_chance import beyond_chance
from mmcl_core.papers.yaras2024.claims.real_rows import AT_BOOK
from mmcl_core.papers.yaras2024.experiments.printed import PAIRS
from mmcl_core.papers.yaras2024.table import PRINTED, SCENES, column, rank_correlation
from mmcl_core.stats import Estimate

MEASURES = {
    "gap": "gap",
    "uniformity": "uniformity",
    "zero_shot": "zero-shot accuracy",
    "linear_probe": "linear probe",
    "image_retrieval": "image retrieval",
    "text_retrieval": "text retrieval",
}
DECLARED = {
    "uniformity": Verdict.trend_only,
    "zero_shot": Verdict.not_reproduced,
    "linear_probe": Verdict.not_reproduced,
    "image_retrieval": Verdict.trend_only,
    "text_retrieval": Verdict.not_reproduced,
}
COLLAPSED = "Over all rows run it passes the bound of as many rows in every seed: the collapsed ones carry much of it."
NOTES = {
    "uniformity": COLLAPSED,
    "zero_shot": "Prompts of two words are unlike the captions of training: zero-shot accuracy varies more over seeds "
    "than over most methods.",
    "linear_probe": "Over all rows run it is positive in every seed; without the collapsed rows it is not.",
    "image_retrieval": COLLAPSED,
    "text_retrieval": COLLAPSED,
}
OURS = len(AT_BOOK & PRINTED)  # rows that both have
STANDING = AT_BOOK & PRINTED & set(published.not_collapsed())  # of them, those that retrieve in the paper
ALL = len(published.TABLES)
# In an earlier trial with another renderer and all 26 rows: gap .58, uniformity .50, probe .53, retrieval .54 and .36,
# zero-shot .24. It is not a result of this book.


def ranks(measure: str) -> Claim:
    """The rank correlation with the paper's column over the rows that we train, with the collapsed ones or without."""

    @claim(
        item="Tables 2 to 5, ranks",
        paper="order of the rows",
        on=SCENES,
        rule=beyond_chance(len(STANDING)),
        trend=Positive(),
        quantifier=Quantifier.every,
        match=Match.ours,
        declared=DECLARED.get(measure),
        name=f"ranks_{measure}",
        statement=f"Of the {OURS} rows run, the order by {MEASURES[measure]} goes with the paper's, in every seed.",
        measured=f"Spearman's correlation of our column with the printed one over the {OURS} rows and over the "
        f"{len(STANDING)} of them that retrieve above 50 per cent in the paper; the smaller one, smallest over seeds",
        note=NOTES.get(measure, ""),
    )
    def of_column(*results: Result) -> Estimate:
        ours = column(measure, *results)
        of_rows = [rank_correlation(measure, ours, rows) for rows in (AT_BOOK & PRINTED, STANDING)]
        return stats.worst(np.stack(of_rows), largest=False)

    return of_column


def ranks_of_all(measure: str) -> Claim:
    """The same over all 26 rows, which only tier paper trains."""

    @claim(
        item="Tables 2 to 5, ranks of all rows",
        paper="order of the rows",
        on=SCENES,
        rule=beyond_chance(ALL),
        trend=Positive(),
        quantifier=Quantifier.every,
        match=Match.ours,
        minimum_tier=Tier.paper,
        name=f"ranks_all_{measure}",
        statement=f"The order of all {ALL} rows by {MEASURES[measure]} goes with the paper's, in every seed.",
        measured=f"Spearman's correlation of our column with the printed one over {ALL} rows, smallest over seeds",
    )
    def of_all_rows(*results: Result) -> Estimate:
        return stats.worst(rank_correlation(measure, column(measure, *results)), largest=False)

    return of_all_rows


RANKS = tuple(ranks(measure) for measure in MEASURES)
RANKS_OF_ALL = tuple(ranks_of_all(measure) for measure in MEASURES)


def of_printed(r: Result, *pairs: tuple[str, str]) -> float:
    """The smallest of Spearman's correlations of those printed columns over all rows."""
    return min(float(r["correlation"][PAIRS.index(pair), 1, 1]) for pair in pairs)


@claim(
    item="Fig. 6, all rows by rank",
    on="correlations",
    rule=beyond_chance(ALL),
    quantifier=Quantifier.every,
    match=Match.exact,
    author=Author.ours,
    declared=Verdict.does_not_hold,
    minimum_tier=Tier.smoke,
)
def printed_ranks_gap(r: Result) -> Estimate:
    """By rank, too, a smaller gap goes with worse retrieval over all 26 printed rows, in both directions.

    Measured: the smaller of Spearman's correlations of the printed gap with image and with text retrieval, 26 rows.
    Note: Both are positive, but that of image retrieval does not pass the 5 % point for 26 rows.
    """
    return stats.exact(of_printed(r, ("gap", "image_retrieval"), ("gap", "text_retrieval")), ALL)


@claim(
    item="Fig. 7, all rows by rank",
    on="correlations",
    rule=beyond_chance(ALL),
    quantifier=Quantifier.every,
    match=Match.exact,
    author=Author.ours,
    minimum_tier=Tier.smoke,
)
def printed_ranks_uniformity(r: Result) -> Estimate:
    """By rank, too, better uniformity goes with better classification over all 26 printed rows.

    Measured: the smaller of Spearman's correlations of the printed uniformity with zero-shot accuracy and with the
    linear probe, 26 rows.
    """
    return stats.exact(of_printed(r, ("uniformity", "zero_shot"), ("uniformity", "linear_probe")), ALL)


def gap_and_retrieval(results: tuple[Result, ...], methods: tuple[str, ...]) -> Float[np.ndarray, "S"]:
    """Spearman's correlation of gap and image retrieval over those of `methods` that were trained, per seed."""
    gap, found = column("gap", *results), column("image_retrieval", *results)
    trained = [m for m in gap if m in methods]
    pairs = zip(*(np.stack([values[m] for m in trained], 1) for values in (gap, found)), strict=True)
    return np.array([spearmanr(a, b).statistic for a, b in pairs])


@claim(
    item="Fig. 6, our towers",
    paper="Pearson -.95 over the nine methods plotted",
    on=SCENES,
    rule=Positive(),
    quantifier=Quantifier.mean,
    match=Match.ours,
    declared=Verdict.undecided,
)
def fig6_own(*results: Result) -> Estimate:
    """Among the methods that still retrieve, a smaller gap goes with better image retrieval.

    Measured: minus Spearman's correlation of gap and image retrieval per seed, over the rows that retrieve above 50 per
    cent in the paper; mean over seeds.
    Note: Among methods that all retrieve well the differences are as small as the noise of one seed: the correlation
    has either sign.
    """
    return stats.mean(-gap_and_retrieval(results, published.not_collapsed()))


@claim(
    item="Fig. 6, our towers, all rows",
    on=SCENES,
    rule=Positive(),
    quantifier=Quantifier.mean,
    author=Author.ours,
)
def fig6_own_all(*results: Result) -> Estimate:
    """With the methods that collapse the sign is the opposite: the correlation is a matter of which rows are drawn.

    Measured: Spearman's correlation of gap and image retrieval over all printed rows that normalise, per seed; mean
    over seeds.
    """
    normalised = tuple(sorted(PRINTED - {"no normalisation"}))
    return stats.mean(gap_and_retrieval(results, normalised))
