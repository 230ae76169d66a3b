"""The map of a paper's statements: what rests on what, each with its verdict, as an SVG that is a list of links, and
the same in words."""

from __future__ import annotations

import html
import re
import textwrap
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmcl_core.evidence.ledger import Row
from mmcl_core.evidence.verdicts import GOOD, Verdict
from mmcl_core.site.groups import OPEN
from mmcl_core.site.render import SYMBOL, row_anchor

WIDTH, HEIGHT, STEP_X, STEP_Y = 124, 54, 150, 66  # of a box, and from one box to the next, in pixels


@dataclass(frozen=True)
class Node:
    """A statement on the map, the statements that it rests on, and the ledger rows that judge it."""

    name: str
    on: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def fell(self) -> str:
        """How it fell, in words."""
        counts = Counter(row.verdict.value for row in self.rows)
        if not counts:
            return "not judged"
        if len(counts) == 1:
            return f"{next(iter(counts))}" + (f" ({counts.total()})" if counts.total() > 1 else "")
        return ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())

    @property
    def kind(self) -> str:
        """The colour class: good, bad, none or mixed."""
        found = {row.verdict for row in self.rows}
        if not found - {Verdict.not_evaluated}:
            return "none"
        return "bad" if found & set(OPEN) else "ok" if found <= {*GOOD, Verdict.not_evaluated} else "mid"

    @property
    def mark(self) -> str:
        """The symbols of its verdicts, the good ones first, and how many there are of each."""
        counts = Counter(row.verdict for row in self.rows)
        ordered = [v for v in Verdict if counts[v]]
        return "  ".join(f"{SYMBOL[v]} {counts[v]}" for v in ordered) or "–"


def read(root: Path, key: str, rows: Sequence[Row]) -> list[Node]:
    """The map of paper `key` from `book/maps.toml`, with the rows of the ledger that belong to each statement."""
    entries = tomllib.loads((root / "book" / "maps.toml").read_text(encoding="utf-8"))[key]
    return [
        Node(
            entry["name"],
            tuple(entry.get("on", ())),
            tuple(
                row
                for row in rows
                if re.match(entry["items"], row.claim.item) and (row.claim.author.of_paper or entry.get("ours"))
            ),
        )
        for entry in entries
    ]


def ranks(nodes: Sequence[Node]) -> dict[str, int]:
    """The column of each node: one to the right of the last one that it rests on.

    Raises
    ------
    ValueError
        When a node rests on one that stands behind it or is not on the map.
    """
    found: dict[str, int] = {}
    for node in nodes:
        if missing := [name for name in node.on if name not in found]:
            raise ValueError(f"{node.name} rests on {missing[0]}, which does not stand before it on the map")
        found[node.name] = 1 + max((found[name] for name in node.on), default=-1)
    return found


def places(nodes: Sequence[Node]) -> dict[str, tuple[int, int]]:
    """Upper left corner of each box; within a column the order of the file, moved towards what a box rests on."""
    column = ranks(nodes)
    rows: dict[str, float] = {}
    for rank in sorted(set(column.values())):
        mine = [n for n in nodes if column[n.name] == rank]
        if rank:
            mine.sort(key=lambda n: sum(rows[name] for name in n.on) / len(n.on))
        taken = -1.0
        for index, node in enumerate(mine):
            wanted = sum(rows[name] for name in node.on) / len(node.on) if node.on else index
            taken = rows[node.name] = max(taken + 1, round(wanted - (len(mine) - 1) / 2 + index) if node.on else index)
    least = min(rows.values())
    return {name: (STEP_X * column[name], int(STEP_Y * (row - least))) for name, row in rows.items()}


def drawing(nodes: Sequence[Node], title: str) -> str:
    """The map as HTML: the drawing, and a closed list that says the same."""
    at = places(nodes)
    width = max(x for x, _ in at.values()) + WIDTH + 2
    height = max(y for _, y in at.values()) + HEIGHT + 2
    lines = "".join(edge(at[name], at[node.name]) for node in nodes for name in node.on)
    boxes = "".join(box(node, *at[node.name]) for node in nodes)
    listed = "".join(
        f"<li>{link(node, html.escape(node.name))}: {html.escape(node.fell)}"
        + (f"; rests on {html.escape(', '.join(node.on))}" if node.on else "")
        + "</li>"
        for node in nodes
    )
    return (
        f'<div class="map"><svg viewBox="-1 -1 {width} {height}" role="group" aria-label="{html.escape(title)}">'
        f'<g aria-hidden="true">{lines}</g>{boxes}</svg>'
        f"<details><summary>The same as a list</summary><ul>{listed}</ul></details></div>"
    )


def link(node: Node, content: str, attributes: str = "") -> str:
    """A link to the node's rows on the scoreboard: to its one row, or to a search for its first row's item."""
    if not node.rows:
        return content
    return f'<a href="../scoreboard.html#{row_anchor(node.rows[0].claim.id)}"{attributes}>{content}</a>'


def edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    """A curve from the right side of one box to the left side of another."""
    x, y = start[0] + WIDTH, start[1] + HEIGHT / 2
    u, v = end[0], end[1] + HEIGHT / 2
    bend = (u - x) / 2
    return f'<path d="M{x} {y:g}C{x + bend:g} {y:g} {u - bend:g} {v:g} {u} {v:g}"/>'


def box(node: Node, x: int, y: int) -> str:
    """A box with the statement's name and its verdicts as symbols; a screen reader hears them in words."""
    said = html.escape(f"{node.name}: {node.fell}", quote=True)
    middle = f"{x + WIDTH / 2:g}"
    lines = textwrap.wrap(node.name, 17)
    first = y + (19 if len(lines) == 1 else 15)
    names = "".join(
        f'<text x="{middle}" y="{first + 14 * k}">{html.escape(line)}</text>' for k, line in enumerate(lines)
    )
    fit = f' textLength="{WIDTH - 12}" lengthAdjust="spacingAndGlyphs"' if len(node.mark) > 20 else ""
    content = (
        f'<rect class="map-{node.kind}" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>{names}'
        f'<text class="map-mark" x="{middle}" y="{y + 47}"{fit}>{html.escape(node.mark)}</text>'
    )
    return link(node, f"<title>{said}</title>{content}", f' aria-label="{said}"')
