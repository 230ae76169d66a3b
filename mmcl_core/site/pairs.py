"""The two halves of a chapter: `book/chapters/<key>.md` is read in diffs, `book/notebooks/<key>.ipynb` is opened in
Jupyter.

The notebook half remembers, in its metadata, the cells that both halves held when they were last in step. So it is the
content that says which half was changed, never a time stamp, which copies, stashes and archives rewrite.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jupytext
import nbformat
from nbformat import NotebookNode

from mmcl_core.catalog import PAPERS
from mmcl_core.errors import InputError
from mmcl_core.paths import checkout
from mmcl_core.site.contents import entered

Keep = Literal["text", "notebook"]
PASSING = ("execution", "ExecuteTime", "collapsed", "scrolled", "trusted")  # what Jupyter notes of a run, not of a cell
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


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
    next.

    Raises
    ------
    InputError
        When the file is no text notebook.
    """
    try:
        return _from_text(text_half.read_text(encoding="utf-8"))
    except Exception as error:  # whatever a parser of text makes of it
        raise InputError(f"{text_half} cannot be read as a chapter ({_first_line(error)}): mend its text") from None


def _from_text(text: str) -> NotebookNode:
    book = jupytext.reads(text, fmt="md:myst")
    book.metadata["kernelspec"] = dict(KERNEL)
    book.metadata.pop("jupytext", None)
    book.nbformat, book.nbformat_minor = 4, 5
    for index, cell in enumerate(book.cells):
        cell["id"] = f"cell-{index:03d}"
    book.metadata["mmcl"] = {"in_step": _digest(book)}
    return book


def stored(notebook_half: Path) -> NotebookNode:
    """The notebook half as it lies there.

    Raises
    ------
    InputError
        When the file is no notebook.
    """
    try:
        return nbformat.read(notebook_half, as_version=4)
    except Exception as error:  # nbformat raises what its readers and its schema raise
        raise InputError(
            f"{notebook_half} is no notebook ({_first_line(error)}): remove it and run mmcl sync, which writes it from "
            f"its text half"
        ) from None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')[:100]}"


def _metadata(cell: NotebookNode) -> dict[str, Any]:
    return {name: value for name, value in cell.metadata.items() if name not in PASSING and value not in ([], {})}


def _essence(book: NotebookNode) -> list[tuple[str, str, str]]:
    """What of each cell must survive: its kind, its text, its metadata and attachments."""
    rows = []
    for cell in book.cells:
        kept = {**_metadata(cell), **({"attachments": cell.attachments} if cell.get("attachments") else {})}
        rows.append((cell.cell_type, cell.source.strip(), json.dumps(kept, sort_keys=True)))
    return rows


def _digest(book: NotebookNode) -> str:
    return hashlib.sha256(json.dumps(_essence(book)).encode()).hexdigest()[:20]


def as_text(book: NotebookNode, text_half: Path, name: str) -> str:
    """The text half for a notebook, in the form that the present text half has, so that a diff shows what was edited.

    Raises
    ------
    InputError
        For a cell that the text cannot hold: it would not come back as it is.
    """
    for number, cell in enumerate(book.cells, 1):
        if cell.get("attachments"):
            raise InputError(
                f"Cell {number} of {name} has an attachment, which the text half cannot hold: put the picture into "
                f"book/_static and link to it"
            )
    plain = nbformat.v4.new_notebook(
        cells=[nbformat.from_dict({**cell, "metadata": _metadata(cell)}) for cell in book.cells],
        metadata={"kernelspec": KERNEL, "language_info": {"name": "python", "pygments_lexer": "ipython3"}},
    )
    text = jupytext.writes(plain, fmt="md:myst")
    back = _essence(jupytext.reads(text, fmt="md:myst"))
    for number, (mine, theirs) in enumerate(zip(_essence(book), back + [None] * len(book.cells), strict=False), 1):
        if mine != theirs:
            raise InputError(
                f"Cell {number} of {name} cannot be written as text and read back: an empty cell, a line of +++ or a "
                "fenced {code-cell} in a text cell; write it in the text half"
            )
    head, body = text.split("\n---\n", 1)
    if text_half.exists() and "\n---\n" in (old := text_half.read_text(encoding="utf-8")):
        head = old.split("\n---\n", 1)[0]
    else:
        head = "\n".join(line for line in head.splitlines() if "_version:" not in line)
    return f"{head}\n---\n{body}"


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
        try:
            mine, theirs = notebook(text_half), stored(notebook_half)
        except InputError as broken:
            problems.append(str(broken))
            continue
        if not any("chapter.close()" in cell.source for cell in mine.cells if cell.cell_type == "code"):
            problems.append(f"Chapter {key} never ends with chapter.close(), which judges its claims: add that cell")
        if (root / "_toc.yml").exists() and f"chapters/{key}" not in toc(root):
            problems.append(f"Chapter {key} is not in the table of contents: run mmcl sync, which enters it")
        if key.partition("-")[0] not in PAPERS:
            problems.append(f"Chapter {key} has a text and no paper: name it in PAPERS of mmcl_core/catalog.py")
        if _essence(mine) != _essence(theirs):
            problems.append(f"The halves of chapter {key} differ: run mmcl sync, which writes the one not edited")
        elif any(cell.get("outputs") for cell in theirs.cells):
            problems.append(f"The notebook half of chapter {key} holds outputs: run mmcl sync, which removes them")
    return problems


def _edited(key: str, text: NotebookNode, book: NotebookNode, keep: Keep | None) -> Keep:
    """Which half was edited since both were in step; `InputError` when both were and `keep` does not say."""
    if keep is not None:
        return keep
    if _essence(text) == _essence(book):
        return "text"
    remembered = book.metadata.get("mmcl", {})
    remembered = remembered.get("in_step") if isinstance(remembered, Mapping) else None
    if remembered not in (_digest(text), _digest(book)):
        raise InputError(
            f"Both halves of chapter {key} were edited since they were last in step, and nothing was written: say "
            "which one stands with mmcl sync --keep text or mmcl sync --keep notebook"
        )
    return "text" if remembered == _digest(book) else "notebook"


def sync(root: Path | None = None, keep: Keep | None = None) -> list[Path]:
    """Write the half of each pair that was not edited from the one that was, and enter pages that are new into the
    table of contents; returns what was written.

    Where both halves were edited, `keep` says which one stands.

    Raises
    ------
    InputError
        When both halves of a chapter were edited, one cannot be read, or a notebook holds what text cannot. Nothing is
        written then, of no chapter.
    """
    root, wanted = root_folder(root), {}
    for key in sorted({*keys(root), *(p.stem for p in (root / "book" / "notebooks").glob("*.ipynb"))}):
        text_half, notebook_half = halves(root, key)
        text = notebook(text_half) if text_half.exists() else None
        book = stored(notebook_half) if notebook_half.exists() and (text is None or keep != "text") else None
        if text is None or (book is not None and _edited(key, text, book, keep) == "notebook"):
            wanted[text_half] = as_text(book, text_half, notebook_half.name)
            text = _from_text(wanted[text_half])
        wanted[notebook_half] = nbformat.writes(text) + "\n"
    contents = root / "_toc.yml"
    if contents.exists():
        there = [page for page in chapter_pages(root) if any(half in wanted for half in halves(root, page))]
        wanted[contents] = entered(contents.read_text(encoding="utf-8"), there)
    changed = [p for p, new in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != new]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.new")  # a kill between the two leaves the old half whole
        scratch.write_text(wanted[path], encoding="utf-8")
        os.replace(scratch, path)
    return changed
