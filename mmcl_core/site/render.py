"""HTML and MyST for what the book shows: figures, verdict boxes, verdict tables, data tables.

HTML serves Jupyter and the site alike (`$...$` becomes a MathJax span); a figure has a MyST form too, so that on the
site it is numbered and can be referred to.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from mmcl_core.evidence.claim import Row, Verdict
from mmcl_core.evidence.figures import Figure

SYMBOL = {
    Verdict.reproduced: "✓",
    Verdict.trend_only: "≈",
    Verdict.not_reproduced: "✗",
    Verdict.refuted: "⊘",
    Verdict.not_evaluated: "–",
}


def text(source: str) -> str:
    """Plain text with `$...$` formulas as HTML."""
    parts = re.split(r"\$([^$]+)\$", source)
    return "".join(
        rf'<span class="math notranslate nohighlight">\({html.escape(p, quote=False)}\)</span>'
        if k % 2
        else html.escape(p)
        for k, p in enumerate(parts)
    )


def anchor(claim_id: str) -> str:
    """The id of a claim's place in its chapter: `claim-huang2024-thm4-3`."""
    return "claim-" + re.sub(r"[^a-z0-9]+", "-", claim_id.lower())


def badge(verdict: str) -> str:
    """The verdict as a word with a symbol; colour comes on top and is never alone."""
    name = Verdict(verdict)
    return f'<span class="verdict verdict-{name.name.replace("_", "-")}"><span aria-hidden="true">{SYMBOL[name]}</span> {name.value}</span>'


def measured(row: Row) -> str:
    """Value, interval, n and kind of interval in words."""
    e = row.estimate
    if e is None:
        return html.escape(row.reason)
    sampled = e.kind != "exact" and e.low != e.high
    interval = f" [{e.low:.3g}, {e.high:.3g}]" if sampled else ""
    return f"<b>{e.value:.4g}</b>{interval} <small>n = {e.n}, {html.escape(e.kind)}</small>"


def verdict_box(row: Row) -> str:
    """One claim, its evidence and its verdict."""
    c = row.claim
    lines = [
        ("Paper", f"{text(c.paper_value)} <small>[{c.mark}]</small>"),
        ("Measured", f"{measured(row)}<br><small>{text(c.measures)}</small>"),
        ("Rule", text(str(c.rule))),
    ]
    if row.surprising:
        lines.append(("Declared", f"{badge(c.declared)} and yet measured otherwise"))
    if c.note:
        lines.append(("Note", text(c.note)))
    body = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in lines)
    return (
        f'<div class="claim-box claim-{row.verdict.name.replace("_", "-")}" id="{anchor(c.id)}" data-claim="{c.id}">'
        f'<p class="claim-head"><b>{text(c.item)}</b> <small>{c.kind.value}, tier {row.tier}</small> {badge(row.verdict)}</p>'
        f"<p>{text(c.statement)}</p><dl>{body}</dl></div>"
    )


def verdict_table(rows: Sequence[Row]) -> str:
    """Several claims, a row each."""
    body = ""
    for row in rows:
        c = row.claim
        note = f"<br><small>{text(c.note)}</small>" if c.note else ""
        body += (
            f'<tr id="{anchor(c.id)}" data-claim="{c.id}"><th scope="row">{text(c.item)}<br>{badge(row.verdict)}</th>'
            f"<td>{text(c.statement)}<br><small>Paper: {text(c.paper_value)} [{c.mark}]</small>{note}</td>"
            f"<td>{measured(row)}<br><small>{text(c.measures)}; rule: {text(str(c.rule))}</small></td></tr>"
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Item, verdict", "Statement", "Measured; rule"))
    return f'<div class="wide" tabindex="0"><table class="claims"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def summary(rows: Sequence[Row]) -> str:
    """How many rows have which verdict, as badges."""
    counts = Counter(row.verdict for row in rows)
    return (
        f"<p>{len(rows)} claims judged at tier {rows[0].tier}: "
        + ", ".join(f"{n} {badge(v)}" for v, n in counts.most_common())
        + ".</p>"
        if rows
        else "<p>No claims.</p>"
    )


def table(frame: pd.DataFrame, caption: str) -> str:
    """A data table with a caption."""
    head = "".join(f'<th scope="col">{text(str(name))}</th>' for name in frame.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{text(f'{v:.4g}' if isinstance(v, float) else str(v))}</td>" for v in row) + "</tr>"
        for row in frame.itertuples(index=False)
    )
    return f'<div class="wide" tabindex="0"><table class="data"><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def figure_html(title: str, figure: Figure, provenance: str, picture: str) -> str:
    """A figure for Jupyter, its picture inlined."""
    return (
        f'<figure><img src="{picture}" alt="{html.escape(figure.alt)}" style="background:#fff;max-width:100%">'
        f"<figcaption><b>{text(title)}.</b> {text(figure.caption)} <small>({html.escape(provenance)})</small></figcaption></figure>"
    )


def figure_markdown(id: str, title: str, figure: Figure, provenance: str) -> str:
    """A figure for the site: numbered, named `fig-<paper>-<stem>`, with links to its data and its source."""
    paper, stem = id.split(".", 1)
    path = f"../figures/{paper}/{stem}"
    alt = " ".join(figure.alt.split())
    return (
        f"```{{figure}} {path}.svg\n:name: fig-{paper}-{stem}\n:alt: {alt}\n:width: 100%\n:class: book-figure\n\n"
        f"**{title}.** {figure.caption} *({provenance}.)* {{download}}`data <{path}.csv>` · {{download}}`source <{path}.py>`\n```\n"
    )
