"""Fig. 1: training the small towers from two starts, and how flat a trained modality lies across the gap."""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, Within, after, before, standard
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.claims.real_chance import GAP_LEFT
from mmcl_core.papers.yaras2024.claims.real_opening import COINCIDING, DEFAULT
from mmcl_core.papers.yaras2024.experiments.inits import OPEN, own_side
from mmcl_core.stats import Estimate

IMAGES, TEXTS = 0, 1
TWO_BANDS = AtLeast(0.95, basis=before("a round number: one embedding in twenty may lie on the other side"), ideal=1.0)
NOT_ROUND = AtMost(1.0, basis=standard("1 is a cloud that spreads alike in all directions"))


def gap_at_open(r: Result) -> Float[np.ndarray, "S"]:
    """The gap of the coinciding start after `OPEN` steps, fixed beforehand: a maximum could not be below the start."""
    return r["gap"][:, COINCIDING, np.abs(r["steps"] - OPEN).argmin()]


def drawn_on_own_side(r: Result, start: int, after: int = 1) -> Float[np.ndarray, "S"]:
    """`own_side` of the embeddings as they are drawn: in three principal axes, put on the sphere."""
    return np.array([own_side(*cloud) for cloud in r["cloud"][:, start, after].astype(float)])


stated = partial(claim, on="starts", quantifier=Quantifier.mean)


@stated(item="Fig. 1a, gap", paper="a picture", rule=Positive(), match=Match.ours)
def fig1a_narrows(r: Result) -> Estimate:
    """From the default start, with its wide gap, training narrows the gap ...

    Measured: gap at the start minus gap at the end, default start, paired over seeds.
    """
    return stats.mean(r["gap"][:, DEFAULT, 0] - r["gap"][:, DEFAULT, -1])


@stated(item="Fig. 1a, gap", paper="a picture", rule=GAP_LEFT, match=Match.ours)
def fig1a_end(r: Result) -> Estimate:
    """... and does not close it.

    Measured: gap at the end, default start, mean over seeds.
    """
    return stats.mean(r["gap"][:, DEFAULT, -1])


@stated(
    item="Fig. 1a, two bands",
    paper="two parallel bands",
    rule=TWO_BANDS,
    match=Match.ours,
    declared=Verdict.not_reproduced,
)
def fig1a_bands(r: Result) -> Estimate:
    """The picture of the trained towers shows two bands, one for each modality.

    Measured: share of embeddings on their modality's side of the half-way plane, in the three drawn axes, default
    start, mean over seeds (1/2: one cloud).
    Note: Our picture shows mixed clouds: the three axes with the most variance do not tell the modalities apart.
    """
    return stats.mean(drawn_on_own_side(r, DEFAULT))


@stated(item="Fig. 1a, two bands", rule=TWO_BANDS, author=Author.ours, declared=Verdict.does_not_hold)
def fig1a_bands_all(r: Result) -> Estimate:
    """In all dimensions the trained modalities are two bands, whatever three axes show.

    Measured: the same share in all dimensions.
    Note: Most embeddings are on their own side, but the bands overlap: texts spread too far along the line between the
    centres.
    """
    return stats.mean(r["own_side"][:, DEFAULT, 1])


@stated(item="Fig. 1b", paper="a picture", rule=Positive(), match=Match.ours)
def fig1b_opens(r: Result) -> Estimate:
    """From coinciding centres the gap opens in the first steps.

    Measured: gap after twenty steps minus gap at the start, coinciding centres, paired over seeds.
    """
    return stats.mean(gap_at_open(r) - r["gap"][:, COINCIDING, 0])


@stated(item="Fig. 1b", paper="a picture", rule=Positive(), match=Match.ours)
def fig1b_stays(r: Result) -> Estimate:
    """After training it is wider than at that start, which has a small gap on test pairs already.

    Measured: gap at the end minus gap at the start, coinciding centres, paired over seeds.
    Note: An earlier trial from another coinciding start, of gap .32, ended below it, near .27: the end hardly depends
    on the start, so the sign does.
    """
    return stats.mean(r["gap"][:, COINCIDING, -1] - r["gap"][:, COINCIDING, 0])


@stated(
    item="Beyond: after Fig. 1b",
    rule=AtLeast(0.5, basis=after("restated after a first version, about the end alone, had hidden that a part stays")),
    author=Author.ours,
    declared=Verdict.undecided,
)
def fig1b_transient(r: Result) -> Estimate:
    """The opening is mostly transient: training takes back more than half of it.

    Measured: fall of the gap from step 20 to the end over its rise up to there, coinciding centres, mean over seeds.
    Note: Two of five seeds take back .7 and more, three about .4: whether more than half goes depends on the start.
    """
    rise = gap_at_open(r) - r["gap"][:, COINCIDING, 0]
    return stats.mean((gap_at_open(r) - r["gap"][:, COINCIDING, -1]) / rise)


@stated(
    item="Beyond: after Fig. 1",
    rule=Within(0.0, absolute=0.05, basis=after("a twentieth of the difference; three seeds had shown up to .025")),
    author=Author.ours,
)
def fig1_same_end(r: Result) -> Estimate:
    """Both starts end with the same gap: training forgets, where the conserved quantity of Lemma 3.1 would remember.

    Measured: difference of the two gaps at the end over that at the start, default minus coinciding, mean over seeds.
    """
    apart = r["gap"][:, DEFAULT] - r["gap"][:, COINCIDING]
    return stats.mean(apart[:, -1] / apart[:, 0])


def thickness(r: Result, modality: int) -> Estimate:
    """Spread along the line between the centres, over that along an axis (root mean square), of the trained default."""
    return stats.mean(r["thickness"][:, DEFAULT, modality])


@stated(item="Section 3, parallel modalities", rule=NOT_ROUND, author=Author.ours)
def parallel_images(r: Result) -> Estimate:
    """Trained image embeddings lie flatter across the gap than a cloud that spreads alike in all directions.

    Measured: spread of image embeddings along the line between the centres, over the root mean square of the spreads
    along all 64 axes; mean over seeds.
    Note: The model of eq. (3) has them at one height, spread 0: it is a model.
    """
    return thickness(r, IMAGES)


@stated(item="Section 3, parallel modalities", rule=NOT_ROUND, author=Author.ours, declared=Verdict.undecided)
def parallel_texts(r: Result) -> Estimate:
    """So do trained text embeddings.

    Measured: spread of text embeddings along the line between the centres, over the root mean square of the spreads
    along all 64 axes; mean over seeds.
    Note: Along the gap captions spread as in any other direction: one height for a modality is a model, not a fact.
    """
    return thickness(r, TEXTS)
