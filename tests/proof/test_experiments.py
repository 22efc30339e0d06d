"""The experiments that break other SLO engines, on the generated rules, against true counts.

E1 uneven traffic, E2 an idle hour, E3 errors born late, E4 a burn rate that never alerts, E5 the
traps of absent series, E6 detection delayed by chained windows; and random traffic.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rtobs.model.duration import Duration
from rtobs.proof.evaluator import TrueCounts
from rtobs.proof.flows import Flow
from rtobs.proof.incidents import Episode, Story
from rtobs.proof.notation import flow_values
from tests.proof.engine import every_promtool, observe
from tests.proof.slos import LATENCY, events, select, slo

CASES = slo(
    "cases",
    events(select("calls_total"), select("calls_total", status="error")),
    "0.999",
    ("case",),
)
HALF_PERCENT = Fraction(1, 200)
EDGE = 5  # minutes


def series_of(case: str, story: Story, per_minute: int) -> dict[str, str]:
    """Counters of one case: successes, and errors that exist from the first error on."""
    own = ("case", case)
    flows = [
        Flow("calls_total", (own, ("status", "ok")), Fraction(1), Fraction(0)),
        Flow("calls_total", (own, ("status", "error")), Fraction(0), Fraction(1), "bad"),
    ]
    return {flow.series: flow_values(flow, story.episodes, per_minute) for flow in flows}


def allowed(story: Story, window: int, at: int) -> Fraction:
    """How far a long window may be off: events near its edges, and half a percent."""
    traffic = story.traffic
    near = sum(traffic.between(edge - EDGE, edge + EDGE).total for edge in (at, at - window))
    total = TrueCounts(traffic).counts(window, at).total
    return (Fraction(near) / total if total else Fraction(1)) + HALF_PERCENT


STORIES = {
    "E1": Story((Episode("clean", 23 * 60, 60), Episode("burst", 60, 6000, 600))),
    "E2": Story(
        (
            Episode("clean", 11 * 60, 600),
            Episode("idle", 60, 0),
            Episode("errors", 12 * 60, 600, 18),
        )
    ),
    "E3": Story((Episode("clean", 23 * 60, 600), Episode("first errors", 60, 600, 60))),
}


@pytest.mark.parametrize("scrape", ["15s", "1m"])
@every_promtool()
def test_a_day_counts_true_events(promtool: Path, scrape: str) -> None:
    """E1, E2, E3: the ratio over a day is the one of the true events, and no series is NaN."""
    per_minute = 4 if scrape == "15s" else 1
    inputs = {
        s: v
        for case, story in STORIES.items()
        for s, v in series_of(case, story, per_minute).items()
    }
    at = 24 * 60
    queries = [
        ('slo:sli_error:ratio_rate1d{slo_id="shop-cases"}', at),
        ('slo:sli_error:ratio_period{slo_id="shop-cases"}', at),
        ('count({slo_id!=""}) - count({slo_id!=""} >= -Inf)', 12 * 60 - 5),
    ]
    day, period, nan = observe(promtool, [CASES], inputs, queries, scrape=scrape, evaluation="5m")

    assert list(nan.values()) == [0.0]
    for found in (day, period):
        for labels, value in found.items():
            story = STORIES[dict(labels)["case"]]
            true = TrueCounts(story.traffic).counts(1440, at).ratio
            assert true is not None
            assert abs(value - true) <= true * HALF_PERCENT, dict(labels)["case"]
        assert len(found) == len(STORIES)


@every_promtool()
def test_half_of_all_events_failing_alerts(promtool: Path) -> None:
    """E4: at 50 % errors and 99.9 % the ratio is 0.5 and the fast tier fires."""
    story = Story((Episode("clean", 60, 600), Episode("half", 20, 600, 300)))
    ratio, alerts = observe(
        promtool,
        [CASES],
        series_of("half", story, 4),
        [
            ('slo:sli_error:ratio_rate5m{slo_id="shop-cases"}', 70),
            ('ALERTS{slo_id="shop-cases",alertstate="firing"}', 70),
        ],
    )

    assert list(ratio.values()) == [pytest.approx(0.5)]
    assert [dict(labels)["tier"] for labels in alerts] == ["fast"]


@every_promtool()
def test_a_group_without_errors_keeps_its_ratio(promtool: Path) -> None:
    """E5: a group that never had an error has the ratio 0, beside one that has errors."""
    steady = Episode("steady", 30, 600)
    inputs = {
        **series_of("quiet", Story((steady,)), 4),
        **series_of("loud", Story((Episode("errors", 30, 600, 60),)), 4),
    }
    (ratio,) = observe(
        promtool, [CASES], inputs, [('slo:sli_error:ratio_rate5m{slo_id="shop-cases"}', 30)]
    )

    assert {dict(labels)["case"]: round(value, 6) for labels, value in ratio.items()} == {
        "quiet": 0.0,
        "loud": 0.1,
    }


@every_promtool()
def test_a_missing_bucket_is_no_error(promtool: Path) -> None:
    """E5: without the threshold's bucket there is no ratio and no page, but a health alert."""
    inputs = {
        'ttft_seconds_count{zone="a",model_name="m"}': "0+150x240",
        'ttft_seconds_bucket{zone="a",model_name="m",le="2.5"}': "0+150x240",
        'ttft_seconds_bucket{zone="a",model_name="m",le="+Inf"}': "0+150x240",
    }
    ratio, alerts = observe(
        promtool,
        [LATENCY],
        inputs,
        [
            ('slo:sli_error:ratio_rate5m{slo_id="shop-first-token"}', 40),
            ('ALERTS{slo_id="shop-first-token",alertstate="firing"}', 40),
        ],
    )

    assert ratio == {}
    assert {dict(labels)["alertname"] for labels in alerts} == {"SLOSeriesMissing"}


@pytest.mark.parametrize("le", ["1", "1.0"])
@every_promtool()
def test_every_spelling_of_a_bucket_counts(promtool: Path, le: str) -> None:
    """E5: the bucket is found as "1" and as "1.0"."""
    inputs = {
        'ttft_seconds_count{zone="a",model_name="m"}': "0+150x240",
        f'ttft_seconds_bucket{{zone="a",model_name="m",le="{le}"}}': "0+120x240",
        'ttft_seconds_bucket{zone="a",model_name="m",le="+Inf"}': "0+150x240",
    }
    (ratio,) = observe(
        promtool, [LATENCY], inputs, [('slo:sli_error:ratio_rate5m{slo_id="shop-first-token"}', 40)]
    )

    assert list(ratio.values()) == [pytest.approx(0.2)]


@every_promtool()
def test_a_series_that_starts_at_seven_loses_seven(promtool: Path) -> None:
    """E5: what a counter had before its first sample is no event of ours."""
    inputs = {
        'calls_total{case="x",status="ok"}': "0+150x240",
        'calls_total{case="x",status="error"}': "_x120 7+0x120",
    }
    (bad,) = observe(
        promtool,
        [CASES],
        inputs,
        [('sum(sum_over_time(slo:sli_bad:rate5m{slo_id="shop-cases"}[1h]))', 60)],
    )

    assert list(bad.values()) == [0.0]


@every_promtool()
def test_a_step_is_noticed_at_once(promtool: Path) -> None:
    """E6: a total outage at 99.9 % pages after one minute and clears within five."""
    story = Story(
        (Episode("clean", 60, 6000), Episode("out", 15, 6000, 6000), Episode("clean", 30, 6000))
    )
    quick = replace(
        CASES, tiers=tuple(replace(t, keep_firing_for=Duration(60)) for t in CASES.tiers)
    )
    alerts = 'ALERTS{slo_id="shop-cases",tier="fast",alertstate="firing"}'
    first, last = observe(
        promtool,
        [quick],
        series_of("x", story, 4),
        [(f"{f}(timestamp({alerts})[106m:1m])", 105) for f in ("min_over_time", "max_over_time")],
    )

    assert list(first.values()) == [61 * 60]
    assert 75 + 1 < next(iter(last.values())) / 60 < 75 + 1 + 5


episodes = st.tuples(
    st.integers(5, 240),
    st.sampled_from([0, 1, 7, 60, 600, 6000]),
    st.sampled_from([0.0, 0.0, 0.001, 0.05, 0.5, 1.0]),
)


Parts = list[tuple[int, int, float]]
fleets = st.lists(st.lists(episodes, min_size=2, max_size=8), min_size=25, max_size=25)


def told(parts: Parts, minutes: int) -> Story:
    """A story of a length that goes through the parts again and again."""
    left, found = minutes, []
    for length, total, share in cycle(parts):
        whole, lasts = 4 * total, min(length, left)
        found.append(Episode("random", lasts, whole, int(whole * share)))
        left -= lasts
        if left == 0:
            break
    return Story(tuple(found))


def _assert_close(
    promtool: Path, fleet: list[Parts], windows: dict[str, int], minutes: int, evaluation: str
) -> None:
    cases = {str(number): told(parts, minutes) for number, parts in enumerate(fleet)}
    inputs = {s: v for case, story in cases.items() for s, v in series_of(case, story, 4).items()}
    asked = [
        (name, at)
        for name, window in windows.items()
        for at in (minutes, minutes - 30)
        if at >= window
    ]
    queries = [(f'slo:sli_error:ratio_rate{name}{{slo_id="shop-cases"}}', at) for name, at in asked]
    nan = ('count({slo_id!=""}) - count({slo_id!=""} >= -Inf)', minutes)
    *answers, none = observe(promtool, [CASES], inputs, [*queries, nan], evaluation=evaluation)

    assert list(none.values()) == [0.0]
    for (name, at), found in zip(asked, answers, strict=True):
        ratios = {dict(labels)["case"]: value for labels, value in found.items()}
        for case, story in cases.items():
            true = TrueCounts(story.traffic).counts(windows[name], at).ratio
            bound = allowed(story, windows[name], at)
            if case not in ratios:
                assert true is None or bound >= 1, (name, at, story)
            elif true is not None:
                assert abs(ratios[case] - true) <= bound, (name, at, story)


# One example is a whole fleet of random traffic, because a run of promtool costs seconds.
_FLEET = settings(
    max_examples=2,  # the first is always the smallest, an idle fleet
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)


@_FLEET
@given(fleets)
@every_promtool()
def test_random_days(promtool: Path, fleet: list[Parts]) -> None:
    """Over random traffic the ratio of a day stays within its bound of the true counts."""
    _assert_close(promtool, fleet, {"1d": 1440}, 1470, "5m")


@_FLEET
@given(fleets)
@every_promtool()
def test_random_hours(promtool: Path, fleet: list[Parts]) -> None:
    """Over random traffic the ratios of two and six hours stay within their bound."""
    _assert_close(promtool, fleet, {"2h": 120, "6h": 360}, 390, "1m")
