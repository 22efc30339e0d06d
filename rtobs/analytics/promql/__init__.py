"""PromQL on SAMPLES: the numbers that Prometheus would give, point for point."""

from rtobs.analytics.promql.aggregate import Aggregation, Vector, aggregate
from rtobs.analytics.promql.functions import (
    avg_over_time,
    changes,
    count_over_time,
    delta,
    idelta,
    increase,
    irate,
    last_over_time,
    max_over_time,
    min_over_time,
    present_over_time,
    quantile_over_time,
    rate,
    resets,
    stddev_over_time,
    stdvar_over_time,
    sum_over_time,
)
from rtobs.analytics.promql.grid import Engine, Query
from rtobs.analytics.promql.histograms import histogram_fraction, histogram_quantile
from rtobs.analytics.promql.instant import instant
from rtobs.analytics.promql.parts import map_partitions, partitions

__all__ = [
    "Aggregation",
    "Engine",
    "Query",
    "Vector",
    "aggregate",
    "avg_over_time",
    "changes",
    "count_over_time",
    "delta",
    "histogram_fraction",
    "histogram_quantile",
    "idelta",
    "increase",
    "instant",
    "irate",
    "last_over_time",
    "map_partitions",
    "max_over_time",
    "min_over_time",
    "partitions",
    "present_over_time",
    "quantile_over_time",
    "rate",
    "resets",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
]
