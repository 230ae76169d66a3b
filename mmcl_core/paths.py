"""Where things lie: the checkout (when there is one), the results store, and the cache of fetched data."""

from __future__ import annotations

import os
from pathlib import Path


def checkout() -> Path | None:
    """The root of the book's checkout: the nearest folder above the working directory, or above this package, that
    holds `_toc.yml` and `mmcl_core/`. None when the package was installed from a wheel and runs elsewhere."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / "_toc.yml").is_file() and (folder / "mmcl_core").is_dir():
            return folder
    return None


def results_folder() -> Path:
    """The store: `$MMCL_RESULTS`, else `results/` in the checkout, else `results/` in the working directory."""
    if named := os.environ.get("MMCL_RESULTS"):
        return Path(named).expanduser().resolve()
    return (checkout() or Path.cwd()) / "results"


def cache_folder() -> Path:
    """Fetched data: `$MMCL_CACHE`, else `mmcl/` in the user's cache folder."""
    if named := os.environ.get("MMCL_CACHE"):
        return Path(named).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "mmcl"


def data_folder() -> Path | None:
    """A folder of data files the user already has: `$MMCL_DATA_DIR`, or None."""
    named = os.environ.get("MMCL_DATA_DIR")
    return Path(named).expanduser().resolve() if named else None
