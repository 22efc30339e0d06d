"""Alert policies tried on recorded history: what would have fired, and how good that was."""

from __future__ import annotations

from rtobs.analytics.backtest.incidents import incidents
from rtobs.analytics.backtest.policies import Candidate, Grid, candidates, tiers_for
from rtobs.analytics.backtest.recommend import Recommendation, pareto, recommend
from rtobs.analytics.backtest.replay import Bench, Replay, bench, replay
from rtobs.analytics.backtest.scores import Score, score
from rtobs.analytics.backtest.sweep import span_of, sweep
from rtobs.analytics.slo.schedule import Schedule

__all__ = [
    "Bench",
    "Candidate",
    "Grid",
    "Recommendation",
    "Replay",
    "Schedule",
    "Score",
    "bench",
    "candidates",
    "incidents",
    "pareto",
    "recommend",
    "replay",
    "score",
    "span_of",
    "sweep",
    "tiers_for",
]
