"""Table 1, ColoredMNIST: the paper's four numbers and their gap, and what they rest on."""

from __future__ import annotations

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, Rule, Within, after, before
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

PILOT = after(
    "a pilot by other code with 2,000 digits was in view: multi .864 and .754 +- .030, single .800 and .123 +- .018"
)
CHOSEN = after(
    "2,000 digits and the probe on h were chosen because a pilot with them came near the paper's number; other choices "
    "gave .03 to .51"
)
CONTROL = after("a pilot was in view, in which the difference was far above this")


def printed(
    name: str, item: str, paper: float, statement: str, measured: str, array: str, rule: Rule, **given
) -> Claim:
    """One of the table's numbers: the mean over seeds of an accuracy."""

    @claim(
        name=name,
        item=f"Table 1, {item}",
        statement=statement,
        measured=f"{measured}, mean over seeds",
        paper=f"{paper}",
        on="colored_mnist",
        rule=rule,
        quantifier=Quantifier.mean,
        match=Match.reconstructed,
        **given,
    )
    def accuracy(r: Result) -> Estimate:
        """The accuracy of a read-out, one value a seed."""
        return stats.mean(r[array])

    return accuracy


NUMBERS = (
    printed(
        "table1_multi_train",
        "multi-modal, train",
        0.8777,
        "Multi-modal zero-shot accuracy on the training colours is 87.77 %.",
        "zero-shot accuracy on the training set (noisy labels)",
        "multi_zero_shot_train",
        Within(0.8777, absolute=0.04, basis=PILOT),
    ),
    printed(
        "table1_multi_test",
        "multi-modal, test",
        0.8213,
        "Under reversed colours it is still 82.13 %.",
        "zero-shot accuracy under reversed colours",
        "multi_zero_shot_test",
        Within(0.8213, absolute=0.1, basis=PILOT),
        declared=Verdict.undecided,
        note="The tolerance allows for 2,000 training digits instead of 60,000; the interval reaches beyond it.",
    ),
    printed(
        "table1_single_train",
        "single-modal, train",
        0.8843,
        "Single-modal accuracy on the training colours is 88.43 %.",
        "linear probe on h, training set (noisy labels)",
        "single_probe_h_train",
        Within(0.8843, absolute=0.03, basis=PILOT),
        declared=Verdict.not_reproduced,
        note="Reading the colour alone gives 77.5 %. An encoder that reaches 88 % in training reads shape as well, and "
        "then does not fall to 12.7 % under reversed colours in any setting we tried; the paper does not say what its "
        "probe was fitted on.",
    ),
    printed(
        "table1_single_test",
        "single-modal, test",
        0.1268,
        "Under reversed colours the single-modal accuracy falls to 12.68 %.",
        "linear probe on h under reversed colours",
        "single_probe_h_test",
        Within(0.1268, absolute=0.06, basis=CHOSEN),
        declared=Verdict.undecided,
        note="Read this as a range, not as a match: more digits, milder views or another layer move the number widely "
        "(see the controls). It has not been measured at tier paper.",
    ),
)


@claim(
    item="Table 1, gap",
    paper="0.6945",
    on="colored_mnist",
    rule=Within(0.6945, absolute=0.12, basis=CHOSEN),
    quantifier=Quantifier.mean,
    match=Match.reconstructed,
    declared=Verdict.undecided,
)
def table1_gap(r: Result) -> Estimate:
    """Under reversed colours two modalities are 69 points better than one.

    Measured: multi-modal zero-shot minus single-modal probe on h, reversed colours, paired over seeds.
    """
    return stats.mean(r["multi_zero_shot_test"] - r["single_probe_h_test"])


@claim(
    item="Table 1, order",
    paper="0.8213 against 0.1268",
    on="colored_mnist",
    rule=Positive(),
    quantifier=Quantifier.mean,
    match=Match.reconstructed,
)
def table1_order(r: Result) -> Estimate:
    """Under reversed colours two modalities are better than one.

    Measured: multi-modal zero-shot minus single-modal probe on h, reversed colours, paired over seeds.
    Note: The ordering needs no chosen tolerance; the controls say what it rests on.
    """
    return stats.mean(r["multi_zero_shot_test"] - r["single_probe_h_test"])


@claim(
    item="Beyond Table 1: which layer",
    author=Author.ours,
    on="colored_mnist",
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def table1_layer(r: Result) -> Estimate:
    """The single-modal number depends on the layer that is probed: behind the projection head less than before it
    survives the reversal.

    Measured: accuracy under reversed colours, probe on h minus probe on z, paired over seeds.
    """
    return stats.mean(r["single_probe_h_test"] - r["single_probe_z_test"])


@claim(
    item="Beyond Table 1: which layer",
    author=Author.ours,
    on="colored_mnist",
    rule=AtLeast(0.9, after("set when an earlier run had shown .94 and more")),
    quantifier=Quantifier.mean,
)
def table1_projection(r: Result) -> Estimate:
    """Behind the projection head hardly anything but the colour is left: the probe on z names the colour of nine test
    images in ten.

    Measured: share of reversed-colour images for which the single-modal probe on z names the colour, mean over seeds.
    """
    return stats.mean(r["single_probe_z_follows_colour"])


@claim(
    item="Beyond Table 1: augmentation",
    author=Author.ours,
    on="colored_controls",
    rule=AtLeast(0.3, CONTROL),
    quantifier=Quantifier.mean,
)
def table1_recolouring(r: Result) -> Estimate:
    """The gap needs views that keep the colour: when they change it at random, the single-modal encoder becomes robust
    as well.

    Measured: probe on z under reversed colours, mild views with recolouring minus the same views without, paired over
    seeds.
    """
    return stats.mean(r["recoloured_probe_z_test"] - r["mild_probe_z_test"])


@claim(
    item="Beyond Table 1: read-out",
    author=Author.ours,
    on="colored_mnist",
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def table1_read_out(r: Result) -> Estimate:
    """The gap needs the zero-shot read-out: a linear probe on the same multi-modal features uses the colour again.

    Measured: accuracy under reversed colours, zero-shot minus linear probe on h, paired over seeds.
    """
    return stats.mean(r["multi_zero_shot_test"] - r["multi_probe_h_test"])


@claim(
    item="Beyond Table 1: captions",
    author=Author.ours,
    on=("colored_mnist", "colored_controls"),
    rule=AtLeast(0.2, CONTROL),
    quantifier=Quantifier.mean,
)
def table1_captions(main: Result, controls: Result) -> Estimate:
    """The gap needs captions that contain the label, which is supervision: with captions that name only the colour, the
    probe falls by more than 20 points.

    Measured: linear probe on h under reversed colours, full captions minus colour-only captions, paired over seeds.
    """
    return stats.mean(main["multi_probe_h_test"] - controls["colour_probe_h_test"])


@claim(
    item="Beyond Table 1: captions",
    author=Author.ours,
    on="colored_controls",
    rule=AtMost(0.2, before("twice the accuracy of a guess")),
    quantifier=Quantifier.mean,
    declared=Verdict.undecided,
)
def table1_colour_captions(r: Result) -> Estimate:
    """With captions that name only the colour nothing robust is learnt: the probe's accuracy under reversed colours is
    at most twice that of a guess, 0.2.

    Measured: linear probe on h under reversed colours, colour-only captions, mean over seeds.
    Note: Some shape is left: features that were only asked for the colour still let a linear probe read more than a
    guess, likely because convolutions carry shape along. Over three seeds it was more than 0.2, over five it is open.
    """
    return stats.mean(r["colour_probe_h_test"])
