"""A disk that is full or not to be written, met in the middle of a build: one sentence, and the old site stays."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmcl_core.errors import InputError

# In the words of other programs' messages: Sphinx warns of each file that it could not copy, and goes on.
REFUSED = re.compile("No space left on device|Disk quota exceeded|Read-only file system")
NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def _refusal(folder: Path, why: str) -> InputError:
    return InputError(
        f"The site could not be written below {folder} ({why}): free some space or make it writable; every result that "
        f"was computed and the site that was there are kept"
    )


def stop_if_refused(said: str, folder: Path) -> None:
    """`InputError` where another program says, anywhere in `said`, that the disk did not take a file."""
    if found := REFUSED.search(said):
        raise _refusal(folder, found[0])


@contextmanager
def written_or_said(folder: Path) -> Iterator[None]:
    """Inside it a disk that refuses is an `InputError` about `folder`."""
    try:
        yield
    except OSError as error:
        if error.errno not in NUMBERS:
            raise
        raise _refusal(folder, error.strerror) from None
