"""Figure 1 with other noise in the second modality: stronger or weaker, and correlated with that of the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from pydantic import Field

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.huang2024 import setting
from mmcl_core.papers.huang2024.experiments.figure1 import FigureSetting, figure1


class NoisesSetting(FigureSetting):
    """The figure's setting; the paper has independent noises of one variance."""

    second_noise: float = Field(1.0, gt=0, le=1e6, description="section 3: sigma_xi~ = sigma_xi = 1")
    noise_correlation: float = Field(
        0.0, ge=-1, le=1, description="section 3: 0, the noises xi_i and xi~_i of a pair are independent"
    )

    def problem(self, seeds: Sequence[int]) -> setting.Problem:
        """The figure's problem with xi~_i = sigma (rho xi_i + sqrt(1 - rho^2) zeta_i), zeta_i the figure's own."""
        problem = super().problem(seeds)
        gram, initial = [], []
        for seed in seeds:
            drawn = setting.drawn_vectors(seed, self.n, self.d, self.signal, self.ratio, 1.0, self.augmentation)
            first, v = drawn["first"], drawn["second"]
            own = (1 - self.noise_correlation**2) ** 0.5
            v[1:] = self.second_noise * (self.noise_correlation * first[1:] + own * v[1:])
            gram.append(v @ v.T)
            initial.append(setting.initial_weights(seed, "second", self.m, self.d, self.initial_scale) @ v.T)
        return replace(problem, second=setting.Modality(torch.stack(initial), torch.stack(gram)))


@experiment(
    "huang2024.noises", NoisesSetting, coordinates=("epoch", "test_epoch"), seconds={"smoke": 2, "book": 8, "paper": 8}
)
def noises(config: NoisesSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Figure 1's run with noise of another size in the second modality, or correlated with the first one's."""
    return figure1.function(config, seeds, device)
