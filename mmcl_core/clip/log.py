"""What a run says while it trains: a line on the terminal, and a table or TensorBoard's files."""

from __future__ import annotations

import csv
import tempfile
from importlib.util import find_spec
from pathlib import Path

from mmcl_core.clip.config import ClipRun
from mmcl_core.errors import InputError


def check_place(run: ClipRun, out: Path) -> None:
    """Refuse before the first step what would stop the run at its first evaluation."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise InputError(
            f"Nothing can be written to {out} ({error.strerror}): name another folder with --out"
        ) from None
    if run.log == "tensorboard" and find_spec("tensorboard") is None:
        raise InputError("log=tensorboard needs the package tensorboard: pip install it, or use log=csv")


def log(
    run: ClipRun, row: dict[str, float], history: list[dict[str, float]], out: Path, seed: int, quiet: bool
) -> None:
    """A line on the terminal, and the whole history as a table or for TensorBoard."""
    if not quiet:
        print("  ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)
    if run.log == "tensorboard":
        from torch.utils.tensorboard import SummaryWriter

        with SummaryWriter(str(out / f"seed-{seed}")) as writer:
            for name, value in row.items():
                writer.add_scalar(name, value, int(row["step"]))
        return
    with open(out / f"seed-{seed}.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(row))
        table.writeheader()
        table.writerows(history)
