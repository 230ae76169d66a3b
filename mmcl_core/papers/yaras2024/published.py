"""Numbers printed in the paper or read off its figures: data [S], never results of ours.

Tables 2 to 5: CLIP with a ResNet-50 on MSCOCO, means of three runs. The paper gives no spread. Fig. 4: read off the
picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

Measure = Literal["uniformity", "gap", "zero_shot", "linear_probe", "image_retrieval", "text_retrieval"]


@dataclass(frozen=True)
class Row:
    """A row of Tables 2 to 5; `group` is the kind of method. Accuracies and top-1 retrieval in percent."""

    method: str
    group: Literal["baseline", "temperature", "swap", "none"]
    uniformity: float
    gap: float
    zero_shot: float
    linear_probe: float
    image_retrieval: float
    text_retrieval: float


TABLES = (
    Row("baseline", "baseline", -1.165, 0.294, 13.65, 65.55, 68.23, 78.36),
    Row("FLT .01", "temperature", -1.214, 0.669, 18.48, 69.44, 69.89, 80.68),
    Row("FLT .02", "temperature", -1.138, 0.334, 18.83, 68.41, 70.54, 81.30),
    Row("FLT .04", "temperature", -1.183, 0.122, 14.40, 61.98, 73.44, 82.66),
    Row("FLT .07", "temperature", -1.246, 0.033, 11.76, 49.61, 75.53, 82.88),
    Row("FLT .1", "temperature", -1.251, 0.019, 10.42, 48.29, 66.55, 73.58),
    Row("FLT .2", "temperature", -1.255, 0.008, 10.55, 50.14, 23.97, 26.94),
    Row("FLT .3", "temperature", -1.282, 0.007, 10.69, 42.09, 10.4, 12.8),
    Row("FLT .4", "temperature", -1.296, 0.009, 13.83, 37.97, 6.9, 8.7),
    Row("TS S0", "temperature", -1.120, 0.384, 18.40, 69.40, 72.55, 82.89),
    Row("TS S1", "temperature", -1.087, 0.198, 18.55, 69.26, 72.69, 83.05),
    Row("TS S2", "temperature", -1.092, 0.137, 16.80, 68.25, 73.98, 84.25),
    Row("TS S3", "temperature", -1.108, 0.088, 17.17, 67.50, 75.72, 85.31),
    Row("TS A0", "temperature", -1.151, 0.541, 19.50, 69.47, 72.51, 81.97),
    Row("TS A1", "temperature", -1.120, 0.261, 16.85, 67.46, 73.90, 83.65),
    Row("softplus", "temperature", -1.153, 0.284, 14.86, 66.46, 70.06, 80.1),
    Row("exp(nu/2)", "temperature", -1.154, 0.287, 18.25, 66.3, 70.32, 80.6),
    Row("exp(nu/10)", "temperature", -1.153, 0.285, 14.36, 66.5, 70.15, 80.3),
    Row("SLRT .1", "temperature", -1.152, 0.268, 15.13, 66.63, 70.32, 80.40),
    Row("HS 1", "swap", -1.317, 0.028, 14.36, 39.72, 47.17, 53.22),
    Row("HS .1", "swap", -1.127, 0.046, 17.39, 56.88, 67.1, 75.8),
    Row("HS .01", "swap", -1.181, 0.095, 15.7, 64.29, 69.36, 79.4),
    Row("HS .001", "swap", -1.156, 0.225, 13.91, 65.95, 69.716, 79.74),
    Row("SS .05", "swap", -1.152, 0.139, 14.33, 64.94, 68.912, 79.16),
    Row("HS rows", "swap", -1.155, 0.289, 14.71, 65.91, 69.93, 80.6),
    Row("no normalisation", "none", -1.005, 0.468, 16.82, 65.4, 58.62, 74.16),
)

FIGURE_5 = (
    "baseline",
    "FLT .04",
    "FLT .07",
    "TS S1",
    "TS S2",
    "TS S3",
    "softplus",
    "SLRT .1",
    "HS 1",
    "HS .01",
    "HS .001",
    "SS .05",
)
NINE_POINTS = (
    "baseline",
    "FLT .04",
    "FLT .07",
    "TS S1",
    "TS S2",
    "TS S3",
    "softplus",
    "SLRT .1",
    "HS .001",
)  # of Figs. 6 and 7

MMVP = {
    "baseline": 14.321,
    "FLT .04": 11.852,
    "FLT .07": 14.074,
    "FLT .1": 14.817,
    "TS S1": 14.074,
    "TS S2": 14.321,
    "TS S3": 13.087,
}  # Table 1

# Fig. 4a: (step, gap) read off; 2048 MSCOCO pairs, CLIP from scratch. Flat within a noise band of .1 to .25 after step
# 3000.
FIGURE_4A = np.array(
    [
        (100, 1.17),
        (128, 1.07),
        (172, 0.91),
        (246, 0.75),
        (382, 0.65),
        (674, 0.49),
        (1453, 0.33),
        (2142, 0.27),
        (2708, 0.21),
        (3443, 0.18),
        (4482, 0.16),
        (5996, 0.16),
        (8286, 0.19),
    ]
)

# Fig. 4b: counts over 100 initialisations of the gap's change in ten steps, in ten equal bins.
FIGURE_4B_EDGES = np.linspace(-0.005, 0.325, 11)
FIGURE_4B_COUNTS = np.array((4, 2, 4, 11, 19, 14, 15, 7, 12, 12))


def row(method: str) -> Row:
    """The row of that method."""
    return next(r for r in TABLES if r.method == method)


def column(measure: Measure, methods: tuple[str, ...] | None = None) -> np.ndarray:
    """One column of Tables 2 to 5 for the given methods, all by default."""
    return np.array([getattr(row(m), measure) for m in (methods or tuple(r.method for r in TABLES))])


def not_collapsed() -> tuple[str, ...]:
    """The methods that still retrieve: image retrieval above 50."""
    return tuple(r.method for r in TABLES if r.image_retrieval > 50)


def correlation(first: Measure, second: Measure, methods: tuple[str, ...] | None = None) -> tuple[float, float]:
    """Pearson's and Spearman's correlation of two printed columns over the given methods."""
    a, b = column(first, methods), column(second, methods)
    return float(stats.pearsonr(a, b).statistic), float(stats.spearmanr(a, b).statistic)
