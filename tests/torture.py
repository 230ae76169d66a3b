"""`make torture`: kills at random moments, corrupt bytes in stored entries, two builds at once. At most ten minutes.

Its numbers go into the note that closes a round of work on faults; the suite holds one small case of each kind. Some of
it: `python -m tests.torture --kills 10 --corruptions 10 --builds 1`. What the seconds do not suffice for is left out,
and the last line says how much was done of what was asked.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import numpy as np

from mmcl_core.lab.store import Store

ROOT = Path(__file__).parents[1]
RUNS = ("huang2024.identities", "ren2023.closed_form", "yaras2024.fig2", "xue2024.negatives", "ren2023.forces")
COMMANDS = (
    *(("run", name, "--tier", "smoke") for name in RUNS),
    ("claims", "ren2023.d3*", "--tier", "smoke"),
    ("claims", "yaras2024.fig2*", "--tier", "smoke"),
    ("figure", "yaras2024.fig2", "--tier", "smoke", "--format", "csv"),
)
LANES = 2  # commands killed side by side, each lane with a store of its own


def begin(folder: Path, *words: str) -> subprocess.Popen:
    environment = os.environ | {"MMCL_RESULTS": str(folder / "results"), "PYTHONPATH": str(ROOT)}
    options = {"env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    return subprocess.Popen([sys.executable, "-P", "-m", "mmcl_core.cli", *words], cwd=folder, text=True, **options)


def whole(folder: Path, *words: str) -> None:
    """Run a command to its end; what it says where that is no good one."""
    process = begin(folder, *words)
    _, err = process.communicate()
    assert process.returncode in (0, 1), err


def arrays(store: Store) -> dict[str, dict[str, np.ndarray]]:
    """All entries of the store by their folder; a damaged one is an error here."""
    found = {}
    for meta in store.root.glob("*.*/*/meta.json"):
        entry = store.load(json.loads(meta.read_text())["key"])
        assert entry is not None, f"{meta.parent} is damaged"
        found[f"{meta.parent.parent.name}/{meta.parent.name}"] = entry.arrays
    return found


def same(mine: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> bool:
    return mine.keys() == theirs.keys() and all(np.array_equal(mine[k], theirs[k], equal_nan=True) for k in mine)


def kills(folder: Path, truth: dict, count: int, until: float, chance: random.Random) -> Counter:
    """Commands killed at random moments of their life; after each the store holds whole, right entries only."""
    seen: Counter = Counter()
    while seen["kills"] < count and time.monotonic() < until:
        process = begin(folder, *chance.choice(COMMANDS))
        time.sleep(chance.uniform(0.2, 4))
        number = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
        seen["already done" if process.poll() is not None else number.name] += 1
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        _, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        for name, entry in arrays(Store(folder / "results")).items():
            assert same(entry, truth.get(name, entry)), f"{name} is another result after a kill"
        if chance.random() < 0.2:  # so that there is something to lose, and something to write
            for written in list((folder / "results").glob("*.*/*/meta.json"))[:2]:
                written.unlink()
                (written.parent / "arrays.npz").unlink(missing_ok=True)
                written.parent.rmdir()
        seen["kills"] += 1
    return seen


def killed_side_by_side(folder: Path, truth: dict, count: int, until: float, chance: random.Random) -> Counter:
    """`kills` in as many lanes as there are, together."""
    lanes = []
    for lane in range(LANES):
        own = folder / f"lane{lane}"
        shutil.copytree(folder / "results", own / "results")
        lanes.append((own, truth, count // LANES + (lane < count % LANES), until, random.Random(chance.random())))
    with ThreadPoolExecutor(LANES) as pool:
        return sum(pool.map(lambda lane: kills(*lane), lanes), Counter())


def corruption(folder: Path, truth: dict, count: int, until: float, chance: random.Random) -> Counter:
    """A byte changed, a file cut or emptied: found, moved aside, and computed again bit for bit."""
    seen: Counter = Counter()
    store = Store(folder / "results")
    while seen["entries"] < count and time.monotonic() < until:
        metas = list(store.root.glob("*.*/*/meta.json"))
        if not metas:
            whole(folder, *COMMANDS[0])
            continue
        meta = chance.choice(metas)
        key, path = json.loads(meta.read_text())["key"], meta.parent / chance.choice(("meta.json", "arrays.npz"))
        content = bytearray(path.read_bytes())
        kept, kind = bytes(content), chance.choice(("byte", "byte", "cut", "empty"))
        if kind == "byte":
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes({"byte": content, "cut": content[: len(content) // 2], "empty": b""}[kind])
        with redirect_stderr(StringIO()):  # it says of each what happened to it
            loaded = store.load(key)
        seen[f"{kind} {'harmless' if loaded else 'found'}"] += 1
        name = f"{meta.parent.parent.name}/{meta.parent.name}"
        assert loaded is None or same(loaded.arrays, truth[name]), f"{name} was changed and believed"
        if loaded is None:  # put back what it was: computing again is what the kills do
            store.save(key, truth[name], {"seconds": 0.0, "device": "x", "created": "x"})
        else:
            path.write_bytes(kept)
        seen["entries"] += 1
    return seen


CONFIG = "title: T\nexecute: {execute_notebooks: 'off'}\nonly_build_toc_files: true\n"


def build_small(root: Path) -> int:
    """What `mmcl build` does with the pages once they are staged, for a book of two pages."""
    from mmcl_core.lab.processes import alone
    from mmcl_core.site import build

    build.finish = lambda *_: None  # type: ignore[assignment]  # the finishing touches need a whole book
    build.notation.read = lambda *_: {}  # type: ignore[assignment]
    with alone(root / "_build"):
        return build.sphinx(root, root / "_build" / "src", root / "figures")


def builds(folder: Path, count: int, until: float, chance: random.Random) -> Counter:
    """Two builds of one checkout at once, the second a random moment later, the first now and then killed: the site is
    whole, shows the last edit, and nothing is left beside it."""
    seen: Counter = Counter()
    root = folder / "book"
    staged = root / "_build" / "src"
    staged.mkdir(parents=True)
    (root / "_config.yml").write_text(CONFIG)
    (root / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n  - file: second\n")
    (staged / "index.md").write_text("# One\n")
    code = "import sys; from pathlib import Path; from tests.torture import build_small; "
    command = [sys.executable, "-P", "-c", f"{code}sys.exit(build_small(Path({str(root)!r})))"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    while seen["rounds"] < count and time.monotonic() < until:
        edit = f"Round {seen['rounds']}."
        (staged / "second.md").write_text(f"# Two\n\n{edit}\n")
        first = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, **options)
        time.sleep(chance.uniform(0, 4))
        second = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, **options)
        killed = chance.random() < 0.3
        if killed:
            time.sleep(chance.uniform(0, 3))
            first.kill()
            seen["first one killed"] += 1
        said = [process.communicate(timeout=300)[0] for process in (first, second)]
        assert second.returncode == 0 and (killed or first.returncode == 0), "\n".join(said)
        assert edit in (root / "_build" / "html" / "second.html").read_text(), "the site does not show the last edit"
        left = {p.name for p in (root / "_build").iterdir()} - {"src", "html", "sphinx.stamp", ".lock"}
        assert not left, left
        seen["second one waited"] += "waits for it" in said[1]
        seen["rounds"] += 1
    return seen


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--corruptions", type=int, default=100)
    parser.add_argument("--builds", type=int, default=20, help="rounds of two builds at once")
    parser.add_argument("--seconds", type=float, default=570.0, help="after which nothing new is begun")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    return parser.parse_args()


def main() -> int:
    """All of it, with the numbers; an assertion names what was lost."""
    a, start = asked(), time.monotonic()
    chance, end = random.Random(a.seed), start + a.seconds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with ThreadPoolExecutor(LANES) as pool:  # the truth, and the names of all entries
            list(pool.map(lambda command: whole(folder, *command), COMMANDS))
        truth = arrays(Store(folder / "results"))

        def say(what: str, seen: object) -> None:
            print(f"{time.monotonic() - start:4.0f} s  {what}: {seen}", flush=True)

        say("entries", len(truth))
        corrupt = corruption(folder, truth, a.corruptions, start + 0.3 * a.seconds, chance)
        say("corrupt", dict(corrupt))
        both = builds(folder, a.builds, start + 0.5 * a.seconds, chance)
        say("two builds at once", dict(both))
        killed = killed_side_by_side(folder, truth, a.kills, end, chance)
        say("killed", dict(killed))
        left = len(list(folder.rglob(".writing-*")))
        say("left by killed writers, to be removed an hour later", left)
        done = ((killed["kills"], a.kills), (corrupt["entries"], a.corruptions), (both["rounds"], a.builds))
        say("done of what was asked", ", ".join(f"{n} of {m}" for n, m in done))
    return 0


if __name__ == "__main__":
    sys.exit(main())
