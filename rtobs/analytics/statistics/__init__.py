"""How sure are we? Intervals, forecasts and comparisons for counts of good and bad events.

Pure functions on numbers and on frames of tiles. What draws at random takes a seed and gives the
same answer for the same seed. Every module names the source of its formulas.
"""

from rtobs.analytics.statistics.availability import (
    availability_in_series,
    incident_budget,
    objective_for_dependencies,
)
from rtobs.analytics.statistics.bootstrap import Resampling, block_bootstrap, error_ratio
from rtobs.analytics.statistics.changes import SEGMENTS, change_points, empirical_logit
from rtobs.analytics.statistics.comparison import COMPARISON, benjamini_hochberg, compare
from rtobs.analytics.statistics.dispersion import (
    DISPERSION,
    dispersion,
    effective_size,
    overdispersion,
)
from rtobs.analytics.statistics.forecast import FAN, QUANTILES, Forecast, forecast
from rtobs.analytics.statistics.forecast_error import (
    FORECAST_ERROR,
    RollingOrigin,
    forecast_error,
    pinball_loss,
)
from rtobs.analytics.statistics.futures import Calendar, Outlook, Rolling
from rtobs.analytics.statistics.proportions import Interval, clopper_pearson, newcombe, wilson
from rtobs.analytics.statistics.quantiles import Bounds, quantile_bounds, quantile_bounds_by
from rtobs.analytics.statistics.season import hour_of_week, season_profile, unusual
from rtobs.analytics.statistics.segmentation import BinomialCost, NormalCost, pelt
from rtobs.analytics.statistics.worst import WINDOWS, WORST, worst_windows

__all__ = [
    "COMPARISON",
    "DISPERSION",
    "FAN",
    "FORECAST_ERROR",
    "QUANTILES",
    "SEGMENTS",
    "WINDOWS",
    "WORST",
    "BinomialCost",
    "Bounds",
    "Calendar",
    "Forecast",
    "Interval",
    "NormalCost",
    "Outlook",
    "Resampling",
    "Rolling",
    "RollingOrigin",
    "availability_in_series",
    "benjamini_hochberg",
    "block_bootstrap",
    "change_points",
    "clopper_pearson",
    "compare",
    "dispersion",
    "effective_size",
    "empirical_logit",
    "error_ratio",
    "forecast",
    "forecast_error",
    "hour_of_week",
    "incident_budget",
    "newcombe",
    "objective_for_dependencies",
    "overdispersion",
    "pelt",
    "pinball_loss",
    "quantile_bounds",
    "quantile_bounds_by",
    "season_profile",
    "unusual",
    "wilson",
    "worst_windows",
]
