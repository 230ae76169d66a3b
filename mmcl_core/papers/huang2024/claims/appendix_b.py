"""Appendix B: anti-concentration and concentration at initialisation."""

from __future__ import annotations

from functools import partial

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Condition, Match, Quantifier, claim
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, Identity, Positive, standard
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

QUADRATURE = standard("the tolerance of the quadrature is 1e-13")
UPSTREAM = (
    "The constants are recalled from the lemmas of Cao et al. 2022, which the paper's own lemma builds on; its own may "
    "differ."
)


stated = partial(claim, on="identities", quantifier=Quantifier.every, match=Match.exact, minimum_tier=Tier.smoke)


@stated(
    item="Lemma B.1",
    paper="equality",
    rule=Identity(1e-12, QUADRATURE),
    refutation=AtLeast(0.5, standard("half of the largest probability there is")),
    misprint=True,
    algebra=r"As $c \to \infty$ the right side is 2 with the usual $\mathrm{erf}(\infty) = 1$, and the left side is 1.",
    declared=Verdict.misprint,
)
def b1(r: Result) -> Estimate:
    r"""Anti-concentration as printed: $P(|\mathcal N(0,s^2)| \le c) = 2\,\mathrm{erf}(c/\sqrt2 s)$.

    Measured: the largest difference from quadrature of the normal density, c in (0, 4), with the usual
    $\mathrm{erf}(x) = \frac2{\sqrt\pi}\int_0^x e^{-t^2}dt$.
    Note: A matter of convention: some texts write $\mathrm{erf}(x) = \frac1{\sqrt\pi}\int_0^x e^{-t^2}dt$, and with it
    the line is right. Nothing depends on it, since the bound that is drawn from it holds either way.
    """
    return stats.exact(r["b1_printed"][0])


@stated(item="Lemma B.1, bound", paper=r"$2\sqrt{1 - \exp(-2c^2/\pi s^2)}$", rule=Positive())
def b1_bound_printed(r: Result) -> Estimate:
    r"""... hence $P(|\mathcal N(0,s^2)| \le c) \le 2\sqrt{1 - \exp(-2c^2/\pi s^2)}$, which is all that the proofs use.

    Measured: the smallest slack over c in (0, 4).
    """
    return stats.exact(r["b1_printed_slack"][0])


@stated(
    item="Lemma B.1, corrected", paper="equality", mark="D", author=Author.correction, rule=Identity(1e-12, QUADRATURE)
)
def b1_corrected(r: Result) -> Estimate:
    r"""With the usual erf and without the factor: $P(|\mathcal N(0,s^2)| \le c) = \mathrm{erf}(c/\sqrt2 s)$.

    Measured: the largest difference from quadrature of the normal density, c in (0, 4).
    """
    return stats.exact(r["b1_corrected"][0])


@stated(
    item="Lemma B.1, bound, corrected",
    paper="half of the printed bound",
    mark="D",
    author=Author.correction,
    rule=Positive(),
)
def b1_bound(r: Result) -> Estimate:
    r"""The bound holds without its factor 2 as well: $\mathrm{erf}(c/\sqrt2 s) \le \sqrt{1 - \exp(-2c^2/\pi s^2)}$.

    Measured: the smallest slack over c in (0, 4).
    """
    return stats.exact(r["b1_bound_slack"][0])


def violations(
    name: str, item: str, statement: str, conditions: tuple[Condition, ...], author: Author, note: str = ""
) -> Claim:
    """A bound that may fail with probability delta = 0.1, judged by the share of independent draws that violate it."""

    @claim(
        name=name,
        item=item,
        statement=statement,
        measured="share of independent draws of the figure's setting that violate it",
        paper=r"fails in at most $\delta = 0.1$",
        author=author,
        on="concentration",
        rule=AtMost(0.1, PAPER),
        quantifier=Quantifier.probability,
        match=Match.exact,
        conditions=conditions,
        note=note,
    )
    def violated(r: Result) -> Estimate:
        """Whether any part of the bound is violated, one draw a seed."""
        return stats.proportion(r[name] > 0)

    return violated


DIMENSION = Condition(
    r"$d$ against $4\log(6n^2/\delta)$", lambda r: r.config.d, AtLeast(54)
)  # cross products below half a norm

CONCENTRATION = (
    violations(
        "b3",
        "Lemma B.3",
        r"Class sizes: $\big||S_\pm| - n/2\big| \le \sqrt{\tfrac n2\log\tfrac4\delta}$ with probability at least "
        r"$1-\delta$.",
        (),
        Author.paper,
    ),
    violations(
        "b4",
        "Beside Lemma B.4, with recalled constants",
        r"Noise is nearly orthogonal: $\|\xi_i\|^2 \in [\tfrac12,\tfrac32]\sigma_\xi^2 d$, "
        r"$|\langle\xi_i,\xi_j\rangle| \le 2\sigma_\xi^2\sqrt{d\log(6n^2/\delta)}$, "
        r"$|\langle\xi_i,\mu\rangle| \le \|\mu\|\sigma_\xi\sqrt{2\log(6n/\delta)}$.",
        (DIMENSION,),
        Author.ours,
        UPSTREAM,
    ),
    violations(
        "b5",
        "Beside Lemma B.5, with recalled constants",
        r"Initial inner products: $|\langle w_r,\mu\rangle| \le \sqrt{2\log(8m/\delta)}\,\sigma_0\|\mu\|$, "
        r"$|\langle w_r,\xi_i\rangle| \le 2\sqrt{\log(8mn/\delta)}\,\sigma_0\sigma_\xi\sqrt d$, and some neuron has at "
        "least a half, respectively a quarter, of the scale.",
        (DIMENSION,),
        Author.ours,
        UPSTREAM,
    ),
)
