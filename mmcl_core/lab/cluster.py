"""Past one machine: the same units on the workers of a Dask cluster (`pip install 'mmcl-reproduced[dask]'`).

Units go out and arrays come back by value: no shared disk is needed, only the same version of the book on every worker,
which each unit checks. Dask computes again what a lost worker had begun.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress

from mmcl_core.errors import InputError
from mmcl_core.lab.store import Entry, fingerprint
from mmcl_core.lab.units import Unit

PATIENCE = 10.0  # seconds in which a scheduler must answer


def _compute_there(unit: Unit) -> Entry:
    entry = unit.compute()
    unit.forget()  # what a worker keeps of it
    return entry


class Cluster:
    """The workers of the Dask scheduler at `address`. All units are handed out at once, so that a cluster that grows by
    demand (dask-jobqueue's `adapt`) sees the demand.

    Raises
    ------
    InputError
        When Dask is not installed, or no scheduler answers at `address`.
    """

    handed_out = 100_000

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise InputError(
                "--backend dask needs the package distributed: pip install 'mmcl-reproduced[dask]' brings it"
            ) from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said in our own words
        self.address = address
        try:
            asyncio.run(_knock(address))
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"No Dask scheduler answers at '{address[:80]}' within {PATIENCE:.0f} s ({type(error).__name__}): "
                "start one with `dask scheduler`, and give the address that it prints, such as tcp://10.0.0.1:8786"
            ) from None
        self._pool = self._client.get_executor(pure=False)
        self.width = 1
        self.begun(())

    def submit(self, unit: Unit) -> Future[Entry]:
        return self._pool.submit(_compute_there, unit, key=_name(unit))

    def begun(self, units: Iterable[Unit]) -> list[Unit]:
        """Those that a worker has. `width` becomes the number of the workers' threads.

        Raises
        ------
        InputError
            When the scheduler is gone: what it had been told is lost with it.
        """
        try:
            if self._client.status != "running":
                raise OSError(f"the connection is {self._client.status}")
            self.width = max(1, sum(self._client.nthreads().values()))
            there = {key for keys in self._client.processing().values() for key in keys}
        except OSError as error:
            raise InputError(
                f"The Dask scheduler at {self.address} no longer answers ({type(error).__name__}): what was finished "
                "is "
                "kept; start it, and run the same command again"
            ) from None
        return [unit for unit in units if _name(unit) in there]

    def restart(self, width: int) -> None: ...  # Dask does

    def close(self) -> None:
        with suppress(OSError):
            self._client.close(timeout=2)


async def _knock(address: str) -> None:
    """A connection and the first words of both sides: `Client` itself would wait for ever for one that takes the call
    and says nothing."""
    from distributed.comm import connect

    comm = await asyncio.wait_for(connect(address, timeout=PATIENCE), PATIENCE)
    await comm.close()


def _name(unit: Unit) -> str:
    return f"mmcl-{unit.experiment.name}-{fingerprint(unit.key)}"
