"""The explorers in a browser, from disk and without a network: the numbers of the core over the whole range of every
control, by keyboard alone, on a phone, in both modes, without scripts and in print."""

from types import SimpleNamespace

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent
from mmcl_core.site import explorers
from mmcl_core.site.explorers import EXPLORERS, declared
from mmcl_core.site.explorers.draws import normals, uniforms
from tests.explorer_pages import ask, differences, opened, positions, told, write
from tests.test_browser import CHROMIUM, CONTRAST
from tests.tolerances import close

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: name one in MMCL_CHROMIUM")
NAMES = sorted(EXPLORERS)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        instance = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield instance
        instance.close()


@pytest.fixture(scope="module")
def measured(results):
    return {name: told(explorer) for name, explorer in EXPLORERS.items()}


@pytest.fixture(scope="module")
def pages(tmp_path_factory, measured):
    folder = tmp_path_factory.mktemp("explorers")
    return {name: write(folder, explorer, measured[name]) for name, explorer in EXPLORERS.items()}


def middle(explorer):
    return {c.name: c.value if hasattr(c, "options") else round(c.steps * 0.4) for c in explorer.controls}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_computes_what_the_core_computes(browser, pages, measured, name):
    explorer, stream = EXPLORERS[name], np.random.default_rng(0)
    with opened(browser, pages[name]["light"]) as (page, wrong):
        for _ in range(20):
            said = ask(page, positions(explorer, stream))
            wanted = explorer.numbers(said["setting"], measured[name])
            assert differences(said["numbers"], wanted) == [], said["setting"]
            assert "NaN" not in said["picture"] + said["words"] and "undefined" not in said["words"], said["setting"]
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_the_page_computes_what_the_core_computes_where_all_ranges_end(browser, pages, measured, name):
    """Every slider at one of its ends: all low, all high, and mixed, corners that no mean setting comes near."""
    explorer, stream = EXPLORERS[name], np.random.default_rng(1)
    with opened(browser, pages[name]["light"]) as (page, wrong):
        for draw in range(12):
            ends = positions(explorer, stream)
            for control in explorer.controls:
                if hasattr(control, "steps"):  # all at the low end, all at the high end, and then at random
                    end = draw if draw < 2 else int(stream.integers(2))
                    ends[control.name] = end * control.steps
            said = ask(page, ends)
            assert differences(said["numbers"], explorer.numbers(said["setting"], measured[name])) == [], ends
            assert "NaN" not in said["picture"] + said["words"] and "undefined" not in said["words"], ends
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_every_control_moves_something_up_to_both_its_ends(browser, pages, name):
    explorer = EXPLORERS[name]
    with opened(browser, pages[name]["light"]) as (page, wrong):
        for control in explorer.controls:
            places = (0, control.steps) if hasattr(control, "steps") else [value for value, _ in control.options]
            # In some settings a control has nothing to act on, and is not shown there.
            seen = set()
            for setting in explorer.corners or ({},):
                for place in places:
                    said = ask(page, middle(explorer) | setting | {control.name: place})
                    assert "NaN" not in said["picture"] + said["words"], (control.name, place)
                    assert said["words"] and "<svg" in said["picture"]
                    seen.add((tuple(setting.items()), said["picture"] + said["words"]))
            assert len(seen) > len(explorer.corners or ({},)), f"{control.name} is frozen"
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_by_keyboard_alone(browser, pages, name):
    with opened(browser, pages[name]["light"]) as (page, wrong):
        page.wait_for_selector(".explorer-on")
        words = "document.querySelector('.explorer-words').textContent"
        picture = "document.querySelector('.explorer-picture').innerHTML"
        before = page.evaluate(picture)
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
            if page.evaluate("document.activeElement.type") == "range" and page.evaluate(picture) == before:
                page.keyboard.press("ArrowRight")
                page.wait_for_timeout(150)
                value = page.evaluate("document.activeElement.getAttribute('aria-valuetext')")
                assert value == page.evaluate(
                    "document.activeElement.parentElement.querySelector('output').textContent"
                )
        assert page.evaluate(picture) != before
        visible = page.evaluate(
            "[...document.querySelectorAll('.explorer :is(input,select,button)')]"
            ".filter(e => e.offsetParent).map(e => e.id || e.textContent)"
        )
        assert set(visible) <= reached
        page.focus("text=Reset")
        page.keyboard.press("Enter")
        page.wait_for_timeout(150)
        first = page.evaluate(words)
        page.focus(".explorer-tries button")
        page.keyboard.press("Enter")
        page.wait_for_timeout(150)
        assert page.evaluate(words) != first
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_on_a_phone_and_in_both_modes(browser, pages, name, theme, width):
    with opened(browser, pages[name][theme], width) as (page, wrong):
        page.wait_for_selector(".explorer-picture svg")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for selector in ("label", "output", "select", "button", ".explorer-words", "li", ".ex-legend span", "th", "td"):
            for element in page.query_selector_all(f".explorer-live {selector}"):
                if element.is_visible():
                    assert element.evaluate(CONTRAST) >= 4.5, selector
        for element in page.query_selector_all(".explorer-live :is(input, select)"):
            assert element.evaluate("e => e.labels.length === 1 && e.labels[0].textContent.length > 2")
            if element.is_visible():
                assert element.bounding_box()["height"] >= 24
        for element in page.query_selector_all(".explorer-picture svg[role=img]"):
            assert len(element.get_attribute("aria-label")) > 10
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_before_and_after_an_interaction(browser, pages, name, theme, width):
    """Nothing of any impact. What axe itself loads from disk, and cannot, is no error of the page."""
    with opened(browser, pages[name][theme], width) as (page, _):
        page.wait_for_selector(".explorer-picture svg")
        for setting in (None, *(EXPLORERS[name].corners or ({},))):
            if setting is not None:  # as opened, and then with other controls and after a press of a button
                page.click(".explorer-tries button")
                page.wait_for_timeout(100)
                ask(page, middle(EXPLORERS[name]) | setting)
            found = [
                f"{v['impact']} {v['id']}: {v['nodes'][0]['html'][:120]}"
                for v in Axe().run(page).response["violations"]
            ]
            assert found == [], setting


@pytest.mark.parametrize("name", NAMES)
def test_a_link_carries_the_setting_and_a_bad_one_does_no_harm(browser, pages, name):
    explorer = EXPLORERS[name]
    control = next(c for c in explorer.controls if hasattr(c, "steps"))
    setting = "JSON.stringify(document.querySelector('.explorer').frame.setting)"
    with opened(browser, pages[name]["light"]) as (page, wrong):
        default = page.evaluate(setting)
        page.focus(f"#{name}-{control.name}")
        page.keyboard.press("End")
        page.wait_for_timeout(150)
        moved = page.evaluate(setting)
        assert moved != default
        page.click("text=Link to this setting")
        address = page.url
    assert f"#explorer-{name}?{control.name}=" in address
    fragment = address[address.index("#") :]
    with opened(browser, pages[name]["light"], fragment=fragment) as (page, _):
        page.wait_for_timeout(150)
        assert page.evaluate(setting) == moved
    bad = f"#explorer-{name}?{control.name}=nonsense&unknown=1&{control.name}=-1e99"
    with opened(browser, pages[name]["light"], fragment=bad) as (page, failed):
        page.wait_for_timeout(150)
        assert page.evaluate(setting) == default and failed == []
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_three_things_to_try_that_end_in_a_prediction(browser, pages, name):
    tries = EXPLORERS[name].tries
    assert len(tries) == 3
    for step in tries:
        assert "Predict" in step.text and step.text.rstrip().endswith("?")
        for key, value in step.setting.items():
            control = next(c for c in EXPLORERS[name].controls if c.name == key)
            assert (
                value in dict(control.options) if hasattr(control, "options") else control.low <= value <= control.high
            )


@pytest.mark.parametrize("name", NAMES)
def test_without_scripts_and_in_print_the_cores_picture_stands(browser, pages, name):
    with opened(browser, pages[name]["light"], java_script_enabled=False) as (page, wrong):
        assert page.is_visible(".explorer-static img") and page.inner_text(".explorer-static p")
    with opened(browser, pages[name]["light"]) as (page, wrong):
        page.wait_for_selector(".explorer-on")
        assert page.is_visible(".explorer-live") and not page.is_visible(".explorer-static img")
        page.emulate_media(media="print")
        assert page.is_visible(".explorer-static img") and not page.is_visible(".explorer-live")
    assert wrong == []


def test_where_the_data_of_stored_towers_are_absent_one_sentence_stands():
    def absent(name):
        raise DataAbsent("The icons are absent: install qtawesome")

    page = SimpleNamespace(paper=catalog.paper("yaras2024"), build_folder=None, scripts=set(), result=absent)
    for shown in explorers.shown(page, "towers").values():
        assert "The icons are absent: install qtawesome." in shown and "<" not in shown


def test_what_a_page_carries_stays_small():
    """Numbers of stored towers at tier book: 150 pairs, two data sets, six runs, two views, in three axes each."""
    coordinates = np.full((2, 6, 2, 2, 150, 3), -999)
    assert len(declared.compact(coordinates)) <= 200_000


def test_scripts_stay_small():
    from tests.explorer_pages import STATIC

    folder = STATIC / "explorers"
    assert (folder / "mmcl.js").stat().st_size <= 60_000
    for name in NAMES:
        assert (folder / f"{name}.js").stat().st_size <= 40_000


def test_the_shared_numbers(browser, pages):
    """Draws, the normal distribution function and the solver against numpy and scipy."""
    from scipy.integrate import solve_ivp
    from scipy.stats import kstest, norm

    with opened(browser, pages[NAMES[0]]["light"]) as (page, _):
        for seed in (0, 1, 7003, 2**31):
            assert close(page.evaluate(f"[...MMCL.normals({seed}, 501)]"), normals(seed, 501))
        x = np.linspace(-45, 45, 1001)
        found = np.array(page.evaluate("xs => xs.map(MMCL.cdf)", x.tolist()))
        assert close(found, norm.cdf(x))
        # Van der Pol's oscillator at a stiff parameter, and Lotka and Volterra's cycle.
        stiff = "([x, v]) => [v, 100 * (1 - x * x) * v - x]"
        cycle = "([x, y]) => [x * (1 - y), y * (x - 1)]"
        for text, field, start, end in (
            (stiff, lambda _, s: [s[1], 100 * (1 - s[0] ** 2) * s[1] - s[0]], [2.0, 0.0], 60.0),
            (cycle, lambda _, s: [s[0] * (1 - s[1]), s[1] * (s[0] - 1)], [2.0, 1.0], 10.0),
        ):
            times = np.linspace(0, end, 20).tolist()
            got = page.evaluate(f"([s, t]) => MMCL.solve({text}, s, t, 1e-7, 1e-10).map(y => [...y])", [start, times])
            want = solve_ivp(field, (0, end), start, "LSODA", times, rtol=1e-10, atol=1e-12).y.T
            assert np.allclose(got, want, rtol=1e-4, atol=1e-5)
    assert kstest(uniforms(3, 20_000), "uniform").pvalue > 1e-3


def test_the_pushes_of_all_directions_are_the_closures():
    """Together they are its field, and their difference between first and last direction is D4(d)'s split."""
    from mmcl_core.site.explorers.pushes import PUSHES, closure, pushes

    for changes in ({"tau2": 3.0, "negatives": 31}, {"loss": "noncontrastive"}):
        flow = closure(PUSHES.default | changes)
        path = flow.run(np.array([0.1, 1.0, 10.0, 50.0]))
        positive, negative = pushes(path)
        field = np.array([flow.field(state)[: flow.rank] / state[: flow.rank] for state in path.states])
        assert close((positive + negative).T, field)
        if changes.get("loss") != "noncontrastive":
            for mine, split in zip((positive, negative), path.pushes(), strict=True):
                assert close(mine[0] - mine[-1], split)
