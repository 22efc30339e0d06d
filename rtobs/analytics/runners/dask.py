"""Units on a Dask cluster: `pip install 'rtobs[dask]'`.

Workers need rtobs and polars of the same versions, and must reach the export where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rtobs.analytics.runners.units import Unit
from rtobs.errors import MissingExtraError, RtobsError

__all__ = ["DaskRunner"]


@dataclass(frozen=True, slots=True)
class DaskRunner:
    """The workers of a Dask cluster.

    Attributes:
        client: a `distributed.Client`; whoever made it closes it.
    """

    client: Any

    @classmethod
    def connect(cls, address: str) -> DaskRunner:
        """The cluster whose scheduler listens at an address ("tcp://scheduler:8786").

        Raises:
            MissingExtraError: distributed is not installed.
            RtobsError: nobody answers there.
        """
        try:
            import distributed  # noqa: PLC0415  # heavy, and optional
        except ImportError as error:
            raise MissingExtraError("dask", "DaskRunner") from error
        try:
            return cls(distributed.Client(address))  # type: ignore[no-untyped-call]
        except OSError as error:
            raise RtobsError(
                f"no Dask scheduler answers at {address}; is it an address such as "
                "tcp://scheduler:8786?"
            ) from error

    def map(
        self, function: Callable[[Unit], pl.DataFrame], units: Sequence[Unit]
    ) -> Iterator[pl.DataFrame]:
        """See Runner."""
        # Not pure: an export that was written again under its name is read again.
        waiting = self.client.map(function, units, pure=False)
        try:
            for future in waiting:
                yield future.result()
                future.release()
        finally:
            self.client.cancel(waiting)
