"""Units on a Dask cluster: `pip install 'rtobs[dask]'`.

Workers need rtobs and polars of the same versions, and must reach the export where it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from rtobs.analytics.runners.units import Unit
from rtobs.errors import MissingExtraError, RunnerError
from rtobs.model.duration import Duration

__all__ = ["DaskRunner"]

_MINUTE: Final = Duration.parse("1m")


@dataclass(frozen=True, slots=True)
class DaskRunner:
    """The workers of a Dask cluster.

    Attributes:
        client: a `distributed.Client`; whoever made it closes it.
        patience: how long a cluster may be without any worker.
    """

    client: Any
    patience: Duration = _MINUTE

    @classmethod
    def connect(cls, address: str) -> DaskRunner:
        """The cluster whose scheduler listens at an address ("tcp://scheduler:8786").

        Raises:
            MissingExtraError: distributed is not installed.
            RunnerError: nobody answers there.
        """
        try:
            import distributed  # noqa: PLC0415  # heavy, and optional
        except ImportError as error:
            raise MissingExtraError("dask", "DaskRunner") from error
        try:
            with ThreadPoolExecutor(1) as beside:  # notebooks have a loop that runs already
                beside.submit(asyncio.run, _greeted(address)).result()
            return cls(distributed.Client(address))  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError) as error:
            raise RunnerError(
                f"no Dask scheduler answers at {address}; is it an address such as "
                "tcp://scheduler:8786?"
            ) from error

    def map(
        self, function: Callable[[Unit], pl.DataFrame], units: Sequence[Unit]
    ) -> Iterator[pl.DataFrame]:
        """See Runner.

        Raises:
            RunnerError: no worker comes, a worker ended, or the scheduler does not answer any more.
        """
        if not units:
            return
        with _plain_words():
            yield from self._map(function, units)

    def _map(
        self, function: Callable[[Unit], pl.DataFrame], units: Sequence[Unit]
    ) -> Iterator[pl.DataFrame]:
        self.client.wait_for_workers(1, timeout=self.patience.seconds)
        # Not pure: an export that was written again under its name is read again.
        waiting = self.client.map(function, units, pure=False)
        try:
            for future in waiting:
                yield future.result()
                future.release()
        finally:
            self.client.cancel(waiting)


async def _greeted(address: str) -> None:
    """Wait until the scheduler has said hello; a client would wait for that without end.

    Raises:
        OSError: nobody listens there.
        TimeoutError: somebody does, and says nothing.
    """
    from dask.config import get  # noqa: PLC0415  # heavy, and optional
    from dask.utils import parse_timedelta  # noqa: PLC0415
    from distributed.comm.core import connect  # noqa: PLC0415
    from distributed.security import Security  # noqa: PLC0415

    within = parse_timedelta(get("distributed.comm.timeouts.connect"), "s")
    secured = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    greeting = connect(address, timeout=within, **secured)  # type: ignore[no-untyped-call]
    comm = await asyncio.wait_for(greeting, 2 * within)
    await comm.close()


@contextmanager
def _plain_words() -> Iterator[None]:
    """What Dask raises when a part of it is gone, in a sentence; errors of units stay."""
    import distributed  # noqa: PLC0415  # heavy, and optional
    from distributed.comm.core import CommClosedError  # noqa: PLC0415
    from distributed.exceptions import WorkerStartTimeoutError  # noqa: PLC0415

    try:
        yield
    except distributed.KilledWorker as error:
        raise RunnerError(
            "workers of the Dask cluster ended before a unit was done, often for want of memory; "
            "take smaller units or workers with more memory"
        ) from error
    except WorkerStartTimeoutError as error:
        raise RunnerError("the Dask cluster has no worker; start one, or wait longer") from error
    except (CancelledError, CommClosedError) as error:
        raise RunnerError(
            "the Dask scheduler does not answer any more; is it still running? What was done is "
            "lost"
        ) from error
