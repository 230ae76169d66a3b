"""The papers' own experiments on real pairs: without data one sentence, with a folder of the format the whole way."""

import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mmcl_core import cli
from mmcl_core.clip.images import centre_view, decode
from mmcl_core.clip.pairs import coco_pairs
from mmcl_core.clip.runs import run_folder
from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.weights import load_weights
from mmcl_core.errors import DataAbsent
from mmcl_core.lab.config import Tier
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.claims import setting_one
from mmcl_core.papers.xue2024.experiments import mscoco as xue
from mmcl_core.papers.xue2024.experiments import mscoco_heads as heads
from mmcl_core.papers.yaras2024.experiments import mscoco as yaras
from tests.clip_folder import coco_folder
from tests.clip_runs import towers
from tests.clip_weights import openclip_resnet, openclip_text
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


def class_folders(root, source, classes, each):
    """`root/<class>/` with copies of the pictures of `source`, by turns."""
    pictures = sorted(source.glob("*.png"))
    for c in range(classes):
        (root / f"class {c}").mkdir(parents=True)
        for k in range(each):
            shutil.copy(pictures[(c + classes * k) % len(pictures)], root / f"class {c}" / f"{k:02}.png")


def test_yaras_columns_of_transfer_fill_where_the_pictures_are(folder):
    """On pictures of the training set, of which a probe learns most classes by heart: chance is a quarter."""
    chosen = SMALL | {"methods": ("baseline",), "rates": (1e-3,), "gap_pairs": 16, "seeds": 1}
    whole = yaras.MscocoSetting.at("paper", **chosen)
    trained = yaras.mscoco.compute(whole, [0], CPU)
    assert np.isnan(trained["zero_shot"]).all() and np.isnan(trained["linear_probe"]).all()
    with pytest.raises(DataAbsent, match="cifar10/train/airplane"):
        yaras.transfer_folder(whole)
    for part in ("train", "test"):
        class_folders(folder.parent / "cifar10" / part, folder / "train", 4, 6)
    small = yaras.MscocoSetting.at("book", **chosen)
    key = yaras.mscoco.data(small)
    assert np.isnan(yaras.mscoco.compute(small, [0], CPU)["zero_shot"]).all()  # it starts nothing
    filled = yaras.mscoco.compute(whole, [0], CPU)
    assert filled["linear_probe"][0, 0] > 0.5 and 0 <= filled["zero_shot"][0, 0] <= 1
    assert yaras.mscoco.data(small) != key and np.array_equal(
        yaras.mscoco.compute(small, [0], CPU)["linear_probe"], filled["linear_probe"]
    )
    assert np.array_equal(filled["gap"], trained["gap"])


@pytest.fixture
def clip_weights(folder):
    """Generated weights of a small CLIP in OpenCLIP's format, and a tokenizer, where a user would put them."""
    place = folder.parent / heads.WEIGHTS
    place.mkdir()
    shutil.copy(Tokens._packaged(), place / "tokenizer.json")
    run = heads_config(weights="x").model_copy(update={"weights": str(place)}).run()
    save_file(openclip_resnet(run) | openclip_text(run), place / "open_clip_model.safetensors")
    return place


def heads_config(**fields):
    small = {n: v for n, v in SMALL.items() if n not in ("batch", "epochs")} | {"image_tower": "resnet-tiny"}
    return heads.MscocoHeadsSetting.at("smoke", activation="gelu", batch=16, seeds=2, **(small | fields))


def test_heads_on_a_frozen_clip_run_with_pictures_and_weights(folder, clip_weights):
    with pytest.raises(DataAbsent, match="none of the shifted sets"):
        heads.mscoco_heads.data(heads_config())
    class_folders(folder.parent / "imagenet-a", folder / "train", 4, 3)
    config = heads_config(epochs=100, rate=5e-3)
    assert heads.mscoco_heads.data(config)["shifted"] == "imagenet-a"
    arrays = heads.mscoco_heads.compute(config, [0, 1], CPU)
    assert list(arrays["places"]) == ["test", "imagenet-a"]
    for method in heads.METHODS:
        assert arrays[method].shape == (2, 2, 2) and ((arrays[method] >= 0) & (arrays[method] <= 1)).all()
    # The shifted set is made of training pictures, in their own classes: what is learnt by heart is known again.
    assert arrays["supervised"][..., 1].mean() > 0.45  # chance is a quarter
    result = Result("xue2024.mscoco_heads", Tier.smoke, config, (0, 1), arrays, "cpu", 0, "", {}, "", False)
    for claim in (setting_one.clip_heads_absolute, setting_one.clip_heads_line, setting_one.clip_heads_label):
        assert claim.estimator(result).n == 2


def test_the_frozen_features_are_the_towers_own(folder, clip_weights):
    """The same pictures as pairs and as a folder of classes; against the towers called by hand."""
    class_folders(folder.parent / "imagenet-a", folder / "train", 4, 12)
    config = heads_config()
    data, tests = heads.features(config, CPU)
    order = [c + 4 * k for c in range(4) for k in range(12)]
    assert tests == ("test", "imagenet-a") and torch.equal(data.images["id"][order], data.images["imagenet-a"])
    assert np.array_equal(data.labels["id"][order], data.labels["imagenet-a"])
    run = config.run()
    clip, tokens = towers(run).eval(), Tokens(run.tokenizer, run.context)
    load_weights(clip, clip_weights, run.activation)
    pairs = coco_pairs(folder, "train")
    with torch.no_grad():
        image = clip.image(torch.stack([centre_view(decode(pairs.picture(i)), 32) for i in (3, 40)]))
        text = clip.text(tokens(["a photo of a class 0", pairs.captions(3)[0]]))
    text = torch.nn.functional.normalize(text, dim=-1)
    assert torch.allclose(data.images["id"][[3, 40]], image, atol=1e-5)
    assert torch.allclose(data.words[0], text[0], atol=1e-6) and torch.allclose(data.names[3], text[1], atol=1e-6)


def test_without_clips_weights_it_says_what_to_put_where(folder, clip_weights):
    (clip_weights / "tokenizer.json").unlink()
    with pytest.raises(DataAbsent, match="put tokenizer.json beside its weights"):
        heads.mscoco_heads.data(heads_config())
    shutil.rmtree(clip_weights)
    with pytest.raises(DataAbsent, match="folder clip-rn50 under MMCL_DATA_DIR"):
        heads.mscoco_heads.data(heads_config())


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
