"""The store of results: content-addressed, written once, checked on every read.

An entry is the folder `results/<experiment>/<key>/` with `arrays.npz` (never pickled) and `meta.json`. It is written
under a temporary name and renamed, so a reader sees a whole entry or none, also after `kill -9`, a full disk or two
writers at once. An entry that fails its checksum is reported, moved to `results/.damaged/`, and computed again; one
that cannot be read for want of permission stays where it is. Folders get the permissions that the umask gives, so that
a store can be shared.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import secrets
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmcl_core.errors import InputError

Key = Mapping[str, Any]
WRITING = ".writing-"
ABANDONED = 3600  # seconds after which what a killed writer left is removed; writing takes less than one


def fingerprint(key: Key) -> str:
    """The entry's name: 20 hex digits of the SHA-256 of the canonical JSON of `key`."""
    return hashlib.sha256(json.dumps(key, sort_keys=True, allow_nan=False).encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Entry:
    """What is kept of one run: the key it was computed under, its arrays, and facts that are not part of the key."""

    key: dict[str, Any]
    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


class Damaged(Exception):
    """An entry that is not what was written."""


MISSING = (FileNotFoundError, NotADirectoryError, IsADirectoryError)  # any other OSError says: not for this user


def _unwritable(what: str, root: Path, error: OSError) -> InputError:
    return InputError(
        f"{what} could not be written to {root} ({error.strerror}): free some space, make the folder writable, or name "
        f"another one in MMCL_RESULTS"
    )


def _new_folder(inside: Path, prefix: str) -> Path:
    """A new folder with the umask's permissions; `tempfile` would make it private, also after it is renamed."""
    place = inside / f"{prefix}{secrets.token_hex(8)}"
    place.mkdir()
    return place


def _remove_abandoned(folder: Path) -> None:
    for left in folder.glob(f"{WRITING}*"):
        try:
            if time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
        except OSError:  # its writer has just finished
            continue


def _seal(meta: dict[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps({k: v for k, v in meta.items() if k != "seal"}, sort_keys=True).encode()
    ).hexdigest()


@dataclass(frozen=True)
class Store:
    """Entries under `root`. Safe for any number of processes reading and writing at once."""

    root: Path

    def probe(self) -> None:
        """Write and remove an empty file, so that a store that cannot be written is noticed before hours of computing.

        Raises
        ------
        InputError
            When nothing can be written there.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            trial = self.root / f".trial-{secrets.token_hex(8)}"
            trial.touch()
            trial.unlink()
        except OSError as error:
            raise _unwritable("Results", self.root, error) from None

    def folder(self, key: Key) -> Path:
        return self.root / str(key["experiment"]) / fingerprint(key)

    def load(self, key: Key) -> Entry | None:
        """The entry for `key`, or None. A damaged one is reported on stderr, moved aside, and counts as absent.

        Raises
        ------
        InputError
            When the entry is there and this user may not read it.
        """
        folder = self.folder(key)
        try:
            return self._read(folder) if folder.is_dir() else None
        except OSError as error:
            raise InputError(
                f"The stored result {folder} cannot be read ({error.strerror}) and was left alone: have its owner run "
                f"chmod -R a+rX {self.root}, or name another folder in MMCL_RESULTS"
            ) from None
        except Damaged as damage:
            aside = self._move_aside(folder)
            print(
                f"mmcl: the stored result {folder.name} of {key['experiment']} is damaged ({damage}); {aside}; it is "
                f"computed again",
                file=sys.stderr,
            )
            return None

    def save(self, key: Key, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Entry:
        """Write the entry for `key` and return it as stored. Where another process was first, its entry stands.

        Raises
        ------
        InputError
            When the folder cannot be written or the disk is full; nothing half-written is left behind.
        """
        packed = io.BytesIO()
        np.savez_compressed(packed, allow_pickle=False, **{name: np.asarray(a) for name, a in arrays.items()})
        payload = packed.getvalue()
        meta: dict[str, Any] = {
            "key": dict(key),
            "facts": dict(facts),
            "arrays_sha256": hashlib.sha256(payload).hexdigest(),
        }
        meta["seal"] = _seal(json.loads(json.dumps(meta)))
        folder = self.folder(key)
        scratch: Path | None = None
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(folder.parent)
            scratch = _new_folder(folder.parent, WRITING)
            for name, content in (("arrays.npz", payload), ("meta.json", json.dumps(meta, indent=1).encode())):
                with open(scratch / name, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(scratch, folder)
        except OSError as error:
            if scratch is not None:
                shutil.rmtree(scratch, ignore_errors=True)
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise _unwritable(f"The result of {key['experiment']}", self.root, error) from None
        return self.load(key) or Entry(dict(key), dict(arrays), dict(facts))

    def keys(self, experiment: str) -> Iterator[dict[str, Any]]:
        """The keys of all readable entries of `experiment`, newest first."""
        folders = [f for f in (self.root / experiment).glob("*") if f.is_dir() and not f.name.startswith(".")]
        for folder in sorted(folders, key=lambda f: f.stat().st_mtime, reverse=True):
            try:
                yield self._meta(folder)["key"]
            except (Damaged, OSError):
                continue

    def _meta(self, folder: Path) -> dict[str, Any]:
        try:
            meta = json.loads((folder / "meta.json").read_bytes())
        except (ValueError, RecursionError, *MISSING) as error:
            raise Damaged(f"meta.json cannot be read: {type(error).__name__}") from None
        if not isinstance(meta, dict) or meta.get("seal") != _seal(meta) or fingerprint(meta["key"]) != folder.name:
            raise Damaged("meta.json fails its checksum")
        return meta

    def _read(self, folder: Path) -> Entry:
        meta = self._meta(folder)
        try:
            payload = (folder / "arrays.npz").read_bytes()
        except MISSING:
            raise Damaged("arrays.npz is missing") from None
        if hashlib.sha256(payload).hexdigest() != meta["arrays_sha256"]:
            raise Damaged("arrays.npz fails its checksum")
        try:
            with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except (ValueError, zipfile.BadZipFile) as error:
            raise Damaged(f"arrays.npz cannot be read: {error}") from None
        return Entry(meta["key"], arrays, meta["facts"])

    def _move_aside(self, folder: Path) -> str:
        aside = self.root / ".damaged"
        try:
            aside.mkdir(parents=True, exist_ok=True)
            place = _new_folder(aside, f"{folder.parent.name}-") / folder.name
            os.replace(folder, place)
            return f"it was moved to {place}"
        except OSError as error:
            return f"it could not be moved aside ({error.strerror})"


def differences(new: Key, old: Key) -> list[str]:
    """One line per part in which two keys differ, named as a person would look for it (`source mmcl_core.losses`)."""
    lines: list[str] = []
    for part in sorted({*new, *old}):
        a, b = new.get(part), old.get(part)
        if a == b:
            continue
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            for name in sorted({*a, *b}):
                if a.get(name) != b.get(name):
                    lines.append(f"{part} {name}: {b.get(name, 'absent')} -> {a.get(name, 'absent')}")
        else:
            lines.append(f"{part}: {b} -> {a}")
    return lines
