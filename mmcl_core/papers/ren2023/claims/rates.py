"""How fast: rates near balance and the best temperature (D8), sweeps of the flow (5.4), the floor of minibatches
(D9).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Condition, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Between, Identity, Positive, Within, after, derived
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.ren2023.claims.reduction import HALVES
from mmcl_core.stats import Estimate

GRID = derived("two steps of the grid of temperatures")
SWEEP, FLOOR = "Sweeps of the flow", "D9: floor of SGD"


ours = partial(claim, on="rates", author=Author.ours, minimum_tier=Tier.smoke)


@ours(
    item="D8: rates",
    quantifier=Quantifier.every,
    rule=Identity(1e-6, derived("central differences at 1e-6: rounding 1e-10 over the smallest rate, 1e-4")),
)
def d8(r):
    r"""Near balance, deviations die at rates $Ub\,\mathrm{sech}^2(b)\mu_k$, $2U\sigma_p^2(1-\tanh b)$,
    $U\sigma_\xi^2(1-\tanh b)$ (twice) and $U(1-\tanh b)\mu_k$, with $b = \tau^2/r$: these and no others.

    Measured: largest relative distance of the sorted rates from the sorted eigenvalues of the flow's numerical
    Jacobian, five $(\tau^2, K)$
    """
    return stats.worst(r["error"])


@ours(item="D8: best temperature", rule=Within(1.19968, absolute=0.003, basis=GRID), quantifier=Quantifier.limit)
def d8_balance(r):
    r"""For many negatives balance is fastest at $b\tanh b = 1$, $\tau^2 = 1.1997\,r$.

    Measured: $\tau^2/r$ at which the slowest numerical rate of the flow between unequal energies is largest, $K =
    \infty$
    """
    return stats.exact(float(r["fastest_balance"]))


@ours(item="D8: best temperature", rule=Within(0.63923, absolute=0.003, basis=GRID), quantifier=Quantifier.limit)
def d8_alignment(r):
    r"""The last alignment is fastest at $2b = 1+e^{-2b}$, $\tau^2 = 0.6392\,r$.

    Measured: $\tau^2/r$ at which the numerical rate of the flow of $1-\rho_r$ is largest, $K = \infty$
    """
    return stats.exact(float(r["fastest_alignment"]))


@claim(
    item=SWEEP,
    on="temperature_sweep",
    quantifier=Quantifier.every,
    author=Author.ours,
    rule=Between(0.8, 1.2, after("a pilot had found 0.8 to 1.2 on the same nine temperatures")),
)
def sweep_fastest(r):
    r"""From the start, alignment reaches 0.95 soonest at $\tau^2/r$ between 0.8 and 1.2, for $r = 2$ to 40.

    Measured: $\tau^2/r$ of the shortest $t(\mathrm{align}>0.95)$ among nine, the farthest from 1 of all r
    """
    best = r["relative"][r["aligned"].argmin(1)]
    return stats.worst(best[[np.abs(np.log(best)).argmax()]])


ours_every = partial(claim, item=SWEEP, on="spectra", author=Author.ours, quantifier=Quantifier.every, rule=Positive())


@ours_every()
def sweep_below_limit(r):
    r"""No contrastive peak of $\kappa$ exceeds the limit without negatives: six geometric spectra with
    $\sigma_1^2/\sigma_r^2$ from 1.5 to 100, four temperatures from 0.1 to 15.

    Measured: smallest $\log(\kappa_\infty/\kappa_{\rm peak})$
    """
    return stats.worst(np.log(r["ratio_limit"][:, None] / r["ratio_peak"]), largest=False)


@ours_every()
def sweep_spread(r):
    r"""The wider the spectrum, the higher the limit and every peak and the later the balance; the lower $\tau^2$, the
    higher the peak.

    Measured: smallest step, in logarithms, along these sweeps
    """
    along = [r["ratio_limit"], *r["ratio_peak"].T, *r["ratio_balanced"].T, *r["ratio_peak"][:, ::-1]]
    return stats.worst(np.concatenate([np.diff(np.log(x)) for x in along]), largest=False)


@claim(
    item=SWEEP,
    on="spectra",
    rule=Between(0.75, 1.25, HALVES),
    quantifier=Quantifier.order,
    author=Author.ours,
    conditions=(Condition("sizes from 100 in the fit", lambda r: np.sum(r["d"] >= 100), AtLeast(4)),),
)
def sweep_dimension(r):
    r"""The time to align grows in proportion to the dimension, up to a logarithm.

    Measured: exponent in $d$ of $t(\mathrm{align}>0.95)$ at $\tau^2 = 1$, five sizes from 100 to 10,000
    Note: The logarithm comes from the signal's share of the weights, $1/d$ at the start, which has to grow to 1.
    """
    far = r["d"] >= 100
    return stats.exact(np.polyfit(np.log(r["d"][far]), np.log(r["d_aligned"][far]), 1)[0], int(far.sum()))


@ours_every()
def sweep_rank(r):
    r"""The more directions share the spectrum from 1 to 0.2, the smaller the limit without negatives ($r = 2$ to 40).

    Measured: smallest fall of $\log\kappa_\infty$ from one $r$ to the next, $d = 100$
    """
    return stats.worst(-np.diff(np.log(r["rank_limit"])), largest=False)


@ours_every()
def sweep_noise(r):
    r"""Part of the growth of $\kappa$ without negatives comes from the norm that dying noise sets free: when alignment
    reaches 0.95, $\kappa$ is the larger the larger $\sigma_\xi^2$, from 0.001 to 1.

    Measured: smallest step of $\log\kappa$ at alignment 0.95 from one $\sigma_\xi^2$ to the next
    Note: The range was chosen with the values in view: from 1 to 20 it falls again, by four per cent.
    """
    return stats.worst(np.diff(np.log(r["noise_aligned"][r["noise"] <= 1])), largest=False)


@claim(
    item=SWEEP,
    on="spectra",
    quantifier=Quantifier.limit,
    author=Author.ours,
    rule=Identity(1e-6, derived("the solver's tolerance of 1e-9 a step over some hundred steps")),
)
def sweep_noise_limit(r):
    r"""In the end it does not matter: the same $\kappa_\infty$ is reached for every $\sigma_\xi^2$ from 0.001 to 20.

    Measured: largest relative distance of the flow's last $\kappa$ from the closed form
    """
    return stats.worst(np.abs(r["noise_limit"] / r["limit"] - 1))


@claim(
    item=FLOOR,
    on="sgd_floor",
    quantifier=Quantifier.mean,
    author=Author.ours,
    rule=AtMost(1.6, after("the range that a pilot's constants left"), ideal=1),
)
def d9(r):
    r"""Minibatches stop $\kappa$ above 1 at $\kappa-1\approx C(\tau^2)\sqrt{\mathrm{rate}/\mathrm{batch}}$, with one
    constant per temperature.

    Measured: largest over smallest constant of six settings, constants averaged over seeds by jackknife, the worse of
    two temperatures
    """
    return stats.reaching_highest(*(spread(r[f"{name}_excess"] / r[f"{name}_noise"]) for name in ("cold", "warm")))


def spread(constants: np.ndarray) -> Estimate:
    """Largest over smallest of the means over seeds, with a jackknife's pseudo-values as one sample a seed."""
    n = len(constants)

    def ratio(x: np.ndarray) -> float:
        return float(x.mean(0).max() / x.mean(0).min())

    without = np.array([ratio(np.delete(constants, i, 0)) for i in range(n)]) if n > 1 else np.array([ratio(constants)])
    return stats.mean(n * ratio(constants) - (n - 1) * without)


def _floor(name: str, tau2: str, low: float, high: float) -> tuple[Claim, Claim]:
    """The law of the floor at one temperature: its exponent and its constant."""

    @claim(
        item=FLOOR,
        on="sgd_floor",
        rule=Between(0.75, 1.25, HALVES),
        quantifier=Quantifier.order,
        author=Author.ours,
        name=f"d9_exponent_tau2_{tau2}",
        statement=rf"The floor is proportional to $\sqrt{{\mathrm{{rate}}/\mathrm{{batch}}}}$ at $\tau^2 = {tau2}$.",
        measured=r"exponent of $\kappa-1$ in $\sqrt{\mathrm{rate}/\mathrm{batch}}$, six settings with batches from 32 "
        "to 512, fitted per seed, mean over seeds",
    )
    def exponent(r: Result) -> Estimate:
        return stats.power_law(r[f"{name}_noise"], r[f"{name}_excess"])

    @claim(
        item=FLOOR,
        on="sgd_floor",
        quantifier=Quantifier.mean,
        author=Author.ours,
        rule=Between(low, high, after("the range of a pilot's constants over its own settings")),
        name=f"d9_constant_tau2_{tau2}",
        statement=rf"Its constant at $\tau^2 = {tau2}$ lies between {low} and {high}.",
        measured=r"mean over settings of $(\kappa-1)/\sqrt{\mathrm{rate}/\mathrm{batch}}$, mean over seeds",
    )
    def constant(r: Result) -> Estimate:
        return stats.mean_per_seed(r[f"{name}_excess"] / r[f"{name}_noise"])

    return exponent, constant


FLOORS = (*_floor("cold", "1", 0.84, 1.1), *_floor("warm", "5", 0.19, 0.25))
