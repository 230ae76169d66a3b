"""Beyond the paper: the ceiling its Theorem 4.3 overlooks, exact scaling laws, and the controls its figure lacks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.isotonic import IsotonicRegression

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Between, Claim, Identity, Kind, Positive, Within
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import theory
from mmcl_core.stats import Estimate

DOWNSTREAM, NEGATIVES, PHASE = "huang2024.downstream", "huang2024.negatives", "huang2024.phase"
POWER_LAW, COLLAPSE, NEURONS, FLOW = (
    "huang2024.power_law",
    "huang2024.collapse",
    "huang2024.neurons",
    "huang2024.flow_limit",
)
LABEL_AWARE, INFONCE = 0, 3  # indices of the variants of the negatives experiment


def ceiling_attained(r: Result) -> Estimate:
    """Largest |mean head-B accuracy - Phi(||nu||/sigma)| over the strengths from 0.5 to 3."""
    inside = (r["strength"] >= 0.5) & (r["strength"] <= 3)
    gaps = np.abs(r["multi_head_b"].mean(0) - theory.ceiling(r["strength"]))[inside]
    return stats.extreme(gaps)


def ceiling_excess(r: Result) -> Estimate:
    """Largest (accuracy - Phi) over all heads, methods and strengths, in standard errors of the test sample."""
    cap, samples = theory.ceiling(r["strength"]), r.config.evaluation_samples * len(r.seeds)
    counted = samples * (1 - cap) >= 10  # nearer to 1 the normal approximation of the sampling error fails
    heads = np.stack(
        [r[f"{method}_{head}"].mean(0) for method in ("single", "multi") for head in ("head_b", "population")]
    )
    return stats.extreme(((heads - cap) / np.sqrt(cap * (1 - cap) / samples))[:, counted])


def exponent_error(name: str, predicted: Callable[[Result], float]) -> Callable[[Result], Estimate]:
    """Fitted exponent minus the predicted one, with the interval over seeds."""

    def estimate(r: Result) -> Estimate:
        fit, target = stats.power_law(r["initial_scale"], r[name]), predicted(r)
        return Estimate(fit.value - target, fit.low - target, fit.high - target, fit.n, fit.kind)

    return estimate


def strength(r: Result) -> float:
    return float(theory.signal_to_noise(r.config.n, r.config.signal, r.config.noise_norm_squared))


def sides_of_threshold(r: Result) -> Estimate:
    """Share of cells on the predicted side in each seed, for cells more than a factor 1.6 away from the threshold 2, then the mean."""
    control = np.concatenate([r["n_snr_squared"], np.outer(r["n_snr_squared"], r["ratio"]).ravel()])
    n_seeds = len(r["single_accuracy"])
    accuracy = np.concatenate([r["single_accuracy"], r["multi_accuracy"].reshape(n_seeds, -1)], 1)
    clear = (control < 2 / 1.6) | (control > 2 * 1.6)
    return stats.share_per_seed((accuracy > 0.8)[:, clear] == (control > 2)[clear])


def largest_phase_loss(r: Result) -> Estimate:
    return stats.extreme(np.concatenate([r["single_loss"].ravel(), r["multi_loss"].ravel()]))


def crossing(control: np.ndarray, accuracy: np.ndarray) -> float:
    """Where the monotone fit of accuracy to log control rises through 0.8; NaN if it never does inside the grid."""
    grid = np.linspace(*np.log([control.min(), control.max()]), 2000)
    fit = IsotonicRegression().fit(np.log(control), accuracy).predict(grid)
    above = np.flatnonzero(fit >= 0.8)
    return float(np.exp(grid[above[0]])) if len(above) and above[0] > 0 else np.nan


def crossing_single(r: Result) -> Estimate:
    return stats.mean(np.array([crossing(r["n_snr_squared"], row) for row in r["single_accuracy"]]))


def crossing_multi(r: Result) -> Estimate:
    control = np.outer(r["n_snr_squared"], r["ratio"]).ravel()
    return stats.mean(np.array([crossing(control, seed.ravel()) for seed in r["multi_accuracy"]]))


def growth_error(r: Result) -> Estimate:
    """Largest relative error of the three measured growth rates against kappa, Cmu^2 kappa and Cmu kappa."""
    c = r.config
    kappa = theory.growth_signal(c.rate, c.signal, 1 / c.m, c.n // 2)
    predicted = {"weak": kappa, "strong": c.ratio**2 * kappa, "both": c.ratio * kappa}
    return stats.extreme(
        np.array([np.abs(np.expm1(r[f"growth_{name}"]).mean() / value - 1) for name, value in predicted.items()])
    )


def sign_predicted(name: str) -> Callable[[Result], Estimate]:
    def estimate(r: Result) -> Estimate:
        first, second = r[f"{name}_first"], r[f"{name}_second"]
        return stats.share_per_seed(
            theory.predicted_sign(r.config.ratio, first[..., 0], second[..., 0]) == np.sign(first[..., -1])
        )

    return estimate


def euler_order(method: str) -> Callable[[Result], Estimate]:
    return lambda r: stats.power_law(r["rate"], r[method])


CLAIMS = (
    Claim(
        "huang2024.ceiling",
        "Beyond Theorem 4.3",
        r"The accuracy of the multi-modal encoder is the ceiling $\Phi(\|\nu\|/\sigma_\xi)$, for $\|\nu\|/\sigma_\xi$ from 0.5 to 3.",
        "not in the paper",
        "D",
        (DOWNSTREAM,),
        "largest |mean multi-modal head-B accuracy - ceiling|",
        ceiling_attained,
        AtMost(0.015),
        kind=Kind.correction,
    ),
    Claim(
        "huang2024.ceiling_bound",
        "Beyond Theorem 4.3",
        r"No linear head on either encoder exceeds $\Phi(\|\nu\|/\sigma_\xi)$: not the one fitted on the training set, not the population's best.",
        "not in the paper",
        "D",
        (DOWNSTREAM,),
        "largest excess of a mean accuracy over the ceiling, in standard errors",
        ceiling_excess,
        AtMost(3.0),
        kind=Kind.beyond,
        note="The bound is exact for half the gap of the class means over the standard deviation, and near-exact for accuracy.",
    ),
    Claim(
        "huang2024.head_size",
        "Beyond Figure 1",
        "The single-modal encoder has not lost the signal: a head fitted on 200 labelled shifted samples finds it.",
        "not in the paper",
        "D",
        (DOWNSTREAM,),
        "single-modal accuracy with 200 labelled shifted samples, mean over seeds",
        lambda r: stats.mean(r["single_by_size"][:, list(r["head_size"]).index(200)]),
        AtLeast(0.7),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.power_law_single",
        "Beyond Lemma 5.2",
        r"When the noise has been memorised, $\max_r |\langle w_r,\mu\rangle| \propto \sigma_0^{\,1 - n\,\mathrm{SNR}^2/2}$.",
        r"$\tilde O(n^{-1/2})$",
        "D",
        (POWER_LAW,),
        "fitted exponent minus predicted exponent",
        exponent_error("single_signal", lambda r: theory.exponent_signal_single(strength(r))),
        Within(0.0, absolute=0.02),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.power_law_multi",
        "Beyond Lemma 5.4",
        r"When the signal has been learnt, $\max_{r,i}\langle w_r,\xi_i\rangle \propto \sigma_0^{\,1 - 2/(C_\mu n\,\mathrm{SNR}^2)}$.",
        r"$\tilde O(n^{-1/2})$",
        "D",
        (POWER_LAW,),
        "fitted exponent minus predicted exponent",
        exponent_error("multi_noise", lambda r: theory.exponent_noise_multi(strength(r), r.config.ratio)),
        Within(0.0, absolute=0.02),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.threshold",
        "Beyond Assumption 4.1",
        r"The signal is learnt iff $n\,\mathrm{SNR}^2 > 2$ (one modality) or $C_\mu n\,\mathrm{SNR}^2 > 2$ (two); every cell of the phase diagram "
        "more than a factor 1.6 from the line is on its side.",
        "proofs need 1.8 and 4.42",
        "D",
        (PHASE,),
        "share of cells whose accuracy is on the predicted side of 0.8, mean over seeds",
        sides_of_threshold,
        AtLeast(0.98),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.threshold_converged",
        "Beyond Assumption 4.1",
        r"This compares encoders that are trained: every cell of the phase diagram, on either side of the line, reaches a loss of 0.01.",
        r"$L \le \epsilon$",
        "D",
        (PHASE,),
        "largest loss over cells, methods and seeds",
        largest_phase_loss,
        AtMost(0.01),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.threshold_single",
        "Beyond Assumption 4.1",
        r"At finite $\sigma_0 = 10^{-3}$ the single-modal accuracy crosses 0.8 above, but near, $n\,\mathrm{SNR}^2 = 2$.",
        "not in the paper",
        "D",
        (PHASE,),
        "n SNR^2 at accuracy 0.8, interpolated, mean over seeds",
        crossing_single,
        Between(2.0, 3.5),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.threshold_multi",
        "Beyond Assumption 4.1",
        r"At finite $\sigma_0 = 10^{-3}$ the multi-modal accuracy crosses 0.8 above, but near, $C_\mu n\,\mathrm{SNR}^2 = 2$.",
        "not in the paper",
        "D",
        (PHASE,),
        "Cmu n SNR^2 at accuracy 0.8, interpolated, mean over seeds",
        crossing_multi,
        Between(2.0, 3.0),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.collapse",
        "Beyond Theorem 4.3",
        r"Only $\|\mu\|\,\|\tilde\mu\|$ matters: training on $(\mu, C_\mu)$ equals training on $(\sqrt{C_\mu}\,\mu, 1)$ with rescaled signal coordinates and the same noise.",
        "not in the paper",
        "D",
        (COLLAPSE,),
        "largest relative deviation over all steps, neurons and seeds",
        lambda r: stats.extreme(r["deviation"]),
        Identity(1e-10),
        kind=Kind.beyond,
        minimum_tier=Tier.smoke,
    ),
    Claim(
        "huang2024.cooperation",
        "Beyond Lemma 5.4",
        r"Cooperation pays the weak and costs the strong: growth rates are $\kappa$ (weak alone), $C_\mu^2\kappa$ (strong alone), $C_\mu\kappa$ (both together).",
        "not in the paper",
        "D",
        (NEURONS,),
        "largest relative error of the three rates",
        growth_error,
        AtMost(0.01),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.neuron_sign",
        "Beyond Lemma D.3",
        r"Each neuron pair ends on the side of $C_\mu\langle w_r(0),\mu\rangle + \langle\tilde w_r(0),\tilde\mu\rangle$, in the orthogonal limit.",
        "signs agree at some step",
        "D",
        (NEURONS,),
        "share of neurons whose final sign is the predicted one, mean over seeds",
        sign_predicted("orthogonal"),
        AtLeast(0.99),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.neuron_sign_gaussian",
        "Beyond Lemma D.3",
        "The same prediction on Gaussian data, where cross-talk between samples can move a neuron that starts near the boundary.",
        "signs agree at some step",
        "D",
        (NEURONS,),
        "share of neurons whose final sign is the predicted one, mean over seeds",
        sign_predicted("gaussian"),
        AtLeast(0.9),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.infonce_accuracy",
        "Beyond section 3: ordinary negatives",
        "The advantage rests on label-aware negatives: with all other samples as negatives (ordinary InfoNCE), multi-modal accuracy falls.",
        "not in the paper",
        "D",
        (NEGATIVES,),
        "paired difference of multi-modal accuracy, label-aware minus InfoNCE",
        lambda r: stats.mean(r["multi_accuracy"][:, LABEL_AWARE] - r["multi_accuracy"][:, INFONCE]),
        Positive(),
        trend=AtLeast(0.1),
        kind=Kind.beyond,
        note="Seeds vary widely here. Should the interval reach zero on another machine, the size of the mean difference is what is left.",
    ),
    Claim(
        "huang2024.infonce_noise",
        "Beyond section 3: ordinary negatives",
        "With ordinary InfoNCE negatives the multi-modal encoder memorises as the single-modal one does: two pairs of one label can be told apart by noise only.",
        "not in the paper",
        "D",
        (NEGATIVES,),
        "paired difference of multi-modal max <w_r, xi_i>, InfoNCE minus label-aware",
        lambda r: stats.mean(r["multi_noise"][:, INFONCE] - r["multi_noise"][:, LABEL_AWARE]),
        Positive(),
        kind=Kind.beyond,
    ),
    *(
        Claim(
            f"huang2024.flow_{method}",
            "Beyond section 3: step size",
            rf"The step size does not make the result: {method}-modal descent approaches its gradient flow at first order, distance $\propto \eta$.",
            "not in the paper",
            "D",
            (FLOW,),
            "exponent of the distance to the flow in eta",
            euler_order(method),
            Between(0.8, 1.2),
            kind=Kind.beyond,
        )
        for method in ("single", "multi")
    ),
)
