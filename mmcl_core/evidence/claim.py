"""Claims: one statement each, with all that a hostile reader would ask about how it is judged.

A claim is a decorated function. The function is the estimator (it receives stored results and returns an `Estimate`),
its name is the claim's name, and its docstring is the statement, followed by what is measured and, where a reader
needs more, a note:

    @claim(item="Fig. 4b, mean", paper="near .15", on="first_steps", rule=Positive(), quantifier=Quantifier.mean,
           match=Match.scaled)
    def first_steps_open_the_gap(r):
        r\"\"\"Within the first steps the gap grows.

        Measured: gap after ten steps minus gap at the start, mean over seeds.
        Note: ...
        \"\"\"
        return stats.mean(r["gap"][:, 10] - r["gap"][:, 0])
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import ModuleType

from mmcl_core.evidence.rules import Outcome, Rule
from mmcl_core.evidence.statement import Condition, Match, Quantifier
from mmcl_core.evidence.verdicts import Author, Verdict, words
from mmcl_core.lab.config import Tier
from mmcl_core.stats import Estimate


@dataclass(frozen=True)
class Claim:
    """One statement and how it is judged.

    id : "huang2024.thm4_3", the estimator's name behind its paper's key
    item : where it stands in the paper ("Theorem 4.3")
    statement, measured, note : in words, formulas in `$...$`, from the estimator's docstring
    paper_value, mark : the paper's number or bound as text, and how it is known: S read, M recalled, D derived by us
    rule : the statement itself, as a region of allowed values
    refutation : evidence that the printed statement is false, not merely unseen; needs its conditions met, or `algebra`
    trend : the weaker statement that is left when the first fails
    misprint : the defect changes no conclusion, so that it is called a misprint and not a refutation
    algebra : where the defect is algebraic, in which words and where it is shown
    """

    id: str
    item: str
    statement: str
    measured: str
    estimator: Callable[..., Estimate]
    experiments: tuple[str, ...]
    rule: Rule
    author: Author
    quantifier: Quantifier
    match: Match
    declared: Verdict
    paper_value: str = ""
    mark: str = "D"
    refutation: Rule | None = None
    trend: Rule | None = None
    conditions: tuple[Condition, ...] = ()
    misprint: bool = False
    algebra: str = ""
    minimum_tier: Tier = Tier.book
    note: str = ""

    @property
    def paper(self) -> str:
        return self.id.split(".", 1)[0]

    @property
    def name(self) -> str:
        return self.id.split(".", 1)[1]

    @property
    def source(self) -> str:
        """Where the estimator stands: `mmcl_core/papers/x/claims/y.py:function`."""
        return f"{self.estimator.__module__.replace('.', '/')}.py:{self.estimator.__qualname__}"

    def judge(self, estimate: Estimate, conditions_met: bool = True) -> Verdict:
        """The verdict that the rules give for the whole interval of `estimate`.

        `conditions_met`: whether all conditions of the statement that matter are met in the run; without them, and
        without an algebraic reason, a failure is "not reproduced", never a refutation.
        """
        outcome = self.rule.judge(estimate)
        if not self.author.of_paper:
            return {
                Outcome.holds: Verdict.holds,
                Outcome.fails: Verdict.does_not_hold,
                Outcome.undecided: Verdict.undecided,
            }[outcome]
        if outcome == Outcome.holds:
            return Verdict.reproduced
        if outcome == Outcome.undecided:
            return Verdict.undecided
        refuted = self.refutation is not None and self.refutation.judge(estimate) == Outcome.holds
        if refuted and (conditions_met or self.algebra):
            return Verdict.misprint if self.misprint else Verdict.refuted
        if self.trend is not None and self.trend.judge(estimate) == Outcome.holds:
            return Verdict.trend_only
        return Verdict.not_reproduced

    def at_tolerance(self, factor: float) -> Claim:
        """The same claim with the tolerances of its rules times `factor`."""
        scaled = {name: rule.scaled(factor) for name in ("rule", "trend") if (rule := getattr(self, name)) is not None}
        return replace(self, **scaled)


def _paragraphs(docstring: str) -> dict[str, str]:
    """The statement and the paragraphs behind "Measured:" and "Note:", each on one line."""
    found: dict[str, list[str]] = {"Statement": []}
    current = "Statement"
    for line in inspect.cleandoc(docstring).splitlines():
        head, colon, rest = line.partition(":")
        if colon and head in ("Measured", "Note"):
            current, line = head, rest
        found.setdefault(current, []).append(line.strip())
    return {name: " ".join(" ".join(lines).split()) for name, lines in found.items()}


def claim(
    *,
    item: str,
    on: str | Sequence[str],
    rule: Rule,
    quantifier: Quantifier,
    match: Match = Match.ours,
    author: Author = Author.paper,
    paper: str = "",
    mark: str = "",
    refutation: Rule | None = None,
    trend: Rule | None = None,
    conditions: Sequence[Condition] = (),
    misprint: bool = False,
    algebra: str = "",
    declared: Verdict | None = None,
    minimum_tier: Tier = Tier.book,
    name: str = "",
    statement: str = "",
    measured: str = "",
    note: str = "",
    chapter: str = "",
) -> Callable[[Callable[..., Estimate]], Claim]:
    """Declare the decorated estimator as a claim; see `Claim` for the fields.

    `on` names the experiments whose results the estimator receives, in order, without the paper's key. `name`,
    `statement`, `measured` and `note` stand in for the function's name and docstring where one named estimator serves a
    family of claims. `declared` is what we found when the claim was written; a build in which the measured verdict
    differs fails. It may be left out where that is "reproduced" or "holds", and where the claim needs tier `paper`,
    which nobody has run.

    Raises
    ------
    ValueError
        When a number in a rule lacks its basis, a refutation lacks conditions and algebra, a statement of ours has a
        trend or a refutation, the declared word is not one for its author, or the docstring lacks a part.
    """

    def declare(estimator: Callable[..., Estimate]) -> Claim:
        key = chapter or estimator.__module__.split(".")[2]
        text = _paragraphs(estimator.__doc__ or "")
        if declared is not None:
            found = declared
        elif minimum_tier == Tier.paper:
            found = Verdict.not_evaluated
        else:
            found = Verdict.reproduced if author.of_paper else Verdict.holds
        made = Claim(
            id=f"{key}.{name or estimator.__name__}",
            item=item,
            statement=statement or text["Statement"],
            measured=measured or text.get("Measured", ""),
            estimator=estimator,
            experiments=tuple(f"{key}.{e}" for e in ((on,) if isinstance(on, str) else on)),
            rule=rule,
            author=author,
            quantifier=quantifier,
            match=match,
            declared=found,
            paper_value=paper or {Author.correction: "derived here", Author.ours: "not in the paper"}.get(author, ""),
            mark=mark or ("S" if author.of_paper else "D"),
            refutation=refutation,
            trend=trend,
            conditions=tuple(conditions),
            misprint=misprint,
            algebra=algebra,
            minimum_tier=minimum_tier,
            note=note or text.get("Note", ""),
        )
        _hold_to_the_contract(made)
        return made

    return declare


def _hold_to_the_contract(made: Claim) -> None:
    for role in ("rule", "refutation", "trend"):
        rule = getattr(made, role)
        if rule is not None and rule.numbered and rule.basis is None:
            raise ValueError(f"{made.id}: the numbers of its {role} need a basis")
    if not made.author.of_paper and (made.trend or made.refutation or made.misprint):
        raise ValueError(f"{made.id}: a statement of ours holds or does not; state the weaker one by itself")
    if made.refutation is not None and not (made.conditions or made.algebra):
        raise ValueError(f"{made.id}: a refutation needs the statement's conditions, or the algebra of the defect")
    if made.declared not in words(made.author):
        raise ValueError(f"{made.id}: '{made.declared}' is no verdict on a statement by {made.author}")
    if made.minimum_tier == Tier.paper and made.declared != Verdict.not_evaluated:
        raise ValueError(f"{made.id}: what nobody has run declares nothing else than 'not evaluated'")
    if not (made.statement and made.measured and made.paper_value):
        raise ValueError(f"{made.id}: statement, 'Measured:' and the paper's value must be given")


def claims_of(*modules: ModuleType) -> tuple[Claim, ...]:
    """The claims that `modules` declare, in the order in which they stand there; families are tuples of claims."""
    found: list[Claim] = []
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Claim):
                found.append(value)
            elif isinstance(value, tuple) and value and isinstance(value[0], Claim):
                found.extend(value)
    return tuple(found)
