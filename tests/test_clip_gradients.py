"""The loss of a step and its gradient: cached in chunks, literal sums, what decays, and how memory chooses a chunk."""

import numpy as np
import pytest
import torch

from mmcl_core.clip.memory import chunk_for
from mmcl_core.clip.objective import AsClip, backward, make_objective
from mmcl_core.clip.training import optimiser_of
from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.methods import METHODS
from tests.clip_folder import coco_folder
from tests.clip_runs import batch_of, small, towers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return coco_folder(tmp_path_factory.mktemp("clip") / "coco")


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


def test_the_joint_loss_by_literal_sums():
    """Pairs of one class leave each other's denominator."""
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
    assert groups[2]["params"] == [clip.temperature.nu] and groups[2]["lr"] == pytest.approx(0.1 * run.rate)
    assert all(p.ndim >= 2 for p in groups[0]["params"]) and all(p.ndim < 2 for p in groups[1]["params"])
    assert sum(len(g["params"]) for g in groups) == len(list(clip.parameters()))


def test_clips_own_way_is_the_first_row_of_the_tables():
    own, row = AsClip(), METHODS["baseline"]
    assert all(getattr(own, n) == getattr(row, n) for n in ("rate", "normalised", "schedule", "swap"))
    assert own.make_temperature().state_dict() == row.make_temperature().state_dict()
    assert own.make_temperature().scale == row.make_temperature().scale
