"""Appendix C, Lemmas C.16 to C.18: descent and convergence of one modality; the claims shared with two."""

from __future__ import annotations

import numpy as np
from scipy.stats import linregress

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Between, after
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024.claims.appendix_c13_c14 import alpha
from mmcl_core.papers.huang2024.claims.scales import ORTHOGONAL_SINGLE, span
from mmcl_core.stats import Estimate

LATE_LAW = after(
    "exponents of 0.91 and 0.98, and late slopes of -1.1, had been measured in a first study; time is counted from "
    "$T^*(0.3)$ since a shorter run"
)

TWICE_AS_FAR = after("a half, that is a reference point twice as far; .68 and more were in view")


def loss_slope(r: Result, method: str) -> Estimate:
    """Exponent of the loss in t - T*(0.3), over the steps behind T*(0.01), fitted per seed."""
    fits = []
    for loss, reached in zip(r[f"{method}_loss"], r[f"{method}_reached"], strict=True):
        late = r["step"] > reached[3]  # none where the loss never got there
        x, y = np.log(r["step"][late] - reached[0]), np.log(loss[late])
        fits.append(linregress(x, y).slope if late.sum() > 1 else np.nan)
    return stats.mean(np.array(fits))


def time_slope(r: Result, method: str) -> Estimate:
    """Exponent of T*(eps) - T*(0.3) in 1/eps, eps = 0.1 to 0.003."""
    reached = r[f"{method}_reached"]
    return stats.power_law(1 / r["target"][1:], reached[:, 1:] - reached[:, :1])


def convergence(
    method: str, first: str, second: str, rate: str, conditions: tuple[Condition, ...]
) -> tuple[Claim, ...]:
    """The claims that Lemmas C.17, C.18 (single) and D.14, D.15 (multi) share; names as "c17", items as "Lemma
    C.17"."""
    slack = r"\epsilon" if method == "single" else r"2\epsilon"
    steps = r"smallest share of steps, from the first with $L\le1$ on, over seeds"

    def lemma(name: str) -> str:
        return f"Lemma {name[0].upper()}.{name[1:]}"

    @claim(
        name=first,
        item=lemma(first),
        statement=r"The distance to $W^*$ shrinks while the loss is large: "
        rf"$D_t - D_{{t+1}} \ge \eta L - \eta\,{slack}$, $D = \|W-W^*\|_F^2$"
        + (", summed over both encoders." if method == "multi" else "."),
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
        statement=rf"The loss reaches $\epsilon$ at $T^*(\epsilon) = T_1 + \tilde O({rate})$: "
        r"a time that grows at most like $1/\epsilon$.",
        measured=r"exponent of $T^*(\epsilon) - T^*(0.3)$ in $1/\epsilon$, $\epsilon$ = 0.1 to 0.003, fitted per seed",
        paper="exponent at most 1",
        on="stage_two",
        rule=AtMost(1.1, LATE_LAW),
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
        statement=r"The loss falls like $1/(t - T_1)$ in the end.",
        measured=r"exponent of the loss in $t - T^*(0.3)$ over the steps behind $T^*(0.01)$, fitted per seed",
        author=Author.ours,
        on="stage_two",
        rule=Between(-1.25, -0.95, LATE_LAW),
        quantifier=Quantifier.order,
    )
    def late(r: Result) -> Estimate:
        """The exponent in t."""
        return loss_slope(r, method)

    return falls, average, time, late


TEMPERATURE = Condition(
    r"$\alpha/(20\tau)$, $\alpha = \log(3MT^*)$", lambda r: alpha(r) / (20 * r.config.temperature), AtLeast(1)
)


@claim(
    item="Lemma C.16, positives",
    paper="at least 2",
    on="stage_two",
    rule=AtLeast(2.0, PAPER),
    refutation=AtMost(2.0, PAPER),
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=(TEMPERATURE, *ORTHOGONAL_SINGLE),
    declared=Verdict.refuted,
)
def c16_positive(r: Result) -> Estimate:
    r"""Towards $w^*_r = w_r(0) + 2\tau\log(2M/\epsilon)\sum_i\xi_i/\|\xi_i\|^2$ the positive similarity rises:
    $\langle\nabla F_0,W^*\rangle \ge 2\log(2M/\epsilon)$ for every sample.

    Measured: the smallest over samples at the end of the run, in units of $\log(2M/\epsilon)$, one for each seed,
    smallest to largest.
    Note: Up to the weights at the start the left side is twice the sample's mean activation, so that it asks for a mean
    activation of 1. That grows like $\sqrt{\tau\log t}$, and the lower the temperature, which the proofs of stage two
    bound by $\alpha/20$, the longer it takes.
    """
    return span(r["single_part_positive"][:, -1])


@claim(
    item="Lemma C.16, negatives",
    paper="at most 1",
    on="stage_two",
    rule=AtMost(1.0, PAPER),
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=(TEMPERATURE, *ORTHOGONAL_SINGLE),
)
def c16_negative(r: Result) -> Estimate:
    r"""... and the negatives do not: $\langle\nabla F_j,W^*\rangle \le \log(2M/\epsilon)$ for every pair.

    Measured: the largest over pairs at the end of the run, in units of $\log(2M/\epsilon)$, one for each seed, smallest
    to largest.
    Note: The proof drops $\frac1{m\tau}\sum_r 1[z_{ri}>0]\,\mathrm{relu}(z_{rj})\cdot2\tau\log(2M/\epsilon)$, which is
    positive wherever a neuron is active on both samples, and most of what is measured here. It grows like
    $\sqrt{\tau\log t}$ too: at this temperature and time it is below the bound, at $\tau = 1$ it is above.
    """
    return span(r["single_part_negative"][:, -1])


@claim(
    item="Lemma C.16, corrected",
    paper="at least 1",
    author=Author.correction,
    on="stage_two",
    rule=AtLeast(0.5, TWICE_AS_FAR),
    quantifier=Quantifier.every,
)
def c16_corrected(r: Result) -> Estimate:
    r"""What gives the descent is the softmax-averaged gap $\langle\nabla F_0 - \sum_j l'_{ij}\nabla F_j/\sum_j
    l'_{ij},\,W^*\rangle \ge \log(2M/\epsilon)$; with a $W^*$ twice as far from the start it holds for every sample, all
    through stage two.

    Measured: the smallest gap over samples, seeds and four times, in units of $\log(2M/\epsilon)$ and for the lemma's
    $W^*$; with the other one it doubles.
    Note: By convexity a sample with this gap has $\langle\nabla\ell_i, W - W^*\rangle \ge \ell_i - \epsilon/2$, which
    is all that Lemma C.17 takes from C.16.
    """
    return stats.worst(r["single_part_gap"], largest=False)


CONVERGENCE = convergence("single", "c17", "c18", r"mn/(\sigma_\xi^2 d\,\eta\epsilon)", ORTHOGONAL_SINGLE)
