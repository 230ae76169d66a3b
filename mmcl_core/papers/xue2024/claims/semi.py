"""The semi-synthetic experiment at tier book.

Two things of the paper's cannot both be kept with 4,000 images: the share of exceptions (p = .995, 20 of them) and
their number (300, p = .925). Orderings and signs are claimed, no level. All was fixed before the first run
of this code, from the derivation and from one seed of a pilot.
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
from mmcl_core.evidence.rules import AtMost, Identity, Positive, standard
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.stats import Estimate

ID, OOD, AGREE, CONFLICT = range(4)
RICH, PLAIN, POOR = "captions_1_1", "captions_1_0", "captions_0_1"  # (pi_core, pi_spu)

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


def _below(name: str, method: str, words: str, points: str, declared: Verdict, note: str) -> Claim:
    @paper(
        name=f"semi_id_below_ood_{name}",
        item="Figs. 2 and 5",
        paper=f"{points} points",
        on="semi_count",
        rule=Positive(),
        declared=declared,
        statement=f"With captions that always name the digit {words}, ID accuracy lies below OOD accuracy.",
        measured="paired difference OOD minus ID, p = .925, mean over seeds",
        note="In the linear theory ID is above OOD for every richness: the sign decides between the two losses." + note,
    )
    def ood_above_id(r: Result) -> Estimate:
        return stats.mean(accuracy(r, method, OOD) - accuracy(r, method, ID))

    return ood_above_id


BELOW = (
    _below("plain", PLAIN, "and not the shade", "-20.9", Verdict.reproduced, ""),
    _below(
        "rich",
        RICH,
        "and the shade",
        "-5.6",
        Verdict.undecided,
        " The mean has the paper's sign and half its size; five seeds leave it open.",
    ),
)


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
    Note: Supervised learning has 370 steps here and has not begun to read digits; trained longer, or at a larger rate,
    it comes nearer. The sign is the paper's, the size is not to be compared.
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


@ours(item="Fig. 2", on=("semi", "semi_count"), declared=Verdict.undecided)
def semi_reversal(share: Result, count: Result) -> Estimate:
    r"""Which captions are more robust depends on $p_{spu}$ at 4,000 images: rich at .995, poor at .925.

    Measured: paired differences of OOD accuracy, captions (1, 1) minus (0, 1) at p = .995 and (0, 1) minus (1, 1) at
    .925: the one that reaches lowest.
    Note: Number and share of exceptions change together (20 and 300 of 4,000), so that this could not tell one from the
    other. A pilot had shown the reversal; five seeds leave one of the two differences open.
    """
    few = accuracy(share, RICH, OOD) - accuracy(share, POOR, OOD)
    many = accuracy(count, POOR, OOD) - accuracy(count, RICH, OOD)
    return stats.reaching_lowest(stats.mean(few), stats.mean(many))


@ours(item="Fig. 2", on=("semi_count", "semi_labels"))
def semi_fine_labels(r: Result, labels: Result) -> Estimate:
    """Most of the gain needs no text: labels of the ten digits lie nearer to rich captions than to two labels.

    Measured: paired: OOD accuracy of ten labels minus the midpoint of two labels and captions (1, 1), p = .925.
    """
    middle = (accuracy(r, "supervised_2", OOD) + accuracy(r, RICH, OOD)) / 2
    return stats.mean(accuracy(labels, f"supervised_{DIGITS}", OOD) - middle)
