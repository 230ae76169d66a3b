"""The search of the built site: a list of headings, statements and their text, which works from disk.

Sphinx's own search fetches pages for its snippets, which a browser forbids on `file://`. Here the text lies in a script
(`_static/search-text.js`) that the search page loads, and `book.js` ranks and shows it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path

HEADING = re.compile(r'<section [^>]*id="([^"]+)">\s*(?:<span id="[^"]*"></span>\s*)*<h([1-3])>(.*?)</h\2>', re.DOTALL)
STATEMENT = re.compile(
    r'<div class="claim-box[^"]*" id="([^"]+)"[^>]*><p class="claim-head"><b><a[^>]*>(.*?)</a></b>.*?</p><p>(.*?)</p>',
    re.DOTALL,
)
LENGTH = 1500  # characters of a section that are searched and shown from


def plain(source: str) -> str:
    """The text of HTML: no tags, no link marks, one space between words."""
    source = re.sub(r'<(script|style|nav)\b.*?</\1>|<a class="headerlink".*?</a>', " ", source, flags=re.DOTALL)
    source = re.sub(r"</?(?:math|m[a-z]+|span|em|b|strong|code|a|i|small|sup|sub)\b[^>]*>", "", source)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", source)).replace("\u2061", "").split())


def entries(page: str, whole: str) -> list[list[str]]:
    """What can be found on a page: [address, title, title of the page, text]."""
    article = whole.partition("<article")[2].partition("</article>")[0]
    found = list(HEADING.finditer(article))
    if not found:
        return []
    name = plain(found[0][3])
    made = []
    for index, heading in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(article)
        body = re.sub(
            r'<details class="claims".*?</summary>|<noscript.*?</noscript>', " ", article[heading.end() : end]
        )
        text = plain(re.sub(r'<noscript class="held">.*?</noscript>', " ", body, flags=re.DOTALL))
        address = f"{page}.html" + (f"#{heading[1]}" if index else "")
        made.append([address, plain(heading[3]), name, text[:LENGTH]])
    made += [[f"{page}.html#{m[1]}", plain(m[2]), name, plain(m[3])] for m in STATEMENT.finditer(article)]
    return made


def write_search(site: Path, pages: Sequence[str]) -> None:
    """Write the list for all pages, and take Sphinx's own search out of the site."""
    listed = []
    for page in pages:
        path = site / f"{page}.html"
        if path.exists():
            listed += entries(page, path.read_text(encoding="utf-8"))
    content = f"window.MMCL_SEARCH = {json.dumps(listed, ensure_ascii=False)};\n"
    (site / "_static" / "search-text.js").write_text(content, encoding="utf-8")
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        less = re.sub(r"<script[^>]*(?:searchtools|language_data|searchindex)\.js[^>]*></script>", "", page)
        less = re.sub(r"<script>\s*(?:jQuery|Search)[^<]*searchindex[^<]*</script>", "", less)
        if less != page:
            path.write_text(less, encoding="utf-8")
    for name in ("_static/searchtools.js", "_static/language_data.js", "searchindex.js"):
        (site / name).unlink(missing_ok=True)
