"""Raw series for every kind of indicator."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from rtobs.errors import DefinitionError
from rtobs.model.indicator import (
    EventsIndicator,
    LatencyIndicator,
    RateSource,
    RatioIndicator,
    TimesliceIndicator,
)
from rtobs.model.slo import ProofSeries, ResolvedSlo
from rtobs.proof.flows import Group
from rtobs.proof.minutes import memory_of
from rtobs.proof.series import groups_of
from tests.proof.slos import (
    BAD_FORM,
    EXPRESSION,
    GOOD_FORM,
    JOINED,
    LATENCY,
    PROBE,
    RATIO,
    TIMESLICE,
    events,
    select,
    slo,
)


def told(groups: tuple[Group, ...]) -> list[tuple[object, object, object]]:
    """Series of the SLO and what all replicas count of a good and a bad event, in all groups."""
    counted: dict[str, list[Fraction]] = {}
    for flow in (flow for group in groups for flow in group.flows if flow.role != "alien"):
        labels = tuple(item for item in flow.labels if item[0] != "replica")
        sums = counted.setdefault(replace(flow, labels=labels).series, [Fraction(0), Fraction(0)])
        if flow.counter:
            sums[0], sums[1] = sums[0] + flow.good, sums[1] + flow.bad
        else:
            sums[:] = [flow.good, flow.bad]
    return [(series, good, bad) for series, (good, bad) in counted.items()]


def alien(group: Group) -> list[str]:
    """Series that an SLO must not read."""
    return [flow.series for flow in group.flows if flow.role == "alien"]


def test_bad_form() -> None:
    """Good events go to a series that the bad selector does not read."""
    assert told(groups_of(BAD_FORM)) == [
        ('http_requests_total{handler="/v1/x",status="200"}', 1, 0),
        ('http_requests_total{handler="/v1/x",status="500"}', 0, 1),
    ]


def test_good_form_with_groups() -> None:
    """Each of two groups has its series, and what is not good counts the bad."""
    assert told(groups_of(GOOD_FORM)) == [
        ('answers_total{model_name="alpha",reason="200"}', 0, 1),
        ('answers_total{model_name="alpha",reason="stop"}', 1, 0),
        ('answers_total{model_name="beta",reason="200"}', 0, 1),
        ('answers_total{model_name="beta",reason="stop"}', 1, 0),
    ]


def test_known_values_are_used() -> None:
    """The catalogue's closed lists give the values."""
    known = {("answers_total", "reason"): ("stop", "length"), ("answers_total", "model_name"): ()}

    assert [series for series, _, _ in told(groups_of(GOOD_FORM, known))][:2] == [
        'answers_total{model_name="alpha",reason="length"}',
        'answers_total{model_name="alpha",reason="stop"}',
    ]


def test_two_metrics() -> None:
    """A total of its own counts good and bad."""
    asked = slo("mail", events(select("mails_total"), select("mails_lost_total")))

    assert told(groups_of(asked)) == [("mails_total", 1, 1), ("mails_lost_total", 0, 1)]


def test_latency_uses_every_spelling_of_the_bound() -> None:
    """The two groups spell the bucket differently; the infinite bucket counts everything."""
    assert told(groups_of(LATENCY))[:4] == [
        ('ttft_seconds_count{model_name="alpha",zone="a"}', 1, 1),
        ('ttft_seconds_bucket{le="1",model_name="alpha",zone="a"}', 1, 0),
        ('ttft_seconds_bucket{le="+Inf",model_name="alpha",zone="a"}', 1, 1),
        ('ttft_seconds_count{model_name="beta",zone="a"}', 1, 1),
    ]
    assert told(groups_of(LATENCY))[4][0] == (
        'ttft_seconds_bucket{le="1.0",model_name="beta",zone="a"}'
    )


def test_timeslice_values_stand_close_to_the_bound() -> None:
    """A good minute is at the bound, a bad one 1 % above it."""
    assert told(groups_of(TIMESLICE))[0] == (
        'cache_usage{pool="alpha"}',
        Fraction("0.95"),
        Fraction("0.9595"),
    )


def test_probe_is_one_or_zero() -> None:
    """A probe succeeds or fails."""
    assert told(groups_of(PROBE)) == [('probe_success{probe="shop"}', 1, 0)]


def test_ratio_expression() -> None:
    """What the series of an error ratio count is found by trying; a minute has many events."""
    assert told(groups_of(RATIO)) == [
        ("wrong_total", 0, 60_000),
        ("judged_total", 60_000, 60_000),
    ]


def test_sum_expression() -> None:
    """A total that adds failures to successes has one series for each."""
    assert told(groups_of(EXPRESSION))[:2] == [
        ('failed_total{queue="alpha"}', 0, 1),
        ('sent_total{queue="alpha"}', 1, 0),
    ]


@pytest.mark.parametrize(
    ("expression", "comparison", "bound"),
    [
        ("1 - max(disk_free / disk_size)", "<", "0.9"),
        ("(min(cert_not_after) - time()) / 86400", ">=", "14"),
        ("sum(rate(restarts_total[10m]))", "<=", "0"),
        ("max(queue_length)", "<", "1000"),
        ("min(ready) / max(wanted)", ">=", "1"),
    ],
)
def test_timeslice_expression(expression: str, comparison: str, bound: str) -> None:
    """Values that make a minute good and bad are found for arithmetic, two series and time()."""
    indicator = TimesliceIndicator(expression, comparison, Decimal(bound))  # type: ignore[arg-type]
    (group,) = groups_of(slo("minutes", indicator))

    assert any(flow.good != flow.bad for flow in group.flows)


def test_memory_is_the_longest_range() -> None:
    """An expression that looks back shows a change later."""
    indicator = TimesliceIndicator("max(max_over_time(queue[10m]))", "<", Decimal(5))

    assert groups_of(slo("queue", indicator))[0].memory == 10


@pytest.mark.parametrize(
    ("expression", "minutes"),
    [
        ("max_over_time(rate(jobs_total[5m])[10m:1m])", 15),
        ("rate(jobs_total[90s])", 2),
        ("max_over_time(queue[7m]) / avg_over_time(queue[3m])", 7),
        ("queue > 5", 0),
    ],
)
def test_memory(expression: str, minutes: int) -> None:
    """Ranges inside others add up, ranges beside others do not."""
    assert memory_of(expression) == minutes


def test_a_group_that_is_pinned_is_the_only_one() -> None:
    """Where the selector fixes the group's value there is no second group."""
    asked = slo(
        "one",
        events(select("a_total", model="m"), select("b_total", model="m")),
        "0.99",
        ("model",),
    )

    assert [group.labels for group in groups_of(asked)] == [(("model", "m"),)]


def test_given_series() -> None:
    """Series of the definition are used as they are, scaled to one event."""
    given = ProofSeries(
        good=(("a_total", Decimal(600)), ("b_total", Decimal(0))),
        bad=(("a_total", Decimal(600)), ("b_total", Decimal(600))),
    )
    asked = replace(BAD_FORM, proof=given)

    assert told(groups_of(asked)) == [("a_total", 1, 1), ("b_total", 0, 1)]


def test_given_series_of_a_ratio() -> None:
    """A minute of a ratio from elsewhere has as many events as when its series are derived."""
    given = ProofSeries(
        good=(("wrong_total", Decimal(0)), ("judged_total", Decimal(50))),
        bad=(("wrong_total", Decimal(50)), ("judged_total", Decimal(50))),
    )

    assert told(groups_of(replace(RATIO, proof=given))) == told(groups_of(RATIO))


def test_given_series_without_a_group_are_shared() -> None:
    """One side of a join has no label of the groups; it stands beside the first of them."""
    first, second = groups_of(JOINED)

    assert [flow.series for flow in first.flows] == [
        'waiting_jobs{pool="alpha",site="x"}',
        'site_workers{site="x"}',
    ]
    assert [flow.series for flow in second.flows] == ['waiting_jobs{pool="beta",site="x"}']


def test_given_series_need_a_group() -> None:
    """A proof in which no series says its group is refused."""
    given = ProofSeries((("site_workers", Decimal(2)),), (("site_workers", Decimal(1)),))

    with pytest.raises(DefinitionError, match="no series of its proof has the label pool"):
        groups_of(replace(JOINED, proof=given))


def unclear(indicator: EventsIndicator | LatencyIndicator | RatioIndicator) -> ResolvedSlo:
    """An SLO whose series cannot be derived."""
    return slo("unclear", indicator)


@pytest.mark.parametrize(
    ("indicator", "reason"),
    [
        (
            events(select("a_total", x="1"), select("a_total", x="1")),
            "every series that it reads also matches",
        ),
        (events(select("a_total", x="=~(?=a)b"), select("b_total")), "no value was found for x"),
        (RatioIndicator("avg(rate(a_total[{{window}}])) / 7"), "not clear which"),
        (
            EventsIndicator(
                RateSource(expression="histogram_quantile(0.9, rate(a[{{window}}]))"),
                RateSource(expression="sum(rate(b[{{window}}]))"),
                "bad",
            ),
            "it calls histogram_quantile",
        ),
    ],
)
def test_an_underivable_proof_says_what_to_add(
    indicator: EventsIndicator | RatioIndicator, reason: str
) -> None:
    """The error names the SLO, its place, the reason and the key to add."""
    with pytest.raises(DefinitionError, match=reason) as caught:
        groups_of(unclear(indicator))

    (problem,) = caught.value.problems
    assert problem.id == "unprovable-sli"
    assert str(problem.location) == "slo/data/shop.yaml:7"
    assert "proof:" in problem.hint


def test_a_series_on_one_side_only_is_refused() -> None:
    """A given proof must name the same series for good and for bad."""
    given = ProofSeries(good=(("a_total", Decimal(1)),), bad=(("b_total", Decimal(1)),))

    with pytest.raises(DefinitionError, match="a_total stands on one side"):
        groups_of(replace(BAD_FORM, proof=given))


def test_counters_are_spread_over_replicas() -> None:
    """Two replicas count half of the events each, so that a forgotten sum shows."""
    (group,) = groups_of(BAD_FORM)
    own = [flow for flow in group.flows if flow.role != "alien"]

    assert [(dict(flow.labels)["replica"], flow.good + flow.bad) for flow in own] == [
        ("0", Fraction(1, 2)),
        ("1", Fraction(1, 2)),
        ("0", Fraction(1, 2)),
        ("1", Fraction(1, 2)),
    ]


def test_every_condition_has_an_alien() -> None:
    """A series with errors misses the matcher of the handler."""
    assert alien(groups_of(BAD_FORM)[0]) == [
        'http_requests_total{handler="elsewhere",status="500"}'
    ]


def test_a_series_without_the_group_is_alien() -> None:
    """Errors without the group's label belong to no group."""
    assert 'ttft_seconds_count{zone="a"}' in alien(groups_of(LATENCY)[0])


def test_aliens_of_a_probe() -> None:
    """Another target, down or up, is none of the SLO's business."""
    assert alien(groups_of(PROBE)[0]) == [
        'probe_success{probe="elsewhere",replica="0"}',
        'probe_success{probe="elsewhere",replica="1"}',
    ]


def test_gauges_are_shown_by_two_replicas() -> None:
    """Both replicas of a gauge have its value, so that a forgotten aggregation shows."""
    own = [flow for flow in groups_of(PROBE)[0].flows if flow.role != "alien"]

    assert [(flow.series, str(flow.good)) for flow in own] == [
        ('probe_success{probe="shop",replica="0"}', "1"),
        ('probe_success{probe="shop",replica="1"}', "1"),
    ]


def test_a_sum_of_gauges_is_not_doubled() -> None:
    """A second replica would change what a sum means, so there is none."""
    indicator = TimesliceIndicator("sum(queue_length)", "<", Decimal(1000))
    (group,) = groups_of(slo("queue", indicator))

    assert [flow.series for flow in group.flows] == ["queue_length"]


def test_bad_events_of_an_expression_are_born_late() -> None:
    """A failure counter that its total does not need is missing until it counts."""
    indicator = EventsIndicator(
        RateSource(expression="sum(rate(a_total[{{window}}]))"),
        RateSource(expression="sum(rate(b_total[{{window}}]))"),
        "bad",
    )

    assert {flow.metric: flow.role for flow in groups_of(slo("apart", indicator))[0].flows} == {
        "a_total": "base",
        "b_total": "bad",
    }
