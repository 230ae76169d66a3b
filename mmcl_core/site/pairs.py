"""The two halves of a chapter: `book/chapters/<key>.md` is read in diffs, `book/notebooks/<key>.ipynb` is opened in
Jupyter."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from mmcl_core.catalog import PAPERS
from mmcl_core.errors import InputError
from mmcl_core.paths import checkout


def root_folder(root: Path | None = None) -> Path:
    """The checkout, or `InputError` outside one."""
    root = root or checkout()
    if root is None:
        raise InputError(
            "There is no checkout of the book here: building and syncing need one; run the command inside a clone"
        )
    return root


def halves(root: Path, key: str) -> tuple[Path, Path]:
    """The text half and the notebook half of chapter `key`."""
    return root / "book" / "chapters" / f"{key}.md", root / "book" / "notebooks" / f"{key}.ipynb"


def notebook(text_half: Path) -> NotebookNode:
    """The notebook that a text half stands for: no outputs, and cell ids that do not change from one call to the
    next."""
    book = jupytext.read(text_half)
    book.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book.metadata.pop("jupytext", None)
    book.nbformat, book.nbformat_minor = 4, 5
    for index, cell in enumerate(book.cells):
        cell["id"] = f"cell-{index:03d}"
    return book


def _essence(book: NotebookNode) -> list[tuple[str, str, list[str]]]:
    return [(cell.cell_type, cell.source.strip(), sorted(cell.metadata.get("tags", []))) for cell in book.cells]


def keys(root: Path) -> list[str]:
    """The pages that have a text half, a paper's own page before its others."""
    return sorted(path.stem for path in (root / "book" / "chapters").glob("*.md"))


def chapter_pages(root: Path) -> list[str]:
    """All pages in the book's order of papers: "xue2024", "xue2024-experiments", "huang2024", ..."""
    return [page for key in PAPERS for page in [key, *(k for k in keys(root) if k.startswith(f"{key}-"))]]


def toc(root: Path) -> list[str]:
    """All pages of the book, chapters or not, in the order of its table of contents."""
    listed = (root / "_toc.yml").read_text(encoding="utf-8")
    return re.findall(r"^\s*(?:root:|- file:)\s*(\S+)", listed, re.MULTILINE)


def drifted(root: Path | None = None) -> list[str]:
    """One sentence for each pair whose halves differ or whose notebook half holds outputs; empty when all is well."""
    root = root_folder(root)
    problems = []
    for key in sorted({*PAPERS, *keys(root), *(p.stem for p in (root / "book" / "notebooks").glob("*.ipynb"))}):
        text_half, notebook_half = halves(root, key)
        if not (text_half.exists() or notebook_half.exists()):
            problems.append(
                f"Chapter {key} is in the catalogue but has no text: write book/chapters/{key}.md and run mmcl sync"
            )
            continue
        if not (text_half.exists() and notebook_half.exists()):
            problems.append(
                f"Chapter {key} lacks its {'text' if notebook_half.exists() else 'notebook'} half: run mmcl sync"
            )
            continue
        stored = nbformat.read(notebook_half, as_version=4)
        if _essence(notebook(text_half)) != _essence(stored):
            problems.append(f"The halves of chapter {key} differ: run mmcl sync, which takes the half changed last")
        elif any(cell.get("outputs") for cell in stored.cells):
            problems.append(f"The notebook half of chapter {key} holds outputs: run mmcl sync, which removes them")
    return problems


def sync(root: Path | None = None) -> list[Path]:
    """Write the older half of each pair from the newer one; returns what was written."""
    root = root_folder(root)
    written = []
    for key in sorted({*keys(root), *(p.stem for p in (root / "book" / "notebooks").glob("*.ipynb"))}):
        text_half, notebook_half = halves(root, key)
        newer = notebook_half.exists() and (
            not text_half.exists() or notebook_half.stat().st_mtime > text_half.stat().st_mtime
        )
        if newer and (
            not text_half.exists()
            or _essence(nbformat.read(notebook_half, as_version=4)) != _essence(notebook(text_half))
        ):
            book = nbformat.read(notebook_half, as_version=4)
            book.metadata["jupytext"] = {"text_representation": {"extension": ".md", "format_name": "myst"}}
            jupytext.write(book, text_half, fmt="md:myst")
            written.append(text_half)
        content = nbformat.writes(notebook(text_half)) + "\n"
        if not notebook_half.exists() or notebook_half.read_text(encoding="utf-8") != content:
            notebook_half.parent.mkdir(parents=True, exist_ok=True)
            notebook_half.write_text(content, encoding="utf-8")
            written.append(notebook_half)
    return written
