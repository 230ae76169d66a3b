"""Does everything run on this GPU, does it agree with double precision on the processor, and how fast is it?

    python benchmarks/gpu_check.py [--device cuda] [--minutes 6] [--out FILE]

From a bare checkout, with torch, numpy, scipy, pandas, matplotlib, scikit-learn, jaxtyping, beartype, pydantic, tqdm
and pillow; `pip install` what the import names. One line a family, one for each encoder and precision, and one JSON
file under `benchmarks/measured/` that bears the card's name; the page "How fast, and why" shows it. `--device cpu`
takes the same way at tiny sizes: that is how its branches are tested where there is no GPU.

Exit status 0: all within tolerance; 1: something is not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import torch  # noqa: E402

from benchmarks.gpu import theory, trained  # noqa: E402
from benchmarks.gpu.place import Check, Place  # noqa: E402
from benchmarks.gpu.precision import audit  # noqa: E402

CHECKS = (
    theory.huang2024,
    theory.ren2023,
    theory.population,
    theory.losses,
    theory.captured_step,
    trained.convolutions,
    trained.xue2024,
    trained.small_clip,
)


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
    most = a.minutes * 60 / (10 * len(CHECKS)) if p.cuda else 0.02
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
    report["audit"] = audit(p, most / 4)
    for row in report["audit"]:
        verdict = "ok  " if row["error"] <= row["tolerance"] else "FAIL"
        print(
            f"{verdict} {row['family']:22} error {row['error']:.1e} of {row['tolerance']:.0e}  "
            f"{row['gradients_per_second']:10.1f} gradients/s in {row['precision']}",
            flush=True,
        )
    report["seconds"] = time.perf_counter() - begin
    name = "".join(c if c.isalnum() else "-" for c in p.card.lower())
    out = a.out or HERE / "measured" / f"{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"{out}: {report['seconds']:.0f} s")
    return int(any(row["error"] > row["tolerance"] for row in [*report["rows"], *report["audit"]]))


if __name__ == "__main__":
    sys.exit(main())
