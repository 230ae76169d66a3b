"""Our design: the left and the right half of a digit as two views (5.7). The paper's own real data are unknown."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, Rule, after
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.ren2023.claims.measures import end, geometric, growth, rise
from mmcl_core.stats import Estimate

ITEM = "Our design: halves of digits"
TOWERS = {"linear": "linear towers", "mlp": "one hidden layer"}


def on_digits(name: str, statement: str, measured: str, rule: Rule = Positive(), note: str = "", **more):
    """A claim on the held-out halves of digits, on average over seeds."""
    return claim(
        item=ITEM,
        on="digit_halves",
        rule=rule,
        quantifier=Quantifier.mean,
        author=Author.ours,
        name=f"digits_{name}",
        statement=statement,
        measured=measured,
        note=note,
        **more,
    )


def _of(tower: str, label: str) -> tuple[Claim, ...]:
    """What holds for both kinds of towers."""
    prefix = "" if tower == "linear" else "mlp_"

    @on_digits(
        f"{prefix}noncontrastive",
        rf"On halves of digits the non-contrastive loss does not stop at a plateau ({label}): $\kappa_5$ still grows "
        "in the second half of training.",
        r"log of $\kappa_5$ of held-out features at the end over $\kappa_5$ half-way, mean over seeds",
        note="The canonical correlations of these views differ and are below 1, which breaks the tie that the plateau "
        "of the theory rests on. So the number depends on when one stops.",
    )
    def grows(r: Result) -> Estimate:
        return stats.mean(growth(r, f"{tower}_nc_kappa5", 0.5))

    @on_digits(
        f"{prefix}collapse",
        f"What it keeps is one direction ({label}): the effective rank of its features falls to 1.",
        "effective rank of held-out features at the end, non-contrastive, mean over seeds",
        AtMost(1.1, after("a pilot had shown 1.03 and 1.015; ten per cent is allowed"), ideal=1),
    )
    def collapses(r: Result) -> Estimate:
        return stats.mean(end(r, f"{tower}_nc_rank"))

    @on_digits(
        f"{prefix}balance",
        rf"The contrastive loss at $\tau^2=5$ ends better conditioned than it started ({label}).",
        r"log of $\kappa_5$ of held-out features at step 0 over that at the end, mean over seeds",
    )
    def balances(r: Result) -> Estimate:
        return stats.mean(-growth(r, f"{tower}_c_kappa5"))

    @on_digits(
        f"{prefix}probe",
        f"A linear probe of the digit is better on contrastive features than on non-contrastive ones ({label}).",
        r"paired difference of probe accuracy, $\tau^2 = 5$ minus non-contrastive, mean over seeds",
    )
    def probes(r: Result) -> Estimate:
        return stats.mean(r[f"{tower}_c_probe"] - r[f"{tower}_nc_probe"])

    @on_digits(
        f"{prefix}retrieval",
        f"And the other half of a digit is found more often ({label}).",
        r"paired difference of retrieval at 1 of 100, $\tau^2 = 5$ minus non-contrastive, mean over seeds",
    )
    def retrieves(r: Result) -> Estimate:
        return stats.mean(r[f"{tower}_c_retrieval"] - r[f"{tower}_nc_retrieval"])

    return grows, collapses, balances, probes, retrieves


BOTH = tuple(made for tower, label in TOWERS.items() for made in _of(tower, label))


@on_digits(
    "temperature",
    r"Temperature decides how many canonical directions are kept: at $\tau^2=1$, $\kappa_{10}$ is more than ten times "
    r"that at $\tau^2=5$.",
    r"$\kappa_{10}$ at the end at $\tau^2 = 1$ over that at $\tau^2 = 5$, linear towers, geometric mean over seeds",
    AtLeast(10, after("a pilot had shown 106 against 1.88; a round number between")),
)
def digits_temperature(r):
    """Paired by seed."""
    return geometric(np.log(end(r, "linear_c_small_kappa10") / end(r, "linear_c_kappa10")))


@on_digits(
    "no_first_stage",
    r"Digits hardly show the first stage: under the contrastive loss $\kappa_5$ rises by less than half.",
    r"$\kappa_5$ where the other seeds peak over $\kappa_5$ at step 0, linear towers, $\tau^2 = 5$, geometric mean",
    AtMost(1.5, after("a pilot had shown a rise from 2.11 to 2.19; a round number above it"), ideal=1),
    note="How far one of the very first steps of size 2 overshoots depends on the initial weights and the batch.",
    declared=Verdict.does_not_hold,
)
def digits_no_first_stage(r):
    """The peak's step is taken from the other seeds."""
    return geometric(rise(r["linear_c_kappa5"]))
