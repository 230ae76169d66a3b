"""Checkpoints: the state of a long computation, written whole or not at all, read without pickle, refused where anything
differs.

A file holds a JSON text and tensors (safetensors) under a checksum. The JSON names what the state belongs to, its
*identity*: batch, rates, shapes, and fingerprints of the weights and random streams at the start.

    with kept_in(folder):  # a unit of work; `train` then keeps its checkpoints there by itself
        ...
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load as unpacked
from safetensors.torch import save as packed

from mmcl_core.errors import InputError

DAYS = 7  # after which a checkpoint that nobody has touched belongs to code or a configuration that is gone


class Refused(Exception):
    """A checkpoint that is damaged or belongs to something else; the text is the reason."""


@dataclass
class Checkpoint:
    """One file and what its state must belong to."""

    path: Path
    identity: Mapping[str, Any]

    def load(self) -> Any:
        """The state last saved, or None where there is none; `Refused` for a file that is damaged or of something
        else."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        seal, payload = content[:64], content[64:]
        if hashlib.sha256(payload).hexdigest().encode() != seal:
            raise Refused("it is damaged")
        said = json.loads(_header(payload)["__metadata__"]["checkpoint"])
        there = said["identity"]
        if other := [f"{n}: {there.get(n)} there, {v} here" for n, v in self.identity.items() if there.get(n) != v]:
            raise Refused(f"it is of something else ({'; '.join(other)})")
        return _unpack(said["state"], unpacked(payload))

    def save(self, state: Any) -> bool:
        """Write `state` (nested dicts, lists, tensors, arrays, numbers, texts) unless a tensor in it is not finite;
        whether it was written."""
        tensors: dict[str, torch.Tensor] = {}
        said = json.dumps({"identity": dict(self.identity), "state": _pack(state, tensors)})
        floats = [t for name, t in tensors.items() if name.startswith("tensor") and t.is_floating_point()]
        if not all(bool(torch.isfinite(t).all()) for t in floats):  # what was measured may be NaN, the state not:
            return False  # going on from it would never end well
        payload = packed(tensors, {"checkpoint": said})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=self.path.parent, prefix="checkpoint-", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(payload).hexdigest().encode() + payload)
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, self.path)
        except BaseException:
            with suppress(OSError):
                os.unlink(scratch)
            raise
        return True


def _header(payload: bytes) -> dict[str, Any]:
    """The head of a safetensors file: its length in eight bytes, then JSON; the library reads the tensors alone."""
    return json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])


def _pack(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """`value` as JSON; tensors and arrays are put into `tensors` and stand for themselves by number."""
    if isinstance(value, torch.Tensor | np.ndarray | np.generic):
        kind = "tensor" if isinstance(value, torch.Tensor) else "array" if isinstance(value, np.ndarray) else "scalar"
        name = f"{kind} {len(tensors)}"
        tensors[name] = (
            value.detach().cpu().clone() if kind == "tensor" else torch.from_numpy(np.array(value))
        ).contiguous()
        return {kind: name}
    if isinstance(value, Mapping):
        return {"dict": [[_pack(k, tensors), _pack(v, tensors)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_pack(v, tensors) for v in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _unpack(said: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if not isinstance(said, dict):
        return said
    ((kind, value),) = said.items()
    if kind == "dict":
        return {_unpack(k, tensors): _unpack(v, tensors) for k, v in value}
    if kind in ("list", "tuple"):
        return (list if kind == "list" else tuple)(_unpack(v, tensors) for v in value)
    tensor = tensors[value]
    return tensor if kind == "tensor" else tensor.numpy() if kind == "array" else tensor.numpy()[()]


def digest(*tensors: torch.Tensor) -> str:
    """A fingerprint of the bytes of tensors, for identities."""
    whole = hashlib.sha256()
    for tensor in tensors:
        whole.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        whole.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return whole.hexdigest()[:16]


@dataclass
class Place:
    """Where the computations of one unit keep their checkpoints: numbered files, since the unit calls them in the same
    order every time."""

    folder: Path
    every: float
    numbers: Iterator[int] = field(default_factory=count)


_PLACE: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def kept_in(folder: Path, every: float = 30.0) -> Iterator[None]:
    """Inside it, long computations write their state under `folder` every so many seconds and go on from it. The
    folder's name must say all that they depend on."""
    for other in folder.parent.glob("*") if folder.parent.is_dir() else ():
        with suppress(OSError):
            if time.time() - other.stat().st_mtime > DAYS * 86400:
                shutil.rmtree(other)
    token = _PLACE.set(Place(folder, every))
    try:
        yield
    finally:
        _PLACE.reset(token)


class Kept:
    """The checkpoint of one computation: the file that the caller names, else one in the folder of the unit of work
    around it, else none. What cannot be used is refused in one sentence where the caller named it, and reported and
    begun anew in a unit's folder."""

    def __init__(self, identity: Mapping[str, Any], path: Path | None = None) -> None:
        place = None if path is not None else _PLACE.get()
        self.named, self.every = path is not None, place.every if place else 0.0
        self.path = place.folder / f"{next(place.numbers)}.checkpoint" if place else path
        self.identity, self.written = identity, time.monotonic()

    def load(self) -> Any:
        """The state to go on from, or None."""
        if self.path is None:
            return None
        try:
            return Checkpoint(self.path, self.identity).load()
        except Refused as reason:
            said = f"The checkpoint {self.path} cannot be used: {reason}"
            if self.named:
                raise InputError(f"{said}; remove it to start anew, or put back what it belongs to") from None
            print(f"mmcl: {said}; what it held is computed again", file=sys.stderr)
            return None

    def due(self, last: bool = False) -> bool:
        """Whether to save now: every so many seconds, and what is finished where it took more than one."""
        return self.path is not None and time.monotonic() - self.written >= (
            min(1.0, self.every) if last else self.every
        )

    def save(self, state: Any) -> None:
        """Save; in a unit's folder a disk that cannot be written is passed over: the computation is what matters."""
        try:
            Checkpoint(self.path, self.identity).save(state)
        except OSError as error:
            if self.named:
                raise InputError(
                    f"The checkpoint {self.path} cannot be written ({error.strerror}): free some space or name another "
                    "place"
                ) from None
        self.written = time.monotonic()
