"""Where the check runs, what a check is, and how far two answers are apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

Step = Callable[[], Any]


@dataclass(frozen=True)
class Place:
    """Where it runs, and what differs there: waiting, capturing, memory."""

    device: torch.device

    @property
    def cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def card(self) -> str:
        return torch.cuda.get_device_name(self.device) if self.cuda else "processor, tiny sizes"

    def size(self, large: int, tiny: int) -> int:
        """`large` on a card, `tiny` on a processor."""
        return large if self.cuda else tiny

    def wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()

    def captured(self, step: Step) -> Step:
        """`step` as one graph, so that Python is asked once and not at every operation; itself on a processor."""
        if not self.cuda:
            return step
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        return graph.replay

    def seconds(self, step: Step, most: float) -> float:
        """Of one step: the mean of as many as fit into `most` seconds, without a wait between them."""
        step()
        self.wait()
        count, begin = 1, time.perf_counter()
        while True:
            for _ in range(count):
                step()
            self.wait()
            taken = time.perf_counter() - begin
            if taken > most / 2:
                return taken / (2 * count - 1)
            count *= 2

    def peak(self, step: Step) -> float:
        """MiB on the card at the highest point of a step; 0 on a processor, where `make bench` measures it."""
        if not self.cuda:
            step()
            return 0.0
        torch.cuda.reset_peak_memory_stats()
        step()
        self.wait()
        return torch.cuda.max_memory_allocated() / 2**20

    def ceiling(self, most: float) -> float:
        """TFLOP/s of a large matrix product in single precision as it is set (TF32 or not)."""
        n = self.size(8192, 256)
        a = torch.randn(n, n, device=self.device)
        return 2e-12 * n**3 / self.seconds(lambda: a @ a, most)


@dataclass(frozen=True)
class Check:
    """One family: the error of its run here against double precision on the processor, and one step to time.

    `step` allocates nothing that outlives it and reads nothing back, so that it can be captured; `plain_step` is the
    same where it cannot.
    """

    family: str
    error: Callable[[], float]
    tolerance: float
    step: Step
    flops: float
    capture: bool = True


def cast(part: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """A tree of dataclasses with its floating arrays in `dtype`, on `device`."""
    if isinstance(part, Tensor):
        return part.to(device, dtype if part.is_floating_point() else None)
    if is_dataclass(part):
        return replace(part, **{f.name: cast(getattr(part, f.name), device, dtype) for f in fields(part)})
    return part


def apart(found: Tensor, exact: Tensor) -> float:
    """Largest difference over the largest value."""
    exact = exact.detach().double().cpu()
    return float((found.detach().double().cpu() - exact).abs().max() / exact.abs().max())
