"""A new chapter's pages enter the table of contents by themselves, in the book's order."""

from pathlib import Path

import pytest
import yaml

from mmcl_core import catalog
from mmcl_core.errors import InputError
from mmcl_core.site import pairs
from mmcl_core.site.contents import entered

ROOT = Path(__file__).parents[1]
LISTED = (ROOT / "_toc.yml").read_text(encoding="utf-8")
PAGES = pairs.chapter_pages(ROOT)


def nested(text):
    """Each paper's own page with the pages under it, as jupyter-book reads them."""
    chapters = yaml.safe_load(text)["parts"][0]["chapters"]
    return {c["file"]: [s["file"] for s in c.get("sections", [])] for c in chapters}


def test_the_book_s_own_contents_stay_to_the_last_byte():
    assert entered(LISTED, PAGES) == LISTED


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_missing_comes_back(page):
    lines, own = LISTED.splitlines(), page.partition("-")[0]
    start = next(k for k, line in enumerate(lines) if line.endswith(f"chapters/{page}"))
    end = start + 1
    if page == own:  # a chapter goes with what is nested in it
        end += 1 + sum(f"chapters/{own}-" in line for line in lines)
    del lines[start:end]
    again = entered("\n".join(lines) + "\n", PAGES)
    expected, found = nested(LISTED), nested(again)
    assert list(found) == list(expected)  # pages of one chapter that come back stand last
    assert {k: sorted(v) for k, v in found.items()} == {k: sorted(v) for k, v in expected.items()}
    assert yaml.safe_load(again)["parts"][1] == yaml.safe_load(LISTED)["parts"][1]


def test_a_new_chapter_with_a_second_page_stands_where_the_catalogue_has_it():
    for at, pages in ((0, ["new", "new-more", *PAGES]), (4, [*PAGES, "new", "new-more"])):
        found = nested(entered(LISTED, pages))
        assert list(found)[at] == "chapters/new" and found.pop("chapters/new") == ["chapters/new-more"]
        assert found == nested(LISTED)


def test_contents_without_any_chapter_are_left_alone():
    assert entered("format: jb-book\nroot: index\n", ["new"]) == "format: jb-book\nroot: index\n"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one chapter that is whole but for its place in the table of contents."""
    monkeypatch.setattr(pairs, "PAPERS", ("ren2023", "new2026"))
    text, _ = pairs.halves(tmp_path, "new2026")
    text.parent.mkdir(parents=True)
    for key in ("ren2023", "new2026"):
        (text.parent / f"{key}.md").write_text(
            "---\nkernelspec:\n  display_name: Python 3\n  language: python\n  name: python3\n---\n\n# A\n\n"
            "```{code-cell} ipython3\nchapter.close()\n```\n"
        )
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n  - file: chapters/ren2023\n")
    return tmp_path


def test_sync_writes_half_and_entry_and_then_nothing_is_missing(book):
    assert len(pairs.drifted(book)) == 2  # the notebook halves
    pairs.sync(book)
    assert pairs.drifted(book) == [] and pairs.sync(book) == []
    assert pairs.toc(book) == ["index", "chapters/ren2023", "chapters/new2026"]


def test_what_is_missing_is_said_before_anything_runs(book, monkeypatch):
    pairs.sync(book)
    (book / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n  - file: chapters/ren2023\n")
    (problem,) = pairs.drifted(book)
    assert "new2026 is not in the table of contents: run mmcl sync" in problem
    pairs.sync(book)
    monkeypatch.setattr(pairs, "PAPERS", ("ren2023",))
    (problem,) = pairs.drifted(book)
    assert "new2026 has a text and no paper: name it in PAPERS" in problem


def test_a_paper_that_is_named_and_not_written_is_one_sentence(monkeypatch):
    monkeypatch.setattr(catalog, "PAPERS", (*catalog.PAPERS, "new2026"))
    with pytest.raises(InputError, match="mmcl_core/papers/new2026/paper.py has no PAPER: write it"):
        catalog.paper("new2026")
