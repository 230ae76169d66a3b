"""Toy experiments that processes of their own can import: some slow, some failing, one that is killed. Run as a
program they are computed by two processes into a store."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from pydantic import Field

from mmcl_core.errors import InputError
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import experiment


class SlowConfig(Config):
    smoke = {"nap": 0.02}
    book = {"nap": 0.05}

    seeds: int = Field(6, ge=1, description="chosen")
    nap: float = Field(0.5, ge=0, description="chosen: seconds a seed")
    place: str = Field("", description="a folder where a killed worker leaves a mark")


def draw(config, seeds):
    time.sleep(config.nap * max(1, len(seeds)))
    return {"x": np.stack([np.random.default_rng(s).normal(size=100) for s in seeds])}


SECONDS = {"smoke": 3, "book": 6, "paper": 60}


@experiment("toy.slow", SlowConfig, seconds=SECONDS, block=1)
def slow(config, seeds, device):
    """Numbers after a nap."""
    return draw(config, seeds)


@experiment("toy.quick", SlowConfig, seconds={"smoke": 1, "book": 1, "paper": 1}, block=3)
def quick(config, seeds, device):
    """The same in blocks of three."""
    return draw(config, seeds)


@experiment("toy.wrong", SlowConfig, seconds=SECONDS, block=1)
def wrong(config, seeds, device):
    """Fails from the third seed on."""
    if seeds[0] >= 2:
        raise InputError("the third seed is too much")
    return draw(config, seeds)


@experiment("toy.killed", SlowConfig, seconds=SECONDS, block=1)
def killed(config, seeds, device):
    """At seed 1 its process is killed, as for want of memory, the first time."""
    mark = Path(config.place) / "killed-once"
    if seeds[0] == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(config, seeds)


@experiment("toy.doomed", SlowConfig, seconds=SECONDS, block=1)
def doomed(config, seeds, device):
    """At seed 1 its process is killed every time."""
    if seeds[0] == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(config, seeds)


@experiment("toy.where", SlowConfig, seconds=SECONDS, block=1)
def where(config, seeds, device):
    """The process that computes, and its threads."""
    import torch

    time.sleep(config.nap)
    return {"pid": np.array([os.getpid()] * len(seeds)), "threads": np.array([torch.get_num_threads()] * len(seeds))}


if __name__ == "__main__":
    from mmcl_core.lab.schedule import prepare, requests
    from mmcl_core.lab.store import Store
    from tests import toy_units

    prepare(
        requests([toy_units.slow, toy_units.quick], "book"),
        Store(Path(sys.argv[1])),
        jobs=2,
        finished=lambda name: f"finished {name}",
    )
