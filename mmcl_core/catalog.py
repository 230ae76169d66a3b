"""The catalogue: which papers the book has, and what each declares. The core knows papers only through this list."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import Any

from mmcl_core.errors import InputError, unknown
from mmcl_core.evidence.claim import Claim
from mmcl_core.evidence.figures import FigureSpec
from mmcl_core.evidence.paper import Paper
from mmcl_core.lab.config import Tier
from mmcl_core.lab.experiment import Experiment
from mmcl_core.lab.fingerprint import closure
from mmcl_core.lab.run import Result, run

# Here and not in `papers/__init__`: every experiment's source fingerprint has its parent packages in it.
PAPERS = ("ren2023", "xue2024", "huang2024", "yaras2024")


@cache
def paper(key: str) -> Paper:
    """The paper `key`; `InputError` when the book has no such chapter."""
    if key not in PAPERS:
        raise unknown("chapter", key, PAPERS)
    module = _module(key)
    closure(module.__name__)  # fingerprints of the code as imported: a later edit is noticed before a result is kept
    return module.PAPER


def _module(key: str) -> Any:
    name = f"mmcl_core.papers.{key}.paper"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not name.startswith(str(error.name)):  # a module that the paper imports
            raise
        module = None
    if not hasattr(module, "PAPER"):
        raise InputError(
            f"PAPERS of mmcl_core/catalog.py names {key}, but mmcl_core/papers/{key}/paper.py has no PAPER: write it"
        )
    return module


def papers() -> tuple[Paper, ...]:
    """All papers in the book's order."""
    return tuple(paper(key) for key in PAPERS)


def find_experiment(name: str) -> Experiment:
    """The experiment `name` ("huang2024.figure1"); `InputError` naming the nearest one otherwise."""
    own = name.partition(".")[0]
    known = {e.name: e for e in paper(own).experiments} if own in PAPERS else {}
    if name not in known:
        known = {e.name: e for p in papers() for e in p.experiments}
    if name not in known:
        raise unknown("experiment", name, known)
    return known[name]


def find_claim(id: str) -> Claim:
    """The claim `id` ("huang2024.thm4_2"); `InputError` naming the nearest one otherwise."""
    known = {c.id: c for p in papers() for c in p.claims}
    if id not in known:
        raise unknown("claim", id, [*PAPERS, *get_close_matches(id, known, n=5)])
    return known[id]


def results(tier: Tier | str = Tier.book, seeds: Any = None, device: str = "auto") -> Callable[[str], Result]:
    """Results by experiment name at one tier, each computed at most once: what claims and figures are made from."""
    return cache(lambda name: run(find_experiment(name), tier, seeds, device))


def find_figure(id: str) -> FigureSpec:
    """The figure `id` ("huang2024.fig1"); `InputError` naming the nearest one otherwise."""
    own = id.partition(".")[0]  # its own paper first: importing all of them takes longer than drawing
    known = {f.id: f for f in paper(own).figures} if own in PAPERS else {}
    if id not in known:
        known = {f.id: f for p in papers() for f in p.figures}
    if id not in known:
        raise unknown("figure", id, known)
    return known[id]


def find_training_method(name: str) -> Any:
    """The way to train called `name` ("baseline", "HS .1"): a row of Yaras et al. 2024, Tables 2 to 5, or "FLT .05".

    Raises
    ------
    InputError
        For any other name.
    """
    from mmcl_core.papers.yaras2024.methods import find_method

    return find_method(name)
