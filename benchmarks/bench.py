"""Seconds of every family three ways, at 1, 4, 16 and 64 seeds: `make bench`, at most 12 minutes on two cores.

    python -m benchmarks.bench [--families huang2024,ren2023] [--repeats 3] [--quick] [--out FILE]

Repetitions are interleaved (plain, JAX, ours, plain, ...), so that a busy moment meets all of them; medians and the
smallest and largest of them are kept. One thread. A way whose run would exceed `--longest` seconds is left out. What is
written names the machine, its load and the versions; the page "How fast, and why" is made from it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
os.environ |= ONE_THREAD | {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}

import numpy as np  # noqa: E402
import torch  # noqa: E402

from benchmarks.families import FAMILIES, Family, Way  # noqa: E402
from mmcl_core.runtime import keep_freed_memory  # noqa: E402

HERE = Path(__file__).parent
GROWTH = (
    ("huang2024", "n", (50, 100, 200)),
    ("huang2024", "d", (1000, 2000, 4000)),
    ("ren2023", "batch", (128, 256, 512)),
)


def seconds(job: Callable[[], object]) -> float:
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def ceiling(size: int = 512, repeats: int = 20) -> dict[str, float]:
    """GFLOP/s of a large matrix product, the most that one thread of this machine gives."""
    found = {}
    for dtype in (torch.float32, torch.float64):
        a = torch.randn(size, size, dtype=dtype)
        found[str(dtype).removeprefix("torch.")] = 2e-9 * size**3 / min(seconds(lambda: a @ a) for _ in range(repeats))
    return found


def interleaved(ways: dict[str, Way], seeds: Sequence[int], repeats: int) -> dict[str, list[float]]:
    """Seconds of each way, `repeats` times, in turns; a first call of each is not counted."""
    for way in ways.values():
        way(seeds)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            taken[name].append(seconds(lambda way=way: way(seeds)))
    return taken


def rows_of(family: Family, repeats: int, longest: float) -> list[dict]:
    """One row for each way and number of seeds."""
    rows, left = [], dict(family.ways)
    for count in family.counts:
        for name, taken in interleaved(left, range(count), repeats).items():
            median = float(np.median(taken))
            rows.append(
                {
                    "family": family.name,
                    "way": name,
                    "seeds": count,
                    "seconds": median,
                    "least": min(taken),
                    "most": max(taken),
                    "gflops": family.flops * family.steps * count / median / 1e9,
                }
            )
            print(
                f"{family.name:22} {name:6} {count:3} seeds {median:8.3f} s  {rows[-1]['gflops']:6.1f} GFLOP/s",
                flush=True,
            )
            if 4 * median > longest:
                left.pop(name)
    return rows


def growth(repeats: int, quick: bool) -> list[dict]:
    """Exponents of the core's seconds in n, d and batch, by a line through the logarithms."""
    found = []
    for key, field, sizes in GROWTH:
        taken = []
        for size in sizes:
            family = FAMILIES[key](**{field: size}, steps=2 if quick else 40)
            taken.append(float(np.median(interleaved({"ours": family.ways["ours"]}, range(4), repeats)["ours"])))
        slope = float(np.polyfit(np.log(sizes), np.log(taken), 1)[0])
        found.append({"family": family.name, "size": field, "values": sizes, "seconds": taken, "exponent": slope})
    return found


def peak() -> float:
    """MiB that this process has held at most. Linux's `ru_maxrss` is no measure of it: a new process begins with that
    of the one that started it."""
    for line in _lines("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def peak_memory(key: str, way: str, count: int, steps: int) -> float:
    """MiB that a run adds to a process that has made one step, in a process of its own."""
    program = (
        "from benchmarks.bench import peak\nfrom benchmarks.families import FAMILIES\n"
        f"f = FAMILIES[{key!r}]\nf(steps=1).ways[{way!r}](range(1))\n"
        "start = peak()\n"
        f"f(steps={steps}).ways[{way!r}](range({count}))\n"
        "print(peak() - start)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=HERE.parent)
    return float(done.stdout.split()[-1])


def machine() -> dict[str, object]:
    """Where and with what it was measured."""
    versions = {}
    for name in ("torch", "numpy", "jax"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    model = [x.split(":")[1].strip() for x in _lines("/proc/cpuinfo") if x.startswith("model name")]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE)
    return {
        "processor": model[0] if model else platform.processor(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "versions": versions,
        "commit": commit.stdout.strip() or "unknown",
        "date": time.strftime("%Y-%m-%d"),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--longest", type=float, default=20.0, help="seconds that one run of a way may take")
    parser.add_argument("--quick", action="store_true", help="two steps of everything: does it run at all?")
    parser.add_argument("--out", type=Path, default=HERE / "measured" / "cpu.json")
    a = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()  # as every unit of work does; it serves all ways
    keys, begin, report = a.families.split(","), time.perf_counter(), machine() | {"ceiling": ceiling()}
    short = {"steps": 2} if a.quick else {}
    rows = [row for key in keys for row in rows_of(FAMILIES[key](**short), a.repeats, 0 if a.quick else a.longest)]
    report |= {"rows": rows, "growth": growth(1 if a.quick else a.repeats, a.quick), "memory": []}
    for key in keys:
        family = FAMILIES[key](steps=2)
        for way in family.ways:
            count = min(16, family.counts[-1])
            added = peak_memory(key, way, count, 2)
            report["memory"].append({"family": family.name, "way": way, "seeds": count, "mebibytes": added})
    report |= {"load_after": os.getloadavg()[0], "seconds": time.perf_counter() - begin}
    report["own_peak_mebibytes"] = peak()
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"{a.out}: {report['seconds']:.0f} s")


if __name__ == "__main__":
    main()
