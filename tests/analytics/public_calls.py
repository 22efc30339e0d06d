"""One call of every public function that takes or gives frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from rtobs.analytics import (
    backtest,
    charts,
    inference,
    promql,
    report,
    runners,
    simulation,
    slo,
    statistics,
    store,
)
from rtobs.analytics.dialect import Dialect
from rtobs.conventions import LATENCY_CLASSES
from rtobs.model.duration import Duration
from tests.analytics.charts.drawn import CHARTS
from tests.analytics.world import COUNTED, FIVE, HOUR, SLICED, TRIED, World

__all__ = ["CALLS"]

Call = Callable[[World], Any]


def _over(function: Any, world: World, *more: Any) -> pl.DataFrame:
    """A function over ranges; counters and gauges alike are read as they come."""
    return function(  # type: ignore[no-any-return]
        *more, world.samples("vllm:prompt_tokens_total"), [FIVE, HOUR],
        step=FIVE, start=world.start, end=world.start + timedelta(hours=4), dialect=Dialect.V2,
    )  # fmt: skip


def _rates(world: World, metric: str) -> pl.DataFrame:
    return promql.rate(
        world.samples(metric), [FIVE],
        step=FIVE, start=world.start, end=world.start + timedelta(hours=4), dialect=Dialect.V3,
    )  # fmt: skip


def _bucket_rates(world: World) -> tuple[pl.DataFrame, pl.DataFrame]:
    metric = "vllm:time_to_first_token_seconds_bucket"
    return _rates(world, metric), world.export.select(metric)


def _slices(world: World) -> pl.DataFrame:
    values = slo.slice_values(world.export, SLICED)
    assert values is not None
    return slo.timeslices(values, slo.SliceRule.of(SLICED), by=["group"])


def _what_if(world: World) -> pl.DataFrame:
    change = slo.Change(objective=Decimal("0.99"), window=Duration.parse("7d"))
    return slo.what_if(world.tiles, COUNTED, change, dialect=Dialect.V3)


def _range_task(world: World) -> pl.DataFrame:
    task = runners.RangeTask(promql.increase, (HOUR,), HOUR, world.start, Dialect.V3)
    units = runners.units_of(world.export, "vllm:prompt_tokens_total", days=1)

    class Here:
        def map(self, function: Any, given: Any) -> Any:
            return map(function, given)

    return runners.run(str(world.base / "sample"), task, units, Here())


def _written(world: World) -> pl.DataFrame:
    series = world.export.select("vllm:prompt_tokens_total")
    ids = pl.col("series_id").rank("dense").cast(pl.UInt32) - 1
    samples = world.samples("vllm:prompt_tokens_total").with_columns(ids)
    made = store.write_export(world.new(), series.with_columns(ids), samples, world.export.about)
    return made.samples("vllm:prompt_tokens_total").collect()


_RANGES: Final = (
    *("avg_over_time", "changes", "count_over_time", "delta", "idelta", "increase", "irate"),
    *("last_over_time", "max_over_time", "min_over_time", "present_over_time", "rate", "resets"),
    *("stddev_over_time", "stdvar_over_time", "sum_over_time"),
)
SLO_CALLS: Final[Mapping[str, Call]] = {
    "slo.budget": lambda w: slo.budget(w.tiles, COUNTED, dialect=Dialect.V3),
    "slo.burn_rates": lambda w: slo.burn_rates(
        w.minutes, COUNTED, [FIVE, HOUR, Duration.parse("6h"), Duration.parse("1d")],
        dialect=Dialect.V3,
    ),
    "slo.calendar_budget": lambda w: slo.calendar_budget(
        w.tiles, COUNTED, slo.Calendar("week", "Europe/Berlin")
    ),
    "slo.changed_tiles": lambda w: slo.changed_tiles(
        w.tiles, slo.Change(excluded=(slo.Span(w.start, w.end),))
    ),
    "slo.closing": lambda w: slo.closing(
        slo.budget(w.tiles, COUNTED, dialect=Dialect.V3, mode="calendar")
    ),
    "slo.compare_deploys": lambda w: slo.compare_deploys(
        w.tiles, [slo.Deploy(datetime(2026, 1, 15, tzinfo=UTC))]
    ),
    "slo.counted_minutes": lambda w: slo.counted_minutes(w.export, COUNTED),
    "slo.difference": lambda w: slo.difference(
        w.minutes, slo.counted_minutes(w.export, COUNTED), COUNTED
    ),
    "slo.group_spenders": lambda w: slo.group_spenders(w.tiles, COUNTED),
    "slo.minimum_traffic": lambda _: slo.minimum_traffic(COUNTED),
    "slo.outcome": lambda w: slo.outcome(_what_if(w)),
    "slo.recommend_target": lambda w: slo.recommend_target(w.tiles, COUNTED, dialect=Dialect.V3),
    "slo.recorded_minutes": lambda w: slo.recorded_minutes(w.export, COUNTED),
    "slo.recorded_tiles": lambda w: slo.recorded_tiles(w.export, COUNTED),
    "slo.rolling_budget": lambda w: slo.rolling_budget(w.tiles, COUNTED, dialect=Dialect.V2),
    "slo.slice_minutes": lambda w: slo.slice_minutes(_slices(w), SLICED),
    "slo.slice_sli": lambda w: slo.slice_sli(_slices(w), by=["group"]),
    "slo.slice_values": lambda w: slo.slice_values(w.export, SLICED),
    "slo.spans_of": lambda w: slo.spans_of(backtest.incidents(w.bench)),
    "slo.spenders": lambda w: slo.spenders(w.export, COUNTED, "handler"),
    "slo.target_costs": lambda w: slo.target_costs(w.tiles, COUNTED, dialect=Dialect.V3),
    "slo.tiles": lambda w: slo.tiles(w.minutes),
    "slo.timeslices": _slices,
    "slo.verdicts": lambda w: slo.verdicts(w.tiles, COUNTED),
    "slo.what_if": _what_if,
}  # fmt: skip
BACKTEST_CALLS: Final[Mapping[str, Call]] = {
    "backtest.bench": lambda w: backtest.bench(w.noisy, COUNTED, dialect=Dialect.V3).tiles,
    "backtest.incidents": lambda w: backtest.incidents(w.bench),
    "backtest.pareto": lambda w: backtest.pareto(w.scores),
    "backtest.recommend": lambda w: backtest.recommend(w.scores),
    "backtest.replay": lambda w: backtest.replay(w.noisy, COUNTED, dialect=Dialect.V3),
    "backtest.score": lambda w: backtest.score(
        w.bench.alerts(COUNTED.tiers), backtest.incidents(w.bench), [w.bench.spending],
        span=backtest.span_of([w.bench]),
    ),
    "backtest.sweep": lambda w: backtest.sweep(
        [w.bench], TRIED, backtest.incidents(w.bench)
    ),
    "report.histories": lambda w: list(report.histories(w.export, [COUNTED])),
    "report.history_of": lambda w: report.history_of(w.bench),
    "runners.run": _range_task,
    "store.series_frame": lambda _: store.series_frame([{"__name__": "up", "job": "a"}]),
    "store.write_export": _written,
    "simulation.draw_arrivals": lambda w: simulation.draw_arrivals(w.scenario()),
    "simulation.incidents": lambda w: simulation.incidents(w.scenario()),
    "simulation.read_trace": lambda w: simulation.read_trace(_trace(w)),
    "simulation.simulate": lambda w: simulation.simulate(w.scenario()),
    "simulation.simulate_export": lambda w: simulation.simulate_export(
        w.new(), w.scenario()
    ).samples("vllm:num_requests_running").collect(),
}  # fmt: skip


def _trace(world: World) -> Path:
    path = world.base / "trace.csv"
    rows = "2026-01-05 00:00:01.5,100,20\n2026-01-05 00:00:02.5,10,200\n"
    path.write_text(f"TIMESTAMP,ContextTokens,GeneratedTokens\n{rows}", encoding="utf-8")
    return path


PROMQL_CALLS: Final[Mapping[str, Call]] = {
    **{f"promql.{name}": partial(_over, getattr(promql, name)) for name in _RANGES},
    "promql.quantile_over_time": lambda w: promql.quantile_over_time(
        0.9, w.samples("vllm:num_requests_running"), [HOUR],
        step=FIVE, start=w.start, end=w.start + timedelta(hours=4), dialect=Dialect.V3,
    ),
    "promql.instant": lambda w: promql.instant(
        w.samples("vllm:num_requests_running"),
        step=FIVE, start=w.start, end=w.start + timedelta(hours=4), dialect=Dialect.V3,
    ),
    "promql.aggregate": lambda w: promql.aggregate(
        _rates(w, "vllm:prompt_tokens_total"), w.export.select("vllm:prompt_tokens_total"), ["pod"]
    ),
    "promql.histogram_quantile": lambda w: promql.histogram_quantile(0.9, *_bucket_rates(w)),
    "promql.histogram_fraction": lambda w: promql.histogram_fraction(0, 1, *_bucket_rates(w)),
    "promql.map_partitions": lambda w: promql.map_partitions(
        lambda part: part.tail(9), w.samples("vllm:prompt_tokens_total"), 1
    ),
    "promql.partitions": lambda w: list(
        promql.partitions(w.samples("vllm:prompt_tokens_total"), 1)
    ),
}  # fmt: skip


def _one(world: World) -> pl.DataFrame:
    """The tiles of one group."""
    return world.tiles.filter(pl.col("group") == world.tiles["group"][0])


def _values(world: World) -> pl.DataFrame:
    return _one(world).select("ts", value="total")


def _by_rate(world: World) -> pl.DataFrame:
    return inference.latency_by_rate(world.buckets(), world.arrivals, world.intervals, 3)


_BUDGET: Final = 0.001
_MONTH: Final = statistics.Rolling(Duration.parse("7d"))
_FEW: Final = statistics.Outlook(draws=50)
STATISTICS_CALLS: Final[Mapping[str, Call]] = {
    "statistics.block_bootstrap": lambda w: statistics.block_bootstrap(_one(w), seed=1),
    "statistics.change_points": lambda w: statistics.change_points(w.tiles),
    "statistics.compare": lambda w: statistics.compare(w.tiles.head(3000), w.tiles.slice(3000)),
    "statistics.dispersion": lambda w: statistics.dispersion(w.tiles),
    "statistics.forecast": lambda w: statistics.forecast(
        _one(w), _BUDGET, _MONTH, outlook=_FEW, seed=1
    ),
    "statistics.forecast_error": lambda w: statistics.forecast_error(
        _one(w), _BUDGET, _MONTH.window, outlooks=[_FEW], seed=1
    ),
    "statistics.hour_of_week": lambda w: w.tiles.select(statistics.hour_of_week("Asia/Kolkata")),
    "statistics.quantile_bounds_by": lambda w: statistics.quantile_bounds_by(
        w.buckets().rename({"events": "count"}), 0.9, ["group", "ts"]
    ),
    "statistics.season_profile": lambda w: statistics.season_profile(_values(w)),
    "statistics.unusual": lambda w: statistics.unusual(
        _values(w), statistics.season_profile(_values(w))
    ),
    "statistics.worst_windows": lambda w: statistics.worst_windows(w.tiles),
}
INFERENCE_CALLS: Final[Mapping[str, Call]] = {
    "inference.bucket_increases": lambda w: w.buckets(),
    "inference.capacity": lambda w: inference.capacity(
        w.buckets(), w.arrivals, (1.0, Decimal("0.95")), w.intervals
    ),
    "inference.counted_goodput": lambda w: inference.counted_goodput(
        w.arrivals, w.arrivals, w.intervals
    ),
    "inference.counter_increases": lambda w: w.arrivals,
    "inference.gauge_at_start": lambda w: w.amounts(
        "vllm:num_requests_running", inference.gauge_at_start
    ),
    "inference.gauge_levels": lambda w: w.amounts("vllm:kv_cache_usage_perc"),
    "inference.goodput_bounds": lambda w: inference.goodput_bounds(
        w.buckets(), w.buckets("request_time_per_output_token"), LATENCY_CLASSES[1], w.intervals
    ),
    "inference.gpu_use": lambda w: inference.gpu_use(
        w.amounts("DCGM_FI_DEV_GPU_UTIL"), w.amounts("DCGM_FI_PROF_SM_ACTIVE")
    ),
    "inference.knees": lambda w: inference.knees(_by_rate(w)),
    "inference.kv_pressure": lambda w: inference.kv_pressure(
        w.amounts("vllm:kv_cache_usage_perc"), w.arrivals, w.intervals
    ),
    "inference.latency_bands": lambda w: inference.latency_bands(w.buckets()),
    "inference.latency_by_rate": _by_rate,
    "inference.queueing": lambda w: inference.queueing(
        w.arrivals, w.amounts("vllm:num_requests_waiting"),
        w.amounts("vllm:num_requests_running"), w.intervals,
    ),
    "inference.token_throughput": lambda w: inference.token_throughput(
        w.amounts("vllm:prompt_tokens_total", inference.counter_increases),
        w.amounts("vllm:generation_tokens_total", inference.counter_increases),
        w.intervals, 2,
    ),
}  # fmt: skip


_DRAWN: Final = {
    "budget_over_time": "budget",
    "budget_spenders": "spenders",
    "burn_by_window": "burn",
    "latency_bands": "latency",
    "sli_by_day": "days",
    "spent_by_hour": "hours",
    "worst_windows": "windows",
}


def _drawn(name: str, _: World) -> Any:  # altair's charts have no common type
    return CHARTS[name]()


CHART_CALLS: Final[Mapping[str, Call]] = {
    f"charts.{name}": partial(_drawn, drawn) for name, drawn in _DRAWN.items()
}
CALLS: Final[Mapping[str, Call]] = {
    **SLO_CALLS,
    **BACKTEST_CALLS,
    **PROMQL_CALLS,
    **STATISTICS_CALLS,
    **INFERENCE_CALLS,
    **CHART_CALLS,
    "charts.thin": lambda w: charts.thin(w.tiles, x="ts", y="bad", by=["group"], points=100),
}
