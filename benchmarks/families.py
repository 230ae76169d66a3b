"""One training problem of each family, three ways: the plain script, JAX under jit and vmap, and the core.

A way is a function of the seeds; what it does includes the drawing of data and of weights, as a reader's run would.
JAX computes in single precision, and so does the core here (the chapters' short runs stay in double precision).
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from mmcl_core.data.scenes import scenes  # noqa: E402
from mmcl_core.papers.huang2024 import dynamics as patches  # noqa: E402
from mmcl_core.papers.huang2024 import setting as patch_setting  # noqa: E402
from mmcl_core.papers.ren2023 import dynamics as moments  # noqa: E402
from mmcl_core.papers.ren2023 import setting as moment_setting  # noqa: E402
from mmcl_core.papers.xue2024 import linear  # noqa: E402
from mmcl_core.papers.yaras2024 import swapping, towers  # noqa: E402
from mmcl_core.papers.yaras2024.methods import METHODS  # noqa: E402
from mmcl_core.papers.yaras2024.points import Ring  # noqa: E402

BLOCK = 16  # seeds that the core trains at once: more do not fit the caches and gain nothing
Way = Callable[[Sequence[int]], object]


def script(key: str) -> ModuleType:
    """`minimal/<key>.py` as a module."""
    spec = importlib.util.spec_from_file_location(key, HERE.parent / "minimal" / f"{key}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def jax_ways() -> ModuleType | None:
    """The rivals in JAX, or None where it is not installed."""
    with suppress(ImportError):
        from benchmarks import rivals

        return rivals
    return None


@dataclass(frozen=True)
class Family:
    """`ways` by name; `steps` of each seed; `flops` a step and seed, of the products that the core needs."""

    name: str
    ways: dict[str, Way]
    steps: int
    flops: float
    counts: tuple[int, ...] = (1, 4, 16, 64)
    sizes: dict[str, int] = field(default_factory=dict)


def in_blocks(job: Way, size: int = BLOCK) -> Way:
    """The same job in blocks of seeds."""
    return lambda seeds: [job(seeds[k : k + size]) for k in range(0, len(seeds), size)]


def huang2024(steps: int = 200, n: int = 100, m: int = 50, d: int = 2000) -> Family:
    """Figure 1's two modalities."""
    module, rivals = script("huang2024"), jax_ways()

    def plain(seeds: Sequence[int]) -> None:
        for seed in seeds:
            module.train(seed, "multi", module.draw(seed, n=n, d=d, m=m), epochs=steps, test_every=steps + 1)

    def ours(seeds: Sequence[int]) -> None:
        problem = patch_setting.gaussian(seeds, n, m, d, 5.0, 3.0, 1e-3)
        problem = patch_setting.to(problem, torch.device("cpu"), torch.float32)
        patches.last(patches.trajectory(problem, True, 0.01, steps, 1.0))

    ways: dict[str, Way] = {"plain": plain, "ours": in_blocks(ours)}
    if rivals:
        ways["jax"] = rivals.huang2024(steps, n, m, d)
    p, rows = n + 1, m + 2
    return Family("huang2024 trajectory", ways, steps, 2 * (2 * m * p * p + 3 * rows * n * n), sizes={"n": n, "d": d})


def ren2023(steps: int = 200, batch: int = 256, width: int = 200) -> Family:
    """The full model on fresh minibatches at tau^2 = 1; all measurements at every step."""
    module, rivals = script("ren2023"), jax_ways()
    module.BATCH, module.WIDTH = batch, width
    d, spectrum = module.D, module.VARIANCES[: module.RANK].tolist()
    views = moment_setting.views(d, spectrum, 0.2)

    def plain(seeds: Sequence[int]) -> None:
        for seed in seeds:
            module.train(seed, 1.0, 2.0, steps)

    def ours(seeds: Sequence[int]) -> None:
        start = moment_setting.reduce_width(moment_setting.initial_encoders(views, width, seeds))
        batches = moments.Batches(views, batch, seeds, torch.device("cpu"))
        for _, e in moments.descend(start, views, lambda _: batches.law(1.0), 2.0, steps):
            moments.observe(e, views)

    ways: dict[str, Way] = {"plain": plain, "ours": in_blocks(ours)}
    if rivals:
        ways["jax"] = rivals.ren2023(steps, batch, width, d, spectrum)
    flops = 2 * (2 * batch * batch * d + 4 * batch * d * d)
    return Family("ren2023 full model", ways, steps, flops, sizes={"batch": batch})


def yaras2024(steps: int = 2000) -> Family:
    """Five pairs of points on the sphere and a learnt temperature, by descent."""
    module, rivals = script("yaras2024"), jax_ways()

    def plain(seeds: Sequence[int]) -> None:
        for _ in seeds:
            module.train(module.pentagons(), [0.05] * steps)

    def ours(seeds: Sequence[int]) -> None:
        swapping.train(Ring(), (swapping.Swap("none"),), seeds, steps, 0.05, list(range(steps + 1)))

    ways: dict[str, Way] = {"plain": plain, "ours": ours}
    if rivals:
        ways["jax"] = rivals.yaras2024(steps)
    return Family("yaras2024 points", ways, steps, 2 * 3 * 5 * 5 * 3)


def xue2024(steps: int = 200) -> Family:
    """The linear contrastive learner by descent, and the classifier's direction at the end."""
    module, rivals = script("xue2024"), jax_ways()

    def plain(seeds: Sequence[int]) -> None:
        for seed in seeds:
            module.train(seed, steps=steps)

    def ours(seeds: Sequence[int]) -> None:
        drawn = [module.draw_pairs(seed) for seed in seeds]
        covariance = np.stack([linear.cross_covariance(x, t) for x, t, *_ in drawn])
        starts = [np.random.default_rng(seed).normal(0, 0.01, (2, module.RANK, module.DIM)) for seed in seeds]
        a, b = (np.stack(side) for side in zip(*starts, strict=True))
        a, b, covariance, rate = (x.astype(np.float32) for x in (a, b, covariance, np.full((1, 1, 1), 0.1)))
        linear.descend(a, b, covariance, module.RHO, rate, steps)

    # One seed's S is a megabyte that every step reads twice: sixteen of them would leave the cache between steps.
    ways: dict[str, Way] = {"plain": plain, "ours": in_blocks(ours, 1)}
    if rivals:
        ways["jax"] = rivals.xue2024(steps, module)
    dim, rank = module.DIM, module.RANK
    return Family("xue2024 linear", ways, steps, 2 * 4 * rank * dim * dim)


def small_clip(steps: int = 20, batch: int = 256) -> Family:
    """The small CLIP on captioned scenes; the scenes are drawn beforehand."""
    rivals, drawn = jax_ways(), scenes("benchmark", 0, 2048)
    recipe = towers.Recipe(batch, steps, 5e-3, steps=steps)

    def plain(seeds: Sequence[int]) -> None:
        """As one would write it: torch's default layouts and optimiser."""
        for seed in seeds:
            model = towers.tiny_clip(METHODS["baseline"], "benchmark", seed)
            image = nn.Sequential(*list(model.image[0])[:-1], nn.Flatten(), model.image[1]).to(
                memory_format=torch.contiguous_format
            )
            parameters = [*image.parameters(), *model.text.parameters(), model.temperature.nu]
            optimiser, target = torch.optim.AdamW(parameters, 5e-3), torch.arange(batch)
            stream = torch.Generator().manual_seed(seed)
            for _ in range(steps):
                rows = torch.randperm(2048, generator=stream)[:batch]
                a, b = (
                    nn.functional.normalize(f, dim=1)
                    for f in (image(drawn.images[rows]), model.text(drawn.tokens[rows]))
                )
                logits = a @ b.T * model.temperature.nu.exp()
                loss = (nn.functional.cross_entropy(logits, target) + nn.functional.cross_entropy(logits.T, target)) / 2
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()

    def ours(seeds: Sequence[int]) -> None:
        for seed in seeds:
            model = towers.tiny_clip(METHODS["baseline"], "benchmark", seed)
            towers.fit(model, drawn.images, drawn.tokens, METHODS["baseline"], recipe, "benchmark", seed)

    ways: dict[str, Way] = {"plain": plain, "ours": ours}
    if rivals:
        ways["jax"] = rivals.small_clip(steps, batch, drawn.images.numpy(), drawn.tokens.numpy())
    # Products forward and back: convolutions (the first has no gradient by its input), layers, similarities.
    convolutions = 2 * 64 * 48 * 16 + 3 * 16 * 144 * 32
    layers = 3 * (512 * 160 + 160 * 64 + drawn.tokens.shape[1] * 24 * 160 + 160 * 160 + 160 * 64)
    return Family("small CLIP", ways, steps, 2 * batch * (convolutions + layers + 3 * batch * 64), counts=(1, 4))


FAMILIES: dict[str, Callable[..., Family]] = {
    f.__name__: f for f in (huang2024, ren2023, yaras2024, xue2024, small_clip)
}
