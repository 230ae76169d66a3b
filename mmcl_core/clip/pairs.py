"""Pairs of a picture and captions on disk, in COCO's caption format, with everything that cannot be used counted.

A source answers by number: `captions(i)`, `label(i)`, `name(i)`, `picture(i)` (the file's bytes). It holds the names,
never the pictures.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from mmcl_core.errors import DataAbsent, InputError

SHOWN = 5  # names in a message; the rest are counted


class Pairs(Protocol):
    """What a run reads. `classes` is empty where the data have no classes."""

    classes: tuple[str, ...]
    problems: Problems

    def __len__(self) -> int: ...
    def name(self, i: int) -> str: ...
    def captions(self, i: int) -> Sequence[str]: ...
    def label(self, i: int) -> int: ...
    def picture(self, i: int) -> bytes: ...


@dataclass
class Problems:
    """What of a folder cannot be used, by kind."""

    found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, name: str) -> None:
        self.found[kind].append(name)

    def __bool__(self) -> bool:
        return any(self.found.values())

    def __str__(self) -> str:
        parts = []
        for kind, names in sorted(self.found.items()):
            more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
            parts.append(f"{len(names):,} {kind} ({', '.join(names[:SHOWN])}{more})")
        return "; ".join(parts)

    def settle(self, choice: str) -> None:
        """Refuse, or say what is skipped: nothing unusable is trained on in silence."""
        if self and choice == "refuse":
            raise InputError(f"Pairs that cannot be used: {self}: mend them, or leave them out with on_broken=skip")
        if self:
            print(f"mmcl: left out: {self}", flush=True)


@dataclass(frozen=True)
class CocoPairs:
    """A split of a folder in COCO's format; one pair an image, with all its captions and the class of its largest
    object (-1 where there is none)."""

    folder: Path
    files: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    problems: Problems

    def __len__(self) -> int:
        return len(self.files)

    def name(self, i: int) -> str:
        return self.files[i]

    def captions(self, i: int) -> Sequence[str]:
        return self.texts[i]

    def label(self, i: int) -> int:
        return self.labels[i]

    def picture(self, i: int) -> bytes:
        return (self.folder / self.files[i]).read_bytes()


def _records(path: Path, **parts: dict[str, type | tuple[type, ...]]) -> list[list[dict]]:
    """The lists `parts` of a JSON file, each record with the fields that are asked for, of those types."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = [[dict(r) for r in content[part]] for part in parts]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): make it readable") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path} is not in COCO's format ({type(error).__name__}): it must be a JSON object with the lists "
            f"{' and '.join(parts)}"
        ) from None
    for (part, fields), records in zip(parts.items(), found, strict=True):
        for k, record in enumerate(records):
            for name, kind in fields.items():
                if not isinstance(record.get(name), kind):
                    raise InputError(
                        f"{path} is not in COCO's format: record {k} of {part} has {name}={record.get(name)!r:.40}, "
                        f"where {'a text' if kind is str else 'a number'} is needed"
                    )
    return found


KEY = (int, str)  # what pictures and classes are numbered by


def _largest_objects(path: Path) -> tuple[dict[int, int], tuple[str, ...]]:
    """`{image id: class}` by the largest area, and the classes' names."""
    objects, categories = _records(
        path,
        annotations={"image_id": KEY, "category_id": KEY, "area": (int, float)},
        categories={"id": KEY, "name": str},
    )
    names = tuple(c["name"] for c in categories)
    number = {c["id"]: k for k, c in enumerate(categories)}
    best: dict[int, tuple[float, int]] = {}
    for o in objects:
        if o["category_id"] not in number:
            raise InputError(f"{path} has objects of category {o['category_id']}, which its categories lack: add it")
        candidate = (float(o["area"]), number[o["category_id"]])
        best[o["image_id"]] = max(best.get(o["image_id"], candidate), candidate)
    return {image: label for image, (_, label) in best.items()}, names


def coco_pairs(folder: Path, split: str) -> CocoPairs:
    """The pairs of `folder/split` with the captions in `folder/annotations/captions_<split>.json` (and the classes in
    `instances_<split>.json`, where that is there).

    Raises
    ------
    DataAbsent
        When the folder, the split or its captions are not there.
    InputError
        When the captions are no JSON of COCO's format.
    """
    captions = folder / "annotations" / f"captions_{split}.json"
    if not (folder / split).is_dir() or not captions.is_file():
        raise DataAbsent(
            f"{folder} has no split '{split}' in COCO's format: needed are the folder {split} with the pictures and "
            f"annotations/captions_{split}.json"
        )
    images, notes = _records(
        captions, images={"id": KEY, "file_name": str}, annotations={"image_id": KEY, "caption": str}
    )
    problems, texts = Problems(), defaultdict(list)
    known = {image["id"] for image in images}
    for note in notes:
        text = note["caption"].strip()
        if note["image_id"] not in known:
            problems.add("captions without an image", str(note.get("id", note["image_id"])))
        elif not text:
            problems.add("empty captions", str(note.get("id", note["image_id"])))
        else:
            texts[note["image_id"]].append(text)
    instances = folder / "annotations" / f"instances_{split}.json"
    labels, classes = _largest_objects(instances) if instances.is_file() else ({}, ())
    there = {p.name for p in (folder / split).iterdir()}
    kept, seen = [], set()
    for image in images:
        if image["id"] in seen:
            problems.add("images that are listed twice", image["file_name"])
            continue
        seen.add(image["id"])
        if not texts[image["id"]]:
            problems.add("images without a caption", image["file_name"])
        elif image["file_name"] not in there:
            problems.add("images that are missing", image["file_name"])
        else:
            kept.append(image)
    kept.sort(key=lambda image: image["file_name"])
    return CocoPairs(
        folder / split,
        tuple(i["file_name"] for i in kept),
        tuple(tuple(texts[i["id"]]) for i in kept),
        tuple(labels.get(i["id"], -1) for i in kept),
        classes,
        problems,
    )


@dataclass(frozen=True)
class Subset:
    """Some rows of other pairs: a share of the training set, or what a scan left."""

    whole: Pairs
    rows: np.ndarray
    classes: tuple[str, ...]
    problems: Problems

    def __len__(self) -> int:
        return len(self.rows)

    def name(self, i: int) -> str:
        return self.whole.name(int(self.rows[i]))

    def captions(self, i: int) -> Sequence[str]:
        return self.whole.captions(int(self.rows[i]))

    def label(self, i: int) -> int:
        return self.whole.label(int(self.rows[i]))

    def picture(self, i: int) -> bytes:
        return self.whole.picture(int(self.rows[i]))


def subset(pairs: Pairs, rows: np.ndarray) -> Subset:
    return Subset(pairs, rows, pairs.classes, pairs.problems)
