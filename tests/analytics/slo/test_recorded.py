"""What the rules recorded is read as the rules read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from rtobs.analytics.frames import MINUTES, TILES
from rtobs.analytics.slo.recorded import recorded_minutes, recorded_tiles
from rtobs.analytics.store import Export
from rtobs.errors import ExportError
from tests.analytics.slo.exports import Raw, about, at, export_of
from tests.proof.slos import BAD_FORM, GOOD_FORM, TIMESLICE

MINUTE_NAMES = ("slo:sli_total:rate5m", "slo:sli_bad:rate5m", "slo:sli_error:ratio_rate1h")
NAN = float("nan")


def _labels(metric: str, slo_id: str, **more: str) -> dict[str, str]:
    return {"__name__": metric, "slo_id": slo_id, "owner": "data-team", **more}


def _minutes(slo_id: str, *values: tuple[float, ...], **more: str) -> Raw:
    """Series of the three names; value tuples are (minute, total, bad, ratio)."""
    for nth, metric in enumerate(MINUTE_NAMES, start=1):
        yield _labels(metric, slo_id, **more), [(60 * row[0], row[nth]) for row in values]


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Export]:
    """Makes an export of series."""
    return lambda raw, **facts: export_of(tmp_path, raw, about(1, **facts))


def test_minutes_of_every_group(export: Callable[..., Export]) -> None:
    """Other SLOs are left out, and rows are sorted."""
    held = export(
        [
            *_minutes(GOOD_FORM.slo_id, (1, 2, 0.5, 0.1), (2, 4, 0, 0.2), model_name="b"),
            *_minutes(GOOD_FORM.slo_id, (1, 3, 0.25, 0.3), model_name="a"),
            *_minutes("shop-other", (1, 9, 9, 9)),
        ]
    )
    found = recorded_minutes(held, GOOD_FORM)
    assert found.schema == MINUTES.columns
    assert found.rows() == [
        (GOOD_FORM.slo_id, 'model_name="a"', at(1), 3, 0.25, 0.3, None),
        (GOOD_FORM.slo_id, 'model_name="b"', at(1), 2, 0.5, 0.1, None),
        (GOOD_FORM.slo_id, 'model_name="b"', at(2), 4, 0, 0.2, None),
    ]


def test_generations_of_labels_are_one_series(export: Callable[..., Export]) -> None:
    """The owner changed; where both are seen the greater counts, and NaN does not."""
    held = export(
        [
            *_minutes(BAD_FORM.slo_id, (1, 2, 0.5, 0.1), (2, 4, 1, NAN), owner="a"),
            *_minutes(BAD_FORM.slo_id, (2, 3, 2, 0.3), (3, 5, 0, 0), owner="b"),
        ]
    )
    assert recorded_minutes(held, BAD_FORM).drop("slo_id", "group").rows() == [
        (at(1), 2, 0.5, 0.1, None),
        (at(2), 4, 2, 0.3, None),
        (at(3), 5, 0, 0, None),
    ]


def test_what_a_rule_did_not_give_is_null(export: Callable[..., Export]) -> None:
    """A total without its bad part, and a bad part without its total, are kept."""
    raw = {
        "slo:sli_total:rate5m": [(60.0, 2.0)],
        "slo:sli_bad:rate5m": [(120.0, 1.0)],
        "slo:sli_slice:bad": [(120.0, 0.0)],
    }
    held = export(
        [(_labels(name, TIMESLICE.slo_id, pool="x"), points) for name, points in raw.items()]
    )
    assert recorded_minutes(held, TIMESLICE).drop("slo_id", "group").rows() == [
        (at(1), 2, None, None, None),
        (at(2), None, 1, None, 0),
    ]


def _tiles(slo_id: str, *minutes: float) -> Raw:
    for metric, value in (("slo:sli_total:increase5m", 300.0), ("slo:sli_bad:increase5m", 3.0)):
        yield _labels(metric, slo_id), [(60 * minute, value + minute) for minute in minutes]


def test_tiles(export: Callable[..., Export]) -> None:
    """Raw tiles keep the time of their evaluation."""
    found = recorded_tiles(export(_tiles(BAD_FORM.slo_id, 2.5, 7.5)), BAD_FORM)
    assert found.schema == TILES.columns
    assert found.drop("slo_id", "group").rows() == [
        (at(2.5), 302.5, 5.5),
        (at(7.5), 307.5, 10.5),
    ]


def test_a_fine_grid_shows_every_tile_once(export: Callable[..., Export]) -> None:
    """A grid of a minute repeats a tile five times; its sum would count all events five times."""
    grid = export(_tiles(BAD_FORM.slo_id, *range(1, 16)), step=timedelta(minutes=1))
    assert recorded_tiles(grid, BAD_FORM)["ts"].to_list() == [at(5), at(10), at(15)]


@pytest.mark.parametrize("seconds", [120, 45])
def test_a_grid_that_does_not_show_every_minute_is_refused(
    export: Callable[..., Export], seconds: int
) -> None:
    """The sums over minutes would be wrong."""
    held = export(_minutes(BAD_FORM.slo_id, (1, 2, 0, 0)), step=timedelta(seconds=seconds))
    with pytest.raises(ExportError, match="does not show what is recorded every 1m: export raw"):
        recorded_minutes(held, BAD_FORM)


def test_an_export_without_the_slo_is_refused(export: Callable[..., Export]) -> None:
    """An empty answer would look like a service without traffic."""
    held = export(_minutes("shop-other", (1, 2, 0, 0)))
    with pytest.raises(ExportError, match="has no slo:sli_total:rate5m of shop-requests: export"):
        recorded_minutes(held, BAD_FORM)
