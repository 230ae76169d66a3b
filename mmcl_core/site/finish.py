"""What is done to the pages after Sphinx has written them: formulas set, closed groups held back, ballast dropped."""

from __future__ import annotations

import hashlib
import html
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mmcl_core.site.groups import HELD, RELEASED
from mmcl_core.site.notation import linked
from mmcl_core.site.pictures import pictures, sizes_of
from mmcl_core.site.search import write_search
from mmcl_core.site.typeset import typeset


def finish(site: Path, figures: Path, terms: dict[str, dict[str, Any]], pages: Sequence[str]) -> None:
    """Bring the pages that Sphinx wrote to their last form. `figures`: what the executed chapters have drawn;
    `terms`: the glossary; `pages`: the book's order."""
    if figures.exists():
        shutil.copytree(figures, site / "figures", dirs_exist_ok=True)
        share_files(site)
    typeset(site)
    sizes = sizes_of(site / "figures")
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        changed = pictures(hold_back(page), sizes)
        if path.parent.name == "chapters":
            changed = linked(changed, terms)
        changed = described(accessible(changed), "../" * (len(path.relative_to(site).parts) - 1))
        if changed != page:
            path.write_text(changed, encoding="utf-8")
    write_search(site, pages)
    drop_ballast(site)


def hold_back(page: str) -> str:
    """Put the content of closed groups into `<noscript>`: a browser with scripts builds it when it is opened, linked to
    or printed (book.js), one without shows it as it is. A chapter's hundreds of verdicts then cost nothing to lay out.
    """
    held = re.compile(re.escape(HELD) + "(.*?)" + re.escape(RELEASED), re.DOTALL)
    return held.sub(r'<noscript class="held">\1</noscript>', page)


REPAIRS = {
    # What the theme leaves for a screen reader to guess: buttons without a name, a sidebar outside of all landmarks,
    # and
    # lists whose roles ARIA no longer has.
    '<summary><span class="toctree-toggle"': '<summary aria-label="Pages of this chapter"><span class="toctree-toggle"',
    'class="bd-sidebar-primary bd-sidebar': (
        'role="complementary" aria-label="The book" class="bd-sidebar-primary bd-sidebar'
    ),
    'role="list" class="citation-list"': 'class="citation-list"',
    ' role="doc-biblioentry"': "",
}

# What a reader's machine has to load, at most: megabytes of the site and of a page.
SITE_MB, PAGE_MB = 25, 2.5

# The theme's drawings of all two thousand icons; we use a dozen, from its font.
ICONS = "_static/scripts/fontawesome.js"


def accessible(page: str) -> str:
    """The page with the theme's gaps for screen readers closed, and without its script of icons."""
    for old, new in REPAIRS.items():
        page = page.replace(old, new)
    return re.sub(rf"<script[^>]*{ICONS}[^>]*></script>\n?", "", page)


def described(page: str, up: str) -> str:
    """The page with a description and a social card in its head: its title and its first sentences. `up` leads to the
    site's root."""
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    article = page.partition("<article")[2]
    paragraphs = (re.sub(r"<[^>]+>", "", p).strip() for p in re.findall(r"<p>(.*?)</p>", article, re.DOTALL))
    first = next((p for p in paragraphs if len(p) > 40), "")
    if not title or not first or 'name="description"' in page:
        return page
    said = html.escape(html.unescape(" ".join(first.split())), quote=True)
    said = said if len(said) <= 200 else said[:200].rsplit(" ", 1)[0] + " …"
    name = " ".join(title[1].split())
    return page.replace(
        "</head>",
        f'<meta name="description" content="{said}">\n<meta property="og:type" content="article">\n'
        f'<meta property="og:title" content="{name}">\n<meta property="og:description" content="{said}">\n'
        f'<meta property="og:image" content="{up}_static/card.png">\n'
        f'<meta name="twitter:card" content="summary_large_image">\n</head>',
        1,
    )


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
    # Icons come from the theme's font, of which every browser since 2018 reads the shortest form.
    (site / ICONS).unlink(missing_ok=True)
    for path in (site / "_static/vendor/fontawesome/webfonts").glob("*"):
        if path.name != "fa-solid-900.woff2":
            path.unlink()


def weight(site: Path) -> float:
    """Megabytes of a site."""
    return sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6


def over_budget(site: Path) -> list[str]:
    """What of a site a reader's machine would find heavy, in words."""
    heavy = [
        f"{path.relative_to(site)} has {path.stat().st_size / 1e6:.1f} MB, more than {PAGE_MB}"
        for path in sorted(site.rglob("*.html"))
        if path.stat().st_size > PAGE_MB * 1e6
    ]
    whole = weight(site)
    return heavy + [f"the site has {whole:.1f} MB, more than {SITE_MB}"] * (whole > SITE_MB)
