"""Training without negatives in closed form (D3)."""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Condition, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Identity, Positive, Within, after, derived
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier

SOLVER = derived("the solver's tolerance of 1e-9 a step, over some hundred steps, with a margin of ten")


ours = partial(claim, author=Author.ours, minimum_tier=Tier.smoke)


@ours(
    item="D3: closed form",
    on="closed_form",
    rule=Identity(1e-6, derived(r"the solver's tolerance of 1e-11 a step, times $\kappa$, over some thousand steps")),
    quantifier=Quantifier.every,
)
def d3(r):
    r"""Without negatives $\rho_p = \tanh(2\sigma_p^2T)$ and $a_p = (\sigma_p^2/d)\cosh(2\sigma_p^2T)e^{-2\sigma_p^2R}$,
    with $R$ from one conservation law.

    Measured: largest deviation of condition number, alignment and energies from the flow, four configurations
    """
    return stats.worst(np.abs(r["deviation"]))


@ours(
    item="D3: limit",
    on="closed_form",
    rule=Identity(1e-6, derived("the solver's tolerance of 1e-11 a step over some thousand steps")),
    quantifier=Quantifier.limit,
)
def d3_limit(r):
    r"""$\kappa$ ends at $\max_p/\min_p$ of $\sigma_pe^{\sigma_p^2D}$ with $\sum_pe^{2\sigma_p^2D} = 2d$; $\sigma_\xi^2$
    does not enter.

    Measured: largest $|\kappa_\infty/\kappa_{\rm flow}-1|$ over four configurations
    Note: The number of noise directions does enter, through $2d$.
    """
    return stats.worst(np.abs(r["limit"] / r["flow"] - 1))


@claim(
    item="D3(a): monotone",
    on="sweep",
    rule=AtMost(1e-6, SOLVER, ideal=0),
    quantifier=Quantifier.every,
    author=Author.ours,
)
def d3a(r):
    r"""Without negatives $\kappa$ never falls.

    Measured: largest fall between two times, over the end value, of 300 random configurations
    """
    return stats.worst(r["noncontrastive_fall"])


@ours(item="D3(b): polynomial in d", on="limit_growth", rule=Positive(), quantifier=Quantifier.every)
def d3b(r):
    r"""$\frac{\sigma_1}{\sigma_r}(2d/r)^x \le \kappa_\infty \le \frac{\sigma_1}{\sigma_r}(2d)^x$ with
    $x = (1-\sigma_r^2/\sigma_1^2)/2$.

    Measured: smallest logarithmic distance from either bound, 17 dimensions and three spectra
    """
    low, high = r["bounds"][..., 0], r["bounds"][..., 1]
    return stats.worst(np.log(np.stack([r["limit"] / low, high / r["limit"]])), largest=False)


@ours(
    item="D3(b): polynomial in d",
    on="limit_growth",
    rule=Within(
        1, absolute=0.01, basis=derived("the next order, a factor $(2d)^{-1/8}$ or less, is .003 at $d=10^{21}$")
    ),
    quantifier=Quantifier.limit,
    conditions=(Condition("$d$, the limit is for large ones", lambda r: r["far"].max(), AtLeast(1e21)),),
)
def d3b_exponent(r):
    r"""The growth exponent tends to $x$, and as fast as its next order says: its distance is
    $x(1-\sigma_2^2)(2d)^{-(1-\sigma_2^2)}$ for $\sigma_1 = 1$.

    Measured: local exponent minus $x$ over that term at $d = 10^{21}$, the farther from 1 of three spectra
    Note: The approach is slow: at $d = 10^6$ the ratio is still 1.06 to 1.26.
    """
    last = r["approach"][:, -1]
    return stats.exact(last[np.abs(last - 1).argmax()], last.size)


@claim(
    item="D3(c): these very weights",
    on="population",
    rule=AtMost(0.01, after("a pilot of the same setting had shown .006; $N_A=N_B$ only holds on average"), ideal=0),
    quantifier=Quantifier.every,
    author=Author.ours,
    conditions=(Condition("largest width", lambda r: r["width"].max(), AtLeast(100)),),
)
def d3c(r):
    r"""At finite width the limit is known from the initial weights alone, for every seed: within 1 % for $m\ge100$.

    Measured: largest relative error of the prediction over seeds and widths from 100
    """
    return stats.worst(np.abs(r["predicted"] / r["noncontrastive_end"] - 1)[:, r["width"] >= 100])
