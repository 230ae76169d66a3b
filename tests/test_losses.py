"""Contrastive losses against literal loops, gradients against finite differences, and what symmetry demands."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcl_core.errors import InputError
from mmcl_core.losses import clip_loss, nt_xent, symmetric_cross_entropy
from tests.tolerances import close


def embeddings(seed, b=5, d=4):
    return [
        torch.randn(b, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed + k)) for k in (0, 1000)
    ]


def unit(x):
    return x / np.linalg.norm(x)


@pytest.mark.parametrize("temperature", [0.07, 0.5, 2.0])
def test_nt_xent_is_the_literal_double_loop(temperature):
    a, b = embeddings(0)
    z = [unit(v) for v in (*a.numpy(), *b.numpy())]
    total = 0.0
    for i in range(10):
        j = (i + 5) % 10
        total -= np.log(
            np.exp(z[i] @ z[j] / temperature) / sum(np.exp(z[i] @ z[k] / temperature) for k in range(10) if k != i)
        )
    assert close(nt_xent(a, b, temperature), total / 10)


@pytest.mark.parametrize("temperature", [0.07, 1.0])
@pytest.mark.parametrize("masked", [False, True])
def test_clip_loss_is_the_literal_double_loop(temperature, masked):
    a, b = embeddings(1)
    ignored = torch.zeros(5, 5, dtype=torch.bool)
    if masked:
        ignored[0, 3] = ignored[3, 0] = ignored[1, 2] = True
    x, y = [unit(v) for v in a.numpy()], [unit(v) for v in b.numpy()]
    total = 0.0
    for i in range(5):
        row = sum(np.exp(x[i] @ y[j] / temperature) for j in range(5) if not ignored[i, j])
        column = sum(np.exp(x[j] @ y[i] / temperature) for j in range(5) if not ignored[j, i])
        total -= np.log(np.exp(x[i] @ y[i] / temperature) / row) + np.log(np.exp(x[i] @ y[i] / temperature) / column)
    assert close(clip_loss(a, b, temperature, ignored if masked else None), total / 10)


@pytest.mark.parametrize("loss", [nt_xent, clip_loss])
def test_gradients(loss):
    a, b = (x.requires_grad_() for x in embeddings(2))
    assert torch.autograd.gradcheck(lambda x, y: loss(x, y, 0.5), (a, b))


def test_indistinguishable_embeddings_cost_the_logarithm_of_the_choices():
    same = torch.ones(6, 3, dtype=torch.float64)
    assert close(nt_xent(same, same, 0.1), np.log(11))
    assert close(clip_loss(same, same, 0.1), np.log(6))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_symmetries(seed, stretch):
    a, b = embeddings(seed)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    for loss in (nt_xent, clip_loss):
        value = loss(a, b, 0.3)
        assert close(loss(a[order], b[order], 0.3), value)  # the batch has no order
        assert close(loss(b, a, 0.3), value)  # neither view comes first
        assert close(loss(stretch * a, b, 0.3), value)  # lengths do not count
        assert float(loss(a, a, 0.05)) <= float(loss(a, a[order], 0.05)) + 1e-9  # true pairs cost least


@pytest.mark.parametrize("loss", [nt_xent, clip_loss])
def test_a_seed_costs_the_same_alone_and_in_company(loss):
    first, second = torch.randn(
        2, 3, 4, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(3)
    )  # two seed axes: 3 x 4
    together = loss(first, second, 0.2)
    assert together.shape == (3, 4)
    alone = [loss(a, b, 0.2) for a, b in zip(first.flatten(0, 1), second.flatten(0, 1), strict=True)]
    assert close(together.flatten(), torch.stack(alone))


def test_a_mask_of_every_other_caption_leaves_nothing_to_confuse():
    a, b = embeddings(4)
    assert close(clip_loss(a, b, 0.1, ~torch.eye(5, dtype=torch.bool)), 0.0)


@pytest.mark.parametrize("loss", [nt_xent, clip_loss])
def test_degenerate_embeddings_stay_finite(loss):
    zero, (a, b) = torch.zeros(5, 4, dtype=torch.float64, requires_grad=True), embeddings(5)
    value = loss(zero, b, 0.1)
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(zero.grad).all()  # a dead encoder
    assert torch.isfinite(loss(1e150 * a, b, 1e-3)) and torch.isfinite(loss(1e-8 * a, b, 1e-3))
    assert close(loss(a[:1], b[:1], 0.1), 0.0)  # one pair has no negative


@pytest.mark.parametrize("loss", [nt_xent, clip_loss])
def test_autocast_does_not_touch_the_logits(loss):
    a, b = (x.float() for x in embeddings(6))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under = loss(a, b, 0.07)
    assert under.dtype == torch.float32 and close(under, loss(a, b, 0.07))


def test_symmetric_cross_entropy_is_torchs_in_both_directions():
    logits = torch.randn(2, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    target = torch.arange(6)
    for ours, m in zip(symmetric_cross_entropy(logits), logits, strict=True):
        plain = (torch.nn.functional.cross_entropy(m, target) + torch.nn.functional.cross_entropy(m.T, target)) / 2
        assert close(ours, plain)
    shifted = symmetric_cross_entropy(logits - 3.7)
    assert close(shifted, symmetric_cross_entropy(logits))  # a constant added to all logits changes nothing


def test_the_temperature_has_a_gradient_where_it_is_learnt():
    a, b = embeddings(8)
    nu = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: clip_loss(a, b, torch.exp(-v)), (nu,))


@pytest.mark.parametrize("loss", [nt_xent, clip_loss])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [1e-1, 1e-3, 1e-6])
def test_what_is_told_apart_costs_nothing_at_any_temperature(loss, dtype, temperature):
    """Sixty-four orthogonal pairs: every other text is at least 1/temperature of logit away, so the loss is the
    logarithm of 1 + (choices - 1) e^(-1/temperature), and zero below a temperature of 0.01."""
    pairs = torch.eye(64, dtype=dtype) * torch.linspace(0.5, 3, 64, dtype=dtype)[:, None]
    turn = torch.linalg.qr(torch.randn(64, 64, dtype=dtype, generator=torch.Generator().manual_seed(0))).Q
    others = 126 if loss is nt_xent else 63
    exact = np.log1p(others * np.exp(-1 / temperature))
    value = float(loss(pairs @ turn, pairs @ turn, temperature))
    assert value >= 0 and value == pytest.approx(exact, abs=1e-6 if dtype is torch.float32 else 1e-14)


@pytest.mark.parametrize(("dtype", "allowed"), [(torch.float32, 2e-6), (torch.float64, 1e-14)])
def test_two_pairs_that_are_the_same_cost_log_two_each_beside_logits_of_a_thousand(dtype, allowed):
    """The rest costs nothing, so the loss is 2 log(2) / 64; a difference of two means of a thousand would drown it."""
    pairs = torch.eye(64, dtype=dtype)
    pairs[1] = pairs[0]
    turn = torch.linalg.qr(torch.randn(64, 64, dtype=dtype, generator=torch.Generator().manual_seed(0))).Q
    assert float(clip_loss(pairs @ turn, pairs @ turn, 1e-3)) == pytest.approx(np.log(2) / 32, abs=allowed)


@pytest.mark.parametrize("loss", [nt_xent, clip_loss])
@pytest.mark.parametrize("temperature", [0, 0.0, -0.1, float("nan"), torch.tensor(0.0), torch.tensor([0.1, -1.0])])
def test_a_temperature_that_is_not_positive_is_refused(loss, temperature):
    a, b = embeddings(9)
    with pytest.raises(InputError, match="it must be above 0"):
        inspect.unwrap(loss)(a, b, temperature)


@pytest.mark.parametrize("loss", [nt_xent, clip_loss])
def test_what_are_no_pairs_of_tensors_is_refused(loss):
    a, b = embeddings(9)
    plain = inspect.unwrap(loss)  # a user has no shapes checked
    with pytest.raises(InputError, match=r"not a numpy.ndarray: write torch.as_tensor"):
        plain(a.numpy(), b.numpy(), 0.1)
    with pytest.raises(InputError, match="are no pairs"):
        plain(a, b[:3], 0.1)
