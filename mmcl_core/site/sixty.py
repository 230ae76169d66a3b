"""The head of a chapter's page: sixty seconds of reading, then what was judged, how to cite it and how to rerun it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mmcl_core import __version__
from mmcl_core.evidence.figures import Figure, FigureSpec
from mmcl_core.evidence.ledger import Row
from mmcl_core.evidence.paper import Paper
from mmcl_core.paths import checkout
from mmcl_core.site.groups import fell

WORDS_A_MINUTE = 180  # of a text with formulas


def _source(root: Path | None, page: str) -> str:
    path = root / "book" / "chapters" / f"{page}.md" if root else None
    return path.read_text(encoding="utf-8") if path and path.exists() else ""


def heading(root: Path | None, page: str) -> str:
    """The first heading of a page's text half; empty where there is none."""
    found = re.search(r"^# (.+)$", _source(root, page), re.MULTILINE)
    return found[1] if found else ""


def minutes(source: str) -> int:
    """How long the prose of a text half takes to read."""
    prose = re.sub(r"^```.*?^```", "", source.partition("\n---\n")[2], flags=re.DOTALL | re.MULTILINE)
    said = " ".join(re.findall(r"chapter\.(?:say|sixty)\((.*?)^\)", source, re.DOTALL | re.MULTILINE))
    return max(1, round(len((prose + said).split()) / WORDS_A_MINUTE))


def duration(seconds: float) -> str:
    """A time in words, rounded as one would say it."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def links(paper: Paper) -> str:
    """The paper's reference with its arXiv number as a link."""
    return re.sub(r"arXiv:(\d{4}\.\d{5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", paper.reference)


def facts(paper: Paper, page: str, title: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Names and texts of what stands under the sixty seconds."""
    source = _source(checkout(), page)
    seconds = sum(e.seconds.get("book", 0) for e in paper.experiments)
    told = [("Paper", f"*{paper.title}*. {links(paper)}")]
    if paper.judged:
        told.append(("Version judged", paper.judged))
    if rows:
        told.append(("Judged in this chapter", fell(rows)))
    if source:
        told.append(("Reading time", f"{minutes(source)} minutes"))
    told.append(("Run it again", f"`mmcl run {paper.key}`: {duration(seconds)} on one core, tier book"))
    told.append(
        (
            "Cite",
            f"the paper {{cite}}`{paper.key}`, and this page as *MMCL, Reproduced* {__version__}, \u201c{title}\u201d",
        )
    )
    return told


def markdown(
    told: dict[str, str], facts: Sequence[tuple[str, str]], spec: FigureSpec, figure: Figure | None, alt: str
) -> str:
    """The head as MyST, which Jupyter reads as plain Markdown."""
    paper, stem = spec.id.split(".", 1)
    said = "\n\n".join(f"**{name}.** {text}" for name, text in told.items())
    picture = ""
    if figure is not None:
        picture = (
            f"```{{image}} ../figures/{paper}/{stem}.svg\n:alt: {' '.join(alt.split())}\n:width: 100%\n"
            f':class: book-figure\n:target: "#fig-{paper}-{stem.replace(chr(95), chr(45))}"\n```\n'
        )
    listed = " · ".join(f"**{name}:** {text}" for name, text in facts)
    return (
        f':::::{{div}} sixty\n\n<p class="sixty-title">In 60 seconds</p>\n\n{said}\n\n{picture}\n:::::\n\n'
        f":::::{{div}} facts\n\n{listed}\n\n:::::\n"
    )
