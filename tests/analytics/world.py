"""Small shared data for calls of every public function: two days of the sample, weeks of tiles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from rtobs.analytics import backtest, inference, simulation, slo
from rtobs.analytics.backtest.policies import SHIPPED
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import TILES
from rtobs.model.duration import Duration
from rtobs.model.selector import Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.slo.fleet import load_fleet

__all__ = ["COUNTED", "FIVE", "HOUR", "SLICED", "TRIED", "World"]

_FLEET: Final = load_fleet(Path(__file__).parents[2] / "slo")
_SLOS: Final = {one.slo_id: one for one in _FLEET.slos}
COUNTED: Final = _SLOS["vllm-http-availability"]
SLICED: Final = _SLOS["vllm-kv-cache-headroom"]
HOUR: Final = Duration.parse("1h")
FIVE: Final = Duration.parse("5m")
_DAYS: Final = 34
TRIED: Final = (
    backtest.Candidate(SHIPPED),
    *backtest.candidates(
        _FLEET.setting.policies[_FLEET.setting.default_policy],
        backtest.Grid(shares=(Fraction(1, 2), Fraction(2))),
    )[1:],
)


class World:
    """Two days of the sample, and weeks of tiles made by hand; nothing depends on an engine."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.export = simulation.sample_export(base / "sample", (COUNTED, SLICED), days=2)
        self.start, self.end = self.export.about.start, self.export.about.end
        self.intervals = inference.Intervals(
            self.start + timedelta(hours=8), self.start + timedelta(hours=20), HOUR
        )
        self.tiles = _tiles(COUNTED)
        self.minutes = slo.recorded_minutes(self.export, COUNTED)

    def new(self) -> Path:
        """A folder that is not there yet."""
        return self.base / f"new-{len(list(self.base.iterdir()))}"

    def samples(self, metric: str) -> pl.DataFrame:
        """SAMPLES of four hours."""
        until = self.start + timedelta(hours=4)
        return self.export.samples(metric, self.start, until).collect()

    @cached_property
    def bench(self) -> backtest.Bench:
        """A history in which something happened."""
        return backtest.bench(self.noisy, COUNTED, dialect=Dialect.V3)

    @cached_property
    def noisy(self) -> pl.DataFrame:
        """The minutes with two outages."""
        ago = (pl.col("ts") - pl.col("ts").min()).dt.total_minutes()
        out = ago.is_between(700, 730) | ago.is_between(1500, 1700)
        worse = pl.when(out).then(pl.col("total") / 3).otherwise(pl.col("bad"))
        return self.minutes.with_columns(bad=worse)

    @cached_property
    def scores(self) -> pl.DataFrame:
        """SCORES of three policies."""
        return backtest.sweep([self.bench], TRIED, backtest.incidents(self.bench))

    def amounts(self, metric: str, read: Any = inference.gauge_levels) -> pl.DataFrame:
        """AMOUNTS of a metric of the model servers."""
        return read(self.export, Selector(metric), self.intervals)  # type: ignore[no-any-return]

    def buckets(self, metric: str = "time_to_first_token") -> pl.DataFrame:
        """BUCKETS of a histogram of the model servers."""
        return inference.bucket_increases(
            self.export, Selector(f"vllm:{metric}_seconds"), self.intervals
        )

    @cached_property
    def arrivals(self) -> pl.DataFrame:
        """AMOUNTS of requests."""
        return self.amounts("vllm:request_success_total", inference.counter_increases)

    def scenario(self) -> simulation.Scenario:
        """A quarter of an hour."""
        start = datetime(2026, 1, 5, tzinfo=UTC)
        fault = simulation.Outage(timedelta(minutes=5), timedelta(minutes=4))
        return simulation.Scenario(start, timedelta(minutes=15), 3, faults=(fault,))


def _tiles(definition: ResolvedSlo) -> pl.DataFrame:
    """TILES of two groups over some weeks, with an outage."""
    rng, count = np.random.default_rng(5), _DAYS * 288
    start = datetime(2026, 1, 5, tzinfo=UTC)
    times = [start + timedelta(minutes=5 * (n + 1)) for n in range(count)]
    frames = []
    for group in ('model_name="a"', 'model_name="b"'):
        total = rng.poisson(300, count).astype(float)
        bad = rng.binomial(300, 0.0004, count).astype(float)
        bad[3000:3040] += 40
        frames.append(
            pl.DataFrame(
                {"slo_id": definition.slo_id, "group": group, "ts": times, "total": total,
                 "bad": np.minimum(bad, total)}
            ).cast(dict(TILES.columns))  # type: ignore[arg-type]  # types by column
        )  # fmt: skip
    return pl.concat(frames)
