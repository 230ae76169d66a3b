"""Explorers: pictures that answer while one drags, computed in the page by `book/_static/explorers/<name>.js`, or
looked up in stored results where computing takes minutes.

Here stands what the page is told (controls, things to try, measured grids), the static picture that Jupyter, print and
a reader without scripts see, and for each explorer the same numbers from the tested core, which the page must equal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mmcl_core.errors import DataAbsent, unknown
from mmcl_core.evidence.paper import Paper
from mmcl_core.lab.run import Result
from mmcl_core.site.explorers import declared
from mmcl_core.site.explorers.backgrounds import BACKGROUNDS
from mmcl_core.site.explorers.pushes import PUSHES
from mmcl_core.site.explorers.race import RACE
from mmcl_core.site.explorers.sphere import SPHERE
from mmcl_core.site.explorers.towers import TOWERS

EXPLORERS = {explorer.name: explorer for explorer in (PUSHES, BACKGROUNDS, RACE, SPHERE, TOWERS)}


class Page(Protocol):
    """What an explorer needs of the chapter that shows it."""

    paper: Paper
    build_folder: Path | None
    scripts: set[str]
    result: Callable[[str], Result]


def shown(chapter: Page, name: str) -> dict[str, str]:
    """The explorer `name` as a cell's output; in a build its static picture is written beside the figures. One sentence
    where it shows nothing but stored results, and their data are absent.

    Raises
    ------
    InputError
        For a name that the chapter's paper has no explorer of.
    """
    own = [e.name for e in EXPLORERS.values() if e.paper == chapter.paper.key]
    if name not in own:
        raise unknown("explorer", name, own)
    explorer = EXPLORERS[name]
    measured = {}
    if explorer.stored or chapter.build_folder is not None:
        try:
            measured = explorer.measured(chapter.result)
        except DataAbsent as absent:
            if explorer.stored:
                said = f"*{explorer.title}: not shown. {absent}.*"
                return {"text/markdown": said, "text/plain": said}
    figure = explorer.static(measured)
    bundle = {"text/html": declared.jupyter(explorer, figure), "text/plain": figure.alt}
    if chapter.build_folder is not None:
        folder = chapter.build_folder / "figures" / explorer.paper
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"explorer-{name}.svg").write_bytes(figure.render("svg"))
        bundle["text/markdown"] = declared.page(explorer, figure, measured, chapter.scripts)
    return bundle
