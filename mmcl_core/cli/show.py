"""What a terminal shows of an experiment: its fields before it is run, the numbers that matter afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmcl_core.errors import shortened
from mmcl_core.lab.kinds import kind


def experiment(found: Any) -> Iterator[str]:
    """An experiment's summary and its fields: default at each tier, type and range, what the paper says of it."""
    yield f"{found.name}: {found.summary}"
    yield "seconds on two cores: " + ", ".join(f"{tier} {s:g}" for tier, s in found.seconds.items())
    small = {"book": found.config.book, "smoke": found.config.smoke}
    for name, field in found.config.model_fields.items():
        if name == "seeds" and found.deterministic:
            continue
        limits = ", ".join(
            f"{sign} {getattr(rule, key):g}"
            for rule in field.metadata
            for key, sign in (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))
            if getattr(rule, key, None) is not None
        )
        others = "".join(f", {tier} {shortened(table[name], 40)}" for tier, table in small.items() if name in table)
        sort = ", ".join(filter(None, [shortened(kind(field.annotation)), limits]))
        yield f"  {name:22} {shortened(field.default, 40)}{others}  ({sort})"
        yield f"  {'':22} {field.description or ''}"
    yield f"another value: mmcl run {found.name} --set NAME=VALUE; other seeds: --seeds 20"


def result(found: Any, coordinates: frozenset[str], folder: Any) -> Iterator[str]:
    """The numbers of a result: a scalar's mean over seeds with its spread, else shapes; where they lie, how to load
    them."""
    for name, array in found.items():
        if array.dtype.kind not in "fiub":
            said = f"text {list(array.shape)}"
        elif array.size == 0:  # nothing of this kind was asked for
            said = f"{list(array.shape)}, empty"
        elif name in coordinates or not found.seeds:
            said = (
                f"{float(array):.6g}"
                if array.ndim == 0
                else f"{list(array.shape)} from {array.min():.4g} to {array.max():.4g}"
            )
        elif array.ndim == 1:
            spread = f" +- {array.std(ddof=1):.2g} (standard deviation)" if len(array) > 1 else ""
            said = f"{array.mean():.6g}{spread}, {len(array)} seeds"
        else:
            said = f"{list(array.shape)}, seeds first, from {array.min():.4g} to {array.max():.4g}"
        yield f"  {name:28} {said}"
    load = f"catalog.results('{found.tier}')('{found.experiment}')['{next(iter(found))}']"
    yield f"  they lie in {folder}; in Python: from mmcl_core import catalog; {load}"
