"""What the abstracts claim (P1, P2, P3): positives align and unbalance, negatives rebalance, without negatives no balance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Between, Claim, Kind, Within
from mmcl_core.lab.run import Result
from mmcl_core.papers.ren2023 import theory
from mmcl_core.stats import Estimate

RUNS, TEMPERATURES = "ren2023.runs", "ren2023.temperatures"
ABSTRACT = "a sentence of the abstract"


def end(name: str, measure: str = "condition_number") -> Callable[[Result], Estimate]:
    return lambda r: stats.mean(r[f"{name}_{measure}"][:, -1])


def peak_over_start(r: Result) -> Estimate:
    kappa = r["tau2_0.3_condition_number"]
    return stats.mean(kappa.max(1) / kappa[:, 0])


def alignment_at_peak(r: Result) -> Estimate:
    at = r["tau2_0.3_condition_number"].argmax(1)
    return stats.mean(r["tau2_0.3_alignment"][np.arange(len(at)), at])


def least_correlation(r: Result) -> Estimate:
    ends = np.stack([r[f"{name}_correlations"][:, -1] for name in ("tau2_5", "tau2_1", "tau2_0.3")])
    return stats.extreme(ends, largest=False)


def least_alignment(r: Result) -> Estimate:
    return stats.extreme(
        np.stack([r[f"{n}_alignment"][:, -1] for n in ("noncontrastive", "tau2_5", "tau2_1", "tau2_0.3")]),
        largest=False,
    )


def over_limit(r: Result) -> Estimate:
    limit = theory.limit_condition_number(r.config.signal, r.config.d)
    return stats.mean(r["noncontrastive_condition_number"][:, -1] / limit)


def _claim(
    name: str,
    item: str,
    statement: str,
    measures: str,
    estimate: Callable,
    rule: object,
    experiment: str = RUNS,
    **more: object,
) -> Claim:
    return Claim(f"ren2023.{name}", item, statement, ABSTRACT, "S", (experiment,), measures, estimate, rule, **more)


CLAIMS = (
    _claim(
        "p1_peak",
        "P1: stage one",
        r"Positive pairs align the views at the price of balance: at small $\tau^2 = 0.3$ the condition number $\kappa$ first rises, to more than 2.5 times its start.",
        r"largest $\kappa$ over $\kappa_0$ along the run, mean over seeds",
        peak_over_start,
        AtLeast(2.5),
    ),
    _claim(
        "p1_alignment",
        "P1: stage one",
        r"When $\kappa$ peaks (at $\tau^2 = 0.3$), the views are already mostly aligned: alignment above 0.85.",
        r"alignment at the peak of $\kappa$, mean over seeds",
        alignment_at_peak,
        AtLeast(0.85),
    ),
    _claim(
        "p1_every_direction",
        "P1: stage one",
        r"Every direction aligns: all correlations $\rho_p$ end above 0.99 in all three contrastive runs.",
        r"smallest $\rho_p$ at the end over directions, runs and seeds",
        least_correlation,
        AtLeast(0.99),
    ),
    _claim(
        "p1_order",
        "P1: stage one",
        r"At infinite width and $\tau^2 = 0.01$ the order is literal: when alignment reaches 0.99, $\kappa$ is still at least 9.7, near the limit of the non-contrastive loss.",
        r"$\kappa$ when alignment reaches 0.99",
        lambda r: stats.exact(r["summary"][0, 4]),
        AtLeast(9.7),
        TEMPERATURES,
    ),
    _claim(
        "order_reverses",
        "P1: its limit",
        r"The order of the two stages is a statement about small $\tau^2$. At $\tau^2 = r = 5$ it reverses: $\kappa$ is below 1.1 before alignment reaches 0.99.",
        r"$t(\kappa<1.1)/t(\mathrm{align}>0.99)$",
        lambda r: stats.exact(r["summary"][7, 5] / r["summary"][7, 3]),
        AtMost(1.0),
        TEMPERATURES,
        kind=Kind.correction,
    ),
    _claim(
        "p2_warm",
        "P2: stage two",
        r"Negative pairs bring $\kappa$ down to 1: below 1.02 at the end for $\tau^2 = 5$.",
        r"$\kappa$ at the end, mean over seeds",
        end("tau2_5"),
        AtMost(1.02),
        note="What is left above 1 is the floor of stochastic gradients, see D9.",
    ),
    _claim(
        "p2_cold",
        "P2: stage two",
        r"The same at $\tau^2 = 1$: below 1.15.",
        r"$\kappa$ at the end, mean over seeds",
        end("tau2_1"),
        AtMost(1.15),
        note="What is left above 1 is the floor of stochastic gradients, see D9.",
    ),
    _claim(
        "p2_peak",
        "P2: stage two",
        r"At $\tau^2 = 5$ the peak lies where the infinite-width flow puts it (3.01), up to finite width and step size: in [2.9, 3.6].",
        r"largest $\kappa$, mean over seeds",
        lambda r: stats.mean(r["tau2_5_condition_number"].max(1)),
        Between(2.9, 3.6),
        kind=Kind.beyond,
    ),
    _claim(
        "p2_aligned",
        "P2: stage two",
        "Alignment is kept: above 0.995 at the end of all four runs.",
        "smallest alignment at the end over runs and seeds",
        least_alignment,
        AtLeast(0.995),
    ),
    _claim(
        "p3_unbalanced",
        "P3: no negatives",
        r"Without negatives the views align too, but $\kappa$ stays large: it ends within 10 % of the closed form $\kappa_\infty$ of D3.",
        r"$\kappa$ at the end over $\kappa_\infty$, mean over seeds",
        over_limit,
        Within(1.0, absolute=0.1),
    ),
    _claim(
        "p3_stationary",
        "P3: no negatives",
        r"That end is an end: in ten times the time $\kappa$ moves by less than $10^{-3}$ at infinite width.",
        r"$|\Delta\kappa|$ from $t = 4\cdot10^5$ to ten times that",
        lambda r: stats.exact(float(r["noncontrastive_change"])),
        AtMost(1e-3),
        TEMPERATURES,
    ),
)
