"""Formulas as MathML, set when the site is built: nothing is typeset in the browser, and no formula is a Tab stop.

Sphinx and the book's own HTML write a formula alike, as `<span class="math ...">\\(...\\)</span>`. After Sphinx has
written the pages each is replaced by what Temml (vendor/temml.min.js) makes of it. A screen reader reads MathML itself;
what it loses against MathJax is MathJax's own explorer, which walked a formula part by part in any browser.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py_mini_racer import MiniRacer

FORMULA = re.compile(r'<(span|div) class="(?:amsmath )?math notranslate nohighlight"([^>]*)>(.*?)</\1>', re.DOTALL)
LONG = 24  # a formula with more characters may break after relations and operators where the screen is narrow


def mathml(formulas: Iterable[tuple[str, bool]]) -> list[str]:
    """The MathML of each (LaTeX, whether it stands on a line of its own).

    Raises
    ------
    ValueError
        With the first formula that is not LaTeX.
    """
    made = list(_engine().call("all", list(map(list, formulas))))
    for one in made:
        if one.startswith("!"):
            raise ValueError(f"A formula cannot be set: {one[1:]}")
    return [_with_narrow_roots(one) for one in made]


@cache
def _engine() -> MiniRacer:
    """Temml, read once: a call for each of a page's formulas would cost more than the formulas."""
    from py_mini_racer import MiniRacer

    engine = MiniRacer()
    engine.eval((Path(__file__).parent / "vendor" / "temml.min.js").read_text(encoding="utf-8"))
    engine.eval(
        "function all(list) { return list.map(([tex, block]) => { try { return temml.renderToString(tex, "
        f"{{displayMode: block, throwOnError: true, wrap: tex.length > {LONG} ? 'tex' : 'none'}}) }} "
        "catch (e) { return '!' + tex + ': ' + e.message } }) }"
    )
    return engine


def _with_narrow_roots(formula: str) -> str:
    """Mark square roots by height. Chromium reserves for each the width of the font's largest root sign; book.css takes
    back what a low or a taller one does not use."""
    tall = re.compile(r"<msqrt>(?=((?:(?!</?msqrt).)*?)</msqrt>)")
    return tall.sub(
        lambda m: f'<msqrt class="{"tall" if re.search("<m(?:sub|sup|frac|subsup)", m[1]) else "low"}">', formula
    )


def _source(match: re.Match) -> tuple[str, bool]:
    """LaTeX and place of a formula as it stands in a page."""
    body = html.unescape(re.sub(r'<span class="eqno">.*?</span>|<[^>]+>', "", match[3], flags=re.DOTALL)).strip()
    inner = re.sub(r"^\\[(\[]|\\[)\]]$", "", body).strip()
    return inner, body.startswith("\\[") or match[1] == "div"


def parts(tex: str, block: bool) -> list[str]:
    """The formulas that stand side by side on a line of their own, set apart by `\\qquad`: on a phone they stand one
    under the other."""
    several = re.split(r"\\qquad(?![a-z])", tex) if block else [tex]
    whole = all(part.count("{") == part.count("}") and part.count("\\begin") == part.count("\\end") for part in several)
    return [part.strip() for part in several] if whole else [tex]


def typeset(site: Path) -> int:
    """Set every formula of every page under `site`; returns how many there are."""
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    found = {_source(m) for page in pages.values() for m in FORMULA.finditer(page)}
    ordered = sorted({(part, block) for tex, block in found for part in parts(tex, block)})
    made = dict(zip(ordered, mathml(ordered), strict=True))
    count = 0

    def put(match: re.Match) -> str:
        nonlocal count
        count += 1
        tex, block = _source(match)
        one = "".join(made[part, block] for part in parts(tex, block))
        number = re.search(r'<span class="eqno">.*?</span>', match[3], re.DOTALL)
        if match[1] == "div":
            return f'<div class="math"{match[2]}>{number[0] if number else ""}{one}</div>'
        return one

    for path, page in pages.items():
        if (changed := FORMULA.sub(put, page)) != page:
            path.write_text(changed, encoding="utf-8")
    return count


def setup(app) -> dict[str, bool]:
    """The Sphinx extension: formulas are written as they are, to be set afterwards."""
    from sphinx.ext import mathjax

    app.add_html_math_renderer(
        "after_the_build", (mathjax.html_visit_math, None), (mathjax.html_visit_displaymath, None)
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
