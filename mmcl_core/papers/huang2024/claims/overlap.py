"""What the claims on overlapping samples share: fits over d, and the words for where they were run."""

from __future__ import annotations

from mmcl_core import stats
from mmcl_core.evidence.rules import after, before, standard
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

FIT = before("room for the spread of a fit over five seeds")

RATE = after(
    "the tolerance of .1 came before any run; the first of the dimensions, $d=n^2$, is left out of the fit since a "
    "first look showed it before the law"
)

NEARLY_FLAT = after("a tenth still counts as flat; 1.04 was in view")

QUARTER = after("a round number; .36 and more were in view")

MOST = standard("most of them: more than half")

LITERAL = (
    r"Gaussian data in $d = 10^{12} n^2$ dimensions, where the literal conditions on $d$ are met; the inner products "
    "are drawn from their exact law."
)


def drift_exponent(r: Result, method: str) -> Estimate:
    """Exponent of the largest drift in d, for noise and signal: the one that is further from -1/2."""
    use = r["over"] <= 1e6
    fits = [stats.power_law(r["over"][use], r[f"{method}_{patch}_drift"][:, use]) for patch in ("noise", "signal")]
    return max(fits, key=lambda e: abs(e.value + 0.5))


def violation_exponent(r: Result, name: str) -> Estimate:
    """Exponent in d of the share that breaks a lemma, from the second d on, without the last, at which nothing does."""
    return stats.power_law(r["over"][1:-1], 1 - r[name][:, 1:-1])
