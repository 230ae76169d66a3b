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
from mmcl_core.evidence.ledger import Row, changed_at_tolerance, changed_under_holm, evaluate, set_after_a_run
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result, run
from mmcl_core.paths import checkout
from mmcl_core.runtime import resolve_device, use_threads
from mmcl_core.site import explorers, origin, predict, render
from mmcl_core.site.ledgers import paper_of
from mmcl_core.stats import Estimate


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

    def figure(self, name: str) -> None:
        """Show a figure, or one sentence where the data it needs are absent."""
        specs = {f.id: f for f in self.paper.figures}
        if self._full(name) not in specs:
            raise unknown("figure", name, [f.split(".", 1)[1] for f in specs])
        spec = specs[self._full(name)]
        try:
            figure = spec.make(self._computed)
        except DataAbsent as absent:
            self.say("*{title}: not shown. {absent}.*", title=spec.title, absent=absent)
            return
        origin = "; ".join(dict.fromkeys(self._computed(e).provenance for e in spec.experiments))
        picture = figure.render("svg")
        encoded = base64.b64encode(picture).decode()
        bundle = {
            "text/html": render.figure_html(spec.title, figure, origin, f"data:image/svg+xml;base64,{encoded}"),
            "text/plain": figure.alt,
        }
        if self.build_folder is not None:
            folder = self.build_folder / "figures" / self.paper.key
            folder.mkdir(parents=True, exist_ok=True)
            stem = spec.id.split(".", 1)[1]
            (folder / f"{stem}.svg").write_bytes(picture)
            (folder / f"{stem}.csv").write_bytes(figure.render("csv"))
            (folder / f"{stem}.py").write_text(inspect.getsource(inspect.getmodule(spec.build)), encoding="utf-8")
            bundle["text/markdown"] = render.figure_markdown(spec.id, spec.title, figure, origin)
        display(bundle, raw=True)

    def explorer(self, name: str) -> None:
        """Show an explorer: live on the site; its static picture in Jupyter, in print and without scripts."""
        display(explorers.shown(self, name), raw=True)

    def claim(self, name: str) -> None:
        """Show one verdict box."""
        self._show(name)
        display({"text/html": render.verdict_box(self.row(name)), "text/plain": str(self.row(name).verdict)}, raw=True)

    def claims(self, *names: str) -> None:
        """Show the verdicts of several claims as one table."""
        for name in names:
            self._show(name)
        display(
            {"text/html": render.verdict_table([self.row(name) for name in names]), "text/plain": ", ".join(names)},
            raw=True,
        )

    def table(self, frame: pd.DataFrame, caption: str) -> None:
        """Show a computed table with its caption; `$...$` in headers and text is math."""
        display({"text/html": render.table(frame, caption), "text/plain": frame.to_string()}, raw=True)

    def say(self, text: str, **numbers: Any) -> None:
        """Show prose with computed numbers put in: `{loss:.3f}` in `text` takes `loss` from `numbers`.

        Doubled braces `{{ }}` stand for the braces of formulas.
        """
        plain = text.format(**numbers)
        display({"text/markdown": origin.Prose().format(text, **numbers), "text/plain": plain}, raw=True)

    def predict(self, question: str, why: str, answer: Any, options: Sequence[str] = (), **slider: float) -> None:
        """A question to answer before looking: one of `options`, or a number on a slider `low`, `high`, right when
        within `near`; then the stored result `answer`, the reader's beside it, and one sentence on `why`."""
        shown = predict.choice(question, options, answer, why) if options else None
        shown = shown or predict.slider(question, answer=float(answer), why=why, **slider)
        display({"text/html": shown, "text/plain": question}, raw=True)

    def source(self, *functions: Callable[..., Any]) -> None:
        """Show the source of the functions that matter, as they stand in the core."""
        code = "\n\n".join(inspect.getsource(f) for f in functions)
        display({"text/markdown": f"```python\n{code}```", "text/plain": code}, raw=True)

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
        display({"text/html": render.summary(rows), "text/plain": f"{len(rows)} claims"}, raw=True)
        if self.build_folder is None:
            return
        if twice := sorted({n for n in self._shown if self._shown.count(n) > 1}):
            raise InputError(
                f"The page {self.page} must show every claim once: shown twice {twice}; mend its claim cells"
            )
        ledger = {
            "paper": self.paper.key,
            "page": self.page,
            "shown": self._shown,
            "tier": self.tier.value,
            "threads": self.threads,
            "torch_device": resolve_device(self.device).type,
            "gpu": torch.cuda.get_device_name() if resolve_device(self.device).type == "cuda" else None,
            "rows": [row.record() for row in rows],
            "sensitivity": {
                "half": changed_at_tolerance(rows, 0.5),
                "double": changed_at_tolerance(rows, 2.0),
                "holm": changed_under_holm(rows),
                "after": set_after_a_run(rows),
            },
            "experiments": [
                {
                    "name": r.experiment,
                    "seconds": r.seconds,
                    "created": r.created,
                    "device": r.device,
                    "seeds": list(r.seeds),
                    "data": r.data,
                    "key": r.key,
                }
                for r in self._results.values()
            ],
        }
        (self.build_folder / f"{self.page}.ledger.json").write_text(json.dumps(ledger, indent=1), encoding="utf-8")

    def _full(self, name: str) -> str:
        return name if name.startswith(f"{self.paper.key}.") else f"{self.paper.key}.{name}"

    def _show(self, name: str) -> None:
        self.row(name)
        self._shown.append(name.removeprefix(f"{self.paper.key}."))
