"""Streams are reproducible and independent; devices are named or refused."""

import numpy as np
import pytest
import torch

from mmcl_core.errors import InputError
from mmcl_core.runtime import generator, numpy_generator, resolve_device, use_threads


def draw(*stream):
    return torch.randn(1000, generator=generator(*stream))


def test_same_stream_same_numbers_other_stream_other_numbers():
    base = draw("e", 0, "data")
    assert torch.equal(base, draw("e", 0, "data"))
    for other in (("f", 0, "data"), ("e", 1, "data"), ("e", 0, "weights")):
        correlation = float(torch.corrcoef(torch.stack([base, draw(*other)]))[0, 1])
        assert abs(correlation) < 0.13  # four standard errors of 1000 independent pairs
    assert np.array_equal(numpy_generator("e", 0, "x").random(5), numpy_generator("e", 0, "x").random(5))


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
    monkeypatch.setenv("MMCL_THREADS", "1")
    assert use_threads() == 1 == torch.get_num_threads()
    monkeypatch.setenv("MMCL_THREADS", "many")
    with pytest.raises(InputError, match="MMCL_THREADS"):
        use_threads()
    torch.set_num_threads(before)
