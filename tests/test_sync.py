"""Both halves of a chapter: what is edited survives, whatever the clock says, or nothing is written."""

import os

import nbformat
import pytest

from mmcl_core.cli import main
from mmcl_core.errors import InputError
from mmcl_core.site import pairs

TEXT = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
:tags: [parameters]

tier = "book"
```

Some words.

````
```{code-cell} ipython3
an_example_in_a_fence = True
```
````
"""


@pytest.fixture
def pair(tmp_path):
    text, book = pairs.halves(tmp_path, "ren2023")
    text.parent.mkdir(parents=True)
    text.write_text(TEXT)
    assert pairs.sync(tmp_path) == [book]
    return text, book


def edit_notebook(book, edit):
    cells = nbformat.read(book, as_version=4)
    edit(cells)
    nbformat.write(cells, book)


def say(words):
    def edit(book):
        book.cells[2].source = book.cells[2].source.replace("Some words.", words)

    return edit


def test_in_step_there_is_nothing_to_write(pair, tmp_path):
    text, book = pair
    os.utime(text, (1, 1))
    assert pairs.sync(tmp_path) == [] and [c.cell_type for c in pairs.stored(book).cells] == [
        "markdown",
        "code",
        "markdown",
    ]


@pytest.mark.parametrize("clock", ["text is newer", "notebook is newer"])
@pytest.mark.parametrize("half", ["text", "notebook"])
def test_the_edit_survives_whatever_the_clock_says(pair, tmp_path, half, clock):
    text, book = pair
    if half == "text":
        text.write_text(TEXT.replace("Some words.", "Other words."))
    else:
        edit_notebook(book, say("Other words."))
    early = book if clock.startswith("text") else text
    os.utime(early, (1, 1))
    assert pairs.sync(tmp_path)
    assert text.read_text() == TEXT.replace("Some words.", "Other words.")  # nothing else: no fence, no heading
    assert "Other words." in book.read_text() and pairs.sync(tmp_path) == []


def test_edits_of_both_halves_are_refused_and_nothing_is_written(pair, tmp_path, monkeypatch, capsys):
    text, book = pair
    text.write_text(TEXT.replace("Some words.", "Words in the text."))
    edit_notebook(book, say("Words in the notebook."))
    before = text.read_bytes(), book.read_bytes()
    with pytest.raises(InputError, match="Both halves of chapter ren2023 were edited.*nothing was written"):
        pairs.sync(tmp_path)
    assert (text.read_bytes(), book.read_bytes()) == before
    (tmp_path / "_toc.yml").touch()
    (tmp_path / "mmcl_core").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["sync", "--keep", "notebook"]) == 0 and "Words in the notebook." in text.read_text()


def test_a_chapter_that_is_refused_keeps_the_others_as_they_are(pair, tmp_path):
    text, book = pair
    other, _ = pairs.halves(tmp_path, "another")
    other.write_text(TEXT)
    text.write_text(TEXT + "\nMore.\n")
    edit_notebook(book, say("Else."))
    with pytest.raises(InputError):
        pairs.sync(tmp_path)
    assert not pairs.halves(tmp_path, "another")[1].exists()


def add(cell):
    return lambda book: book.cells.append(cell)


KEPT = {
    "tags and other metadata of a code cell": add(
        nbformat.v4.new_code_cell("1 + 1", metadata={"tags": ["hide-input"], "slideshow": {"slide_type": "skip"}})
    ),
    "metadata of a text cell": add(nbformat.v4.new_markdown_cell("Aside.", metadata={"tags": ["margin"]})),
    "a raw cell": add(nbformat.v4.new_raw_cell("raw")),
    "a magic": add(nbformat.v4.new_code_cell("%matplotlib inline")),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_text_can_hold_comes_back(pair, tmp_path, case):
    text, book = pair
    edit_notebook(book, KEPT[case])
    edited = pairs.stored(book).cells[-1]
    pairs.sync(tmp_path)
    for cell in (pairs.notebook(text).cells[-1], pairs.stored(book).cells[-1]):
        assert (cell.cell_type, cell.source, dict(cell.metadata)) == (
            edited.cell_type,
            edited.source,
            dict(edited.metadata),
        )


REFUSED = {
    "an attachment": (
        add(nbformat.v4.new_markdown_cell("![](attachment:a.png)", attachments={"a.png": {"image/png": "aaaa"}})),
        "has an attachment",
    ),
    "a cell that would be executed": (add(nbformat.v4.new_markdown_cell("```{code-cell}\n1\n```")), "read back"),
    "an empty cell": (add(nbformat.v4.new_markdown_cell("")), "read back"),
    "a line that parts cells": (add(nbformat.v4.new_markdown_cell("one\n\n+++\n\ntwo")), "read back"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_text_cannot_hold_is_refused_and_nothing_is_written(pair, tmp_path, case):
    text, book = pair
    edit, sentence = REFUSED[case]
    edit_notebook(book, edit)
    before = text.read_bytes(), book.read_bytes()
    with pytest.raises(InputError, match=f"Cell 4 of ren2023.ipynb.*{sentence}"):
        pairs.sync(tmp_path)
    assert (text.read_bytes(), book.read_bytes()) == before


def test_a_run_in_jupyter_is_no_edit(pair, tmp_path):
    text, book = pair

    def run(cells):
        cells.cells[1].update(outputs=[nbformat.v4.new_output("stream", text="x")], execution_count=1)
        cells.cells[1].metadata["execution"] = {"iopub.execute_input": "now"}
        cells.metadata["language_info"] = {"name": "python", "version": "3.12"}

    edit_notebook(book, run)
    text.write_text(TEXT.replace("Some words.", "Other words."))
    assert pairs.sync(tmp_path) == [book] and "Other words." in text.read_text()
    assert not pairs.stored(book).cells[1].outputs


BROKEN = {
    "half a notebook": ("notebook", '{"cells": [', "is no notebook"),
    "a merge conflict": ("notebook", "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "is no notebook"),
    "a notebook of no cells": ("notebook", '{"nbformat": 4}', "is no notebook"),
    "an empty notebook": ("notebook", "", "is no notebook"),
    "a header that is no YAML": ("text", "---\njupytext: [\n---\n\nx\n", "cannot be read as a chapter"),
    "bytes that are no text": ("text", b"\xff\xfe\x00", "cannot be read as a chapter"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_half_is_one_sentence(pair, tmp_path, case):
    half, content, sentence = BROKEN[case]
    path = pair[0] if half == "text" else pair[1]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=sentence) as refusal:
        pairs.sync(tmp_path)
    assert "\n" not in str(refusal.value)
    assert any(sentence in problem for problem in pairs.drifted(tmp_path))
