"""What Sphinx reads, gathered in `_build/src`: the book's own files, executed chapters and their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

from mmcl_core import catalog
from mmcl_core.site.ledgers import paper_of

PAGES = (
    "index",
    "practice",
    "scoreboard",
    "gallery",
    "notation",
    "glossary",
    "deviations",
    "api",
    "speed",
    "train",
    "colophon",
)


def write_if_changed(path: Path, content: str | bytes) -> None:
    """Leave a file alone when it is right already, so that Sphinx does not read it again."""
    data = content.encode() if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def stage(root: Path, executed: Path, built: Mapping[str, Path], failed: Sequence[str]) -> Path:
    """Gather what Sphinx reads in `_build/src`: pages, executed chapters (`built`, with notebook halves), figures.
    A chapter that failed gets a page that says so."""
    staged = root / "_build" / "src"
    wanted: dict[Path, bytes | str] = {}
    for path in (root / "book").rglob("*"):
        inside = path.relative_to(root / "book")
        if path.is_file() and inside.parts[0] not in ("chapters", "notebooks") and inside.stem not in PAGES:
            wanted[place(inside)] = path.read_bytes()
    for path in (executed / "figures").rglob("*.*"):
        if path.parent.name in map(paper_of, built):
            wanted[Path("figures") / path.relative_to(executed / "figures")] = path.read_bytes()
    for key, source in built.items():
        wanted[Path("chapters") / f"{key}.ipynb"] = as_shown(source, executed / f"{key}.ipynb")
    for key in failed:
        wanted[Path("chapters") / f"{key}.md"] = (
            f"# {catalog.paper(paper_of(key)).title}\n\nThis chapter failed in this build and is not shown.\n"
        )
    for path in [p for p in staged.rglob("*") if p.is_file()]:
        inside = path.relative_to(staged)
        if inside not in wanted and inside != Path("_static/cards.js") and str(inside.with_suffix("")) not in PAGES:
            path.unlink()
    for inside, content in wanted.items():
        write_if_changed(staged / inside, content)
    return staged


def place(inside: Path) -> Path:
    """Where a file of `book/` is staged. Every script below `_static` is put on every page by jupyter-book; those of
    explorers stand aside, and Sphinx copies them to the same address."""
    asked = inside.parts[:2] == ("_static", "explorers") and inside.suffix == ".js"
    return Path("_asked") / inside if asked else inside


def as_shown(source: Path, executed: Path) -> str:
    """The prose of a chapter as it is now around its code as it was executed: the stamp vouches that the code is still
    the same. Without the cell that papermill put in: the page shows the defaults that a reader would edit."""
    notebook = nbformat.read(executed, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    ran = iter([cell for cell in code if "injected-parameters" not in cell.metadata.get("tags", [])])
    cells = nbformat.read(source, as_version=4).cells
    notebook.cells = [next(ran) if cell.cell_type == "code" else cell for cell in cells]
    return nbformat.writes(notebook)
