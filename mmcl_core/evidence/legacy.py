"""Until the last chapter has moved: rows of the old positional form as claims of the new one. To be deleted."""

from enum import StrEnum

from mmcl_core.evidence.claim import Claim as New
from mmcl_core.evidence.claim import Match, Quantifier
from mmcl_core.evidence.rules import AtLeast, AtMost, Between, Identity, Positive, Rule, Within  # noqa: F401
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier


class Kind(StrEnum):
    paper = "paper"
    correction = "correction"
    beyond = "beyond the paper"


def IntervalContains(target):
    return Within(target, absolute=0.05)


def Claim(
    id,
    item,
    statement,
    paper_value,
    mark,
    experiments,
    measures,
    estimate,
    rule,
    refutation=None,
    trend=None,
    declared=Verdict.reproduced,
    kind=Kind.paper,
    minimum_tier=Tier.book,
    note="",
):
    author = {Kind.paper: Author.paper, Kind.correction: Author.correction, Kind.beyond: Author.ours}[kind]
    if not author.of_paper:
        refutation = trend = None
        declared = Verdict.holds if declared == Verdict.reproduced else Verdict.does_not_hold
    if minimum_tier == Tier.paper:
        declared = Verdict.not_evaluated
    return New(
        id,
        item,
        statement,
        measures,
        estimate,
        experiments,
        rule,
        author,
        Quantifier.mean,
        Match.ours,
        declared,
        paper_value,
        mark,
        refutation,
        trend,
        minimum_tier=minimum_tier,
        note=note,
        algebra="legacy",
    )
