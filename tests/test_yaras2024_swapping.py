"""Yaras et al. 2024, swapping in the model of Fig. 2: gradients by autograd, what is drawn, rotations."""

import numpy as np
import pytest
import torch

from mmcl_core.papers.yaras2024 import swapping
from mmcl_core.papers.yaras2024.points import Ring
from mmcl_core.papers.yaras2024.swapping import Swap
from tests.tolerances import close


def test_swapped_gradients_are_autograd_s():
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(5, 3)) for _ in range(2))
    kept = Swap("soft", 1.0).kept(rng.random((5, 3)), np.zeros(()))
    tx, ty = (torch.tensor(v, requires_grad=True) for v in (x, y))
    log_beta = torch.tensor(0.9, dtype=torch.float64, requires_grad=True)
    weight = torch.tensor(kept)
    logits = log_beta.exp() * (weight * tx + (1 - weight) * ty) @ (weight * ty + (1 - weight) * tx).T
    target = torch.arange(5)
    loss = (torch.nn.functional.cross_entropy(logits, target) + torch.nn.functional.cross_entropy(logits.T, target)) / 2
    theirs = torch.autograd.grad(loss, (tx, ty, log_beta))
    ours = swapping.loss_gradients(x, y, kept, np.array(np.exp(0.9)))
    for a, b in zip(theirs, ours, strict=True):
        assert close(-a.numpy(), b)


@pytest.mark.parametrize("kind", ["hard", "soft", "row"])
@pytest.mark.parametrize("share", [0.03, 0.4, 1.0])
def test_a_share_of_the_steps_swaps(kind, share):
    """Independent uniform numbers in, the stated share of whole steps out; within such a step every entry is drawn."""
    rng = np.random.default_rng(1)
    steps = 20_000
    kept = Swap(kind, share).kept(rng.random((steps, 5, 3)), rng.random(steps))
    swapped = (kept != 1).any((1, 2))
    visible = {"hard": 1 - 2**-15, "soft": 1.0, "row": 1 - 2**-5}[kind]  # a step may draw to keep everything
    assert swapped.mean() == pytest.approx(
        share * visible, abs=5 * np.sqrt(share / steps) * (1 - share * visible) ** 0.5
    )
    inside = kept[swapped]
    assert inside.mean() == pytest.approx(0.5, abs=0.05)
    same_row = np.abs(np.corrcoef(inside[:, 0, 0], inside[:, 0, 1])[0, 1])
    assert (same_row > 0.99) if kind == "row" else (same_row < 0.15)
    assert np.abs(np.corrcoef(inside[:, 0, 0], inside[:, 1, 0])[0, 1]) < 0.15
    if kind == "soft":
        assert len(np.unique(inside)) == inside.size and inside.var() == pytest.approx(1 / 12, abs=0.01)
    else:
        assert set(np.unique(inside)) == {0.0, 1.0}


def test_what_does_not_swap_keeps_everything():
    rng = np.random.default_rng(2)
    entries, never = rng.random((50, 5, 3)), np.ones(50)
    for swap in (Swap("none"), Swap("hard", 0.0), Swap("soft", 0.5)):
        assert np.all(swap.kept(entries, never) == 1)


def test_every_step_and_every_seed_draws_its_own_numbers(monkeypatch):
    seen = []
    kept = Swap.kept

    def recorded(self, entries, step):
        seen.append((entries.copy(), step.copy()))
        return kept(self, entries, step)

    monkeypatch.setattr(Swap, "kept", recorded)
    swapping.train(Ring(), (Swap("hard", 0.5),), [3, 5], 2 * swapping.BLOCK, 0.05, [0])
    entries = np.concatenate([e for e, _ in seen])  # [steps, seeds, n, d]
    decisions = np.concatenate([d for _, d in seen])
    assert len(entries) >= 2 * swapping.BLOCK
    assert len(np.unique(entries)) == entries.size and len(np.unique(decisions)) == decisions.size
    assert entries.mean() == pytest.approx(0.5, abs=0.01) and entries.var() == pytest.approx(1 / 12, rel=0.02)
    assert abs(np.corrcoef(entries[:, 0].ravel(), entries[:, 1].ravel())[0, 1]) < 0.03


def test_a_seed_alone_is_the_same_seed_in_a_batch():
    swaps = (Swap("none"), Swap("hard", 0.3))
    together, _ = swapping.train(Ring(), swaps, [3, 5], 1200, 0.05, [0, 600, 1200])
    alone, _ = swapping.train(Ring(), swaps, [5], 1200, 0.05, [0, 600, 1200])
    assert close(together[1], alone[0])
    # without swapping the rotation does not matter
    assert close(together[0, 0, 2], together[1, 0, 2])
    assert abs(together[0, 1, 2] - together[1, 1, 2]) > 1e-4


def test_every_seed_starts_in_a_rotation_of_its_own(monkeypatch):
    """Entries belong to a basis: with the same draws two seeds still differ, by their rotations."""
    monkeypatch.setattr(Swap, "kept", lambda self, entries, step: np.broadcast_to(([1.0, 0.0, 1.0],), entries.shape))
    gap, _ = swapping.train(Ring(), (Swap("hard", 1.0),), [0, 1], 60, 0.05, [0, 60])
    assert np.ptp(gap[:, 0, 0]) < 1e-12 and np.ptp(gap[:, 0, 1]) > 1e-3


def test_without_swapping_descent_follows_the_flow():
    """The error of descent falls with its rate, towards the flow."""
    orbit = Ring().run(np.array([0.0, 20.0]))
    errors = []
    for rate in (0.01, 0.005):
        steps = round(20 / rate)
        gap, temperature = swapping.train(Ring(), (Swap("none"),), [0], steps, rate, [steps])
        errors.append([gap[0, 0, 0] - orbit.gap[-1], temperature[0, 0, 0] - orbit.temperature[-1]])
    np.testing.assert_allclose(errors[1], 0, atol=0.002)
    np.testing.assert_allclose(np.divide(*errors), 2, atol=0.3)
