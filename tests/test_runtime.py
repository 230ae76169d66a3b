"""Streams are reproducible, distinct and lawful; devices are named or refused."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from mmcl_core.errors import InputError
from mmcl_core.runtime import generator, numpy_generator, resolve_device, seed_sequence, use_threads


def draw(*stream):
    return torch.randn(1000, generator=generator(*stream))


def test_same_stream_same_numbers_other_stream_other_numbers():
    base = draw("e", 0, "data")
    assert torch.equal(base, draw("e", 0, "data"))
    for other in (("f", 0, "data"), ("e", 1, "data"), ("e", 0, "weights")):
        correlation = float(torch.corrcoef(torch.stack([base, draw(*other)]))[0, 1])
        assert abs(correlation) < 0.13  # four standard errors of 1000 independent pairs
    assert np.array_equal(numpy_generator("e", 0, "x").random(5), numpy_generator("e", 0, "x").random(5))


def test_the_words_are_those_of_numpys_twister():
    """Torch's layout of a state is private: that the words stand in their places is seen by what it draws."""
    raw = np.random.MT19937(seed_sequence("e", 7, "words")).random_raw(2001)
    drawn = torch.randint(2**16, (2000,), generator=generator("e", 7, "words"))
    np.testing.assert_array_equal(drawn.numpy(), raw[1:] % 2**16)  # numpy draws the state's last word first


def test_streams_that_32_bits_would_make_equal():
    """These two had the same numbers when a 64-bit seed was given to torch, which takes half of it."""
    first, second = draw("ren2023.population", 1119, "data"), draw("ren2023.expansion", 1400, "data")
    assert not torch.equal(first, second)


def test_across_seeds_the_draws_follow_their_law():
    """One draw from each of 4,000 streams, for neighbouring seeds: uniform, normal, fair permutations, and
    uncorrelated from one seed to the next."""
    streams = [generator("law", seed, "test") for seed in range(4000)]
    uniform = np.array([float(torch.rand((), generator=g)) for g in streams])
    normal = np.array([float(torch.randn((), generator=g)) for g in streams])
    assert stats.kstest(uniform, "uniform").pvalue > 1e-3 and stats.kstest(normal, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(uniform[1:], uniform[:-1])[0, 1]) < 4 / np.sqrt(4000)
    orders = list(itertools.permutations(range(4)))
    counts = np.zeros(len(orders))
    for g in streams:
        counts[orders.index(tuple(torch.randperm(4, generator=g).tolist()))] += 1
    assert stats.chisquare(counts).pvalue > 1e-3


def test_weights_of_layers_come_from_their_stream():
    from mmcl_core.models.towers import seeded

    def weights(seed):
        with seeded("e", seed, "weights"):
            return torch.nn.Linear(3, 2).weight.detach()

    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert torch.equal(weights(0), weights(0)) and not torch.equal(weights(0), weights(1))
    assert torch.equal(torch.get_rng_state(), before)
    bound = 1 / np.sqrt(3)
    expected = torch.empty(2, 3).uniform_(-bound, bound, generator=generator("e", 0, "weights"))
    assert torch.equal(weights(0), expected)


def test_devices():
    assert resolve_device("cpu").type == "cpu"
    with pytest.raises(InputError, match="allowed are auto, cpu, cuda"):
        resolve_device("tpu")
    if not torch.cuda.is_available():
        assert resolve_device("auto").type == "cpu"
        with pytest.raises(InputError, match="no GPU"):
            resolve_device("cuda")


def test_threads(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.delenv("MMCL_THREADS", raising=False)
    torch.set_num_threads(2)
    assert use_threads() == 1 == torch.get_num_threads()
    monkeypatch.setenv("MMCL_THREADS", "2")
    assert use_threads() == 2 == torch.get_num_threads()
    for wrong in ("many", "0", "²", "99999999999"):
        monkeypatch.setenv("MMCL_THREADS", wrong)
        with pytest.raises(InputError, match="MMCL_THREADS"):
            use_threads()
    torch.set_num_threads(before)
