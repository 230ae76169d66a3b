"""Outside the assumptions (5.5): finite training sets, noise in the signal space, other latents and spectra,
switching.
"""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import (
    AtLeast,
    AtMost,
    Identity,
    Positive,
    Rule,
    Within,
    after,
    derived,
    standard,
)
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.papers.ren2023 import theory

SET, NOISE, SPECTRA = "Finite training set", "Noise in the signal space", "Two spectra"
TWO_PER_CENT = standard("two per cent of the ideal value, the floor of minibatches there being half a per cent")


def beyond(
    item: str,
    on: str,
    quantifier: Quantifier = Quantifier.mean,
    rule: Rule = Positive(),
    declared: Verdict | None = None,
):
    """A statement of ours outside the paper's assumptions."""
    return claim(item=item, on=on, rule=rule, quantifier=quantifier, author=Author.ours, declared=declared)


@beyond(SET, "training_set")
def finite_set_overfits(r):
    """Trained on 50 pairs, the contrastive encoder overfits: the pairs it has seen look aligned, the population does
    not.

    Measured: alignment on the training pairs minus alignment on the population, $n=50$, mean over seeds
    """
    return stats.mean((r["contrastive_trained_alignment"] - r["contrastive_alignment"])[:, 0])


@beyond(SET, "training_set")
def finite_set_contrastive(r):
    r"""And yet it is better balanced than at the start.

    Measured: $\log(\kappa_0/\kappa_{\rm end})$ at $n=50$, mean over seeds
    """
    return stats.mean(np.log(r["start"] / r["contrastive_condition_number"][:, 0]))


@beyond(SET, "training_set", Quantifier.every)
def finite_set_noncontrastive(r):
    r"""The non-contrastive one leaves the plateau of the theory: at $n\le500$ its $\kappa$ ends above $\kappa_\infty$
    in every seed.

    Measured: smallest $\log(\kappa_{\rm end}/\kappa_\infty)$ over seeds and $n$ up to 500
    """
    limit = theory.limit_condition_number(r.config.signal, r.config.d)
    few = r["noncontrastive_condition_number"][:, r["pairs"] <= 500]
    return stats.worst(np.log(few / limit), largest=False)


@beyond(SET, "training_set", rule=AtLeast(0.99, standard("one per cent of the ideal share"), ideal=1))
def finite_set_collapse(r):
    r"""At $n=50$ it collapses to one direction.

    Measured: share of the largest singular value, squared, of the answers to the signal, mean over seeds
    """
    return stats.mean(r["noncontrastive_top"][:, 0])


def collapse_rate(signal: tuple[float, ...], d: int, epsilon: float) -> float:
    """d log kappa / dt once only the first direction is left: (sigma_r^2 / (d M_1)) (M_r / M_1 - 1), M_p = 1 + eps /
    sigma_p^2.

    Of the flow of D2 with second moments M_p: aligned columns follow d log a_p / dt = (2 sigma_p^2 / (d N^2)) (1 -
    Q_0 M_p), where Q_0 = 1 / M_1 and N^2 = sigma_1^2 M_1 by conservation of the weights' norm; here sigma_1 = 1.
    """
    first, last = 1 + epsilon / signal[0], 1 + epsilon / signal[-1]
    return signal[-1] / (d * signal[0] * first) * (last / first - 1)


@beyond(
    NOISE,
    "noise_inside",
    rule=Within(
        1,
        absolute=0.1,
        basis=after("some per cent for the second direction; a first run without the weights' norm had shown .83"),
    ),
)
def noise_noncontrastive(r):
    r"""Noise inside the signal space breaks the tie on which $\kappa_\infty$ rests: at $\epsilon = 0.1$ the
    non-contrastive $\kappa$ grows exponentially, at the rate $\frac{\sigma_r^2}{\lVert
    W\rVert^2M_1}(\frac{M_r}{M_1}-1)$ with $M_p = 1+\epsilon/\sigma_p^2$.

    Measured: slope of $\log\kappa$ in t over the second half of the run, over that rate with the mean
    $\lVert W_A\rVert^2$ of that half, mean over seeds
    Note: The norm of the weights, d in the flow, grows by some per cent under stochastic gradients.
    """
    time, at = r["nc_time"], np.flatnonzero(r["strength"] == r["strength"].max())[0]
    late = time >= time[-1] / 2
    rate = collapse_rate(r.config.signal, r.config.d, float(r["strength"].max()))
    slope = stats.slope(time[late], np.log(r["nc_condition_number"][:, at, late]))
    grown = r["nc_weight_norm"][:, at, late].mean(1) / r.config.d
    return stats.mean(np.array(slope.samples) * grown / rate)


@beyond(NOISE, "noise_inside")
def noise_contrastive(r):
    r"""The contrastive $\kappa$ ends below its start all the same.

    Measured: $\log(\kappa_0/\kappa_{\rm end})$ for $\epsilon = 0.1$, mean over seeds
    """
    kappa = r["c_condition_number"][:, -1]
    return stats.mean(np.log(kappa[:, 0] / kappa[:, -1]))


@beyond(
    "Gaussian latents",
    "variants",
    rule=AtMost(1.1, standard("ten per cent, a conventional margin"), ideal=1),
    declared=Verdict.undecided,
)
def gaussian(r):
    r"""At $\tau^2 = 5$ Gaussian latents in place of signs do as well: $\kappa$ ends within ten per cent of 1.

    Measured: $\kappa$ at the end, mean over seeds
    Note: One of five seeds ends at 1.12 and the others below 1.08: too few to decide so near the bound.
    """
    return stats.mean(r["condition_number"][:, 0])


@beyond(
    SPECTRA,
    "variants",
    Quantifier.limit,
    Identity(1e-6, derived("the solver's tolerance of 1e-9 a step over some hundred steps")),
)
def spectra(r):
    r"""With the spectrum of view B reversed or flat both views end with the same $\kappa$ without negatives (closure).

    Measured: largest $|\kappa_A/\kappa_B-1|$ of the flow
    """
    return stats.worst(np.abs(r["flow"][:, 0] / r["flow"][:, 1] - 1))


@beyond(SPECTRA, "variants", rule=AtMost(1.02, TWO_PER_CENT, ideal=1))
def spectra_contrastive(r):
    r"""Contrastive training balances them all the same: $\kappa$ ends within two per cent of 1.

    Measured: $\kappa$ at the end, the worse of the two spectra, mean over seeds
    """
    return stats.reaching_highest(*(stats.mean(r["condition_number"][:, k]) for k in (2, 4)))


@beyond(
    "Switching",
    "switching",
    Quantifier.exists,
    AtMost(1.001, after("a pilot had come to 1.00003 at the same time"), ideal=1),
)
def switch_repairs(r):
    r"""Negatives repair what non-contrastive training unbalanced: from $\kappa_\infty$ to below 1.001 in 100 units at
    $\tau^2 = 5$.

    Measured: $\kappa$ 100 units after the switch, infinite width
    """
    return stats.exact(r["c_then"][-1])


@beyond("Switching", "switching", Quantifier.exists, AtMost(1.01, standard("one per cent of the ideal value"), ideal=1))
def switch_keeps(r):
    r"""A balanced, aligned representation stays so without negatives: $\kappa$ is within one per cent of 1 after 1000
    more units.

    Measured: $\kappa$ after 100 contrastive and 1000 non-contrastive units, infinite width
    """
    return stats.exact(r["nc_then"][2, -1])


@beyond("Learnt temperature", "learnt_temperature", Quantifier.every)
def learnt_alignment(r):
    r"""A temperature that is learnt grows until it freezes the last alignment: the faster it is learnt, the less is
    aligned at $t = 1000$.

    Measured: smallest fall of the final alignment from one rate to the next, rates 0.003 to 0.1
    """
    return stats.worst(-np.diff(r["alignment"][1:, -1]), largest=False)
