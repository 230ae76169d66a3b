"""The papers' own experiments on real pairs: without data one sentence, with a folder of the format the whole way."""

import numpy as np
import pytest
import torch

from mmcl_core import cli
from mmcl_core.clip.runs import run_folder
from mmcl_core.errors import DataAbsent
from mmcl_core.papers.xue2024.experiments import mscoco as xue
from mmcl_core.papers.yaras2024.experiments import mscoco as yaras
from tests.clip_folder import coco_folder
from tests.tolerances import close

CPU = torch.device("cpu")
SMALL = {
    "image_tower": "vit-tiny", "text_tower": "tiny", "width": 16, "pixels": 32, "context": 16, "batch": 16, "epochs": 1,
    "train": "train", "test": "val", "workers": 0,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("MMCL_DATA_DIR", str(tmp_path))
    return coco_folder(tmp_path / "mscoco")


@pytest.mark.parametrize("module", [xue, yaras])
def test_without_data_it_says_what_to_put_where(monkeypatch, tmp_path, module):
    monkeypatch.setenv("MMCL_DATA_DIR", str(tmp_path))
    source = module.mscoco.data
    with pytest.raises(DataAbsent, match="folder mscoco under MMCL_DATA_DIR"):
        source(module.MscocoSetting.at("paper"))
    monkeypatch.delenv("MMCL_DATA_DIR")
    with pytest.raises(DataAbsent, match="folder mscoco under MMCL_DATA_DIR"):
        source(module.MscocoSetting.at("book"))


def test_yaras_tables_fill_and_the_small_tiers_only_show_what_is_done(folder):
    chosen = SMALL | {"methods": ("baseline", "FLT .2"), "rates": (1e-3, 1e-2), "gap_pairs": 16}
    small = yaras.MscocoSetting.at("book", seeds=2, **chosen)
    with pytest.raises(DataAbsent, match="no run of CLIP RN50 is done"):
        yaras.mscoco.data(small)
    whole = yaras.MscocoSetting.at("paper", seeds=2, **chosen)
    trained = yaras.mscoco.compute(whole, [0, 1], CPU)
    shown = yaras.mscoco.compute(small, [0, 1], CPU)
    for name in yaras.COLUMNS:
        assert trained[name].shape == (2, 2) and np.isfinite(trained[name]).all()
        assert np.array_equal(trained[name], shown[name])
    assert "FLT .2 0.01 1" in yaras.mscoco.data(small)["finished"]
    assert set(trained["rate"].flat) <= {1e-3, 1e-2}


def test_xue_points_fill_also_under_the_shifts_that_are_there(folder):
    shift = folder.parent / "imagenet-r"
    for c in range(4):
        (shift / f"class {c}").mkdir(parents=True)
        for k in range(3):
            (shift / f"class {c}" / f"{k}.png").write_bytes((folder / "val" / f"000{c}.png").read_bytes())
    config = xue.MscocoSetting.at("paper", shares=(0.5, 1.0), **SMALL)
    arrays = xue.mscoco.compute(config, [0], CPU)
    assert arrays["id"].shape == (1, 2, 2) and arrays["ood"].shape == (1, 2, 2, 1)
    assert list(arrays["shifts"]) == ["imagenet-r"]
    assert ((arrays["id"] >= 0) & (arrays["id"] <= 1)).all()
    # Three copies of one picture a class: right or wrong together, and so a multiple of a quarter.
    assert close(4 * arrays["ood"], np.round(4 * arrays["ood"]))
    assert run_folder(config.run(0.5, True)) != run_folder(config.run(0.5, False))


def test_the_command_trains_checks_and_refuses(folder, capsys):
    sets = [f"--set={k}={v}" for k, v in {"epochs": 1, "evaluate_every": 1, "batch": 16, "gap_pairs": 16}.items()]
    assert cli.main(["train-clip", "small", "--check", *sets]) == 0
    assert "48 pairs to train on, 16 to test on; 3 steps of 16" in capsys.readouterr().out
    assert cli.main(["train-clip", "small", *sets, "--device", "cpu"]) == 0
    assert "image_retrieval" in capsys.readouterr().out
    for wrong in (["--set", "method=HS"], ["--memory", "x", "--set", "memory=1GB"], ["--set", "data=/none"],
                  ["--weights", "/none.safetensors"], ["--set", "batch=1"], ["--memory", "1 apple"]):  # fmt: skip
        assert cli.main(["train-clip", "small", *sets, *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
