"""Every experiment's smallest seed twice in one process, from one thread and from two: equal to the last bit; and no
two random streams among all those they ask for are the same."""

import numpy as np
import pytest
import torch

from mmcl_core import catalog, runtime
from mmcl_core.errors import DataAbsent
from mmcl_core.lab.run import run
from mmcl_core.lab.store import Store

EXPERIMENTS = [e for paper in catalog.papers() for e in paper.experiments]
STREAMS: set[tuple[str, str]] = set()  # every (experiment, purpose) asked for so far


@pytest.fixture(autouse=True)
def noted_streams(monkeypatch):
    draw = runtime.seed_sequence

    def noted(experiment, seed, purpose):
        STREAMS.add((experiment, purpose))
        return draw(experiment, seed, purpose)

    monkeypatch.setattr(runtime, "seed_sequence", noted)


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


def test_no_two_streams_of_the_book_are_the_same():
    """All names of the book (as the tests above have met them) times 200 seeds, by the 128 bits that each begins
    with. Of so many streams told apart by 32 bits, as torch tells its seeds apart, some would be equal."""
    if not STREAMS:
        pytest.skip("no experiment was run before this test")
    names = sorted(STREAMS)
    begins = {
        tuple(runtime.seed_sequence(experiment, seed, purpose).generate_state(4))
        for experiment, purpose in names
        for seed in range(200)
    }
    assert len(begins) == 200 * len(names)
    drawn = {
        tuple(torch.randint(2**16, (8,), generator=runtime.generator(experiment, seed, purpose)).tolist())
        for experiment, purpose in names
        for seed in (0, 1, 9999)
    }
    assert len(drawn) == 3 * len(names)
