"""Every experiment's smallest seed twice, to the last bit: in one process, with one thread and with two."""

import hashlib

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent
from mmcl_core.lab.config import Tier

EXPERIMENTS = [e for paper in catalog.papers() for e in paper.experiments]


def digests(experiment, threads):
    """SHA-256 of every array, computed on `threads` threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            config = experiment.config.at(Tier.smoke)
            arrays = experiment.compute(config, [] if experiment.deterministic else [0], torch.device("cpu"))
    finally:
        torch.set_num_threads(before)
    return {name: hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest() for name, a in arrays.items()}


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.name)
def test_the_same_seed_gives_the_same_bytes(experiment):
    try:
        first, again = digests(experiment, 1), digests(experiment, 2)
    except DataAbsent as absent:
        pytest.skip(str(absent))
    assert [name for name in first if first[name] != again[name]] == []
