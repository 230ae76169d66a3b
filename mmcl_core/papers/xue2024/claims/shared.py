"""Estimators and tolerances that the theory's claims share. Tolerances were fixed before the first run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Identity, Within, before, derived, standard
from mmcl_core.papers.xue2024.spread import Prediction
from mmcl_core.stats import Estimate

OOD, ID, CONFLICT = range(3)

EXACT = Identity(1e-10, basis=standard("double precision: 1e-10 times max(1, |value|)"))
NO_DIFFERENCE = Identity(0.0, basis=standard("sign patterns are listed, so counts must be equal"))
SPREAD = AtMost(
    1.0,
    basis=derived(
        r"4 standard deviations of a mean over the seeds, $4\omega/\sqrt{nS}$, and the bias of a ratio, $1/n$"
    ),
    ideal=0.0,
)
WHOLE_SPREAD = Within(
    0.0, absolute=1.0, basis=before(r"the margin is $4\omega/\sqrt n$, four standard deviations of one draw")
)


RANK = Condition("rank of the encoders", lambda r: r.config.rank, AtLeast(2, basis=PAPER))
WIDTH = Condition("$d/n$", lambda r: r.config.d / r.config.n, AtLeast(1.0, basis=standard(r"1 for $\Omega(n)$")))
NUMBER = Condition("$n$", lambda r: r.config.n, AtLeast(200, basis=standard(r"hundreds for $\omega(1)$")))
NOISE = Condition(
    r"$\sigma_\xi/\log n$", lambda r: r.config.sigma_xi / np.log(r.config.n), AtMost(1.0, basis=PAPER), matters=False
)


def three_errors_of_a_slope(sizes: Sequence[int], seeds: int) -> float:
    """3 (2S)^(-1/2)/sqrt(sum (x - mean)^2), x = log n: three standard errors of the slope of log RMS."""
    x = np.log(np.asarray(sizes, float))
    return 3 / np.sqrt(2 * seeds * ((x - x.mean()) ** 2).sum())


HALF = Within(
    -0.5,
    absolute=float(three_errors_of_a_slope((200, 400, 800, 1600, 3200, 6400, 12800), 40)),
    basis=before("three standard errors of the slope with 40 seeds; the run has 200, so that its interval can decide"),
)


def furthest(samples: np.ndarray, predictions: Sequence[Prediction]) -> Estimate:
    """The largest distance of a mean over seeds from its prediction, in tolerances; `samples` `[S, cell]`."""
    columns = np.asarray(samples).reshape(len(samples), -1).T
    return stats.worst(np.array([p.off(x) for x, p in zip(columns, predictions, strict=True)]))


def slope_of_rms(n: np.ndarray, error: np.ndarray) -> Estimate:
    """Slope of the root mean square over seeds in log n, with a jackknife over seeds: t interval of the
    pseudo-values."""

    def slope(rows: np.ndarray) -> float:
        return float(np.polyfit(np.log(n), np.log(np.sqrt((rows**2).mean(0))), 1)[0])

    k = len(error)
    return stats.mean(np.array([k * slope(error) - (k - 1) * slope(np.delete(error, i, 0)) for i in range(k)]))


def widest(*estimates: Estimate) -> Estimate:
    """Of several differences the one whose interval reaches furthest from zero: none differs when this one does not."""
    return max(estimates, key=lambda e: max(abs(e.low), abs(e.high)))


def nearest(values: np.ndarray, x: float) -> int:
    """Index of the value next to `x`."""
    return int(np.argmin(np.abs(np.asarray(values) - x)))
