"""Appendix D, Lemmas D.1 to D.4: the flat softmax and the joint growth of the signals."""

from __future__ import annotations

from functools import partial

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import (
    PAPER,
    AtLeast,
    AtMost,
    Identity,
    Positive,
    after,
    before,
    derived,
)
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024.claims.overlap import (
    FIT,
    LITERAL,
    MOST,
    NEARLY_FLAT,
    QUARTER,
    drift_exponent,
)
from mmcl_core.papers.huang2024.claims.scales import (
    DIMENSION_MULTI,
    DIMENSIONS_MULTI,
    FIGURE_SCALE,
    ORTHOGONAL_MULTI,
    SMALL_SCALE,
    span,
)
from mmcl_core.stats import Estimate

stated = partial(claim, on="conditions_multi", quantifier=Quantifier.every)


@stated(
    item="Lemma D.1",
    paper="$C_l = 1.01$",
    rule=AtMost(1.01, PAPER),
    trend=AtMost(1.1, NEARLY_FLAT),
    match=Match.scaled,
    conditions=ORTHOGONAL_MULTI,
    declared=Verdict.trend_only,
)
def d1(r: Result) -> Estimate:
    r"""While $\gamma$ and $\rho$ are $O(1)$ the softmax weights of the multi-modal loss are frozen, $C_l = 1.01$; here
    while no coefficient of either encoder exceeds 1.

    Measured: the least $C_l$ that would do for all weights up to there, the largest over seeds and both $\sigma_0$.
    Note: As in Lemma C.2 the constant 1 is ours, so that this is no refutation.
    """
    return stats.worst(r["early_deviation"])


@stated(item="Lemma D.1, corrected", paper="$O(1)$", author=Author.correction, rule=AtLeast(0.25, QUARTER))
def d1_reach(r: Result) -> Estimate:
    r"""$C_l = 1.01$ does for all weights while no coefficient of either encoder exceeds a quarter, at $\tau = 1$.

    Measured: the largest coefficient while $C_l \le 1.01$ does, the smallest over seeds and both $\sigma_0$.
    """
    return stats.worst(r["window_reach"], largest=False)


@stated(item="Proof of Lemma 5.4, use of Lemma D.1", author=Author.ours, rule=AtLeast(1.01, PAPER))
def d1_up_to_t1(r: Result) -> Estimate:
    r"""The proof of Lemma 5.4 takes the softmax for frozen up to $T_1$. It is not: $C_l = 1.01$ does not do so long.

    Measured: the least $C_l$ that would do up to $T_1$, one value for each seed and both $\sigma_0$, smallest to
    largest.
    """
    return span(r["softmax_deviation"])


@claim(
    item="Lemma D.1, corrected",
    paper="1",
    author=Author.correction,
    on="conditions_multi",
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def d1_window(r: Result) -> Estimate:
    r"""Here too it is frozen in a first part of stage one only, and the smaller $\sigma_0$, the larger that part.

    Measured: the share of $T_1$ that passes while $C_l \le 1.01$, at $\sigma_0 = 10^{-5}$ minus at $10^{-3}$, paired
    over seeds.
    """
    return stats.mean(r["window"][:, SMALL_SCALE] - r["window"][:, FIGURE_SCALE])


@claim(
    item="Lemma D.2",
    paper=r"$\propto \sqrt{\log(\cdot)/d}$",
    on="dimension",
    rule=AtMost(-0.45, FIT),
    quantifier=Quantifier.order,
    match=Match.scaled,
    conditions=DIMENSIONS_MULTI,
)
def d2(r: Result) -> Estimate:
    r"""Coefficients are inner products up to the cross-talk of Lemma C.1, $\propto d^{-1/2}$, for two modalities.

    Measured: exponent in d of the largest drift at $T_1$, noise or signal, whichever is further from $-1/2$;
    Gaussian data, $d/n^2$ from 1 to $10^5$.
    """
    return drift_exponent(r, "multi")


@claim(
    item="Lemma D.3, same signs",
    paper="every such neuron",
    on="dimension",
    rule=AtLeast(1.0, PAPER),
    quantifier=Quantifier.every,
    match=Match.scaled,
    conditions=DIMENSION_MULTI,
    note=LITERAL,
)
def d3_kept(r: Result) -> Estimate:
    r"""Neurons with $\langle w_r(0),\mu\rangle$ and $\langle\tilde w_r(0),\tilde\mu\rangle$ of one sign keep it.

    Measured: the smallest share of such neurons over seeds that keep both signs at every step up to $T_1$.
    """
    return stats.worst(r["multi_same_sign_kept"][:, -1], largest=False)


@stated(
    item="Lemma D.3, same signs, growth",
    paper="every such neuron",
    rule=AtLeast(1.0, PAPER),
    match=Match.scaled,
    conditions=ORTHOGONAL_MULTI,
)
def d3_grows(r: Result) -> Estimate:
    r"""... and grow at every step.

    Measured: the smallest share of such neurons over seeds and both $\sigma_0$ whose $|\langle w_r,\mu\rangle|$ never
    falls up to $T_1$; orthogonal limit, with the negatives of the other label pulling back.
    """
    return stats.worst(r["same_sign_grows"], largest=False)


@stated(
    item="Lemma D.3, opposite signs",
    paper="at some step",
    rule=AtLeast(1.0, PAPER),
    trend=AtLeast(0.95, before("nearly every")),
    match=Match.scaled,
    conditions=ORTHOGONAL_MULTI,
)
def d3_synchronised(r: Result) -> Estimate:
    r"""The others agree in the end: by $T_1$ both encoders have the same sign in every neuron pair.

    Measured: share of neurons of one sign at $T_1$, the smallest over seeds and both $\sigma_0$.
    """
    return stats.worst(r["curve_synchronised"][:, :, -1], largest=False)


@stated(
    item="Lemma D.4",
    paper="every same-sign neuron",
    rule=AtLeast(1.0, PAPER),
    refutation=AtMost(0.5, MOST),
    match=Match.scaled,
    conditions=ORTHOGONAL_MULTI,
    declared=Verdict.refuted,
)
def d4(r: Result) -> Estimate:
    r"""Joint growth as printed: $A_r(t) \ge (1+g)^t\,(A_r(0) + \tilde A_r(0)/C_\mu) - 1$ up to $T_1$, with
    $g = 0.48\,C_\mu\eta\|\mu\|^2/(m\tau)$.

    Measured: share of same-sign neurons for which it holds at every step, one value for each seed and both $\sigma_0$,
    smallest to largest.
    Note: Growth ends when the loss saturates, long before $T_1$. A factor 1/2 is missing as well, see below; but that
    is not why the bound fails.
    """
    return span(r["printed_bound"])


@stated(
    item="Lemma D.4 with its factor 1/2",
    author=Author.ours,
    rule=AtMost(0.1, after("it had been found to fail for 52 of 53 neurons in another run")),
)
def d4_halved(r: Result) -> Estimate:
    r"""With the missing 1/2 put in front the bound still fails up to $T_1$ for nearly every neuron.

    Measured: the largest share of same-sign neurons for which it holds at every step, over seeds and both $\sigma_0$.
    """
    return stats.worst(r["halved_bound"])


@stated(item="Lemma D.4 while the softmax is flat", author=Author.ours, rule=AtMost(0.0, PAPER))
def d4_window(r: Result) -> Estimate:
    r"""While $C_l \le 1.01$ the printed bound says nothing: its right side is negative for every neuron.

    Measured: the largest right side over steps with $C_l \le 1.01$, neurons, seeds and both $\sigma_0$.
    """
    return stats.worst(r["bound_in_window"])


@stated(
    item="Lemma D.4, corrected",
    paper="a lower bound",
    author=Author.correction,
    rule=Identity(0.01, derived("the softmax weights are within 1 % of 1/(M+1), and they enter the rate linearly")),
)
def d4_corrected(r: Result) -> Estimate:
    r"""$a(t) = \tfrac12[(1+C_\mu\kappa)^t(a_0 + \tilde a_0/C_\mu) + (1-C_\mu\kappa)^t(a_0 - \tilde a_0/C_\mu)]$ for
    every sign combination, while $C_l \le 1.01$: with a factor 1/2, and as an equality.

    Measured: the largest error relative to the largest neuron, over steps with $C_l \le 1.01$, seeds and both
    $\sigma_0$.
    """
    return stats.worst(r["closed_form_error"])
