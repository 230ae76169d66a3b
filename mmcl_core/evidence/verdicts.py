"""Verdicts: the words for the papers' statements and, apart from them, the words for ours."""

from __future__ import annotations

from enum import StrEnum


class Author(StrEnum):
    """Who makes a statement. The author decides the words of its verdict and the total in which it is counted."""

    paper = "the paper"
    correction = "our correction"
    ours = "ours"

    @property
    def of_paper(self) -> bool:
        return self is Author.paper


class Verdict(StrEnum):
    """What was found. The first seven are for a paper's statements; ours hold, do not hold, or are open."""

    reproduced = "reproduced"
    trend_only = "trend only"
    not_reproduced = "not reproduced"
    refuted = "refuted as printed"
    misprint = "misprint"
    holds = "holds"
    does_not_hold = "does not hold"
    undecided = "undecided"
    not_evaluated = "not evaluated"


OF_PAPERS = (
    Verdict.reproduced,
    Verdict.trend_only,
    Verdict.not_reproduced,
    Verdict.refuted,
    Verdict.misprint,
    Verdict.undecided,
    Verdict.not_evaluated,
)
OF_OURS = (Verdict.holds, Verdict.does_not_hold, Verdict.undecided, Verdict.not_evaluated)
GOOD = (Verdict.reproduced, Verdict.holds)


def words(author: Author) -> tuple[Verdict, ...]:
    """The verdicts that a statement of `author` can have."""
    return OF_PAPERS if author.of_paper else OF_OURS


class Missing(StrEnum):
    """Why a claim was not evaluated."""

    tier = "tier"
    data = "data"
    never = "never run"
