"""The number of negatives K and the inverse temperature tau^2 as fields: numbers, or ranges that seeds draw from."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, PositiveFloat

AtLeastOne = Annotated[float, Field(ge=1)]
Case = tuple[PositiveFloat, AtLeastOne | None]  # (tau^2, K), K null for infinitely many


def count(negatives: float | None) -> float:
    """K as the closure takes it; None, which a configuration can hold, is its limit of infinitely many."""
    return math.inf if negatives is None else negatives


def _ascending(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError(f"a range runs from its lowest to its highest: write [{ends[1]:g}, {ends[0]:g}]")
    return ends


Temperatures = Annotated[tuple[PositiveFloat, PositiveFloat], AfterValidator(_ascending)]  # of tau^2
Counts = Annotated[tuple[AtLeastOne, AtLeastOne], AfterValidator(_ascending)]  # of K


def log_uniform(stream: np.random.Generator, ends: tuple[float, float]) -> float:
    """A number between both `ends` whose logarithm is uniform."""
    return float(np.exp(stream.uniform(*np.log(ends))))
