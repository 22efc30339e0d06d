"""Raw counters become minutes, or a sentence that says why not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import MINUTES
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.rates import Rates
from rtobs.errors import ExportError
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo
from tests.analytics.slo.counters import shop
from tests.analytics.slo.exports import Points, about, at, export_of
from tests.proof.slos import BAD_FORM, EXPRESSION, JOINED, LATENCY, PROBE, RATIO, select

EVERY_15_SECONDS = [15.0 * nth for nth in range(-20, 4 * 140)]


def _steady(rate: float) -> Points:
    return [(second, 1000 + second * rate) for second in EVERY_15_SECONDS]


def test_a_steady_service(tmp_path: Path) -> None:
    """Two events a second, of which one in four is bad; the hour is not known before an hour."""
    raw = [
        ({"__name__": "http_requests_total", "handler": "/v1/x", "status": status}, _steady(rate))
        for status, rate in (("200", 1.5), ("500", 0.5))
    ]
    found = counted_minutes(export_of(tmp_path, raw, about(2, Dialect.V2)), BAD_FORM)
    assert found.schema == MINUTES.columns
    assert found["ts"].to_list() == [at(minute) for minute in range(5, 121)]
    assert found.select("total", "bad").unique().rows() == [(2.0, 0.5)]
    hours = [None if minute < 60 else 0.25 for minute in range(5, 121)]
    assert found["error_1h"].to_list() == hours


def test_without_bad_series_nothing_was_bad(tmp_path: Path) -> None:
    """The error series of a healthy server is absent, not zero."""
    raw = [({"__name__": "http_requests_total", "handler": "/v1/x"}, _steady(1))]
    found = counted_minutes(
        export_of(tmp_path, raw, about(2, Dialect.V2)), BAD_FORM, start=at(10), end=at(10)
    )
    assert found.drop("slo_id", "group").rows() == [(at(10), 1.0, 0.0, 0.0, None)]


def test_without_the_bucket_nothing_is_known(tmp_path: Path) -> None:
    """A histogram that lacks the bound is neither good nor bad."""
    labels = {"zone": "a", "model_name": "llama"}
    raw = [
        ({"__name__": "ttft_seconds_count", **labels}, _steady(1)),
        ({"__name__": "ttft_seconds_bucket", "le": "0.5", **labels}, _steady(1)),
    ]
    found = counted_minutes(
        export_of(tmp_path, raw, about(2, Dialect.V2)), LATENCY, start=at(10), end=at(10)
    )
    assert found.drop("slo_id", "group").rows() == [(at(10), 1.0, None, None, None)]


def test_a_probe_is_counted_from_its_raw_series(tmp_path: Path) -> None:
    """Nine minutes of ten it answers; the hour is not known before an hour."""
    points = [(60.0 * n, float(n % 10 != 0)) for n in range(-1, 181)]
    raw = [({"__name__": "probe_success", "probe": "shop"}, points)]
    found = counted_minutes(export_of(tmp_path, raw, about(3)), PROBE)
    assert found.schema == MINUTES.columns
    assert found["ts"].to_list() == [at(minute) for minute in range(5, 181)]
    assert found["total"].unique().to_list() == [5 / 300]
    assert found["slice_bad"].to_list() == [float(n % 10 == 0) for n in range(5, 181)]
    hours = found.filter(pl.col("error_1h").is_not_null())
    assert hours["ts"].to_list() == [at(minute) for minute in range(60, 181)]
    assert hours["error_1h"].to_list() == pytest.approx([0.1] * 121)
    wrong = export_of(tmp_path / "up", [({"__name__": "up"}, points)], about(3))
    with pytest.raises(ExportError, match="no series of probe_success that shop-up reads"):
        counted_minutes(wrong, PROBE)
    with pytest.raises(ExportError, match="too short: shop-up needs five minutes"):
        counted_minutes(export_of(tmp_path / "short", raw, about(0.05)), PROBE)


@pytest.mark.parametrize("slo", [JOINED, EXPRESSION, RATIO], ids=lambda slo: slo.slo_id)
def test_expressions_are_refused(slo: ResolvedSlo, tmp_path: Path) -> None:
    """Raw counters do not say what an expression would give."""
    export = export_of(tmp_path, shop(), about(3))
    with pytest.raises(ExportError, match=f"{slo.slo_id} measures an expression, .*--events expr"):
        counted_minutes(export, slo)


def test_an_export_without_the_counters_is_refused(tmp_path: Path) -> None:
    """An empty answer would look like a service without traffic."""
    export = export_of(tmp_path, [({"__name__": "up"}, _steady(1))], about(3))
    with pytest.raises(ExportError, match="no series of http_requests_total that shop-requests"):
        counted_minutes(export, BAD_FORM)


def test_a_few_minutes_are_too_short(tmp_path: Path) -> None:
    """A rate over five minutes needs five minutes."""
    raw = [({"__name__": "http_requests_total", "handler": "/v1/x"}, _steady(1))]
    with pytest.raises(ExportError, match="too short: shop-requests needs five minutes"):
        counted_minutes(export_of(tmp_path, raw, about(0.05)), BAD_FORM)


@pytest.mark.parametrize("rows", [1, 500, 10**9])
def test_batches_do_not_change_sums(rows: int, tmp_path: Path) -> None:
    """Whatever fits into memory at once; only the last digits follow the order of a sum."""
    export = export_of(tmp_path, shop(), about(3))
    window = Duration.parse("5m")
    first, end, dialect = export.about.start, export.about.end, export.about.dialect
    one = Rates(export, Duration.parse("1m"), first, end, dialect)
    some = Rates(export, Duration.parse("1m"), first + timedelta(0), end, dialect, batch_rows=rows)
    selector = select("http_requests_total", status="!=200")
    expected = one.by_group(selector, ("handler",), [window])[window]
    found = some.by_group(selector, ("handler",), [window])[window]
    assert found.drop("value").rows() == expected.drop("value").rows()
    assert found["value"].to_list() == pytest.approx(expected["value"].to_list(), rel=1e-13)
