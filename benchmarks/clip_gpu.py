"""How fast is a training step of CLIP here, beside OpenCLIP's written plainly, and do both compute the same?

    python benchmarks/clip_gpu.py [--minutes 10]      # RN50 at a joint batch of 1024 on one GPU
    python benchmarks/clip_gpu.py --tiny              # a small ResNet on the processor, in seconds

Generated pairs that lie on the device, so that the step alone is measured (`clip_input.py` measures the input). Both
ways start from the same weights and see the same batches, in turns, so that a busy moment meets both. One file
`benchmarks/measured/clip-gpu-<card>.json`; the page "Train it at size" shows it. The plain way shares the text tower,
which is the library's, and the parameters of the ResNet, but not its forward pass, the loss, the optimiser or the step.

Exit status 0: the losses of the first steps agree; 1: they do not; 2: there is no GPU.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as f  # noqa: E402

from mmcl_core.clip.config import ClipRun, load  # noqa: E402
from mmcl_core.clip.objective import AsClip, backward, make_objective  # noqa: E402
from mmcl_core.clip.tokens import Tokens  # noqa: E402
from mmcl_core.clip.towers import Clip, make_clip  # noqa: E402
from mmcl_core.clip.training import optimiser_of  # noqa: E402

TINY = {"image_tower": "resnet-tiny", "text_tower": "tiny", "width": 32, "pixels": 32, "context": 16, "batch": 16}
BATCHES = 4  # that lie on the device
AGREE = {"float32": 1e-4, "bfloat16": 2e-2}  # of the first losses, relative
Step = Callable[[int], Tensor]


def plain_image(body: nn.Module, x: Tensor) -> Tensor:
    """CLIP's ResNet as OpenCLIP runs it: channels first, one operation after another."""
    for k in (1, 2, 3):
        x = f.relu(getattr(body, f"bn{k}")(getattr(body, f"conv{k}")(x)))
    x = f.avg_pool2d(x, 2)
    for stage in range(body.stages):
        x = getattr(body, f"layer{stage + 1}")(x)
    pool = body.attnpool
    x = x.flatten(2).permute(2, 0, 1)
    x = torch.cat([x.mean(0, keepdim=True), x]) + pool.positional_embedding[:, None].to(x.dtype)
    out, _ = f.multi_head_attention_forward(
        x[:1], x, x, x.shape[-1], pool.heads, None,
        torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]), None, None, False, 0.0,
        pool.c_proj.weight, pool.c_proj.bias, use_separate_proj_weight=True, q_proj_weight=pool.q_proj.weight,
        k_proj_weight=pool.k_proj.weight, v_proj_weight=pool.v_proj.weight, need_weights=False,
    )  # fmt: skip
    return out[0]


def plain_step(clip: Clip, run: ClipRun, batches: list[tuple[Tensor, Tensor]], half: bool) -> Step:
    """OpenCLIP's: two cross-entropies of one matrix of logits, AdamW over two groups, the scale clamped."""
    named = list(clip.named_parameters())
    small = [p for _, p in named if p.ndim < 2]
    large = [p for _, p in named if p.ndim >= 2]
    groups = [{"params": small, "weight_decay": 0.0}, {"params": large, "weight_decay": run.weight_decay}]
    optimiser = torch.optim.AdamW(groups, lr=run.rate, betas=run.betas, eps=run.eps)
    labels = torch.arange(run.batch, device=batches[0][0].device)

    def step(number: int) -> Tensor:
        pictures, words = batches[number % len(batches)]
        optimiser.zero_grad()
        with torch.autocast(pictures.device.type, dtype=torch.bfloat16, enabled=half):
            image = f.normalize(plain_image(clip.image.body, pictures), dim=-1)
            text = f.normalize(clip.text(words), dim=-1)
            logits = clip.temperature.nu.exp() * image @ text.T
            loss = (f.cross_entropy(logits, labels) + f.cross_entropy(logits.T, labels)) / 2
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            clip.temperature.nu.clamp_(0, math.log(100))
        return loss.detach()

    return step


def our_step(clip: Clip, run: ClipRun, batches: list[tuple[Tensor, Tensor]], half: bool) -> Step:
    """The step of `mmcl train-clip`."""
    optimiser = optimiser_of(clip, run, AsClip())
    objective = make_objective(AsClip(), True, torch.Generator())
    labels = torch.arange(run.batch, device=batches[0][0].device)

    def step(number: int) -> Tensor:
        optimiser.zero_grad(set_to_none=True)
        loss = backward(clip, objective, *batches[number % len(batches)], labels, 0, half)
        optimiser.step()
        clip.temperature.clamp()
        return loss

    return step


def prepared(fields: dict, device: torch.device, half: bool) -> tuple[ClipRun, dict[str, Step]]:
    """Both ways from the same weights, with the same batches on the device."""
    run = load("yaras2024", **fields)
    tokens = Tokens("", run.context)
    torch.manual_seed(0)
    clip = make_clip(run, tokens, AsClip.make_temperature()).to(device)
    captions = tokens([f"a generated picture, number {k}" for k in range(run.batch)]).to(device)
    pictures = [torch.randn(run.batch, 3, run.pixels, run.pixels, device=device) for _ in range(BATCHES)]
    batches = [(x, captions.roll(k, 0)) for k, x in enumerate(pictures)]
    makers = {"ours": our_step, "plain": plain_step}
    return run, {name: make(copy.deepcopy(clip), run, batches, half) for name, make in makers.items()}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--tiny", action="store_true", help="on the processor, in seconds")
    parser.add_argument("--out", type=Path)
    a = parser.parse_args(argv)
    if not a.tiny and not torch.cuda.is_available():
        print("clip_gpu: torch sees no GPU here: run it where there is one, or with --tiny", file=sys.stderr)
        return 2
    device = torch.device("cpu" if a.tiny else "cuda")
    card = "processor, tiny sizes" if a.tiny else torch.cuda.get_device_name(device)
    begin, most = time.perf_counter(), 2.0 if a.tiny else 60 * a.minutes
    half, batch = device.type == "cuda", TINY["batch"] if a.tiny else a.batch
    while True:
        try:
            run, ways = prepared(TINY | {"batch": batch} if a.tiny else {"batch": batch}, device, half)
            first = {name: [float(step(k)) for k in range(3)] for name, step in ways.items()}
            break
        except torch.OutOfMemoryError:
            print(f"clip_gpu: a batch of {batch} does not fit on {card}: half of it is tried")
            batch //= 2
        torch.cuda.empty_cache()
    error = max(abs(x - y) / abs(y) for x, y in zip(first["ours"], first["plain"], strict=True))
    tolerance = AGREE["bfloat16" if half else "float32"]
    rates: dict[str, list[float]] = {name: [] for name in ways}
    peaks = dict.fromkeys(ways, 0.0)
    block, number = 2 if a.tiny else 10, 3
    while time.perf_counter() - begin < most or not rates["plain"]:
        for name, step in ways.items():
            if half:
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()
            started = time.perf_counter()
            for k in range(block):
                step(number + k)
            if half:
                torch.cuda.synchronize()
                peaks[name] = max(peaks[name], torch.cuda.max_memory_allocated() / 1e9)
            rates[name].append(block * run.batch / (time.perf_counter() - started))
        number += block
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE)
    report = {
        "gpu": card, "torch": torch.__version__, "commit": commit.stdout.strip() or "unknown",
        "date": time.strftime("%Y-%m-%d"), "tower": run.image_tower, "batch": run.batch,
        "precision": "bfloat16 autocast" if half else "float32", "steps": number, "error": error,
        "tolerance": tolerance, "seconds": time.perf_counter() - begin,
        "ways": {
            name: {"images_per_second": float(np.median(r)), "spread": [min(r), max(r)], "gigabytes": peaks[name]}
            for name, r in rates.items()
        },
    }  # fmt: skip
    name = "".join(c if c.isalnum() else "-" for c in card.lower())
    out = a.out or HERE / "measured" / f"clip-gpu-{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))
    return int(not error <= tolerance)


if __name__ == "__main__":
    sys.exit(main())
