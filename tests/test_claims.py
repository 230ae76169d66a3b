"""Rules in both directions, at their edges and for NaN; verdicts in their order; declared against measured."""

import math

import numpy as np
import pytest

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent
from mmcl_core.evidence.claim import (
    AtLeast,
    AtMost,
    Between,
    Claim,
    Identity,
    IntervalContains,
    Positive,
    Row,
    Verdict,
    Within,
    evaluate,
)
from mmcl_core.lab.config import Tier
from mmcl_core.stats import Estimate, exact, mean

NAN = float("nan")


def point(value, low=None, high=None):
    return Estimate(value, value if low is None else low, value if high is None else high, 5, "test")


@pytest.mark.parametrize(
    ("rule", "holds", "fails"),
    [
        (Within(10, absolute=1), [9, 10, 11], [8.99, 11.01, NAN]),
        (Within(10, relative=0.1), [9, 11], [8.9, 11.1, NAN]),
        (Within(-10, relative=0.1), [-9, -11], [-8.9, -11.1]),
        (Between(1, 2), [1, 1.5, 2], [0.99, 2.01, NAN, math.inf]),
        (AtMost(1), [1, -5], [1.0001, NAN, math.inf]),
        (AtLeast(1), [1, 5], [0.9999, NAN, -math.inf]),
        (Identity(1e-9), [0, 1e-9], [1.1e-9, -1e-3, NAN]),
    ],
)
def test_point_rules(rule, holds, fails):
    assert all(rule.holds(point(v)) for v in holds)
    assert not any(rule.holds(point(v)) for v in fails)
    assert str(rule)


def test_interval_rules():
    assert Positive().holds(point(1, 0.1, 2))
    assert (
        not Positive().holds(point(1, -0.1, 2))
        and not Positive().holds(point(1, 0.0, 2))
        and not Positive().holds(point(1, NAN, NAN))
    )
    assert IntervalContains(1).holds(point(1.5, 1, 2)) and not IntervalContains(3).holds(point(1.5, 1, 2))
    # One observation has an infinite interval, which contains everything and shows nothing.
    assert not IntervalContains(1).holds(mean(np.array([1.0]))) and not Positive().holds(mean(np.array([1.0])))


def claim(**changes):
    fields = dict(
        id="toy.c",
        item="C",
        statement="s",
        paper_value="1",
        mark="S",
        experiments=("toy.line",),
        measures="m",
        estimate=lambda r: exact(r),
        rule=AtLeast(3),
        minimum_tier=Tier.book,
    )
    return Claim(**(fields | changes))


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (3, Verdict.reproduced),
        (2, Verdict.trend_only),
        (1, Verdict.not_reproduced),
        (0, Verdict.refuted),
        (NAN, Verdict.not_reproduced),
    ],
)
def test_verdicts_in_order(value, verdict):
    judged = claim(refutation=AtMost(0.5), trend=AtLeast(1.5))
    row = evaluate(judged, "book", lambda name: value)
    assert row.verdict == verdict
    assert row.surprising == (verdict != Verdict.reproduced)
    assert Row(claim(declared=verdict), Tier.book, exact(value), verdict).surprising is False


def test_a_tier_too_low_runs_nothing_and_surprises_nobody():
    def refuse(name):
        raise AssertionError("must not run")

    row = evaluate(claim(), "smoke", refuse)
    assert row.verdict == Verdict.not_evaluated and not row.surprising and "book" in row.reason
    assert row.record()["value"] is None


def test_records_have_the_fields_of_the_contract():
    record = evaluate(claim(), "book", lambda name: 4.0).record()
    assert {
        "id",
        "paper",
        "item",
        "statement",
        "paper_value",
        "value",
        "low",
        "high",
        "n",
        "rule",
        "tier",
        "declared",
        "verdict",
    } <= record.keys()
    assert (record["paper"], record["value"], record["verdict"]) == ("toy", 4.0, "reproduced")


def test_the_catalogue_is_consistent():
    for paper in catalog.papers():
        ids = [c.id for c in paper.claims]
        names = {e.name for e in paper.experiments}
        assert len(set(ids)) == len(ids)
        for c in paper.claims:
            assert c.paper == paper.key and set(c.experiments) <= names, c.id
            assert c.statement.count("$") % 2 == 0 and c.note.count("$") % 2 == 0, c.id
            if c.declared != Verdict.reproduced:
                assert c.note, f"{c.id} did not reproduce and says not why"
            if c.declared == Verdict.refuted:
                assert c.refutation is not None
        for f in paper.figures:
            assert set(f.experiments) <= names
        for d in paper.deviations:
            assert set(d.claims) <= set(ids), d.item
        listed = {name for d in paper.deviations for name in d.claims}
        missing = [
            c.id
            for c in paper.claims
            if c.declared in (Verdict.refuted, Verdict.not_reproduced)
            and c.id not in listed
            and "mean_reaches" not in c.id
        ]
        assert not missing, f"did not reproduce and are not in the deviations register: {missing}"


def test_absent_data_are_a_reason_not_a_failure():
    def absent(name):
        raise DataAbsent("The pictures are not here: fetch them")

    row = evaluate(claim(minimum_tier=Tier.smoke), Tier.smoke, absent)
    assert (
        row.verdict == Verdict.not_evaluated
        and not row.surprising
        and row.reason == "The pictures are not here: fetch them"
    )
    with pytest.raises(ZeroDivisionError):  # any other failure is a failure
        evaluate(claim(minimum_tier=Tier.smoke), Tier.smoke, lambda name: 1 / 0)
