"""A CLIP run under torchrun: what two ranks train is what one trains, and a rank that dies ends the run."""

import pytest
import torch

from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.training import train_clip
from mmcl_core.papers.yaras2024.methods import METHODS
from tests.clip_folder import coco_folder
from tests.clip_runs import SCRIPT, SMALL, distance, state, under_torchrun

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return coco_folder(tmp_path_factory.mktemp("clip") / "coco")


@pytest.mark.parametrize("method", ["baseline", "HS .1"])
def test_two_ranks_train_what_one_trains(folder, tmp_path, method):
    """48 pairs in batches of 20: the last of an epoch has 8; with classes masked, and swaps drawn alike."""
    fields = {k: v for k, v in SMALL.items() if k != "tier"} | {
        "data": str(folder), "method": method, "batch": 20, "drop_last": False, "same_class_negatives": False,
        "rate": 1e-3, "warm_up": 0.5, "eps": 1e-3,
    }  # fmt: skip
    run = ClipRun.at("smoke", **fields)
    alone = train_clip(run, METHODS[method], 0, CPU, tmp_path / "one")
    done = under_torchrun(tmp_path, 2, tmp_path / "two", **fields)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = state(run, tmp_path / "one"), state(run, tmp_path / "two")
    assert one["step"] == two["step"] == 6
    assert distance(one["model"], two["model"]) < 1e-5  # after six steps of Adam
    for a, b in zip(alone.history, two["history"], strict=True):
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-6)


def test_a_rank_that_dies_ends_the_run_with_its_cause(folder, tmp_path):
    script = SCRIPT.replace("fields = json", "import os\nDIES = os.environ['RANK'] == '1'\nfields = json").replace(
        "train_clip(ClipRun",
        "from mmcl_core.clip import training\n"
        "if DIES:\n    training.backward = lambda *a: (_ for _ in ()).throw(ValueError('rank one is ill'))\n"
        "train_clip(ClipRun",
    )
    fields = {k: v for k, v in SMALL.items() if k != "tier"}
    run = under_torchrun(tmp_path, 2, tmp_path / "out", 60, script, data=str(folder), method="baseline", **fields)
    assert run.returncode != 0 and "rank one is ill" in run.stderr
