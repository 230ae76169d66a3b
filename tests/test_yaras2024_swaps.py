"""Yaras et al. 2024: swaps of the trained towers and of the model of Fig. 2, against literal loops and their own
random numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import special_ortho_group
from torch.nn.functional import cross_entropy

from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024 import swapping
from mmcl_core.papers.yaras2024.methods import Swap
from mmcl_core.papers.yaras2024.points import Ring
from mmcl_core.runtime import generator, numpy_generator
from tests.tolerances import close


def unit(seed, n=12, d=5, shift=0.0):
    x = np.random.default_rng(seed).standard_normal((n, d)) + shift
    return x / np.linalg.norm(x, axis=1, keepdims=True)


# Of the trained towers


@pytest.mark.parametrize("kind", ["hard", "soft", "rows"])
def test_a_swap_equals_its_literal_loop(kind):
    image, text = (torch.as_tensor(unit(k), dtype=torch.float32) for k in (0, 1))
    swapped = Swap(kind, 1.0)(image, text, generator("t", 0, "swap"))
    stream = generator("t", 0, "swap")
    torch.rand((), generator=stream)  # whether this step swaps
    drawn = torch.rand(len(image), 1 if kind == "rows" else image.shape[1], generator=stream)
    for i in range(len(image)):
        for j in range(image.shape[1]):
            u = float(drawn[i, 0 if kind == "rows" else j])
            own = u if kind == "soft" else float(u < 0.5)
            assert float(swapped[0][i, j]) == pytest.approx(
                own * float(image[i, j]) + (1 - own) * float(text[i, j]), abs=1e-6
            )
            assert float(swapped[1][i, j]) == pytest.approx(
                own * float(text[i, j]) + (1 - own) * float(image[i, j]), abs=1e-6
            )


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(["hard", "soft", "rows"]), st.integers(0, 50))
def test_a_swap_moves_nothing_out_of_a_pair(kind, seed):
    """The sum of a pair's embeddings is conserved, coordinate by coordinate, so nothing is normalised again; a hard
    swap keeps the entries themselves."""
    image, text = (torch.as_tensor(unit(seed + k)) for k in (0, 100))
    first, second = Swap(kind, 1.0)(image, text, generator("t", seed, "swap"))
    assert close(first + second, image + text)
    if kind != "soft":
        assert close(torch.stack([first, second]).sort(0).values, torch.stack([image, text]).sort(0).values)


def test_swaps_come_as_often_as_they_should():
    image, text = (torch.as_tensor(unit(k)) for k in (0, 1))
    for probability, low, high in ((0.0, 0, 0), (0.1, 60, 140), (1.0, 1000, 1000)):
        stream, swap = generator("t", 1, "swap"), Swap("hard", probability)
        assert low <= sum(not torch.equal(swap(image, text, stream)[0], image) for _ in range(1000)) <= high


def test_gradients_pass_the_swap_into_both_towers():
    image, text = (torch.as_tensor(unit(k)).requires_grad_() for k in (0, 1))
    first, _ = Swap("soft", 1.0)(image, text, generator("t", 0, "swap"))
    own, other = torch.autograd.grad(first.sum(), (image, text))
    assert close(own + other, torch.ones_like(own))
    assert (own > 0).all() and (other > 0).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [(lambda: Swap("hard", 1.2), "between 0 and 1"), (lambda: Swap("columns", 0.5), "kind of swap")],
)
def test_impossible_swaps_get_one_sentence(make, words):
    with pytest.raises(InputError, match=words) as error:
        make()
    assert "\n" not in str(error.value)


# In the model of Fig. 2


def literal_descent(kind, probability, seed, steps, rate, block):
    """The gap after so many steps, one seed and one step at a time, gradients by autograd on the whole loss."""
    ring = Ring()
    turn = special_ortho_group.rvs(3, random_state=numpy_generator("yaras2024.swaps", seed, "rotation"))
    x, y = (torch.as_tensor(np.array([p @ turn for p in points])) for points in ring.start())
    log_beta = torch.tensor(np.log(ring.beta))
    stream = numpy_generator("yaras2024.swaps", seed, "swaps")
    target = torch.arange(ring.n)
    for step in range(steps):
        if step % block == 0:
            entries, decisions = stream.random((block, ring.n, 3)), stream.random(block)
        u, swaps = torch.as_tensor(entries[step % block]), decisions[step % block] < probability
        own = {"hard": (u < 0.5).double(), "soft": u, "row": (u[:, :1] < 0.5).double().expand(-1, 3)}[kind]
        own = own if swaps else torch.ones_like(own)
        leaves = [z.clone().requires_grad_() for z in (x, y, log_beta)]
        first, second = (own * a + (1 - own) * b for a, b in ((leaves[0], leaves[1]), (leaves[1], leaves[0])))
        logits = leaves[2].exp() * first @ second.T
        loss = (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
        gx, gy, gb = torch.autograd.grad(loss, leaves)
        moved = []
        for z, g in ((x, gx), (y, gy)):
            tangent = g - (g * z).sum(1, keepdim=True) * z
            z = z - rate * tangent
            moved.append(z / z.norm(dim=1, keepdim=True))
        x, y = moved
        log_beta = log_beta - rate * gb
    return float((x.mean(0) - y.mean(0)).norm())


@pytest.mark.parametrize("kind", ["hard", "soft", "row"])
def test_the_descent_with_swaps_equals_its_literal_loop(kind, monkeypatch):
    """Over two blocks of random numbers, so that a block drawn once or shared by seeds is seen."""
    monkeypatch.setattr(swapping, "BLOCK", 7)
    gap, _ = swapping.train(Ring(), [swapping.Swap(kind, 0.6)], [0, 4], 20, 0.05, [20])
    for s, seed in enumerate((0, 4)):
        assert close(gap[s, 0, 0], literal_descent(kind, 0.6, seed, 20, 0.05, 7))
