"""The page "Train it at size": the runs that are ready, and what they would take, from what was measured."""

from __future__ import annotations

import json
from pathlib import Path

from mmcl_core.clip.config import load, presets
from mmcl_core.site.speed import table


def at_size(root: Path) -> str:
    """Presets with their sizes, and the hours of one run from `benchmarks/measured/clip_input.json`."""
    rows = []
    for name in presets():
        run = load(name)
        towers = f"{run.image_tower}, {run.text_tower} text, {run.pixels} pixels"
        rows.append([name, towers, f"{run.batch:,}", str(run.epochs), f"{run.rate:g}"])
    parts = ["<h2>The runs that are ready</h2>", table(["preset", "towers", "batch", "epochs", "rate"], rows)]
    measured = root / "benchmarks" / "measured"
    path = measured / "clip_input.json"
    parts += [_steps(measured), "<h2>What a run takes</h2>"]
    if not path.exists():
        return "\n".join([*parts, "<p>Not measured yet: <code>python benchmarks/clip_input.py</code> does.</p>"])
    seen = json.loads(path.read_text(encoding="utf-8"))
    per_core = seen["pictures_per_second_and_core"]
    parts.append(
        f"<p>Measured on a {seen['machine']} processor: one core decodes, crops and tokenises {per_core:.0f} pairs a "
        f"second (JPEG, {seen['kilobytes_a_picture']:.0f} kB each). Counted: a pair costs "
        f"{seen['gigaflop_a_pair_and_step']:.0f} GFLOP a step. Assumed, for no GPU was at hand: "
        f"{seen['assumed_share_of_peak']:.0%} of a card's peak in bfloat16. So one run of the paper's hundred epochs "
        f"on "
        "MSCOCO would take the larger of its two times:</p>"
    )
    hours = [
        [card, f"{times['arithmetic']:.1f}", f"{times['input, 16 cores']:.1f}"]
        for card, times in seen["hours_of_one_run"].items()
    ]
    parts.append(table(["one card", "hours of arithmetic", "hours of input, 16 cores"], hours))
    eight = seen["hours_of_one_run_8_H100, 128 cores"]
    methods, rates, seeds = 26, 4, 3
    parts.append(
        f"<p>Eight H100 with 128 cores: {eight:.2f} hours a run. All {methods} methods of Yaras et al. at {rates} "
        f"rates "
        f"and {seeds} seeds are {methods * rates * seeds} runs, {methods * rates * seeds * eight:.0f} hours on that "
        "machine. These are estimates: no run at this size was made for this book.</p>"
    )
    return "\n".join(parts)


def _steps(measured: Path) -> str:
    """Images per second of a training step on the cards that were measured, beside OpenCLIP's step written plainly."""
    head = "<h2>A step on a GPU</h2>"
    reports = [json.loads(f.read_text(encoding="utf-8")) for f in sorted(measured.glob("clip-gpu-*.json"))]
    if not reports:
        return (
            f"{head}<p>Not measured: no GPU was at hand. <code>python benchmarks/clip_gpu.py</code> takes ten minutes "
            "on one, RN50 at a batch of 1,024 on generated pairs, and runs OpenCLIP's step, written plainly, in turns "
            "with this book's; its figures then stand here.</p>"
        )
    rows = [
        [r["gpu"], f"{r['tower']}, {r['batch']:,}", "this book" if name == "ours" else "OpenCLIP's step, plain",
         f"{way['images_per_second']:,.0f}", f"{way['spread'][0]:,.0f} to {way['spread'][1]:,.0f}",
         f"{way['gigabytes']:.1f}"]
        for r in reports for name, way in r["ways"].items()
    ]  # fmt: skip
    return head + table(["card", "tower, batch", "step", "images a second", "spread", "GB at the peak"], rows)
