"""What the abstracts say of positive pairs: they align the views and unbalance the representation, first of all."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, Within, derived, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

STAGE_ONE, ALL_ALIGN = "Abstract: positive pairs", "Recalled: the first stage"
SENTENCE = "a sentence, no number"
CONTRASTIVE = {"tau2_5": 5.0, "tau2_1": 1.0, "tau2_0.3": 0.3}
FINITE_WIDTH = derived(
    r"singular values of a random $m\times r$ matrix fluctuate by $\sqrt{r/m}$, a tenth at $m=500$, $r=5$"
)

NON_ISOTROPIC = Condition(
    r"$\sigma_1/\sigma_r$, the data are not isotropic",
    lambda r, *_: float(np.sqrt(r.config.signal[0] / r.config.signal[-1])),
    AtLeast(1.1),
)
WIDE = Condition(r"$m/r$, the width suffices", lambda r, *_: r.config.width / len(r.config.signal), AtLeast(1))
INITIALLY_WIDE = Condition(
    r"$m/d$, the width is a multiple of the dimension", lambda r, *_: r.config.width / r.config.d, AtLeast(1)
)


def small(inverse_temperature: float) -> Condition:
    """The paper's range of temperatures, as we recall it: tau^2 = 1/poly(d). One stands for where it surely ends."""
    formula = r"largest $\tau^2$; recalled as small, of order $1/\mathrm{poly}(d)$"
    return Condition(formula, inverse_temperature, AtMost(1))


def at_alignment(r: Result, name: str, level: float) -> Float[np.ndarray, "S"]:
    """kappa of each seed when its alignment first reaches `level`; NaN when it never does."""
    rising = np.maximum.accumulate(r[f"{name}_alignment"], axis=1)
    return np.array(
        [np.interp(level, x, k, right=np.nan) for x, k in zip(rising, r[f"{name}_condition_number"], strict=True)]
    )


def time_of(time: Float[np.ndarray, "T"], values: Float[np.ndarray, "T"], level: float) -> float:
    """The first time at which `values` is at `level` or beyond, linear in log time; NaN when it never is."""
    rising = np.maximum.accumulate(values)
    return float(np.exp(np.interp(level, rising, np.log(np.maximum(time, 1e-9))))) if rising[-1] >= level else np.nan


def later(r: Result, name: str) -> Float[np.ndarray, "S"]:
    """How much later, in log time, kappa is back at its start than alignment is at 0.9; negative where it is sooner."""
    time = r[f"{name}_time"]
    aligned = [time_of(time, x, 0.9) for x in r[f"{name}_alignment"]]
    back = [time_of(time[(i := k.argmax()) :], -k[i:], -k[0]) for k in r[f"{name}_condition_number"]]
    return np.log(np.array(back) / np.array(aligned))


def over_flow(r: Result, name: str) -> Estimate:
    """The largest kappa of each seed over that of the infinite-width flow with as many negatives."""
    p = r.config.closure(CONTRASTIVE[name], r.config.batch - 1).run(np.geomspace(0.01, r[f"{name}_time"][-1], 600))
    return stats.mean(r[f"{name}_condition_number"].max(1) / p.condition_number.max())


stated = partial(claim, on="runs", quantifier=Quantifier.mean)


@stated(
    item=STAGE_ONE,
    paper=SENTENCE,
    match=Match.reconstructed,
    rule=Positive(),
    conditions=(NON_ISOTROPIC, INITIALLY_WIDE, small(0.3)),
)
def p1_peak(r):
    r"""Positive pairs align the views at the price of a larger condition number: at $\tau^2 = 0.3$, when alignment has
    come to 0.9, $\kappa$ is above its start.

    Measured: $\log(\kappa/\kappa_0)$ at alignment 0.9, mean over seeds
    """
    return stats.mean(np.log(at_alignment(r, "tau2_0.3", 0.9) / r["tau2_0.3_condition_number"][:, 0]))


@stated(item=STAGE_ONE, author=Author.ours, rule=Within(1, absolute=0.1, basis=FINITE_WIDTH))
def p1_height(r):
    r"""The rise is as high as the infinite-width flow says: at $\tau^2 = 0.3$ the peak of $\kappa$ is that of the flow.

    Measured: largest $\kappa$ of trained encoders over that of the flow, mean over seeds
    """
    return over_flow(r, "tau2_0.3")


@stated(item=STAGE_ONE, author=Author.ours, rule=Within(0, absolute=0.1, basis=FINITE_WIDTH))
def p1_alignment(r):
    r"""When $\kappa$ peaks (at $\tau^2 = 0.3$), the views are mostly aligned, as far as the flow says: 0.93.

    Measured: alignment at the peak of $\kappa$ minus that of the flow at its own peak, mean over seeds
    """
    at = r["tau2_0.3_condition_number"].argmax(1)
    p = r.config.closure(0.3, r.config.batch - 1).run(np.geomspace(0.01, r["tau2_0.3_time"][-1], 600))
    return stats.mean(r["tau2_0.3_alignment"][np.arange(len(at)), at] - p.alignment[p.peak()])


@claim(
    item=ALL_ALIGN,
    paper="a statement recalled: all align",
    mark="M",
    on="runs",
    quantifier=Quantifier.every,
    match=Match.reconstructed,
    conditions=(NON_ISOTROPIC, INITIALLY_WIDE, replace(small(5), matters=False)),
    rule=AtLeast(0.99, standard("one per cent of the ideal correlation"), ideal=1),
)
def p1_every_direction(r):
    r"""Every direction aligns: all correlations $\rho_p$ end within one per cent of 1, in all three contrastive runs.

    Measured: smallest $\rho_p$ at the end over directions, runs and seeds
    Note: One of the three runs is at a larger $\tau^2$ than we recall of the theorem: its directions align as well.
    """
    return stats.worst(np.stack([r[f"{n}_correlations"][:, -1] for n in CONTRASTIVE]), largest=False)


@stated(
    item="Abstract: two stages",
    paper="two stages in time",
    rule=Positive(),
    match=Match.reconstructed,
    conditions=(NON_ISOTROPIC, INITIALLY_WIDE, small(1)),
)
def p1_order(r):
    r"""First one aligns, then one balances: at $\tau^2 = 0.3$ and at 1 alignment is at 0.9 before $\kappa$ is back at
    its start.

    Measured: $\log[t(\kappa=\kappa_0)/t(\mathrm{align}=0.9)]$ after the peak, mean over seeds, the smaller of both
    """
    return stats.reaching_lowest(*(stats.mean(later(r, name)) for name in ("tau2_0.3", "tau2_1")))


@stated(
    item="Two stages outside the paper's range",
    rule=Positive(),
    author=Author.ours,
    conditions=(NON_ISOTROPIC, INITIALLY_WIDE, replace(small(5), matters=False)),
)
def order_reverses(r):
    r"""At larger $\tau^2$ than the paper speaks of the order reverses: at $\tau^2 = r = 5$, $\kappa$ is back at its
    start before alignment is at 0.9.

    Measured: $\log[t(\mathrm{align}=0.9)/t(\kappa=\kappa_0)]$ after the peak, mean over seeds
    Note: The same two marks as for the order at small $\tau^2$.
    """
    return stats.mean(-later(r, "tau2_5"))
