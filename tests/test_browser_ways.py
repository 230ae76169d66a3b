"""The built site's ways: what a reader answers, looks up, follows, filters and searches for."""

import os
import re

import pytest

from mmcl_core import catalog
from tests.chromium import opened
from tests.test_browser import CHAPTERS, PAGES, ROOT, pytestmark  # noqa: F401  (no browser, no tests)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_page_that_asks_to_predict_takes_an_answer(browser, book, name):
    page, wrong = opened(browser, book / "_build/html", name)
    text = (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8")
    forms = page.query_selector_all("form.predict")
    assert len(forms) > 0 or not re.search(r"^(\*\*)?Predict\b", text, re.MULTILINE)
    for form in forms:
        form.query_selector("input").focus()
        page.keyboard.press("Space")
        form.query_selector("button").click()
        assert form.query_selector(".predict-yours").inner_text().startswith("You said: ")
        assert form.query_selector("details p").is_visible()
    assert wrong == []
    page.context.close()


def test_without_scripts_every_row_is_there(browser, book):
    """Locators and not scripts count here: the page's own are off, and `evaluate` would need them."""
    site = book / "_build/html"
    page, _ = opened(browser, site, "scoreboard", scripts=False)
    assert page.locator("#scoreboard-rows tbody tr").count() == sum(len(p.claims) for p in catalog.papers())
    page.context.close()
    page, _ = opened(browser, site, "chapters/huang2024-proof", scripts=False)
    page.locator("details.claims > summary").first.click()
    assert page.locator("details.claims[open] .claim-box").count() > 0
    page.context.close()


def test_a_word_of_the_glossary_has_a_card(browser, book):
    page, wrong = opened(browser, book / "_build/html", "chapters/yaras2024")
    word = page.locator("main a.term").first
    word.focus()
    card = page.locator("#card")
    assert card.is_visible() and len(card.inner_text()) > 20
    page.keyboard.press("Escape")
    assert not card.is_visible()
    symbol = page.locator("main math mi", has_text="γ").first
    symbol.hover()
    assert "height of the image plane" in card.inner_text()
    assert wrong == []
    page.context.close()


def test_no_dead_links(browser, book):
    site = book / "_build/html"
    for name in PAGES:
        page, _ = opened(browser, site, name)
        for url in page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href?.animVal ?? a.href)"):
            if url.startswith("file://"):
                path, _, fragment = url.removeprefix("file://").partition("#")
                assert os.path.exists(path), f"{name} links to {url}"
                if fragment and "=" not in fragment and path.endswith(".html"):
                    text = open(path, encoding="utf-8").read()
                    assert f'id="{fragment}"' in text or f'name="{fragment}"' in text, f"{name} links to {url}"
        page.context.close()


ROWS = "[...document.querySelectorAll('#scoreboard-rows tbody tr')]"


def test_the_scoreboard_filters_searches_orders_and_remembers(browser, book):
    page, _ = opened(browser, book / "_build/html", "scoreboard")
    everything = sum(len(p.claims) for p in catalog.papers())
    page.select_option("select[data-filter=verdict]", "holds")
    shown = page.evaluate(f"{ROWS}.map(r => r.dataset.verdict)")
    assert set(shown) == {"holds"} and 0 < len(shown) < everything
    counted = re.match(
        rf"(\d+) of {everything} rows(, the first {len(shown)} shown)?$", page.inner_text("#scoreboard-count")
    )
    assert counted and (int(counted[1]) > len(shown) if counted[2] else int(counted[1]) == len(shown))
    # Which rows hold at the smallest tier differs between machines: the words searched for are those of a row that
    # does.
    words = page.evaluate(f"{ROWS}[0].querySelector('th').innerText").lower().split()[:2]
    page.fill("input[data-filter=text]", " ".join(words))
    found = page.evaluate(f"{ROWS}.map(r => r.textContent.toLowerCase())")
    assert 0 < len(found) <= len(shown) and all(word in row for word in words for row in found)
    page.select_option("select[data-filter=order]", "quantifier")
    quantifiers = page.evaluate(f"{ROWS}.map(r => r.dataset.quantifier)")
    assert quantifiers == sorted(quantifiers)
    address = page.url
    assert "verdict=holds" in address and "text=" in address
    page.goto("about:blank")
    page.go_back()  # Back brings the same rows, and so does the address
    assert page.url == address and page.evaluate(f"{ROWS}.length") == len(found)
    page.context.close()


def test_every_row_of_the_scoreboard_can_be_linked_to(browser, book):
    last = catalog.papers()[-1].claims[-1].id
    page, _ = opened(browser, book / "_build/html", "scoreboard#row-" + re.sub(r"[^a-z0-9]+", "-", last))
    assert page.evaluate("document.querySelector(':target a').href").split("#claim-")[1] == re.sub(
        r"[^a-z0-9]+", "-", last
    )
    assert page.evaluate("Math.abs(document.querySelector(':target').getBoundingClientRect().top)") < 800
    page.context.close()


def test_a_row_leads_to_its_evidence_and_back(browser, book):
    page, wrong = opened(browser, book / "_build/html", "scoreboard")
    forth = page.evaluate("document.querySelector('#scoreboard-rows tbody tr th a').href")
    row = page.evaluate("document.querySelector('#scoreboard-rows tbody tr').id")
    page.goto(forth)
    target = page.evaluate("document.querySelector(':target')?.dataset.claim")
    assert target and row == "row-" + target.replace(".", "-").replace("_", "-")
    page.click(":target a.to-scoreboard")
    assert page.url.endswith(f"scoreboard.html#{row}") and not wrong
    page.context.close()


@pytest.mark.parametrize(("words", "first"), [("modality gap", "yaras2024"), ("noise memorisation", "huang2024")])
def test_search_finds_the_subject(browser, book, words, first):
    page, wrong = opened(browser, book / "_build/html", "search")
    page.goto(f"file://{book}/_build/html/search.html?q={words.replace(' ', '+')}")
    page.wait_for_selector("#search-results li", timeout=15_000)
    page.wait_for_timeout(500)
    assert first in page.evaluate("document.querySelector('#search-results li a').href")
    assert wrong == []
    page.context.close()
