"""Charts of SLOs, for notebooks and reports: frames in, altair charts out.

Every chart carries a text alternative that is computed from the numbers it shows; `describe` gives
it. `svg` and `png` draw a chart in this process, without a browser and without a network.
"""

from __future__ import annotations

from rtobs.analytics.charts.budget import budget_over_time
from rtobs.analytics.charts.burn import burn_by_window
from rtobs.analytics.charts.calendar import HOURS, spent_by_hour
from rtobs.analytics.charts.daily import DAYS, sli_by_day
from rtobs.analytics.charts.latency import BANDS, latency_bands
from rtobs.analytics.charts.look import Chart
from rtobs.analytics.charts.rendering import describe, png, svg, title_of
from rtobs.analytics.charts.rows import thin
from rtobs.analytics.charts.spenders import budget_spenders
from rtobs.analytics.charts.windows import worst_windows

__all__ = [
    "BANDS",
    "DAYS",
    "HOURS",
    "Chart",
    "budget_over_time",
    "budget_spenders",
    "burn_by_window",
    "describe",
    "latency_bands",
    "png",
    "sli_by_day",
    "spent_by_hour",
    "svg",
    "thin",
    "title_of",
    "worst_windows",
]
