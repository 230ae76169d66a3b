"""Estimators that the claims on real pairs share."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mmcl_core import stats
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate


def end(r: Result, name: str) -> Float[np.ndarray, "S"]:
    """The last value of each seed."""
    return r[name][:, -1]


def growth(r: Result, name: str, share: float = 0.0) -> Float[np.ndarray, "S"]:
    """log of the last value over the one at `share` of the steps (0: the first)."""
    steps = r[f"{name.rsplit('_', 1)[0]}_steps"]
    from_ = [np.interp(share * steps[-1], steps, np.log(row)) for row in r[name]]
    return np.log(end(r, name)) - np.array(from_)


def rise(kappa: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "S"]:
    """log of a run's value at the step where the *other* seeds peak on average, over its first value.

    A run's own largest value is never below its first; at a step that the others choose it can be.
    """
    logs = np.log(kappa)
    if len(logs) == 1:
        return logs[:, 0] * np.nan
    peaks = [np.delete(logs, i, 0).mean(0).argmax() for i in range(len(logs))]
    return logs[np.arange(len(logs)), peaks] - logs[:, 0]


def geometric(logs: Float[np.ndarray, "S"]) -> Estimate:
    """The geometric mean of ratios whose logarithms are given, with the t interval of the logarithms."""
    e = stats.mean(logs)
    value, low, high = (float(np.exp(x)) for x in (e.value, e.low, e.high))
    return Estimate(value, low, high, e.n, e.kind, tuple(np.exp(e.samples).tolist()))
