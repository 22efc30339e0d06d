"""The library's own metrics as catalogue metrics."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rtobs.catalogue.facts import Aggregation, Better, Label, Metric, MetricType
from rtobs.catalogue.le import bound
from rtobs.catalogue.library import library_metrics
from rtobs.catalogue.load import load
from rtobs.conventions import GOODPUT_VALUES, LATENCY_CLASSES, OUTCOMES


def test_names_labels_and_units_are_those_after_translation() -> None:
    """A counter in braces gets its word, dots become underscores, closed lists stay closed."""
    metric = library_metrics("runtime-service")["rtobs_llm_requests_total"]

    assert metric == Metric(
        name="rtobs_llm_requests_total",
        type=MetricType.COUNTER,
        unit="requests",
        labels=(
            Label("gen_ai_request_model"),
            Label("slo_class", tuple(c.name for c in LATENCY_CLASSES)),
            Label("outcome", OUTCOMES),
            Label("goodput", GOODPUT_VALUES),
        ),
        meaning=metric.meaning,
        aggregation=Aggregation.SUM,
        better=Better.NEITHER,
    )


def test_whole_bounds_have_no_point_and_no_exponent() -> None:
    """The texts are those that Prometheus writes for series that it got over OTLP."""
    tokens = library_metrics("otel-genai")["gen_ai_client_token_usage"]

    assert tokens.buckets[:3] == ("1", "4", "16")
    assert tokens.buckets[-1] == "67108864"


@pytest.mark.parametrize("latency_class", LATENCY_CLASSES, ids=lambda c: c.name)
def test_every_latency_class_can_be_an_slo(latency_class: object) -> None:
    """The limits of the classes are bounds of the histograms, so a threshold can be exact."""
    server = load().components["otel-genai"].metrics
    first = server["gen_ai_server_time_to_first_token_seconds"].buckets
    rest = server["gen_ai_server_time_per_output_token_seconds"].buckets
    limits = (
        Decimal(str(latency_class.time_to_first_token)),  # type: ignore[attr-defined]
        Decimal(str(latency_class.time_per_output_token)),  # type: ignore[attr-defined]
    )

    assert limits[0] in {bound(text) for text in first}
    assert limits[1] in {bound(text) for text in rest}


def test_times_and_queues_are_better_when_low() -> None:
    """Dashboards colour the library's metrics without being told twice."""
    metrics = library_metrics("runtime-service")
    better = {name: metric.better for name, metric in metrics.items()}

    assert better["rtobs_queue_length"] is Better.LOWER
    assert better["rtobs_operation_duration_seconds"] is Better.LOWER
    assert better["rtobs_operations_total"] is Better.NEITHER


def test_a_component_of_the_library_has_what_its_file_adds() -> None:
    """Facts of the file and metrics of the library stand in one component."""
    component = load().components["faster-whisper"]

    assert component.metric("rtobs_whisper_real_time_factor_bucket") is not None
    assert component.metric("http_server_duration_milliseconds") is not None
    assert component.notes
