"""The built site as a reader meets it: from disk, without a network, in light and dark, on a phone and on a desk."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from mmcl_core import catalog
from mmcl_core.site.pairs import chapter_pages

CHROMIUM = (
    os.environ.get("MMCL_CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: install one, or name it in MMCL_CHROMIUM"
)

PAGES = (
    "index",
    *(f"chapters/{page}" for page in chapter_pages(Path(__file__).parents[1])),
    "scoreboard",
    "deviations",
    "api",
    "speed",
    "colophon",
    "guide",
    "references",
)

# Relative luminance and contrast as WCAG 2 defines them, against the nearest opaque background.
CONTRAST = """
element => {
  const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 };
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  let ground = element, colour;
  do { colour = parse(getComputedStyle(ground).backgroundColor); ground = ground.parentElement } while (ground &&
  colour[3] === 0);
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(colour)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        flags = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--disable-sync",
            "--disable-component-update",
        ]
        instance = p.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield instance
        instance.close()


def opened(browser, site, name, theme="light", width=1280):
    """A page on a first visit with a system set to `theme`, and the list of everything that went wrong while it
    loaded."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
    page, wrong = context.new_page(), []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("requestfailed", lambda r: wrong.append(f"not loaded: {r.url}"))
    page.on("request", lambda r: wrong.append(f"outside: {r.url}") if r.url.startswith("http") else None)
    page.goto(f"file://{site}/{name}.html")
    # MathJax works after the page has loaded; a page is whole when it has nothing left to typeset.
    page.wait_for_function(
        "[...document.querySelectorAll('main .math')].every(e => e.querySelector('mjx-container'))", timeout=20_000
    )
    return page, wrong


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_pages_load_offline_whole_and_within_the_screen(browser, book, name, theme, width):
    page, wrong = opened(browser, book / "_build/html", name, theme, width)
    assert wrong == []
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, "the page scrolls sideways"
    assert page.evaluate("document.querySelectorAll('mjx-merror').length") == 0
    unrendered = page.evaluate(
        "[...document.querySelectorAll('main .math')].filter(e => !e.querySelector('mjx-container')).length"
    )
    assert unrendered == 0
    assert (
        page.evaluate("[...document.querySelectorAll('main img')].filter(i => !i.alt || !i.naturalWidth).length") == 0
    )
    page.context.close()


@pytest.mark.parametrize("key", catalog.PAPERS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_verdicts_boxes_and_captions_can_be_read(browser, book, key, theme):
    page, _ = opened(browser, book / "_build/html", f"chapters/{key}", theme)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    for selector in (
        ".verdict",
        ".claim-box dd",
        ".claim-box p",
        "table.claims td",
        "figcaption p",
        "figcaption .caption-text",
        "main p",
    ):
        elements = page.query_selector_all(selector)
        assert elements, selector
        assert min(e.evaluate(CONTRAST) for e in elements[:40]) >= 4.5, selector
    ground = page.evaluate("getComputedStyle(document.querySelector('img.book-figure')).backgroundColor")
    assert ground in ("rgb(255, 255, 255)", "rgb(244, 244, 244)")  # dark ink needs a light card in both modes
    page.context.close()


def test_no_dead_links(browser, book):
    site = book / "_build/html"
    for name in PAGES:
        page, _ = opened(browser, site, name)
        for url in page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)"):
            if url.startswith("file://"):
                path, _, fragment = url.removeprefix("file://").partition("#")
                assert os.path.exists(path), f"{name} links to {url}"
                if fragment and path.endswith(".html"):
                    text = open(path, encoding="utf-8").read()
                    assert f'id="{fragment}"' in text or f'name="{fragment}"' in text, f"{name} links to {url}"
        page.context.close()


def test_the_scoreboard_filters_searches_orders_and_remembers(browser, book):
    page, _ = opened(browser, book / "_build/html", "scoreboard")
    visible = "[...document.querySelectorAll('#scoreboard-rows tbody tr')].filter(r => r.offsetParent)"
    everything = page.evaluate("document.querySelectorAll('#scoreboard-rows tbody tr').length")
    page.select_option("select[data-filter=verdict]", "holds")
    shown = page.evaluate(f"{visible}.map(r => r.dataset.verdict)")
    assert set(shown) == {"holds"} and 0 < len(shown) < everything
    assert page.inner_text("#scoreboard-count") == f"{len(shown)} of {everything} rows"
    # Which rows hold at the smallest tier differs between machines: the words searched for are those of a row that does.
    words = page.evaluate(f"{visible}[0].querySelector('th').innerText").lower().split()[:2]
    page.fill("input[data-filter=text]", " ".join(words))
    found = page.evaluate(f"{visible}.map(r => r.textContent.toLowerCase())")
    assert 0 < len(found) < len(shown) and all(word in row for word in words for row in found)
    page.select_option("select[data-filter=order]", "quantifier")
    quantifiers = page.evaluate(f"{visible}.map(r => r.dataset.quantifier)")
    assert quantifiers == sorted(quantifiers)
    address = page.url
    assert "verdict=holds" in address and "text=" in address
    page.goto("about:blank")
    page.goto(address)  # a link or Back brings the same rows
    assert len(page.evaluate(visible + ".map(r => 1)")) == len(found)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") in ("SELECT", "INPUT", "DIV", "A", "BUTTON")
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


def test_search_finds_the_subject(browser, book):
    page, _ = opened(browser, book / "_build/html", "search")
    page.goto(f"file://{book}/_build/html/search.html?q=noise+memorisation")
    page.wait_for_selector("#search-results li", timeout=15_000)
    assert "huang2024" in page.inner_html("#search-results")
    page.context.close()
