"""Appendix C, stage one of the single-modal proof, lemma by lemma. Where a lemma is checked in the orthogonal limit, the statement says so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Between, Claim, Kind, Verdict, Within
from mmcl_core.lab.run import Result
from mmcl_core.papers.huang2024 import bounds
from mmcl_core.papers.huang2024.claims.lemmas import SMALL_SCALE, at_scale, worst
from mmcl_core.stats import Estimate

CROSSTALK, CONCENTRATION, STAGE_ONE = "huang2024.crosstalk", "huang2024.concentration", "huang2024.stage_one_single"
DELTA = 0.1


def drift_over_bound(method: str) -> Callable[[Result], Estimate]:
    """Largest drift of <w(t) - w(0), .> from its coefficient, over the printed bound; noise and signal, whichever is worse."""

    def estimate(r: Result) -> Estimate:
        c = r.config
        snr = c.signal / np.sqrt(c.d)
        ratios = [
            r[f"{method}_noise_drift"] / bounds.noise_drift(c.n, c.d, DELTA),
            r[f"{method}_signal_drift"] / bounds.signal_drift(c.n, c.d, snr, DELTA),
        ]
        return stats.extreme(np.stack(ratios))

    return estimate


def share(name: str, scale: int | None = None) -> Callable[[Result], Estimate]:
    """Mean over seeds of a share, at one initial scale or the smallest over all."""
    return worst(name, largest=False) if scale is None else at_scale(name, scale)


CLAIMS = (
    Claim(
        "huang2024.c1",
        "Lemma C.1",
        r"On Gaussian data the coefficients are the inner products up to cross-talk: $|\langle w(t)-w(0),\xi_i\rangle - \rho_{r,i}| \le 5n\sqrt{\log(6n^2/\delta)/d}$ and "
        r"$|\langle w(t)-w(0),\mu\rangle - \gamma_r| \le \mathrm{SNR}\,n\sqrt{8\log(6n/\delta)/d}$.",
        "upper bounds",
        "S",
        (CROSSTALK,),
        "largest drift over its bound, single-modal, all steps and seeds",
        drift_over_bound("single"),
        AtMost(1.0),
        note="The bounds hold with a wide margin.",
    ),
    Claim(
        "huang2024.c2",
        "Lemma C.2",
        r"In stage one the softmax weights are frozen: $l'_i, l'_{ij} \in [1/C_l(M+1),\, C_l/(M+1)]$ with $C_l = 1.01$.",
        "C_l = 1.01",
        "S",
        (STAGE_ONE,),
        "largest C_l while all activations are below 0.1, sigma_0 = 1e-5",
        lambda r: stats.extreme(r["softmax_deviation"][:, SMALL_SCALE]),
        Between(1.0, 1.01),
    ),
    Claim(
        "huang2024.c3",
        "Lemma C.3",
        r"In the orthogonal limit the sign of $\langle w_r,\mu\rangle$ never changes and $|\langle w_r,\mu\rangle|$ never shrinks, up to $T_1$.",
        "every neuron",
        "S",
        (STAGE_ONE,),
        "smallest share of neurons over seeds and initial scales",
        share("sign_kept"),
        AtLeast(1.0),
    ),
    Claim(
        "huang2024.c3_gaussian",
        "Lemma C.3 on Gaussian data",
        r"The same on Gaussian data with $d = 2000$ and $\sigma_0 = 10^{-3}$: signs of $\langle w_r,\mu\rangle$ are kept through training.",
        "every neuron",
        "S",
        (CROSSTALK,),
        "share of neurons, mean over seeds",
        lambda r: stats.mean(r["sign_kept"][:, 0]),
        AtLeast(0.99),
        trend=AtLeast(0.7),
        declared=Verdict.trend_only,
        note=r"Memorised noise leaks into $\langle w_r,\mu\rangle$ through $\langle\xi_i,\mu\rangle \ne 0$ and turns neurons that start near zero; with smaller $\sigma_0$ more of them. "
        r"The lemma wants a $d$ far beyond the figure's.",
    ),
    Claim(
        "huang2024.c4",
        "Lemma C.4",
        r"Signal grows no faster than $A_r(t) \le (1 + 0.52\,\eta\|\mu\|^2/(m\tau))^t A_r(0)$, orthogonal limit.",
        "every neuron",
        "S",
        (STAGE_ONE,),
        "smallest share of neurons over seeds and initial scales, all steps up to T1",
        share("signal_bound"),
        AtLeast(1.0),
    ),
    Claim(
        "huang2024.c5",
        "Lemma C.5",
        r"The augmentation noise is negligible: $|\langle w_r(0),\xi_i\rangle| \ge C_\xi|\langle w_r,\epsilon_i\rangle|$ with $C_\xi > 200$.",
        r"$C_\xi > 200$ for every pair",
        "S",
        (CROSSTALK,),
        "share of pairs (r, i) with a ratio above 200 at t = 0, mean over seeds",
        lambda r: stats.mean(r["augmentation_above_200"]),
        AtLeast(0.99),
        refutation=AtMost(0.1),
        declared=Verdict.refuted,
        note=r"The typical ratio is $\sigma_\xi/\sigma_\epsilon$, ten at the figure's setting. The conclusion survives: the augmentation strength has no visible effect up to $2\sigma_\xi$.",
    ),
    Claim(
        "huang2024.c5_corrected",
        "Lemma C.5, corrected",
        r"The median of $|\langle w_r(0),\xi_i\rangle|/|\langle w_r(0),\epsilon_i\rangle|$ is $\sigma_\xi/\sigma_\epsilon$.",
        "10",
        "D",
        (CROSSTALK,),
        "median over pairs at t = 0, mean over seeds",
        lambda r: stats.mean(r["augmentation_ratio"][:, 0]),
        Within(10.0, relative=0.1),
        kind=Kind.correction,
    ),
    Claim(
        "huang2024.c6_c7",
        "Lemmas C.6, C.7",
        r"Dead pairs stay dead: $\langle w_r(0),\xi_i\rangle < 0$ implies $\rho_{r,i} = 0$ and $\langle w_r,\xi_i\rangle < 0$ up to $T_1$, orthogonal limit.",
        "every pair",
        "S",
        (STAGE_ONE,),
        "smallest share of initially negative pairs over seeds and initial scales",
        share("dead_stays"),
        AtLeast(1.0),
    ),
    Claim(
        "huang2024.c6_c7_gaussian",
        "Lemmas C.6, C.7 on Gaussian data",
        r"The same on Gaussian data, $d = 2000$, $\sigma_0 = 10^{-3}$: $\langle w_r,\xi_i\rangle$ stays negative through training.",
        "every pair",
        "S",
        (CROSSTALK,),
        "share of initially negative pairs, mean over seeds",
        lambda r: stats.mean(r["stays_dead"][:, 0]),
        AtLeast(0.99),
        trend=AtLeast(0.7),
        declared=Verdict.trend_only,
        note=r"Cross-talk $\langle\xi_i,\xi_j\rangle \ne 0$ between samples wakes some pairs.",
    ),
    Claim(
        "huang2024.c8",
        "Lemma C.8",
        r"In each neuron $n/4 \pm \sqrt{\tfrac n2\log\tfrac4\delta}$ samples of a class are active at the start, with probability at least $1-\delta$.",
        r"fails in at most $\delta = 0.1$",
        "S",
        (CONCENTRATION,),
        "share of neurons that violate it, mean over draws",
        lambda r: stats.mean(r["c8"]),
        AtMost(0.1),
    ),
    Claim(
        "huang2024.c9",
        "Lemma C.9",
        r"The sum of active noise in one class is $B_{r,+}(0) \le \sigma_0\sigma_\xi\sqrt{dn}\,(1 + \sqrt{\log(1/\delta)/2})$: of order $\sqrt n$.",
        r"fails in at most $\delta = 0.1$",
        "S",
        (CONCENTRATION,),
        "share of neurons that violate it at n = 400, mean over draws",
        lambda r: stats.mean(r["c9_violated"][:, -1]),
        AtMost(0.1),
        refutation=AtLeast(0.9),
        declared=Verdict.refuted,
        note=r"It is a sum of positive terms and grows like $n$.",
    ),
    Claim(
        "huang2024.c9_corrected",
        "Lemma C.9, corrected",
        r"$B_{r,+}(0)$ concentrates at $n\,\sigma_0\sigma_\xi\sqrt d\,/\,(2\sqrt{2\pi})$, for every $n$.",
        "ratio 1",
        "D",
        (CONCENTRATION,),
        "ratio of the measured mean to the formula at the n that is furthest off",
        lambda r: stats.mean(r["c9_relative"][:, int(np.abs(r["c9_relative"].mean(0) - 1).argmax())]),
        Within(1.0, absolute=0.02),
        kind=Kind.correction,
    ),
    Claim(
        "huang2024.c10",
        "Lemma C.10",
        r"Every active $\langle w_r(0),\xi_i\rangle$ dominates the other class: it is at least $101\,C_l B_r/(M+1)$.",
        "every active pair",
        "S",
        (CONCENTRATION,),
        "share of active pairs, mean over draws",
        lambda r: stats.mean(r["c10"]),
        AtLeast(0.99),
        refutation=AtMost(0.01),
        declared=Verdict.refuted,
        note=r"With the true size of $B_r$ a pair would have to lie some forty standard deviations out, at every $n$.",
    ),
    Claim(
        "huang2024.c11",
        "Lemma C.11",
        r"Every active pair is memorised: $\Psi_{r,i}(t) \ge (1+0.96\,r)^t\,\Psi_{r,i}(0)$, $r = \eta\sigma_\xi^2 d/(nm\tau)$.",
        "every active pair",
        "S",
        (STAGE_ONE,),
        "share of initially active pairs for which it holds at T1, sigma_0 = 1e-5",
        share("pair_bound", SMALL_SCALE),
        AtLeast(0.99),
        refutation=AtMost(0.05),
        declared=Verdict.refuted,
        note="Classes compete within a neuron: most initially active pairs are switched off by the other class before T1.",
    ),
    Claim(
        "huang2024.c11_dies",
        "Lemma C.11, corrected",
        "More than a third of the initially active pairs die in stage one.",
        "none",
        "D",
        (STAGE_ONE,),
        "share of initially active pairs that are inactive at T1, sigma_0 = 1e-5, mean over seeds",
        share("active_dies", SMALL_SCALE),
        AtLeast(0.33),
        kind=Kind.correction,
    ),
    Claim(
        "huang2024.c11_exponent",
        "Lemma C.11, corrected",
        r"What grows at the stated rate is the largest pair: the exponent of $\max_{r,i} z_{ri}$ is at least $0.85\log(1+\kappa_n)$ per step.",
        "exponent 1",
        "D",
        (STAGE_ONE,),
        "exponent over log(1 + kappa_n) until max z = 0.5, sigma_0 = 1e-5, mean over seeds",
        at_scale("largest_exponent", SMALL_SCALE),
        Between(0.85, 1.0),
        kind=Kind.correction,
    ),
    Claim(
        "huang2024.c11_upper",
        "Lemma C.11, upper bound",
        r"No pair grows faster than $(1+1.05\,r)^t$ times the largest one at the start.",
        "every step",
        "S",
        (STAGE_ONE,),
        "share of seeds and initial scales for which it holds at every step up to T1",
        worst("largest_bound", largest=False),
        AtLeast(1.0),
    ),
    Claim(
        "huang2024.c11_balance",
        "Equation for B+ and B-",
        r"Within a neuron the classes compete: $B_+ \leftarrow B_+ + r(B_+ - \tfrac12B_-)$ and the same for $B_-$; the coefficient is $|\mathrm{active}|/(M+1)$.",
        "1/2",
        "S",
        (CONCENTRATION,),
        "mean of |active positives| / (M + 1) over neurons and draws",
        lambda r: stats.mean(r["active_coefficient"]),
        Within(0.5, absolute=0.04),
    ),
    Claim(
        "huang2024.c11_purity",
        "Equation for B+ and B-, consequence",
        r"So $B_+ - B_-$ outgrows the sum and neurons become class-selective: $\max(B_+,B_-)/(B_++B_-)$ rises from about one half to above 0.8.",
        "not in the paper",
        "D",
        (STAGE_ONE,),
        "purity at T1, sigma_0 = 1e-5, mean over seeds",
        at_scale("purity", SMALL_SCALE),
        AtLeast(0.8),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.c12",
        "Lemma C.12",
        r"For every sample enough neurons start active: $\frac1m\sum_{r\,\mathrm{active}} \langle w_r(0),\xi_i\rangle \ge 0.2\,\sigma_0\sigma_\xi\sqrt d$.",
        "with high probability",
        "S",
        (CONCENTRATION,),
        "share of samples, mean over draws",
        lambda r: stats.mean(r["c12"]),
        AtLeast(0.95),
        note=r"The mean is $1/\sqrt{2\pi} = 0.399$ of the scale.",
    ),
)
