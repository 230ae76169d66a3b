"""Where runs lie, what they are told apart by, and which of them are done."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmcl_core.checkpoint import Kept
from mmcl_core.clip.config import ClipRun
from mmcl_core.errors import InputError
from mmcl_core.paths import results_folder

MAY_DIFFER = {"workers", "chunk", "memory", "log", "evaluate_every", "seeds"}  # nothing that is learnt depends on them


def fields_of(run: ClipRun) -> dict[str, Any]:
    """All that a run learns from. Of the data the folder's name alone: it may lie elsewhere on another machine."""
    fields = {k: v for k, v in run.model_dump(mode="json").items() if k not in MAY_DIFFER}
    return fields | {"data": Path(run.data).name}


def run_folder(run: ClipRun) -> Path:
    """`results/clip/<towers, method, ten digits>`: runs that differ in anything learnt lie apart."""
    digits = hashlib.sha256(json.dumps(fields_of(run), sort_keys=True).encode()).hexdigest()[:10]
    method = "".join(c if c.isalnum() or c in ".-" else "-" for c in run.method)
    return results_folder() / "clip" / f"{run.image_tower}-{method}-{digits}"


def checkpoint(run: ClipRun, seed: int, out: Path, **more: int) -> Kept:
    """The state of a seed in `out`; the number of ranks is not in its identity, for batches are joint. `more`: what
    else must be equal, such as the number of pairs."""
    return Kept(fields_of(run) | {"seed": seed} | more, out / f"seed-{seed}.checkpoint")


def write_history(run: ClipRun, seed: int, out: Path, history: list[dict[str, float]]) -> None:
    """The rows of measures so far beside the checkpoint: small, so that many runs can be asked whether they are done.

    Raises
    ------
    InputError
        When the disk does not take it.
    """
    path = out / f"seed-{seed}.json"
    text = json.dumps({"run": fields_of(run) | {"seed": seed}, "history": history}, indent=1)
    scratch = ""
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=out, prefix="history-", suffix=".partial")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(scratch, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(scratch)
        raise InputError(
            f"The measures {path} cannot be written ({error.strerror}): free space or name another folder with --out"
        ) from None


def finished(run: ClipRun, seed: int, out: Path | None = None) -> dict[str, float] | None:
    """The last row of measures of a run that is done, or None: also what another machine trained and was copied here.

    Raises
    ------
    InputError
        When the file of measures is damaged.
    """
    path = (out or run_folder(run)) / f"seed-{seed}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        last = found["history"][-1] if found["history"] else None
        same = found["run"] == fields_of(run) | {"seed": seed}
        return last if last and same and last["epoch"] == run.epochs else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"The measures {path} are damaged ({type(error).__name__}): remove the file, and the run is measured anew"
        ) from None
