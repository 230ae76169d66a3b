"""What the points of the published Figures 3, 6 and 7 say (none of it needs training).

The points are the paper's, read off its drawings to .1; what its figures are drawn to show is judged under its name,
the rest is ours. "Equal ID" is read in two
ways: by a straight line through the other method's points, as the figures draw it, and where both methods have points.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier
from mmcl_core.evidence.claim import claim as declare
from mmcl_core.evidence.rules import Positive
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

Points = tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N"]]
CLASSES = {"coco": 80, "cc": 316}
TOWERS = ("RN50", "RN101", "RN50x4", "ViT-B-32")

claim = partial(
    declare,
    author=Author.ours,
    on="published",
    rule=Positive(),
    quantifier=Quantifier.every,
    match=Match.exact,
    minimum_tier=Tier.smoke,
)
theirs = partial(claim, author=Author.paper)


def points(r: Mapping[str, np.ndarray], data: str, series: str, figure: str = "") -> Points:
    """ID and OOD accuracy in per cent of a series, in the drawing's order; of those that `figure` shows."""
    shown = np.array([figure in f.split() or not figure for f in r["figures"].tolist()])
    rows = (r["data"] == data) & (r["series"] == series) & shown
    return r["id"][rows], r["ood"][rows]


def line(x: Float[np.ndarray, "N"], y: Float[np.ndarray, "N"]) -> tuple[float, float]:
    """Slope and intercept of the least-squares line, as the figures draw it: on raw percentages."""
    slope, intercept = np.polyfit(x, y, 1)
    return float(slope), float(intercept)


def logit(percent: Float[np.ndarray, "*N"]) -> Float[np.ndarray, "*N"]:
    """log p/(1-p) of a percentage."""
    return np.log(percent / (100 - np.asarray(percent)))


def between(of: Points, x: Float[np.ndarray, "M"]) -> Float[np.ndarray, "M"]:
    """OOD at ID `x`, linear between the two neighbouring points of `of`; NaN outside its range."""
    order = np.argsort(of[0])
    return np.interp(x, of[0][order], of[1][order], left=np.nan, right=np.nan)


def advantage(better: Points, worse: Points) -> float:
    """The smallest difference of OOD, `better` interpolated minus `worse`, over points of `worse` within its range."""
    return float(np.nanmin(between(better, worse[0]) - worse[1]))


@claim(item="Fig. 3a")
def fig3a_no_overlap(r: Result) -> Estimate:
    """CLIP and supervised learning share no accuracy in distribution: "at equal ID" is an extrapolation.

    Measured: smallest ID of supervised learning minus largest of CLIP in points, the smaller of MSCOCO and CC3M.
    """
    gaps = [points(r, d, "SL", "3a")[0].min() - points(r, d, "CLIP", "3a")[0].max() for d in CLASSES]
    return stats.worst(np.array(gaps), largest=False)


def supervised_line_at(r: Mapping[str, np.ndarray], data: str) -> tuple[float, float, float]:
    """At CLIP's median ID in Fig. 3a: the supervised line, half its 95 % interval, and CLIP's median OOD minus the
    line.

    The interval is that of a least-squares line with independent normal residuals.
    """
    (x, y), clip = points(r, data, "SL", "3a"), points(r, data, "CLIP", "3a")
    slope, intercept = line(x, y)
    at, n = np.median(clip[0]), len(x)
    scatter = np.sqrt(((y - intercept - slope * x) ** 2).sum() / (n - 2))
    half = student.ppf(0.975, n - 2) * scatter * np.sqrt(1 / n + (at - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum())
    value = float(intercept + slope * at)
    return value, float(half), float(np.median(clip[1]) - value)


@claim(item="Fig. 3a")
def fig3a_line_contains_chance(r: Result) -> Estimate:
    """At CLIP's median ID the extrapolated line does not tell supervised learning from blind guessing.

    Measured: half the line's 95 % interval minus its distance from one over the number of classes, in points, the
    smaller of MSCOCO and CC3M.
    """
    found = [(supervised_line_at(r, data), classes) for data, classes in CLASSES.items()]
    return stats.worst(np.array([half - abs(v - 100 / c) for (v, half, _), c in found]), largest=False)


@claim(item="Fig. 3a")
def fig3a_line_wider(r: Result) -> Estimate:
    """On CC3M the line's interval there is wider than the advantage that is read off it.

    Measured: width of the 95 % interval minus CLIP's median OOD accuracy above the line, in points, CC3M.
    Note: On MSCOCO it is not: there the advantage is beyond the interval, if the line stays straight so far.
    """
    _, half, advantage_read = supervised_line_at(r, "cc")
    return stats.exact(2 * half - advantage_read)


@theirs(item="Fig. 6", paper="SupCon 7.5 at 49.3; SimCLR 5.1 at 43.6")
def fig6_equal_id(r: Result) -> Estimate:
    """Where ranges overlap, CLIP has more OOD accuracy than SupCon and SimCLR at equal ID.

    Measured: CLIP between its neighbouring points minus the other method, at each of its points that lie in CLIP's
    range, the smallest.
    Note: Three points in all: the lowest of SupCon and the lowest two of SimCLR.
    """
    clip = points(r, "cc", "CLIP")
    return stats.worst(np.array([advantage(clip, points(r, "cc", s)) for s in ("SupCon", "SimCLR")]), largest=False)


@theirs(item="Fig. 3b", paper="14.6 at 47.9 (CC3M)")
def fig3b_equal_id(r: Result) -> Estimate:
    """And more than the same training with labels for captions.

    Measured: as before, label captions on both data sets, at each of their points in CLIP's range.
    Note: One point of label captions on MSCOCO, (49.7, 47.6), lies beyond CLIP's range and on its line.
    """
    found = [advantage(points(r, data, "CLIP"), points(r, data, "CLIP label")) for data in CLASSES]
    return stats.worst(np.array(found), largest=False)


@claim(item="Fig. 3c")
def fig3c_both_rise(r: Result) -> Estimate:
    """Taking same-class pairs away from the negatives raises accuracy in distribution and out of it, in all 8 cases.

    Measured: smallest difference without minus with, over ID and OOD, data sets and data shares.
    """
    pairs = [(points(r, d, "scratch without", "3c"), points(r, d, "scratch with", "3c")) for d in CLASSES]
    return stats.worst(np.array([[a[k] - b[k] for k in range(2)] for a, b in pairs]), largest=False)


@theirs(item="Fig. 3c", paper="the line with same-class negatives lies higher")
def fig3c_equal_id(r: Result) -> Estimate:
    """At equal ID there is more OOD accuracy with same-class negatives.

    Measured: OOD with same-class negatives, at its points within the range of the other, minus OOD without.
    """
    found = []
    for data in CLASSES:
        with_, without = (points(r, data, f"scratch {w}", "3c") for w in ("with", "without"))
        found.append(np.nanmin(with_[1] - between(without, with_[0])))
    return stats.worst(np.array(found), largest=False)


@claim(item="Fig. 7")
def fig7_absolute(r: Result) -> Estimate:
    """On CC3M supervised learning is more accurate out of distribution than CLIP, with each of four image towers.

    Measured: best OOD accuracy of supervised learning minus CLIP's best, the smallest of the four towers.
    """
    best = [points(r, "cc", f"SL {t}", "7")[1].max() - points(r, "cc", f"CLIP {t}", "7")[1].max() for t in TOWERS]
    return stats.worst(np.array(best), largest=False)


@theirs(item="Fig. 3a", paper="50.5 against 42.1")
def fig3a_coco_absolute(r: Result) -> Estimate:
    """On MSCOCO CLIP's best OOD accuracy is the better one.

    Measured: best OOD accuracy of CLIP minus the best of supervised learning, MSCOCO.
    """
    return stats.exact(points(r, "coco", "CLIP")[1].max() - points(r, "coco", "SL")[1].max())


@claim(item="Figs. 2 and 5")
def fig25_groups(r: Result) -> Estimate:
    r"""What captions say of the background costs accuracy where it disagrees: conflict accuracy falls with $\pi_{spu}$.

    Measured: differences of published conflict accuracy from $\pi_{spu}=0$ to .5 to 1 at $\pi_{core}=1$, the smaller
    fall.
    """
    falls = -np.diff([groups(r, f"1 {share}")[1] for share in ("0", "0.5", "1")])
    return stats.worst(falls, largest=False)


def groups(r: Mapping[str, np.ndarray], series: str) -> tuple[float, float]:
    """Agree and conflict accuracy in per cent that follow from a published ID and OOD: ID = .995 a + .005 c, OOD =
    (a+c)/2."""
    x, y = points(r, "digits", series)
    agree = float((x[0] - 0.01 * y[0]) / 0.99)
    return agree, float(2 * y[0] - agree)
