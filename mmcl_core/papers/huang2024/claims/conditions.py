"""The conditions of Assumption 4.1, part by part, and the constants hidden in its proofs, with their values in a run.

Where a claim looks at several sizes or dimensions, a condition's value is that at the least favourable of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmcl_core.evidence.claim import Condition
from mmcl_core.evidence.rules import AtLeast, AtMost, Rule
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import bounds, theory

DELTA = 0.1


@dataclass(frozen=True)
class Facts:
    """What the assumption speaks of, at one point of a run; all lengths in units of sigma_xi.

    d is infinite in the orthogonal limit, `initial_noise` is sigma_0 sigma_xi sqrt d, `noise_rate` is
    eta k sigma_xi^2 d/n, `augmentation` is sigma_eps/sigma_xi.
    """

    n: int
    m: int
    d: float
    n_snr_squared: float
    ratio: float
    initial_noise: float
    noise_rate: float
    augmentation: float = 0.1

    @property
    def initial_signal(self) -> float:
        """sigma_0 ||mu||."""
        return self.initial_noise * (self.n_snr_squared / self.n) ** 0.5

    @property
    def signal(self) -> float:
        """||mu||/sigma_xi."""
        return (self.n_snr_squared * self.d / self.n) ** 0.5

    @property
    def enough_neurons(self) -> float:
        """m over what Lemma C.12 asks for."""
        return self.m / bounds.enough_neurons(self.n, DELTA)


Points = Callable[[Result], Sequence[Facts]]


def at_worst(points: Points, formula: str, value: Callable[[Facts], float], needs: Rule) -> Condition:
    """A condition with its value at that point of the run at which it is the hardest to meet."""
    hardest = max if isinstance(needs, AtMost) else min
    return Condition(formula, lambda r: round(hardest(float(value(f)) for f in points(r)), 6), needs)


def assumption(points: Points, multimodal: bool) -> tuple[Condition, ...]:
    """Assumption 4.1 for one of the theorems, up to the logarithms that its order symbols hide."""

    def listed(formula: str, value: Callable[[Facts], float], needs: Rule) -> Condition:
        return at_worst(points, formula, value, needs)

    strength = (
        (
            listed(r"(6) $n\,\mathrm{SNR}^2$", lambda f: f.n_snr_squared, AtLeast(1.7)),
            listed(r"(7) $C_\mu$", lambda f: f.ratio, AtLeast(2.66)),
            listed(r"(6), (7) $C_\mu n\,\mathrm{SNR}^2$", lambda f: f.ratio * f.n_snr_squared, AtLeast(4.42)),
        )
        if multimodal
        else (listed(r"(6) $n\,\mathrm{SNR}^2$", lambda f: f.n_snr_squared, AtMost(1.8)),)
    )
    return (
        listed("(1) $d/n^2$", lambda f: f.d / f.n**2, AtLeast(1)),
        listed(r"(1) $d\,\sigma_0\sigma_\xi/n$", lambda f: f.initial_noise * f.d**0.5 / f.n, AtLeast(1)),
        listed(r"(1) $d\,(\sigma_0\|\mu\|)^2$", lambda f: f.d * f.initial_signal**2, AtLeast(1)),
        listed(
            r"(2) $\eta k\max(\|\mu\|^2, \sigma_\xi^2 d/n)$, $k = 1/(m\tau)$",
            lambda f: f.noise_rate * max(1.0, f.n_snr_squared),
            AtMost(1),
        ),
        listed(
            r"(3) $\sigma_0\max(\sigma_\xi\sqrt d, \|\mu\|)$",
            lambda f: max(f.initial_noise, f.initial_signal),
            AtMost(1),
        ),
        listed(r"(4) $m/(25.2\log(n/\delta))$, with which Lemma C.12 holds", lambda f: f.enough_neurons, AtLeast(1)),
        listed(r"(4) $n$, for $M \ge 100\,C_l - 1$", lambda f: f.n, AtLeast(204)),
        listed(
            r"(5) $\sigma_\epsilon/\min(\|\mu\|, \sigma_\xi)$",
            lambda f: f.augmentation / min(f.signal, 1.0),
            AtMost(1),
        ),
        *strength,
    )


def new_signal(overlap: Callable[[Result], float]) -> Condition:
    """The condition of Theorems 4.2 and 4.3 on the shifted samples; `overlap` is <nu, mu> sqrt d/||mu||^2."""
    return Condition(r"$\langle\nu,\mu\rangle\sqrt d/\|\mu\|^2$, the new signal's", overlap, AtMost(1 + 1e-9))


def waive(conditions: Sequence[Condition], **reasons: str) -> tuple[Condition, ...]:
    """The same conditions, of which those of a part ("m" for "(4) $m", "d" for "(1)", "n" for "(4) $n") do not matter,
    for a reason that stands in the list."""
    marks = {"d": "(1)", "m": "(4) $m", "n": "(4) $n", "size": "$n$ against", "alpha": r"$\alpha"}
    found = []
    for c in conditions:
        why = next((why for part, why in reasons.items() if c.formula.startswith(marks[part])), "")
        found.append(replace(c, formula=f"{c.formula}; {why}", matters=False) if why else c)
    return tuple(found)


def figure_facts(r: Result) -> tuple[Facts, ...]:
    """Of an experiment at the figure's setting, sigma_xi = 1."""
    c = r.config
    snr = float(theory.signal_to_noise(c.n, c.signal, c.d))
    rate = c.rate * c.scale * c.d / c.n
    return (Facts(c.n, c.m, c.d, snr, c.ratio, c.initial_scale * c.d**0.5, rate, c.augmentation),)


def figure_shift(r: Result) -> float:
    """<nu, mu> sqrt d/||mu||^2 at the figure's nu, which lies along mu."""
    return r.config.downstream * r.config.d**0.5 / r.config.signal


def sequence_facts(prefix: str) -> Points:
    """Of the sequence of sizes: "full" has the dimension and the neurons that are asked for, "few" the dimension,
    "square" neither."""

    def points(r: Result) -> tuple[Facts, ...]:
        c, full = r.config, prefix != "square"
        m = c.enough if prefix == "full" else c.few
        return tuple(
            Facts(n, m, c.dimension(n, full), c.n_snr_squared, c.ratio, c.initial_noise, c.noise_rate, c.augmentation)
            for n in c.sizes
        )

    return points


def sequence_shift(full: bool) -> Callable[[Result], float]:
    """<nu, mu> sqrt d/||mu||^2 at ||nu|| = 2 sigma_xi along mu, the largest over the sizes."""

    def overlap(r: Result) -> float:
        c = r.config
        return max(c.strength * d**0.5 / c.signal(n, d) for n, d in ((n, c.dimension(n, full)) for n in c.sizes))

    return overlap


def race_facts(r: Result) -> tuple[Facts, ...]:
    """Of the races in the orthogonal limit; eta k sigma_xi^2 d/n is the growth rate r of the lemmas."""
    c = r.config
    return tuple(Facts(n, c.neurons(n), np.inf, c.n_snr_squared, c.ratio, c.initial_noise, c.growth) for n in c.sizes)


def times_facts(r: Result) -> tuple[Facts, ...]:
    """Of the runs over the dimension and over the number of neurons."""
    c = r.config
    cells = [(c.neurons[0], norm) for norm in c.dimensions] + [(m, c.dimensions[2]) for m in c.neurons]
    return tuple(
        Facts(c.n, m, np.inf, c.n_snr_squared, c.ratio, c.initial_scale * norm**0.5, c.rate * norm / (c.n * m))
        for m, norm in cells
    )
