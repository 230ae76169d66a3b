"""The semi-synthetic experiment at tier book, and the optimum of its loss.

Two things of the paper's cannot both be kept with 4,000 images: the share of exceptions (p = .995, 20 of them) and
their number
(300, p = .925). Orderings and signs are claimed, no level, except ID at the optimum. All was fixed before the first run
of
this code, from the derivation and from one seed of a prototype.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from mmcl_core import stats
from mmcl_core.data.backgrounds import DIGITS
from mmcl_core.data.vector_captions import meaning
from mmcl_core.evidence.claim import Claim, Match, Quantifier, claim
from mmcl_core.evidence.rules import AtMost, Identity, Positive, Within, before, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.experiments.loss_optimum import SETTINGS
from mmcl_core.stats import Estimate

ID, OOD, AGREE, CONFLICT = range(4)
RICH, PLAIN, POOR = "captions_1_1", "captions_1_0", "captions_0_1"  # (pi_core, pi_spu)
AWRY = (3, 4, 5, 6)  # digits that the loss's optimum puts into the other class on their own background

ours = partial(claim, author=Author.ours, quantifier=Quantifier.mean, rule=Positive())
paper = partial(claim, quantifier=Quantifier.mean, match=Match.scaled)


def accuracy(r: Result, name: str, place: int) -> Float[np.ndarray, "S"]:
    """Accuracy of a method, one a seed."""
    return r[f"{name}_accuracy"][:, place]


@paper(
    item="Fig. 1",
    paper="the digit d is d - 4.5, shades are -2.5 to 2.5; unsaid: -+2.5 and -+1.5",
    on="semi_samples",
    rule=Identity(0.0, basis=standard("a dictionary of halves is exact in floating point")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def semi_caption_vectors(r: Result) -> Estimate:
    """Captions are the paper's: what is said is a value of its dictionary, what is not is the class's or family's mean.

    Measured: largest difference from the dictionary typed out, over the sample images and the four kinds of captions.
    """
    said = {
        "digit": [-4.5, -3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5],
        "shade": [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5],
    }
    vague = {"digit": [-2.5] * 5 + [2.5] * 5, "shade": [-1.5] * 3 + [1.5] * 3}
    digit, shade = r["train_digit"].ravel(), r["train_shade"].ravel()
    off = []
    for core in (True, False):
        for spu in (True, False):
            flags = (torch.full((len(digit),), flag) for flag in (core, spu))
            found = meaning(torch.as_tensor(digit), torch.as_tensor(shade), *flags).numpy()
            a = np.array((said if core else vague)["digit"])[digit]
            b = np.array((said if spu else vague)["shade"])[shade]
            off.append(np.abs(found - np.stack([a, b], 1)).max())
    return stats.worst(np.array(off))


@paper(item="Figs. 2 and 5", paper="-5.6 and -20.9 points", on="semi_count", rule=Positive())
def semi_id_below_ood(r: Result) -> Estimate:
    r"""With captions that always name the digit, ID accuracy lies below OOD accuracy.

    Measured: paired difference OOD minus ID at $\pi_{core}=1$, $\pi_{spu}=1$ and 0, p = .925: the one that reaches
    lowest.
    Note: In the linear theory ID is above OOD for every richness. The sign decides between the two losses.
    """
    return stats.reaching_lowest(*(stats.mean(accuracy(r, n, OOD) - accuracy(r, n, ID)) for n in (RICH, PLAIN)))


@paper(
    item="Figs. 2 and 5",
    paper="38.0 %",
    on="semi",
    rule=AtMost(0.5, basis=standard("a coin")),
)
def semi_sl_background(r: Result) -> Estimate:
    """Supervised learning follows the background: where it is of the other class, it does worse than a coin.

    Measured: conflict accuracy of supervised learning, p = .995, mean over seeds.
    """
    return stats.mean(accuracy(r, "supervised_2", CONFLICT))


@paper(item="Fig. 2", paper="76.2 against 69.0 %", on="semi_count", rule=Positive())
def semi_rich_beats_sl(r: Result) -> Estimate:
    """Rich captions are more accurate out of distribution than supervised learning.

    Measured: paired difference of OOD accuracy, captions (1, 1) minus supervised learning, p = .925.
    """
    return stats.mean(accuracy(r, RICH, OOD) - accuracy(r, "supervised_2", OOD))


@ours(item="Fig. 2", on="semi_count")
def semi_groups(r: Result) -> Estimate:
    r"""Ours, too, have less conflict accuracy when captions say the shade.

    Measured: paired difference of conflict accuracy, $\pi_{spu}=0$ minus 1, $\pi_{core}=1$, p = .925.
    """
    return stats.mean(accuracy(r, PLAIN, CONFLICT) - accuracy(r, RICH, CONFLICT))


@ours(item="Fig. 5", on="semi_count")
def semi_conflict_above_agree(r: Result) -> Estimate:
    """Captions that say the digit alone are read wrongly where the background agrees, and rightly where it does not.

    Measured: paired difference of accuracy, conflict minus agree, captions (1, 0), p = .925.
    """
    return stats.mean(accuracy(r, PLAIN, CONFLICT) - accuracy(r, PLAIN, AGREE))


@ours(
    item="Fig. 5, the loss's optimum",
    on=("loss_optimum", "loss_descent"),
    rule=Identity(0.0, basis=standard("signs of 60 coefficients, listed")),
    quantifier=Quantifier.every,
)
def semi_loss_optimum(best: Result, descent: Result) -> Estimate:
    """The convex problem is what the paper's optimiser runs into: free embeddings end with the same classes.

    Measured: largest share over seeds and captions of the 60 image states on whose class the two differ, p = .995.
    """
    at = np.isclose(best["agreements"], descent.config.agreement).argmax()
    convex = np.sign(best["u"][at, :, best["u"].shape[2] // 2])
    differ = [np.mean(np.sign(descent["u"][:, j]) != convex[k], 1) for j, k in enumerate(descent["captions"])]
    return stats.worst(np.array(differ))


@ours(
    item="Fig. 5, the loss's optimum",
    on="loss_optimum",
    rule=Identity(0.0, basis=standard("signs of 60 coefficients, listed")),
    quantifier=Quantifier.every,
)
def semi_ridge_free(best: Result) -> Estimate:
    """It is a property of the loss, not of the regulariser: ridges from .001 to .1 give rich captions the same classes.

    Measured: largest difference of ID and OOD accuracy between ridges, captions (1, 1), (1, .5) and (1, 0), p = .995.
    """
    rich = [k for k, (core, _) in enumerate(SETTINGS) if core == 1]
    return stats.worst(np.ptp(best["accuracy"][0, rich], axis=1))


@ours(item="Fig. 5, the loss's optimum", on="loss_optimum", quantifier=Quantifier.every)
def semi_optimum_signs(best: Result) -> Estimate:
    """At the optimum all errors lie where the background agrees, and all of them are digits 3 to 6.

    Measured: agreeing states of other digits, and conflicting states, that are wrong, subtracted from one; rich
    captions.
    """
    digit = np.repeat(np.arange(DIGITS), 6)
    shade = np.tile(np.arange(6), DIGITS)
    agrees = (shade < 3) == (digit < 5)
    rich = [k for k, (core, _) in enumerate(SETTINGS) if core == 1]
    wrong = np.sign(best["u"][0, rich]) != np.where(digit < 5, -1, 1)
    elsewhere = wrong[..., ~(agrees & np.isin(digit, AWRY))]
    return stats.worst(1 - elsewhere.sum(-1), largest=False)


def _at_optimum(name: str, method: str, setting: int) -> Claim:
    @ours(
        name=f"semi_id_at_optimum_{name}",
        item="Fig. 5, the loss's optimum",
        on=("semi_count", "loss_optimum"),
        rule=Within(
            0,
            absolute=0.08,
            basis=before("one step of the optimum's own scale, 1/15, and a binomial standard error of the test set"),
        ),
        statement=f"ID accuracy of captions {SETTINGS[setting]} is that of the loss's optimum for a perfect reader.",
        measured="ID accuracy of the LeNet minus the optimum's at the same p, mean over seeds",
    )
    def off_optimum(count: Result, best: Result) -> Estimate:
        p = np.isclose(best["agreements"], count.config.agreement).argmax()
        return stats.mean(accuracy(count, method, ID) - best["accuracy"][p, setting, len(best["ridges"]) // 2, ID])

    return off_optimum


AT_OPTIMUM = tuple(
    _at_optimum(name, method, setting) for name, method, setting in (("rich", RICH, 4), ("plain", PLAIN, 6))
)


@ours(item="Fig. 5, the loss's optimum", on=("semi", "semi_count"))
def semi_errors_3_to_6(share: Result, count: Result) -> Estimate:
    """The errors on agreeing backgrounds sit where the optimum has them: in the digits 3 to 6.

    Measured: error of digits 3 to 6 minus error of the six others, agreeing ID test images, one value a seed; captions
    (1, 1) at both p and (1, 0): the one that reaches lowest.
    """
    others = [d for d in range(DIGITS) if d not in AWRY]
    errors = [r[f"{n}_digit_error"] for r, n in ((share, RICH), (count, RICH), (count, PLAIN))]
    return stats.reaching_lowest(*(stats.mean(e[:, list(AWRY)].mean(1) - e[:, others].mean(1)) for e in errors))


@ours(item="Fig. 2", on=("semi", "semi_count"))
def semi_reversal(share: Result, count: Result) -> Estimate:
    """Which captions are more robust depends on how many exceptions there are: rich at 20, poor at 300 of 4,000 images.

    Measured: paired differences of OOD accuracy, captions (1, 1) minus (0, 1) at p = .995 and (0, 1) minus (1, 1) at
    .925:
    the one that reaches lowest.
    """
    few = accuracy(share, RICH, OOD) - accuracy(share, POOR, OOD)
    many = accuracy(count, POOR, OOD) - accuracy(count, RICH, OOD)
    return stats.reaching_lowest(stats.mean(few), stats.mean(many))


@ours(item="Fig. 5, the read-out", on="semi_count")
def semi_posterior_readout(r: Result) -> Estimate:
    """The fault is in the read-out: the class posterior of the same network raises both ID and OOD accuracy.

    Measured: paired differences posterior minus prompts of ID and OOD accuracy, captions (1, 1) and (1, 0), p = .925:
    the
    one that reaches lowest.
    """
    gains = [accuracy(r, f"{n}_posterior", k) - accuracy(r, n, k) for n in (RICH, PLAIN) for k in (ID, OOD)]
    return stats.reaching_lowest(*map(stats.mean, gains))


@ours(item="Fig. 2", on="semi_count")
def semi_fine_labels(r: Result) -> Estimate:
    """Most of the gain needs no text: labels of the ten digits lie nearer to rich captions than to two labels.

    Measured: paired: OOD accuracy of ten labels minus the midpoint of two labels and captions (1, 1), p = .925.
    """
    middle = (accuracy(r, "supervised_2", OOD) + accuracy(r, RICH, OOD)) / 2
    return stats.mean(accuracy(r, f"supervised_{DIGITS}", OOD) - middle)
