"""The mitigation table as claims and figures read it: columns by method, gathered from several experiments, beside the
paper's rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from jaxtyping import Float
from scipy import stats

from mmcl_core.papers.yaras2024 import published

FIXED, MOVING, OTHERS = SCENES = ("scenes_fixed", "scenes_moving", "scenes_others")  # the experiments of each table
ICONS = ("icons_fixed", "icons_others")
PRINTED = {r.method for r in published.TABLES}  # SS 1 is ours: the paper prints p = .05 alone
Column = dict[str, Float[np.ndarray, "S"]]


def stored(*names: str) -> list[str]:
    """The full names of these experiments of the chapter, as figures list them."""
    return [f"yaras2024.{name}" for name in names]


def column(measure: str, *results: Mapping[str, np.ndarray]) -> Column:
    """`{method: values over seeds}` of one measure, over all methods that were trained."""
    return {str(method): r[measure][:, k] for r in results for k, method in enumerate(r["methods"])}


def rank_correlation(measure: str, ours: Column, methods: Collection[str] | None = None) -> Float[np.ndarray, "S"]:
    """Spearman's correlation of each seed's column with the paper's, over `methods` (default: all that are in both)."""
    names = [m for m in ours if m in PRINTED and (methods is None or m in methods)]
    theirs = published.column(measure, tuple(names))
    return np.array([stats.spearmanr(row, theirs).statistic for row in np.stack([ours[m] for m in names], 1)])


def fixed_temperatures(ours: Iterable[str]) -> list[str]:
    """The methods among them whose temperature is fixed, coldest first."""
    return sorted((m for m in ours if m.startswith("FLT")), key=lambda m: float(m.split()[1]))


def printed_direction(method: str) -> int:
    """+1 where the paper's gap is larger than its baseline's, -1 where it is smaller."""
    return int(np.sign(published.row(method).gap - published.row("baseline").gap))
