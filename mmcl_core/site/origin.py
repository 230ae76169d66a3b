"""Numbers in prose with their origin: the estimate behind one, what it rests on, and the command that makes it again.

A `Number` is a float that remembers where it comes from. It is made by a claim's estimate, by the mean of a result's
array over its seeds, and by an entry of a result that has no randomness, or its mean, least or largest; and by nothing
else: what is computed with it is a plain float again, so that no number claims an origin that is not wholly its own.
"""

from __future__ import annotations

import html
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.ledger import Row
from mmcl_core.lab.run import Result
from mmcl_core.site.explorers.declared import compact
from mmcl_core.stats import Estimate


@dataclass(frozen=True)
class Origin:
    """An estimate, and lines (name, words) on where it comes from."""

    estimate: Estimate | None
    lines: tuple[tuple[str, str], ...]

    def record(self) -> dict[str, Any]:
        """What the page's panel shows, as plain JSON values; a bound that is infinite is None."""
        e = self.estimate
        if e is None:
            return {"lines": self.lines, "interval": [None, None], "samples": []}
        bounds = [v if np.isfinite(v) else None for v in (e.low, e.high)]
        first = (("estimate", str(e)), ("from", f"n = {e.n}, {e.kind}"))
        return {"lines": (*first, *self.lines), "interval": bounds, "samples": e.samples[:50]}


class Number(np.float64):
    """A float with its origin."""

    origin: Origin

    def __new__(cls, value: float, origin: Origin) -> Number:
        made = super().__new__(cls, value)
        made.origin = origin
        return made


def sources(results: Sequence[Result]) -> tuple[tuple[str, str], ...]:
    """Experiment, tier, key in the store and command of each result."""
    lines = []
    for r in results:
        lines += [("experiment", f"{r.experiment}, {r.provenance}"), ("key in the store", r.key)]
        lines += [("again", f"mmcl run {r.experiment} --tier {r.tier}")]
    return tuple(lines)


def of_claim(row: Row, results: Sequence[Result]) -> Number:
    """A claim's measured value."""
    e, c = row.estimate, row.claim
    if e is None:
        return Number(float("nan"), Origin(None, (("claim", c.id), ("verdict", str(row.verdict)))))
    rules = tuple(
        (name, f"{rule}" + (f" ({rule.basis})" if rule.basis else ""))
        for name, rule in (("rule", c.rule), ("refuted if", c.refutation), ("trend if", c.trend))
        if rule is not None
    )
    return Number(e.value, Origin(e, (("claim", f"{c.id}: {row.verdict}"), *rules, *sources(results))))


class Traced(np.ndarray):
    """An array of a result. Slices that keep the seeds remember it, and their mean is a `Number`; all else is plain."""

    result: Result | None
    name: str

    def __array_finalize__(self, base: Any) -> None:
        self.result, self.name = getattr(base, "result", None), getattr(base, "name", "")

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else np.asarray(array)

    def __getitem__(self, key: Any) -> Any:
        first = key[0] if isinstance(key, tuple) and key else key
        found = super().__getitem__(key)
        keeps = first is Ellipsis or (isinstance(first, slice) and first == slice(None))
        return found if keeps or not isinstance(found, Traced) else np.asarray(found)

    def mean(self, axis: Any = None, *args: Any, **options: Any) -> Any:
        plain = np.asarray(self)
        value = plain.mean(axis, *args, **options)
        if self.result is None or np.ndim(value) or not self.ndim or len(self) != len(self.result.seeds):
            return value
        return Number(float(value), Origin(stats.mean_per_seed(plain), sources([self.result])))


class Exact(np.ndarray):
    """An array of a result without randomness. Its parts remember it, and a single one is a `Number`, as are its mean,
    least and largest; what is computed with it is plain."""

    result: Result | None

    def __array_finalize__(self, base: Any) -> None:
        self.result = getattr(base, "result", None)

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else np.asarray(array)

    def __getitem__(self, key: Any) -> Any:
        return self._told(super().__getitem__(key))

    def mean(self, *args: Any, **options: Any) -> Any:
        return self._told(np.asarray(self).mean(*args, **options))

    def min(self, *args: Any, **options: Any) -> Any:
        return self._told(np.asarray(self).min(*args, **options))

    def max(self, *args: Any, **options: Any) -> Any:
        return self._told(np.asarray(self).max(*args, **options))

    def _told(self, found: Any) -> Any:
        if self.result is None or not isinstance(found, np.floating):
            return found
        return Number(float(found), Origin(stats.exact(float(found)), sources([self.result])))


def traced(result: Result) -> Result:
    """The same result, whose real arrays remember it: those with a seed axis, or all where there is no randomness."""
    arrays: dict[str, Any] = {}
    for name, array in result.arrays.items():
        if array.dtype.kind == "f" and not result.seeds:
            array = array.view(Exact)
            array.result = result
            array = array if array.ndim else array[()]
        elif array.dtype.kind == "f" and array.ndim and len(array) == len(result.seeds):
            array = array.view(Traced)
            array.result, array.name = result, name
        arrays[name] = array
    return replace(result, arrays=arrays)


class Prose(string.Formatter):
    """`str.format` that marks a `Number` as a button with its origin, but inside formulas and code."""

    def vformat(self, text: str, arguments: Sequence[Any], numbers: Mapping[str, Any]) -> str:
        parts, before = [], ""
        for literal, field, spec, conversion in self.parse(text):
            parts.append(literal)
            before += literal
            if field is None:
                continue
            value, _ = self.get_field(field, arguments, numbers)
            shown = format(self.convert_field(value, conversion), str.format(spec, *arguments, **numbers))
            inside = before.count("$") % 2 or before.count("`") % 2
            marked = isinstance(value, Number) and not conversion and not inside
            parts.append(button(shown, value.origin) if marked else shown)
        return "".join(parts)


def button(shown: str, origin: Origin) -> str:
    """The number as inline HTML; it is disabled until a script can open its panel."""
    told = html.escape(compact(origin.record())).replace("$", "&#36;").replace("`", "&#96;")
    return f'<button type="button" class="origin" disabled data-origin="{told}">{html.escape(shown)}</button>'
