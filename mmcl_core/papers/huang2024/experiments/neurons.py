"""Which neuron goes where: the paths of (<w, mu>, <w~, mu~>), and how fast each modality grows alone and together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.scaling import DescentSetting


class NeuronSetting(DescentSetting):
    """Every neuron's start and end, in the orthogonal limit and on Gaussian data."""

    smoke: ClassVar = {"n": 40, "m": 20, "noise_norm_squared": 800.0, "steps": 150, "seeds": 2}

    initial_scale: float = Field(1e-3, gt=0, description="sigma_0, as in Figure 1")
    steps: int = Field(250, ge=10, description="chosen: past the end of the multi-modal first stage")
    snapshots: int = Field(51, ge=5, description="chosen: points of the phase portrait")


@experiment(
    "huang2024.neurons",
    NeuronSetting,
    coordinates=("step", "growth_window"),
    seconds={"smoke": 2, "book": 8, "paper": 8},
)
def neurons(config: NeuronSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Paths of (a, a~) for every neuron, their ends on Gaussian data, and growth rates of each modality alone and
    together."""
    orthogonal = setting.to(config.problem(seeds, config.initial_scale), device)
    kept = np.unique(np.linspace(0, config.steps, config.snapshots).round().astype(int))
    arrays: Arrays = {"step": kept}
    for name, problem in (("orthogonal", orthogonal), ("gaussian", setting.to(_gaussian(config, seeds), device))):
        path = [
            (s.first.signal, s.second.signal)
            for s in dynamics.trajectory(problem, True, config.rate, config.steps)
            if s.step in kept
        ]
        arrays |= {
            f"{name}_first": torch.stack([a for a, _ in path], -1).cpu().numpy(),
            f"{name}_second": torch.stack([b for _, b in path], -1).cpu().numpy(),
        }
    strong = setting.to(config.problem(seeds, config.initial_scale, signal=config.ratio * config.signal), device)
    # Rates are read off early, where every activation is small; the step comes from the strongest growth, Cmu^2 kappa.
    early = np.array([2, 12])
    arrays["growth_window"] = early
    for name, problem, multimodal in (
        ("weak", orthogonal, False),
        ("strong", strong, False),
        ("both", orthogonal, True),
    ):
        sizes = []
        for s in dynamics.trajectory(problem, multimodal, config.rate, int(early[1])):
            # The growing eigenvector's coordinate: a itself for one modality, a + a~/Cmu for two.
            sizes.append(s.first.signal + s.second.signal / config.ratio if multimodal else s.first.signal)
        growth = (sizes[early[1]] / sizes[early[0]]).abs().log() / float(early[1] - early[0])
        arrays[f"growth_{name}"] = growth.cpu().numpy()
    return arrays


def _gaussian(config: NeuronSetting, seeds: Sequence[int]) -> setting.Problem:
    d = int(config.noise_norm_squared)
    return setting.gaussian(seeds, config.n, config.m, d, config.signal, config.ratio, config.initial_scale)
