"""What a CLIP run refuses, in one sentence each, and that the settings which come with the book are runs."""

import numpy as np
import pytest
import torch

from mmcl_core.clip.config import ClipRun, load, presets
from mmcl_core.clip.training import train_clip
from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.methods import METHODS
from tests.clip_folder import coco_folder
from tests.clip_runs import small

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return coco_folder(tmp_path_factory.mktemp("clip") / "coco")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"batch": 64}, "64 cannot be drawn from 48"),
        ({"image_tower": "resnet-tiny", "chunk": 4}, "batch norm"),
        ({"weights": "/no/such/file.safetensors"}, "cannot be read"),
        ({"tokenizer": "/no/tokenizer.json"}, "tokenizer"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(folder, tmp_path, fields, words):
    with pytest.raises(InputError, match=words) as caught:
        train_clip(small(folder, **fields), METHODS["baseline"], 0, CPU, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("nonsense", {}, "Unknown configuration 'nonsense'"),
        ("small", {"rate": -1}, "rate"),
        ("small", {"memory": "20 apples"}, "20GB"),
        ("small", {"memory": "1GB", "chunk": 4}, "one of them"),
        ("small", {"colour": 1}, "colour"),
    ],
)
def test_a_configuration_that_is_none_is_refused(name, fields, words):
    with pytest.raises(InputError, match=words):
        load(name, **fields)


def test_the_presets_are_runs():
    assert {"small", "yaras2024", "xue2024-scratch"} <= presets().keys()
    for name in presets():
        assert isinstance(load(name), ClipRun)


def test_a_resnet_tower_trains(folder, tmp_path):
    trained = train_clip(
        small(folder, image_tower="resnet-tiny", rate=2e-3, epochs=6), METHODS["baseline"], 0, CPU, tmp_path
    )
    assert trained.history[-1]["loss"] < np.log(16) < trained.history[0]["loss"]
    assert (tmp_path / "seed-0.csv").read_text().count("\n") == 7


@pytest.mark.parametrize(
    ("tower", "pixels"), [("RN50", 40), ("ViT-B-32", 16), ("ViT-B-16", 40), ("vit-tiny", 33), ("resnet-tiny", 20)]
)
def test_pixels_that_a_tower_cannot_divide_are_refused(tower, pixels):
    with pytest.raises(InputError, match=f"pixels is {pixels}: {tower} takes multiples"):
        load("small", image_tower=tower, pixels=pixels)


def test_a_place_that_cannot_be_written_is_refused_before_the_first_step(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("mmcl_core.clip.training.backward", None)
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="Nothing can be written.*--out") as caught:
            train_clip(small(folder), METHODS["baseline"], 0, CPU, out)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr("mmcl_core.clip.log.find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs the package tensorboard"):
        train_clip(small(folder, log="tensorboard"), METHODS["baseline"], 0, CPU, tmp_path)
