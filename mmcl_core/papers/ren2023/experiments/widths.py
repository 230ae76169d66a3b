"""Exact gradients at growing width: the closure as a limit (D2b), and the number of negatives as a clock (D4b), as
laws in m."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from scipy.interpolate import CubicSpline

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023 import dynamics
from mmcl_core.papers.ren2023.experiments.base import Base
from mmcl_core.papers.ren2023.experiments.negatives import AtLeastOne
from mmcl_core.papers.ren2023.setting import Encoders, Views, cube, initial_encoders, reduce_width

GRID = np.linspace(0.1, 0.95, 120)  # alignments at which orbits are compared


class WidthLawSetting(Base):
    """Sources few enough to enumerate, so that nothing but the width stands between the model and the closure."""

    book: ClassVar = {"widths": (6, 12, 25, 50, 100, 200, 400, 800), "seeds": 16}
    smoke: ClassVar = {"widths": (6, 25, 100, 400), "seeds": 4}

    seeds: int = Field(32, ge=1, description="chosen")
    d: int = Field(6, ge=2, le=8, description="chosen (5.3)")
    signal: tuple[float, ...] = Field((1.0, 0.5, 0.25), min_length=1, description="chosen (5.3)")
    noise: float = Field(0.3, gt=0, description="chosen (5.3)")
    widths: tuple[Annotated[int, Field(ge=1, le=10**6)], ...] = Field(
        (6, 12, 25, 50, 100, 200, 400, 800, 1600, 3200),
        min_length=4,
        description="chosen: at least four for an exponent",
    )
    inverse_temperature: float = Field(3.0, gt=0, description="chosen (5.3): tau^2")
    negatives: tuple[AtLeastOne, AtLeastOne] = Field(
        (1.0, 31.0), description="chosen (5.3): the two K that are compared; the closure is compared at the second"
    )
    step: float = Field(0.1, gt=0, description="chosen: step of the fourth-order scheme in rescaled time")

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.negatives[0] == self.negatives[1]:
            raise ValueError(f"negatives = {list(self.negatives)} compares K with itself: give two different numbers")
        return self


def rescaled(law: dynamics.Law, rank: int) -> dynamics.Law:
    """The same loss on a clock on which the mean of q_p is 1. A positive factor in front of a flow changes no orbit."""

    def same_orbits(form: torch.Tensor) -> dynamics.Moments:
        q, _ = law(form)
        return q / q.diagonal(0, -2, -1)[:, :rank].mean(1)[:, None, None], 1.0

    return same_orbits


def runge_kutta(e: Encoders, v: Views, law: dynamics.Law, h: float) -> Encoders:
    """One classical fourth-order step of the flow."""

    def moved(by: float, k: Encoders) -> Encoders:
        return Encoders(e.a + by * k.a, e.b + by * k.b)

    k1 = dynamics.velocity(e, v, law)
    k2 = dynamics.velocity(moved(h / 2, k1), v, law)
    k3 = dynamics.velocity(moved(h / 2, k2), v, law)
    k4 = dynamics.velocity(moved(h, k3), v, law)
    return Encoders(
        *(getattr(e, s) + h / 6 * sum(w * getattr(k, s) for w, k in ((1, k1), (2, k2), (2, k3), (1, k4))) for s in "ab")
    )


def orbit(e: Encoders, v: Views, law: dynamics.Law, h: float, longest: int = 2000) -> np.ndarray:
    """log kappa at the alignments of `GRID`, `[S, G]`: the flow runs until every seed's alignment is past the last."""
    seen = []
    for _ in range(longest):
        o = dynamics.observe(e, v)
        seen.append((o.alignment.numpy(), o.condition_number.log().numpy()))
        if o.alignment.min() > GRID[-1] + 0.01:
            break
        e = runge_kutta(e, v, law, h)
    alignment, kappa = (np.stack(x, 1) for x in zip(*seen, strict=True))
    return np.stack([_at_alignments(x, y) for x, y in zip(alignment, kappa, strict=True)])


def _at_alignments(alignment: np.ndarray, log_kappa: np.ndarray) -> np.ndarray:
    """A spline through the rising part of the alignment; NaN where the run never gets there."""
    rising = np.maximum.accumulate(alignment)
    kept = np.concatenate([[True], np.diff(rising) > 0])
    if kept.sum() < 4 or rising[-1] < GRID[-1]:
        return np.full(len(GRID), np.nan)
    return CubicSpline(rising[kept], log_kappa[kept])(GRID)


@experiment(
    "ren2023.width_law",
    WidthLawSetting,
    coordinates=("width", "alignment"),
    seconds={"smoke": 4, "book": 25, "paper": 80},
)
def width_law(config: WidthLawSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Along orbits: largest |log kappa| between two numbers of negatives, and from the closure `[S, width]`."""
    c = config
    v = c.views()
    points, positive = cube(v)
    laws = {
        k: rescaled(dynamics.population_contrastive(points, positive, c.inverse_temperature, k), v.rank)
        for k in c.negatives
    }
    none = dynamics.population_noncontrastive(points, positive)
    flows = {}
    for name, inverse_temperature in (("contrastive", c.inverse_temperature), ("noncontrastive", None)):
        p = c.closure(inverse_temperature, c.negatives[1]).run(np.geomspace(1e-3, 3e3, 3000))
        before = p.alignment < 0.9999
        flows[name] = CubicSpline(p.alignment[before], np.log(p.condition_number[before]))(GRID)
    clock, contrastive, noncontrastive = [], [], []
    for width in c.widths:
        e = reduce_width(initial_encoders(v, width, seeds))
        few, many = (orbit(e, v, laws[k], c.step) for k in c.negatives)
        clock.append(np.abs(few - many).max(1))
        contrastive.append(np.abs(many - flows["contrastive"]).max(1))
        noncontrastive.append(np.abs(orbit(e, v, none, c.step) - flows["noncontrastive"]).max(1))
    return {
        "width": np.array(c.widths),
        "alignment": GRID,
        "clock": np.stack(clock, 1),
        "contrastive": np.stack(contrastive, 1),
        "noncontrastive": np.stack(noncontrastive, 1),
    }
