"""A page with one explorer, as the site has it but without the book around it, and what a browser says about it."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mmcl_core import catalog
from mmcl_core.lab.run import run
from mmcl_core.site.explorers import declared

STATIC = Path(__file__).parents[1] / "book" / "_static"
PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Explorer</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="../_static/book.css">
<link rel="stylesheet" href="../_static/explorers/explorers.css"><style>
html {{ --pst-color-background: #fff; background: #fff; color: #222 }} * {{ box-sizing: border-box }}
img {{ width: 100% }}
html[data-theme="dark"] {{ --pst-color-background: #14181e; background: #14181e; color: #ced6dd }}
</style></head><body><main><h1>Explorer</h1>{body}</main></body></html>"""


def html_of(markdown: str) -> str:
    """What Sphinx makes of the MyST of an explorer: raw blocks as they are, one picture."""
    parts = []
    for block in markdown.split("```\n"):
        if "```{raw} html\n" in block:
            parts.append(block.split("```{raw} html\n", 1)[1])
        elif "```{image}" in block:
            head, *options = block.strip().splitlines()
            alt = next(o for o in options if o.startswith(":alt: ")).removeprefix(":alt: ")
            parts.append(f'<img class="book-figure" src="{head.split()[1]}" alt="{alt}">')
    return "".join(parts)


def write(folder: Path, explorer, measured=None) -> dict[str, Path]:
    """Light and dark pages below `folder`, beside the book's own scripts."""
    if not (folder / "_static").exists():
        shutil.copytree(STATIC, folder / "_static")
    figure = explorer.static(measured or {})
    place = folder / "figures" / explorer.paper
    place.mkdir(parents=True, exist_ok=True)
    (place / f"explorer-{explorer.name}.svg").write_bytes(figure.render("svg"))
    (folder / "chapters").mkdir(exist_ok=True)
    body, pages = html_of(declared.page(explorer, figure, measured or {}, set())), {}
    for theme in ("light", "dark"):
        pages[theme] = folder / "chapters" / f"{explorer.name}-{theme}.html"
        pages[theme].write_text(PAGE.format(theme=theme, body=body), encoding="utf-8")
    return pages


def told(explorer, tier="smoke") -> dict:
    """The stored numbers of an explorer that shows nothing else, at `tier`; computed where they are absent."""
    if not explorer.stored:
        return {}
    return explorer.measured(lambda name: run(catalog.find_experiment(f"{explorer.paper}.{name}"), tier))


@contextmanager
def opened(browser, path, width=1280, fragment="", **context):
    """A page, offline, and the list of everything that went wrong."""
    made = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **context)
    page, wrong = made.new_page(), []
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("requestfailed", lambda r: wrong.append(f"not loaded: {r.url}"))
    page.goto(f"file://{path}{fragment}")
    yield page, wrong
    made.close()


ASK = """(positions) => {
  const frame = document.querySelector(".explorer").frame;
  for (const c of frame.controls) {
    const given = positions[c.name];
    frame.setting[c.name] = c.options ? given : frame.valueAt(c, given);
  }
  frame.update();
  const said = { setting: frame.setting, numbers: frame.numbers, words: frame.words.textContent,
                 picture: frame.picture.innerHTML };
  return JSON.stringify(said, (_, v) => v === Infinity ? "Infinity" : Number.isNaN(v) ? "NaN" : ArrayBuffer.isView(v)
                                        ? [...v] : v);
}"""


def ask(page, positions):
    """The setting at these slider positions, the numbers, the sentence and the picture."""

    def back(value):
        if isinstance(value, dict):
            return {k: back(v) for k, v in value.items()}
        if isinstance(value, list):
            return [back(v) for v in value]
        return {"Infinity": np.inf, "NaN": np.nan}.get(value, value) if isinstance(value, str) else value

    return back(json.loads(page.evaluate(ASK, positions)))


def positions(explorer, stream):
    """Random places of all controls."""
    return {
        c.name: int(stream.integers(0, c.steps + 1))
        if hasattr(c, "steps")
        else c.options[stream.integers(len(c.options))][0]
        for c in explorer.controls
    }


def differences(page, core, path=""):
    """Where the page's numbers are not the core's to 1e-3, relative, or absolute below 1e-6."""
    if isinstance(core, dict):
        return [d for key, value in core.items() for d in differences(page[key], value, f"{path}.{key}")]
    if core is None or isinstance(core, str | bool):
        return [] if page == core else [f"{path}: {page} for {core}"]
    page, core = np.array(page, float), np.array(core, float)
    if page.shape != core.shape:
        return [f"{path}: shape {page.shape} for {core.shape}"]
    same = np.isclose(page, core, rtol=1e-3, atol=1e-6, equal_nan=False)
    return [] if same.all() else [f"{path}: {page[~same][:3]} for {core[~same][:3]}"]
