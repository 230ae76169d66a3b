"""The surroundings in which chapters are executed: this interpreter, this code, and nothing of the reader's own.

A start-up file of IPython, another kernel called python3, a `queue.py` in the working folder or a backend named in the
environment would change what a chapter prints, or stop it. So a chapter gets a kernel and profiles made for it alone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

KERNEL = "mmcl-book"
CODE = Path(__file__).resolve().parents[2]
# The working folder is no place to import from: neither Python's own habit (-P) nor IPython's. Not started as
# `ipykernel_launcher`, which drops the first folder of PYTHONPATH, our code, where it is the working folder as well.
STARTED = [sys.executable, "-P", "-m", "ipykernel", "-f", "{connection_file}", "--IPKernelApp.ignore_cwd=True"]


def python_path() -> str:
    """`PYTHONPATH` for processes of ours: this package first, also where it is not installed."""
    return os.pathsep.join([str(CODE), *filter(None, [os.environ.get("PYTHONPATH")])])


@contextmanager
def surroundings(threads: int, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a chapter's processes, as long as they run; `folder` is where the chapter puts its files."""
    with TemporaryDirectory(prefix="mmcl-kernel-", ignore_cleanup_errors=True) as scratch:
        place = Path(scratch)
        spec = {"argv": STARTED, "display_name": "Python 3", "language": "python"}
        (place / "kernels" / KERNEL).mkdir(parents=True)
        (place / "kernels" / KERNEL / "kernel.json").write_text(json.dumps(spec))
        theirs = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON", "MPL", "MATPLOTLIB"))}
        yield theirs | {
            "MMCL_BUILD_DIR": str(folder),
            "MMCL_THREADS": str(threads),
            "OMP_NUM_THREADS": str(threads),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "PYTHONPATH": python_path(),
            "PYTHONSAFEPATH": "1",
            "MPLBACKEND": "agg",
            "MPLCONFIGDIR": str(place / "matplotlib"),
            "IPYTHONDIR": str(place / "ipython"),
            "JUPYTER_NO_CONFIG": "1",
            **{f"JUPYTER_{name}_DIR": str(place / name.lower()) for name in ("CONFIG", "RUNTIME")},
            "JUPYTER_DATA_DIR": str(place),
            "JUPYTER_PATH": str(place),
        }
