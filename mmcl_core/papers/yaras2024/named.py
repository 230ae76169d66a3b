"""A method by its name: the rows of Tables 2 to 5, and a fixed temperature of one's own, "FLT .05"."""

from __future__ import annotations

import math

from mmcl_core.errors import InputError
from mmcl_core.papers.yaras2024.methods import METHODS, Method, find_method, fixed

PREFIX = "FLT "


def method_named(name: str) -> Method:
    """The method `name`: one of `METHODS`, or "FLT " and any positive number.

    Raises
    ------
    InputError
        For any other name.
    """
    if name in METHODS or not name.startswith(PREFIX):
        return find_method(name)
    try:
        temperature = float(name.removeprefix(PREFIX))
    except ValueError:
        temperature = math.nan
    if not 0 < temperature < math.inf:
        raise InputError(f"'{name[:40]}' names no fixed temperature: write FLT and a number above 0, such as 'FLT .05'")
    return fixed(temperature)
