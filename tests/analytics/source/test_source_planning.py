"""What a plan says before anything is fetched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.source import Plan, Question, plan
from rtobs.errors import ExportError
from rtobs.prometheus import Client, Connection
from tests.analytics.source.test_source_resume import server
from tests.prometheus_client.fake_prometheus import Asked, FakePrometheus, Reply, success

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(hours=2)
MINUTE = timedelta(minutes=1)


def _plan(build: dict[str, str], dialect: Dialect | None = None) -> Plan:
    def answers(asked: Asked) -> Reply:
        return success(build) if asked.path.endswith("buildinfo") else server(asked)

    with FakePrometheus(answers=answers) as fake, Client(Connection(fake.url)) as client:
        return plan(client, [Question("up")], START, END, step=MINUTE, dialect=dialect)


@pytest.mark.parametrize(
    ("build", "dialect", "name"),
    [
        ({"version": "2.42.0+ds"}, Dialect.V2, "Prometheus 2.42.0+ds"),
        ({"version": "2.55.1"}, Dialect.V2_51, "Prometheus 2.55.1"),
        ({"version": "3.5.0"}, Dialect.V3, "Prometheus 3.5.0"),
    ],
)
def test_the_version_decides_the_dialect(
    build: dict[str, str], dialect: Dialect, name: str
) -> None:
    """Prometheus says which version it is, and that decides how ranges are read."""
    made = _plan(build)
    assert (made.dialect, str(made.server), made.warnings) == (dialect, name, ())


@pytest.mark.parametrize(
    ("build", "name"),
    [
        ({"application": "Grafana Mimir", "version": "2.14.0"}, "Grafana Mimir 2.14.0"),
        ({"version": "0.36.1"}, "Prometheus 0.36.1"),  # Thanos does not say its name
        ({"version": "main-abc"}, "Prometheus main-abc"),
        ({}, "Prometheus"),
    ],
)
def test_an_unknown_version_is_said(build: dict[str, str], name: str) -> None:
    """The numbers of other software are not those of Prometheus; what is assumed is a warning."""
    made = _plan(build)
    said = f"{name} does not say which Prometheus it evaluates like; v3 is assumed"
    assert (made.dialect, made.warnings) == (Dialect.V3, (said,))


def test_a_given_dialect_goes_before() -> None:
    """Who knows better says so, and there is nothing to warn of."""
    made = _plan({"version": "0.36.1"}, Dialect.V2_51)
    assert (made.dialect, made.warnings) == (Dialect.V2_51, ())


def test_a_grid_lies_on_multiples_of_its_step() -> None:
    """Start and end move back to the grid, so that exports of different days line up."""
    east = timezone(timedelta(hours=1))
    start, end = datetime(2026, 11, 1, 1, 0, 59, tzinfo=east), END + timedelta(seconds=59)
    with FakePrometheus(answers=server) as fake, Client(Connection(fake.url)) as client:
        made = plan(client, [Question("up")], start, end, step=MINUTE)
    assert (made.start, made.end, made.rows) == (START, END, 2 * 121)


@pytest.mark.parametrize(
    ("start", "end", "step", "message"),
    [
        (START.replace(tzinfo=None), END, MINUTE, "start and end need a time zone"),
        (END, START, MINUTE, "the export would end .* before it starts"),
        (START, END, timedelta(milliseconds=500), "is a whole number of seconds"),
        (START, END, timedelta(seconds=1.5), "is a whole number of seconds"),
        (START, END, timedelta(0), "is a whole number of seconds"),
    ],
)
def test_times_that_make_no_sense(
    start: datetime, end: datetime, step: timedelta, message: str
) -> None:
    """They are refused before the server is asked."""
    with FakePrometheus(answers=server) as fake, Client(Connection(fake.url)) as client:
        with pytest.raises(ExportError, match=message):
            plan(client, [Question("up")], start, end, step=step)
        assert fake.asked == []


def test_nothing_is_asked_for() -> None:
    """An export needs a question."""
    with FakePrometheus() as fake, Client(Connection(fake.url)) as client:
        with pytest.raises(ExportError, match="nothing is asked for; name a selector or an SLO"):
            plan(client, [], START, END)
        assert fake.asked == []


def test_data_between_the_looks_are_series() -> None:
    """Where no instant that is looked at has a series, the whole time is asked."""

    def answers(asked: Asked) -> Reply:
        if asked.path.endswith("series"):
            return success([{"__name__": "up", "i": i} for i in "abc"])
        if asked.path.endswith("query"):
            return success({"resultType": "vector", "result": []})
        return server(asked)

    with FakePrometheus(answers=answers) as fake, Client(Connection(fake.url)) as client:
        made = plan(client, [Question("up")], START, END)
        (asked,) = (one for one in fake.asked if one.path.endswith("series"))
    assert made.series == (3,)
    assert asked.fields["match[]"] == ["up"]
    edges = [float(asked.fields[edge][0]) for edge in ("start", "end")]
    assert edges == [START.timestamp(), END.timestamp()]
