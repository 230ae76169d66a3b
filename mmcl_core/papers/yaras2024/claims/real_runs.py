"""Claims about single trainings of the tiny CLIP: the start (Fig. 4b), two kinds of start (Fig. 1), a long run (Fig. 4a), moved clouds, a moved temperature.

Thresholds are the specification's, from a prototype with another renderer; the others are round numbers, written down before the first run that could
show them unless a note says otherwise.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.stats import linregress

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Claim, Kind, Positive, Verdict, Within
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024.claims.base import beyond, paper
from mmcl_core.papers.yaras2024.experiments.inits import OPEN, own_side
from mmcl_core.papers.yaras2024.table import column
from mmcl_core.stats import Estimate

DEFAULT, COINCIDING = 0, 1
SLOW, FAST = 0, 1  # learning rates of the long run


def opening(r: Result, start: int) -> Float[np.ndarray, "S"]:
    """Change of the gap in the first steps, over initialisations."""
    return r["end"][:, start] - r["start"][:, start]


def gap_at_open(r: Result) -> Float[np.ndarray, "S"]:
    """The gap of the coinciding start at the step where the prototype saw it widest, fixed beforehand: a maximum could not be below the start."""
    return r["gap"][:, COINCIDING, np.abs(r["steps"] - OPEN).argmin()]


def drawn_on_own_side(r: Result, start: int, after: int = 1) -> Float[np.ndarray, "S"]:
    """`own_side` of the embeddings as they are drawn: in three principal axes, put on the sphere."""
    return np.array([own_side(*cloud) for cloud in r["cloud"][:, start, after].astype(float)])


def line(r: Result, rate: int) -> list:
    """The straight line through (-1 / log10(t)^2, gap) for t in 60..1000, per seed."""
    early = (r["steps"] >= 60) & (r["steps"] <= 1000)
    axis = -1 / np.log10(r["steps"][early]) ** 2
    return [linregress(axis, gap) for gap in r["gap"][:, rate, early]]


def rise_while_matched(r: Result, share: float = 0.9) -> Float[np.ndarray, "S"]:
    """Gap at the end minus its least value since `share` of the pairs match for good, at the fast rate; NaN where they never do."""
    rises = []
    for gap, matched in zip(r["gap"][:, FAST], r["matched"][:, FAST], strict=True):
        below = np.flatnonzero(matched < share)
        since = gap[below[-1] + 1 if len(below) else 0 :]
        rises.append(since[-1] - since.min() if len(since) else np.nan)
    return np.array(rises)


def matched_at_half(r: Result) -> Float[np.ndarray, "S"]:
    """Share of matched pairs when the gap has first fallen below half its largest value, slow rate."""
    gap, matched = r["gap"][:, SLOW], r["matched"][:, SLOW]
    after = np.arange(gap.shape[1]) > gap.argmax(1)[:, None]
    first = ((gap < gap.max(1, keepdims=True) / 2) & after).argmax(1)
    return matched[np.arange(len(gap)), first]


def moved(r: Result, measure: str, share: float) -> Float[np.ndarray, "S"]:
    """What moving both clouds by `share` changes."""
    shares = r["shares"].tolist()
    return r[f"moved_{measure}"][:, shares.index(share)] - r[f"moved_{measure}"][:, shares.index(0.0)]


def at(r: Result, temperature: float) -> Float[np.ndarray, "S 2"]:
    """Gaps at that temperature, on the way up and on the way down."""
    return r["gap"][:, :, r["temperatures"].tolist().index(temperature)]


def log_ratio_to_fixed(swept: Result, fixed: Result, way: int) -> Estimate:
    """|log| of the swept run's gap on one way (0 up, 1 down) over that of the same seed's run at that temperature; the largest over temperatures and seeds."""
    own = {float(m.split()[1]): gap for m, gap in column("gap", fixed).items() if m.startswith("FLT")}
    return stats.extreme(
        np.abs([np.log(at(swept, tau)[:, way] / own[tau]) for tau in swept["temperatures"] if tau in own])
    )


QUARTER = float(
    np.log(1.25)
)  # two runs of one method differ by about an eighth from seed to seed; twice that is not the same gap


FIG4B = (
    paper(
        "fig4b_mean",
        "Fig. 4b, mean",
        "From random initialisations the gap grows in the first ten steps, on average.",
        "near .15",
        "first_steps",
        "mean change of the gap over initialisations",
        lambda r: stats.mean(opening(r, DEFAULT)),
        Positive(),
    ),
    paper(
        "fig4b_share",
        "Fig. 4b, all initialisations",
        "It grows from nearly every initialisation.",
        "lowest of ten bins from -.005",
        "first_steps",
        "share of initialisations with a larger gap after ten steps",
        lambda r: stats.proportion(opening(r, DEFAULT) > 0),
        AtLeast(0.95),
        declared=Verdict.not_reproduced,
        note="The default start is wide open already, so there is little to widen. Our rate is 5e-4. At it a prototype with another renderer found 97 per cent, and a mean of +.076; at 1e-4 87 per cent, and +.024.",
    ),
    paper(
        "fig4b_size",
        "Fig. 4b, size",
        "The mean change is near .15.",
        "near .15; .187 by the counts of the histogram",
        "first_steps",
        "mean change of the gap over initialisations",
        lambda r: stats.mean(opening(r, DEFAULT)),
        Within(0.15, 0.05),
        declared=Verdict.not_reproduced,
        note="The towers are other towers: small, on small images, and these start with a gap above 1 already.",
    ),
    beyond(
        "fig4b_small_gap",
        "Beyond: a small gap at the start",
        "From towers whose features are centred at the origin, so nearly without a gap, it grows from every initialisation.",
        "first_steps",
        "share of initialisations with a larger gap after ten steps",
        lambda r: stats.proportion(opening(r, COINCIDING) > 0),
        AtLeast(1),
    ),
)

FIG1 = (
    paper(
        "fig1a_narrows",
        "Fig. 1a, gap",
        "From the default start, with its wide gap, training narrows the gap ...",
        "a picture",
        "starts",
        "gap at the start minus gap at the end, default start, paired over seeds",
        lambda r: stats.mean(r["gap"][:, DEFAULT, 0] - r["gap"][:, DEFAULT, -1]),
        Positive(),
    ),
    paper(
        "fig1a_end",
        "Fig. 1a, gap",
        "... and does not close it.",
        "a picture",
        "starts",
        "gap at the end, default start, mean over seeds",
        lambda r: stats.mean(r["gap"][:, DEFAULT, -1]),
        AtLeast(0.2),
    ),
    paper(
        "fig1a_bands",
        "Fig. 1a, two bands",
        "The picture of the trained towers shows two bands, one for each modality.",
        "two parallel bands",
        "starts",
        "share of embeddings on their modality's side of the half-way plane, in the three drawn axes, default start, mean over seeds (1/2: one cloud)",
        lambda r: stats.mean(drawn_on_own_side(r, DEFAULT)),
        AtLeast(0.95),
        declared=Verdict.not_reproduced,
        note="Our picture shows mixed clouds: the three axes with the most variance are not those that tell the modalities apart.",
    ),
    beyond(
        "fig1a_bands_all",
        "Fig. 1a, two bands",
        "In all dimensions the trained modalities are two bands, whatever three axes show.",
        "starts",
        "the same share in all dimensions",
        lambda r: stats.mean(r["own_side"][:, DEFAULT, 1]),
        AtLeast(0.95),
        declared=Verdict.not_reproduced,
        note="Most embeddings are on their own side, but the bands overlap: texts spread too far along the line between the centres.",
    ),
    paper(
        "fig1b_opens",
        "Fig. 1b",
        "From coinciding centres the gap opens in the first steps.",
        "a picture",
        "starts",
        f"gap after {OPEN} steps minus gap at the start, coinciding centres, paired over seeds",
        lambda r: stats.mean(gap_at_open(r) - r["gap"][:, COINCIDING, 0]),
        Positive(),
    ),
    paper(
        "fig1b_stays",
        "Fig. 1b",
        "After training it is wider than at that start.",
        "a picture",
        "starts",
        "gap at the end minus gap at the start, coinciding centres, paired over seeds",
        lambda r: stats.mean(r["gap"][:, COINCIDING, -1] - r["gap"][:, COINCIDING, 0]),
        Positive(),
    ),
    beyond(
        "fig1b_transient",
        "Beyond: after Fig. 1b",
        "The opening is mostly transient: training takes back more than half of it.",
        "starts",
        f"fall of the gap from step {OPEN} to the end over its rise up to there, coinciding centres, mean over seeds",
        lambda r: stats.mean(
            (gap_at_open(r) - r["gap"][:, COINCIDING, -1]) / (gap_at_open(r) - r["gap"][:, COINCIDING, 0])
        ),
        AtLeast(0.5),
        note="Restated after a first version, which spoke of the end alone, had hidden that a part of the opening stays.",
    ),
    beyond(
        "fig1_same_end",
        "Beyond: after Fig. 1",
        "Both starts end with the same gap: training forgets, where the conserved quantity of Lemma 3.1 would remember.",
        "starts",
        "largest distance of the end gaps of the two starts over seeds",
        lambda r: stats.extreme(np.abs(r["gap"][:, DEFAULT, -1] - r["gap"][:, COINCIDING, -1])),
        AtMost(0.05),
    ),
    paper(
        "parallel_images",
        "Section 3, parallel modalities",
        "Trained image embeddings lie flat across the gap.",
        "assumed in eq. (3)",
        "starts",
        "spread of image embeddings along the line between the centres, over the root mean square of the spreads along all 64 axes; mean over seeds",
        lambda r: stats.mean(r["thickness"][:, DEFAULT, 0]),
        AtMost(0.6),
    ),
    paper(
        "parallel_texts",
        "Section 3, parallel modalities",
        "So do trained text embeddings.",
        "assumed in eq. (3)",
        "starts",
        "spread of text embeddings along the line between the centres, over the root mean square of the spreads along all 64 axes; mean over seeds",
        lambda r: stats.mean(r["thickness"][:, DEFAULT, 1]),
        AtMost(0.6),
        declared=Verdict.not_reproduced,
        note="Along the gap captions spread as in any other direction: one height for a whole modality is a model, not a fact.",
    ),
)

TRANSLATION = (
    beyond(
        "translation_closes",
        "Beyond: translation test",
        "Moving both test clouds along the line between the training centres until these coincide closes the gap.",
        "starts",
        "gap after the move, mean over seeds",
        lambda r: stats.mean(r["moved_gap"][:, r["shares"].tolist().index(1.0)]),
        AtMost(0.05),
    ),
    *(
        beyond(
            f"translation_{direction}",
            "Beyond: translation test",
            f"It does not help {direction} retrieval: the gap as such is not what limits it.",
            "starts",
            f"{direction} retrieval after the move minus before, mean over seeds",
            lambda r, d=direction: stats.mean(moved(r, f"{d}_retrieval", 1.0)),
            AtMost(0.02),
        )
        for direction in ("image", "text")
    ),
    beyond(
        "translation_half",
        "Beyond: translation test",
        "Moving them half-way neither helps nor harms.",
        "starts",
        "largest change of retrieval at half the way, in either direction, over seeds",
        lambda r: stats.extreme(np.abs([moved(r, f"{direction}_retrieval", 0.5) for direction in ("image", "text")])),
        AtMost(0.02),
    ),
    beyond(
        "translation_apart",
        "Beyond: translation test",
        "Moving the clouds as far apart again costs text retrieval.",
        "starts",
        "text retrieval before the move minus after, mean over seeds",
        lambda r: stats.mean(-moved(r, "text_retrieval", -1.0)),
        AtLeast(0.05),
    ),
)

FIG4A = (
    paper(
        "fig4a_tiny_line",
        "Fig. 4a, tiny CLIP",
        r"In a training run $\Delta$ falls along a straight line in $-1/\log_{10}(t)^2$.",
        "R2 .992 on the points read off",
        "longrun",
        "R2 of the line for t in 60..1000 at rate 1e-4, mean over seeds",
        lambda r: stats.mean(np.array([fit.rvalue**2 for fit in line(r, SLOW)])),
        AtLeast(0.98),
        declared=Verdict.not_reproduced,
        note="Adam's steps are not the gradient flow's time, and most of the fall happens before the pairs match.",
    ),
    beyond(
        "fig4a_intercept",
        "Fig. 4a, tiny CLIP",
        "That line points below zero: it cannot be the law for long times, which must point at the origin.",
        "longrun",
        "intercept of the line for t in 60..1000 at rate 1e-4, mean over seeds",
        lambda r: stats.mean(np.array([fit.intercept for fit in line(r, SLOW)])),
        AtMost(-0.1),
    ),
    beyond(
        "fig4a_before_matching",
        "Fig. 4a, tiny CLIP",
        "The gap has halved before even a fifth of the pairs match, outside the hypothesis of Theorem 3.2.",
        "longrun",
        "share of matched pairs when the gap is first below half its maximum, rate 1e-4, mean over seeds",
        lambda r: stats.mean(matched_at_half(r)),
        AtMost(0.2),
    ),
    paper(
        "fig4a_monotone",
        "Equation (11), in training",
        "Once the pairs match, the gap only falls.",
        "$g_a(Z)>0$ when all pairs match",
        "longrun",
        "gap at the end minus its least value while at least nine in ten pairs match, rate 1e-3, mean over seeds",
        lambda r: stats.mean(rise_while_matched(r)),
        AtMost(0.02),
        declared=Verdict.not_reproduced,
        note="The sign is that of (11) when all pairs match, and here some never do (Fig. 4a, b). That alone may turn the sign; Adam, which follows no gradient flow, may be another cause. This run does not tell them apart.",
    ),
)

QUASI_STATIC = (
    beyond(
        "sweep_closes",
        "Beyond: moved temperature",
        "Raising the temperature of a trained model closes its gap.",
        "quasi_static",
        "gap at .01 minus gap at .1 on the way up, paired over seeds",
        lambda r: stats.mean(at(r, 0.01)[:, 0] - at(r, 0.1)[:, 0]),
        Positive(),
    ),
    beyond(
        "sweep_opens",
        "Beyond: moved temperature",
        "Lowering it again opens the gap again.",
        "quasi_static",
        "gap at .01 minus gap at .1 on the way down, paired over seeds",
        lambda r: stats.mean(at(r, 0.01)[:, 1] - at(r, 0.1)[:, 1]),
        Positive(),
    ),
    beyond(
        "sweep_hysteresis",
        "Beyond: moved temperature",
        "The way hardly matters: at .07 the gap is the same on the way up and on the way down.",
        "quasi_static",
        "largest distance of the two gaps at .07 over seeds",
        lambda r: stats.extreme(np.abs(np.subtract(*at(r, 0.07).T))),
        AtMost(0.05),
        declared=Verdict.not_reproduced,
        note="Where the gap changes fastest it lags behind the temperature, most likely because two epochs at a temperature are not enough for it to come to rest.",
    ),
    *(
        Claim(
            f"yaras2024.sweep_fixed_{way}",
            "Beyond: moved temperature",
            f"On the way {way} the gap is a function of the present temperature: the swept run has the gap of a run that was trained at that temperature throughout.",
            "not in the paper",
            "D",
            ("yaras2024.quasi_static", "yaras2024.scenes_fixed"),
            "largest |log(swept gap / gap of FLT)| over fixed temperatures and seeds; log 1.25 is allowed",
            lambda swept, fixed, k=k: log_ratio_to_fixed(swept, fixed, k),
            AtMost(QUARTER),
            kind=Kind.beyond,
            declared=Verdict.not_reproduced,
            note="A quarter is about twice the spread of one method's gap over seeds. A first version averaged both ways and allowed .05, more than the gaps at .1, .2 and .4: it could not fail there.",
        )
        for k, way in enumerate(("up", "down"))
    ),
    Claim(
        "yaras2024.sweep_retrieval",
        "Beyond: moved temperature",
        "A model that was trained cold and has been at .4 for two epochs retrieves better than one that was trained at .4 throughout.",
        "not in the paper",
        "D",
        ("yaras2024.quasi_static", "yaras2024.scenes_fixed"),
        "image retrieval at .4 on the way up minus that of FLT .4, paired over seeds",
        lambda swept, fixed: stats.mean(
            swept["image_retrieval"][:, 0, -1] - column("image_retrieval", fixed)["FLT .4"]
        ),
        Positive(),
        kind=Kind.beyond,
        note="Two epochs beside the twelve of FLT .4: a longer stay might still undo what was learnt. Written down after the first run had shown it.",
    ),
)

CLAIMS = (*FIG1, *FIG4B, *FIG4A, *TRANSLATION, *QUASI_STATIC)
