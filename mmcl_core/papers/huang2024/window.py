"""How flat the softmax is along a run: the constant C_l of Lemmas C.2 and D.1."""

from __future__ import annotations

import torch

from mmcl_core.papers.huang2024.dynamics import State

FLAT = 1.01  # C_l in the proofs


class Window:
    """How far the softmax weights are from 1/(M+1), in all and while no coefficient exceeds 1, until when they stay
    within a factor C_l = 1.01 of it, and how large the coefficients are by then."""

    def __init__(self, runs: int, device: torch.device) -> None:
        self.deviation = torch.ones(runs, dtype=torch.float64, device=device)
        self.early_deviation, self.reach = self.deviation.clone(), torch.zeros_like(self.deviation)
        self.open = torch.ones(runs, dtype=torch.bool, device=device)
        self.end = torch.zeros(runs, dtype=torch.float64, device=device)

    def add(self, state: State) -> None:
        """The smallest C_l with all l'_i, l'_ij in [1/(C_l(M+1)), C_l/(M+1)]; M is each anchor's number of
        negatives."""
        weights = torch.cat([state.positive_weight[..., None], state.negative_weights], -1)
        present = weights > 0
        relative = weights * present.sum(-1, keepdim=True)
        factor = torch.where(present, torch.maximum(relative, 1 / relative), 1.0).amax((1, 2))
        self.deviation = torch.maximum(self.deviation, factor)
        encoders = [e for e in (state.first, state.second) if e is not None]
        coefficients = torch.stack([c.abs().flatten(1).amax(1) for e in encoders for c in (e.gamma, e.rho)]).amax(0)
        early = torch.where(coefficients <= 1, factor, 1.0)
        self.early_deviation = torch.maximum(self.early_deviation, early)
        self.open &= factor <= FLAT
        self.reach = torch.where(self.open, torch.maximum(self.reach, coefficients), self.reach)
        self.end = torch.where(self.open, float(state.step + 1), self.end)
