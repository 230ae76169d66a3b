"""What the tests of CLIP runs share: runs of towers of a few thousand weights, alone or under torchrun."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.runs import checkpoint
from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.towers import make_clip
from mmcl_core.papers.yaras2024.methods import METHODS

SMALL = {"tier": "smoke", "train": "train", "test": "val", "batch": 16, "epochs": 2, "gap_pairs": 16, "width": 16}


def small(folder, **fields):
    """A run on `folder`."""
    fields = SMALL | {"data": str(folder)} | fields
    return ClipRun.at(fields.pop("tier"), **fields)


def towers(run, method="baseline", seed=0):
    torch.manual_seed(seed)
    return make_clip(run, Tokens("", run.context), METHODS[method].make_temperature())


def batch_of(run, n=13, seed=1):
    g = torch.Generator().manual_seed(seed)
    pictures = torch.randn(n, 3, run.pixels, run.pixels, generator=g)
    tokens = Tokens("", run.context)([f"number {k} of {n}" for k in range(n)])
    return pictures, tokens, torch.arange(n) % 3


def state(run, out):
    """What the run of seed 0 left in `out`."""
    return checkpoint(run, 0, out).load()


def distance(a, b):
    """Of two states of a model: the largest difference of any weight."""
    return max(float((a[n] - b[n]).abs().max()) for n in a)


SCRIPT = """
import sys, torch
from pathlib import Path
from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.training import train_clip
from mmcl_core.papers.yaras2024.methods import METHODS
import json
fields = json.loads(sys.argv[1])
method = fields["method"]
train_clip(ClipRun.at("smoke", **fields), METHODS[method], 0, torch.device("cpu"), Path(sys.argv[2]))
"""


def under_torchrun(tmp_path, ranks, out, timeout=300, script=SCRIPT, **fields):
    path = tmp_path / "run.py"
    path.write_text(script)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, str(path), json.dumps(fields), str(out)],
        env=environment, capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
