"""Where training ends and how fast (D6 to D9), and what lies outside the assumptions (5.5)."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Between, Identity, Positive, Within
from mmcl_core.lab.run import Result
from mmcl_core.papers.ren2023.claims.dynamics import derived, largest
from mmcl_core.stats import Estimate


def floor_ratio(r: Result) -> Estimate:
    """Largest over smallest of (kappa - 1) / sqrt(rate/batch) in each seed, the worse of both temperatures, then the mean over seeds."""
    constants = [r[f"{name}_excess"] / r[f"{name}_noise"] for name in ("cold", "warm")]
    return stats.mean(np.max([c.max(1) / c.min(1) for c in constants], axis=0))


def excess_above(r: Result) -> Estimate:
    return stats.extreme(np.abs(r["excess"][:, r["width"] >= 3]))


def excess_below(r: Result) -> Estimate:
    return stats.extreme(r["excess"][:, r["width"] < 3], largest=False)


def far_from_balance(r: Result) -> Estimate:
    return stats.extreme(np.abs(np.stack([r["tau2_0.5_end"], r["tau2_3_end"]]) - 1))


def fastest(r: Result) -> Estimate:
    rows = r["rank"] >= 3
    return stats.extreme(r["relative"][r["aligned"][rows].argmin(1)])


def advantage(kind: str) -> object:
    return lambda r: stats.mean((r[kind][:, 0] - r[kind][:, 2]).mean(1))


CLAIMS = (
    derived(
        "d6_time",
        "D6: stage two",
        r"On the aligned, noise-free manifold (with $\lVert W\rVert_F^2 = d$) $\kappa^2-1\le\epsilon$ after at most $\frac{rd\sigma_1^2}{4\tau^4\sigma_r^2}\cosh^2(\tau^2)(1+e^{\tau^2}/K)\log\frac{\kappa(0)^2-1}{\epsilon}$.",
        "ren2023.balance_time",
        "largest actual time over the bound, random starts",
        lambda r: stats.extreme(r["share"]),
        AtMost(1.0),
    ),
    derived(
        "d6_monotone",
        "D6: stage two",
        r"There $\kappa$ only falls.",
        "ren2023.balance_time",
        r"largest rise of $\kappa^2$ between two times",
        lambda r: stats.extreme(r["rise"]),
        AtMost(1e-6),
    ),
    derived(
        "d6_no_force",
        "D6: stage two",
        r"$L_{NC}$ exerts no force there at all.",
        "ren2023.balance_time",
        "largest non-contrastive speed",
        largest("noncontrastive_speed"),
        Identity(1e-12),
    ),
    derived(
        "d7",
        "D7: landscape",
        r"$\min L_C = 2\log(1+Ke^{-\tau^2}\cosh(\tau^2/r)^r)$, reached by gradient descent at every width $m\ge r$.",
        "ren2023.landscape",
        "largest distance of the final loss from the formula, m = 3 and 10, three (tau^2, K)",
        excess_above,
        Identity(1e-6),
    ),
    derived(
        "d7_narrow",
        "D7: landscape",
        r"Below $m = r$ it is not reachable: with $m = 2 < r = 3$ the loss ends well above.",
        "ren2023.landscape",
        "smallest excess over seeds and three (tau^2, K)",
        excess_below,
        AtLeast(0.05),
    ),
    derived(
        "d7_width",
        "D7: any width",
        r"With exact gradients $\kappa\to1$ at every width $m\ge r$, even $m = r$.",
        "ren2023.population",
        r"largest $|\kappa-1|$ at the end over seeds, widths and two temperatures",
        far_from_balance,
        AtMost(1e-3),
    ),
    derived(
        "d8",
        "D8: rates",
        r"Near balance, deviations die at rates $Ub\,\mathrm{sech}^2(b)\mu_k$, $2U\sigma_p^2(1-\tanh b)$, $U\sigma_\xi^2(1-\tanh b)$ and $U(1-\tanh b)\mu_k$, with $b = \tau^2/r$.",
        "ren2023.rates",
        "largest relative distance of a predicted rate from the numerical Jacobian's eigenvalues",
        largest("error"),
        AtMost(1e-3),
    ),
    derived(
        "d8_balance",
        "D8: best temperature",
        r"Balance is fastest at $b\tanh b = 1$, $\tau^2 = 1.1997\,r$.",
        "ren2023.rates",
        r"$\tau^2/r$ of the fastest balance",
        lambda r: stats.exact(float(r["fastest_balance"])),
        Within(1.19968, absolute=0.003),
    ),
    derived(
        "d8_alignment",
        "D8: best temperature",
        r"The last alignment is fastest at $2b = 1+e^{-2b}$, $\tau^2 = 0.6392\,r$.",
        "ren2023.rates",
        r"$\tau^2/r$ of the fastest alignment",
        lambda r: stats.exact(float(r["fastest_alignment"])),
        Within(0.63923, absolute=0.003),
    ),
    derived(
        "sweep_fastest",
        "5.4: best temperature",
        r"From the start, alignment reaches 0.95 soonest at $\tau^2/r$ between 0.8 and 1.2, for $r = 3$ to 40.",
        "ren2023.temperature_sweep",
        r"$\tau^2/r$ of the shortest $t(\mathrm{align}>0.95)$, range over r",
        fastest,
        Between(0.8, 1.2),
    ),
    derived(
        "d9",
        "D9: floor of SGD",
        r"Minibatches stop $\kappa$ above 1 at $\kappa-1\approx C(\tau^2)\sqrt{\mathrm{rate}/\mathrm{batch}}$, with one constant per temperature.",
        "ren2023.sgd_floor",
        "largest over smallest constant in a seed, the worse of two temperatures, mean over seeds",
        floor_ratio,
        AtMost(1.6),
    ),
    derived(
        "finite_set_contrastive",
        "5.5: finite training set",
        r"Trained on 50 pairs, the contrastive encoder overfits but stays balanced: $\kappa<2.5$.",
        "ren2023.training_set",
        r"$\kappa$ at n = 50, mean over seeds",
        lambda r: stats.mean(r["contrastive_condition_number"][:, 0]),
        AtMost(2.5),
    ),
    derived(
        "finite_set_noncontrastive",
        "5.5: finite training set",
        r"The non-contrastive one collapses to one direction: $\kappa>10^3$ at $n = 50$ in every seed.",
        "ren2023.training_set",
        r"smallest $\kappa$ at n = 50 over seeds",
        lambda r: stats.extreme(r["noncontrastive_condition_number"][:, 0], largest=False),
        AtLeast(1e3),
    ),
    derived(
        "noise_noncontrastive",
        "5.5: noise in the signal space",
        r"Noise inside the signal space breaks the tie on which $\kappa_\infty$ rests: at $\epsilon = 0.1$ the non-contrastive $\kappa$ exceeds $10^5$ by $t = 4000$.",
        "ren2023.noise_inside",
        r"$\kappa$ at the end, smallest over seeds",
        lambda r: stats.extreme(r["nc_condition_number"][:, -1, -1], largest=False),
        AtLeast(1e5),
    ),
    derived(
        "noise_contrastive",
        "5.5: noise in the signal space",
        r"The contrastive $\kappa$ stays below 2.",
        "ren2023.noise_inside",
        r"$\kappa$ at the end for $\epsilon = 0.1$, mean over seeds",
        lambda r: stats.mean(r["c_condition_number"][:, -1, -1]),
        AtMost(2.0),
    ),
    derived(
        "gaussian",
        "5.5: Gaussian latents",
        r"Gaussian instead of sign latents change nothing essential: $\kappa<1.15$ at $\tau^2 = 5$.",
        "ren2023.variants",
        r"$\kappa$ at the end, mean over seeds",
        lambda r: stats.mean(r["condition_number"][:, 0]),
        AtMost(1.15),
    ),
    derived(
        "spectra",
        "5.5: two spectra",
        r"With the spectrum of view B reversed or flat both views end with the same $\kappa$ without negatives (closure).",
        "ren2023.variants",
        r"largest $|\kappa_A/\kappa_B-1|$ of the flow",
        lambda r: stats.exact(np.abs(r["flow"][:, 0] / r["flow"][:, 1] - 1).max(), 2),
        Identity(1e-3),
    ),
    derived(
        "spectra_contrastive",
        "5.5: two spectra",
        r"Contrastive training balances them all the same: $\kappa<1.02$.",
        "ren2023.variants",
        r"$\kappa$ at the end, larger of the two spectra, mean over seeds",
        lambda r: stats.mean(r["condition_number"][:, [2, 4]].max(1)),
        AtMost(1.02),
    ),
    derived(
        "switch_repairs",
        "5.5: switching",
        r"Negatives repair what non-contrastive training unbalanced: from $\kappa_\infty$ to below 1.001 in 100 units at $\tau^2 = 5$.",
        "ren2023.switching",
        r"$\kappa$ 100 units after the switch",
        lambda r: stats.exact(r["c_then"][-1]),
        AtMost(1.001),
    ),
    derived(
        "switch_keeps",
        "5.5: switching",
        r"A balanced, aligned representation stays: without negatives $\kappa<1.01$ after 1000 more units.",
        "ren2023.switching",
        r"$\kappa$ after 100 contrastive and 1000 non-contrastive units",
        lambda r: stats.exact(r["nc_then"][2, -1]),
        AtMost(1.01),
    ),
    derived(
        "learnt_alignment",
        "5.5: learnt temperature",
        r"A temperature learnt fast grows until it freezes the last alignment: at rate 0.1 alignment is below 0.9 at $t = 1000$.",
        "ren2023.learnt_temperature",
        "alignment at the end for rate 0.1",
        lambda r: stats.exact(r["alignment"][-1, -1]),
        AtMost(0.9),
    ),
    derived(
        "retrieval_features",
        "5.5: what balance buys",
        r"Noise on the features: the balanced representation retrieves better than the non-contrastive one.",
        "ren2023.retrieval",
        "difference of top-1 accuracies, mean over noise levels and seeds",
        advantage("feature"),
        Positive(),
    ),
    derived(
        "retrieval_inputs",
        "5.5: what balance buys",
        r"A negative result: noise on the inputs makes the balanced one worse than the non-contrastive one.",
        "ren2023.retrieval",
        "difference of top-1 accuracies (non-contrastive minus balanced), mean over noise levels and seeds",
        lambda r: stats.mean((r["input"][:, 2] - r["input"][:, 0]).mean(1)),
        Positive(),
    ),
)
