"""Questions before results, and numbers with their origin: what `say` marks and what a browser makes of it."""

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from mmcl_core.errors import InputError
from mmcl_core.lab.run import Result
from mmcl_core.site import origin, predict
from tests.explorer_pages import PAGE, STATIC, opened
from tests.test_browser import CHROMIUM, CONTRAST


def result(**arrays):
    seeds = (0, 1, 2, 3, 4, 5)
    return origin.traced(Result("paper.run", "book", None, seeds, arrays, "cpu", 1.0, "now", {}, "abc123", True))


def said(text, **numbers):
    return origin.Prose().format(text, **numbers)


def test_a_mean_over_seeds_carries_its_origin_and_nothing_else_does():
    accuracy = np.random.default_rng(0).random((6, 4))
    r = result(accuracy=accuracy, time=np.arange(6.0), count=np.arange(6))
    number = r["accuracy"][:, -1].mean()
    assert number == accuracy[:, -1].mean() and number.origin.estimate.samples == tuple(accuracy[:, -1])
    told = dict(number.origin.lines)
    assert told["key in the store"] == "abc123" and told["again"] == "mmcl run paper.run --tier book"
    assert isinstance(r["accuracy"].mean(), origin.Number)
    for other in (
        number / 2,
        r["accuracy"][0].mean(),
        (r["accuracy"] * 2)[:, 0].mean(),
        r["accuracy"].max(),
        r["count"].mean(),
    ):
        assert not isinstance(other, origin.Number)
    assert type(r["accuracy"] * 2) is np.ndarray and type(np.exp(r["accuracy"])) is np.ndarray
    assert type(r["accuracy"].mean(0)) is np.ndarray and np.array_equal(r["accuracy"].mean(0), accuracy.mean(0))


def test_a_result_without_randomness_tells_its_entries_and_extremes():
    arrays = {"slope": np.array(-2.0), "gap": np.array([[0.5, 0.25], [0.1, 0.7]]), "count": np.arange(3)}
    r = origin.traced(Result("paper.exact", "book", None, (), arrays, "cpu", 1.0, "now", {}, "abc123", True))
    for number, value in (
        (r["slope"], -2.0),
        (r["gap"][1, 0], 0.1),
        (r["gap"][0][1], 0.25),
        (r["gap"][:, 0].max(), 0.5),
        (r["gap"].min(), 0.1),
        (r["gap"].mean(), arrays["gap"].mean()),
    ):
        assert isinstance(number, origin.Number) and number == value
        assert number.origin.record()["samples"] == () and ("key in the store", "abc123") in number.origin.lines
        assert not isinstance(2 * number, origin.Number) and not isinstance(abs(number), origin.Number)
    assert type(r["gap"] + 1) is np.ndarray and not isinstance(r["count"][1], origin.Number)
    assert "<button" in said("{slope:.1f}", slope=r["slope"]) and float(r["slope"]) == -2.0


def test_prose_marks_numbers_but_not_in_formulas_or_code():
    number = result(x=np.arange(6.0))["x"].mean()
    marked = said("Value {a:.2f}, $x = {a:.2f}$, `{a:.1f}`, {b:.1f} and {{braces}}", a=number, b=1.0)
    assert marked.count("<button") == 1 and marked.endswith("$x = 2.50$, `2.5`, 1.0 and {braces}")
    assert ">2.50</button>" in marked and "$" not in marked.split(">2.50<")[0]


def test_questions_refuse_what_cannot_be_answered():
    with pytest.raises(InputError, match="answer"):
        predict.choice("Which?", ("a", "b"), "c", "")
    with pytest.raises(InputError, match="slider"):
        predict.slider("How many?", 1, 1, 1, 0, "")


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: name one in MMCL_CHROMIUM")
    folder = tmp_path_factory.mktemp("origins")
    (folder / "chapters").mkdir()
    (folder / "_static").symlink_to(STATIC)
    number = result(x=np.arange(6.0))["x"].mean()
    scripts = "".join(f'<script src="../_static/{n}.js"></script>' for n in ("predict", "origin"))
    body = (
        f"<p>{said('The value is {a:.2f}.', a=number)}</p>"
        + predict.choice("Which?", ("first", "second"), "second", "It is so.")
        + predict.slider("How much?", 0, 1, 0.25, 0.05, "A quarter.")
        + scripts
    )
    for theme in ("light", "dark"):
        (folder / "chapters" / f"{theme}.html").write_text(PAGE.format(theme=theme, body=body), encoding="utf-8")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield lambda theme="light", **options: opened(browser, folder / "chapters" / f"{theme}.html", **options)
        browser.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_number_opens_its_panel_by_keyboard_and_closes(page_of, theme):
    with page_of(theme, width=390) as (page, wrong):
        page.focus("button.origin")
        page.keyboard.press("Enter")
        panel = page.inner_text(".origin-panel")
        assert "n = 6, 95% t interval" in panel and "mmcl run paper.run --tier book" in panel and "abc123" in panel
        assert page.evaluate("document.querySelectorAll('.origin-panel circle').length") == 6
        assert page.get_attribute("button.origin", "aria-expanded") == "true"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for selector in (".origin-panel dd", ".origin-panel dt", ".origin-panel button", "button.origin"):
            assert page.query_selector(selector).evaluate(CONTRAST) >= 4.5
        page.keyboard.press("Escape")
        assert page.query_selector(".origin-panel") is None
        assert page.evaluate("document.activeElement.className") == "origin"
    assert wrong == []


def test_a_prediction_is_set_beside_the_result(page_of):
    with page_of() as (page, wrong):
        choice, slider = page.query_selector_all("form.predict")
        choice.query_selector("button").click()
        assert "Choose" in choice.query_selector(".predict-yours").inner_text()
        choice.query_selector("input").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        assert choice.query_selector(".predict-yours").inner_text() == "You said: first. It is otherwise."
        assert choice.query_selector("details").get_attribute("open") is not None
        slider.query_selector("input").focus()
        for _ in range(25):
            page.keyboard.press("ArrowLeft")
        slider.query_selector("button").click()
        assert slider.query_selector(".predict-yours").inner_text() == "You said: 0.25. So it is."
    assert wrong == []


def test_without_scripts_the_question_and_the_closed_result_stand(page_of):
    with page_of(java_script_enabled=False) as (page, _):
        assert not page.is_visible(".predict-controls") and page.is_visible("form.predict p")
        assert not page.is_visible("details p") and page.is_visible("summary")
        assert page.inner_text("main > p").startswith("The value is 2.50.")
