"""Series that others have labelled: a value every five minutes, and windows in which it was wrong.

The Numenta Anomaly Benchmark (numenta/NAB, MIT) has such series of real servers. A series becomes
an SLO of time slices: a value holds for five minutes, and a minute is good while its value lies
between two bounds. The labels are the incidents.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import polars as pl

from rtobs.analytics.backtest import Bench, Score, bench, score, span_of, tiers_for
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import INCIDENTS, TIME, check
from rtobs.analytics.slo.timeslices import SliceRule, slice_minutes, timeslices
from rtobs.model.alerting import AlertPolicy
from rtobs.model.duration import Duration
from rtobs.model.indicator import is_sliced
from rtobs.model.slo import MissingData, ResolvedSlo

__all__ = ["SERIES_OF_NAB", "Labelled", "labelled_beside", "labelled_series", "sliced_slo"]

_WINDOWS: Final = "combined_windows.json"
_MINUTES: Final = 5
# Of each series its key among the labels, the smallest and the largest good value, the objective.
SERIES_OF_NAB: Final = {
    "latency of a server": (
        "realKnownCause/ec2_request_latency_system_failure",
        (30.0, 60.0),
        Decimal("0.99"),
    ),
    "load of a group of servers": (
        "realKnownCause/cpu_utilization_asg_misconfiguration",
        (0.0, 80.0),
        Decimal("0.95"),
    ),
    "requests of a load balancer": (
        "realAWSCloudwatch/elb_request_count_8c0756",
        (0.0, 300.0),
        Decimal("0.99"),
    ),
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled series as the history of an SLO.

    Attributes:
        own: the history.
        incidents: INCIDENTS, the labels.
        values: `ts` and `value` as they were measured.
    """

    own: Bench
    incidents: pl.DataFrame = field(repr=False, compare=False)
    values: pl.DataFrame = field(repr=False, compare=False)

    @property
    def alerts(self) -> pl.DataFrame:
        """ALERTS of the SLO's tiers."""
        return self.own.alerts(self.own.slo.tiers)

    @property
    def score(self) -> Score:
        """How good these alerts were."""
        return score(self.alerts, self.incidents, [self.own.spending], span=span_of([self.own]))


def labelled_beside(home: Path | None) -> Path | None:
    """The labelled series, where they lie in `shared/data/nab` beside the checkout.

    Args:
        home: folder of the notebook.
    """
    folder = (home or Path.cwd() / "notebooks").parent.parent / "shared/data/nab"
    return folder if (folder / _WINDOWS).is_file() else None


def sliced_slo(
    slos: Sequence[ResolvedSlo], policy: AlertPolicy, objective: Decimal, window: Duration
) -> ResolvedSlo:
    """An SLO of time slices for data that no definition knows; its tiers follow the policy."""
    like = next(slo for slo in slos if is_sliced(slo.indicator))
    plain = replace(
        like,
        slo_id="labelled",
        group_by=(),
        objective=objective,
        window=window,
        missing_data=MissingData.IGNORE,
        dropped_tiers=(),
        tiers=(),
        verified=True,
    )
    return replace(plain, tiers=tiers_for(plain, policy))


def labelled_series(
    folder: Path, key: str, good: tuple[float, float], slo: ResolvedSlo
) -> Labelled:
    """Read a series and its labels.

    Args:
        folder: of the files.
        key: of the series among the labels, without `.csv`; its file has the last part of it.
        good: smallest and largest value of a good minute.
        slo: an SLO of time slices.
    """
    path = folder / f"{key.rsplit('/', maxsplit=1)[-1]}.csv"
    rows = pl.read_csv(path, try_parse_dates=True).unique("timestamp").sort("timestamp")
    values = rows.select(
        pl.col("timestamp").dt.replace_time_zone("UTC").cast(TIME).alias("ts"),
        pl.col("value").cast(pl.Float64),
    )
    wrong = (~pl.col("value").is_between(*good)).cast(pl.Float64)
    held = pl.concat(
        values.select(
            pl.lit("").alias("group"),
            (pl.col("ts") + pl.duration(minutes=minute)).cast(TIME).alias("ts"),
            wrong.alias("value"),
        )
        for minute in range(_MINUTES - 1, -1, -1)
    ).unique(("group", "ts"), keep="last", maintain_order=True)
    rule = SliceRule("<=", Decimal(0), slo.missing_data)
    slices = timeslices(held, rule, by=["group"])
    own = bench(slice_minutes(slices, slo), slo, dialect=Dialect.V3)
    return Labelled(own, _labels(folder, key, slo), values)


def _labels(folder: Path, key: str, slo: ResolvedSlo) -> pl.DataFrame:
    windows = json.loads((folder / _WINDOWS).read_text(encoding="utf-8"))[f"{key}.csv"]
    rows = [
        (slo.slo_id, "", *(datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in pair), "")
        for pair in windows
    ]
    named = [(*row[:4], f"label {number}") for number, row in enumerate(rows, start=1)]
    frame = pl.DataFrame(named, schema=dict(INCIDENTS.columns), orient="row")
    return check(frame.sort(INCIDENTS.key), INCIDENTS)
