"""`make torture`: kills at random moments, corrupt bytes in stored entries, two builds at once. At most ten minutes.

Its numbers go into the note that closes a round of work on faults; the suite holds one small case of each kind.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
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
KILLS, ENTRIES, LIMIT = 200, 100, 570.0


def begin(folder: Path, *words: str) -> subprocess.Popen:
    environment = os.environ | {"MMCL_RESULTS": str(folder / "results"), "PYTHONPATH": str(ROOT)}
    options = {"env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    return subprocess.Popen([sys.executable, "-P", "-m", "mmcl_core.cli", *words], cwd=folder, text=True, **options)


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


def kills(folder: Path, truth: dict, until: float, chance: random.Random) -> Counter:
    """Commands killed at random moments of their life; after each the store holds whole, right entries only."""
    seen: Counter = Counter()
    while seen["kills"] < KILLS and time.monotonic() < until:
        process = begin(folder, *chance.choice(COMMANDS))
        time.sleep(chance.uniform(0.2, 6))
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


def corruption(folder: Path, truth: dict, until: float, chance: random.Random) -> Counter:
    """A byte changed, a file cut or emptied: found, moved aside, and computed again bit for bit."""
    seen: Counter = Counter()
    store = Store(folder / "results")
    while seen["entries"] < ENTRIES and time.monotonic() < until:
        metas = list(store.root.glob("*.*/*/meta.json"))
        if not metas:
            assert begin(folder, *COMMANDS[0]).wait() == 0
            continue
        meta = chance.choice(metas)
        key, path = json.loads(meta.read_text())["key"], meta.parent / chance.choice(("meta.json", "arrays.npz"))
        content = bytearray(path.read_bytes())
        kept, kind = bytes(content), chance.choice(("byte", "byte", "cut", "empty"))
        if kind == "byte":
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes({"byte": content, "cut": content[: len(content) // 2], "empty": b""}[kind])
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


def main() -> int:
    """All of it, with the numbers; an assertion names what was lost."""
    chance, start = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 0), time.monotonic()
    limit = float(os.environ.get("TORTURE_SECONDS", LIMIT))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for command in COMMANDS:  # the truth, and the names of all entries
            process = begin(folder, *command)
            _, err = process.communicate()
            assert process.returncode in (0, 1), err
        truth = arrays(Store(folder / "results"))
        print(f"{len(truth)} entries in {time.monotonic() - start:.0f} s", flush=True)
        print("corrupt:", dict(corruption(folder, truth, start + 0.4 * limit, chance)), flush=True)
        print("killed:", dict(kills(folder, truth, start + limit, chance)), flush=True)
        left = [p for p in (folder / "results").rglob(".writing-*")]
        print(f"left by killed writers, to be removed an hour later: {len(left)}; {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
