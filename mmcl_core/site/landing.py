"""The first page: per paper one finding, one caveat, one picture, and how its statements and ours fell."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mmcl_core import catalog
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.site.render import said, text

Ledger = dict[str, Any]


def landing(ledgers: Sequence[Ledger]) -> str:
    """A card for each paper."""
    return f'<ul class="findings">{"".join(map(card, ledgers))}</ul>'


def card(ledger: Ledger) -> str:
    """One paper: its finding, its caveat, its thumbnail and its two counts."""
    paper, head = catalog.paper(ledger["paper"]), ledger["heads"].get(ledger["paper"], {})
    link = f"chapters/{paper.key}.html"
    picture = ""
    if head.get("figure"):
        path = f"figures/{paper.key}/{head['figure']}.svg"
        picture = f'<a href="{link}" tabindex="-1" aria-hidden="true"><img src="{path}" alt="" class="book-figure"></a>'
    return (
        f'<li>{picture}<p class="finding-title"><a href="{link}">{text(head.get("title", paper.title))}</a></p>'
        f"<p><small>{html.escape(paper.authors)}</small></p>"
        f'<p>{said(head.get("finding", ""))}</p><p class="but"><b>But:</b> {said(head.get("but", ""))}</p>'
        f'<p class="counts">{counts(ledger)}</p></li>'
    )


def counts(ledger: Ledger) -> str:
    """How the paper's statements fell and, apart from them, ours; each count leads to its rows on the scoreboard."""
    fell: dict[bool, Counter] = {True: Counter(), False: Counter()}
    for row in ledger["rows"]:
        if row["verdict"] != Verdict.not_evaluated:
            fell[row["author"] == Author.paper][row["verdict"]] += 1
    theirs, ours = fell[True], fell[False]
    refuted = f", {theirs[Verdict.refuted]} refuted as printed" if theirs[Verdict.refuted] else ""
    rows = f"scoreboard.html#paper={ledger['paper']}"
    return (
        f'<a href="{rows}&author=the+paper">Of the paper</a>: {theirs[Verdict.reproduced]} of {theirs.total()} '
        f'statements reproduced{refuted}. <a href="{rows}">Of ours</a>: {ours[Verdict.holds]} of {ours.total()} hold.'
    )
