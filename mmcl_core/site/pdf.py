"""The book as one PDF: all pages of the built site in one document, printed by Chromium, with contents and links.

A link to another page becomes a link inside the PDF. It is printed twice: the first time tells on which page each
chapter begins, the second has these numbers in the contents.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from posixpath import normpath

from pypdf import PdfReader

from mmcl_core.errors import InputError
from mmcl_core.site.pairs import toc

LEFT_OUT = ("gallery", "api")  # pictures that stand in the chapters already, and the interface for programmers
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
LIMIT = 900  # seconds for one printing


def chromium() -> str:
    """The browser that prints, or `InputError`."""
    found = os.environ.get("MMCL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise InputError(
            "A PDF is printed by Chromium, and there is none here: install it, or name it in MMCL_CHROMIUM"
        )
    return found


def pages(root: Path) -> list[str]:
    """The pages of the book in the order of its table of contents."""
    return [page for page in toc(root) if page not in LEFT_OUT]


def place(page: str, fragment: str = "") -> str:
    """The id of a page, or of a place on it, in the one document."""
    return f"{page.replace('/', '-')}--{fragment}" if fragment else page.replace("/", "-")


def article(site: Path, page: str, known: set[str]) -> str:
    """The text of a page for the one document: groups open, ids unique, links inside."""
    whole = (site / f"{page}.html").read_text(encoding="utf-8")
    body = re.search(r'<article class="bd-article"[^>]*>(.*?)</article>', whole, re.DOTALL)[1]
    body = re.sub(r'<noscript class="held">(.*?)</noscript>', r"\1", body, flags=re.DOTALL)
    body = re.sub(
        r'<noscript id="scoreboard-all">.*?</noscript>',
        "<p>Every row stands in its chapter.</p>",
        body,
        flags=re.DOTALL,
    )
    # A number with its origin is a button, and a question with its answer a form: their words stay.
    body = re.sub(r'<button\b[^>]*class="origin"[^>]*>(.*?)</button>', r"\1", body, flags=re.DOTALL)
    body = re.sub(r'<div class="predict-controls".*?</div>|<p class="predict-yours".*?</p>', "", body, flags=re.DOTALL)
    body = re.sub(r'<form class="predict"[^>]*>(.*?)</form>', r'<div class="predict">\1</div>', body, flags=re.DOTALL)
    body = re.sub(r'<(script|form|button)\b.*?</\1>|<a class="headerlink".*?</a>', "", body, flags=re.DOTALL)
    body = re.sub(r'<a class="[^"]*\bdownload\b.*?</a>(?: · )?', "", body, flags=re.DOTALL)  # there is no file to take
    # Chromium parts no `details` between two pages: they become what they look like when they stand open.
    body = re.sub(
        r"<(/?)(?:details|summary)\b", lambda m: f"<{m[1]}div", body.replace("<summary", '<summary class="head"')
    )
    body = re.sub(r'\bid="([^"]+)"', lambda m: f'id="{place(page, m[1])}"', body)
    folder = page.rpartition("/")[0]

    def link(match: re.Match) -> str:
        target, _, fragment = match[1].partition("#")
        if re.match(r"[a-z]+:", target):
            return match[0]
        other = normpath(f"{folder}/{target}").removesuffix(".html").lstrip("/") if target else page
        if other not in known:
            return ""
        return f'href="#{place(other, "" if other == "scoreboard" else fragment)}"'

    body = re.sub(r'href="([^"]*)"', link, body)
    body = re.sub(r'src="([^"]+)"', lambda m: f'src="{normpath(f"{folder}/{m[1]}").lstrip("/")}"', body)
    body = body.replace(' loading="lazy"', "")
    return f'<section class="page" id="{place(page)}">{body}</section>'


def document(site: Path, root: Path, numbers: dict[str, int]) -> str:
    """The one document. `numbers`: the page of the PDF on which each part begins, as far as known."""
    order = pages(root)
    parts = [article(site, page, set(order)) for page in order]
    lines = []
    for page, part in zip(order[1:], parts[1:], strict=True):
        title = re.sub(r"<a\b.*?</a>|<[^>]+>", "", re.search(r"<h1>(.*?)</h1>", part, re.DOTALL)[1]).strip()
        deeper = ' class="deeper"' if "-" in page else ""
        lines.append(
            f'<li{deeper}><a href="#{place(page)}">{html.escape(html.unescape(title))}</a>'
            f"<span>{numbers.get(place(page), '')}</span></li>"
        )
    contents = f'<nav class="contents"><h2>Contents</h2><ol>{"".join(lines)}</ol></nav>'
    styles = "".join(
        f'<link rel="stylesheet" href="{s}">'
        for s in re.findall(
            r'<link[^>]*href="(_static/[^"]+\.css[^"]*)"', (site / "index.html").read_text(encoding="utf-8")
        )
    )
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">'
        f'<title>MMCL, Reproduced</title>{styles}</head><body class="whole-book"><main><div class="bd-article">'
        f"{parts[0]}{contents}{''.join(parts[1:])}</div></main></body></html>"
    )


def printed(site: Path, content: str, target: Path) -> None:
    """Print one document with Chromium.

    Raises
    ------
    InputError
        When Chromium does not make the file.
    """
    source = site / "_book.html"
    source.write_text(content, encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={profile}",
            "--allow-file-access-from-files",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
            f"--print-to-pdf={target}",
            source.resolve().as_uri(),
        ]
        run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    source.unlink()
    if not target.exists():
        raise InputError(f"Chromium printed no PDF: {(run.stderr.strip().splitlines() or ['it gave no reason'])[-1]}")


def starts(pdf: Path, wanted: set[str]) -> dict[str, int]:
    """The page, counted from one, on which each part begins."""
    reader = PdfReader(pdf)
    found = {}
    for name, destination in reader.named_destinations.items():
        if (part := name.lstrip("/")) in wanted:
            found[part] = reader.get_destination_page_number(destination) + 1
    return found


def book_pdf(root: Path) -> Path:
    """Print the built site as `_build/mmcl-reproduced.pdf` and return its path."""
    site, target = root / "_build" / "html", root / "_build" / "mmcl-reproduced.pdf"
    chromium()
    target.unlink(missing_ok=True)
    numbers: dict[str, int] = {}
    for _ in range(3):  # as a rule twice; a third time if a number in the contents has moved a page
        printed(site, document(site, root, numbers), target)
        found = starts(target, set(map(place, pages(root))))
        if found == numbers:
            break
        numbers = found
    return target
