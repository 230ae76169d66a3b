"""What the machine refuses, in one sentence: memory, disks, folders. Everything else is an error of ours and stays."""

from __future__ import annotations

import errno
import os
import re

ASKED = re.compile(r"allocate ([\d.]+ ?[KMGTPE]?i?B|\d+ bytes)|Tried to allocate ([\d.]+ [KMGTPE]iB)")
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
TOO_MUCH = ("allocate", "out of memory", "Maximum allowed dimension", "array is too big", "too large to convert")


def available() -> str:
    """The memory of this machine in words, where it says."""
    try:
        return f"; this machine has {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, OSError, ValueError):
        return ""


def sentence(error: BaseException) -> str:
    """The sentence for `error`, or nothing for an error of another kind."""
    said = str(error)
    if isinstance(error, MemoryError) or any(words in said for words in TOO_MUCH):
        found = ASKED.search(said)
        amount = next(filter(None, found.groups())) if found else ""
        if amount.endswith("bytes"):
            amount = f"{int(amount.split()[0]) / 2**30:,.0f} GiB"
        much = f" ({amount} at once)" if amount else ""
        return f"This takes more memory than there is{much}{available()}: take smaller sizes with --set, or fewer seeds"
    if isinstance(error, OSError) and error.strerror:
        what = f"'{str(error.filename)[-120:]}'" if error.filename else "The output"
        mend = "make it readable and writable" if error.errno in FORBIDDEN else "free some space"
        return f"{what} could not be read or written ({error.strerror}): {mend}, or name another folder"
    return ""
