"""The one exception a user is meant to read: a sentence that says what was wrong, what is allowed, and the mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(Exception):
    """Bad input. The message is one complete sentence; the command line prints it alone and exits with status 2."""


class DataAbsent(InputError):
    """Data that no package carries are not on this machine. Claims that need them are "not evaluated", with this
    sentence as the reason."""


MOST = 120  # characters of a list that a sentence holds


def shortened(value: object, most: int = 60) -> str:
    """`value` as text of at most `most` characters, for a sentence: on one line, with nothing that a terminal obeys."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value)[: 2 * most])
    return text if len(text) <= most else f"{text[: most - 3]}..."


def unknown(kind: str, name: object, allowed: Iterable[str], mend: str = "") -> InputError:
    """An `InputError` for a name that is not among `allowed`, suggesting the nearest spelling where there is one."""
    choices = list(allowed)
    near = difflib.get_close_matches(str(name)[:MOST], choices, n=1)
    guess = f"did you mean '{near[0]}'? " if near else ""
    shown, length = [], 0
    for choice in [*near, *(c for c in choices if c not in near)] if len(", ".join(choices)) > MOST else choices:
        length += len(choice) + 2
        if length > MOST:
            break
        shown.append(choice)
    more = f" and {len(choices) - len(shown)} others" if len(shown) < len(choices) else ""
    end = f"; {mend}" if mend else ""
    return InputError(
        f"Unknown {kind} '{shortened(name)}': {guess}allowed are {', '.join(shown) or '(none)'}{more}{end}"
    )
