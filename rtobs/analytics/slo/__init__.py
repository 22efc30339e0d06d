"""Error budgets over time: what the rules record, recomputed from exported samples.

`recorded_minutes` and `counted_minutes` read an export, `tiles` makes five minutes of its minutes,
and everything else takes those frames and gives frames.
"""

from __future__ import annotations

from rtobs.analytics.slo.accounting import ACCOUNT, budget, closing
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.burn import burn_rates
from rtobs.analytics.slo.calendar import Calendar, calendar_budget
from rtobs.analytics.slo.comparison import DEPLOYS, Around, Deploy, compare_deploys
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.named import slo_named
from rtobs.analytics.slo.recorded import recorded_minutes, recorded_tiles
from rtobs.analytics.slo.schedule import Schedule
from rtobs.analytics.slo.slices import slice_values
from rtobs.analytics.slo.sources import DIFFERENCE, difference
from rtobs.analytics.slo.spans import Span, spans_of
from rtobs.analytics.slo.spenders import SPENDERS, group_spenders, spenders
from rtobs.analytics.slo.targets import COSTS, LADDER, TARGETS, recommend_target, target_costs
from rtobs.analytics.slo.tiles import tiles
from rtobs.analytics.slo.timeslices import (
    SLICES,
    SliceRule,
    slice_minutes,
    slice_sli,
    timeslices,
)
from rtobs.analytics.slo.verdicts import TRAFFIC, VERDICTS, minimum_traffic, verdict, verdicts
from rtobs.analytics.slo.whatif import (
    OUTCOME,
    WHAT_IF,
    Change,
    changed_slo,
    changed_tiles,
    outcome,
    what_if,
)

__all__ = [
    "ACCOUNT",
    "COSTS",
    "DEPLOYS",
    "DIFFERENCE",
    "LADDER",
    "OUTCOME",
    "SLICES",
    "SPENDERS",
    "TARGETS",
    "TRAFFIC",
    "VERDICTS",
    "WHAT_IF",
    "Around",
    "Calendar",
    "Change",
    "Deploy",
    "Schedule",
    "SliceRule",
    "Span",
    "budget",
    "burn_rates",
    "calendar_budget",
    "changed_slo",
    "changed_tiles",
    "closing",
    "compare_deploys",
    "counted_minutes",
    "difference",
    "group_spenders",
    "minimum_traffic",
    "outcome",
    "recommend_target",
    "recorded_minutes",
    "recorded_tiles",
    "rolling_budget",
    "slice_minutes",
    "slice_sli",
    "slice_values",
    "slo_named",
    "spans_of",
    "spenders",
    "target_costs",
    "tiles",
    "timeslices",
    "verdict",
    "verdicts",
    "what_if",
]
