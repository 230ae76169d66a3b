"""The book: pairs in step, chapters executed, failures contained, pages generated, nothing done twice."""

import json
import re
import time
from pathlib import Path

import jupytext
import nbformat
import pytest

from mmcl_core import catalog
from mmcl_core.errors import InputError
from mmcl_core.site import build as build_module
from mmcl_core.site import pairs
from mmcl_core.site.execute import Limits, execute, failure
from mmcl_core.site.ledgers import gathered, misplaced
from tests.conftest import copy_of_the_book

ROOT = Path(__file__).parents[1]


def test_pairs_are_in_step():
    assert pairs.drifted(ROOT) == []


def test_drift_is_named_and_mended(tmp_path):
    root = copy_of_the_book(tmp_path)
    text_half, notebook_half = pairs.halves(root, "huang2024")
    text_half.write_text(text_half.read_text() + "\nOne more sentence.\n")
    assert "run mmcl sync" in pairs.drifted(root)[0]
    assert notebook_half in pairs.sync(root) and pairs.drifted(root) == []
    notebook = nbformat.read(notebook_half, as_version=4)
    notebook.cells[-1].source += "\n\nAnd another."
    time.sleep(0.02)
    nbformat.write(notebook, notebook_half)
    assert pairs.drifted(root)
    pairs.sync(root)
    assert "And another." in text_half.read_text() and pairs.drifted(root) == []
    notebook_half.unlink()
    assert "lacks its notebook half" in pairs.drifted(root)[0]


def test_stored_outputs_are_drift(tmp_path):
    root = copy_of_the_book(tmp_path)
    _, notebook_half = pairs.halves(root, "huang2024")
    notebook = nbformat.read(notebook_half, as_version=4)
    next(c for c in notebook.cells if c.cell_type == "code").outputs = [nbformat.v4.new_output("stream", text="x")]
    nbformat.write(notebook, notebook_half)
    assert "holds outputs" in pairs.drifted(root)[0]
    with pytest.raises(InputError, match="mmcl sync"):
        build_module.build("smoke", root=root)


@pytest.mark.parametrize("key", catalog.PAPERS)
def test_notebooks_are_ready_for_papermill_and_for_jupyter(key):
    notebook = nbformat.read(pairs.halves(ROOT, key)[1], as_version=4)
    nbformat.validate(notebook)
    assert sum("parameters" in c.metadata.get("tags", []) for c in notebook.cells) == 1
    assert notebook.metadata.kernelspec.language == "python"


def test_a_second_build_executes_nothing(book, capsys):
    begin = {p: p.stat().st_mtime_ns for p in (book / "_build" / "executed").rglob("*.ipynb")}
    assert build_module.build("smoke", root=book) == 0
    out = capsys.readouterr().out
    assert "huang2024    cached" in out and "in store" not in out and "sphinx       cached" in out
    assert begin == {p: p.stat().st_mtime_ns for p in (book / "_build" / "executed").rglob("*.ipynb")}


@pytest.mark.parametrize("key", catalog.PAPERS)
def test_the_ledger_covers_every_claim_once(book, key):
    ledger = json.loads((book / f"_build/executed/smoke/{key}.ledger.json").read_text())
    assert [r["id"] for r in ledger["rows"]] == [c.id for c in catalog.paper(key).claims]
    pages = "".join(p.read_text() for p in (book / "_build/html/chapters").glob(f"{key}*.html"))
    for row in ledger["rows"]:
        assert pages.count(f'data-claim="{row["id"]}"') == 1
    assert {e["name"] for e in ledger["experiments"]} <= {e.name for e in catalog.paper(key).experiments}


@pytest.mark.parametrize("key", catalog.PAPERS)
def test_every_scoreboard_link_has_its_place(book, key):
    chapter = (book / f"_build/html/chapters/{key}.html").read_text()
    ids = set(re.findall(r'id="(claim-[^"]+)"', chapter))
    for page in ("scoreboard", "deviations"):
        links = re.findall(rf'href="chapters/{key}\.html#([^"]+)"', (book / f"_build/html/{page}.html").read_text())
        assert links and set(links) <= ids


@pytest.mark.parametrize("key", catalog.PAPERS)
def test_every_figure_is_shown_with_alt_text_data_and_source_or_said_to_lack_its_data(book, key):
    page = "".join(p.read_text() for p in (book / "_build/html/chapters").glob(f"{key}*.html"))
    texts = "".join(p.read_text() for p in (book / "book/chapters").glob(f"{key}*.md"))
    # Figures of runs of that tier alone.
    at_paper = "".join(re.findall(r'if chapter.tier == "paper":\n((?:    .*\n)+)', texts))
    figures = [f for f in catalog.paper(key).figures if f'"{f.id.split(".")[1]}"' not in at_paper]
    absent = [spec for spec in figures if f"{spec.title}: not shown." in page]
    assert len(absent) <= 1
    for spec in figures:
        assert spec in absent or f'id="fig-{key}-{spec.id.split(".")[1].replace("_", "-")}"' in page
    for image in re.findall(r"<img[^>]+>", page):
        assert re.search(r'alt="[^"]{60,}"', image) or "logo" in image, image
    assert page.count(".csv") >= len(figures) - len(absent) <= page.count(".py")


def test_a_prose_edit_executes_nothing_and_stands_on_the_page(book, capsys):
    text_half, _ = pairs.halves(book, "huang2024")
    text_half.write_text(text_half.read_text().replace("**The question.**", "**The question, again.**"))
    pairs.sync(book)
    executed = book / "_build/executed/smoke/huang2024.ipynb"
    before = executed.read_bytes()
    assert build_module.build("smoke", root=book) == 0
    out = capsys.readouterr().out
    assert "executed" not in out and "sphinx       built" in out
    assert executed.read_bytes() == before
    page = (book / "_build/html/chapters/huang2024.html").read_text()
    assert "The question, again." in page and "injected" not in page


def test_an_edit_of_code_executes_its_page_and_computes_nothing(book, capsys):
    def made():
        ledger = json.loads((book / "_build/executed/smoke/huang2024.ledger.json").read_text())
        return {e["name"]: (e["key"], e["created"], e["seconds"]) for e in ledger["experiments"]}

    text_half, _ = pairs.halves(book, "huang2024")
    first_figure = re.search(r"^chapter\.figure\(.*$", text_half.read_text(), re.MULTILINE)[0]
    text_half.write_text(text_half.read_text().replace(first_figure, f"{first_figure}  # once more", 1))
    pairs.sync(book)
    before = made()
    assert build_module.build("smoke", root=book) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^(\S+) +executed", out, re.MULTILINE) == ["huang2024"] and "to compute" not in out
    assert before == made()


def test_a_surprising_verdict_fails_the_build(book, capsys):
    path = book / "_build/executed/smoke/huang2024.ledger.json"
    kept = path.read_text()
    ledger = json.loads(kept)
    ledger["rows"][0] |= {"surprising": True}
    path.write_text(json.dumps(ledger))
    assert build_module.build("smoke", root=book) == 1
    assert f"SURPRISE     {ledger['rows'][0]['id']}" in capsys.readouterr().out
    path.write_text(kept)


def write_notebook(path, *cells):
    text = "---\nkernelspec:\n  name: python3\n  language: python\n  display_name: Python 3\n---\n" + "".join(
        f"\n```{{code-cell}} ipython3\n{':tags: [parameters]' if k == 0 else ''}\n{c}\n```\n"
        for k, c in enumerate(cells)
    )
    notebook = jupytext.reads(text, fmt="md:myst")
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return path


def test_a_failing_cell_is_named_and_the_notebook_is_kept(tmp_path):
    source = write_notebook(tmp_path / "bad.ipynb", "tier = 'x'", "print('before')", "raise ValueError('the reason')")
    outcome = execute(source, tmp_path / "out", {"tier": "smoke"}, Limits(), tmp_path, 1)
    assert "`raise ValueError('the reason')`: ValueError: the reason" in outcome.error
    kept = (tmp_path / "out" / "bad.ipynb").read_text()
    assert "before" in kept and failure(tmp_path / "out" / "bad.ipynb") == outcome.error


def test_a_hanging_chapter_is_stopped(tmp_path):
    source = write_notebook(tmp_path / "slow.ipynb", "tier = 'x'", "import time\ntime.sleep(600)")
    begin = time.perf_counter()
    outcome = execute(source, tmp_path / "out", {}, Limits(total=6), tmp_path, 1)
    assert "limit" in outcome.error and time.perf_counter() - begin < 60


def test_a_cell_that_takes_too_long_is_stopped(tmp_path):
    source = write_notebook(tmp_path / "slow.ipynb", "tier = 'x'", "import time\ntime.sleep(600)")
    outcome = execute(source, tmp_path / "out", {}, Limits(cell=2, total=60), tmp_path, 1)
    assert "`import time`" in outcome.error and "2 s, the limit for a cell" in outcome.error


def test_a_killed_kernel_does_not_hang_the_build(tmp_path):
    source = write_notebook(
        tmp_path / "dead.ipynb", "tier = 'x'", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    outcome = execute(source, tmp_path / "out", {}, Limits(total=40), tmp_path, 1)
    assert outcome.error and outcome.seconds < 40


def test_a_failing_chapter_leaves_the_rest_of_the_book(book, tmp_path, monkeypatch, capsys):
    def broken(sources, folder, parameters, limits, cwd, fingerprints, report):
        from mmcl_core.site.execute import Outcome

        outcome = Outcome("huang2024", False, 1.0, "cell 3: ValueError: planted")
        report(outcome)
        return [outcome]

    monkeypatch.setattr(build_module, "execute_all", broken)
    root = copy_of_the_book(tmp_path)
    monkeypatch.setattr(build_module, "compute", lambda *a: None)
    assert build_module.build("smoke", root=root) == 1
    out = capsys.readouterr().out
    assert "FAILED       huang2024: cell 3: ValueError: planted" in out
    assert "failed in this build" in (root / "_build/html/chapters/huang2024.html").read_text()
    assert (root / "_build/html/scoreboard.html").exists()


def test_a_chapter_must_show_every_claim_once(monkeypatch, tmp_path):
    from mmcl_core.site.chapter import Chapter

    monkeypatch.setenv("MMCL_BUILD_DIR", str(tmp_path))
    chapter = Chapter("huang2024", tier="smoke", device="cpu")
    chapter.claim("lemma5_1")
    chapter.claim("lemma5_1")
    with pytest.raises(InputError, match="shown twice .'lemma5_1'"):
        chapter.close()


def test_a_chapter_of_two_pages_has_one_ledger_and_shows_every_claim_once(tmp_path):
    rows = [{"id": f"toy.{name}"} for name in "abc"]
    pages = {
        "toy": {"rows": rows, "shown": ["a"], "experiments": [{"name": "toy.e"}, {"name": "toy.f"}]},
        "toy-runs": {"rows": rows[1:], "shown": ["b", "c"], "experiments": [{"name": "toy.f"}]},
        "other": {"rows": [{"id": "other.a"}], "shown": [], "experiments": []},
    }
    for page, content in pages.items():
        whole = content | {"paper": page.partition("-")[0], "page": page}
        (tmp_path / f"{page}.ledger.json").write_text(json.dumps(whole))
    toy, other = gathered(tmp_path, list(pages))
    assert [(r["id"], r["page"]) for r in toy["rows"]] == [
        ("toy.a", "toy"),
        ("toy.b", "toy-runs"),
        ("toy.c", "toy-runs"),
    ]
    assert [e["name"] for e in toy["experiments"]] == ["toy.e", "toy.f"] and toy["pages"] == ["toy", "toy-runs"]
    assert misplaced(toy) == [] and misplaced(other) == ["a"]  # never shown
    pages["toy"]["shown"].append("b")  # on both pages
    (tmp_path / "toy.ledger.json").write_text(json.dumps(pages["toy"] | {"paper": "toy", "page": "toy"}))
    assert misplaced(gathered(tmp_path, list(pages))[0]) == ["b"]


def test_a_chapter_names_what_it_does_not_know():
    from mmcl_core.site.chapter import Chapter

    chapter = Chapter("huang2024", tier="smoke", device="cpu")
    for call in (chapter.claim, chapter.figure, chapter.result):
        with pytest.raises(InputError, match="Unknown"):
            call("no_such_thing")


def test_building_outside_a_checkout(monkeypatch):
    monkeypatch.setattr(pairs, "checkout", lambda: None)
    with pytest.raises(InputError, match="inside a clone"):
        build_module.build("smoke")
