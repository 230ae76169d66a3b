"""How many pairs a second one core decodes, crops and tokenises for CLIP, and what the papers' runs would take.

    python benchmarks/clip_input.py        # about 20 s; writes benchmarks/measured/clip_input.json

Pictures are generated photographs-to-be of MSCOCO's usual 640 x 480, saved as JPEG of quality 90: noise of three scales,
so that decoding has as much to do as on real ones (about 100 kB each).
"""

from __future__ import annotations

import io
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mmcl_core.clip.config import load
from mmcl_core.clip.images import decode, stream, training_view
from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.towers import make_clip
from mmcl_core.models.temperature import Temperature

COUNT = 200
COCO_PAIRS = 118_287  # pictures of train2017
BACKWARD = 3  # forward and backward cost three forwards
CARDS = {"H100": 989e12, "A100": 312e12}  # the makers' dense bfloat16 peak, FLOP/s
SHARE = 0.35  # of that peak, assumed: no GPU was at hand


def picture(k: int) -> bytes:
    rng = np.random.default_rng(k)
    total = np.zeros((480, 640, 3))
    for size in (4, 32, 240):
        coarse = Image.fromarray(rng.integers(0, 256, (size, size * 4 // 3, 3), dtype=np.uint8))
        total += np.asarray(coarse.resize((640, 480), Image.Resampling.BICUBIC), float) / 3
    file = io.BytesIO()
    Image.fromarray(total.astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def flops(pixels: int) -> float:
    """Of one pair's forward pass through both towers, counted by torch."""
    from torch.utils.flop_counter import FlopCounterMode

    run = load("yaras2024", pixels=pixels)
    tokens = Tokens("", run.context)
    clip = make_clip(run, tokens, Temperature(0.07)).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        clip(torch.zeros(1, 3, pixels, pixels), tokens(["a dog on the grass"]))
    return float(counter.get_total_flops())


def main() -> None:
    torch.set_num_threads(1)
    pictures, tokens = [picture(k) for k in range(20)], Tokens("", 77)
    times = []
    for _ in range(5):
        begin = time.process_time()
        for k in range(COUNT // 5):
            training_view(decode(pictures[k % 20]), 224, stream(0, 0, k))
            tokens(["a man riding a wave on top of a surfboard"])
        times.append((time.process_time() - begin) / (COUNT // 5))
    per_core = 1 / float(np.median(times))
    work = BACKWARD * flops(224)
    pairs = COCO_PAIRS * 100
    result = {
        "machine": platform.processor() or platform.machine(),
        "kilobytes_a_picture": float(np.mean([len(p) for p in pictures])) / 1e3,
        "pictures_per_second_and_core": per_core,
        "spread": [1 / max(times), 1 / min(times)],
        "gigaflop_a_pair_and_step": work / 1e9,
        "assumed_share_of_peak": SHARE,
        "hours_of_one_run": {
            name: {
                "arithmetic": pairs * work / (SHARE * peak) / 3600,
                "input, 16 cores": pairs / (16 * per_core) / 3600,
            }
            for name, peak in CARDS.items()
        },
        "hours_of_one_run_8_H100, 128 cores": max(
            pairs * work / (8 * SHARE * CARDS["H100"]) / 3600, pairs / (128 * per_core) / 3600
        ),
    }
    path = Path(__file__).parent / "measured" / "clip_input.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
