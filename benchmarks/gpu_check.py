"""Does everything run on this GPU, does it agree with double precision on the processor, and how fast is it?

    python benchmarks/gpu_check.py [--device cuda] [--minutes 6] [--out FILE]

From a bare checkout, with torch, numpy, scipy, pandas, matplotlib, scikit-learn, jaxtyping, beartype, pydantic, tqdm
and pillow; `pip install` what the import names. One line a family, then a table and one JSON file under
`benchmarks/measured/` that bears the card's name; the page "How fast, and why" shows it. `--device cpu` takes the same
way at tiny sizes: that is how its branches are tested where there is no GPU.

Exit status 0: all within tolerance; 1: something is not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from mmcl_core.data.scenes import scenes  # noqa: E402
from mmcl_core.losses import clip_loss, nt_xent  # noqa: E402
from mmcl_core.models.conv import ConvEncoder, projection_head  # noqa: E402
from mmcl_core.papers.huang2024 import dynamics as patches  # noqa: E402
from mmcl_core.papers.huang2024 import setting as patch_setting  # noqa: E402
from mmcl_core.papers.huang2024.descent import Descent  # noqa: E402
from mmcl_core.papers.ren2023 import dynamics as moments  # noqa: E402
from mmcl_core.papers.ren2023 import setting as moment_setting  # noqa: E402
from mmcl_core.papers.yaras2024 import towers  # noqa: E402
from mmcl_core.papers.yaras2024.methods import METHODS  # noqa: E402

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
        len(seeds) * 2 * 3 * batch * batch * 40,
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
        len(start.a) * 2 * 64 * 64 * 6 * 3,
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


def convolutions(p: Place) -> Check:
    """SimCLR's step on digits: the features here against the same weights in double precision."""
    batch, size = p.size(512, 16), p.size(28, 14)
    torch.manual_seed(0)
    model, images = (
        torch.nn.Sequential(ConvEncoder(size), projection_head(128, 128, 64)),
        torch.rand(batch, 3, size, size),
    )
    exact = model.double()(images.double())
    model, images = model.float().to(p.device), images.to(p.device)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        nt_xent(model(images), model(images.flip(-1)), 0.5).backward()
        optimiser.step()

    side = size // 4
    flops = 2 * 3 * 2 * batch * (size**2 * 27 * 32 + (size // 2) ** 2 * 288 * 64 + 64 * side**2 * 128)
    return Check("huang2024 SimCLR", lambda: apart(model(images), exact), 5e-3, step, flops, capture=False)


def small_clip(p: Place) -> Check:
    """A short training of the small CLIP as tier `paper` does it: is the loss where the processor's is?"""
    pairs, batch, steps = p.size(65_536, 64), p.size(256, 16), p.size(768, 4)
    drawn = scenes("gpu check", 0, pairs)
    method, name = METHODS["baseline"], "gpu check"

    def trained(device: torch.device, steps: int) -> towers.TwoTowers:
        model = towers.tiny_clip(method, name, 0).to(device)
        recipe = towers.Recipe(batch, 1 + steps * batch // pairs, 1e-3, None, steps)
        towers.fit(model, drawn.images.to(device), drawn.tokens.to(device), method, recipe, name, 0)
        return model

    def error() -> float:
        """Of the loss on 256 pairs: chaos parts the weights of two precisions, not what they have learnt."""
        rows, found = slice(0, 256), []
        for model in (trained(p.device, min(steps, 100)), trained(torch.device("cpu"), min(steps, 100))):
            device = model.temperature.nu.device
            with torch.no_grad():
                a, b = model.image(drawn.images[rows].to(device)), model.text(drawn.tokens[rows].to(device))
            found.append(clip_loss(a.double(), b.double(), 0.07)[None])
        return apart(*found)

    flops = 2 * batch * (2 * 64 * 48 * 16 + 3 * 16 * 144 * 32 + 3 * 150_000 + 3 * batch * 64)
    return Check("small CLIP, one run", error, 5e-2, lambda: trained(p.device, steps), flops * steps, capture=False)


CHECKS = (huang2024, ren2023, population, losses, convolutions, small_clip)


def measure(make: Callable[[Place], Check], p: Place, ceiling: float, most: float) -> dict[str, Any]:
    """One row: error, then the faster of the captured and the plain step, and which it was."""
    check = make(p)
    error = check.error()
    ways = {"plain": check.step}
    note = "" if check.capture else "not captured: its optimiser or its batches change from step to step"
    if check.capture:
        try:
            ways["captured"] = p.captured(check.step)
        except RuntimeError as reason:
            note = f"not captured: {str(reason).splitlines()[0]}"
    taken = {name: p.seconds(step, most) for name, step in ways.items()}
    best = min(taken, key=taken.get)
    return {
        "family": check.family,
        "error": error,
        "tolerance": check.tolerance,
        "steps_per_second": 1 / taken[best],
        "way": best,
        "probe": taken,
        "note": note,
        "mebibytes": p.peak(check.step),
        "share": check.flops / taken[best] / 1e12 / ceiling,
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--out", type=Path)
    a = parser.parse_args(argv)
    if a.device == "cuda" and not torch.cuda.is_available():
        print("gpu_check: torch sees no GPU here: run it where there is one, or with --device cpu", file=sys.stderr)
        return 2
    p, begin = Place(torch.device(a.device)), time.perf_counter()
    most = a.minutes * 60 / (8 * len(CHECKS)) if p.cuda else 0.02
    ceiling = p.ceiling(most)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE)
    report = {
        "card": p.card,
        "precision": "single precision, and bfloat16 inside `train` on a card; TF32 "
        + ("on" if torch.backends.cuda.matmul.allow_tf32 else "off"),
        "torch": torch.__version__,
        "commit": commit.stdout.strip() or "unknown",
        "date": time.strftime("%Y-%m-%d"),
        "ceiling_tflops": ceiling,
        "rows": [],
    }
    for make in CHECKS:
        report["rows"].append(row := measure(make, p, ceiling, most))
        verdict = "ok  " if row["error"] <= row["tolerance"] else "FAIL"
        print(
            f"{verdict} {row['family']:22} error {row['error']:.1e} of {row['tolerance']:.0e}  "
            f"{row['steps_per_second']:10.1f} steps/s ({row['way']})  {row['mebibytes']:8.0f} MiB  "
            f"{row['share']:6.1%} of {ceiling:.3g} TFLOP/s  {row['note']}",
            flush=True,
        )
    report["seconds"] = time.perf_counter() - begin
    name = "".join(c if c.isalnum() else "-" for c in p.card.lower())
    out = a.out or HERE / "measured" / f"{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"{out}: {report['seconds']:.0f} s")
    return int(any(row["error"] > row["tolerance"] for row in report["rows"]))


if __name__ == "__main__":
    sys.exit(main())
