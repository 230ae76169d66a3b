"""Computing several experiments at once: one process for each core, results meeting in the store."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import active_children, get_context

from threadpoolctl import threadpool_limits

from mmcl_core.config import Tier
from mmcl_core.errors import DataAbsent
from mmcl_core.experiment import Experiment
from mmcl_core.run import run, why
from mmcl_core.runtime import use_threads


def _one(tier: str, seeds: int | str | None, device: str, name: str) -> None:
    use_threads(1)
    try:
        with threadpool_limits(1):  # numpy's and scikit-learn's own threads would fight over the cores
            run(name, tier, seeds, device)
    except Exception:
        # Whoever asks for this result next meets the same error where it can be explained: in a cell, or in the terminal.
        return


def _missing(experiment: Experiment, tier: Tier, seeds: int | str | None, device: str) -> bool:
    """Whether it can and must be computed: one whose data are absent is left to the chapter, which says so."""
    try:
        return bool(why(experiment, tier, seeds, device))
    except DataAbsent:
        return False


def warm(experiments: Sequence[Experiment], tier: Tier | str, seeds: int | str | None, device: str, jobs: int) -> None:
    """Have the results of `experiments` in the store: what is missing is computed by `jobs` processes of one thread each, longest first."""
    tier = Tier.parse(tier)
    missing = [e for e in experiments if _missing(e, tier, seeds, device)]
    longest_first = sorted(missing, key=lambda e: -e.seconds.get(tier, 0))
    if not missing:
        return
    # Spawned, not forked: torch's threads do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        # Workers are born deaf to Ctrl-C, which reaches every process of a terminal: ending them is this process's affair.
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        done = pool.map(partial(_one, tier.value, seeds, device), [e.name for e in longest_first])
        signal.signal(signal.SIGINT, previous)
        try:
            list(done)
        except BrokenProcessPool:
            return  # a worker was killed, for memory most likely: the chapter that needs its result computes it alone and says so
        except KeyboardInterrupt:
            for worker in active_children():
                worker.kill()
            raise
