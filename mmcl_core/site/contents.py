"""The table of contents: a chapter's pages that are missing from it are entered where the book's order has them."""

from __future__ import annotations

import re
from collections.abc import Sequence

ENTRY = re.compile(r"^(\s*)- file:\s*chapters/(\S+)")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: Sequence[str], start: int) -> int:
    """The line behind the entry at `start` and all that is nested in it."""
    end = start + 1
    while end < len(lines) and lines[end].strip() and _indent(lines[end]) > _indent(lines[start]):
        end += 1
    return end


def entered(listed: str, pages: Sequence[str]) -> str:
    """`listed`, the text of `_toc.yml`, with an entry for each of `pages` ("xue2024", "xue2024-sharing", ...).

    A paper's own page stands behind the paper before it in `pages`, its others among its sections. Lines that are
    there stay as they are. Where no chapter is listed at all, there is no place to begin, and nothing is changed.
    """
    lines = listed.splitlines()
    for number, page in enumerate(pages):
        found = {m[2]: k for k, line in enumerate(lines) if (m := ENTRY.match(line))}
        if page in found or not found:
            continue
        own = page.partition("-")[0]
        if page != own and own in found:
            start, end = found[own], _block(lines, found[own])
            space = " " * (_indent(lines[start]) + 2)
            head = [] if any(line.strip() == "sections:" for line in lines[start:end]) else [f"{space}sections:"]
            lines[end:end] = [*head, f"{space}  - file: chapters/{page}"]
            continue
        before = [p for p in pages[:number] if p in found and "-" not in p]
        first = min(found.values())
        place = _block(lines, found[before[-1]]) if before else first
        lines.insert(place, f"{' ' * _indent(lines[first])}- file: chapters/{page}")
    return "\n".join(lines) + "\n"
