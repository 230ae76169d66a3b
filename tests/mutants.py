"""Planted errors: each of `mutants.toml` is put into a copy of the book, and the test or claim it names must catch it.

    make mutants                       # all of them, on every core
    python tests/mutants.py setting    # those whose file, reason or catcher contains a word

A mutant that survives means a test that passes when the code is wrong. Exit status 1 then, and for one that no longer
matches its file, or whose catcher already fails without it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
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


# Their import takes longer than most catchers; the processes that judge are forked from one that has done it.
LIBRARIES = ("torch", "pandas", "matplotlib.pyplot", "scipy.stats", "scipy.optimize", "pydantic", "jaxtyping", "pytest")


def attempt(catcher: str, copy: str, results: str) -> None:
    """Run a catcher on the code in `copy`, in a process of its own, which ends with the catcher's status."""
    os.environ |= {"PYTHONPATH": copy, "MMCL_RESULTS": results, "PYTHONDONTWRITEBYTECODE": "1"}
    os.chdir(copy)
    sys.path[:] = [copy] + [p for p in sys.path if Path(p or ".").resolve() not in (ROOT, ROOT / "tests")]
    for name in [name for name in sys.modules if name.split(".")[0] in ("tests", "mmcl_core")]:
        del sys.modules[name]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        if catcher.startswith("claim:"):
            from mmcl_core.cli import main as command

            claim, _, tier = catcher.removeprefix("claim:").partition("@")
            status = command(["claims", claim, "--tier", tier or "smoke"])
        else:
            import pytest

            status = pytest.main(["-q", "-x", "-p", "no:cacheprovider", catcher])
    os._exit(int(status or 0))


def succeeds(catcher: str, copy: Path, results: Path) -> bool:
    """Whether the catcher is content with the code in `copy`. A time-out counts as having noticed."""
    process = multiprocessing.get_context("forkserver").Process(target=attempt, args=(catcher, str(copy), str(results)))
    process.start()
    process.join(LIMIT)
    if process.exitcode is None:
        process.kill()
        process.join()
    if process.exitcode in (4, 5):  # pytest found nothing to run: nobody looked
        raise SystemExit(f"the catcher {catcher} does not exist")
    return process.exitcode == 0


def trial(mutant: Mutant) -> str:
    """An empty string when the mutant is caught, else what is wrong with it."""
    if not mutant.fits():
        return "its original text does not stand exactly once in the file"
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder) / "copy")
        results = Path(folder) / "results"
        mutant.planted_in(copy)
        if succeeds(mutant.caught_by, copy, results):
            return f"SURVIVED {mutant.caught_by}"
    return ""


def healthy(catchers: Sequence[str]) -> list[str]:
    """Catchers that fail without any planted error, and would seem to catch everything."""
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder) / "copy")
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            fine = list(pool.map(lambda catcher: succeeds(catcher, copy, Path(folder) / "results"), catchers))
    return [f"{name} fails without any planted error" for name, ok in zip(catchers, fine, strict=True) if not ok]


def main(words: list[str]) -> int:
    chosen = [m for m in mutants() if all(word in f"{m.name} {m.caught_by}" for word in words)]
    os.environ["OMP_NUM_THREADS"] = "1"
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(LIBRARIES))
    problems = healthy(sorted({m.caught_by for m in chosen}))
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
