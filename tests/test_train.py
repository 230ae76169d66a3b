"""The training loop: it minimises, it resumes exactly, a seed gives the same end in any company."""

import numpy as np
import pytest
import torch
from torch import nn

from mmcl_core.errors import InputError
from mmcl_core.losses import nt_xent
from mmcl_core.runtime import generator
from mmcl_core.train import adam, train, warm_up_and_cosine
from tests.tolerances import close


def job(epochs, checkpoint=None, seed=0, batch=8):
    torch.manual_seed(seed)
    model = nn.Linear(6, 3)
    data = torch.randn(40, 6, generator=generator("t", seed, "data"))
    noise = generator("t", seed, "noise")

    def loss(rows):
        x = data[rows]
        return nt_xent(model(x + 0.1 * torch.randn(x.shape, generator=noise)), model(x), 0.5)

    history = train(
        model,
        loss,
        40,
        batch=batch,
        epochs=epochs,
        optimiser=adam(model.parameters(), 0.01),
        order=generator("t", seed, "order"),
        streams=[noise],
        checkpoint=checkpoint,
    )
    return model.weight.detach().clone(), history


def test_it_finds_the_least_squares_solution():
    torch.manual_seed(0)
    x, target = torch.randn(64, 3, dtype=torch.float64), torch.randn(64, 2, dtype=torch.float64)
    model = nn.Linear(3, 2, bias=False).double()
    history = train(
        model,
        lambda rows: ((model(x[rows]) - target[rows]) ** 2).mean(),
        64,
        batch=64,
        epochs=1000,
        optimiser=torch.optim.SGD(model.parameters(), 0.3),  # Adam ends in bursts of its rounding
        order=generator("t", 0, "o"),
    )
    exact = torch.linalg.lstsq(x, target).solution.T
    assert torch.allclose(model.weight, exact, atol=1e-5) and history[-1] < history[0]


def test_resuming_equals_going_through(tmp_path):
    whole, history = job(6)
    job(3, tmp_path / "c.pt")
    resumed, joined = job(6, tmp_path / "c.pt")
    assert torch.equal(whole, resumed) and close(history, joined)
    assert not list(tmp_path.glob("*.partial"))


def test_same_seed_same_end_other_seed_other_end():
    first, other, again = job(3)[0], job(3, seed=1)[0], job(3)[0]
    assert torch.equal(first, again) and not close(first, other)


def test_every_row_is_seen_once_an_epoch():
    seen = []
    model = nn.Linear(1, 1)

    def loss(rows):
        seen.append(rows.tolist())
        return model.weight.sum()

    train(model, loss, 10, batch=4, epochs=2, optimiser=adam(model.parameters(), 0.1), order=generator("t", 0, "o"))
    assert [len(s) for s in seen] == [4, 4, 4, 4]
    for epoch in (seen[:2], seen[2:]):
        assert len(set(np.concatenate(epoch))) == 8


def orders(epochs, seed=0, samples=12):
    """The order in which rows are seen, epoch by epoch."""
    seen, model = [], nn.Linear(1, 1)

    def loss(rows):
        seen.append(rows.tolist())
        return model.weight.sum()

    train(
        model,
        loss,
        samples,
        batch=4,
        epochs=epochs,
        optimiser=adam(model.parameters(), 0.1),
        order=generator("t", seed, "o"),
    )
    return np.array(seen).reshape(epochs, samples)


def test_every_epoch_and_every_seed_has_an_order_of_its_own():
    """And an order is a uniform one: over many epochs a row stands at every place equally often."""
    many = orders(300)
    assert len({tuple(order) for order in many}) == 300
    assert not np.array_equal(many[:5], orders(5, seed=1)) and np.array_equal(many[:5], orders(5))
    places = np.array([np.bincount(column, minlength=12) for column in many.T])
    assert np.abs(places - 25).max() < 5 * np.sqrt(25)


def test_the_loop_equals_a_literal_one():
    """Gradients do not pile up, the rate of every step is the schedule's, the history is the mean loss of each
    epoch."""
    x, target = (torch.randn(12, 3, generator=generator("t", k, "x"), dtype=torch.float64) for k in (0, 1))
    model = nn.Linear(3, 3, bias=False).double()
    weight = model.weight.detach().clone()
    optimiser = torch.optim.SGD(model.parameters(), 0.2)
    history = train(
        model,
        lambda rows: ((model(x[rows]) - target[rows]) ** 2).mean(),
        12,
        batch=4,
        epochs=3,
        optimiser=optimiser,
        scheduler=warm_up_and_cosine(optimiser, 9, 0.4),
        order=generator("t", 0, "o"),
    )
    step, means = 0, []
    for order in orders(3):
        losses = []
        for rows in order.reshape(3, 4):
            residual = x[rows] @ weight.T - target[rows]
            losses.append(float((residual**2).mean()))
            factor = (step + 1) / 4 if step < 4 else (1 + np.cos(np.pi * (step - 4) / 5)) / 2
            weight = weight - 0.2 * factor * 2 * residual.T @ x[rows] / residual.numel()
            step += 1
        means.append(np.mean(losses))
    assert close(model.weight.detach(), weight)
    np.testing.assert_allclose(history.numpy(), means, rtol=1e-6)


@pytest.mark.parametrize("batch", [1, 41])
def test_a_batch_that_does_not_fit(batch):
    with pytest.raises(InputError, match="batch"):
        job(1, batch=batch)


def test_a_loss_that_blows_up_is_said():
    model = nn.Linear(1, 1)
    with pytest.raises(InputError, match="not finite"):
        train(
            model,
            lambda rows: model.weight.sum() * float("inf"),
            10,
            batch=5,
            epochs=1,
            optimiser=adam(model.parameters(), 0.1),
            order=generator("t", 0, "o"),
        )


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_a_checkpoint_that_cannot_be_used_is_named(tmp_path, content):
    path = tmp_path / "c.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match="remove it to start anew"):
        job(2, path)


def test_a_finished_checkpoint_is_not_trained_on(tmp_path):
    first, history = job(3, tmp_path / "c.pt")
    again, same = job(3, tmp_path / "c.pt")
    assert torch.equal(first, again) and torch.equal(history, same)


def test_steps_stop_within_an_epoch_and_after_step_counts_them():
    counted = []
    model = nn.Linear(1, 1)
    history = train(
        model,
        lambda rows: model.weight.sum(),
        10,
        batch=4,
        epochs=9,
        steps=5,
        optimiser=torch.optim.SGD(model.parameters(), 0.1),
        order=generator("t", 0, "o"),
        after_step=counted.append,
    )
    assert counted == [1, 2, 3, 4, 5] and len(history) == 3


def test_the_schedule_is_the_formula_and_survives_a_checkpoint(tmp_path):
    def rates(epochs):
        torch.manual_seed(0)
        model, seen = nn.Linear(1, 1), []
        optimiser = torch.optim.SGD(model.parameters(), 2.0)
        scheduler = warm_up_and_cosine(optimiser, 20, 0.2)
        loss = lambda rows: seen.append(optimiser.param_groups[0]["lr"]) or model.weight.square().sum() * 1e-6
        train(
            model,
            loss,
            8,
            batch=4,
            epochs=epochs,
            optimiser=optimiser,
            scheduler=scheduler,
            order=generator("t", 0, "o"),
            checkpoint=tmp_path / "c.pt",
        )
        return seen

    seen = rates(4) + rates(10)
    expected = [2 * (t + 1) / 4 if t < 4 else 1 + np.cos(np.pi * (t - 4) / 16) for t in range(20)]
    assert close(seen, expected)


def test_adam_without_decay_is_torchs_adam_and_groups_keep_their_rates():
    ends = []
    for make in (lambda p: adam(p, 0.01), lambda p: torch.optim.Adam(p, 0.01)):
        torch.manual_seed(0)
        model = nn.Linear(3, 2)
        optimiser = make(model.parameters())
        for _ in range(5):
            optimiser.zero_grad()
            model(torch.ones(1, 3)).square().sum().backward()
            optimiser.step()
        ends.append(model.weight.detach().clone())
    assert torch.allclose(*ends, atol=1e-7)
    groups = adam(
        [{"params": [nn.Parameter(torch.zeros(1))]}, {"params": [nn.Parameter(torch.zeros(1))], "lr": 0.001}], 0.01
    ).param_groups
    assert [g["lr"] for g in groups] == [0.01, 0.001]
