"""Computing several experiments at once: one process for each core, results meeting in the store."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from multiprocessing import active_children, get_context

from mmcl_core.errors import InputError
from mmcl_core.lab.config import Tier
from mmcl_core.lab.experiment import Experiment
from mmcl_core.lab.run import run, why


def _one(experiment: Experiment, tier: str, seeds: int | str | None, device: str) -> None:
    run(experiment, tier, seeds, device)


def _missing(experiment: Experiment, tier: Tier, seeds: int | str | None, device: str) -> bool:
    """Whether it can and must be computed: one whose data are absent or damaged is left to its chapter, which says
    so."""
    try:
        return bool(why(experiment, tier, seeds, device))
    except InputError:
        return False


def warm(
    experiments: Sequence[Experiment],
    tier: Tier | str,
    seeds: int | str | None,
    device: str,
    jobs: int,
    limit: float = 3600,
) -> list[str]:
    """Have the results of `experiments` in the store: what is missing is computed by `jobs` processes of one thread
    each, longest first.

    Returns the names of those that failed or were not done within `limit` seconds. Nothing is raised for them: whoever
    asks for
    such a result next meets the same error where it can be explained, in a cell or in the terminal.
    """
    tier = Tier.parse(tier)
    missing = [e for e in experiments if _missing(e, tier, seeds, device)]
    longest_first = sorted(missing, key=lambda e: -e.seconds.get(tier, 0))
    if not missing:
        return []
    # Spawned, not forked: torch's threads do not survive a fork.
    futures: dict[Future, str] = {}
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        # Workers are born deaf to Ctrl-C, which reaches every process of a terminal: ending them is this process's
        # affair.
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        futures |= {pool.submit(_one, e, tier.value, seeds, device): e.name for e in longest_first}
        signal.signal(signal.SIGINT, previous)
        # Asked for again and again, because a wait without an end would not hear Ctrl-C on every system.
        begin, pending = time.monotonic(), set(futures)
        while pending and time.monotonic() - begin < limit:
            pending = wait(pending, timeout=min(5.0, limit)).not_done
        return [name for future, name in futures.items() if future in pending or future.exception() is not None]
    finally:
        if any(not future.done() for future in futures):
            for worker in active_children():
                worker.kill()
        pool.shutdown(cancel_futures=True)
