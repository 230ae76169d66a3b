"""One training run of a CLIP: alone, or as one of torchrun's ranks."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmcl_core.clip.batches import EvaluationViews, Plan, Views, scanned, training_batches
from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.evaluate import embedded, measures
from mmcl_core.clip.log import check_place, log
from mmcl_core.clip.memory import chunk_for
from mmcl_core.clip.objective import Method, backward, make_objective
from mmcl_core.clip.pairs import Pairs, subset
from mmcl_core.clip.parallel import Ranks, ranks
from mmcl_core.clip.runs import checkpoint, write_history
from mmcl_core.clip.shards import read_pairs
from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.towers import Clip, make_clip
from mmcl_core.clip.weights import load_weights
from mmcl_core.errors import InputError
from mmcl_core.models.towers import seeded
from mmcl_core.runtime import generator
from mmcl_core.train import adam, warm_up_and_cosine

EVERY = 50  # steps between looks at the loss: each makes the host wait for the device


@dataclass
class Trained:
    """What a run leaves: a row of measures an evaluation, and the embeddings of the test pairs at the end."""

    history: list[dict[str, float]]
    image: np.ndarray
    text: np.ndarray


def prepared(run: ClipRun, seed: int) -> tuple[Pairs, Pairs]:
    """The pairs to train and to test on, scanned, complained of, and cut to `run.share`.

    Raises
    ------
    DataAbsent, InputError
        As `read_pairs`; when pairs cannot be used and `on_broken` refuses; when a batch is more than there is.
    """
    both = []
    for split in (run.train, run.test):
        pairs = scanned(read_pairs(run.data, run.format, split), run.workers)
        if run.captions == "label" or not run.same_class_negatives:
            pairs = _with_class(pairs)
        pairs.problems.settle(run.on_broken)
        both.append(pairs)
    train, test = both
    if run.share < 1:
        kept = np.random.default_rng([seed, 2]).permutation(len(train))[: round(run.share * len(train))]
        train = subset(train, np.sort(kept))
    if len(train) < run.batch:
        of_all = f", a share of {run.share:g}" if run.share < 1 else ""
        raise InputError(f"A batch of {run.batch} cannot be drawn from {len(train)} pairs{of_all}: set a smaller batch")
    if len(test) < 2:
        raise InputError(
            f"The split '{run.test}' has {len(test)} usable pairs: at least 2 are needed to measure anything"
        )
    return train, test


def _with_class(pairs: Pairs) -> Pairs:
    if not pairs.classes:
        raise InputError("Classes are asked for (captions=label, or same_class_negatives=false) but there are none: "
                         "put instances_<split>.json beside the captions")  # fmt: skip
    rows = np.array([i for i in range(len(pairs)) if pairs.label(i) >= 0], int)
    for i in np.setdiff1d(np.arange(len(pairs)), rows):
        pairs.problems.add("pictures without a class", pairs.name(int(i)))
    return subset(pairs, rows)


def optimiser_of(clip: Clip, run: ClipRun, method: Method) -> torch.optim.AdamW:
    """OpenCLIP's groups: matrices decay, gains, biases and the temperature do not; the temperature has its own rate."""
    named = [(n, p) for n, p in clip.named_parameters() if p.requires_grad]
    own = [p for n, p in named if n.startswith("temperature.")]
    flat = [p for n, p in named if not n.startswith("temperature.") and p.ndim < 2]
    matrices = [p for n, p in named if not n.startswith("temperature.") and p.ndim >= 2]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": run.weight_decay},
        {"params": flat, "weight_decay": 0.0},
    ]
    if own:
        groups.append({"params": own, "weight_decay": 0.0, "lr": run.rate * method.rate})
    return adam(groups, run.rate, betas=run.betas, eps=run.eps)


def train_clip(
    run: ClipRun, method: Method, seed: int, device: torch.device, out: Path, quiet: bool = False
) -> Trained:
    """Train `run` once, from its checkpoint in `out` when there is one, and measure it.

    Raises
    ------
    InputError
        As `prepared`; when the ranks do not divide the batch, the loss is not finite, or the checkpoint is not this
        run's.
    """
    with ranks(device) as here:
        return _train(run, method, seed, here, out, quiet)


def _train(run: ClipRun, method: Method, seed: int, here: Ranks, out: Path, quiet: bool) -> Trained:
    if run.batch % here.size:
        raise InputError(
            f"{here.size} processes cannot share a batch of {run.batch} evenly: set batch to a multiple of {here.size}"
        )
    if here.first:
        check_place(run, out)
    if here.device.type == "cpu" and here.size > 1:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // here.size))
    tokens = Tokens(run.tokenizer, run.context)
    train, test = prepared(run, seed)
    with seeded("clip", seed, "weights"):
        clip = make_clip(run, tokens, method.make_temperature())
    if run.weights:
        load_weights(clip, Path(run.weights).expanduser(), run.activation)
    clip = clip.to(here.device)
    if run.memory or run.chunk:
        if clip.has_batch_statistics:
            raise InputError(f"Cached gradients are exact only where no row depends on another: {run.image_tower} has "
                             "batch norm; choose a ViT, or leave memory and chunk out")  # fmt: skip
    optimiser = optimiser_of(clip, run, method)
    plan = Plan(len(train), run.batch, seed, run.epochs, run.drop_last, here.rank, here.size)
    steps = plan.each * run.epochs
    scheduler = warm_up_and_cosine(optimiser, steps, run.warm_up)
    swaps = generator("clip", seed, "swaps")
    objective = make_objective(method, run.same_class_negatives, swaps)
    kept = checkpoint(run, seed, out, pairs=len(train))
    history: list[dict[str, float]] = []
    if state := kept.load():
        clip.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        scheduler.load_state_dict(state["scheduler"])
        swaps.set_state(state["swaps"])
        plan.first, history = state["step"], state["history"]
    model: nn.Module = (
        DistributedDataParallel(clip, device_ids=[here.device.index] if here.device.type == "cuda" else None)
        if here.size > 1
        else clip
    )
    views = Views(train, tokens, run.pixels, seed, run.captions == "label")
    half = run.precision == "bfloat16" or (run.precision == "auto" and here.device.type == "cuda")
    chunk, losses, begin, first = None, torch.zeros((), device=here.device), time.monotonic(), plan.first
    model.train()
    for step, (pictures, words, labels) in enumerate(_on(here, views, plan, run), first):
        if chunk is None:
            chunk = chunk_for(run, clip, pictures, words, half)
        if method.schedule is not None:
            clip.temperature.set(method.schedule(step / max(1, steps - 1)))
        optimiser.zero_grad(set_to_none=True)
        if run.dropout:  # a step's own stream: what is dropped does not depend on where a run was resumed
            torch.manual_seed((seed * steps + step) * here.size + here.rank)
        try:
            loss = backward(model, objective, pictures, words, labels, chunk, half)
        except InputError:
            if torch.isfinite(clip.temperature.nu):
                raise
            raise _not_finite(step, run) from None
        if run.clip_gradient:
            nn.utils.clip_grad_norm_(clip.parameters(), run.clip_gradient)
        optimiser.step()
        scheduler.step()
        clip.temperature.clamp()
        losses += loss
        done = step + 1
        if (done % EVERY == 0 or done % plan.each == 0) and not math.isfinite(float(losses)):
            raise _not_finite(done, run)
        epoch = done // plan.each
        if done % plan.each == 0 and (epoch % run.evaluate_every == 0 or epoch == run.epochs):
            seconds = time.monotonic() - begin
            image, text = embedded(
                clip, EvaluationViews(test, tokens, run.pixels), run.batch, run.workers, here.device, half
            )
            since = done - (history[-1]["step"] if history else 0)
            row = {
                "step": done, "epoch": epoch, "loss": float(losses) / max(1, since),
                "temperature": clip.temperature().item(),
                **measures(image, text, min(run.gap_pairs, len(image)), seed),
                "images_per_second": (done - first) * run.batch / seconds,
                "gigabytes": torch.cuda.max_memory_allocated(here.device) / 1e9 if here.device.type == "cuda" else 0.0,
                "hours_left": seconds / (done - first) * (steps - done) / 3600,
            }  # fmt: skip
            losses.zero_()
            history.append(row)
            if here.first:
                log(run, row, history, out, seed, quiet)
                if not all(bool(torch.isfinite(p).all()) for p in clip.parameters()):
                    raise _not_finite(done, run)  # nothing is written over the last good state
                kept.save({
                    "model": clip.state_dict(), "optimiser": optimiser.state_dict(), "history": history, "step": done,
                    "scheduler": scheduler.state_dict(), "swaps": swaps.get_state(),
                })  # fmt: skip
    if here.first:
        write_history(run, seed, out, history)
    image, text = embedded(clip, EvaluationViews(test, tokens, run.pixels), run.batch, run.workers, here.device, half)
    return Trained(history, image, text)


def _not_finite(step: int, run: ClipRun) -> InputError:
    return InputError(
        f"The loss is not finite at step {step}: lower the rate (now {run.rate:g}), set clip_gradient, or use "
        "precision=float32"
    )


def _on(here: Ranks, views: Views, plan: Plan, run: ClipRun) -> Iterator[tuple[torch.Tensor, ...]]:
    """Batches on the rank's device, copied while the last one computes."""
    pinned = here.device.type == "cuda"
    for batch in training_batches(views, plan, run.workers, pinned):
        yield tuple(part.to(here.device, non_blocking=pinned) for part in batch)
