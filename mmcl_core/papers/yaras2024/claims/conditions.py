"""What the lemmas and theorems assume, with its least favourable value over the runs of a claim."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from mmcl_core.evidence.claim import Condition
from mmcl_core.evidence.rules import PAPER, AtLeast, AtMost, derived, standard
from mmcl_core.lab.run import Result
from mmcl_core.papers.yaras2024 import bounds
from mmcl_core.papers.yaras2024.experiments.appendix_c import SMALL_GAP
from mmcl_core.papers.yaras2024.experiments.closing import LATE, MODELS, OVER_THRESHOLD, SETTINGS, SOFTMAX

ANY = standard("one at least")

# Lemma 3.1 and Appendix B
STATES = (
    Condition("pairs n, fewest", lambda r: min(r.config.pairs), AtLeast(2, PAPER)),
    Condition("dimension d, smallest", lambda r: min(r.config.dimensions), AtLeast(1, PAPER)),
    Condition(r"$|\gamma|$, below 1, largest drawn", 0.95, AtMost(1, PAPER)),
    Condition("seeds", lambda r: len(r["ratio_error"]), AtLeast(1, ANY), matters=False),
)


def staying(r: Result) -> Bool[np.ndarray, "S scheme"]:
    """The runs along which gamma stays below 1; beyond, formula (11) goes on without embeddings."""
    return (r["log_gamma"] < 0).all(-1)


ALONG_A_RUN = (
    Condition(
        r"$\gamma$ along the runs judged, below 1, largest",
        lambda r: np.exp(r["log_gamma"][staying(r)]).max(initial=0.0),
        AtMost(1, PAPER),
    ),
    Condition(r"seeds whose runs stay below $\gamma=1$", lambda r: staying(r).all(1).sum(), AtLeast(1, ANY)),
)
WITHIN_RANGE = (
    Condition(r"$\gamma$ along the runs, below 1, largest", lambda r: r["gamma"].max(), AtMost(1, PAPER)),
    Condition(r"$\gamma$ along the runs, above 0, smallest", lambda r: r["gamma"].min(), AtLeast(0, PAPER)),
)
HELD = (Condition(r"$\gamma$, held, below 1", lambda r: r.config.gamma, AtMost(1, PAPER)),)
ROWS = (
    Condition("pairs n, fewest", 2, AtLeast(2, PAPER)),
    Condition("rows drawn", lambda r: r["sign"].size, AtLeast(1, ANY), matters=False),
)
ROWS_WITH_MARGIN = (
    Condition(r"margin $\alpha$, above 0, smallest drawn", 0.05, AtLeast(0, PAPER)),
    Condition(r"$a$ over the least one allowed, smallest drawn", 1.0, AtLeast(1, PAPER)),
    *ROWS,
)
LATE_TIMES = (
    Condition(
        r"$\log t$ at the earliest of the times compared",
        min(LATE),
        AtLeast(1000, derived("the tolerance is that of the next order there")),
    ),
)
UNIFORM_PAIRS = (
    Condition("dimension d, smallest", lambda r: min(r.config.dimensions), AtLeast(2, PAPER)),
    Condition("seeds", lambda r: len(r["distance"]), AtLeast(1, ANY), matters=False),
)

# Theorem 3.2
COVERED = tuple(k for k in SOFTMAX if OVER_THRESHOLD[k] >= 1)  # models that meet the theorem's hypothesis
LEAST_START = Condition(
    r"$\beta_0$ over the least one allowed, smallest of the models",
    min(OVER_THRESHOLD[k] for k in COVERED),
    AtLeast(1.0, PAPER),
)
MARGIN = Condition(
    r"margin $\bar\alpha$, above 0, smallest of the models", min(MODELS[k][1] for k in COVERED), AtLeast(0.0, PAPER)
)
SETTING_START = (  # the nine settings start at the threshold
    Condition(r"$\beta_0$ over the least one allowed, nine settings", 1.0, AtLeast(1.0, PAPER)),
    Condition(
        r"margin $\bar\alpha$, above 0, smallest of nine settings", min(a for _, a, _ in SETTINGS), AtLeast(0.0, PAPER)
    ),
    Condition(r"$\gamma_0$, below 1, largest of nine settings", max(g for _, _, g in SETTINGS), AtMost(1.0, PAPER)),
    Condition("pairs n, fewest of nine settings", min(n for n, _, _ in SETTINGS), AtLeast(2, PAPER)),
)
POSITIVE_C4 = Condition(
    r"$c_4$, smallest of nine settings",
    lambda r: r["c4"].min(),
    AtLeast(0.0, derived("the proof takes roots of c4")),
)


def start_of_moving(r: Result) -> float:
    """The smallest of beta_0 over its least allowed value, over the runs that meet the hypothesis."""
    pairs = zip(r["beta"][r["met"]], r["least_margin"][r["met"]], strict=True)
    return min((b / bounds.threshold(r.config.n, a, r.config.gamma) for b, a in pairs), default=np.nan)


HYPOTHESIS = (
    Condition(
        "runs with moving encoders that meet the hypothesis",
        lambda *r: r[-1]["met"].sum(),
        AtLeast(1.0, standard("one is needed for a comparison")),
    ),
    Condition(
        "their smallest margin at any time, above 0",
        lambda *r: r[-1]["least_margin"][r[-1]["met"]].min(initial=np.inf),
        AtLeast(0.0, PAPER),
    ),
    Condition(
        r"their smallest $\beta_0$ over the least one allowed", lambda *r: start_of_moving(r[-1]), AtLeast(1.0, PAPER)
    ),
)

# Theorem 3.3
RANDOM_START = (
    Condition("rows drawn independent and uniform: dimension d", lambda r: r.config.d, AtLeast(2, PAPER)),
    Condition("pairs n", lambda r: r.config.n, AtLeast(2, PAPER)),
    Condition(r"$\gamma_0$, above 0, smallest", lambda r: r["gamma"].min(), AtLeast(0.0, PAPER)),
    Condition("draws", lambda r: len(r["moving"]), AtLeast(1, standard("one draw at least")), matters=False),
)
MANY = (
    Condition("rows drawn independent and uniform: smallest d", lambda r: spaces(r)[1], AtLeast(2, PAPER)),
    Condition("fewest pairs n", lambda r: spaces(r)[0], AtLeast(2, PAPER)),
    Condition(r"$\gamma_0$, above 0, smallest", lambda r: smallest_gap(r), AtLeast(0.0, PAPER)),
    Condition("draws", lambda r: len(r["moving"]), AtLeast(1, standard("one draw at least")), matters=False),
)
INFORMATIVE = Condition(
    r"bound (8) at the smallest $\gamma_0$, above 0",
    lambda r: r["bound"].min(),
    AtLeast(0.0, derived("or it says nothing")),
)


def smallest_gap(r: Result) -> float:
    """The smallest starting gap of the draws."""
    return r.config.gamma if "case" in r.arrays else min(r.config.gamma, r.config.small / r["size"].max() ** 0.5)


def spaces(r: Result) -> tuple[float, float]:
    """Fewest pairs and smallest dimension of the draws."""
    if "case" in r.arrays:
        return r["case"][:, 0].min(), r["case"][:, 1].min()
    return r["size"].min(), min(d for d, _ in r.config.spaces)


# Appendix C
SMALL_START = Condition(
    r"$\gamma_0$: the exponents are those of a small gap", SMALL_GAP, AtMost(0.01, standard("small against 1"))
)
SCALAR = (
    Condition(r"$\gamma_0$ of the linear temperature, below 1", 0.3, AtMost(1.0, standard("embeddings exist"))),
    Condition(r"its $\beta_0$, above 0", 1.0, AtLeast(0.0, standard("a temperature is positive"))),
)
