"""Descent on minibatches that can be taken up again: what a run has seen, its encoders and its random streams
are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mmcl_core.checkpoint import Kept, digest
from mmcl_core.papers.ren2023.dynamics import Batches, descend
from mmcl_core.papers.ren2023.setting import Encoders, Views


def follow(
    e: Encoders,
    v: Views,
    batches: Batches,
    inverse_temperature: float | None,
    rate: float,
    steps: int,
    look: Callable[[int, Encoders], Any] = lambda step, encoders: None,
) -> tuple[Encoders, list[Any]]:
    """Descent on fresh batches: the encoders at the end, and what `look` saw at steps 0 to `steps` where it was not
    None (arrays, or dicts of them). A unit of work keeps checkpoints of it."""
    kept = Kept(
        {
            "tau^2": inverse_temperature,
            "rate": rate,
            "steps": steps,
            "batch": batches.size,
            "device": e.a.device.type,
            "torch": torch.__version__,
            "encoders at the start": digest(e.a, e.b),
            "views": digest(v.variance_a, v.variance_b),
            "pairs": digest(*(h for pairs in batches.fixed or () for h in pairs)),
            "random streams": digest(*(stream.get_state() for stream in batches.streams)),
        }
    )
    begun, seen = 0, []
    if (saved := kept.load()) is not None:
        begun, seen = saved["step"], saved["seen"]
        e = Encoders(*(k.to(e.a.device) for k in saved["encoders"]))
        for stream, state in zip(batches.streams, saved["streams"], strict=True):
            stream.set_state(state)
    for step, now in descend(e, v, lambda _: batches.law(inverse_temperature), rate, steps, begun):
        if kept.due(last=step == steps):
            streams = [stream.get_state() for stream in batches.streams]
            kept.save({"step": step, "seen": seen, "encoders": [now.a, now.b], "streams": streams})
        if (found := look(step, now)) is not None:
            seen.append(found)
    return now, seen
