"""Every experiment's smallest seed twice in one process, from one thread and from two: equal to the last bit."""

import numpy as np
import pytest
import torch

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent
from mmcl_core.lab.run import run
from mmcl_core.lab.store import Store

EXPERIMENTS = [e for paper in catalog.papers() for e in paper.experiments]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.name)
def test_the_same_seed_gives_the_same_bytes(experiment, tmp_path):
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(
                run(
                    experiment,
                    "smoke",
                    None if experiment.deterministic else "0,",
                    "cpu",
                    Store(tmp_path / str(threads)),
                )
            )
            assert torch.get_num_threads() == threads
    except DataAbsent as absent:
        pytest.skip(str(absent))
    finally:
        torch.set_num_threads(before)
    first, again = results
    assert not again.cached and "1 thread" in again.device
    assert [
        n for n in first if np.ascontiguousarray(first[n]).tobytes() != np.ascontiguousarray(again[n]).tobytes()
    ] == []
