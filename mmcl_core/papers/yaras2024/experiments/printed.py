"""What follows from the paper's own printed numbers, and the theory curve for Fig. 4a."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import Field
from scipy import stats

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.yaras2024 import longtime, published
from mmcl_core.papers.yaras2024.schemes import Exponential


class PrintedSetting(Config):
    """Nothing to choose: the numbers are the paper's."""


PAIRS = (
    ("gap", "image_retrieval"),
    ("gap", "text_retrieval"),
    ("gap", "zero_shot"),
    ("gap", "linear_probe"),
    ("uniformity", "image_retrieval"),
    ("uniformity", "text_retrieval"),
    ("uniformity", "zero_shot"),
    ("uniformity", "linear_probe"),
)


@experiment("yaras2024.correlations", PrintedSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def correlations(config: PrintedSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Pearson's and Spearman's correlations of printed columns `[pair, set, kind]`: nine plotted points, all rows,
    rows not collapsed."""
    sets = (published.NINE_POINTS, None, published.not_collapsed())
    return {
        "correlation": np.array([[published.correlation(a, b, methods) for methods in sets] for a, b in PAIRS]),
        "count": np.array([len(methods or published.TABLES) for methods in sets]),
    }


class Figure4aSetting(Config):
    """The reduced flow from the gap and temperature with which the paper's Fig. 4a starts; one unit of time for one
    step."""

    n: int = Field(2048, ge=2, description="Fig. 4a: 2048 pairs")
    temperature: float = Field(0.07, gt=0, description="CLIP's start; not stated for Fig. 4a")
    start_gap: float = Field(1.17, gt=0, lt=2, description="Fig. 4a: first point, Delta at step 100")
    margins: tuple[float, ...] = Field(
        (1.0, 0.3), min_length=1, description="chosen: margin alpha of the matched pairs"
    )


@experiment("yaras2024.fig4a_theory", Figure4aSetting, deterministic=True, seconds={"smoke": 1, "book": 1, "paper": 1})
def fig4a_theory(config: Figure4aSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Fig. 4a: the digitised points with their straight line and local power, and the reduced flow on the same axes
    `[margin, T]`."""
    step, gap = published.FIGURE_4A.T
    axis = -1 / np.log10(step) ** 2
    line = stats.linregress(axis, gap)
    time = np.geomspace(100, 1e5, 200)
    curves = [
        longtime.closing(Exponential(), 1 / config.temperature, config.start_gap / 2, config.n, a, log_time=200)
        for a in config.margins
    ]
    return {
        "step": step,
        "axis": axis,
        "gap": gap,
        "slope": np.array(line.slope),
        "intercept": np.array(line.intercept),
        "r_squared": np.array(line.rvalue**2),
        "power_of_log_time": np.array(np.polyfit(np.log(np.log(step)), np.log(gap), 1)[0]),
        "time": time,
        "theory_axis": -1 / np.log10(time) ** 2,
        "theory_gap": np.stack([2 * np.exp(c.at(np.log(time))) for c in curves]),
        "theory_power": np.array([c.exponent(np.log(1e4)) for c in curves]),
    }
