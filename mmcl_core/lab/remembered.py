"""What was worked out of a file's text before, kept beside fetched data: parsing three hundred modules takes seconds.

Whatever is kept bears the hash of all that it was worked out from, and the file the hash of its own content: an edited
source, another Python or a damaged file are worked out anew, so a key never rests on anything but the code itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmcl_core.errors import InputError
from mmcl_core.paths import cache_folder

MOST = 3000  # kept, the latest; a checkout has some three hundred modules
_KNOWN: dict[str, Any] | None = None
_NEW: dict[str, Any] = {}


def _file() -> Path:
    return cache_folder() / "sources.json"


def _read() -> dict[str, Any]:
    with suppress(OSError, ValueError, InputError):
        digest, _, text = _file().read_text(encoding="utf-8").partition("\n")
        if hashlib.sha256(text.encode()).hexdigest() == digest:
            return json.loads(text)
    return {}


def remembered(name: str, work_out: Callable[[], Any]) -> Any:
    """What `work_out` gives, from the file where it is kept there under `name`, a hash of all that it depends on."""
    global _KNOWN
    if _KNOWN is None:
        _KNOWN = _read()
    if name not in _KNOWN:
        _KNOWN[name] = _NEW[name] = work_out()
    return _KNOWN[name]


def keep() -> None:
    """Write what is new. A cache that cannot be written costs time and nothing else."""
    if not _NEW:
        return
    text = json.dumps(dict([*_read().items(), *_NEW.items()][-MOST:]))
    _NEW.clear()
    with suppress(OSError, InputError):
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}.partial")
        scratch.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}", encoding="utf-8")
        scratch.replace(path)
