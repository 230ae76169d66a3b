"""Joint batches: which rows, in which order, for which rank; and the workers that decode them.

Everything random is a function of (seed, epoch, row), so the number of workers and ranks changes nothing, and a run
resumes at a batch, not at a state of some generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mmcl_core.clip.images import Broken, centre_view, decode, stream, training_view
from mmcl_core.clip.pairs import Pairs, Problems, Subset, subset
from mmcl_core.clip.tokens import Tokens
from mmcl_core.errors import InputError

Batch = tuple[Float[Tensor, "B 3 H W"], Int[Tensor, "B L"], Int[Tensor, "B"]]


def epoch_batches(rows: int, batch: int, seed: int, epoch: int, drop_last: bool) -> list[np.ndarray]:
    """The joint batches of an epoch, as row numbers."""
    order = np.random.default_rng([seed, epoch]).permutation(rows)
    parts = [order[k : k + batch] for k in range(0, rows, batch)]
    return parts[:-1] if drop_last and len(parts[-1]) < batch else parts


def share_of(batch: np.ndarray, rank: int, ranks: int) -> np.ndarray:
    """The rows of a joint batch that `rank` takes: sizes differ by one at most."""
    return np.array_split(batch, ranks)[rank]


def opened(pairs: Pairs, row: int) -> Image.Image:
    """The picture of a row; `InputError` where it cannot be decoded (any more)."""
    try:
        return decode(pairs.picture(row))
    except (Broken, OSError) as error:
        raise InputError(f"The picture {pairs.name(row)} cannot be decoded ({error}): remove it") from None


class Views(Dataset):
    """(epoch, row) to a decoded, augmented picture, the tokens of one of its captions, and its class."""

    def __init__(self, pairs: Pairs, tokens: Tokens, pixels: int, seed: int, label_captions: bool = False) -> None:
        self.pairs, self.tokens, self.pixels, self.seed = pairs, tokens, pixels, seed
        self.label_captions = label_captions

    def __getitem__(self, place: tuple[int, int]) -> tuple[Tensor, Tensor, int]:
        epoch, row = place
        rng = stream(self.seed, epoch, row)
        label = self.pairs.label(row)
        captions = (self.pairs.classes[label],) if self.label_captions else self.pairs.captions(row)
        text = captions[int(rng.integers(len(captions)))]
        return training_view(opened(self.pairs, row), self.pixels, rng), self.tokens([text])[0], label


class EvaluationViews(Dataset):
    """A row to the centre of its picture, the tokens of its first caption, and its class."""

    def __init__(self, pairs: Pairs, tokens: Tokens, pixels: int) -> None:
        self.pairs, self.tokens, self.pixels = pairs, tokens, pixels

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor, int]:
        return (
            centre_view(opened(self.pairs, row), self.pixels),
            self.tokens([self.pairs.captions(row)[0]])[0],
            self.pairs.label(row),
        )


class Plan:
    """The parts of one rank, batch after batch from step `first` on, to the end of the run: one plan a run, so that
    workers are started once."""

    def __init__(self, rows: int, batch: int, seed: int, epochs: int, drop_last: bool, rank: int, ranks: int) -> None:
        self.rows, self.batch, self.seed, self.epochs, self.drop_last = rows, batch, seed, epochs, drop_last
        self.rank, self.ranks, self.first = rank, ranks, 0
        self.each = len(epoch_batches(rows, batch, seed, 0, drop_last))

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for epoch in range(self.first // self.each, self.epochs):
            skipped = max(0, self.first - epoch * self.each)
            for joint in epoch_batches(self.rows, self.batch, self.seed, epoch, self.drop_last)[skipped:]:
                yield [(epoch, int(row)) for row in share_of(joint, self.rank, self.ranks)]


def training_batches(views: Views, plan: Plan, workers: int, pinned: bool) -> Iterator[Batch]:
    """The rank's parts of all joint batches of `plan`, decoded ahead by `workers` processes."""
    yield from loaded(
        DataLoader(
            views,
            batch_sampler=plan,
            num_workers=workers,
            pin_memory=pinned,
            prefetch_factor=4 if workers else None,
            worker_init_fn=one_thread if workers else None,
        )
    )


def loaded(loader: DataLoader) -> Iterator[Any]:
    """What `loader` yields; what goes wrong in one of its processes is one sentence here.

    Raises
    ------
    InputError
        As raised in a process, or when one has died.
    """
    try:
        yield from loader
    except InputError as error:  # torch wraps it into the trace of the process
        said = str(error).strip().splitlines()[-1]
        raise InputError(said.removeprefix(f"{InputError.__module__}.{InputError.__name__}: ")) from None
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise InputError(
            "A process that decodes pictures has died, most likely for want of memory: set workers to fewer"
        ) from None


def one_thread(worker: int) -> None:
    """A worker decodes on its own core; more threads each would fight for it."""
    torch.set_num_threads(1)


def _broken(job: tuple[Pairs, range]) -> list[tuple[int, str]]:
    pairs, rows = job
    found = []
    for i in rows:
        try:
            decode(pairs.picture(i))
        except (Broken, OSError) as error:
            found.append((i, str(error)))
    return found


def scanned(pairs: Pairs, workers: int) -> Subset:
    """`pairs` without those whose picture cannot be decoded, which are added to the problems. Every picture is opened
    once, by `workers` processes."""
    jobs = [(pairs, range(k, min(k + 256, len(pairs)))) for k in range(0, len(pairs), 256)]
    if workers and len(jobs) > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = [b for part in pool.map(_broken, jobs) for b in part]
    else:
        found = [b for job in jobs for b in _broken(job)]
    problems = Problems()
    problems.found.update({kind: list(names) for kind, names in pairs.problems.found.items()})
    for i, _ in found:
        problems.add("pictures that cannot be decoded", pairs.name(i))
    left = subset(pairs, np.setdiff1d(np.arange(len(pairs)), [i for i, _ in found]))
    return Subset(pairs, left.rows, pairs.classes, problems)
