"""Families of the theory: seed-batched trajectories, gradients of the population, losses, and a step as one graph."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.gpu.place import Check, Place, apart, cast
from mmcl_core.losses import clip_loss, nt_xent
from mmcl_core.papers.huang2024 import dynamics as patches
from mmcl_core.papers.huang2024 import setting as patch_setting
from mmcl_core.papers.huang2024.descent import Descent
from mmcl_core.papers.ren2023 import dynamics as moments
from mmcl_core.papers.ren2023 import setting as moment_setting


def huang2024(p: Place) -> Check:
    """50 steps of both modalities; one captured step is the whole update."""
    seeds, n, m, d = range(p.size(256, 2)), p.size(100, 12), p.size(50, 7), p.size(2000, 30)
    exact = patch_setting.gaussian(seeds, n, m, d, 5.0 * d**0.5 / 2000**0.5, 3.0, 1e-3)
    problem = cast(exact, p.device, torch.float32)

    def error() -> float:
        ends = [patches.last(patches.trajectory(q, True, 0.01, 50, 1.0)) for q in (problem, exact)]
        return apart(*(end.first.preactivations for end in ends))

    descent, coefficients = Descent(problem, True, 1.0), patches.start(problem, True)

    def step() -> None:
        descent.look(coefficients)
        for c, ascent in zip(coefficients, descent.ascents(), strict=True):
            c.add_(ascent, alpha=0.01)

    flops = len(seeds) * 2 * (2 * m * (n + 1) ** 2 + 3 * (m + 2) * n * n)
    return Check("huang2024 trajectory", error, 1e-3, step, flops)


def ren2023(p: Place) -> Check:
    """20 minibatch steps of the full model on the same pairs; the time is that of one gradient."""
    v, seeds, batch = moment_setting.views(40, (1.0, 0.8, 0.6, 0.4, 0.2), 0.2), range(p.size(64, 2)), p.size(512, 32)
    start = moment_setting.reduce_width(moment_setting.initial_encoders(v, 200, seeds))

    def run(device: torch.device, dtype: torch.dtype) -> Tensor:
        batches = moments.Batches(v, batch, seeds, device, dtype=dtype)
        *_, (_, e) = moments.descend(
            cast(start, device, torch.float64), v.to(device), lambda _: batches.law(1.0), 1.0, 20
        )
        return e.a

    drawn = moments.Batches(v, batch, seeds, p.device).draw()
    here, views = cast(start, p.device, torch.float64), v.to(p.device)
    law = moments.batch_contrastive(*drawn, 1.0)
    return Check(
        "ren2023 full model",
        lambda: apart(run(p.device, torch.float32), run(torch.device("cpu"), torch.float64)),
        1e-3,
        lambda: moments.velocity(here, views, law),
        len(seeds) * 2 * 2 * batch * batch * 40,
    )


def population(p: Place) -> Check:
    """The exact population gradient, in double precision on both sides."""
    v = moment_setting.views(6, (1.0, 0.5, 0.25), 0.3)
    points, positive = moment_setting.cube(v)
    start = moment_setting.reduce_width(moment_setting.initial_encoders(v, 100, range(p.size(512, 2))))
    there, views = cast(start, p.device, torch.float64), v.to(p.device)
    law = moments.population_contrastive(points.to(p.device), positive.to(p.device), 3.0, 31.0)
    exact = moments.velocity(start, v, moments.population_contrastive(points, positive, 3.0, 31.0))
    return Check(
        "ren2023 population",
        lambda: apart(moments.velocity(there, views, law).a, exact.a),
        1e-11,
        lambda: moments.velocity(there, views, law),
        len(start.a) * 2 * (64 * 64 * 6 + 4 * 64 * 6 * 6),
    )


def losses(p: Place) -> Check:
    """Both losses and their gradients on random embeddings."""
    batch, width = p.size(4096, 32), p.size(512, 16)
    stream = torch.Generator().manual_seed(0)
    first, second = (torch.randn(batch, width, generator=stream, dtype=torch.float64) for _ in range(2))

    def gradient(device: torch.device, dtype: torch.dtype) -> Tensor:
        a, b = (x.to(device, dtype).requires_grad_() for x in (first, second))
        (clip_loss(a, b, 0.07) + nt_xent(a, b, 0.5)).backward()
        return torch.stack([a.grad, b.grad])

    a, b = (x.to(p.device, torch.float32) for x in (first, second))

    def step() -> None:
        clip_loss(a, b, 0.07)

    found = lambda: apart(gradient(p.device, torch.float32), gradient(torch.device("cpu"), torch.float64))  # noqa: E731
    return Check("losses", found, 2e-3, step, 2 * batch * batch * width)


def captured_step(p: Place, steps: int = 20) -> Check:
    """Steps replayed as one graph against the same steps asked for one by one: the same but for rounding."""
    seeds, n, m, d = range(p.size(16, 2)), p.size(100, 12), p.size(50, 7), p.size(2000, 30)
    problem = cast(patch_setting.gaussian(seeds, n, m, d, 5.0, 3.0, 1e-3), p.device, torch.float32)

    def stepped() -> tuple[tuple[Tensor, ...], Callable[[], None]]:
        descent, coefficients = Descent(problem, True, 1.0), patches.start(problem, True)

        def step() -> None:
            descent.look(coefficients)
            for c, ascent in zip(coefficients, descent.ascents(), strict=True):
                c.add_(ascent, alpha=0.01)

        return coefficients, step

    def error() -> float:
        ends = []
        for capture in (False, True):
            coefficients, step = stepped()
            first = [c.clone() for c in coefficients]
            go = p.captured(step) if capture else step
            for c, begin in zip(coefficients, first, strict=True):
                c.copy_(begin)  # capturing has taken steps of its own
            for _ in range(steps):
                go()
            p.wait()
            ends.append(torch.cat([c.flatten() for c in coefficients]))
        return apart(*ends)

    flops = len(seeds) * 2 * (2 * m * (n + 1) ** 2 + 3 * (m + 2) * n * n)
    return Check("captured step", error, 1e-5, stepped()[1], flops)
