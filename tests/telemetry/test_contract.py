"""What the library emits and what the rest of rtobs knows are the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rtobs
from rtobs import conventions
from rtobs.testing import OTLPSink, fake_clock
from tests.telemetry.service import run

# The HTTP metric comes from a contrib instrumentation.
FOREIGN = {"http.server.request.duration"}
_EVERYTHING = """
    from types import SimpleNamespace
    handle = rtobs.init("svc", endpoint={endpoint!r}, logs="otlp")
    import logging; logging.info("x")
    rtobs.instrument("work")(lambda: None)()
    usage = SimpleNamespace(prompt_tokens=3, completion_tokens=4)
    for view in ("client", "server"):
        with rtobs.llm.observe(model="m", view=view) as call:
            call.chunk(2); call.chunk(2); call.usage(input=3, output=4)
        try:
            with rtobs.llm.observe(model="m", view=view):
                raise ValueError
        except ValueError:
            pass
    info, segment = SimpleNamespace(duration=2.0), SimpleNamespace(end=2.0)
    list(rtobs.whisper.observe((iter([segment]), info), model="w")[0])
    few = rtobs.counter("few", labels=["a"])
    for number in range(300):
        few.add(1, a=number)
    print(handle.flush(10))
"""


@pytest.fixture(scope="module")
def sink() -> Iterator[OTLPSink]:
    """A sink that has received every metric of the library."""
    with OTLPSink() as receiver:
        ended = run(_EVERYTHING.format(endpoint=receiver.endpoint))
        assert (ended.out.strip(), ended.err) == ("True", "")
        yield receiver


def test_every_listed_metric_is_emitted_and_no_other(sink: OTLPSink) -> None:
    """The names that arrive are the names of the table, exactly."""
    listed = {metric.name for metric in conventions.LIBRARY_METRICS}
    assert {point.metric for point in sink.points} - {"few"} == listed - FOREIGN


@pytest.mark.parametrize("name", [metric.name for metric in conventions.LIBRARY_METRICS])
def test_unit_type_labels_and_buckets_are_as_listed(name: str, sink: OTLPSink) -> None:
    """Each point has unit, kind, label names, closed values and buckets of the table."""
    metric = conventions.library_metric(name)
    points = [point for point in sink.points if point.metric == name]
    types = {"counter": "sum", "gauge": "gauge", "histogram": "histogram"}
    labels = dict(metric.labels)
    assert points or name in FOREIGN
    for point in points:
        assert (point.unit, point.type) == (metric.unit, types[metric.type])
        assert point.attributes.keys() <= labels.keys()
        assert point.bounds == tuple(metric.buckets)
        for label, value in point.attributes.items():
            closed = labels[label]
            assert closed is None or value in closed


def test_every_label_that_is_listed_occurs(sink: OTLPSink) -> None:
    """No label of the table is one that nobody ever emits."""
    seen: dict[str, set[str]] = {}
    for point in sink.points:
        seen.setdefault(point.metric, set()).update(point.attributes)
    listed = {
        metric.name: {label for label, _ in metric.labels}
        for metric in conventions.LIBRARY_METRICS
        if metric.name not in FOREIGN
    }
    assert {name: seen[name] for name in listed} == listed


@pytest.mark.parametrize("limits", conventions.LATENCY_CLASSES, ids=lambda one: one.name)
def test_an_answer_at_its_limit_falls_into_the_bucket_of_the_limit(
    limits: conventions.LatencyClass,
) -> None:
    """The limit of a class is a bucket, so a latency SLO counts the same answers as goodput."""
    with rtobs.testing.capture() as captured, fake_clock() as clock:
        with rtobs.llm.observe(model="m", slo_class=limits.name, view="server") as call:
            clock.advance(limits.time_to_first_token)
            call.chunk()
            clock.advance(limits.time_per_output_token)
            call.chunk()
        points = {point.metric: point for point in captured.points if point.count}
    for name, limit in (
        ("gen_ai.server.time_to_first_token", limits.time_to_first_token),
        ("gen_ai.server.time_per_output_token", limits.time_per_output_token),
    ):
        point = points[name]
        assert point.buckets[point.bounds.index(limit)] == 1


def test_the_library_reserves_its_own_names() -> None:
    """A service cannot declare a metric of rtobs differently."""
    with pytest.raises(rtobs.ConfigurationError, match="metric of rtobs itself"):
        rtobs.counter("rtobs.operations")


def test_a_wrong_measurement_never_raises() -> None:
    """Amounts of a wrong type are left out, and the service goes on."""
    with rtobs.testing.capture() as captured:
        wrong = rtobs.counter("wrong.amounts")
        wrong.add("seven")  # type: ignore[arg-type]
        wrong.add(2)
        rtobs.histogram("wrong.values").record(None)  # type: ignore[arg-type]
        rtobs.gauge("wrong.gauge").set("x")  # type: ignore[arg-type]
    assert captured.records
