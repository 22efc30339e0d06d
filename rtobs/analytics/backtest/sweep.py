"""Many policies on one history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

import polars as pl

from rtobs.analytics.backtest.policies import Candidate, tiers_for
from rtobs.analytics.backtest.replay import Bench
from rtobs.analytics.backtest.scores import Score, score
from rtobs.analytics.frames import ALERTS, Schema, check, empty
from rtobs.errors import FrameError
from rtobs.model.duration import Duration

__all__ = ["SCORES", "Bench", "score_row", "span_of", "sweep"]

_GRACE: Final = Duration.parse("1h")
_INTEGERS: Final = ("alerts", "true_alerts", "incidents", "detected", "pages", "flaps")
SCORES: Final = Schema(
    "scores",  # a row for each policy, as `Score` says, in the order in which they were tried
    {
        "policy": pl.String,
        **{
            name: pl.Int64 if name in _INTEGERS else pl.Float64
            for name in Score.__dataclass_fields__
        },
    },
    ("policy",),
)


def sweep(
    histories: Sequence[Bench],
    tried: Iterable[Candidate],
    incidents: pl.DataFrame,
    *,
    grace: Duration = _GRACE,
) -> pl.DataFrame:
    """Try policies on the histories of some SLOs.

    Args:
        histories: each from `bench`.
        tried: the policies, for example from `candidates`.
        incidents: INCIDENTS to judge them by.
        grace: how late after an incident's end an alert may begin and still match it.

    Returns:
        SCORES, a row a policy in the order given.

    Raises:
        FrameError: there is no history.
    """
    span = span_of(histories)
    spending = [history.spending for history in histories]
    rows = []
    for candidate in tried:
        parts = [history.alerts(tiers_for(history.slo, candidate.policy)) for history in histories]
        alerts = pl.concat([empty(ALERTS), *parts])
        judged = score(alerts, incidents, spending, span=span, grace=grace)
        rows.append(score_row(candidate.name, judged))
    return check(pl.DataFrame(rows, schema=dict(SCORES.columns)), SCORES)


def span_of(histories: Sequence[Bench]) -> tuple[datetime, datetime]:
    """First and last evaluation of some histories.

    Raises:
        FrameError: there is none.
    """
    spans = [history.span for history in histories if history.span is not None]
    if not spans:
        raise FrameError("there are no minutes to try a policy on")
    return min(first for first, _ in spans), max(last for _, last in spans)


def score_row(policy: str, judged: Score) -> dict[str, object]:
    """A score as a row of SCORES."""
    return {"policy": policy, **asdict(judged)}
