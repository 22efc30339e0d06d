"""What the notebooks need beyond `rtobs.analytics`: opening, showing, and a few charts."""

from __future__ import annotations

from rtobs.analytics.notebook.around import before_and_after, fired_around, noticed, within
from rtobs.analytics.notebook.fan import exhaustion_text, forecast_fan
from rtobs.analytics.notebook.labelled import (
    SERIES_OF_NAB,
    Labelled,
    labelled_beside,
    labelled_series,
    sliced_slo,
)
from rtobs.analytics.notebook.lines import LINES, lines_over_time
from rtobs.analytics.notebook.loads import capacity_text, latency_by_load
from rtobs.analytics.notebook.opening import (
    Opened,
    last_days,
    opened,
    spender_labels,
    worst_group,
)
from rtobs.analytics.notebook.season import traffic_by_hour, week_of
from rtobs.analytics.notebook.showing import Figure, Table, attempt, figure, table
from rtobs.analytics.notebook.tables import (
    alert_table,
    fleet_table,
    incident_table,
    score_table,
    verdict_table,
)
from rtobs.analytics.notebook.traces import Played, calm, play_trace, trace_beside

__all__ = [
    "LINES",
    "SERIES_OF_NAB",
    "Figure",
    "Labelled",
    "Opened",
    "Played",
    "Table",
    "alert_table",
    "attempt",
    "before_and_after",
    "calm",
    "capacity_text",
    "exhaustion_text",
    "figure",
    "fired_around",
    "fleet_table",
    "forecast_fan",
    "incident_table",
    "labelled_beside",
    "labelled_series",
    "last_days",
    "latency_by_load",
    "lines_over_time",
    "noticed",
    "opened",
    "play_trace",
    "score_table",
    "sliced_slo",
    "spender_labels",
    "table",
    "trace_beside",
    "traffic_by_hour",
    "verdict_table",
    "week_of",
    "within",
    "worst_group",
]
