"""When the loss arrives at a level, against the step size (Lemmas C.18 and D.15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.figure1 import METHODS
from mmcl_core.papers.huang2024.experiments.scaling import OrthogonalSetting


class ArrivalSetting(OrthogonalSetting):
    """The same problem at several rates."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "seeds": 2}

    rates: tuple[PositiveFloat, ...] = Field((0.05, 0.1, 0.2, 0.4), min_length=4, description="chosen: eta")
    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    level: float = Field(0.03, gt=0, description="chosen: epsilon")
    limit: int = Field(4000, ge=10, description="chosen: more steps than any run needs")


@experiment("huang2024.arrival", ArrivalSetting, coordinates=("rate",), seconds={"smoke": 1, "book": 6, "paper": 6})
def arrival(config: ArrivalSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """T*(epsilon) in steps, `[S, eta]`, for both methods; NaN where the limit came first."""
    problem = setting.to(config.problem(seeds, config.initial_scale), device)
    columns: dict[str, list[np.ndarray]] = {f"{method}_steps": [] for method in METHODS}
    for rate in config.rates:
        for method, multimodal in METHODS.items():
            arrived = torch.full((len(seeds),), torch.nan, dtype=torch.float64, device=device)
            for state in dynamics.trajectory(problem, multimodal, rate, config.limit, stop_below=config.level):
                now = arrived.isnan() & (state.loss < config.level)
                arrived = torch.where(now, float(state.step), arrived)
            columns[f"{method}_steps"].append(arrived.cpu().numpy())
    return {name: np.stack(values, 1) for name, values in columns.items()} | {"rate": np.array(config.rates)}
