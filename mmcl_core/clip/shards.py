"""WebDataset shards: tar files in which files of one stem are one pair. They are indexed once and read by position,
so that an epoch can be shuffled, shared among ranks and resumed exactly."""

from __future__ import annotations

import json
import tarfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmcl_core.clip.pairs import Pairs, Problems, coco_pairs
from mmcl_core.errors import DataAbsent, InputError

PICTURES = ("jpg", "jpeg", "png", "webp")


@dataclass(frozen=True)
class ShardPairs:
    """Pairs in tar files: for each the file, the picture's place and length in it, and the caption."""

    shards: tuple[Path, ...]
    places: tuple[tuple[int, int, int], ...]
    texts: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    problems: Problems
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.places)

    def name(self, i: int) -> str:
        return self.names[i]

    def captions(self, i: int) -> Sequence[str]:
        return self.texts[i]

    def label(self, i: int) -> int:
        return -1

    def picture(self, i: int) -> bytes:
        shard, offset, size = self.places[i]
        with open(self.shards[shard], "rb") as file:  # opened anew: a handle must not be shared between workers
            file.seek(offset)
            return file.read(size)


def _caption(files: dict[str, bytes]) -> str:
    if "txt" in files:
        return files["txt"].decode("utf-8", "replace").strip()
    if "json" in files:
        return str(json.loads(files["json"]).get("caption", "")).strip()
    return ""


def shard_pairs(folder: Path, split: str) -> ShardPairs:
    """The pairs of all `folder/<split>*.tar`: a picture with a `.txt`, or a `.json` that has "caption", beside it.

    Raises
    ------
    DataAbsent
        When no such file is there.
    InputError
        When a shard is not a whole tar file.
    """
    shards = tuple(sorted(folder.glob(f"{split}*.tar")))
    if not shards:
        raise DataAbsent(f"{folder} has no shards '{split}*.tar': name the split as the shards' names begin")
    problems, places, texts, names = Problems(), [], [], []
    for number, shard in enumerate(shards):
        pictures: dict[str, tuple[int, int]] = {}
        beside: dict[str, dict[str, bytes]] = defaultdict(dict)
        try:
            with tarfile.open(shard, "r:") as archive:
                for member in archive:
                    stem, _, ending = member.name.rpartition(".")
                    if not member.isfile():
                        continue
                    if ending.lower() in PICTURES:
                        pictures[stem] = (member.offset_data, member.size)
                    elif ending in ("txt", "json"):
                        beside[stem][ending] = archive.extractfile(member).read()
        except (tarfile.TarError, OSError, EOFError) as error:
            raise InputError(
                f"The shard {shard} is damaged, or compressed ({error}): copy it again as a plain tar, or remove it"
            ) from None
        for stem, place in pictures.items():
            try:
                text = _caption(beside[stem])
            except (ValueError, AttributeError):  # no JSON, or none with fields
                text = ""
            if not text:
                problems.add("images without a caption", f"{shard.name}:{stem}")
                continue
            places.append((number, *place))
            texts.append((text,))
            names.append(f"{shard.name}:{stem}")
        for stem in beside.keys() - pictures.keys():
            problems.add("captions without an image", f"{shard.name}:{stem}")
    return ShardPairs(shards, tuple(places), tuple(texts), tuple(names), problems)


def read_pairs(data: str, form: str, split: str) -> Pairs:
    """The pairs of `split` in the folder `data`, whose format is "coco", "webdataset" or, by what is there, "auto".

    Raises
    ------
    DataAbsent
        When no folder is named, or it is not there or holds neither format.
    InputError
        When it holds both formats and none was chosen, or cannot be read.
    """
    if not data:
        raise DataAbsent(
            "CLIP needs pictures with captions, which no package carries: unpack train2017, val2017 and annotations of "
            "MSCOCO into a folder and name it with --set data=FOLDER, or in MMCL_DATA_DIR as its subfolder mscoco"
        )
    folder = Path(data).expanduser()
    if not folder.is_dir():
        raise DataAbsent(
            f"The folder {folder} is not there: name one with pictures and captions with --set data=FOLDER"
        )
    try:
        coco, tar = (folder / "annotations").is_dir(), any(folder.glob("*.tar"))
        next(folder.iterdir(), None)
    except PermissionError:
        raise InputError(f"The folder {folder} cannot be read: give yourself the right to, or name another") from None
    if form == "auto" and coco and tar:
        raise InputError(f"{folder} holds both COCO annotations and tar shards: choose with format=coco or webdataset")
    if form == "auto" and not (coco or tar):
        raise DataAbsent(f"{folder} has neither annotations/captions_*.json nor *.tar shards: it holds no captions")
    return shard_pairs(folder, split) if form == "webdataset" or (form == "auto" and tar) else coco_pairs(folder, split)
