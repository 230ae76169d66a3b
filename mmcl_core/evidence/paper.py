"""What the book declares for one paper: its experiments, figures, claims, and the register of deviations."""

from __future__ import annotations

from dataclasses import dataclass, field

from mmcl_core.evidence.claim import Claim
from mmcl_core.evidence.figures import FigureSpec
from mmcl_core.lab.experiment import Experiment


@dataclass(frozen=True)
class Deviation:
    """Something we changed, found different, or gave up, and why.

    kind : "changed", "not reproduced", "wrong as printed", "unstated", or "retired" (a claim of ours that is gone)
    """

    kind: str
    item: str
    text: str
    reason: str
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paper:
    """One paper of the book and everything declared for it in `papers/<key>/paper.py`, where it stands as `PAPER`."""

    key: str
    title: str
    authors: str
    reference: str
    experiments: tuple[Experiment, ...]
    figures: tuple[FigureSpec, ...]
    claims: tuple[Claim, ...]
    deviations: tuple[Deviation, ...] = field(default_factory=tuple)
    judged: str = ""  # the version that was read: number, date, and what of it
