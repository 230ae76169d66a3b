"""What `mmcl list` prints, kept beside the data: importing every experiment to read its title takes seconds.

The index bears a digest of all the package's source files and is used for exactly those; after any edit it is made
anew from the catalogue. So it can never say what the code does not.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmcl_core.paths import cache_folder

TIERS = ("smoke", "book", "paper")
PACKAGE = Path(__file__).parents[1]


def digest(package: Path = PACKAGE) -> str:
    """SHA-256 over the names and contents of every source file of the package."""
    total = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        total.update(f"{path.relative_to(package)} {len(content)}\n".encode() + content)
    return total.hexdigest()


def items() -> list[dict[str, Any]]:
    """Chapters, experiments and figures with their titles and seconds, from the index where it fits the code."""
    path, now = cache_folder() / "index.json", digest()
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["digest"] == now:
            return kept["items"]
    found = from_catalogue()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{now[:12]}.partial")
        scratch.write_text(json.dumps({"digest": now, "items": found}), encoding="utf-8")
        scratch.replace(path)
    return found


def from_catalogue() -> list[dict[str, Any]]:
    """The same from what the papers declare."""
    from mmcl_core.catalog import papers

    found: list[dict[str, Any]] = []

    def add(kind: str, id: str, title: str, seconds: dict[str, float]) -> None:
        found.append({"kind": kind, "id": id, "title": title, "tiers": list(TIERS), "seconds": seconds})

    def together(experiments: list[Any]) -> dict[str, float]:
        return {t: round(sum(e.seconds.get(t, 0) for e in experiments), 1) for t in TIERS}

    for paper in papers():
        add("chapter", paper.key, paper.title, together(list(paper.experiments)))
        for e in paper.experiments:
            add("experiment", e.name, e.summary, dict(e.seconds))
        for f in paper.figures:
            add("figure", f.id, f.title, together([e for e in paper.experiments if e.name in f.experiments]))
    return found
