"""Types of fields in words, for messages and lists."""

from __future__ import annotations

import builtins
import typing
from typing import Any, get_args, get_origin


def kind(annotation: Any) -> str:
    """A field's type in the reader's words: "int", "list of float", "3 of int", "'a' or 'b'", "float or null"."""
    of = [part for part in get_args(annotation) if part is not Ellipsis]
    match get_origin(annotation):
        case None:
            return "null" if annotation is type(None) else getattr(annotation, "__name__", str(annotation))
        case typing.Annotated:
            return kind(of[0])
        case typing.Literal:
            return " or ".join(map(repr, of))
        case builtins.tuple:
            parts = list(dict.fromkeys(map(kind, of)))
            many = "list" if Ellipsis in get_args(annotation) else str(len(of))
            return f"{many} of {parts[0]}" if len(parts) == 1 else f"({', '.join(map(kind, of))})"
        case _:
            return " or ".join(map(kind, of))
