"""Verdicts in the words of their author, what a claim must carry, and the ledger."""

import math

import numpy as np
import pytest

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent
from mmcl_core.evidence import ledger as books
from mmcl_core.evidence.claim import Claim, Condition, Match, Quantifier, claim, claims_of
from mmcl_core.evidence.ledger import Row, evaluate
from mmcl_core.evidence.rules import (
    PAPER,
    AtLeast,
    AtMost,
    Basis,
    Positive,
    Source,
    Within,
    after,
    before,
)
from mmcl_core.evidence.verdicts import OF_OURS, OF_PAPERS, Author, Missing, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.stats import Estimate, Interval, exact, mean

NAN = float("nan")


def spread(low, high, n=5, kind=Interval.t):
    return Estimate((low + high) / 2 if math.isfinite(low + high) else low, low, high, n, kind)


BASIS = before("chosen for the test")


def made(estimator=lambda r: exact(r), **changes):
    """A claim of a toy chapter."""
    fields = {
        "item": "C",
        "on": "line",
        "rule": AtLeast(3, BASIS),
        "quantifier": Quantifier.every,
        "paper": "3",
        "chapter": "toy",
        "name": "c",
        "statement": "s",
        "measured": "m",
    }
    return claim(**(fields | changes))(estimator)


def test_the_docstring_is_the_statement_and_the_name_the_id():
    @claim(item="C", on="line", rule=Positive(), quantifier=Quantifier.mean, chapter="toy", paper="near .15")
    def first_steps(r):
        r"""Within ten steps the gap $\Delta$
        grows.

        Measured: gap after
        ten steps.
        Note: A note.
        """
        return exact(r)

    assert (first_steps.id, first_steps.statement) == ("toy.first_steps", r"Within ten steps the gap $\Delta$ grows.")
    assert (first_steps.measured, first_steps.note) == ("gap after ten steps.", "A note.")
    assert first_steps.experiments == ("toy.line",) and first_steps.mark == "S"
    assert first_steps.source.startswith("tests/test_claims.py:") and "first_steps" in first_steps.source


WORDS = [(3, "reproduced", "holds"), (2, "trend only", "does not hold"), (1, "not reproduced", "does not hold")]


@pytest.mark.parametrize(("value", "of_paper", "ours"), [*WORDS, (0, "refuted as printed", "does not hold")])
def test_verdicts_in_order_and_in_the_words_of_their_author(value, of_paper, ours):
    paper = made(refutation=AtMost(0.5, BASIS), trend=AtLeast(1.5, BASIS), algebra="shown in the text")
    row = evaluate(paper, "book", lambda name: value)
    assert row.verdict == of_paper and row.surprising == (of_paper != "reproduced")
    assert evaluate(made(author=Author.ours), "book", lambda name: value).verdict == ours
    assert Row(made(declared=Verdict(of_paper)), Tier.book, exact(value), row.verdict).surprising is False


def test_nan_reproduces_nothing():
    assert evaluate(made(), "book", lambda name: NAN).verdict == Verdict.not_reproduced
    assert evaluate(made(author=Author.ours), "book", lambda name: NAN).verdict == Verdict.does_not_hold


def test_an_interval_on_both_sides_is_undecided_whatever_the_trend():
    judged = made(trend=AtLeast(1, BASIS))
    assert judged.judge(spread(2.5, 3.5)) == Verdict.undecided
    assert made(author=Author.correction).judge(spread(2.5, 3.5)) == Verdict.undecided


def test_a_refutation_needs_its_conditions_or_the_algebra():
    condition = Condition("$n$", lambda r: r, AtLeast(0.4))
    idle = Condition("$d$", 1.0, AtLeast(2), matters=False)
    judged = made(refutation=AtMost(0.5, BASIS), conditions=(condition, idle))
    met, unmet = (evaluate(judged, "book", lambda name, v=v: v) for v in (0.45, 0.3))
    assert met.conditions == ((0.45, True), (1.0, False)) and met.conditions_met
    assert (met.verdict, unmet.verdict) == (Verdict.refuted, Verdict.not_reproduced)
    shown = made(refutation=AtMost(0.5, BASIS), algebra="the factor is missing")
    assert evaluate(shown, "book", lambda name: 0.3).verdict == Verdict.refuted
    slip = made(refutation=AtMost(0.5, BASIS), algebra="the factor is missing", misprint=True)
    assert evaluate(slip, "book", lambda name: 0.3).verdict == Verdict.misprint


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rule": AtLeast(3)}, "its rule need a basis"),
        ({"trend": AtLeast(1)}, "its trend need a basis"),
        ({"refutation": AtMost(0, BASIS)}, "conditions, or the algebra"),
        ({"author": Author.ours, "trend": AtLeast(1, BASIS)}, "holds or does not"),
        ({"author": Author.ours, "declared": Verdict.reproduced}, "no verdict on a statement by ours"),
        ({"declared": Verdict.holds}, "no verdict on a statement by the paper"),
        ({"minimum_tier": Tier.paper, "declared": Verdict.reproduced}, "nobody has run"),
        ({"measured": ""}, "must be given"),
    ],
)
def test_a_claim_that_lacks_what_it_must_carry_is_no_claim(changes, says):
    with pytest.raises(ValueError, match=says):
        made(**changes)


def test_every_source_but_the_paper_needs_its_reason():
    assert str(PAPER) == "the paper" and str(after("seen first")) == "set after a run: seen first"
    for source in set(Source) - {Source.paper}:
        with pytest.raises(ValueError, match="needs its reason"):
            Basis(source, " ")


def test_what_is_not_evaluated_says_of_which_kind():
    def refuse(name):
        raise AssertionError("must not run")

    def absent(name):
        raise DataAbsent("The pictures are not here: fetch them")

    low = evaluate(made(), "smoke", refuse)
    assert (low.verdict, low.missing) == (Verdict.not_evaluated, Missing.tier) and "book" in low.reason
    never = evaluate(made(minimum_tier=Tier.paper), "book", refuse)
    assert never.claim.declared == Verdict.not_evaluated and never.missing == Missing.never
    data = evaluate(made(minimum_tier=Tier.smoke), Tier.smoke, absent)
    assert data.missing == Missing.data and data.reason == "The pictures are not here: fetch them"
    assert not (low.surprising or never.surprising or data.surprising)
    unrun = evaluate(made(conditions=(Condition("$n$", 5, AtLeast(1)),)), "smoke", refuse)
    assert not unrun.conditions_met and unrun.at_tolerance(2).verdict == Verdict.not_evaluated
    assert not evaluate(made(minimum_tier=Tier.paper), "paper", lambda name: 1.0).surprising  # its first run
    with pytest.raises(ZeroDivisionError):  # any other failure is a failure
        evaluate(made(minimum_tier=Tier.smoke), Tier.smoke, lambda name: 1 / 0)


def test_records_have_the_fields_of_the_contract():
    record = evaluate(made(conditions=(Condition("$n$", 5, AtLeast(1)),)), "book", lambda name: 4.0).record()
    fields = "id paper item author quantifier match statement paper_value mark value low high n interval prediction "
    fields += "rule basis conditions tier declared verdict missing estimator command"
    assert set(fields.split()) <= record.keys()
    assert (record["paper"], record["value"], record["verdict"]) == ("toy", 4.0, "reproduced")
    assert record["basis"] == {"rule": {"source": "set before any run", "reason": "chosen for the test"}}
    assert record["conditions"][0] | {"met": True, "value": 5.0} == record["conditions"][0]


def test_totals_never_add_the_papers_to_ours():
    rows = [evaluate(made(author=author), "book", lambda name: 4.0) for author in Author]
    fell = books.totals(rows)
    assert (dict(fell.of_papers), dict(fell.ours)) == ({"reproduced": 1}, {"holds": 2})
    assert "3" not in str(fell)


def test_holm_and_tolerances_are_counted():
    """Of three sampled rules of the paper, p = .001, .015 and .02, Holm at .025 keeps the first alone: .015 > .0125."""
    from scipy.stats import t

    def at_p(p):
        x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
        return x - x.mean() + t.isf(p, 4) * x.std(ddof=1) / math.sqrt(5)

    samples = {"a": at_p(0.001), "b": at_p(0.015), "c": at_p(0.02)}
    rows = [
        evaluate(made(lambda r: mean(r), rule=Positive(), name=k), "book", lambda _, k=k: samples[k]) for k in samples
    ]
    assert [r.verdict for r in rows] == [Verdict.reproduced] * 3
    assert books.changed_under_holm(rows) == ["toy.b", "toy.c"]
    ours = made(lambda r: mean(r), rule=Positive(), name="d", author=Author.ours)
    assert books.changed_under_holm([*rows, evaluate(ours, "book", lambda _: samples["c"])]) == ["toy.b", "toy.c"]

    near = evaluate(made(rule=Within(3, absolute=1, basis=after("seen"))), "book", lambda _: 3.8)
    far = evaluate(
        made(rule=Within(3, absolute=1, basis=BASIS), declared=Verdict.not_reproduced), "book", lambda _: 4.5
    )
    assert books.changed_at_tolerance([near, far], 0.5) == ["toy.c"]
    assert books.changed_at_tolerance([near, far], 2.0) == ["toy.c"]
    assert near.at_tolerance(0.5).verdict == Verdict.not_reproduced
    assert far.at_tolerance(2.0).verdict == Verdict.reproduced
    assert books.set_after_a_run([near, far]) == ["toy.c"]


def test_claims_are_collected_in_their_order_with_their_families():
    from types import ModuleType

    module = ModuleType("m")
    module.one, module.text, module.family = made(name="one"), "x", (made(name="two"), made(name="three"))
    assert [c.name for c in claims_of(module)] == ["one", "two", "three"]


CLAIMS = [c for paper in catalog.papers() for c in paper.claims]


def test_a_row_that_did_not_reproduce_says_why():
    good = (Verdict.reproduced, Verdict.holds, Verdict.not_evaluated)
    assert [c.id for c in CLAIMS if c.declared not in good and not c.note] == []


def test_the_catalogue_is_consistent():
    for paper in catalog.papers():
        ids = [c.id for c in paper.claims]
        names = {e.name for e in paper.experiments}
        assert len(set(ids)) == len(ids)
        for c in paper.claims:
            assert c.paper == paper.key and set(c.experiments) <= names, c.id
            assert c.statement.count("$") % 2 == 0 and c.note.count("$") % 2 == 0, c.id
        for f in paper.figures:
            assert set(f.experiments) <= names
        for d in paper.deviations:
            assert set(d.claims) <= set(ids), d.item
        listed = {name for d in paper.deviations for name in d.claims}
        poor = (Verdict.refuted, Verdict.misprint, Verdict.not_reproduced)
        missing = [c.id for c in paper.claims if c.declared in poor and c.id not in listed]
        assert not missing, f"did not reproduce and are not in the deviations register: {missing}"


@pytest.mark.parametrize("c", CLAIMS, ids=lambda c: c.id)
def test_every_claim_is_a_named_function_with_the_words_of_its_author(c: Claim):
    assert c.declared in (OF_PAPERS if c.author.of_paper else OF_OURS)
    assert "<lambda>" not in c.source, "a reader who doubts a verdict must land on a named function"
    assert isinstance(c.match, Match) and isinstance(c.quantifier, Quantifier)
    for rule in filter(None, (c.rule, c.refutation, c.trend)):
        assert rule.basis is not None or not rule.numbered
