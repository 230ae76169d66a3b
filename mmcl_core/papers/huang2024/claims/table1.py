"""Table 1, ColoredMNIST: the paper's four numbers and their gap."""

from __future__ import annotations

from mmcl_core import stats
from mmcl_core.evidence.claim import Claim, Match, Quantifier, claim
from mmcl_core.evidence.rules import Positive, Rule, Within, after
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

ONE_TENTH = after(
    "one tolerance for all four numbers, .10: at 2,000 digits in place of 60,000 and with a network of our own nothing "
    "finer can be asked for; set with .86, .76, .80 and .15 in view"
)


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
        Within(0.8777, absolute=0.1, basis=ONE_TENTH),
    ),
    printed(
        "table1_multi_test",
        "multi-modal, test",
        0.8213,
        "Under reversed colours it is still 82.13 %.",
        "zero-shot accuracy under reversed colours",
        "multi_zero_shot_test",
        Within(0.8213, absolute=0.1, basis=ONE_TENTH),
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
        Within(0.8843, absolute=0.1, basis=ONE_TENTH),
        note="Reading the colour alone gives 77.5 %. What lies above that is shape, or noisy labels that a probe has "
        "learnt by heart; the paper does not say what its probe was fitted on.",
    ),
    printed(
        "table1_single_test",
        "single-modal, test",
        0.1268,
        "Under reversed colours the single-modal accuracy falls to 12.68 %.",
        "linear probe on h under reversed colours",
        "single_probe_h_test",
        Within(0.1268, absolute=0.1, basis=ONE_TENTH),
        note="Read this as a range, not as a match: more digits, milder views or another layer move the number widely "
        "(see the controls). It has not been measured at tier paper.",
    ),
)


@claim(
    item="Table 1, gap",
    paper="0.6945",
    on="colored_mnist",
    rule=Within(0.6945, absolute=0.1, basis=ONE_TENTH),
    quantifier=Quantifier.mean,
    match=Match.reconstructed,
    declared=Verdict.undecided,
)
def table1_gap(r: Result) -> Estimate:
    """Under reversed colours two modalities are 69 points better than one.

    Measured: multi-modal zero-shot minus single-modal probe on h, reversed colours, paired over seeds.
    Note: At 2,000 digits the interval reaches beyond the tolerance; the order of the two needs none.
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
