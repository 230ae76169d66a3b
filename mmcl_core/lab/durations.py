"""What units took, remembered beside the store: for the order in which they are computed, and for the time left."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from mmcl_core.lab.store import fingerprint
from mmcl_core.lab.units import Unit


class Durations:
    """Seconds by kind of unit: one experiment, configuration, device and number of seeds, whatever the code.

    Losing the file loses nothing but a good order, so that whatever is wrong with it is passed over.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "seconds.json"
        self.known = self._read()

    def __call__(self, unit: Unit) -> float:
        """Seconds to expect: as last measured, else the experiment's declared ones by the share of its seeds."""
        if (measured := self.known.get(_kind(unit))) is not None:
            return measured
        declared = unit.experiment.seconds.get(unit.tier.value, 0.0)
        return declared * (len(unit.seeds) / unit.config.seeds if unit.seeds else 1)

    def note(self, unit: Unit, seconds: float) -> None:
        """Remember what `unit` took. Of two processes that write at once the later one's file stands."""
        self.known[_kind(unit)] = round(seconds, 3)
        with suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, scratch = tempfile.mkstemp(dir=self.file.parent, prefix=".seconds-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._read() | self.known, file)
            os.replace(scratch, self.file)

    def _read(self) -> dict[str, float]:
        with suppress(OSError, ValueError):
            known = json.loads(self.file.read_text(encoding="utf-8"))
            if isinstance(known, dict):
                return {kind: float(s) for kind, s in known.items() if isinstance(s, int | float) and 0 <= s < 1e9}
        return {}


def _kind(unit: Unit) -> str:
    what = {name: unit.key[name] for name in ("config", "device")} | {"seeds": len(unit.seeds)}
    return f"{unit.experiment.name} {fingerprint(what)}"
