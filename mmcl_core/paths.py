"""Where things lie: the checkout (when there is one), the results store, and the cache of fetched data."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mmcl_core.errors import InputError, shortened


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
    if folder := _named("MMCL_RESULTS"):
        return folder
    return (checkout() or Path.cwd()) / "results"


def cache_folder() -> Path:
    """Fetched data: `$MMCL_CACHE`, else `mmcl/` in the user's cache folder, else, for a user without a home, in the
    temporary one."""
    if folder := _named("MMCL_CACHE"):
        return folder
    given = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        folder = given.expanduser()
    except RuntimeError:  # no HOME, and a user whom the system does not know
        folder = Path("~")
    return (folder if folder.is_absolute() else Path(tempfile.gettempdir())) / "mmcl"


def data_folder() -> Path | None:
    """A folder of data files the user already has: `$MMCL_DATA_DIR`, or None."""
    return _named("MMCL_DATA_DIR")


def _named(variable: str) -> Path | None:
    """The folder that an environment variable names, or None where it is not set or empty.

    Raises
    ------
    InputError
        For a folder that cannot be: one of an unknown user, a file's, or a name too long for the system.
    """
    named = os.environ.get(variable)
    if not named:
        return None
    try:
        folder = Path(named).expanduser().resolve()
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(0, "it is a file")
        return folder
    except (RuntimeError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{variable} is '{shortened(named)}' and cannot be used ({reason}): name a folder, or unset it"
        ) from None
