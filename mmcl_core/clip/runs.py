"""Where runs lie, and which of them are done: a run has a folder of its own, named by all that can change it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from mmcl_core.clip import checkpoints
from mmcl_core.clip.config import ClipRun
from mmcl_core.paths import results_folder


def run_folder(run: ClipRun) -> Path:
    """`results/clip/<towers, method, ten digits>`: runs that differ in anything learnt lie apart."""
    fields = {k: v for k, v in run.model_dump(mode="json").items() if k not in checkpoints.MAY_DIFFER}
    digits = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:10]
    method = "".join(c if c.isalnum() or c in ".-" else "-" for c in run.method)
    return results_folder() / "clip" / f"{run.image_tower}-{method}-{digits}"


def finished(run: ClipRun, seed: int, out: Path | None = None) -> dict[str, Any] | None:
    """The last row of measures of a run that is done, or None: also what another machine trained and was copied here."""
    path = (out or run_folder(run)) / f"seed-{seed}.pt"
    if not path.exists():
        return None
    pairs = int(json.loads(torch.load(path, weights_only=True, map_location="cpu", mmap=True)["identity"])["pairs"])
    state = checkpoints.load(path, checkpoints.identity(run, seed, pairs), torch.device("cpu"))
    last = state["history"][-1] if state and state["history"] else None
    return last if last and last["epoch"] == run.epochs else None
