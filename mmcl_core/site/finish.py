"""What is done to the pages after Sphinx has written them: formulas set, closed groups held back, ballast dropped."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mmcl_core.site.notation import linked
from mmcl_core.site.render import HELD, RELEASED
from mmcl_core.site.typeset import typeset


def finish(site: Path, figures: Path, terms: dict[str, dict[str, Any]]) -> None:
    """Bring the pages that Sphinx wrote to their last form. `figures`: what the executed chapters have drawn;
    `terms`: the glossary."""
    if figures.exists():
        shutil.copytree(figures, site / "figures", dirs_exist_ok=True)
        share_files(site)
    typeset(site)
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        changed = hold_back(page)
        if path.parent.name == "chapters":
            changed = linked(changed, terms)
        if changed != page:
            path.write_text(changed, encoding="utf-8")
    drop_ballast(site)


def hold_back(page: str) -> str:
    """Put the content of closed groups into `<noscript>`: a browser with scripts builds it when it is opened, linked to
    or printed (book.js), one without shows it as it is. A chapter's hundreds of verdicts then cost nothing to lay out.
    """
    held = re.compile(re.escape(HELD) + "(.*?)" + re.escape(RELEASED), re.DOTALL)
    return held.sub(r'<noscript class="held">\1</noscript>', page)


def share_files(site: Path) -> None:
    """Let pages use the files in `figures/` where Sphinx has made copies of them under names of its own."""
    ours = {digest(path): path.relative_to(site) for path in (site / "figures").rglob("*.*")}
    moved = {}
    for folder in ("_images", "_downloads"):
        for path in [p for p in (site / folder).rglob("*.*") if p.is_file()]:
            if (same := ours.get(digest(path))) is not None:
                moved[path.relative_to(site).as_posix()] = same.as_posix()
                path.unlink()
    copies = re.compile(r"(?<=[\"/])(_images|_downloads)/[^\"#?]+")
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        path.write_text(copies.sub(lambda m: moved.get(unquote(m[0]), m[0]), page), encoding="utf-8")


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def drop_ballast(site: Path) -> None:
    """Drop what no page loads: source maps, translations of the theme, the build's own notes."""
    for path in site.rglob("*.map"):
        path.unlink()
    for name in ("_static/locales", "_static/mathjax"):
        shutil.rmtree(site / name, ignore_errors=True)
