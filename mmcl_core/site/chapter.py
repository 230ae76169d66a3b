"""What a chapter notebook imports: results, figures, verdicts and numbers, shown alike in Jupyter and on the site.

    chapter = Chapter("huang2024", tier=tier, device=device, seeds=seeds)
    chapter.figure("fig1")                     # numbered, captioned, with its data and its source
    chapter.claim("thm4_2")                    # a verdict box
    chapter.say("The loss ends at {loss:.3f}.", loss=...)
    chapter.close()                            # judges every claim and writes the ledger for the build

Opened in Jupyter the same cells show the same things; only the build (which sets `MMCL_BUILD_DIR`) writes files.
"""

from __future__ import annotations

import base64
import inspect
import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from IPython.display import display

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent, InputError, unknown
from mmcl_core.evidence.figures import Figure, FigureSpec
from mmcl_core.evidence.ledger import Row, evaluate
from mmcl_core.evidence.verdicts import Missing
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result, run
from mmcl_core.paths import checkout
from mmcl_core.runtime import resolve_device, use_threads
from mmcl_core.site import explorers, gallery, groups, maps, origin, predict, render, sixty
from mmcl_core.site.ledgers import judged, paper_of
from mmcl_core.stats import Estimate

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it remarks on dates in fonts wherever a PDF is drawn


class Chapter:
    """A page of one paper at one tier. Names are short: "figure1" stands for the experiment "huang2024.figure1".

    A chapter of several pages has one called after the paper ("xue2024"), which judges all claims, and others
    ("xue2024-experiments"), which judge those that they show.

    Raises
    ------
    InputError
        For an unknown paper, tier, device, experiment, figure or claim.
    """

    def __init__(self, key: str, tier: str = "book", device: str = "auto", seeds: Any = None) -> None:
        self.page = key
        self.paper = catalog.paper(paper_of(key))
        self.tier = Tier.parse(tier)
        resolve_device(device)
        self.device, self.seeds = device, seeds
        self.threads = use_threads()
        self._results: dict[str, Result] = {}
        self._rows: dict[str, Row] = {}
        self._shown: list[str] = []
        self.scripts: set[str] = set()  # of explorers and questions, each loaded once a page
        self._figures: dict[str, tuple[FigureSpec, Figure | None, str]] = {}
        self._placed: list[str] = []
        self._head: dict[str, str] = {}
        folder = os.environ.get("MMCL_BUILD_DIR")
        self.build_folder = Path(folder) if folder else None

    def result(self, name: str) -> Result:
        """The result of an experiment, computed at most once and stored. Means over its seeds remember where they come
        from, so that `say` can tell."""
        return origin.traced(self._computed(name))

    def _computed(self, name: str) -> Result:
        name = self._full(name)
        if name not in self._results:
            self._results[name] = run(catalog.find_experiment(name), self.tier, self.seeds, self.device)
        return self._results[name]

    def available(self, *names: str) -> bool:
        """Whether the data of these experiments are here; says in one sentence what is absent. For cells that read
        results themselves."""
        try:
            for name in names:
                self.result(name)
        except DataAbsent as absent:
            self.say("*{absent}.*", absent=absent)
            return False
        return True

    def row(self, name: str) -> Row:
        """The ledger row of a claim: estimate, verdict, reason."""
        claims = {c.id: c for c in self.paper.claims}
        if self._full(name) not in claims:
            raise unknown("claim", name, [c.split(".", 1)[1] for c in claims])
        if name not in self._rows:
            self._rows[name] = evaluate(claims[self._full(name)], self.tier, self._computed)
        return self._rows[name]

    def value(self, name: str) -> Estimate:
        """The measured estimate of a claim, for prose. At a tier too low for the claim every part of it is NaN."""
        row = self.row(name)
        estimate = row.estimate or Estimate(float("nan"), float("nan"), float("nan"), 0, "not evaluated")
        used = [self._computed(e) for e in row.claim.experiments] if row.estimate else []
        return replace(estimate, value=origin.of_claim(row, used))

    def sixty(
        self, question: str, answer: str, caveat: str, figure: str, finding: str = "", but: str = "", **numbers: Any
    ) -> None:
        """Show the page in sixty seconds: its question, its answer, the main caveat, one figure, and what was judged.

        Names in braces are claims, whose measured values they stand for ("{fig1_signal:.1f}"), or are among `numbers`.
        `finding` and `but` say answer and caveat in one sentence each, for the book's first page.
        """
        known = Values(self, numbers)
        texts = {"Question": question, "Answer": answer, "But": caveat}
        told = {name: text.format_map(known) for name, text in texts.items()}
        marked = {name: origin.Prose().vformat(text, (), known) for name, text in texts.items()}
        spec, drawn, _ = self._drawn(figure)
        alt = spec.title if drawn is None else drawn.alt
        self._head = {
            "title": self.title,
            "finding": finding.format_map(known),
            "but": but.format_map(known),
            "figure": figure if drawn is not None else "",
            "alt": " ".join(alt.split()),
        }
        whole = self.paper.claims if self.page == self.paper.key else ()  # how the paper fell is said on its first page
        facts = sixty.facts(self.paper, self.page, self.title, [self.row(c.name) for c in whole])
        bundle = {
            "text/markdown": sixty.markdown(marked, facts, spec, drawn, alt),
            "text/html": "".join(f"<p><b>{name}.</b> {render.said(text)}</p>" for name, text in told.items()),
            "text/plain": told["Answer"],
        }
        display(bundle, raw=True)

    @property
    def title(self) -> str:
        """The page's title, from its text half; the paper's title where there is no checkout."""
        return sixty.heading(checkout(), self.page) or self.paper.title

    def figure(self, name: str) -> None:
        """Show a figure, or one sentence where the data it needs are absent."""
        spec, figure, told = self._drawn(name)
        if figure is None:
            self.say("*{title}: not shown. {absent}.*", title=spec.title, absent=told)
            return
        self._placed.append(spec.id)
        title = spec.title + (f" (the paper's {spec.paper})" if spec.paper else "")
        drawn = figure.renders(("svg",) if self.build_folder is None else ("svg", "pdf", "png"))
        picture = f"data:image/svg+xml;base64,{base64.b64encode(drawn['svg']).decode()}"
        bundle = {
            "text/html": render.figure_html(title, figure, told, picture),
            "text/plain": figure.alt,
        }
        if self.build_folder is not None:
            gallery.write_files(self.build_folder / "figures", spec, figure, drawn)
            bundle["text/markdown"] = render.figure_markdown(spec.id, title, figure, told, gallery.source(spec).name)
        display(bundle, raw=True)

    def explorer(self, name: str) -> None:
        """Show an explorer: live on the site; its static picture in Jupyter, in print and without scripts."""
        display(explorers.shown(self, name), raw=True)

    def _drawn(self, name: str) -> tuple[FigureSpec, Figure | None, str]:
        """A figure's declaration, the figure (None where its data are absent), and its origin or why it is absent."""
        specs = {f.id: f for f in self.paper.figures}
        if self._full(name) not in specs:
            raise unknown("figure", name, [f.split(".", 1)[1] for f in specs])
        spec = specs[self._full(name)]
        if name not in self._figures:
            try:
                figure = spec.make(self._computed)
                told = "; ".join(dict.fromkeys(self._computed(e).provenance for e in spec.experiments))
            except DataAbsent as absent:
                figure, told = None, str(absent)
            self._figures[name] = (spec, figure, told)
        return self._figures[name]

    def claim(self, name: str) -> None:
        """Show one verdict box, or keep it for the page's end where the claim was never run."""
        if self._show(name):
            display(
                {"text/html": render.verdict_box(self.row(name)), "text/plain": str(self.row(name).verdict)}, raw=True
            )

    def claims(self, *names: str, title: str = "") -> None:
        """Show several claims as one closed line; what was refuted, or failed, stands open under it.

        Claims that were never run stand at the end of the page. `title`: what the line says it holds, in place of the
        claims' items.
        """
        rows = [self.row(name) for name in names if self._show(name)]
        if rows:
            display({"text/html": groups.claims_group(rows, title), "text/plain": ", ".join(names)}, raw=True)

    def map(self) -> None:
        """Show the paper's statements as a map: what rests on what, and how each fell."""
        if (root := checkout()) is None:
            return
        nodes = maps.read(root, self.paper.key, [self.row(c.name) for c in self.paper.claims])
        title = f"Map of the statements of {self.paper.authors}"
        said = "; ".join(f"{node.name}: {node.fell}" for node in nodes)
        display({"text/html": maps.drawing(nodes, title), "text/plain": said}, raw=True)

    def table(self, frame: pd.DataFrame, caption: str) -> None:
        """Show a computed table with its caption; `$...$` in headers and text is math."""
        display({"text/html": render.table(frame, caption), "text/plain": frame.to_string()}, raw=True)

    def say(self, text: str, **numbers: Any) -> None:
        """Show prose with computed numbers put in: `{loss:.3f}` in `text` takes `loss` from `numbers`, or else the
        measured value of the claim of that name.

        Doubled braces `{{ }}` stand for the braces of formulas.
        """
        known = Values(self, numbers)
        plain = text.format_map(known)
        marked = render.formula_powers(origin.Prose().vformat(text, (), known))
        display({"text/markdown": marked, "text/plain": plain}, raw=True)

    def predict(self, question: str, why: str, answer: Any, options: Sequence[str] = (), **slider: float) -> None:
        """A question to answer before looking: one of `options`, or a number on a slider `low`, `high`, right when
        within `near`; then the stored result `answer`, the reader's beside it, and one sentence on `why`."""
        shown = predict.choice(question, options, answer, why) if options else None
        shown = shown or predict.slider(question, answer=float(answer), why=why, **slider)
        display({"text/html": shown, "text/plain": question}, raw=True)

    def source(self, *functions: Callable[..., Any]) -> None:
        """Show the source of the functions that matter, as they stand in the core; closed on the site."""
        code = "\n\n".join(inspect.getsource(f) for f in functions)
        names = ", ".join(f.__qualname__ for f in functions)
        content = f"```python\n{code}```\n"
        if self.build_folder is not None:
            content = f"````{{dropdown}} The code: {names}\n{content}````\n"
        display({"text/markdown": content, "text/plain": code}, raw=True)

    def script(self) -> None:
        """Show the paper in one plain script, `minimal/<paper>.py`, closed; or one sentence where there is no
        checkout."""
        root = checkout()
        if root is None:
            self.say("*The plain script of this paper lies in the book's checkout, under `minimal/`.*")
            return
        code = (root / "minimal" / f"{self.paper.key}.py").read_text(encoding="utf-8")
        name = f"minimal/{self.paper.key}.py"
        opened = f"````{{dropdown}} {name}: {len(code.splitlines())} lines that import nothing of this book"
        display({"text/markdown": f"{opened}\n```python\n{code}```\n````", "text/plain": code}, raw=True)

    def close(self) -> None:
        """Judge the claims, say how they fell, and hand the ledger to the build.

        Raises
        ------
        InputError
            In a build, when the page showed a claim twice: the scoreboard must have one place to link to.
        """
        first = self.page == self.paper.key
        rows = [self.row(c.name) for c in self.paper.claims if first or c.name in self._shown]
        told = render.summary(rows)
        if unrun := [self.row(name) for name in self._shown if self.row(name).missing == Missing.never]:
            told += groups.fold(f"<b>Never run</b>: {len(unrun)} statements that wait for tier paper", unrun)
        display({"text/html": told, "text/plain": f"{len(rows)} claims"}, raw=True)
        if self.build_folder is None:
            return
        if twice := sorted({n for n in self._shown if self._shown.count(n) > 1}):
            raise InputError(
                f"The page {self.page} must show every claim once: shown twice {twice}; mend its claim cells"
            )
        machine = {
            "tier": self.tier.value,
            "threads": self.threads,
            "torch_device": resolve_device(self.device).type,
            "gpu": torch.cuda.get_device_name() if resolve_device(self.device).type == "cuda" else None,
        }
        shown = {"shown": self._shown, "head": self._head, "figures": self._placed}
        ledger = {"paper": self.paper.key, "page": self.page} | shown | machine | judged(rows, self._results.values())
        (self.build_folder / f"{self.page}.ledger.json").write_text(json.dumps(ledger, indent=1), encoding="utf-8")

    def _full(self, name: str) -> str:
        return name if name.startswith(f"{self.paper.key}.") else f"{self.paper.key}.{name}"

    def _show(self, name: str) -> bool:
        """Count a claim as shown on this page; whether it is shown here and now."""
        self._shown.append(name.removeprefix(f"{self.paper.key}."))
        return self.row(name).missing != Missing.never


class Values(dict):
    """Numbers by name, and behind them the measured values of a chapter's claims."""

    def __init__(self, chapter: Chapter, numbers: dict[str, Any]) -> None:
        super().__init__(numbers)
        self.chapter = chapter

    def __missing__(self, name: str) -> float:
        return self.chapter.value(name).value
