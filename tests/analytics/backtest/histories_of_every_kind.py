"""Histories that differ in what makes alerts hard: outages, flapping, gaps, resets, low traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from rtobs.conventions import Severity
from rtobs.model.alerting import Tier, burn_factor
from rtobs.model.duration import Duration
from rtobs.model.slo import MissingData, ResolvedSlo
from tests.analytics.backtest.raw_series import counter, gauge, within
from tests.proof.slos import (
    BAD_FORM,
    EXPRESSION,
    GOOD_FORM,
    LATENCY,
    PROBE,
    RATIO,
    TIMESLICE,
    events,
    select,
    slo,
)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A scenario.

    Attributes:
        name: what happens.
        slo: whose rules run.
        inputs: raw series in promtool's notation, half a minute apart.
        minutes: length.
        fires: tiers that fire in it at all, so that no scenario is empty by mistake.
        on_edges: whether samples stand on edges of windows so that versions of Prometheus differ.
    """

    name: str
    slo: ResolvedSlo
    inputs: Mapping[str, str]
    minutes: int
    fires: frozenset[str]
    on_edges: bool = False


def _requests(minutes: int, bad: str, good: str | None = None) -> dict[str, str]:
    return {
        'http_requests_total{handler="/v1/a",status="200"}': good or counter(lambda _: 60, minutes),
        'http_requests_total{handler="/v1/a",status="500"}': bad,
    }


def _flapping(minute: float) -> float:
    return 12.0 if minute > 90 and minute % 25 < 4 else 0.0


def _seldom(minute: float) -> float:
    """An event every four minutes."""
    return 2.0 if minute % 4 == 0 else 0.0


def _tier(name: str, long: str, short: str, share: str, objective: ResolvedSlo) -> Tier:
    spent, window = Fraction(share), Duration.parse(long)
    factor = burn_factor(spent, objective.window, window)
    return Tier(
        name,
        Severity.WARNING,
        window,
        Duration.parse(short),
        spent,
        factor,
        factor * objective.error_budget,
        3,
        Duration.parse("30m"),
    )


_SEVEN_DAYS: Final = slo(
    "week",
    events(select("jobs_total"), select("jobs_total", status="failed")),
    "0.99",
    window="7d",
)
WEEK: Final = replace(
    _SEVEN_DAYS,
    tiers=(*_SEVEN_DAYS.tiers, _tier("trickle", "3d", "6h", "0.5", _SEVEN_DAYS)),
)
_DAYS: Final = 3 * 1440

HISTORIES: Final = (
    History(
        "a short outage",
        BAD_FORM,
        _requests(600, counter(within((120, 150), value=60), 600)),
        600,
        frozenset({"fast"}),
        on_edges=True,
    ),
    History(
        "a slow burn",
        BAD_FORM,
        _requests(1300, counter(within((250, 1300), value=3), 1300)),
        1300,
        frozenset({"slow", "ticket"}),
        on_edges=True,
    ),
    History(
        "flapping",
        BAD_FORM,
        _requests(700, counter(_flapping, 700)),
        700,
        frozenset({"slow"}),
    ),
    History(
        "gaps of all lengths in an outage",
        BAD_FORM,
        _requests(
            700,
            counter(
                within((100, 500), value=20),
                700,
                gaps=[(150, 153), (180, 187), (220, 300), (498, 560)],
            ),
            counter(lambda _: 60, 700, gaps=[(150, 153), (180, 187), (220, 300), (498, 560)]),
        ),
        700,
        frozenset({"fast", "slow"}),
        on_edges=True,
    ),
    History(
        "errors absent until they happen",
        BAD_FORM,
        _requests(500, counter(within((210, 240), value=30), 500, gaps=[(0, 210)])),
        500,
        frozenset({"fast"}),
    ),
    History(
        "restarts",
        BAD_FORM,
        _requests(
            600,
            counter(within((120, 200), value=9), 600, resets=(60, 125, 150, 151)),
            counter(lambda _: 60, 600, resets=(60, 125, 150, 151, 400)),
        ),
        600,
        frozenset({"fast"}),
    ),
    History(
        "hardly any traffic",
        BAD_FORM,
        _requests(
            900,
            counter(lambda m: _seldom(m) if 200 <= m < 208 or 400 <= m < 412 else 0, 900),
            counter(_seldom, 900),
        ),
        900,
        frozenset({"fast", "slow"}),
    ),
    History(
        "good events of groups that come and go",
        GOOD_FORM,
        {
            'answers_total{model_name="a",reason="stop"}': counter(
                within((100, 130), value=30, other=60), 600
            ),
            'answers_total{model_name="a",reason="abort"}': counter(
                within((100, 130), value=30, other=0), 600
            ),
            'answers_total{model_name="b",reason="stop"}': counter(
                lambda _: 7, 600, gaps=[(0, 180), (420, 600)]
            ),
            'answers_total{model_name="b",reason="abort"}': counter(
                within((190, 200), (360, 600), value=3), 600, gaps=[(0, 180), (420, 600)]
            ),
        },
        600,
        frozenset({"fast", "slow"}),
        on_edges=True,
    ),
    History(
        "slow answers",
        LATENCY,
        {
            'ttft_seconds_bucket{zone="a",model_name="a",le="1"}': counter(
                within((100, 180), value=2, other=59), 600
            ),
            'ttft_seconds_bucket{zone="a",model_name="a",le="+Inf"}': counter(lambda _: 60, 600),
            'ttft_seconds_count{zone="a",model_name="a"}': counter(lambda _: 60, 600),
            'ttft_seconds_bucket{zone="a",model_name="b",le="1.0"}': counter(
                within((300, 420), value=1, other=3), 600, resets=(350,)
            ),
            'ttft_seconds_count{zone="a",model_name="b"}': counter(lambda _: 3, 600, resets=(350,)),
        },
        600,
        frozenset({"fast", "slow"}),
    ),
    History(
        "time slices with minutes missing",
        TIMESLICE,
        {
            'cache_usage{pool="a"}': gauge(
                within((100, 130), (300, 304), value=0.99, other=0.5),
                600,
                gaps=[(110, 119), (200, 270)],
            ),
            'cache_usage{pool="b"}': gauge(within((399, 600), value=0.96, other=0.95), 600),
        },
        600,
        frozenset({"fast", "slow"}),
        on_edges=True,
    ),
    History(
        "as many bad slices as are needed",
        slo("strict", TIMESLICE.indicator, "0.999", ("pool",)),
        {
            'cache_usage{pool="a"}': gauge(
                within((100, 102), (200, 203), value=0.99, other=0.5), 320
            )
        },
        320,
        frozenset({"fast"}),
    ),
    History(
        "a probe that is bad when it is silent",
        PROBE,
        {
            'probe_success{probe="shop"}': gauge(
                within((90, 97), (300, 330), value=0, other=1),
                600,
                gaps=[(150, 163), (310, 320), (400, 480)],
            )
        },
        600,
        frozenset({"fast", "slow"}),
    ),
    History(
        "slices where silence is good",
        replace(TIMESLICE, missing_data=MissingData.GOOD),
        {
            'cache_usage{pool="a"}': gauge(
                within((100, 500), value=0.99, other=0.5), 500, gaps=[(130, 210), (300, 306)]
            )
        },
        500,
        frozenset({"fast", "slow"}),
    ),
    History(
        "a ratio from elsewhere",
        RATIO,
        {
            "wrong_total": counter(within((100, 200), value=20), 500),
            "judged_total": counter(lambda _: 60, 500, gaps=[(300, 340)]),
        },
        500,
        frozenset({"fast", "slow"}),
    ),
    History(
        "expressions over a week",
        EXPRESSION,
        {
            'sent_total{queue="a"}': counter(lambda _: 600, 400),
            'failed_total{queue="a"}': counter(within((100, 140), value=90), 400),
        },
        400,
        frozenset({"fast"}),
    ),
    History(
        "days until the budget is spent",
        WEEK,
        {
            'jobs_total{status="done"}': counter(lambda _: 6, _DAYS, gaps=[(1300, 1600)]),
            'jobs_total{status="failed"}': counter(
                within((700, 1000), (1800, 3900), value=0.4, other=0.01),
                _DAYS,
                gaps=[(1300, 1600)],
            ),
        },
        _DAYS,
        frozenset({"ticket", "trickle", ""}),
    ),
)
