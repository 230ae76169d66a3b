"""A CLIP run's state: it goes on from it, whichever number of ranks, and nothing else does."""

import json

import numpy as np
import pytest
import torch

from mmcl_core.checkpoint import Kept
from mmcl_core.clip import training
from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.runs import finished, run_folder
from mmcl_core.clip.training import train_clip
from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.methods import METHODS
from tests.clip_folder import coco_folder
from tests.clip_runs import SMALL, distance, small, state, under_torchrun

CPU = torch.device("cpu")


class Stopped(Exception):
    """Raised where a test has seen enough."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return coco_folder(tmp_path_factory.mktemp("clip") / "coco")


def test_a_run_goes_on_from_its_checkpoint(folder, tmp_path):
    """Bit for bit with as many ranks; with another number, whose sums round otherwise, nearly."""
    fields = {k: v for k, v in SMALL.items() if k != "tier"} | {"data": str(folder), "method": "HS .1", "eps": 1e-3}
    run = ClipRun.at("smoke", **fields)
    whole = train_clip(run, METHODS["HS .1"], 0, CPU, tmp_path / "whole")
    for name in ("again", "ranks"):
        _stopped_after_one_epoch(run, tmp_path / name)
    again = train_clip(run, METHODS["HS .1"], 0, CPU, tmp_path / "again")
    assert np.array_equal(whole.image, again.image) and np.array_equal(whole.text, again.text)
    assert distance(state(run, tmp_path / "whole")["model"], state(run, tmp_path / "again")["model"]) == 0
    done = under_torchrun(tmp_path, 2, tmp_path / "ranks", **fields)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 0 < distance(state(run, tmp_path / "whole")["model"], state(run, tmp_path / "ranks")["model"]) < 1e-5


def _stopped_after_one_epoch(run, out):
    """As a run is left that is killed in its second epoch."""
    with pytest.MonkeyPatch.context() as patch:
        save = Kept.save

        def once(kept, state):
            save(kept, state)
            raise Stopped

        patch.setattr(Kept, "save", once)
        with pytest.raises(Stopped):
            train_clip(run, METHODS[run.method], 0, CPU, out)
    assert state(run, out)["step"] == 3 and finished(run, 0, out) is None


def test_every_seed_starts_from_weights_of_its_own(folder, tmp_path, monkeypatch):
    """And the same seed from the same ones; what is drawn elsewhere changes nothing."""
    seen = []
    monkeypatch.setattr(training, "optimiser_of", lambda clip, *a: seen.append(clip) or (_ for _ in ()).throw(Stopped))
    for seed in (0, 1, 0):
        torch.rand(5)
        with pytest.raises(Stopped):
            train_clip(small(folder), METHODS["baseline"], seed, CPU, tmp_path)
    first, other, again = (c.text.body.text_projection.weight for c in seen)
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_checkpoint_of_another_run_is_refused(folder, tmp_path):
    run = small(folder, epochs=1)
    train_clip(run, METHODS["baseline"], 0, CPU, tmp_path)
    for change in ({"rate": 1e-4}, {"batch": 8}, {"method": "HS .1"}, {"share": 0.5}):
        with pytest.raises(InputError, match=f"of something else.*{next(iter(change))}: "):
            train_clip(small(folder, epochs=1, **change), METHODS["baseline"], 0, CPU, tmp_path)
    file = tmp_path / "seed-0.checkpoint"
    file.write_bytes(file.read_bytes()[:900])
    with pytest.raises(InputError, match="damaged"):
        train_clip(run, METHODS["baseline"], 0, CPU, tmp_path)


def test_a_run_that_is_done_is_known_by_its_measures_alone_wherever_the_data_lie(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path))
    run = small(folder, epochs=1)
    assert finished(run, 0) is None
    last = train_clip(run, METHODS["baseline"], 0, CPU, run_folder(run)).history[-1]
    (run_folder(run) / "seed-0.checkpoint").unlink()
    elsewhere = run.model_copy(update={"data": f"/another/disk/{folder.name}", "workers": 3})
    assert finished(run, 0) == finished(elsewhere, 0) == last
    assert finished(run, 1) is None and finished(run.model_copy(update={"rate": 0.5}), 0) is None
    file = run_folder(run) / "seed-0.json"
    content = json.loads(file.read_text())
    content["history"][-1]["epoch"] = 0  # of a longer run, not yet at its end
    file.write_text(json.dumps(content))
    assert finished(run, 0) is None
    file.write_text(file.read_text()[:30])
    with pytest.raises(InputError, match="damaged.*remove"):
        finished(run, 0)


def test_a_state_that_is_not_finite_is_never_written(folder, tmp_path):
    run = small(folder, epochs=4, rate=1e15, warm_up=0, clip_gradient=0)
    with pytest.raises(InputError, match="finite"):
        train_clip(run, METHODS["baseline"], 0, CPU, tmp_path)
    assert not list(tmp_path.glob("*checkpoint*"))
