"""Folders that a command is given or needs: named by an option, or for matplotlib where the home cannot be written."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from mmcl_core.errors import InputError, shortened


def folder_named(option: str, value: str) -> Path:
    """The folder that `option` names, `~` and `~user` read as a shell reads them.

    Raises
    ------
    InputError
        For an empty name, an unknown user, a file, or a name that the system cannot hold.
    """
    if not value.strip():
        raise InputError(f"{option} is empty: name a folder, such as figures, or leave it out")
    try:
        folder = Path(value).expanduser()
        with suppress(FileNotFoundError):  # it will be made
            if not stat.S_ISDIR(os.stat(folder).st_mode):
                raise NotADirectoryError(0, "it is a file")
    except (RuntimeError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{option} {shortened(value)} cannot be used ({reason}): name a folder") from None
    return folder


def give_matplotlib_a_folder() -> None:
    """Where it may not write its own, matplotlib warns in every process and makes one in each: it has one for all."""
    if os.environ.get("MPLCONFIGDIR"):
        return
    try:  # as matplotlib does
        place = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "matplotlib"
        place.mkdir(parents=True, exist_ok=True)
        usable = os.access(place, os.W_OK)
    except (RuntimeError, OSError):  # RuntimeError: no HOME, and a user whom the system does not know
        usable = False
    if not usable:
        os.environ["MPLCONFIGDIR"] = made = tempfile.mkdtemp(prefix="mmcl-matplotlib-")
        atexit.register(shutil.rmtree, made, ignore_errors=True)
