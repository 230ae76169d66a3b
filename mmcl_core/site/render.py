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

from mmcl_core import stats
from mmcl_core.evidence.figures import Figure
from mmcl_core.evidence.ledger import Row, totals
from mmcl_core.evidence.rules import Rule, Source
from mmcl_core.evidence.verdicts import Verdict

SYMBOL = {
    Verdict.reproduced: "✓",
    Verdict.trend_only: "≈",
    Verdict.not_reproduced: "✗",
    Verdict.refuted: "⊘",
    Verdict.misprint: "✎",
    Verdict.holds: "✓",
    Verdict.does_not_hold: "✗",
    Verdict.undecided: "?",
    Verdict.not_evaluated: "–",
}


POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?)0*(\d+)\b")


def powers(shown: str) -> str:
    """HTML in which `1.6e-05` is set as a power of ten."""
    return POWER.sub(
        lambda m: f"{'' if m[1] == '1' else m[1] + '·'}10<sup>{'−' if m[2] == '-' else ''}{m[3]}</sup>", shown
    )


def formula_powers(source: str) -> str:
    """Markdown in whose `$...$` formulas `1.6e-05` is set as a power of ten."""
    return re.sub(
        r"\$[^$]+\$",
        lambda formula: POWER.sub(
            lambda m: f"{'' if m[1] == '1' else m[1] + chr(92) + 'cdot '}10^{{{m[2].strip('+')}{m[3]}}}", formula[0]
        ),
        source,
    )


def text(source: str) -> str:
    """Plain text with `$...$` formulas and powers of ten as HTML."""
    parts = re.split(r"\$([^$]+)\$", source)
    return "".join(
        rf'<span class="math notranslate nohighlight">\({html.escape(p, quote=False)}\)</span>'
        if k % 2
        else powers(html.escape(p))
        for k, p in enumerate(parts)
    )


def said(source: str) -> str:
    """A sentence with formulas, *emphasis*, `code` and [links](address) as HTML."""
    linked = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>', text(source))
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", linked)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", coded)


def anchor(claim_id: str) -> str:
    """The id of a claim's place in its chapter: `claim-huang2024-thm4-3`."""
    return "claim-" + re.sub(r"[^a-z0-9]+", "-", claim_id.lower())


def row_anchor(claim_id: str) -> str:
    """The id of a claim's row on the scoreboard."""
    return anchor(claim_id).replace("claim-", "row-", 1)


def to_scoreboard(row: Row) -> str:
    """The item of a claim, linked to its row on the scoreboard."""
    return f'<a class="to-scoreboard" href="../scoreboard.html#{row_anchor(row.claim.id)}">{text(row.claim.item)}</a>'


def badge(verdict: str) -> str:
    """The verdict as a word with a symbol; colour comes on top and is never alone."""
    name = Verdict(verdict)
    return (
        f'<span class="verdict verdict-{css(name)}"><span aria-hidden="true">{SYMBOL[name]}</span> {name.value}</span>'
    )


def css(verdict: Verdict) -> str:
    """The verdict as the end of a class name."""
    return verdict.name.replace("_", "-")


def measured(row: Row) -> str:
    """Value, interval, n, kind of interval, and where one more seed is expected, in words."""
    e = row.estimate
    if e is None:
        return html.escape(row.reason)
    interval = f" [{e.low:.3g}, {e.high:.3g}]" if e.low != e.high else ""
    predicted = stats.prediction(e)
    one_more = "" if predicted is None else f"; one more seed: {predicted[0]:.3g} to {predicted[1]:.3g}"
    few = f"<br><small>{text(row.reason)}</small>" if row.reason else ""
    found = powers(f"<b>{e.value:.4g}</b>{interval}")
    return f"{found} <small>n = {e.n}, {html.escape(str(e.kind))}{powers(one_more)}</small>{few}"


def basis(rule: Rule) -> str:
    """Where the numbers of a rule come from; marked when one was set after a run."""
    if rule.basis is None:
        return ""
    late = ' class="after-a-run"' if rule.basis.source == Source.after else ""
    return f" <small{late}>({text(str(rule.basis))})</small>"


def conditions(row: Row) -> str:
    """The statement's conditions with their values in the run."""
    items = ""
    for c, (value, met) in zip(row.claim.conditions, row.conditions, strict=False):
        word = "met" if met else "not met" if c.matters else "not met, does not matter"
        items += f"<li>{text(c.formula)}: {powers(f'{value:.4g}')}, needed {text(str(c.needs))}: <b>{word}</b></li>"
    algebra = f"<li>{text(row.claim.algebra)}</li>" if row.claim.algebra else ""
    return f"<ul>{items}{algebra}</ul>" if items or algebra else ""


def judged_by(row: Row) -> list[tuple[str, str]]:
    """The rules of a claim with their bases, as (name, HTML)."""
    names = {"rule": "Rule", "refutation": "Refuted if", "trend": "Trend if"}
    rules = [(name, getattr(row.claim, role)) for role, name in names.items()]
    return [(name, f"{text(str(rule))}{basis(rule)}") for name, rule in rules if rule is not None]


def verdict_box(row: Row) -> str:
    """One claim: statement, what was measured and the rule; how it was judged in detail is one click away."""
    c = row.claim
    rule, *others = judged_by(row)
    found = [("Measured", measured(row)), rule]
    if row.surprising:
        found.append(("Declared", f"{badge(c.declared)} and yet measured otherwise"))
    detail = [
        ("Stated" if c.author.of_paper else "Origin", f"{text(c.paper_value)} <small>[{c.mark}]</small>"),
        ("Measured is", text(c.measured)),
        *others,
        ("Conditions", conditions(row)),
        ("Note", text(c.note)),
        ("Kind", f"{c.author}; {c.quantifier}; match: {c.match}; tier {row.tier}"),
    ]
    return (
        f'<div class="claim-box claim-{css(row.verdict)}" id="{anchor(c.id)}" data-claim="{c.id}">'
        f'<p class="claim-head"><b>{to_scoreboard(row)}</b> {badge(row.verdict)}</p>'
        f"<p>{text(c.statement)}</p>{listed(found)}"
        f'<details class="evidence"><summary>How it was judged</summary>{listed(detail)}</details></div>'
    )


def listed(facts: Sequence[tuple[str, str]]) -> str:
    """Names and what they stand for; those that say nothing are left out."""
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts if value) + "</dl>"


def summary(rows: Sequence[Row]) -> str:
    """How the papers' statements fell and, apart from them, ours."""
    if not rows:
        return "<p>No claims.</p>"
    fell = totals(rows)

    def line(name: str, counts: Counter) -> str:
        return f"{counts.total()} {name}: " + ", ".join(f"{n} {badge(v)}" for v, n in counts.most_common()) + "."

    parts = [
        line(name, counts)
        for name, counts in (("statements of the paper", fell.of_papers), ("statements of ours", fell.ours))
        if counts
    ]
    return f"<p>Judged at tier {rows[0].tier}. " + "</p><p>".join(parts) + "</p>"


LONG = 14  # rows of a table that interrupts the text for less than a screen
MANY = 8  # columns, beyond which a table is set small


def grid(head: Sequence[str], body: Sequence[Sequence[str]], kind: str = "data", caption: str = "") -> str:
    """A table of HTML cells that scrolls sideways by itself; the first cell of a row is its header."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
        for first, *rest in body
    )
    told = f"<caption>{caption}</caption>" if caption else ""
    many, reached = (" many", ' tabindex="0" role="group" aria-label="A wide table"') if len(head) > MANY else ("", "")
    return (
        f'<div class="wide"{reached}><table class="{kind}{many}">{told}<thead><tr>{columns}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def table(frame: pd.DataFrame, caption: str) -> str:
    """A data table with a caption, behind one closed line where it is longer than `LONG` rows."""
    joint = " " if len(frame.columns) > MANY else "\N{NO-BREAK SPACE}"  # a wide table needs every place to break
    cells = [
        [text(f"{v:.4g}" if isinstance(v, float) else str(v).replace("± ", f"±{joint}")) for v in row]
        for row in frame.itertuples(index=False)
    ]
    drawn = grid([text(str(name)) for name in frame.columns], cells, caption=text(caption))
    if len(cells) <= LONG:
        return drawn
    return f'<details class="rows"><summary>The table of all {len(cells)} rows</summary>{drawn}</details>'


def figure_html(title: str, figure: Figure, provenance: str, picture: str) -> str:
    """A figure for Jupyter, its picture inlined."""
    note = f"{text(figure.note)} " if figure.note else ""
    return (
        f'<figure><img src="{picture}" alt="{html.escape(figure.alt)}" style="background:#fff;max-width:100%">'
        f"<figcaption><b>{text(title)}.</b> {text(figure.caption)}"
        f"<details><summary>How it was made</summary>{note}{html.escape(provenance)}</details></figcaption></figure>"
    )


def figure_markdown(id: str, title: str, figure: Figure, provenance: str, source: str) -> str:
    """A figure for the site: numbered, named `fig-<paper>-<stem>`; under its caption one closed line with what it
    rests on, its data and its `source`, a file beside the figures.

    `site.pictures` puts in the drawings for phones and dark pages.
    """
    paper, stem = id.split(".", 1)
    path = f"../figures/{paper}/{stem}"
    alt = " ".join(figure.alt.split())
    note = f"{figure.note} " if figure.note else ""
    return (
        f"````{{figure}} {path}.svg\n:name: fig-{paper}-{stem}\n:alt: {alt}\n:class: book-figure\n\n"
        f"**{title}.** {powers(formula_powers(figure.caption))}\n\n"
        f'<details class="made"><summary>How it was made</summary>\n\n'
        f"{note}{provenance}. {{download}}`data <{path}.csv>` · {{download}}`PDF <{path}.pdf>` · "
        f"{{download}}`source <../figures/{paper}/{source}>` · `mmcl figure {id}`\n\n</details>\n````\n"
    )
