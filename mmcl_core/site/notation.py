"""The notation page, the glossary, and the cards that both give to the chapters' text (`_static/cards.js`)."""

from __future__ import annotations

import html
import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmcl_core.evidence.paper import Paper
from mmcl_core.site.render import grid, said
from mmcl_core.site.typeset import mathml

Symbols = dict[str, dict[str, Any]]


def read(root: Path, name: str) -> dict[str, dict[str, Any]]:
    """`book/symbols.toml` or `book/glossary.toml`."""
    return tomllib.loads((root / "book" / f"{name}.toml").read_text(encoding="utf-8"))


def clashes(symbols: Symbols) -> list[str]:
    """The symbols that more than one paper uses, and not for the same thing."""
    return [s for s, meanings in symbols.items() if len(meanings) > 1 and not meanings.get("same")]


def notation(symbols: Symbols, papers: Sequence[Paper]) -> str:
    """The table of symbols, a column a paper; a symbol with several meanings says so in words."""
    marked = set(clashes(symbols))
    rows = []

    def cell(paper: Paper, meaning: str) -> str:
        # On a phone the columns stand under each other without their heads, so that each names its paper.
        return f'<b class="of-paper">{html.escape(paper.authors)}: </b>{said(meaning)}' if meaning else ""

    for symbol, meanings in symbols.items():
        mark = '<br><small class="clash">several meanings</small>' if symbol in marked else ""
        rows.append([said(f"${symbol}$") + mark, *(cell(p, meanings.get(p.key, "")) for p in papers)])
    return grid(["Symbol", *(html.escape(p.authors) for p in papers)], rows, "claims notation")


def slug(term: str) -> str:
    """The id of a term on the glossary page."""
    return "term-" + re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def glossary(terms: dict[str, dict[str, Any]]) -> str:
    """All terms in alphabetical order."""
    items = "".join(
        f'<dt id="{slug(term)}">{html.escape(term)}</dt><dd>{said(entry["means"])}</dd>'
        for term, entry in sorted(terms.items(), key=lambda item: item[0].lower())
    )
    return f'<dl class="glossary">{items}</dl>'


def plain(source: str) -> str:
    """A meaning as HTML whose formulas are MathML already, for scripts."""
    formulas = re.findall(r"\$([^$]+)\$", source)
    made = iter(mathml((f, False) for f in formulas))
    told = re.sub(r"\$[^$]+\$", lambda _: next(made), html.escape(source, False))
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", re.sub(r"`([^`]+)`", r"<code>\1</code>", told))


def cards(symbols: Symbols, terms: dict[str, dict[str, Any]], papers: Sequence[Paper]) -> str:
    """The script that holds what the cards say: symbols by paper and by how they look, terms by id."""
    looks = [re.sub(r"<[^>]+>", "", one) for one in mathml((s, False) for s in symbols)]
    by_paper = {
        p.key: {
            look: plain(meanings[p.key])
            for look, meanings in zip(looks, symbols.values(), strict=True)
            if p.key in meanings
        }
        for p in papers
    }
    by_term = {slug(term): plain(entry["means"]) for term, entry in terms.items()}
    return f"window.MMCL_CARDS = {json.dumps({'symbols': by_paper, 'terms': by_term}, ensure_ascii=False)};\n"


def linked(page: str, terms: dict[str, dict[str, Any]]) -> str:
    """A chapter's page with the first mention of each term in its prose linked to the glossary."""
    forms = {form: term for term, entry in terms.items() for form in [term, *entry.get("also", ())]}
    words = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, sorted(forms, key=len, reverse=True))) + r")(?![\w-])")
    seen: set[str] = set()

    def put(match: re.Match) -> str:
        term = forms[match[1]]
        if term in seen:
            return match[1]
        seen.add(term)
        return f'<a class="term" href="../glossary.html#{slug(term)}">{match[1]}</a>'

    def paragraph(match: re.Match) -> str:
        depth, parts = 0, []
        for part in re.split(r"(<[^>]+>)", match[0]):  # not inside links, code and formulas
            if re.match(r"<(a|code|math|span class=\"math)\b", part):
                depth += 1
            elif re.match(r"</(a|code|math)>", part):
                depth = max(0, depth - 1)
            elif not part.startswith("<") and not depth:
                part = words.sub(put, part)
            parts.append(part)
        return "".join(parts)

    head, begin, body = page.partition("<article")
    held = re.split(r"(<noscript class=\"held\">.*?</noscript>)", body, flags=re.DOTALL)
    prose = [part if k % 2 else re.sub(r"<p>.*?</p>", paragraph, part, flags=re.DOTALL) for k, part in enumerate(held)]
    return head + begin + "".join(prose)
