"""Charts are pictures that anyone can read, made without a network."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import altair as alt
import polars as pl
import pytest

from rtobs.analytics import charts
from rtobs.analytics.charts import describe, look, png, svg, title_of
from rtobs.analytics.frames import BUDGET, BURN, INCIDENTS, empty
from rtobs.errors import FrameError
from rtobs.model.characters import visible
from tests.analytics.charts.drawn import (
    CHARTS,
    HOSTILE,
    OBJECTIVE,
    TIERS,
    budget,
    burn,
    data_of,
    days,
    drawing,
)

SVG = "{http://www.w3.org/2000/svg}"
every_chart = pytest.mark.parametrize("name", CHARTS)


@every_chart
def test_every_chart_is_valid_vega_lite(name: str) -> None:
    """Altair checks a chart against the schema when it is turned into a dictionary."""
    assert (
        CHARTS[name]().to_dict()["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    )


@every_chart
def test_a_drawing_has_a_title_and_a_description(name: str) -> None:
    """Who cannot see the picture is told its title and its numbers."""
    chart = CHARTS[name]()
    root = ET.fromstring(drawing(name))  # noqa: S314  # drawn by ourselves
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert (title.text, desc.text) == (title_of(chart), describe(chart))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "x-title x-desc"
    assert re.search(r"\d", describe(chart))


@every_chart
def test_a_drawing_is_alone_in_the_world(name: str) -> None:
    """No script, no link, no picture and no address but that of the SVG namespace."""
    drawn = drawing(name)
    names = {element.tag.removeprefix(SVG) for element in ET.fromstring(drawn).iter()}  # noqa: S314
    assert names <= {"svg", "g", "path", "text", "tspan", "line", "rect", "title", "desc"} | {
        "defs",
        "clipPath",
    }
    assert re.findall(r"https?://[^\"']*", drawn) == ["http://www.w3.org/2000/svg"]
    assert re.findall(r"\son\w+=", re.sub(r">[^<]*<", "><", drawn)) == []


@every_chart
def test_ids_begin_with_the_name(name: str) -> None:
    """Two drawings on one page do not share an id, and what one refers to is its own."""
    drawn = svg(CHARTS[name](), name="left")
    ids = re.findall(r'\bid="([^"]*)"', drawn)
    assert [one for one in ids if not one.startswith("left-")] == []
    assert [one for one, count in Counter(ids).items() if count > 1] == []
    assert set(re.findall(r"url\(#([^)]*)\)", drawn)) <= set(ids)


def test_what_a_drawing_refers_to_is_renamed_with_it() -> None:
    """A drawing that is cut off at its frame refers to the frame by an id."""
    line = alt.Chart(alt.InlineData(values=[{"x": 0, "y": 1}, {"x": 1, "y": 9}]))
    clipped = line.mark_line(clip=True).encode(x="x:Q", y="y:Q").properties(title="cut")
    drawn = svg(clipped, name="left")
    referred = re.findall(r"url\(#([^)]*)\)", drawn)
    assert {name.startswith("left-") for name in referred} == {True}
    assert set(referred) <= set(re.findall(r'\bid="([^"]*)"', drawn))


@every_chart
def test_the_same_chart_gives_the_same_bytes(name: str) -> None:
    """Nothing random, no time of the day, no counter that goes on."""
    assert svg(CHARTS[name](), name="x") == drawing(name)


@every_chart
def test_rows_in_a_chart_are_few(name: str) -> None:
    """No line has more than two thousand points, so no data set here more than twice that."""
    assert max(len(rows) for rows in data_of(CHARTS[name]())) <= 4_000


@pytest.mark.parametrize("name", ["budget", "spenders", "tradeoff"])
def test_words_of_users_are_text(name: str) -> None:
    """A label that looks like markup is drawn as it is written."""
    drawn = drawing(name)
    assert "<script" not in drawn
    assert HOSTILE[:12] in "".join(ET.fromstring(drawn).itertext())  # noqa: S314


def test_png_is_a_picture() -> None:
    """The same chart as pixels, for what does not show SVG."""
    assert png(CHARTS["windows"]())[:8] == b"\x89PNG\r\n\x1a\n"


def test_axes_name_their_units_and_the_zone() -> None:
    """Every chart over time says which clock it has."""
    for name in ("budget", "burn", "days", "hours", "latency"):
        drawn = drawing(name)
        assert ("(Europe/Berlin)" if name == "budget" else "(UTC)") in drawn
    assert "budget left (% of the window" in drawing("budget")
    assert "seconds" in drawing("latency")


def test_description_of_a_budget() -> None:
    """The first, the last and the lowest value, and what happened."""
    assert describe(CHARTS["budget-alone"]()) == (
        "The budget goes from 80\N{NO-BREAK SPACE}% on Mon 3 Mar 2025, 00:00 to"
        " \N{MINUS SIGN}20\N{NO-BREAK SPACE}% on Sun 9 Mar 2025, 23:55 (UTC). The lowest value is"
        " \N{MINUS SIGN}20\N{NO-BREAK SPACE}% on Sun 9 Mar 2025, 23:55. There are no incidents and"
        " no alerts."
    )


def test_the_worst_group_is_drawn_last_and_strong() -> None:
    """The group with the least budget at the end is the one that is described and labelled."""
    made = describe(CHARTS["budget"]())
    assert made.startswith(f"The budget of {HOSTILE} goes from")
    assert "the worst of 2 groups" in made
    assert "2 incidents are shaded; pages drawn below: 1, other alerts: 2." in made


def test_description_of_burn_rates() -> None:
    """The highest burn rate of each tier, and how long it was above its factor."""
    assert describe(CHARTS["burn"]()) == (
        "Over 1 hour the highest burn rate is 40, the fast tier asks for a page above 14.4 and its"
        " long window is above for 1 h. Over 1 day the highest burn rate is 40, the ticket tier"
        " asks for a ticket above 3 and its long window is above for 1 h."
    )


def test_the_worst_group_of_each_instant_burns() -> None:
    """With groups the fastest burn of any of them is drawn."""
    calm = burn(60).with_columns(pl.lit("calm").alias("group"), pl.lit(0.5).alias("burn_rate"))
    both = pl.concat([burn(60), calm])
    assert "the highest burn rate is 40" in describe(charts.burn_by_window(both, TIERS))


def test_days_without_data_are_shown_as_such() -> None:
    """A day that is null is neither met nor missed, and it keeps its place on the axis."""
    chart = charts.sli_by_day(days(), OBJECTIVE)
    assert describe(chart) == (
        "Of 6 days with data 2 are below the objective of 99.9\N{NO-BREAK SPACE}%. The worst is"
        " Wednesday 2025-03-05 with 90.000\N{NO-BREAK SPACE}%. 1 days have no data."
    )
    assert "Mon 3" in svg(chart, name="x")


def test_a_day_that_is_exactly_on_the_objective_is_met() -> None:
    """0.999 against 99.9 % is met: the definition is at least."""
    rows = [row for data in data_of(charts.sli_by_day(days(), OBJECTIVE)) for row in data]
    assert {row["state"] for row in rows if row.get("sli") == 0.999} == {"met"}


def test_a_terrible_day_does_not_flatten_the_others() -> None:
    """A day that is worse than five budgets stands at the bottom with its number."""
    rows = [row for data in data_of(charts.sli_by_day(days(), OBJECTIVE)) for row in data]
    worst = next(row for row in rows if row.get("sli") == 0.9)
    assert worst["shown"] == pytest.approx(0.994)
    assert worst["note"] == "90.000\N{NO-BREAK SPACE}%"


def test_gaps_stay_gaps() -> None:
    """A line is not drawn across a time without data."""
    whole = budget(600)
    gone = whole.filter(~pl.col("ts").is_between(whole["ts"][200], whole["ts"][300]))
    rows = next(
        data for data in data_of(charts.budget_over_time(gone)) if data and "segment" in data[0]
    )
    assert {row["segment"] for row in rows} == {0, 1}


def test_nothing_to_draw_is_said() -> None:
    """An empty frame is an error with a sentence, a wrong one names what is wrong."""
    with pytest.raises(ValueError, match="there is no budget to draw"):
        charts.budget_over_time(empty(BUDGET))
    with pytest.raises(ValueError, match="there is no burn rate to draw"):
        charts.burn_by_window(empty(BURN), TIERS)
    with pytest.raises(FrameError, match="this is no frame of budget"):
        charts.budget_over_time(pl.DataFrame({"ts": [1]}))


def test_one_row_can_be_drawn() -> None:
    """The smallest history is one evaluation."""
    assert "80\N{NO-BREAK SPACE}%" in svg(charts.budget_over_time(budget(1)), name="x")


def test_a_zone_moves_labels_and_not_points() -> None:
    """Instants are the same in every zone; only the clock differs."""
    rows = [
        list(data_of(charts.budget_over_time(budget(), zone=zone)))
        for zone in ("UTC", "Asia/Tokyo")
    ]
    assert rows[0] == rows[1]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_words_can_be_read() -> None:
    """Text has a contrast of at least 4.5, lines that matter of at least 3 (WCAG 2.2)."""
    words = (look.INK, look.MUTED, look.BAD_TEXT, look.CALM_TEXT)
    assert [one for one in words if _contrast(one, look.PAPER) < 4.5] == []
    assert [one for one in (look.CALM, look.BAD) if _contrast(one, look.PAPER) < 3] == []
    dark_steps, light_steps = look.STEPS[3:], look.STEPS[:3]
    assert [step for step in dark_steps if _contrast(step, look.LIGHT) < 4.5] == []
    assert [step for step in light_steps if _contrast(step, look.DARK) < 4.5] == []


def test_steps_are_told_apart_without_colour() -> None:
    """Each step of the heat map is darker than the one before."""
    light = [_luminance(step) for step in look.STEPS]
    assert [b / a < 0.75 for a, b in pairwise(light)] == [True] * 4


def test_nothing_depends_on_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report made in Tokyo is the one made in Berlin."""
    here = drawing("budget")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert svg(CHARTS["budget"](), name="x") == here
    finally:
        monkeypatch.undo()
        time.tzset()


def test_long_names_are_cut_and_names_do_not_run_into_each_other() -> None:
    """An incident that begins right after another has no name of its own in the picture."""
    close = pl.concat(
        [
            _incident(1.0, "the first of two"),
            _incident(1.05, "the second of two"),
            _incident(4.0, "a name that is much too long to be drawn in full"),
        ]
    )
    drawn = svg(charts.budget_over_time(budget(), incidents=close), name="x")
    assert "the first of two" not in drawn
    assert "the second of two" in drawn
    assert "a name that is much too l\N{HORIZONTAL ELLIPSIS}" in drawn


def _incident(day: float, label: str) -> pl.DataFrame:
    start = budget(1)["ts"][0] + timedelta(days=day)
    row = ("chat-api-availability", "", start, start + timedelta(hours=1), label)
    return pl.DataFrame([row], schema=dict(INCIDENTS.columns), orient="row")


@pytest.mark.parametrize("acting", ["\x00", "\x08", "\x1b", "\ufffe"])
def test_a_label_in_the_rows_of_a_chart_acts_on_nothing(acting: str) -> None:
    """Rows travel as one JSON text, in which such a character hides behind an escape."""
    labelled = _incident(1.0, f"a{acting}b")
    drawn = svg(charts.budget_over_time(budget(), incidents=labelled), name="x")
    assert f"a{visible(acting)}b" in drawn


@pytest.mark.parametrize("acting", ["\x00", "\x08", "\x1b", "\ufffe", "\ud800"])
def test_a_character_that_no_drawing_can_hold_is_a_sign(acting: str) -> None:
    """A label is a text of others: one such character must not end the process."""
    words = f"before{acting}after"
    data = alt.InlineData(values=[{"x": 1, "group": words}])
    bars = alt.Chart(data).mark_bar().encode(x="x:Q", y="group:N")
    chart = bars.properties(title=words, description=words)
    drawn = svg(chart, name="chart")
    assert acting not in drawn
    sign = visible(acting)
    assert drawn.count(f"before{sign}after") == 4
    ET.fromstring(drawn)  # noqa: S314  # drawn by ourselves
    assert png(chart).startswith(b"\x89PNG")
