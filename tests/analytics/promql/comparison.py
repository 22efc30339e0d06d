"""Points of a real server beside ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.promql import Vector
from tests.servers.parts import Release
from tests.servers.prometheus import Prometheus

__all__ = ["Compared", "Server", "compare"]


@dataclass(frozen=True, slots=True)
class Server:
    """A running Prometheus.

    Attributes:
        prometheus: the server.
        release: which it is.
    """

    prometheus: Prometheus
    release: Release

    @property
    def dialect(self) -> Dialect:
        """What it speaks, by the version that it says it has."""
        return Dialect.of_version(self.prometheus.api("status/buildinfo")["version"])


@dataclass(frozen=True, slots=True)
class Compared:
    """Points of a server beside ours.

    Attributes:
        points: how many there are.
        only_one: points that only one of the two has.
        differing: points whose bits differ.
        relative: the largest relative difference.
    """

    points: int
    only_one: int
    differing: int
    relative: float


def compare(server: Server, expression: str, query: dict[str, Any], ours: Vector) -> Compared:
    """Ask the server for the same points; several windows need an expression with WINDOW."""
    start, end, step = query["start"], query["end"], query["step"]
    rows: list[tuple[tuple[tuple[str, str], ...], int, int, float]] = []
    for window in sorted(ours.values["window_s"].unique()):
        text = expression.replace("WINDOW", f"{window}s")
        answer = server.prometheus.query_range(
            text, start.timestamp(), end.timestamp(), step.seconds
        )
        for line in answer:
            key = tuple(sorted((n, v) for n, v in line.labels.items() if n != "__name__"))
            rows += [(key, window, round(ts * 1000), value) for ts, value in line.points]
    ids = {
        tuple((x["name"], x["value"]) for x in labels): number
        for number, labels in ours.series.select("series_id", "labels").iter_rows()
    }
    theirs = pl.DataFrame(
        [(ids[key], window, ts, value) for key, window, ts, value in rows],
        schema={"series_id": pl.UInt32, "window_s": pl.Int32, "ms": pl.Int64, "their": pl.Float64},
        orient="row",
    )
    mine = ours.values.with_columns(ms=pl.col("ts").to_physical())
    both = mine.join(theirs, on=["series_id", "window_s", "ms"], how="full")
    together = both.drop_nulls(["value", "their"])
    value, their = together["value"].to_numpy(), together["their"].to_numpy()
    same = (value == their) | (np.isnan(value) & np.isnan(their))
    with np.errstate(all="ignore"):
        relative = np.where(same, 0.0, np.abs(value - their) / np.abs(their))
    worst = float(np.max(np.nan_to_num(relative, nan=np.inf), initial=0.0))
    return Compared(len(together), len(both) - len(together), int((~same).sum()), worst)
