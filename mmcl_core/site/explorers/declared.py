"""What an explorer declares, and how it stands on a page."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmcl_core.evidence.figures import Figure
from mmcl_core.lab.run import Result
from mmcl_core.site import render

Setting = dict[str, Any]  # a value for each control, by its name
Numbers = dict[str, Any]  # what the page's script computes from a setting


@dataclass(frozen=True)
class Slider:
    """A number from `low` to `high`; `log` for even steps of its logarithm, `infinite` if the last step is infinity.
    With `stops` it is one of these, as where results are stored for them alone.

    `label` is HTML: the paper's symbol and what it means.
    """

    name: str
    label: str
    low: float
    high: float
    value: float
    log: bool = False
    whole: bool = False
    infinite: bool = False
    steps: int = 100
    kind: str = "slider"  # or "bar", one of a `group` of upright ones
    group: str = ""
    stops: tuple[float, ...] = ()


@dataclass(frozen=True)
class Choice:
    """One of a few `options`, each (value, words)."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    value: str
    kind: str = "choice"


@dataclass(frozen=True)
class Try:
    """Something to try: `text` ends in a prediction; `setting` is what its button sets, all else at the default."""

    text: str
    setting: Mapping[str, Any]


@dataclass(frozen=True)
class Explorer:
    """An explorer as declared.

    reference : the numbers of a setting, from the tested core; the page's script must give the same
    picture : the static picture of the numbers at the default setting
    measured : stored numbers that the page shows beside its own, from the chapter's results
    corners : settings that between them show every control
    stored : whether all that it shows is stored; `reference` and `picture` then take the measured numbers too, and
        without them there is nothing to show
    """

    name: str
    paper: str
    title: str
    controls: tuple[Slider | Choice, ...]
    tries: tuple[Try, ...]
    reference: Callable[..., Numbers]
    picture: Callable[..., Figure]
    measured: Callable[[Callable[[str], Result]], dict[str, Any]] = lambda result: {}
    corners: tuple[Setting, ...] = ()
    stored: bool = False

    @property
    def default(self) -> Setting:
        return {control.name: control.value for control in self.controls}

    def told(self, measured: Mapping[str, Any]) -> str:
        """What the page's script reads, as JSON that can stand inside a script element."""
        content = {
            "title": self.title,
            "controls": [vars(control) for control in self.controls],
            "tries": [vars(step) for step in self.tries],
            "data": measured,
        }
        return compact(content)

    def numbers(self, setting: Setting, measured: Mapping[str, Any]) -> Numbers:
        """The reference at a setting."""
        return self.reference(setting, measured) if self.stored else self.reference(setting)

    def static(self, measured: Mapping[str, Any]) -> Figure:
        """The core's picture at the default setting."""
        numbers = self.numbers(self.default, measured)
        return self.picture(numbers, measured) if self.stored else self.picture(numbers)


def compact(content: Any) -> str:
    """JSON with numbers of four significant digits; infinity is the string "Infinity", as JSON has none."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(v) for key, v in value.items()}
        if isinstance(value, list | tuple | np.ndarray):
            return [plain(v) for v in value]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float):
            return "Infinity" if value == np.inf else None if value != value else float(f"{value:.4g}")
        return value

    return json.dumps(plain(content), separators=(",", ":"), allow_nan=False).replace("</", "<\\/")


def scripts(*names: str, loaded: set[str]) -> str:
    """The script elements of these files that the page has not `loaded` yet, and they are then."""
    new = [name for name in names if name not in loaded]
    loaded.update(new)
    return "".join(f'<script src="../_static/explorers/{name}.js"></script>' for name in new)


def jupyter(explorer: Explorer, figure: Figure) -> str:
    """The static picture and where the live one is."""
    picture = f"data:image/svg+xml;base64,{base64.b64encode(figure.render('svg')).decode()}"
    told = "At the default setting, drawn by the core; on the book's site this picture answers while one drags."
    return render.figure_html(explorer.title, figure, told, picture)


def page(explorer: Explorer, figure: Figure, measured: Mapping[str, Any], loaded: set[str]) -> str:
    """The explorer for the site, in MyST: the script fills the section, without scripts the static picture stands,
    which lies beside the chapter's figures."""
    path, alt = f"../figures/{explorer.paper}/explorer-{explorer.name}.svg", " ".join(figure.alt.split())
    before = (
        f'<section class="explorer" id="explorer-{explorer.name}" data-explorer="{explorer.name}"'
        f' aria-label="{html.escape(explorer.title)}">'
        f'<script type="application/json" class="explorer-data">{explorer.told(measured)}</script>'
        '<div class="explorer-static">'
    )
    after = (
        f"<p><b>{render.text(explorer.title)}.</b> {render.text(figure.caption)}</p></div></section>"
        f"{scripts('mmcl', explorer.name, loaded=loaded)}"
    )
    return (
        f"```{{raw}} html\n{before}\n```\n\n"
        f"```{{image}} {path}\n:alt: {alt}\n:width: 100%\n:class: book-figure\n```\n\n"
        f"```{{raw}} html\n{after}\n```\n"
    )
