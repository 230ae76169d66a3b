"""Planted errors: each of `mutants.toml` is put into a copy of the book, and the test or claim it names must catch it.

    make mutants                       # all of them, on every core
    python tests/mutants.py setting    # those whose file, reason or catcher contains a word

A mutant that survives means a test that passes when the code is wrong. Exit status 1 then, and for one that no longer
matches its file, or whose catcher already fails without it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests" / "mutants.toml"
LIMIT = 600  # seconds for one catcher


@dataclass(frozen=True)
class Mutant:
    """One planted error: `original`, which stands once in `file`, becomes `mutant`; `caught_by` must notice.

    caught_by : a test ("tests/test_x.py::test_y") or a claim at a tier ("claim:huang2024.c1@smoke")
    why : what a researcher would have done or overlooked to make it
    """

    file: str
    original: str
    mutant: str
    why: str
    caught_by: str

    @property
    def name(self) -> str:
        return f"{self.file}: {self.why}"

    def fits(self) -> bool:
        """Whether the original stands in its file exactly once."""
        return (ROOT / self.file).read_text(encoding="utf-8").count(self.original) == 1

    def planted_in(self, copy: Path) -> None:
        path = copy / self.file
        path.write_text(path.read_text(encoding="utf-8").replace(self.original, self.mutant), encoding="utf-8")

    def command(self) -> list[str]:
        """What must succeed without the error and fail with it."""
        if self.caught_by.startswith("claim:"):
            claim, _, tier = self.caught_by.removeprefix("claim:").partition("@")
            return [sys.executable, "-m", "mmcl_core.cli", "claims", claim, "--tier", tier or "smoke"]
        return [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", self.caught_by]


def mutants() -> list[Mutant]:
    """All planted errors, in the order of the list."""
    return [Mutant(**entry) for entry in tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]]


def copied(folder: Path) -> Path:
    """What a catcher needs, without what builds and runs wrote."""
    kept = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in kept.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def succeeds(mutant: Mutant, copy: Path, results: Path) -> bool:
    """Whether the catcher is content with the code in `copy`. A time-out counts as having noticed."""
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "MMCL_RESULTS": str(results),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    try:
        run = subprocess.run(mutant.command(), cwd=copy, env=environment, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return False
    if run.returncode in (4, 5) or "no tests ran" in run.stdout:  # pytest found nothing to run: nobody looked
        raise SystemExit(f"{mutant.name}: the catcher {mutant.caught_by} does not exist")
    return run.returncode == 0


def trial(mutant: Mutant) -> str:
    """An empty string when the mutant is caught, else what is wrong with it."""
    if not mutant.fits():
        return "its original text does not stand exactly once in the file"
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder) / "copy")
        results = Path(folder) / "results"
        mutant.planted_in(copy)
        if succeeds(mutant, copy, results):
            return f"SURVIVED {mutant.caught_by}"
    return ""


def healthy(catchers: list[Mutant]) -> list[str]:
    """Catchers that fail without any planted error, and would seem to catch everything."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder) / "copy")
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            fine = list(pool.map(lambda m: succeeds(m, copy, Path(folder) / "results"), catchers))
    return [f"{m.caught_by} fails without any planted error" for m, ok in zip(catchers, fine, strict=True) if not ok]


def main(words: list[str]) -> int:
    chosen = [m for m in mutants() if all(word in f"{m.name} {m.caught_by}" for word in words)]
    problems = healthy(list({m.caught_by: m for m in chosen}.values()))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for mutant, problem in zip(chosen, pool.map(trial, chosen), strict=True):
            print(
                f"{'caught  ' if not problem else 'PROBLEM '} {mutant.name}" + f" -> {problem}" * bool(problem),
                flush=True,
            )
            problems += [problem] * bool(problem)
    print(f"{len(chosen)} planted errors, {len(problems)} problems" + "".join(f"\n  {p}" for p in problems))
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
