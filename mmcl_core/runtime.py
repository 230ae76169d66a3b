"""Device and dtype choice, thread count, and random streams: everything about the machine, nothing about the
science."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
from contextlib import suppress
from functools import cache

import numpy as np
import torch

from mmcl_core.errors import InputError, shortened, unknown

MOST_THREADS = 1024
DEVICES = ("auto", "cpu", "cuda")


def resolve_device(name: str = "auto") -> torch.device:
    """The torch device called `name`; `auto` takes CUDA when it is there, else the CPU.

    Raises
    ------
    InputError
        For a name outside `DEVICES`, or for `cuda` on a machine where torch sees no GPU.
    """
    if name not in DEVICES:
        raise unknown("device", name, DEVICES)
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "Device 'cuda' was asked for but torch sees no GPU here: allowed are auto and cpu; "
            "install a CUDA build of torch on a machine with a GPU, or leave --device out"
        )
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def device_label(device: torch.device) -> str:
    """What a caption says of the machine: the GPU's name, or the CPU's architecture and the number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{platform.machine()} CPU, {threads} thread{'s' if threads > 1 else ''}"


def use_threads(count: int | None = None) -> int:
    """Set torch's thread count to `count`, else `$MMCL_THREADS`, else one; return it.

    One, because cores are used by processes side by side, and because threads on busy cores can be 50 times slower
    than one: 300 steps of tanh(y w), 200 x 400, on two cores shared with others took 6.8 s of waiting with one thread
    (0.27 s of work) and 59 s with two (5.8 s of work). OpenMP ends every operation with a barrier at which a thread
    spins, and so holds the core, until the other has had its turn there. With `OMP_WAIT_POLICY=passive`, where it
    sleeps instead, two threads took 0.9 to 2.8 s and 0.27 s of work: the command line sets that.

    Raises
    ------
    InputError
        When `$MMCL_THREADS` is not a positive whole number.
    """
    if count is None:
        named = os.environ.get("MMCL_THREADS") or "1"
        if not (named.isascii() and named.isdigit() and 0 < int(named[:6]) <= MOST_THREADS):
            raise InputError(
                f"MMCL_THREADS is '{shortened(named)}': allowed are whole numbers from 1 to {MOST_THREADS}; unset it"
            )
        count = int(named)
    torch.set_num_threads(count)
    return count


@cache
def keep_freed_memory() -> None:
    """Let glibc keep a step's buffers for the next: it returns large ones to the kernel, and having them back costs a
    convolution, or a step with arrays of some megabytes, a third of its time.

    No result depends on it; where there is no glibc nothing happens.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, 512 << 20)  # M_TRIM_THRESHOLD


def seed_sequence(experiment: str, seed: int, purpose: str) -> np.random.SeedSequence:
    """The root of the stream (experiment, seed, purpose): distinct triples give independent streams."""
    digest = hashlib.sha256(f"{experiment}|{purpose}".encode()).digest()
    return np.random.SeedSequence([seed, *np.frombuffer(digest, np.uint32).tolist()])


def generator(experiment: str, seed: int, purpose: str) -> torch.Generator:
    """A CPU generator for one stream. Always on the CPU: the CUDA generator differs between GPU models for one seed,
    so data and initial weights are drawn here and moved.

    Its whole state comes from the seed sequence, as numpy fills its own Mersenne twister: torch's `manual_seed` takes
    32 bits of a seed, and among some thousand streams two would be the same.
    """
    stream = torch.Generator(device="cpu")
    state = stream.manual_seed(0).get_state()
    words = np.random.MT19937(seed_sequence(experiment, seed, purpose)).state["state"]["key"]
    # Torch keeps the twister's 624 words in 64 bits each, after its seed, two counters and the place of the next word.
    state[24 : 24 + 8 * len(words)] = torch.from_numpy(words.astype(np.uint64).view(np.uint8))
    return stream.set_state(state)


def numpy_generator(experiment: str, seed: int, purpose: str) -> np.random.Generator:
    """The same stream idea for numpy and scikit-learn."""
    return np.random.default_rng(seed_sequence(experiment, seed, purpose))
