"""Our design: rendered shapes with captions (5.8). The paper's own real data are unknown to us.

The thresholds come from a pilot with another renderer, so they were set with results in view.
"""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.data.shapes import ATTRIBUTES
from mmcl_core.evidence.claim import Claim, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Between, Positive, Rule, Within, after, standard
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.ren2023.claims.measures import end, geometric, rise
from mmcl_core.stats import Estimate

ITEM = "Our design: shapes with captions"
PILOT = after("from a pilot with another renderer")
BRIGHTNESS = list(ATTRIBUTES).index("background")


def on_shapes(name: str, statement: str, measured: str, rule: Rule = Positive(), note: str = "", **more):
    """A claim on held-out shapes, on average over seeds."""
    return claim(
        item=ITEM,
        on="captioned_shapes",
        rule=rule,
        quantifier=Quantifier.mean,
        author=Author.ours,
        name=f"shapes_{name}",
        statement=statement,
        measured=measured,
        note=note,
        **more,
    )


def _of(
    tower: str, label: str, balanced: float, declared: dict[str, Verdict], notes: dict[str, str]
) -> tuple[Claim, ...]:
    """What holds for both kinds of image towers; `balanced` bounds kappa_10 at the end of contrastive training."""

    @on_shapes(
        f"{tower}_first_stage",
        r"Under the contrastive loss the image features first become worse conditioned, more than three times as badly "
        f"as at the start ({label}): the first stage.",
        r"$\kappa_{10}$ where the other seeds peak over $\kappa_{10}$ at step 0, geometric mean over seeds",
        Between(3, 30, after("3 is a pilot's bound; the upper end, a decade above, was added with results in view")),
        declared=declared.get("first_stage"),
    )
    def rises(r: Result) -> Estimate:
        return geometric(rise(r[f"{tower}_c_kappa10"]))

    @on_shapes(
        f"{tower}_balance",
        rf"The contrastive loss ends well conditioned ({label}): $\kappa_{{10}}$ of image features is small again.",
        r"$\kappa_{10}$ of held-out image features at the end, contrastive, mean over seeds",
        AtMost(balanced, PILOT, ideal=1),
    )
    def balances(r: Result) -> Estimate:
        return stats.mean(end(r, f"{tower}_c_kappa10"))

    @on_shapes(
        f"{tower}_noncontrastive",
        f"The non-contrastive loss ends badly conditioned ({label}).",
        r"$\kappa_{10}$ of held-out image features at the end, non-contrastive, geometric mean over seeds",
        Between(30, 300, after("30 is a pilot's bound; the upper end, a decade above, was added with results in view")),
    )
    def collapses(r: Result) -> Estimate:
        return geometric(np.log(end(r, f"{tower}_nc_kappa10")))

    @on_shapes(
        f"{tower}_zero_shot",
        f"The contrastive loss buys zero-shot accuracy ({label}): on average over the seven attributes its towers are "
        "better by more than 20 points.",
        "paired difference of zero-shot accuracy, mean of seven attributes, contrastive minus non-contrastive",
        AtLeast(0.2, PILOT),
    )
    def reads(r: Result) -> Estimate:
        return stats.mean((r[f"{tower}_c_zero_shot"] - r[f"{tower}_nc_zero_shot"]).mean(1))

    @on_shapes(
        f"{tower}_rank",
        f"Its image features keep more directions ({label}).",
        "paired difference of effective rank at the end, contrastive minus non-contrastive",
    )
    def keeps(r: Result) -> Estimate:
        return stats.mean(end(r, f"{tower}_c_rank") - end(r, f"{tower}_nc_rank"))

    @on_shapes(
        f"{tower}_retrieval",
        f"And they find their own caption more often ({label}).",
        "paired difference of retrieval at 1 of 200, contrastive minus non-contrastive",
    )
    def retrieves(r: Result) -> Estimate:
        return stats.mean(r[f"{tower}_c_retrieval"] - r[f"{tower}_nc_retrieval"])

    @on_shapes(
        f"{tower}_brightness",
        f"What the non-contrastive loss learns is the brightness of the background ({label}): it reads that word "
        "without an error worth naming.",
        "zero-shot accuracy of the background, non-contrastive, mean over seeds",
        AtLeast(0.99, standard("one per cent of the ideal accuracy"), ideal=1),
        note=notes.get("brightness", ""),
        declared=declared.get("brightness"),
    )
    def sees_brightness(r: Result) -> Estimate:
        return stats.mean(r[f"{tower}_nc_zero_shot"][:, BRIGHTNESS])

    @on_shapes(
        f"{tower}_little_else",
        f"And little else ({label}): on average over the six other attributes it stays within ten points of chance.",
        "zero-shot accuracy minus chance, mean of six attributes, non-contrastive, mean over seeds",
        Within(0, absolute=0.1, basis=standard("ten points, a conventional margin")),
        note=notes.get("little_else", ""),
        declared=declared.get("little_else"),
    )
    def sees_nothing_else(r: Result) -> Estimate:
        chance = np.array([1 / len(words) for words in ATTRIBUTES.values()])
        return stats.mean(np.delete(r[f"{tower}_nc_zero_shot"] - chance, BRIGHTNESS, 1).mean(1))

    return rises, balances, collapses, reads, keeps, retrieves, sees_brightness, sees_nothing_else


LINEAR = _of("linear", "linear towers", 3.0, {}, {})
DEEP = _of(
    "mlp",
    "one hidden layer",
    2.2,
    {"brightness": Verdict.undecided, "little_else": Verdict.undecided},
    {
        "brightness": "Expected and not settled: some seeds read it without an error and others do not, so that the "
        "interval contains 0.99.",
        "little_else": "Expected, and not so in the mean: behind a hidden layer other attributes have large canonical "
        "correlations too, and some of them are kept.",
    },
)


@on_shapes(
    "mlp_every_attribute",
    "And it buys some for every attribute (one hidden layer), also for the one that it helps least.",
    "paired difference of zero-shot accuracy, smallest of seven attributes in each seed, mean over seeds",
    note="The attribute of the largest pixel variance, the brightness of the background, is what the non-contrastive "
    "loss learns as well: little is left to gain there.",
    declared=Verdict.undecided,
)
def shapes_mlp_every_attribute(r):
    """The smallest of several is biased downwards, against the statement."""
    return stats.mean((r["mlp_c_zero_shot"] - r["mlp_nc_zero_shot"]).min(1))
