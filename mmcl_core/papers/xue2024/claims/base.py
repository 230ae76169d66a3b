"""How the synthetic half writes its claims. Statements carry names, not theorem numbers: the paper's full text was not available to us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.legacy import Claim, Kind, Rule
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

NO_NUMBER = "not available to us"


def claim(
    name: str, item: str, statement: str, experiment: str, measures: str, estimate: Callable, rule: Rule, **more: Any
) -> Claim:
    """A statement of the paper as best known; `paper_value` and `mark` say how well."""
    facts = {"paper_value": NO_NUMBER, "mark": "M"} | more
    return Claim(
        id=f"xue2024.{name}",
        item=item,
        statement=statement,
        experiments=(f"xue2024.{experiment}",),
        measures=measures,
        estimate=estimate,
        rule=rule,
        **facts,
    )


def beyond(
    name: str, item: str, statement: str, experiment: str, measures: str, estimate: Callable, rule: Rule, **more: Any
) -> Claim:
    """A statement of ours."""
    return claim(
        name,
        item,
        statement,
        experiment,
        measures,
        estimate,
        rule,
        **({"paper_value": "not in the paper", "mark": "D", "kind": Kind.beyond} | more),
    )


def largest(name: str) -> Callable[[Result], Estimate]:
    """The largest absolute value of an array."""
    return lambda r: stats.exact(np.abs(r[name]).max(), r[name].size)


def distance(name: str, theory: str) -> Callable[[Result], Estimate]:
    """Largest distance of the mean over seeds from a theory line."""
    return lambda r: stats.exact(np.abs(r[name].mean(0) - r[theory]).max(), r[name].size)
