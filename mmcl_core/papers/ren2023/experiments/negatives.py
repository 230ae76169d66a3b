"""The number of negatives K as a field: a number, or nothing for infinitely many."""

from __future__ import annotations

import math


def count(negatives: float | None) -> float:
    """K as the closure takes it; None, which a configuration can hold, is its limit of infinitely many."""
    return math.inf if negatives is None else negatives
