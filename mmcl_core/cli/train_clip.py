"""`mmcl train-clip`: a CLIP on the user's own pairs, with the papers' settings as presets."""

from __future__ import annotations

import argparse
import os

from mmcl_core.cli.asked import chosen_settings
from mmcl_core.cli.places import folder_named
from mmcl_core.errors import InputError


def command_train_clip(a: argparse.Namespace) -> int:
    """Train every seed of the configuration, from its checkpoints where there are some."""
    from mmcl_core.catalog import find_training_method
    from mmcl_core.clip.config import load
    from mmcl_core.clip.runs import run_folder
    from mmcl_core.runtime import resolve_device

    chosen = chosen_settings(a.set)
    for option in ("weights", "memory"):
        if getattr(a, option) and option in chosen:
            raise InputError(f"--{option} and --set {option}=... say the same twice: give one of them")
        chosen |= {option: getattr(a, option)} if getattr(a, option) else {}
    run = load(a.config, **_with_data(chosen))
    method, device = find_training_method(run.method), resolve_device(a.device)
    out = run_folder(run) if a.out is None else folder_named("--out", a.out)

    from mmcl_core.clip.training import prepared, train_clip  # heavy: after everything that may be refused

    if a.check:
        train, test = prepared(run, 0)
        steps = run.epochs * (len(train) // run.batch if run.drop_last else -(-len(train) // run.batch))
        print(
            f"{len(train):,} pairs to train on, {len(test):,} to test on; {steps:,} steps of {run.batch}; "
            f"runs go to {out}"
        )
        return 0
    for seed in range(run.seeds):
        train_clip(run, method, seed, device, out)
    if os.environ.get("RANK", "0") == "0":  # of torchrun's
        print(f"done: weights and measures are in {out}")
    return 0


def _with_data(chosen: dict) -> dict:
    """The folder mscoco under MMCL_DATA_DIR, where no other is named."""
    from mmcl_core.paths import data_folder

    root = data_folder()
    return chosen if "data" in chosen or root is None else {"data": str(root / "mscoco")} | chosen
