"""The conditions of Assumption 4.1, and the constants hidden in its proofs, with their values in a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmcl_core.evidence.claim import Condition
from mmcl_core.evidence.rules import AtLeast, AtMost
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import theory


@dataclass(frozen=True)
class Facts:
    """What the assumption speaks of; d is infinite in the orthogonal limit, `initial_noise` is sigma_0 sigma_xi sqrt
    d."""

    n: int
    d: float
    n_snr_squared: float
    ratio: float
    initial_noise: float


def assumption(facts: Callable[[Result], Facts], multimodal: bool) -> tuple[Condition, ...]:
    """Assumption 4.1 for one of the theorems, up to the logarithms that its order symbols hide."""
    strength = (
        (
            Condition(r"$n\,\mathrm{SNR}^2$", lambda r: facts(r).n_snr_squared, AtLeast(1.7)),
            Condition(r"$C_\mu$", lambda r: facts(r).ratio, AtLeast(2.66)),
            Condition(r"$C_\mu n\,\mathrm{SNR}^2$", lambda r: facts(r).ratio * facts(r).n_snr_squared, AtLeast(4.42)),
        )
        if multimodal
        else (Condition(r"$n\,\mathrm{SNR}^2$", lambda r: facts(r).n_snr_squared, AtMost(1.8)),)
    )

    def largest_start(r: Result) -> float:
        f = facts(r)
        return f.initial_noise * max(1.0, float(np.sqrt(f.n_snr_squared / f.n)))

    return (
        *strength,
        Condition(r"$n$, for $M \ge 100\,C_l - 1$", lambda r: facts(r).n, AtLeast(204)),
        Condition(r"$d/n^2$", lambda r: facts(r).d / facts(r).n ** 2, AtLeast(1)),
        Condition(
            r"$d\,\sigma_0\sigma_\xi/n$", lambda r: facts(r).initial_noise * facts(r).d ** 0.5 / facts(r).n, AtLeast(1)
        ),
        Condition(r"$\sigma_0\max(\sigma_\xi\sqrt d, \|\mu\|)$", largest_start, AtMost(1)),
    )


def figure_facts(r: Result) -> Facts:
    """Of an experiment at the figure's setting, sigma_xi = 1."""
    c = r.config
    snr = float(theory.signal_to_noise(c.n, c.signal, c.d))
    return Facts(c.n, c.d, snr, c.ratio, c.initial_scale * c.d**0.5)


def sequence_facts(full: bool) -> Callable[[Result], Facts]:
    """Of the sequence of sizes, at its smallest, with either dimension."""

    def facts(r: Result) -> Facts:
        c, n = r.config, min(r.config.sizes)
        return Facts(n, c.dimension(n, full), c.n_snr_squared, c.ratio, c.initial_noise)

    return facts


def race_facts(r: Result) -> Facts:
    """Of the races in the orthogonal limit, at their smallest size."""
    c = r.config
    return Facts(min(c.sizes), np.inf, c.n_snr_squared, c.ratio, c.initial_noise)
