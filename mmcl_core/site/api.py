"""The page of the public interface: every public function and class that a reader imports, with its docstring."""

from __future__ import annotations

import html
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

MODULES = (
    "catalog",
    "losses",
    "metrics",
    "stats",
    "flow",
    "train",
    "models.towers",
    "models.temperature",
    "models.conv",
    "models.pretrained",
    "data.digits",
    "data.colored",
    "data.backgrounds",
    "data.scenes",
    "data.icons",
    "data.emojis",
    "data.clip_features",
    "runtime",
    "lab.config",
    "lab.experiment",
    "lab.run",
    "lab.store",
    "evidence.claim",
    "evidence.rules",
    "evidence.verdicts",
    "evidence.ledger",
    "evidence.figures",
    "site.chapter",
)


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The functions and classes that `module` defines itself, without a leading underscore, in their order."""
    for name, thing in vars(module).items():
        own = getattr(thing, "__module__", None) == module.__name__
        if own and not name.startswith("_") and (inspect.isfunction(inspect.unwrap(thing)) or inspect.isclass(thing)):
            yield name, thing


def signature(name: str, thing: Any) -> str:
    """How it is called, one argument a line where one line would be too long."""
    try:
        plain = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    line = f"{name}{plain}".replace("'", "")
    if len(line) <= 88:
        return line
    arguments = ",\n".join(f"    {p}".replace("'", "") for p in plain.parameters.values())
    back = "" if plain.return_annotation is plain.empty else f" -> {plain.return_annotation}".replace("'", "")
    return f"{name}(\n{arguments},\n){back}"


def entry(room: str, name: str, thing: Any) -> str:
    """One function or class: what it is called, how, and its docstring."""
    told = re.sub(r"^(\w+)\n-{3,}$", r"<b>\1</b>", coded(inspect.getdoc(thing) or ""), flags=re.MULTILINE)
    return (
        f'<section class="api" id="{room}.{name}"><h3><code>{name}</code></h3>'
        f"<pre>{html.escape(signature(name, thing))}</pre><div class='docstring'>{told}</div></section>"
    )


def coded(docstring: str) -> str:
    """A docstring as HTML, its `names` as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(docstring))


def interface() -> str:
    """The whole page below its introduction."""
    parts = []
    for name in MODULES:
        module = importlib.import_module(f"mmcl_core.{name}")
        first = coded((inspect.getdoc(module) or "").split("\n\n")[0])
        found = dict(public(module))
        entries = "".join(entry(name, *pair) for pair in found.items())
        names = ", ".join(f"<code>{each}</code>" for each in found)
        parts.append(
            f'<h2 id="{name}"><code>mmcl_core.{name}</code></h2><p>{first}</p>'
            f'<details class="rows"><summary>{names}</summary>{entries}</details>'
        )
    links = ", ".join(f'<a href="#{name}"><code>{name}</code></a>' for name in MODULES)
    return f"<p>{links}</p>" + "".join(parts)
