"""Appendix B: anti-concentration and concentration at initialisation."""

from __future__ import annotations

from collections.abc import Callable

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Claim, Identity, Kind, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

IDENTITIES, CONCENTRATION = "huang2024.identities", "huang2024.concentration"
UPSTREAM = "Constants as in the upstream lemmas of Cao et al. 2022, recalled; the paper's own may differ slightly."


def violations(name: str) -> Callable[[Result], Estimate]:
    """Share of draws that violate a bound which may fail with probability delta = 0.1."""
    return lambda r: stats.proportion(r[name] > 0)


CLAIMS = (
    Claim(
        "huang2024.b1",
        "Lemma B.1",
        r"Anti-concentration as printed: $P(|\mathcal N(0,s^2)| \le c) = 2\,\mathrm{erf}(c/\sqrt2 s)$.",
        "equality",
        "S",
        (IDENTITIES,),
        "largest difference from quadrature of the normal density, c in (0, 4)",
        lambda r: stats.exact(r["b1_printed"][0]),
        Identity(1e-9),
        refutation=AtLeast(0.5),
        declared=Verdict.refuted,
        minimum_tier=Tier.smoke,
        note="The factor 2 is wrong: the right side exceeds 1.",
    ),
    Claim(
        "huang2024.b1_corrected",
        "Lemma B.1, corrected",
        r"Without the factor: $P(|\mathcal N(0,s^2)| \le c) = \mathrm{erf}(c/\sqrt2 s)$.",
        "equality",
        "D",
        (IDENTITIES,),
        "largest difference from quadrature of the normal density, c in (0, 4)",
        lambda r: stats.exact(r["b1_corrected"][0]),
        Identity(1e-12),
        kind=Kind.correction,
        minimum_tier=Tier.smoke,
    ),
    Claim(
        "huang2024.b1_bound",
        "Lemma B.1, bound, corrected",
        r"... and $\mathrm{erf}(c/\sqrt2 s) \le \sqrt{1 - \exp(-2c^2/\pi s^2)}$, also without the printed factor 2.",
        "upper bound",
        "D",
        (IDENTITIES,),
        "smallest slack of the bound over c in (0, 4)",
        lambda r: stats.exact(r["b1_bound_slack"][0]),
        AtLeast(0.0),
        kind=Kind.correction,
        minimum_tier=Tier.smoke,
    ),
    Claim(
        "huang2024.b3",
        "Lemma B.3",
        r"Class sizes: $\big||S_\pm| - n/2\big| \le \sqrt{\tfrac n2\log\tfrac4\delta}$ with probability at least $1-\delta$.",
        r"fails in at most $\delta = 0.1$",
        "S",
        (CONCENTRATION,),
        "share of draws that violate it",
        violations("b3"),
        AtMost(0.1),
    ),
    Claim(
        "huang2024.b4",
        "Lemma B.4",
        r"Noise is nearly orthogonal: $\|\xi_i\|^2 \in [\tfrac12,\tfrac32]\sigma_\xi^2 d$, $|\langle\xi_i,\xi_j\rangle| \le 2\sigma_\xi^2\sqrt{d\log(6n^2/\delta)}$, "
        r"$|\langle\xi_i,\mu\rangle| \le \|\mu\|\sigma_\xi\sqrt{2\log(6n/\delta)}$.",
        r"fails in at most $\delta = 0.1$",
        "M",
        (CONCENTRATION,),
        "share of draws that violate any of the three",
        violations("b4"),
        AtMost(0.1),
        note=UPSTREAM,
    ),
    Claim(
        "huang2024.b5",
        "Lemma B.5",
        r"Initial inner products: $|\langle w_r,\mu\rangle| \le \sqrt{2\log(8m/\delta)}\,\sigma_0\|\mu\|$, $|\langle w_r,\xi_i\rangle| \le 2\sqrt{\log(8mn/\delta)}\,\sigma_0\sigma_\xi\sqrt d$, "
        "and some neuron has at least a half, respectively a quarter, of the scale.",
        r"fails in at most $\delta = 0.1$",
        "M",
        (CONCENTRATION,),
        "share of draws that violate any of the four",
        violations("b5"),
        AtMost(0.1),
        note=UPSTREAM,
    ),
)
