"""Theorem 3.3: mismatched pairs open the gap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmcl_core import stats
from mmcl_core.claims import AtLeast, AtMost, Verdict, Within
from mmcl_core.papers.yaras2024.claims.base import SMOKE, beyond, corrected, paper
from mmcl_core.run import Result
from mmcl_core.stats import Estimate


def distance_from_limit(r: Result) -> Estimate:
    """Largest |mean of 2 d gamma/dt over (9) - 1| over the cases with at least 500 pairs."""
    many = r["case"][:, 0] >= 500
    return stats.exact(np.abs(r["twice_gamma"].mean(0) / r["limit"] - 1)[many].max(), r["twice_gamma"][:, many].size)


def share_above_bound(rate: str, least_gamma: float = 0.0, most_gamma: float = 1.0) -> Callable[[Result], Estimate]:
    """Share of draws whose `rate` is at least (8), at starting gaps in the range."""

    def estimate(r: Result) -> Estimate:
        chosen = (r["gamma"] >= least_gamma) & (r["gamma"] <= most_gamma)
        return stats.proportion((r[rate] >= r["bound"])[:, chosen])

    return estimate


CLAIMS = (
    paper(
        "thm3_3_limit",
        "Theorem 3.3, (9)",
        r"For many random pairs $d\Delta/dt|_0\ge4\beta_0\gamma_0I_{\rho+1}(a)/I_\rho(a)$, $a=\beta_0(1-\gamma_0^2)$.",
        "inequality",
        "random_start",
        r"largest distance of the mean of $2\dot\gamma$ over (9) from 1, cases with at least 500 pairs",
        distance_from_limit,
        AtMost(0.05),
        note="Measured as an equality: (9) is the limit itself, not only a bound.",
    ),
    paper(
        "thm3_3_sign",
        "Theorem 3.3, sign",
        r"The gap opens at a random start.",
        r"$d\Delta/dt>0$",
        "random_start",
        r"share of draws in which $\Delta$ (encoders moving) and $\gamma$ both grow, all cases",
        lambda r: stats.proportion((r["moving"] > 0) & (r["twice_gamma"] > 0)),
        AtLeast(1.0),
    ),
    paper(
        "thm3_3_bound",
        "Theorem 3.3, (8)",
        r"The bound for finitely many pairs holds with probability at least $1-\delta$, $\delta=0.05$, at $\gamma_0=0.3$.",
        "0.95",
        "small_gap",
        r"share of draws with $d\Delta/dt$ at least (8), 5000 pairs, d = 3, $\beta_0=1$, where (8) is positive",
        share_above_bound("moving", 0.1),
        AtLeast(0.95),
    ),
    paper(
        "thm3_3_step",
        "Theorem 3.3, proof",
        r"$d\Delta/dt\ge2\,d\gamma/dt$, hence (8), at every $\gamma_0$.",
        "0.95",
        "small_gap",
        r"share of draws with $d\Delta/dt$ at least (8) at $\gamma_0=0.001$",
        share_above_bound("moving", 0, 0.002),
        AtLeast(0.95),
        refutation=AtMost(0.5),
        declared=Verdict.refuted,
        note=r"$\Delta\ge2\gamma$ does not order the derivatives. With $m=\lVert\bar H_X-\bar H_Y\rVert$, $d\Delta/dt=(4-m^2)\gamma\dot\gamma/\Delta<2\dot\gamma$ for frozen encoders; it matters for $\gamma_0\lesssim1/\sqrt n$.",
    ),
    corrected(
        "thm3_3_gamma",
        "Theorem 3.3, corrected",
        r"Read for $2\gamma$ in place of $\Delta$, (8) holds at every $\gamma_0$.",
        "small_gap",
        r"share of draws with $2\dot\gamma$ at least (8), $\gamma_0$ = 0.001, 0.003, 0.3",
        share_above_bound("twice_gamma"),
        AtLeast(0.95),
    ),
    corrected(
        "thm3_3_large_gap",
        "Theorem 3.3, corrected",
        r"Read for $\Delta$ it holds once $\gamma_0$ is above the sampling noise: from $\gamma_0=0.003$ on with 5000 pairs.",
        "small_gap",
        r"share of draws with $d\Delta/dt$ at least (8), $\gamma_0$ = 0.003 and 0.3",
        share_above_bound("moving", 0.0025),
        AtLeast(0.95),
    ),
    beyond(
        "thm3_3_void",
        "Theorem 3.3, (8) at CLIP's sizes",
        r"With 2048 pairs, $d=512$, $\beta_0=14.3$ the bound (8) is negative: it says nothing.",
        "finite_bound",
        "the bound",
        lambda r: stats.exact(float(r["clip"])),
        AtMost(0.0),
        **SMOKE,
    ),
    beyond(
        "thm3_3_needed",
        "Theorem 3.3, (8) at CLIP's sizes",
        r"It would begin to speak at $1.9\cdot10^{16}$ pairs.",
        "finite_bound",
        r"root of (8) in n at $d=512$, $\beta_0=14.3$",
        lambda r: stats.exact(r["smallest"][-1, -1]),
        Within(1.9e16, relative=0.03),
        **SMOKE,
    ),
)
