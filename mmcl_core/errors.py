"""The one exception a user is meant to read: a sentence that says what was wrong, what is allowed, and the mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Bad input. The message is one complete sentence; the command line prints it alone and exits with status 2."""


class DataAbsent(InputError):
    """Data that no package carries are not on this machine. Claims that need them are "not evaluated", with this
    sentence as the reason."""


def unknown(kind: str, name: object, allowed: Iterable[str], mend: str = "") -> InputError:
    """An `InputError` for a name that is not among `allowed`, suggesting the nearest spelling where there is one."""
    choices = list(allowed)
    near = difflib.get_close_matches(str(name), choices, n=1)
    guess = f"; did you mean '{near[0]}'?" if near else (f"; {mend}" if mend else "")
    return InputError(f"Unknown {kind} '{name}': allowed are {', '.join(choices) or '(none)'}{guess}")
