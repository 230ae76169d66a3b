"""Beyond the paper, whose real-data setting is unknown: halves of digits, rendered shapes with captions, icons with names.

For the shapes, the thresholds were fixed from an independent prototype with another renderer before this code was run. For the digits the
prototype gave numbers without thresholds (467 and 1.28 for kappa_5, 1.03 for the effective rank, .966 and .566 for the probe);
the bounds here are round numbers between the two losses. The icons had no prototype: their bounds are round numbers set after a first run.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Claim, Kind, Positive, Rule, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

DIGITS, SHAPES, ICONS = "ren2023.digit_halves", "ren2023.captioned_shapes", "ren2023.icons"


def end(name: str) -> Callable[[Result], Estimate]:
    return lambda r: stats.mean(r[name][:, -1])


def rise(kappa: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "S"]:
    """The largest value of a run over its first."""
    return kappa.max(1) / kappa[:, 0]


def claim(
    name: str,
    experiment: str,
    item: str,
    statement: str,
    value: str,
    measures: str,
    estimate: Callable[[Result], Estimate],
    rule: Rule,
    trend: Rule | None = None,
    declared: Verdict = Verdict.reproduced,
    note: str = "",
) -> Claim:
    return Claim(
        f"ren2023.{name}",
        item,
        statement,
        value,
        "D",
        (experiment,),
        measures,
        estimate,
        rule,
        trend=trend,
        declared=declared,
        kind=Kind.beyond,
        note=note,
    )


def on_digits(name: str, *rest: object, **more: object) -> Claim:
    return claim(f"digits_{name}", DIGITS, "Beyond: halves of digits", *rest, **more)


def on_shapes(name: str, *rest: object, **more: object) -> Claim:
    return claim(f"shapes_{name}", SHAPES, "Beyond: shapes with captions", *rest, **more)


def on_icons(name: str, *rest: object, **more: object) -> Claim:
    return claim(f"icons_{name}", ICONS, "Beyond: icons with names", *rest, **more)


def shapes_end(tower: str, label: str, bound: float, value: str) -> Claim:
    return on_shapes(
        f"{tower}_balance",
        rf"The contrastive loss ends well conditioned ({label}): $\kappa_{{10}}$ of image features is small again.",
        value,
        "kappa_10 of held-out image features at the end, contrastive, mean over seeds",
        end(f"{tower}_c_kappa10"),
        AtMost(bound),
    )


def shapes_rise(tower: str, label: str, value: str) -> Claim:
    return on_shapes(
        f"{tower}_first_stage",
        rf"Before that, it becomes more than three times as badly conditioned as at the start ({label}): the first stage.",
        value,
        "largest kappa_10 over the one at step 0, contrastive, mean over seeds",
        lambda r: stats.mean(rise(r[f"{tower}_c_kappa10"])),
        AtLeast(3),
    )


def shapes_collapse(tower: str, label: str, value: str) -> Claim:
    return on_shapes(
        f"{tower}_noncontrastive",
        rf"The non-contrastive loss ends badly conditioned ({label}).",
        value,
        "kappa_10 of held-out image features at the end, non-contrastive, mean over seeds",
        end(f"{tower}_nc_kappa10"),
        AtLeast(30),
    )


def shapes_gap(tower: str, label: str, value: str) -> Claim:
    return on_shapes(
        f"{tower}_zero_shot",
        f"The contrastive loss buys zero-shot accuracy ({label}): on average over the seven attributes its towers are better by more than 20 points.",
        value,
        "paired difference of zero-shot accuracy, mean of seven attributes, contrastive minus non-contrastive",
        lambda r: stats.mean((r[f"{tower}_c_zero_shot"] - r[f"{tower}_nc_zero_shot"]).mean(1)),
        AtLeast(0.2),
    )


CLAIMS = (
    on_digits(
        "noncontrastive",
        r"On halves of digits the non-contrastive loss does not stop at a plateau: $\kappa_5$ of linear towers grows to hundreds.",
        "467 +- 41 after 4,000 steps (prototype)",
        "kappa_5 of held-out features at the end, linear towers, mean over seeds",
        end("linear_nc_kappa5"),
        AtLeast(100),
        note="The canonical correlations of these views differ and are below 1, which breaks the tie that the paper's plateau rests on. "
        "It has not stopped growing after 4,000 steps, so the number depends on when one stops, and it spreads widely over seeds.",
    ),
    on_digits(
        "collapse",
        "What it keeps is one direction: the effective rank of its features falls to 1.",
        "1.03 (prototype)",
        "effective rank of held-out features at the end, linear towers, non-contrastive, mean over seeds",
        end("linear_nc_rank"),
        AtMost(1.1),
    ),
    on_digits(
        "balance",
        r"The contrastive loss at $\tau^2=5$ ends with $\kappa_5$ near 1 on the same data.",
        "1.28 +- 0.02 (prototype)",
        "kappa_5 of held-out features at the end, linear towers, contrastive, mean over seeds",
        end("linear_tau2_5_kappa5"),
        AtMost(1.5),
    ),
    on_digits(
        "temperature",
        r"Temperature decides how many canonical directions are kept: at $\tau^2=1$, $\kappa_{10}$ is more than ten times that at $\tau^2=5$.",
        "106 against 1.88 (prototype)",
        "ratio of kappa_10 at the end, tau^2 = 1 over tau^2 = 5, linear towers, mean over seeds",
        lambda r: stats.mean(r["linear_tau2_1_kappa10"][:, -1] / r["linear_tau2_5_kappa10"][:, -1]),
        AtLeast(10),
    ),
    on_digits(
        "no_first_stage",
        r"Digits hardly show the first stage: under the contrastive loss $\kappa_5$ rises by less than half.",
        "2.11 to 2.19 (prototype)",
        "largest kappa_5 over the one at step 0, linear towers, tau^2 = 5, mean over seeds",
        lambda r: stats.mean(rise(r["linear_tau2_5_kappa5"])),
        AtMost(1.5),
        trend=AtMost(3),
        declared=Verdict.trend_only,
        note="The rise is larger here than in the prototype, but it is over after the very first steps of size 2 and stays far below that of the shapes. "
        "How far one such step overshoots depends on the initial weights and the batch.",
    ),
    on_digits(
        "probe",
        "A linear probe of the digit is much better on contrastive features than on non-contrastive ones.",
        "0.966 against 0.566 (prototype)",
        "paired difference of probe accuracy, tau^2 = 5 minus non-contrastive, linear towers",
        lambda r: stats.mean(r["linear_tau2_5_probe"] - r["linear_nc_probe"]),
        AtLeast(0.2),
        trend=Positive(),
    ),
    shapes_rise("linear", "linear towers", "5.73 to 31.2 (prototype); more than 3"),
    shapes_rise("mlp", "one hidden layer", "4.35 to 49.6 (prototype); more than 3"),
    shapes_end("linear", "linear towers", 3.0, "2.17 +- 0.07 (prototype); below 3"),
    shapes_end("mlp", "one hidden layer", 2.2, "1.62 +- 0.13 (prototype); below 2.2"),
    shapes_collapse("linear", "linear towers", "89.6 +- 4.9 (prototype); above 30"),
    shapes_collapse("mlp", "one hidden layer", "52.4 +- 8.2 (prototype); above 30"),
    shapes_gap("linear", "linear towers", "0.848 against 0.516 (prototype); gap above 0.2"),
    shapes_gap("mlp", "one hidden layer", "0.964 against 0.662 (prototype); gap above 0.2"),
    on_shapes(
        "mlp_every_attribute",
        "And it buys some for every attribute (one hidden layer), also for the one that it helps least.",
        "not in the paper",
        "paired difference of zero-shot accuracy, smallest of seven attributes in each seed, contrastive minus non-contrastive",
        lambda r: stats.mean((r["mlp_c_zero_shot"] - r["mlp_nc_zero_shot"]).min(1)),
        Positive(),
        declared=Verdict.not_reproduced,
        note="Likely because the attribute of the largest pixel variance, the brightness of the background, is what the non-contrastive loss learns as well: little is left to gain there.",
    ),
    on_icons(
        "first_stage",
        r"On genuine icon-name pairs both stages are there as well: under the contrastive loss $\kappa_{16}$ first more than doubles ...",
        "not in the paper",
        "largest kappa_16 over the one at step 0, contrastive, mean over seeds",
        lambda r: stats.mean(rise(r["c_kappa16"])),
        AtLeast(2),
    ),
    on_icons(
        "balance",
        r"... and then falls below its initial value.",
        "not in the paper",
        "paired difference of kappa_16, step 0 minus end, contrastive",
        lambda r: stats.mean(r["c_kappa16"][:, 0] - r["c_kappa16"][:, -1]),
        Positive(),
    ),
    on_icons(
        "noncontrastive",
        r"The non-contrastive loss ends with $\kappa_{16}$ at least ten times that of the contrastive loss.",
        "not in the paper",
        "ratio of kappa_16 at the end, non-contrastive over contrastive, mean over seeds",
        lambda r: stats.mean(r["nc_kappa16"][:, -1] / r["c_kappa16"][:, -1]),
        AtLeast(10),
    ),
    on_icons(
        "retrieval",
        "And its features find the name of a held-out icon less often.",
        "not in the paper",
        "paired difference of retrieval at 1 among all held-out names, contrastive minus non-contrastive",
        lambda r: stats.mean(r["c_retrieval_all"] - r["nc_retrieval_all"]),
        Positive(),
        note="The split is random, so a held-out icon has near twins in training: the number compares two losses and measures no open vocabulary.",
    ),
)
