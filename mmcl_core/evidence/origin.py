"""Where a drawn figure comes from: the runs, seeds, changed fields and code behind it, for the file and its name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmcl_core import __version__
from mmcl_core.lab.fingerprint import closure
from mmcl_core.lab.run import Result

LONGEST = 80  # characters of changed fields in a file name
BOOK = "MMCL, Reproduced"


def ranges(numbers: Sequence[int]) -> str:
    """Whole numbers in short: "0-4", "0, 3, 7"."""
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return ", ".join(map(str, numbers))


@dataclass(frozen=True)
class Origin:
    """The provenance of one drawn figure. `module` is the module that draws it."""

    figure: str
    title: str
    module: str
    runs: tuple[Result, ...]

    @property
    def changed(self) -> dict[str, Any]:
        """Fields that differ from the tier's own, by name; with the experiment's name where a figure has several."""
        found = {}
        for run in self.runs:
            own, prefix = run.config.at(run.tier), "" if len(self.runs) == 1 else run.experiment.split(".", 1)[1] + "."
            for name, value in run.config.values().items():
                if value != own.values()[name]:
                    found[prefix + name] = value
        return found

    @property
    def stem(self) -> str:
        """The file's name without its ending: "huang2024.fig1", and "huang2024.fig1-ratio=1.5" with a changed field."""
        words = ",".join(f"{k}={json.dumps(v, separators=(',', ':'))}" for k, v in sorted(self.changed.items()))
        safe = re.sub(r"[^A-Za-z0-9.,=+_-]+", "_", words).strip("_")
        if len(safe) > LONGEST:
            safe = f"{safe[:LONGEST]}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
        return f"{self.figure}-{safe}" if safe else self.figure

    @property
    def code(self) -> str:
        """The version of this package and a fingerprint of the code that draws."""
        digest = hashlib.sha256(json.dumps(closure(self.module), sort_keys=True).encode()).hexdigest()
        return f"mmcl-reproduced {__version__}, drawing {digest[:12]}"

    @property
    def text(self) -> str:
        """All of it in one line."""
        runs = []
        for run in self.runs:
            own, values = run.config.at(run.tier).values(), run.config.values()
            seeds = f"seeds {ranges(run.seeds)}" if run.seeds else "no randomness"
            fields = [f"{name}={values[name]!r}" for name in values if values[name] != own[name]]
            facts = [f"tier {run.tier}", seeds, *fields, run.device, run.created, f"result {run.key[:16]}"]
            runs.append(f"{run.experiment} ({', '.join(facts)})")
        return f"{self.figure} of {BOOK} ({self.code}) from {'; '.join(runs)}"

    def metadata(self, format: str) -> dict[str, str | None]:
        """The same for the metadata of an svg, pdf or png file. No date of drawing: equal figures are equal files."""
        if format == "svg":
            return {"Date": None, "Title": self.title, "Identifier": self.figure, "Description": self.text}
        if format == "pdf":
            return {"CreationDate": None, "Title": self.title, "Subject": self.text, "Creator": BOOK}
        return {"Title": self.title, "Description": self.text}

    def sidecar(self, csv: str) -> bytes:
        """What stands beside a csv file called `csv`, as "CSV on the Web" has it (W3C, tabular metadata)."""
        record = {
            "@context": "http://www.w3.org/ns/csvw",
            "url": csv,
            "dc:title": self.title,
            "dc:identifier": self.figure,
            "dc:description": self.text,
        }
        return json.dumps(record, indent=1, ensure_ascii=False).encode()
