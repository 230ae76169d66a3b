"""Appendix C, Lemmas C.8, C.9 and C.12: how many pairs are active at the start, and how large their sum is."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Within, derived
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024.claims.conditions import DELTA
from mmcl_core.papers.huang2024.claims.scales import (
    WITH_PROBABILITY,
)
from mmcl_core.stats import Estimate

LARGE_N = Condition(
    r"$n$ against $2500\log(4/\delta)$", lambda r: r["size"][-1], AtLeast(9222)
)  # of the claims on `concentration`


stated = partial(claim, on="concentration", quantifier=Quantifier.probability)


@stated(item="Lemma C.8", paper=r"fails in at most $\delta = 0.1$", rule=AtMost(0.1, PAPER), match=Match.exact)
def c8(r: Result) -> Estimate:
    r"""In each neuron $n/4 \pm \sqrt{\tfrac n2\log\tfrac4\delta}$ samples of a class are active at the start, with
    probability at least $1-\delta$.

    Measured: share of a draw's neurons that violate it, averaged over draws, at the n with the largest share.
    Note: The width is three standard deviations, so that little was at stake.
    """
    return stats.reaching_highest(*(stats.mean(column) for column in r["c8_violated"].T))


@stated(
    item="Lemma C.9",
    paper=r"fails in at most $\delta = 0.1$",
    rule=AtMost(0.1, PAPER),
    refutation=AtLeast(0.1, PAPER),
    match=Match.exact,
    conditions=(LARGE_N,),
    algebra=r"It is a sum of about $n/4$ positive terms, whose mean is $n\sigma_0\sigma_\xi\sqrt d/(2\sqrt{2\pi})$.",
    declared=Verdict.refuted,
)
def c9(r: Result) -> Estimate:
    r"""The sum of active noise in one class is $B_{r,+}(0) \le \sigma_0\sigma_\xi\sqrt{dn}\,(1 +
    \sqrt{\log(1/\delta)/2})$: of order $\sqrt n$.

    Measured: share of a draw's neurons that violate it, averaged over draws, at $n = 10^4$.
    Note: A sum of positive terms has a mean of its own order, n, and not the root of it.
    """
    return stats.mean(r["c9_violated"][:, -1])


@claim(
    item="Lemma C.9, corrected",
    paper=r"of order $\sqrt n$",
    author=Author.correction,
    on="concentration",
    rule=Within(
        1.0, absolute=0.02, basis=derived("five standard errors of 100 draws of 50 neurons at $n=50$, the widest")
    ),
    quantifier=Quantifier.mean,
)
def c9_corrected(r: Result) -> Estimate:
    r"""The mean of $B_{r,+}(0)$ is $n\,\sigma_0\sigma_\xi\sqrt d\,/\,(2\sqrt{2\pi})$, at every n from 50 to $10^4$.

    Measured: ratio of the draws' means to the formula, at the n that is furthest off.
    """
    return stats.mean(r["c9_relative"][:, int(np.abs(r["c9_relative"].mean(0) - 1).argmax())])


@claim(
    item="Equation for B+ and B-",
    paper="1/2",
    on="concentration",
    rule=Within(0.5, absolute=0.002, basis=derived("ten times the difference that $M$ against $M+1$ makes, $2/n$")),
    quantifier=Quantifier.limit,
    match=Match.exact,
)
def c11_balance(r: Result) -> Estimate:
    r"""Within a neuron the classes compete: $B_+ \leftarrow B_+ + r(B_+ - \tfrac12B_-)$ and the same for $B_-$; the
    coefficient is $|\mathrm{active}|/(M+1)$.

    Measured: $|\mathrm{active\ positives}|/(M+1)$ at $n = 10^4$, averaged over neurons, then over draws.
    """
    return stats.mean(r["active_coefficient"][:, -1])


@stated(
    item="Lemma C.12",
    paper="with high probability",
    rule=AtLeast(0.9, WITH_PROBABILITY),
    match=Match.scaled,
    conditions=(
        Condition(
            r"$m$ against $25.2\log(n/\delta)$, for $\tilde\Omega(1)$",
            lambda r: r["width"][-1] / (25.2 * np.log(r.config.n / DELTA)),
            AtLeast(1),
        ),
    ),
)
def c12(r: Result) -> Estimate:
    r"""For every sample enough neurons start active: $\frac1m\sum_{r\,\mathrm{active}} \langle w_r(0),\xi_i\rangle \ge
    0.2\,\sigma_0\sigma_\xi\sqrt d$.

    Measured: share of draws in which it holds for all $n$ samples, at $m=400$.
    """
    return stats.proportion(r["c12"][:, -1] > 0)


@stated(item="Lemma C.12 at Figure 1's m", author=Author.ours, rule=AtMost(0.9, WITH_PROBABILITY))
def c12_figure(r: Result) -> Estimate:
    r"""At the figure's $m=50$ that is too much to ask: in more than a tenth of the draws some sample starts below.

    Measured: share of draws in which it holds for all $n$ samples, at $m=50$.
    """
    return stats.proportion(r["c12"][:, 0] > 0)
