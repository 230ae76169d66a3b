"""What the site is made of: formulas, groups of claims, maps, symbols, words, live verdicts in hand-written pages."""

import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from mmcl_core import catalog
from mmcl_core.errors import InputError
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.site import finish, groups, maps, notation, pages, pdf, render, search, sixty, typeset

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Said:
    """As much of a claim as a line about several needs."""

    item: str
    author: Author = Author.paper


@dataclass(frozen=True)
class Fell:
    claim: Said
    verdict: Verdict


def test_a_formula_becomes_mathml_wherever_it_stands(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        '<p><span class="math notranslate nohighlight">\\(\\gamma_r &lt; 1\\)</span> and</p>'
        '<div class="math notranslate nohighlight">\n\\[\\sqrt{2}\\]</div><p>no $formula$</p>'
    )
    assert typeset.typeset(tmp_path) == 2
    made = page.read_text()
    assert "<msub><mi>γ</mi><mi>r</mi></msub>" in made and "<mo>&lt;</mo>" in made
    assert '<div class="math">' in made and '<msqrt class="low">' in made and "display" in made
    assert "\\(" not in made and "nohighlight" not in made and "no $formula$" in made
    with pytest.raises(ValueError, match="frac"):
        typeset.mathml([("\\frac{1}", False)])


def test_powers_of_ten_are_set_and_names_left_alone():
    assert render.text("below 1e-06, not -1.6e-5 or exp1e5; $x<1e-3$") == (
        "below 10<sup>−6</sup>, not -1.6·10<sup>−5</sup> or exp1e5; "
        '<span class="math notranslate nohighlight">\\(x&lt;1e-3\\)</span>'
    )


@pytest.mark.parametrize(
    ("items", "title"),
    [
        (["Lemma C.1", "Lemmas C.1, D.2, sharp form", "Lemma C.3"], "Lemmas C.1, C.3, D.2"),
        (["Theorem 4.2, loss", "Theorem 4.2, loss"], "Theorem 4.2, loss"),
        (["Figure 1, head", "Theorem 4.3, scale of nu"], "Figure 1; Theorem 4.3"),
        (["Sweeps of the flow", "D8: rates"], "Sweeps of the flow; D8"),
        (["Tables 2 to 5, FLT .01", "Tables 2 to 5, TS S3"], "Tables 2 to 5"),
    ],
)
def test_a_group_is_named_after_what_it_holds(items, title):
    assert groups.named(items) == title


def test_a_group_says_how_it_fell_the_papers_statements_and_ours_apart():
    rows = [Fell(Said("Lemma 1"), Verdict.reproduced)] * 3 + [Fell(Said("Lemma 2"), Verdict.refuted)]
    ours = [Fell(Said("Beyond", Author.ours), Verdict.holds)]
    assert groups.fell(rows) == "4 statements of the paper: 3 reproduced, 1 refuted as printed"
    assert groups.fell(rows[:1] + ours) == "1 statement of the paper: reproduced; 1 of ours: holds"


def test_a_closed_group_is_held_back_and_a_failed_statement_stands_open():
    row = f"<details>{groups.HELD}<p>a</p>{groups.RELEASED}</details>"
    assert finish.hold_back(row * 2) == '<details><noscript class="held"><p>a</p></noscript></details>' * 2
    results = catalog.results(tier="smoke")
    from mmcl_core.evidence.ledger import evaluate

    rows = [evaluate(catalog.find_claim(f"huang2024.{name}"), "smoke", results) for name in ("b1", "b3", "b4")]
    whole = groups.claims_group(rows)
    assert whole.count("data-claim") == 3 and whole.startswith(
        '<details class="claims"><summary><b>Lemmas B.1, B.3, B.4</b>'
    )
    assert groups.OPEN == (Verdict.refuted, Verdict.not_reproduced, Verdict.does_not_hold)


def test_every_statement_of_a_map_has_rows_and_stands_on_what_is_there():
    entries = tomllib.loads((ROOT / "book/maps.toml").read_text())
    assert set(entries) == set(catalog.PAPERS)
    for key, nodes in entries.items():
        items = {c.item for c in catalog.paper(key).claims}
        for node in nodes:
            assert any(re.match(node["items"], item) for item in items), node["name"]
        drawn = [maps.Node(n["name"], tuple(n.get("on", ())), ()) for n in nodes]
        assert len(set(maps.places(drawn).values())) == len(drawn), "two boxes in one place"
    with pytest.raises(ValueError, match="rests on"):
        maps.ranks([maps.Node("a", ("b",), ())])


def test_a_map_says_the_same_in_the_drawing_and_in_the_list():
    rows = (Fell(Said("Lemma 1"), Verdict.refuted),)
    nodes = [maps.Node("Lemma 1", (), ()), maps.Node("Theorem 1", ("Lemma 1",), ())]
    made = maps.drawing(nodes, "Map")
    assert made.count("<rect") == 2 and made.count("<path") == 1 and "rests on Lemma 1" in made
    assert maps.Node("Lemma 1", (), rows).fell == "refuted as printed" and maps.Node("x", (), rows).kind == "bad"


def test_symbols_and_words_are_complete():
    symbols, terms = notation.read(ROOT, "symbols"), notation.read(ROOT, "glossary")
    assert {"\\kappa", "\\gamma", "\\rho", "\\nu", "\\tau"} <= set(notation.clashes(symbols))
    assert not {"d", "n", "y", "\\Phi"} & set(notation.clashes(symbols))
    for symbol, meanings in symbols.items():
        assert set(meanings) - {"same"} <= set(catalog.PAPERS), symbol
    table = notation.notation(symbols, catalog.papers())
    assert table.count("several meanings") == len(notation.clashes(symbols))
    used = set()  # the Greek letters of each chapter's text are on the page
    for key in catalog.PAPERS:
        source = "".join(p.read_text() for p in (ROOT / "book/chapters").glob(f"{key}*.md"))
        greek = set(
            re.findall(
                r"\\(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|mu|nu|xi|rho|sigma|tau|omega)\b", source
            )
        )
        missing = {f"\\{g}" for g in greek} - {s for s, m in symbols.items() if key in m}
        used |= {(key, s) for s in missing}
    assert used == set()
    assert all(entry["means"] for entry in terms.values())


def test_the_first_mention_of_a_word_is_linked_and_nothing_else():
    terms = {"modality gap": {"means": "x"}, "temperature": {"means": "y", "also": ["temperatures"]}}
    link = '<a href="x">modality gap</a>'
    page = f"<article><p>A <code>temperature</code> and temperatures, the {link}, temperature.</p></article>"
    made = notation.linked(page, terms)
    assert made.count('class="term"') == 1 and 'href="../glossary.html#term-temperature">temperatures</a>' in made


def test_hand_written_pages_carry_live_verdicts():
    record = {
        "id": "huang2024.b1",
        "page": "huang2024-proof",
        "item": "Lemma B.1",
        "verdict": "misprint",
        "value": 0.99988,
    }
    filled = pages.filled("[[huang2024.b1]] [[huang2024.b1:.2f]] [[huang2024.b3]]", {"huang2024.b1": record})
    assert "chapters/huang2024-proof.html#claim-huang2024-b1" in filled and "misprint" in filled and "1.00" in filled
    assert "failed in this build" in filled
    with pytest.raises(InputError, match="Unknown claim"):
        pages.filled("[[huang2024.no_such]]", {})
    for name in re.findall(r"\[\[([a-z0-9]+\.\w+)", (ROOT / "book/practice.md").read_text()):
        catalog.find_claim(name)


def test_a_page_says_how_long_it_takes():
    source = "\n---\n# T\n" + "word " * 359 + "\n```{code-cell}\nx = 1\n```\n"
    assert sixty.minutes("head" + source) == 2 and sixty.heading(ROOT, "huang2024").startswith("Why a second modality")
    assert sixty.duration(12) == "12 s" and sixty.duration(600) == "10 minutes" and sixty.duration(7200) == "2.0 hours"


def test_one_document_has_unique_ids_and_links_inside(tmp_path):
    (tmp_path / "chapters").mkdir()
    for name, body in (
        (
            "chapters/a",
            '<h1 id="t">A</h1><a href="../b.html#t">to b</a><a href="#t">up</a><a href="https://x.y">out</a>',
        ),
        (
            "b",
            '<h1 id="t">B</h1><noscript class="held"><p>held</p></noscript><details><summary>s</summary></details>'
            '<p>It is <button type="button" class="origin" disabled data-origin="{}">0.57</button> here.</p>'
            '<form class="predict"><p>Which?</p><div class="predict-controls" hidden><button>Show</button></div>'
            '<p class="predict-yours" hidden></p><details><summary>The result</summary><p>Two.</p></details></form>'
            '<button class="copy">Copy</button><a class="download" href="x.csv"><code>data</code></a> · '
            "<code>mmcl</code>",
        ),
    ):
        (tmp_path / f"{name}.html").write_text(f'<article class="bd-article">{body}</article>')
    a, b = (pdf.article(tmp_path, name, {"chapters/a", "b"}) for name in ("chapters/a", "b"))
    assert 'href="#b--t"' in a and 'href="#chapters-a--t"' in a and 'id="chapters-a--t"' in a and "https://x.y" in a
    # Nothing is closed, and nothing is a `details`, which is not parted between two pages.
    assert "<noscript" not in b and '<div><div class="head">s</div></div>' in b and 'id="b--t"' in b
    # Numbers and answers stay without their controls; what leads to no place in the document goes.
    assert "It is 0.57 here." in b and "<p>Which?</p>" in b and "<p>Two.</p>" in b and "<code>mmcl</code>" in b
    assert not any(gone in b for gone in ("<button", "<form", "predict-", "Copy", "data</code>"))


def test_headings_and_statements_can_be_found():
    page = (
        '<article><section class="x" id="top"><h1>The gap<a class="headerlink" href="#top">#</a></h1>'
        "<p>It is <b>wide</b>.</p>"
        '<section id="why"><h2>Theorem 3.2</h2><p>Slow.</p>'
        '<details class="claims"><summary>s</summary><noscript class="held">'
        '<div class="claim-box claim-holds" id="claim-a">'
        '<p class="claim-head"><b><a class="to-scoreboard" href="x">Lemma 1</a></b> '
        "<span>holds</span></p><p>It holds.</p>"
        "</div></noscript></details></section></section></article>"
    )
    assert search.entries("chapters/a", page) == [
        ["chapters/a.html", "The gap", "The gap", "It is wide."],
        ["chapters/a.html#why", "Theorem 3.2", "The gap", "Slow."],
        ["chapters/a.html#claim-a", "Lemma 1", "The gap", "It holds."],
    ]


@pytest.mark.skipif(not any(map(shutil.which, pdf.NAMES)), reason="no Chromium on this machine")
def test_a_document_is_printed_with_its_places(tmp_path):
    content = '<html><body><a href="#b">b</a><div style="break-after:page">one</div><div id="b">two</div></body></html>'
    pdf.printed(tmp_path, content, tmp_path / "out.pdf")
    assert pdf.starts(tmp_path / "out.pdf", {"b"}) == {"b": 2}
    assert not (tmp_path / "_book.html").exists()


@pytest.mark.parametrize("key", catalog.PAPERS)
def test_every_deviation_stands_under_its_kind(key):
    paper = catalog.paper(key)
    page = pages.deviations([paper], [])
    assert {d.kind for d in paper.deviations} <= set(pages.KINDS)
    assert page.count("<tr><th") - page.count("<thead") == len(paper.deviations)
    assert f"<p>{len(paper.deviations)} entries: " in page


def test_powers_of_ten_are_set_as_such_in_formulas_and_captions():
    told = render.formula_powers(r"from $n=1.9e+04$ on and $\sigma_0 = 1e-05$, not 1e-09")
    assert told == r"from $n=1.9\cdot 10^{4}$ on and $\sigma_0 = 10^{-5}$, not 1e-09"
    assert render.powers(told).endswith("not 10<sup>−9</sup>")


@pytest.mark.parametrize(("rows", "closed"), [(render.LONG, False), (render.LONG + 1, True)])
def test_a_table_longer_than_a_screen_is_behind_one_line(rows, closed):
    drawn = render.table(pd.DataFrame({"method": ["x"] * rows, "gap": [0.5] * rows}), "Gaps")
    assert drawn.startswith("<details") == closed and drawn.count("<tr>") == rows + 1 and "<caption>Gaps" in drawn
