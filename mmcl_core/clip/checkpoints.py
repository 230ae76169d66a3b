"""A run's state on disk: whole or not at all, read without pickle's code, and only ever put back into the same run."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from mmcl_core.clip.config import ClipRun
from mmcl_core.errors import InputError

MAY_DIFFER = {"workers", "chunk", "memory", "log", "evaluate_every", "seeds"}  # nothing that is learnt depends on them


def identity(run: ClipRun, seed: int, pairs: int) -> str:
    """What must be equal for a checkpoint to be gone on from; the number of ranks is not in it: batches are joint."""
    fields = {k: v for k, v in run.model_dump(mode="json").items() if k not in MAY_DIFFER}
    return json.dumps(fields | {"seed": seed, "pairs": pairs}, sort_keys=True)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` to `path`.

    Raises
    ------
    InputError
        When a weight is not finite (the state would poison every resume), or the disk does not take it.
    """
    for name, value in state["model"].items():
        if isinstance(value, Tensor) and value.is_floating_point() and not torch.isfinite(value).all():
            raise InputError(
                f"The weight {name} is no longer finite, so no checkpoint is written over the last good one: lower the "
                "rate, set clip_gradient, or use precision=float32"
            )
    scratch = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".checkpoint-", suffix=".partial")
        os.close(handle)
        torch.save(state, scratch)
        os.replace(scratch, path)
    except OSError as error:
        if scratch:
            Path(scratch).unlink(missing_ok=True)
        raise InputError(
            f"The checkpoint {path} cannot be written ({error.strerror}): free space or name another folder with --out"
        ) from None


def load(path: Path, wanted: str, device: torch.device) -> dict[str, Any] | None:
    """The state in `path`, or None when there is none.

    Raises
    ------
    InputError
        When it is damaged, or of a run with other fields, which are named.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, weights_only=True, map_location=device)
        found = json.loads(state["identity"])
    except (RuntimeError, ValueError, KeyError, EOFError, TypeError, UnpicklingError, OSError) as error:
        raise InputError(
            f"The checkpoint {path} is damaged ({type(error).__name__}): remove it to start anew"
        ) from None
    asked = json.loads(wanted)
    other = [
        f"{k} was {found.get(k)!r}, is {asked.get(k)!r}"
        for k in sorted({*found, *asked})
        if found.get(k) != asked.get(k)
    ]
    if other:
        raise InputError(
            f"The checkpoint {path} is of another run ({'; '.join(other[:3])}): remove it, or name another --out"
        )
    return state
