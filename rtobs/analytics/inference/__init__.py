"""What a fleet of model servers and their GPUs did, from what Prometheus saw of them.

Read an export with the functions of `reading`; every other function takes and gives frames.
"""

from rtobs.analytics.inference.bands import BANDS, latency_bands
from rtobs.analytics.inference.capacity import (
    BY_RATE,
    CAPACITY,
    KNEES,
    Resampling,
    capacity,
    knees,
    latency_by_rate,
)
from rtobs.analytics.inference.goodput import GOODPUT, counted_goodput, goodput_bounds
from rtobs.analytics.inference.pressure import KV_PRESSURE, QUEUEING, kv_pressure, queueing
from rtobs.analytics.inference.reading import (
    AMOUNTS,
    BUCKETS,
    Intervals,
    bucket_increases,
    counter_increases,
    gauge_at_start,
    gauge_levels,
)
from rtobs.analytics.inference.tokens import THROUGHPUT, token_throughput
from rtobs.analytics.inference.utilisation import USE, gpu_use

__all__ = [
    "AMOUNTS",
    "BANDS",
    "BUCKETS",
    "BY_RATE",
    "CAPACITY",
    "GOODPUT",
    "KNEES",
    "KV_PRESSURE",
    "QUEUEING",
    "THROUGHPUT",
    "USE",
    "Intervals",
    "Resampling",
    "bucket_increases",
    "capacity",
    "counted_goodput",
    "counter_increases",
    "gauge_at_start",
    "gauge_levels",
    "goodput_bounds",
    "gpu_use",
    "knees",
    "kv_pressure",
    "latency_bands",
    "latency_by_rate",
    "queueing",
    "token_throughput",
]
