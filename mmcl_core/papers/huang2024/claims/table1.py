"""Table 1, ColoredMNIST. Tolerances were fixed from an independent prototype's spread before this code was run:
0.754 +- 0.030 (multi, n = 2000), 0.123 +- 0.018 (single, n = 2000), and a wider one where n differs from the paper's 60,000."""

from __future__ import annotations

from collections.abc import Callable

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Claim, Kind, Positive, Verdict, Within
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

MAIN, CONTROLS, SAMPLES = "huang2024.colored_mnist", "huang2024.colored_controls", "huang2024.colored_samples"


def average(name: str) -> Callable[[Result], Estimate]:
    return lambda r: stats.mean(r[name])


def difference(one: str, other: str) -> Callable[[Result], Estimate]:
    """Paired over seeds: both runs see the same digits, labels and colours."""
    return lambda r: stats.mean(r[one] - r[other])


CLAIMS = (
    Claim(
        "huang2024.table1_multi_train",
        "Table 1, multi-modal, train",
        "Multi-modal zero-shot accuracy on the training colours is 87.77 %.",
        "0.8777",
        "S",
        (MAIN,),
        "zero-shot accuracy on the training set (noisy labels), mean over seeds",
        average("multi_zero_shot_train"),
        Within(0.8777, absolute=0.04),
    ),
    Claim(
        "huang2024.table1_multi_test",
        "Table 1, multi-modal, test",
        "Under reversed colours it is still 82.13 %.",
        "0.8213",
        "S",
        (MAIN,),
        "zero-shot accuracy under reversed colours, mean over seeds",
        average("multi_zero_shot_test"),
        Within(0.8213, absolute=0.1),
        note="The tolerance allows for 2,000 training digits instead of 60,000; more digits raise the number.",
    ),
    Claim(
        "huang2024.table1_single_train",
        "Table 1, single-modal, train",
        "Single-modal accuracy on the training colours is 88.43 %.",
        "0.8843",
        "S",
        (MAIN,),
        "linear probe on h, training set (noisy labels), mean over seeds",
        average("single_probe_h_train"),
        Within(0.8843, absolute=0.03),
        declared=Verdict.not_reproduced,
        note="Reading the colour alone gives 77.5 %. An encoder that reaches 88 % in training reads shape as well, and then does not fall to 12.7 % "
        "under reversed colours in any setting we tried; the paper does not say what its probe was fitted on.",
    ),
    Claim(
        "huang2024.table1_single_test",
        "Table 1, single-modal, test",
        "Under reversed colours the single-modal accuracy falls to 12.68 %.",
        "0.1268",
        "S",
        (MAIN,),
        "linear probe on h under reversed colours, mean over seeds",
        average("single_probe_h_test"),
        Within(0.1268, absolute=0.06),
        note="Read this as a range, not as a match: more digits, milder views or another layer move the number widely (see the controls), "
        "and 2,000 digits with the probe on h is the choice that lies near the paper's. It has not been measured at tier paper.",
    ),
    Claim(
        "huang2024.table1_gap",
        "Table 1, gap",
        "Under reversed colours two modalities are 69 points better than one.",
        "0.6945",
        "S",
        (MAIN,),
        "paired difference, multi-modal zero-shot minus single-modal probe on h, reversed colours",
        difference("multi_zero_shot_test", "single_probe_h_test"),
        Within(0.6945, absolute=0.12),
        trend=Positive(),
        note="Should the size miss on another machine, the ordering over paired seeds is what is left.",
    ),
    Claim(
        "huang2024.table1_layer",
        "Beyond Table 1: which layer",
        "The single-modal number depends on the layer that is probed: behind the projection head less than before it survives the reversal.",
        "layer not given",
        "D",
        (MAIN,),
        "paired difference of reversed-colour accuracy, probe on h minus probe on z",
        difference("single_probe_h_test", "single_probe_z_test"),
        Positive(),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.table1_projection",
        "Beyond Table 1: which layer",
        "Behind the projection head hardly anything but the colour is left: the probe on z names the colour of nine test images in ten.",
        "layer not given",
        "D",
        (MAIN,),
        "share of reversed-colour images for which the single-modal probe on z names the colour, mean over seeds",
        average("single_probe_z_follows_colour"),
        AtLeast(0.9),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.table1_recolouring",
        "Beyond Table 1: augmentation",
        "The gap needs views that keep the colour: when they change it at random, the single-modal encoder becomes robust as well.",
        "not in the paper",
        "D",
        (MAIN, CONTROLS),
        "paired difference of the probe on z under reversed colours, recolouring views minus Table 1's views",
        lambda main, controls: stats.mean(controls["recoloured_probe_z_test"] - main["single_probe_z_test"]),
        AtLeast(0.3),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.table1_read_out",
        "Beyond Table 1: read-out",
        "The gap needs the zero-shot read-out: a linear probe on the same multi-modal features uses the colour again.",
        "not in the paper",
        "D",
        (MAIN,),
        "paired difference under reversed colours, zero-shot minus linear probe on h",
        difference("multi_zero_shot_test", "multi_probe_h_test"),
        Positive(),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.table1_captions",
        "Beyond Table 1: captions",
        "The gap needs captions that contain the label, which is supervision: with captions that name only the colour, the probe falls by more than 20 points.",
        "not in the paper",
        "D",
        (MAIN, CONTROLS),
        "paired difference of the linear probe on h under reversed colours, full captions minus colour-only captions",
        lambda main, controls: stats.mean(main["multi_probe_h_test"] - controls["colour_probe_h_test"]),
        AtLeast(0.2),
        kind=Kind.beyond,
    ),
    Claim(
        "huang2024.table1_colour_captions",
        "Beyond Table 1: captions",
        "With captions that name only the colour nothing robust is learnt: the probe's accuracy under reversed colours is at most twice that of a guess, 0.2.",
        "not in the paper",
        "D",
        (CONTROLS,),
        "linear probe on h under reversed colours, colour-only captions, mean over seeds",
        average("colour_probe_h_test"),
        AtMost(0.2),
        declared=Verdict.not_reproduced,
        kind=Kind.beyond,
        note="The bound was fixed before the number was seen. Some shape is left: features that were only asked for the colour still let a linear probe read more than a guess, "
        "likely because convolutions carry shape along.",
    ),
    *(
        Claim(
            f"huang2024.table1_{name}",
            f"Table 1, data: {item}",
            statement,
            f"{value}",
            mark,
            (SAMPLES,),
            measures,
            average(array),
            Within(value, absolute=tolerance),
            kind=kind,
            minimum_tier=Tier.book,
        )
        for name, item, mark, kind, statement, value, tolerance, array, measures in (
            # Tolerances are about three standard errors of 3 x 2000 draws.
            (
                "colour_train",
                "colour in training",
                "S",
                Kind.paper,
                "Reading the colour alone is right on 77.5 % of the training labels.",
                0.775,
                0.02,
                "train_colour_accuracy",
                "share of training images whose colour is their label's",
            ),
            (
                "colour_test",
                "colour under reversal",
                "D",
                Kind.beyond,
                r"Reading the colour alone is right on $0.225/9 = 2.5\,\%$ of the reversed test labels.",
                0.025,
                0.006,
                "test_colour_accuracy",
                "share of test images whose colour is their label's",
            ),
            (
                "noise_ceiling",
                "label noise",
                "D",
                Kind.beyond,
                r"With 10 % of labels drawn again, the true digit is the label for $0.9 + 0.1/10 = 91\,\%$, the ceiling of any reader of shape.",
                0.91,
                0.011,
                "test_digit_accuracy",
                "share of test images whose label is their digit",
            ),
        )
    ),
)
