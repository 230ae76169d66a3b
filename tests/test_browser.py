"""The built site as a reader meets it: from disk, without a network, in light and dark, on a phone and on a desk."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from mmcl_core import catalog
from mmcl_core.site import finish
from mmcl_core.site.pairs import chapter_pages
from tests.chromium import CHROMIUM, opened

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: install one, or name it in MMCL_CHROMIUM"
)

ROOT = Path(__file__).parents[1]
CHAPTERS = tuple(f"chapters/{page}" for page in chapter_pages(ROOT))
PAGES = tuple(re.findall(r"(?:root|- file): (\S+)", (ROOT / "_toc.yml").read_text()))

# Budgets of the site: what a reader's machine has to load and lay out.
PAGE_NODES, CHAPTER_SCREENS, BARE_SCREENS = 12_000, 22, 1.5

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


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390), ("light", 320)])
def test_pages_load_offline_whole_and_within_the_screen(browser, book, name, theme, width):
    page, wrong = opened(browser, book / "_build/html", name, theme, width)
    page.wait_for_timeout(300)
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, "the page scrolls sideways"
    # Formulas are there at once, as MathML, and none can be reached with Tab.
    assert page.evaluate("document.querySelectorAll('.math.notranslate, mjx-container, merror').length") == 0
    assert page.evaluate("[...document.querySelectorAll('math, math *')].filter(e => e.tabIndex >= 0).length") == 0
    pictures = "[...document.querySelectorAll('main img')]"
    page.evaluate(f"Promise.all({pictures}.map(i => {{ i.loading = 'eager'; return i.decode() }}))")
    assert page.evaluate(f"{pictures}.filter(i => !i.hasAttribute('alt') || !i.naturalWidth).length") == 0
    if width == 1280:
        cut = "[...document.querySelectorAll('main .wide, main table')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        assert page.evaluate(f"{cut}.map(e => e.textContent.slice(0, 60))") == []
    page.context.close()


# The longest stretch of a page on which nothing speaks to the reader: verdicts, tables, code and pictures only.
BARE = """
() => {
  const told = [...document.querySelectorAll("article :is(p, li, dt, dd, h1, h2, h3)")].filter(e =>
    e.offsetParent && e.innerText.trim().length > 40 && !e.closest("details, figure, table, .claim-box, pre"));
  const places = told.map(e => e.getBoundingClientRect()).sort((a, b) => a.top - b.top);
  return Math.max(...places.slice(1).map((place, k) => place.top - places[k].bottom));
}
"""


def test_the_site_keeps_within_its_budgets(browser, book):
    site = book / "_build/html"
    assert finish.over_budget(site) == []
    over = {}
    for name in PAGES:
        page, _ = opened(browser, site, name)
        nodes = page.evaluate("document.querySelectorAll('*').length")
        screens = page.evaluate("document.querySelector('article.bd-article').getBoundingClientRect().height / 800")
        if nodes > PAGE_NODES or (name in CHAPTERS and screens > CHAPTER_SCREENS):
            over[name] = (nodes, round(screens, 1))
        if name in CHAPTERS:
            first = "document.querySelector('main img.book-figure').getBoundingClientRect().top"
            assert page.evaluate(first) < 2 * 800, name
            if (bare := page.evaluate(BARE) / 800) > BARE_SCREENS:
                over[name] = f"{bare:.2f} screens without a sentence"
        page.context.close()
    assert over == {}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, book, name, theme):
    page, _ = opened(browser, book / "_build/html", name, theme)
    found = [
        f"{v['impact']} {v['id']}: {v['nodes'][0]['html'][:120]}"
        for v in Axe().run(page).response["violations"]
        if v["impact"] in ("critical", "serious", "moderate")
    ]
    assert found == []
    page.context.close()


@pytest.mark.parametrize("key", catalog.PAPERS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_verdicts_boxes_and_captions_can_be_read(browser, book, key, theme):
    page, _ = opened(browser, book / "_build/html", f"chapters/{key}", theme)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for selector in (
        ".verdict",
        ".claim-box dd",
        ".claim-box p",
        "summary",
        "figcaption p",
        "figcaption .caption-text",
        "main p",
    ):
        elements = page.query_selector_all(selector)
        assert elements, selector
        assert min(e.evaluate(CONTRAST) for e in elements[:40]) >= 4.5, selector
    page.context.close()


# Every figure that is displayed: its address, its size in the file and on the screen, and the ground it stands on.
FIGURES = """
() => [...document.querySelectorAll("figure img.book-figure")].filter(i => i.offsetParent).map(i => {
  i.loading = "eager";
  return [i.currentSrc, i.naturalWidth, i.getBoundingClientRect().width, getComputedStyle(i).backgroundColor];
})
"""


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_figures_are_drawn_for_the_screen_on_which_they_are_shown(browser, book, theme, width):
    page, _ = opened(browser, book / "_build/html", "chapters/huang2024", theme, width)
    page.evaluate(FIGURES)
    page.wait_for_load_state("networkidle")
    shown = page.evaluate(FIGURES)
    assert shown
    for address, drawn, wide, ground in shown:
        assert address.endswith("#dark") == (theme == "dark")
        assert ("-narrow.svg" in address) == (width == 390)
        assert wide == pytest.approx(drawn, abs=1), f"{address} is scaled, and its letters with it"
        assert ground == "rgba(0, 0, 0, 0)"  # the drawing brings the colours of the page's ground
    page.context.close()


def test_a_figure_opens_large_and_closes_by_keyboard(browser, book):
    page, wrong = opened(browser, book / "_build/html", "chapters/huang2024")
    button = page.locator("button.zoom").first
    assert re.match(r"Enlarge Fig. \d+\.\d+", button.get_attribute("aria-label"))
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('dialog.zoomed').open")
    assert page.evaluate("document.querySelector('dialog.zoomed img').alt.length") > 20
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('dialog.zoomed').open")
    assert page.evaluate("document.activeElement.className") == "zoom"
    button.click()
    page.locator("dialog.zoomed").click()
    assert not page.evaluate("document.querySelector('dialog.zoomed').open")
    assert wrong == []
    page.context.close()


def test_a_group_opens_by_keyboard_by_link_and_for_print(browser, book):
    site = book / "_build/html"
    page, wrong = opened(browser, site, "chapters/huang2024-proof")
    group = page.query_selector("details.claims:not([open])")
    summary = group.query_selector("summary")
    assert re.search(r"statements? of (the paper|ours): ", summary.inner_text())
    summary.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("group => group.open && group.querySelector('.claim-box')", arg=group)
    held = "document.querySelectorAll('noscript.held').length"
    assert page.evaluate(held) > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(held) == 0 and page.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    page.context.close()
    page, more = opened(browser, site, "chapters/huang2024-proof#claim-huang2024-c13-small-temperature")
    page.wait_for_selector(":target")
    assert page.evaluate("document.querySelector(':target').dataset.claim") == "huang2024.c13_small_temperature"
    assert page.evaluate("Math.abs(document.querySelector(':target').getBoundingClientRect().top)") < 800
    assert wrong == more == []
    page.context.close()


# What a printer would leave out of a page: pictures of the light mode and numbers in the text.
UNPRINTED = """
() => [...document.querySelectorAll("main picture.only-light img, main button.origin")]
  .filter(e => !e.closest("details:not([open])") && !e.getClientRects().length).map(e => e.outerHTML.slice(0, 80))
"""


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_printed_page_keeps_its_figures_and_numbers(browser, book, name):
    page, _ = opened(browser, book / "_build/html", name)
    page.emulate_media(media="print")
    assert page.evaluate("document.querySelectorAll('main button.zoom img').length") > 0
    assert page.evaluate(UNPRINTED) == []
    page.context.close()


# Every number with its origin: opened by a press, closed by Escape; what went wrong, and how many show their seeds.
ORIGINS = """
() => [...document.querySelectorAll("main button.origin")].map(button => {
  button.click();
  const panel = document.querySelector(".origin-panel"), told = JSON.parse(button.dataset.origin);
  const dots = panel?.querySelectorAll("circle").length, seen = panel?.contains(document.activeElement);
  dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  const closed = !document.querySelector(".origin-panel"), back = document.activeElement === button;
  return { text: button.textContent, right: seen && closed && back && dots === (told.samples.length > 1
           ? told.samples.length : 0), again: told.lines.some(line => ["again", "verdict"].includes(line[0])) };
})
"""


@pytest.mark.parametrize("name", CHAPTERS)
def test_numbers_in_the_prose_tell_where_they_come_from(browser, book, name):
    page, wrong = opened(browser, book / "_build/html", name)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.evaluate(ORIGINS)
    assert [f for f in found if not f["right"] or not f["again"]] == []
    for number in page.query_selector_all("main button.origin")[:1]:
        number.focus()
        page.keyboard.press("Enter")
        assert page.is_visible(".origin-panel") and number.get_attribute("aria-expanded") == "true"
        page.keyboard.press("Escape")
        assert not page.query_selector(".origin-panel") and number.evaluate("e => e === document.activeElement")
    assert wrong == []
    page.context.close()
