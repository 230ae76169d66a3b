"""Appendix C, Lemmas C.13 and C.14: how large coefficients and gradients become."""

from __future__ import annotations

import numpy as np
from scipy.stats import linregress

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Between, Positive, after, derived
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024.claims.conditions import assumption, times_facts
from mmcl_core.papers.huang2024.claims.scales import ORTHOGONAL_SINGLE, span
from mmcl_core.stats import Estimate, Interval

HALF = 1  # index of tau = 0.5 in the experiment log_growth

SQUARE = derived(
    r"the similarities, squares of $\rho$, grow like $\log t$ behind their start; a square that is affine in $\log t$ "
    "with a positive start has a local exponent below 1/2"
)

FIT_OF_ONE = after("1 is the statement; the rest is room for the spread of a fit, with .96 to .97 in view")

LOG_LAW = after("1/2 had been measured in a first study at four temperatures")


def alpha(r: Result) -> float:
    """log(3 M T*)."""
    return float(np.log(3 * (r.config.n // 2) * r.config.steps))


def exponent_in_log_time(r: Result) -> Estimate:
    """Exponent of max rho in log t over the last decade, for every seed and temperature: the one furthest from 1/2,
    and their range."""
    late = r["step"] >= r["step"][-1] / 10
    curves = np.log(r["largest_rho"][..., late]).reshape(-1, late.sum())
    exponents = np.polyfit(np.log(np.log(r["step"][late])), curves.T, 1)[0]
    return Estimate(
        float(exponents[np.abs(exponents - 0.5).argmax()]),
        float(exponents.min()),
        float(exponents.max()),
        exponents.size,
        Interval.worst,
    )


def gradient_constant(method: str, name: str) -> Claim:
    """The factor before L in Lemmas C.14 and D.11, as a function of sigma_xi^2 d at fixed n SNR^2."""

    @claim(
        name=f"{name}_constant",
        item=f"Lemma {name[0].upper()}.{name[1:]}, constant",
        paper="exponent at most 1",
        statement=r"... and the factor before $L$ grows at most like $\max(\|\mu\|^2,\sigma_\xi^2 d)$, "
        rf"{method}-modal.",
        measured=r"exponent of $\max_t\|\nabla L\|_F^2/L$ in $\sigma_\xi^2 d$, four values, fixed $n\,\mathrm{SNR}^2$",
        on="times",
        rule=AtMost(1.05, FIT_OF_ONE),
        quantifier=Quantifier.order,
        match=Match.scaled,
        conditions=assumption(times_facts, method == "multi"),
    )
    def exponent(r: Result) -> Estimate:
        return stats.power_law(r["dimensions"], r[f"dimension_{method}_gradient"])

    return exponent


def gradient_exponent(r: Result, method: str) -> Estimate:
    """Exponent p of ||grad L||_F^2 ~ L^p over the last decade of steps, fitted per seed."""
    late = r["step"] >= r["step"][-1] / 10
    loss, gradient = (np.log(r[f"{method}_{name}"][:, late]) for name in ("loss", "gradient"))
    return stats.mean(np.array([linregress(x, y).slope for x, y in zip(loss, gradient, strict=True)]))


@claim(
    item="Lemma C.13",
    paper=r"$\alpha$",
    on="log_growth",
    rule=AtMost(0.0, PAPER),
    refutation=Positive(),
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=(
        Condition(r"$\alpha/(20\tau)$", lambda r: alpha(r) / (20 * r["temperature"][HALF]), AtLeast(1)),
        *ORTHOGONAL_SINGLE,
    ),
    declared=Verdict.refuted,
)
def c13(r: Result) -> Estimate:
    r"""In stage two $|\gamma|, |\rho| \le \alpha = \log(3MT^*)$, when $\alpha \ge 20\tau$.

    Measured: $\max\rho$ minus $\alpha$ at $\tau = 0.5$, $T^* = 600$, one value for each seed, smallest to largest.
    Note: It fails for moderate $T^*$: $\max\rho$ grows like $\sqrt{\tau\log t}$ and $\alpha$ like $\log T^*$, so that
    the bound holds eventually, and at the lowest temperature already here.
    """
    return span(r["largest_rho"][:, HALF, -1] - alpha(r))


@claim(
    item="Lemma C.13 at low temperature",
    paper=r"$\alpha$",
    author=Author.correction,
    on="log_growth",
    rule=AtMost(0.0, PAPER),
    quantifier=Quantifier.every,
)
def c13_small_temperature(r: Result) -> Estimate:
    r"""At a temperature far below $\alpha/20$, $\tau = 0.05$, the bound $\max\rho \le \log(3MT^*)$ holds.

    Measured: the largest $\max\rho$ minus $\alpha$ over seeds at the lowest temperature.
    """
    return stats.worst(r["largest_rho"][:, int(r["temperature"].argmin()), -1] - alpha(r))


@claim(
    item="Lemma C.13, corrected",
    paper=r"$\log t$",
    author=Author.correction,
    on="log_growth",
    rule=Between(0.0, 0.5, SQUARE),
    quantifier=Quantifier.every,
)
def c13_corrected(r: Result) -> Estimate:
    r"""The growth is slower than logarithmic: locally $\max\rho \propto (\log t)^p$ with $0 < p < 1/2$, for every seed
    and temperature.

    Measured: exponent of $\max\rho$ in $\log t$ over the last decade, one for each seed and temperature; the one
    furthest from 1/2, and their range.
    """
    return exponent_in_log_time(r)


@claim(
    item="Lemma C.13, corrected, in the temperature",
    paper=r"does not depend on $\tau$",
    author=Author.correction,
    on="log_growth",
    rule=Between(0.4, 0.6, LOG_LAW),
    quantifier=Quantifier.order,
)
def c13_temperature(r: Result) -> Estimate:
    r"""... and $\max\rho \propto \tau^p$ with p near 1/2: at a given time $\max\rho^2$ is about proportional to $\tau$.

    Measured: exponent of $\max\rho$ at the end in $\tau$, four temperatures, fitted per seed.
    """
    return stats.power_law(r["temperature"], r["largest_rho"][..., -1])


@claim(
    item="Lemma C.14",
    paper="exponent at least 1",
    on="stage_two",
    rule=AtLeast(1.0, PAPER),
    quantifier=Quantifier.order,
    match=Match.scaled,
    conditions=ORTHOGONAL_SINGLE,
)
def c14(r: Result) -> Estimate:
    r"""The loss controls the gradient: $\|\nabla L\|_F^2 \le O(\max(\|\mu\|^2,\sigma_\xi^2 d))\,L$, however small L.

    Measured: exponent of $\|\nabla L\|_F^2$ in L over the last decade of steps, fitted per seed.
    Note: The constant itself could hardly be missed: with $1/m$ in the similarity the left side carries $1/(mn)$. A
    gradient that fell slower than the loss would break the lemma in the end.
    """
    return gradient_exponent(r, "single")


CONSTANTS = (gradient_constant("single", "c14"), gradient_constant("multi", "d11"))
