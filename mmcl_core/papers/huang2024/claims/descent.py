"""Appendix C, Lemmas C.13 to C.18: size of the coefficients, gradients, descent and convergence of one modality."""

from __future__ import annotations

import numpy as np
from scipy.stats import linregress

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Between, Positive, after, derived
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024.claims.scales import ORTHOGONAL_SINGLE, span
from mmcl_core.stats import Estimate, Interval

HALF = 1  # index of tau = 0.5 in the experiment log_growth
LATE_LAW = after("exponents of 0.91 and 0.98, and late slopes of -1.1, had been measured in a first study")
LOG_LAW = after("the last decade of steps was chosen once earlier ones had shown the end of stage one")
EVERY_SAMPLE = derived("the descent of Lemma C.17 needs this of every sample")


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


def loss_slope(r: Result, method: str) -> Estimate:
    """Exponent of the loss in t over the last decade of steps."""
    late = r["step"] >= r["step"][-1] / 10
    return stats.power_law(r["step"][late], r[f"{method}_loss"][:, late])


def time_slope(r: Result, method: str) -> Estimate:
    """Exponent of T*(eps) - T*(0.3) in 1/eps, eps = 0.1 to 0.003."""
    reached = r[f"{method}_reached"]
    return stats.power_law(1 / r["target"][1:], reached[:, 1:] - reached[:, :1])


def gradient_exponent(r: Result, method: str) -> Estimate:
    """Exponent p of ||grad L||_F^2 ~ L^p over the last decade of steps, fitted per seed."""
    late = r["step"] >= r["step"][-1] / 10
    loss, gradient = (np.log(r[f"{method}_{name}"][:, late]) for name in ("loss", "gradient"))
    return stats.mean(np.array([linregress(x, y).slope for x, y in zip(loss, gradient, strict=True)]))


def convergence(
    method: str, first: str, second: str, rate: str, conditions: tuple[Condition, ...]
) -> tuple[Claim, ...]:
    """The claims that Lemmas C.17, C.18 (single) and D.14, D.15 (multi) share; names as "c17", items as "Lemma C.17"."""
    slack = r"\epsilon" if method == "single" else r"2\epsilon"
    steps = "smallest share of steps, from the first with L <= 1 on, over seeds"

    def lemma(name: str) -> str:
        return f"Lemma {name[0].upper()}.{name[1:]}"

    @claim(
        name=first,
        item=lemma(first),
        statement=r"The distance to $W^*$ shrinks while the loss is large: "
        rf"$D_t - D_{{t+1}} \ge \eta L - \eta\,{slack}$, $D = \|W-W^*\|_F^2$.",
        measured=steps,
        paper="every step",
        on="stage_two",
        rule=AtLeast(1.0, PAPER),
        quantifier=Quantifier.every,
        match=Match.scaled,
        conditions=conditions,
    )
    def falls(r: Result) -> Estimate:
        """Worst seed's share of steps at which the distance falls as much."""
        return stats.worst(r[f"{method}_distance_falls"], largest=False)

    @claim(
        name=second,
        item=lemma(second),
        statement=rf"Hence the mean loss over $[T_1,t]$ is at most $D_{{T_1}}/(\eta(t-T_1+1)) + {slack}$.",
        measured=steps,
        paper="every step",
        on="stage_two",
        rule=AtLeast(1.0, PAPER),
        quantifier=Quantifier.every,
        match=Match.scaled,
        conditions=conditions,
    )
    def average(r: Result) -> Estimate:
        """Worst seed's share of steps at which the bound on the mean loss holds."""
        return stats.worst(r[f"{method}_average_bound"], largest=False)

    @claim(
        name=f"{second}_time",
        item=f"{lemma(second)}, time",
        statement=rf"The loss reaches $\epsilon$ at $T^*(\epsilon) = T_1 + \tilde O({rate})$: a time that grows like "
        r"$1/\epsilon$.",
        measured=r"exponent of $T^*(\epsilon) - T^*(0.3)$ in $1/\epsilon$, $\epsilon$ = 0.1 to 0.003, fitted per seed",
        paper="exponent 1",
        on="stage_two",
        rule=Between(0.8, 1.1, LATE_LAW),
        quantifier=Quantifier.order,
        match=Match.scaled,
        conditions=conditions,
    )
    def time(r: Result) -> Estimate:
        """The exponent in 1/epsilon."""
        return time_slope(r, method)

    @claim(
        name=f"{second}_late",
        item=f"{lemma(second)}, late loss",
        statement=r"The loss falls like $1/t$ in the end.",
        measured="exponent of the loss in t over the last decade of steps, fitted per seed",
        author=Author.ours,
        on="stage_two",
        rule=Between(-1.25, -0.95, LATE_LAW),
        quantifier=Quantifier.order,
    )
    def late(r: Result) -> Estimate:
        """The exponent in t."""
        return loss_slope(r, method)

    return falls, average, time, late


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

    Measured: max rho minus $\alpha$ at $\tau = 0.5$, $T^* = 1000$, averaged over seeds.
    Note: The size depends on the temperature; at lower ones the bound holds.
    """
    return stats.mean(r["largest_rho"][:, HALF, -1] - alpha(r))


@claim(
    item="Lemma C.13 at low temperature",
    paper=r"$\alpha$",
    author=Author.correction,
    on="log_growth",
    rule=AtMost(0.0, PAPER),
    quantifier=Quantifier.every,
)
def c13_small_temperature(r: Result) -> Estimate:
    r"""At $\tau \le 0.2$ the bound $\max\rho \le \log(3MT^*)$ holds.

    Measured: the largest max rho minus $\alpha$ over seeds and the two lowest temperatures.
    """
    return stats.worst(r["largest_rho"][:, r["temperature"] <= 0.2, -1] - alpha(r))


@claim(
    item="Lemma C.13, corrected",
    paper=r"$\log t$",
    author=Author.correction,
    on="log_growth",
    rule=Between(0.4, 0.6, LOG_LAW),
    quantifier=Quantifier.every,
)
def c13_corrected(r: Result) -> Estimate:
    r"""The growth is slower than logarithmic: $\max\rho \propto (\log t)^p$ with p near 1/2, for every seed and
    temperature.

    Measured: exponent of max rho in log t over the last decade, one for each seed and temperature; the one furthest
    from 1/2, and their range.
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
    r"""... and $\max\rho \propto \tau^p$ with p near 1/2: together $\max\rho^2$ is about proportional to $\tau\log t$.

    Measured: exponent of max rho at the end in $\tau$, four temperatures, fitted per seed.
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


DROPPED = (
    r"The proof drops $\frac1{m\tau}\sum_r 1[z_{ri}>0]\,\mathrm{relu}(z_{rj})\cdot2\tau\log(2M/\epsilon)$, which is "
    "positive wherever a neuron is active on both samples."
)


@claim(
    item="Lemma C.16, positives",
    paper="at least 2",
    on="stage_two",
    rule=AtLeast(2.0, PAPER),
    refutation=AtMost(2.0, PAPER),
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=ORTHOGONAL_SINGLE,
    declared=Verdict.refuted,
)
def c16_positive(r: Result) -> Estimate:
    r"""Towards $w^*_r = w_r(0) + 2\tau\log(2M/\epsilon)\sum_i\xi_i/\|\xi_i\|^2$ the positive similarity rises:
    $\langle\nabla F_0,W^*\rangle \ge 2\log(2M/\epsilon)$ for every sample.

    Measured: the smallest over samples at the end of the run, in units of $\log(2M/\epsilon)$, one for each seed,
    smallest to largest.
    """
    return span(r["single_part_positive"][:, -1])


@claim(
    item="Lemma C.16, negatives",
    paper="at most 1",
    on="stage_two",
    rule=AtMost(1.0, PAPER),
    refutation=AtLeast(1.0, PAPER),
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=ORTHOGONAL_SINGLE,
    algebra=DROPPED,
    declared=Verdict.refuted,
)
def c16_negative(r: Result) -> Estimate:
    r"""... and the negatives do not: $\langle\nabla F_j,W^*\rangle \le \log(2M/\epsilon)$ for every pair.

    Measured: the largest over pairs at the end of the run, in units of $\log(2M/\epsilon)$, one for each seed, smallest
    to largest.
    """
    return span(r["single_part_negative"][:, -1])


@claim(
    item="Lemma C.16, corrected",
    paper="at least 1",
    author=Author.correction,
    on="stage_two",
    rule=AtLeast(1.0, EVERY_SAMPLE),
    quantifier=Quantifier.every,
)
def c16_corrected(r: Result) -> Estimate:
    r"""What the descent needs is the softmax-averaged gap
    $\langle\nabla F_0 - \sum_j l'_{ij}\nabla F_j/\sum_j l'_{ij},\,W^*\rangle \ge \log(2M/\epsilon)$; late in training
    it holds for every sample.

    Measured: the smallest gap over samples and seeds at the end of the run, in units of $\log(2M/\epsilon)$.
    """
    return stats.worst(r["single_part_gap"][:, -1], largest=False)


CONVERGENCE = convergence("single", "c17", "c18", r"mn/(\sigma_\xi^2 d\,\eta\epsilon)", ORTHOGONAL_SINGLE)
