"""The parts of a budget's loss add up, and are ranked."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.spenders import SPENDERS, group_spenders, spenders
from rtobs.analytics.slo.tiles import tiles
from rtobs.errors import ExportError
from rtobs.model.slo import ResolvedSlo
from tests.analytics.slo.counters import shop
from tests.analytics.slo.exports import Points, about, at, export_of, tiles_of
from tests.proof.slos import BAD_FORM, GOOD_FORM, LATENCY, PROBE, events, select, slo

SCRAPES = [15.0 * nth for nth in range(-20, 4 * 70)]
TOTAL = {"__name__": "http_requests_total", "handler": "/v1/x"}


def _steady(rate: float) -> Points:
    return [(second, 1000 + second * rate) for second in SCRAPES]


def test_pods_are_ranked_by_their_bad_events(tmp_path: Path) -> None:
    """Pod b has 3/4 of the bad events with a third of the traffic; one series has no pod."""
    raw = [
        ({**TOTAL, "pod": "a", "status": "200"}, _steady(2)),
        ({**TOTAL, "pod": "b", "status": "200"}, _steady(0.25)),
        ({**TOTAL, "pod": "b", "status": "500"}, _steady(0.75)),
        ({**TOTAL, "status": "500"}, _steady(0.25)),
    ]
    export = export_of(tmp_path, raw, about(1, Dialect.V2))
    found = spenders(export, BAD_FORM, "pod")
    assert found.schema == SPENDERS.columns
    assert found.drop("slo_id", "group", "label", "budget_share").rows() == [
        (1, "b", 3600, 2700, 0.75, 0.75, pytest.approx(4 / 13)),
        (2, "", 900, 900, 0.25, 1.0, pytest.approx(1 / 13)),
        (3, "a", 7200, 0, 0, 0, pytest.approx(8 / 13)),
    ]
    # 3600 of 11,700 events were bad where 0.5 % may be.
    assert found["budget_share"].sum() == pytest.approx(3600 / 11_700 / 0.005)


def test_a_label_that_only_bad_events_have(tmp_path: Path) -> None:
    """Their own ratio is not known then, only who they are."""
    wanted = slo("errors", events(select("requests_total"), select("errors_total")))
    raw = [
        ({"__name__": "requests_total"}, _steady(4)),
        ({"__name__": "errors_total", "reason": "timeout"}, _steady(0.5)),
        ({"__name__": "errors_total", "reason": "refused"}, _steady(0.25)),
    ]
    found = spenders(export_of(tmp_path, raw, about(1, Dialect.V2)), wanted, "reason")
    assert found.select("value", "total", "bad", "error_ratio", "expected_share").rows() == [
        ("timeout", None, 1800, None, None),
        ("refused", None, 900, None, None),
    ]


def test_good_events_need_the_label_on_the_total(tmp_path: Path) -> None:
    """What is not good cannot be told apart otherwise."""
    export = export_of(tmp_path, shop(), about(3))
    with pytest.raises(ExportError, match='answers_total has no label "route", and shop-answers'):
        spenders(export, GOOD_FORM, "route")


@pytest.mark.parametrize(
    ("wanted", "label"),
    [
        (BAD_FORM, "instance"),
        (BAD_FORM, "handler"),
        (BAD_FORM, "status"),
        (GOOD_FORM, "pod"),
        (LATENCY, "zone"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.slo_id,
)
def test_parts_add_up_to_what_the_budget_lost(
    wanted: ResolvedSlo, label: str, tmp_path: Path
) -> None:
    """The same tiles, whatever restarts, is late or is not scraped for a while."""
    export = export_of(tmp_path, shop(), about(3))
    minutes = counted_minutes(export, wanted, start=at(5), end=at(180))
    bad = tiles(minutes, dialect=Dialect.V3).group_by("group").agg(pl.col("bad").sum())
    expected = {group: lost for group, lost in bad.rows() if lost or wanted is not LATENCY}
    found = spenders(export, wanted, label)
    parts = dict(found.group_by("group").agg(pl.col("bad").sum()).rows())
    assert parts == pytest.approx(expected, rel=1e-9)
    shares = found.group_by("group").agg(pl.col("bad_share").sum())["bad_share"].to_list()
    assert shares == pytest.approx([1.0] * len(shares))


def test_what_no_value_explains_is_a_row_of_its_own(tmp_path: Path) -> None:
    """Two zones of a histogram, of which one counts more fast events than events."""
    wanted = slo("first-token", LATENCY.indicator, "0.95")
    raw = [
        ({"__name__": f"ttft_seconds_{part}", "zone": "a", "pod": pod, **le}, _steady(rate))
        for part, pod, le, rate in (
            ("count", "p", {}, 1.0),
            ("bucket", "p", {"le": "1.0"}, 1.5),
        )
    ]
    found = spenders(export_of(tmp_path, raw, about(1, Dialect.V2)), wanted, "pod")
    assert found.select("value", "bad").rows() == [("p", -1800), (None, 1800)]


def test_only_the_time_that_is_asked_for(tmp_path: Path) -> None:
    """From one moment up to another; less than a tile is refused."""
    export = export_of(tmp_path, [({**TOTAL, "status": "500"}, _steady(1))], about(1, Dialect.V2))
    found = spenders(
        export, BAD_FORM, "status", start=at(10).astimezone(ZoneInfo("Europe/Berlin")), end=at(30)
    )
    assert found["bad"].to_list() == [pytest.approx(1200)]
    with pytest.raises(ExportError, match="at least five minutes"):
        spenders(export, BAD_FORM, "status", start=at(10), end=at(14))


def test_expressions_are_refused(tmp_path: Path) -> None:
    """They have no counters to split."""
    with pytest.raises(ExportError, match="shop-up measures an expression"):
        spenders(export_of(tmp_path, shop(), about(3)), PROBE, "pod")


def test_groups_spend_too() -> None:
    """Each has a budget of its own; here they are held against each other."""
    one, two = (
        tiles_of(bad, 100, slo_id=GOOD_FORM.slo_id, group=f'model_name="{name}"')
        for name, bad in (("a", [1, 0, 90]), ("b", [3, 3, 90]))
    )
    both = one.vstack(two).vstack(tiles_of([9], slo_id="shop-other"))
    found = group_spenders(both, GOOD_FORM, end=at(10))
    assert found.drop("slo_id", "group").rows() == [
        ("model_name", 1, 'model_name="b"', 200, 6, 6 / 7, pytest.approx(6 / 0.4), 0.03, 0.5),
        ("model_name", 2, 'model_name="a"', 200, 1, 1 / 7, pytest.approx(1 / 0.4), 0.005, 0.5),
    ]
    later = at(10).astimezone(ZoneInfo("Europe/Berlin"))
    assert group_spenders(both, GOOD_FORM, start=later)["bad"].to_list() == [90, 90]
