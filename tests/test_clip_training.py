"""A CLIP run: cached gradients, ranks, checkpoints, weights, and what it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPConfig, CLIPModel

from mmcl_core.clip import training
from mmcl_core.clip.config import ClipRun, load, presets
from mmcl_core.clip.objective import backward, make_objective, same_class
from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.towers import make_clip
from mmcl_core.clip.training import chunk_for, optimiser_of, train_clip
from mmcl_core.clip.weights import from_openclip, load_weights
from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.methods import METHODS
from tests.clip_folder import coco_folder
from tests.tolerances import close

CPU = torch.device("cpu")
SMALL = {"tier": "smoke", "train": "train", "test": "val", "batch": 16, "epochs": 2, "gap_pairs": 16, "width": 16}


def small(folder, **fields):
    fields = SMALL | {"data": str(folder)} | fields
    return ClipRun.at(fields.pop("tier"), **fields)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return coco_folder(tmp_path_factory.mktemp("clip") / "coco")


def towers(run, method="baseline", seed=0):
    torch.manual_seed(seed)
    return make_clip(run, Tokens("", run.context), METHODS[method].make_temperature())


def batch_of(run, n=13, seed=1):
    g = torch.Generator().manual_seed(seed)
    pictures = torch.randn(n, 3, run.pixels, run.pixels, generator=g)
    tokens = Tokens("", run.context)([f"number {k} of {n}" for k in range(n)])
    return pictures, tokens, torch.arange(n) % 3


def gradients(clip):
    return {n: p.grad.clone() for n, p in clip.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(("dtype", "near"), [(torch.float64, 1e-13), (torch.float32, 5e-6)])
@pytest.mark.parametrize(("method", "negatives"), [("baseline", True), ("FLT .07", False), ("no normalisation", True)])
@pytest.mark.parametrize("chunk", [1, 5, 12])
def test_cached_gradients_are_those_of_the_whole_batch(folder, method, negatives, chunk, dtype, near):
    """To rounding: exactly the same sums in float64; in float32 they are added in another order."""
    run = small(folder)
    clip, (pictures, tokens, labels) = towers(run, method).to(dtype), batch_of(run)
    batch = (pictures.to(dtype), tokens, labels)
    objective = make_objective(METHODS[method], negatives, torch.Generator().manual_seed(0))
    whole = backward(clip, objective, *batch)
    expected = gradients(clip)
    clip.zero_grad()
    assert float(backward(clip, objective, *batch, chunk=chunk)) == pytest.approx(float(whole), rel=1e-6)
    found = gradients(clip)
    assert found.keys() == expected.keys()
    size = torch.stack([e.norm() for e in expected.values()]).norm()
    assert torch.stack([(found[n] - expected[n]).norm() for n in expected]).norm() < near * size


def test_cached_gradients_replay_dropout(folder):
    """The second pass must drop what the first dropped: its loss, put together from the second pass, is the same."""
    run = small(folder, dropout=0.5)
    clip, (pictures, tokens, labels) = towers(run), batch_of(run, 6)
    seen = []
    clip.register_forward_hook(lambda m, i, o: seen.append(o[0].detach()))
    torch.manual_seed(5)
    backward(clip, make_objective(METHODS["baseline"], True, torch.Generator()), pictures, tokens, labels, chunk=2)
    assert len(seen) == 6
    for first, second in zip(seen[:3], seen[3:], strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(clip(pictures[:2], tokens[:2])[0], seen[0])  # dropout is there at all


def test_pairs_of_one_class_leave_the_denominator():
    labels = torch.tensor([0, 1, 0, -1, -1])
    expected = [[i != j and labels[i] == labels[j] and labels[i] >= 0 for j in range(5)] for i in range(5)]
    assert same_class(labels).tolist() == expected


def test_the_joint_loss_by_literal_sums():
    g = torch.Generator().manual_seed(0)
    x, y = (torch.randn(5, 4, generator=g, dtype=torch.float64) for _ in range(2))
    labels, tau = torch.tensor([0, 1, 0, 2, 1]), 0.3
    found = make_objective(METHODS["baseline"], False, g)(x, y, torch.tensor(tau), labels)
    a, b = (v / v.norm(dim=1, keepdim=True) for v in (x, y))
    total = 0.0
    for i in range(5):
        own = float(a[i] @ b[i]) / tau
        others = [j for j in range(5) if j == i or labels[j] != labels[i]]
        total += np.log(sum(np.exp(float(a[i] @ b[j]) / tau) for j in others)) - own
        total += np.log(sum(np.exp(float(a[j] @ b[i]) / tau) for j in others)) - own
    assert float(found) == pytest.approx(total / 10, abs=1e-6)


def test_memory_chooses_a_smaller_chunk_for_less_room(folder):
    run = small(folder)
    clip, (pictures, tokens, _) = towers(run), batch_of(run, 64)
    weights = 4 * sum(p.numel() * 4 for p in clip.parameters()) / 1e6
    chunks = [
        chunk_for(run.model_copy(update={"memory": f"{weights + m}MB"}), clip, pictures, tokens, False)
        for m in (3, 10, 1000)
    ]
    assert 1 <= chunks[0] < chunks[1] < 64 and chunks[2] == 0
    with pytest.raises(InputError, match="does not hold one pair"):
        chunk_for(run.model_copy(update={"memory": "1MB"}), clip, pictures, tokens, False)


def test_gains_biases_and_the_temperature_do_not_decay(folder):
    run = small(folder)
    clip = towers(run)
    groups = optimiser_of(clip, run, METHODS["SLRT .1"]).param_groups
    assert [g["weight_decay"] for g in groups] == [run.weight_decay, 0, 0]
    assert groups[2]["params"] == [clip.temperature.nu] and close(groups[2]["lr"], 0.1 * run.rate)
    assert all(p.ndim >= 2 for p in groups[0]["params"]) and all(p.ndim < 2 for p in groups[1]["params"])
    assert sum(len(g["params"]) for g in groups) == len(list(clip.parameters()))


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


def states(out):
    return torch.load(out / "seed-0.pt", weights_only=True)


def distance(a, b):
    return max(float((a[n] - b[n]).abs().max()) for n in a)


@pytest.mark.parametrize("method", ["baseline", "HS .1"])
def test_two_ranks_train_what_one_trains(folder, tmp_path, method):
    """48 pairs in batches of 20: the last of an epoch has 8; with classes masked, and swaps drawn alike."""
    fields = {k: v for k, v in SMALL.items() if k != "tier"} | {
        "data": str(folder), "method": method, "batch": 20, "drop_last": False, "same_class_negatives": False,
        "rate": 1e-3, "warm_up": 0.5, "eps": 1e-3,
    }  # fmt: skip
    alone = train_clip(ClipRun.at("smoke", **fields), METHODS[method], 0, CPU, tmp_path / "one")
    run = under_torchrun(tmp_path, 2, tmp_path / "two", **fields)
    assert run.returncode == 0, run.stderr[-2000:]
    one, two = states(tmp_path / "one"), states(tmp_path / "two")
    assert one["step"] == two["step"] == 6
    assert distance(one["model"], two["model"]) < 1e-5  # after six steps of Adam
    for a, b in zip(alone.history, two["history"], strict=True):
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-6)


def test_a_run_goes_on_from_its_checkpoint(folder, tmp_path):
    """Bit for bit with as many ranks; with another number, whose sums round otherwise, nearly."""
    fields = {k: v for k, v in SMALL.items() if k != "tier"} | {"data": str(folder), "method": "HS .1", "eps": 1e-3}
    run = ClipRun.at("smoke", **fields)
    whole = train_clip(run, METHODS["HS .1"], 0, CPU, tmp_path / "whole")
    for name in ("again", "ranks"):
        _stopped_after_one_epoch(run, tmp_path / name)
    again = train_clip(run, METHODS["HS .1"], 0, CPU, tmp_path / "again")
    assert np.array_equal(whole.image, again.image) and np.array_equal(whole.text, again.text)
    assert distance(states(tmp_path / "whole")["model"], states(tmp_path / "again")["model"]) == 0
    done = under_torchrun(tmp_path, 2, tmp_path / "ranks", **fields)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 0 < distance(states(tmp_path / "whole")["model"], states(tmp_path / "ranks")["model"]) < 1e-5


def _stopped_after_one_epoch(run, out):
    """As a run is left that is killed in its second epoch."""
    save, calls = training.checkpoints.save, []

    def once(path, state):
        save(path, state)
        calls.append(path)
        raise KeyboardInterrupt

    training.checkpoints.save = once
    try:
        with pytest.raises(KeyboardInterrupt):
            train_clip(run, METHODS["HS .1"], 0, CPU, out)
    finally:
        training.checkpoints.save = save
    assert len(calls) == 1


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


class Stopped(Exception):
    """Raised where a test has seen enough."""


def test_a_checkpoint_of_another_run_is_refused(folder, tmp_path):
    run = small(folder, epochs=1)
    train_clip(run, METHODS["baseline"], 0, CPU, tmp_path)
    for change in ({"rate": 1e-4}, {"batch": 8}, {"method": "HS .1"}, {"share": 0.5}):
        with pytest.raises(InputError, match=f"of another run.*{next(iter(change))} was"):
            train_clip(small(folder, epochs=1, **change), METHODS["baseline"], 0, CPU, tmp_path)
    (tmp_path / "seed-0.pt").write_bytes((tmp_path / "seed-0.pt").read_bytes()[:900])
    with pytest.raises(InputError, match="damaged"):
        train_clip(run, METHODS["baseline"], 0, CPU, tmp_path)


def test_a_state_that_is_not_finite_is_never_written(folder, tmp_path):
    run = small(folder, epochs=4, rate=1e30, warm_up=0, clip_gradient=0)
    with pytest.raises(InputError, match="finite"):
        train_clip(run, METHODS["baseline"], 0, CPU, tmp_path)
    assert not list(tmp_path.glob("*.pt")) and not list(tmp_path.glob(".checkpoint-*"))


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


def library(run, tokens):
    text = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256,
            "vocab_size": tokens.vocabulary, "max_position_embeddings": run.context, "bos_token_id": tokens.start,
            "eos_token_id": tokens.end, "pad_token_id": tokens.padding}  # fmt: skip
    vision = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 256,
              "patch_size": 8, "image_size": run.pixels}  # fmt: skip
    torch.manual_seed(9)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=run.width)).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.02 * torch.randn_like(p))
    return model


def features(output):
    return output if isinstance(output, torch.Tensor) else output.pooler_output


def test_weights_of_the_library_give_its_outputs(folder, tmp_path):
    run = small(folder)
    tokens = Tokens("", run.context)
    model, (pictures, words, _) = library(run, tokens), batch_of(run, 5)
    save_file({n: p.contiguous() for n, p in model.state_dict().items()}, tmp_path / "model.safetensors")
    clip = towers(run).eval()
    load_weights(clip, tmp_path)
    with torch.no_grad():
        image, text, temperature = clip(pictures, words)
        assert torch.allclose(image, features(model.get_image_features(pixel_values=pictures)), atol=1e-5)
        assert torch.allclose(text, features(model.get_text_features(input_ids=words)), atol=1e-5)
        assert float(temperature) == pytest.approx(float(torch.exp(-model.logit_scale)), rel=1e-5)


def test_weights_in_openclips_names_are_the_same_network(folder, tmp_path):
    """OpenCLIP's layout, written out by hand from the library's weights, comes back as they were."""
    run = small(folder)
    weights = dict(library(run, Tokens("", run.context)).state_dict())
    there = {"visual.proj": weights["visual_projection.weight"].T.contiguous(), "logit_scale": weights["logit_scale"],
             "text_projection": weights["text_projection.weight"].T.contiguous(),
             "visual.class_embedding": weights["vision_model.embeddings.class_embedding"],
             "visual.positional_embedding": weights["vision_model.embeddings.position_embedding.weight"],
             "visual.conv1.weight": weights["vision_model.embeddings.patch_embedding.weight"],
             "token_embedding.weight": weights["text_model.embeddings.token_embedding.weight"],
             "positional_embedding": weights["text_model.embeddings.position_embedding.weight"]}  # fmt: skip
    for kind in ("weight", "bias"):
        there[f"visual.ln_pre.{kind}"] = weights[f"vision_model.pre_layrnorm.{kind}"]
        there[f"visual.ln_post.{kind}"] = weights[f"vision_model.post_layernorm.{kind}"]
        there[f"ln_final.{kind}"] = weights[f"text_model.final_layer_norm.{kind}"]
        for ours, theirs, layers in (("vision_model", "visual.", 3), ("text_model", "", 2)):
            for k in range(layers):
                a, b = f"{ours}.encoder.layers.{k}", f"{theirs}transformer.resblocks.{k}"
                parts = [weights[f"{a}.self_attn.{p}_proj.{kind}"] for p in "qkv"]
                there[f"{b}.attn.in_proj_{kind}"] = torch.cat(parts)
                there[f"{b}.attn.out_proj.{kind}"] = weights[f"{a}.self_attn.out_proj.{kind}"]
                there[f"{b}.ln_1.{kind}"] = weights[f"{a}.layer_norm1.{kind}"]
                there[f"{b}.ln_2.{kind}"] = weights[f"{a}.layer_norm2.{kind}"]
                there[f"{b}.mlp.c_fc.{kind}"] = weights[f"{a}.mlp.fc1.{kind}"]
                there[f"{b}.mlp.c_proj.{kind}"] = weights[f"{a}.mlp.fc2.{kind}"]
    back = from_openclip(there)
    learnt = {n for n in weights if "position_ids" not in n}
    assert back.keys() == learnt and all(torch.equal(back[n], weights[n]) for n in learnt)


def test_other_weights_are_refused(folder, tmp_path):
    run = small(folder)
    save_file({"some.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="lack"):
        load_weights(towers(run), tmp_path / "other.safetensors")
    wide = small(folder, width=8)
    weights = library(wide, Tokens("", run.context)).state_dict()
    save_file({n: p.contiguous() for n, p in weights.items()}, tmp_path / "wide.safetensors")
    with pytest.raises(InputError, match="of shape"):
        load_weights(towers(run), tmp_path / "wide.safetensors")
    with pytest.raises(InputError, match="ViT towers only"):
        load_weights(towers(small(folder, image_tower="resnet-tiny")), tmp_path / "wide.safetensors")
    assert isinstance(towers(run), nn.Module)
