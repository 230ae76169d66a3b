"""A toy experiment for tests of the store, the runner and the claims."""

import numpy as np
from pydantic import Field

from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import experiment


class ToyConfig(Config):
    book = {"size": 5}
    smoke = {"size": 3, "seeds": 2}

    seeds: int = Field(4, ge=1, description="chosen")
    size: int = Field(10, ge=1, le=1000, description="chosen")
    slope: float = Field(2.0, gt=0, description="chosen")


CALLS = []


@experiment("toy.line", ToyConfig, coordinates=("x",), seconds={"smoke": 0, "book": 0, "paper": 0})
def line(config, seeds, device):
    """A line through the origin, one intercept a seed."""
    CALLS.append(tuple(seeds))
    x = np.arange(config.size, dtype=float)
    return {"x": x, "y": np.stack([config.slope * x + s for s in seeds])}
