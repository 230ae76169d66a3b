"""What the paper's own printed numbers say: Figs. 6 and 7."""

from __future__ import annotations

from typing import Any

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Basis, Between, Rule, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.experiments.printed import PAIRS
from mmcl_core.stats import Estimate

NINE, ALL, STANDING = 0, 1, 2  # sets of rows
CRITICAL = {9: 0.666, 22: 0.423, 26: 0.388}  # two-sided 5 % points of Pearson's r
SMALL = standard("a correlation below .3 is called small")


def critical(rows: int) -> Basis:
    return standard(f"the two-sided 5 % point of Pearson's r for {rows} points")


def correlation(r: Result, first: str, second: str, rows: int) -> float:
    """Pearson's r of two printed columns over a set of rows."""
    return float(r["correlation"][PAIRS.index((first, second)), rows, 0])


def correlation_claim(
    name: str, item: str, statement: str, pairs: tuple[tuple[str, str], ...], rows: int, rule: Rule, **more: Any
) -> Claim:
    """A claim on Pearson's r of printed columns; of several pairs of columns, on the smaller correlation."""
    words = " and ".join(f"{a.replace('_', ' ')} with {b.replace('_', ' ')}" for a, b in pairs)
    least = "smaller of Pearson's correlations of" if len(pairs) > 1 else "Pearson's correlation of"
    size = ("the nine rows plotted", "all 26 rows", "the 22 rows with image retrieval above 50")[rows]

    @claim(
        name=name,
        item=item,
        statement=statement,
        measured=f"{least} printed {words}, {size}",
        on="correlations",
        rule=rule,
        quantifier=Quantifier.every,
        match=Match.exact,
        minimum_tier=Tier.smoke,
        **more,
    )
    def printed_correlation(r: Result) -> Estimate:
        return stats.exact(min(correlation(r, a, b, rows) for a, b in pairs), int(r["count"][rows]))

    return printed_correlation


TREND = {"paper": "upward trend"}
FALL = {"paper": "downward trend"}
FLAT = {"paper": "no trend"}
OURS = {"author": Author.ours}
BOTH = ("zero_shot", "linear_probe")

CORRELATIONS = (
    correlation_claim(
        "fig6_gap",
        "Fig. 6, gap",
        "A smaller gap goes with better image retrieval, over the nine methods plotted.",
        (("gap", "image_retrieval"),),
        NINE,
        AtMost(-CRITICAL[9], critical(9)),
        **FALL,
    ),
    correlation_claim(
        "fig6_all_rows",
        "Fig. 6, all rows",
        "Over all 26 rows of Tables 2 to 5 the trend is the opposite.",
        (("gap", "image_retrieval"),),
        ALL,
        AtLeast(CRITICAL[26], critical(26)),
        note="Four collapsed rows (large fixed temperature, full swap) have a small gap and retrieve badly.",
        **OURS,
    ),
    correlation_claim(
        "fig6_standing",
        "Fig. 6, rows that retrieve",
        "Without the collapsed rows no trend is left that 22 points could show.",
        (("gap", "image_retrieval"),),
        STANDING,
        Between(-CRITICAL[22], CRITICAL[22], critical(22)),
        **OURS,
    ),
    correlation_claim(
        "fig6_gap_text",
        "Fig. 6, gap and text retrieval",
        "A smaller gap goes with better text retrieval, over the nine methods plotted.",
        (("gap", "text_retrieval"),),
        NINE,
        AtMost(-CRITICAL[9], critical(9)),
        **FALL,
    ),
    correlation_claim(
        "fig6_all_text",
        "Fig. 6, all rows, text retrieval",
        "Here, too, the trend turns over all 26 rows.",
        (("gap", "text_retrieval"),),
        ALL,
        AtLeast(CRITICAL[26], critical(26)),
        **OURS,
    ),
    correlation_claim(
        "fig6_uniformity",
        "Fig. 6, uniformity",
        "Uniformity does not go with image retrieval, over the nine methods plotted.",
        (("uniformity", "image_retrieval"),),
        NINE,
        Between(-0.3, 0.3, SMALL),
        **FLAT,
    ),
    correlation_claim(
        "fig7_uniformity",
        "Fig. 7, uniformity",
        "Uniformity goes with zero-shot accuracy and linear probe, over the nine methods plotted.",
        tuple(("uniformity", accuracy) for accuracy in BOTH),
        NINE,
        AtLeast(CRITICAL[9], critical(9)),
        **TREND,
    ),
    correlation_claim(
        "fig7_gap",
        "Fig. 7, gap",
        "The gap does not go with zero-shot accuracy, over the nine methods plotted.",
        (("gap", "zero_shot"),),
        NINE,
        Between(-0.3, 0.3, SMALL),
        note="It rests on the same nine rows. The linear probe rises with the gap over them, but nine points do not "
        "settle it, and by ranks it does not: see the table.",
        **FLAT,
    ),
    correlation_claim(
        "fig7_all_gap",
        "Fig. 7, all rows, gap",
        "Over all 26 rows zero-shot accuracy and linear probe both rise with the gap.",
        tuple(("gap", accuracy) for accuracy in BOTH),
        ALL,
        AtLeast(CRITICAL[26], critical(26)),
        **OURS,
    ),
    correlation_claim(
        "fig7_all_uniformity",
        "Fig. 7, all rows, uniformity",
        "Over all 26 rows both rise with uniformity.",
        tuple(("uniformity", accuracy) for accuracy in BOTH),
        ALL,
        AtLeast(CRITICAL[26], critical(26)),
        **OURS,
    ),
)
