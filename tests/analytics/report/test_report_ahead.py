"""What a report says about the time after its period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rtobs.analytics.charts import describe
from rtobs.analytics.report import Section
from rtobs.analytics.report.ahead import ahead_of, ahead_table, ahead_text
from rtobs.analytics.report.figures import figures
from rtobs.analytics.report.standings import within
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.statistics import (
    QUANTILES,
    Outlook,
    Rolling,
    forecast,
    forecast_error,
    worst_windows,
)
from tests.analytics.report.histories import (
    END,
    minutes,
    named,
    platform,
    week,
    week_as_html,
    week_as_markdown,
)

SPACE = "\N{NO-BREAK SPACE}"


def _chat() -> Section:
    return week().sections[0]


def test_the_forecast_is_that_of_statistics() -> None:
    """Of the worst group, from all of its past up to the end of the period, with its error."""
    given = platform()[2]
    budget, window = budget_number(given.slo), given.slo.window
    made = forecast(given.tiles, budget, Rolling(window), seed=0)
    tried = forecast_error(given.tiles, budget, window, outlooks=[Outlook()], seed=0)
    ahead = _chat().ahead
    assert ahead is not None
    assert ahead.forecast == made
    assert ahead.forecast.fan.equals(made.fan)
    assert ahead.forecast.at == END
    assert ahead.error is not None
    assert [(ahead.error.median_error, ahead.error.coverage)] == tried.select(
        "median_error", "coverage"
    ).rows()


def test_what_comes_after_the_period_is_not_known() -> None:
    """A report on an earlier week is the one that was made then."""
    given = platform()[2]
    period = week().period.previous
    early = ahead_of(given.tiles, given.slo, period)
    assert early is not None
    assert early.forecast.at == period.end
    assert early == ahead_of(given.tiles.filter(given.tiles["ts"] <= period.end), given.slo, period)


def test_a_quiet_slo_has_no_forecast() -> None:
    """Only trouble is looked at closely."""
    seen = {one.is_quiet: (one.ahead is None, one.windows.is_empty()) for one in week().sections}
    assert seen == {True: (True, True), False: (False, False)}


def test_worst_windows_are_those_of_the_period() -> None:
    """Of the worst group, drawn and told."""
    period = week().period
    assert _chat().windows.equals(worst_windows(within(platform()[2].tiles, period)))
    drawn = {figure.name: figure for figure in figures(_chat(), period)}["windows"]
    assert describe(drawn.chart) in week_as_markdown().replace("\\", "")
    assert len(drawn.table.rows) == _chat().windows.height > 10


def test_an_exhausted_budget_is_told_with_its_return() -> None:
    """And with how good such forecasts were."""
    ahead = _chat().ahead
    assert ahead is not None
    text = ahead_text(ahead, week().period)
    assert text.startswith(f"Forecast: the budget is exhausted, 128{SPACE}% of it is spent.")
    assert "15 such forecasts of 7 days, made in the past, were off by" in text
    table = ahead_table(ahead, week().period)
    assert table.headings == ("of all futures", "has budget again by")
    assert len(table.rows) == len(QUANTILES)


def test_a_budget_that_lasts_is_told_with_its_chance() -> None:
    """The dates stand on the clock of the period, and an unknown error is said to be unknown."""
    ahead = _chat().ahead
    assert ahead is not None
    at = datetime(2025, 3, 20, 12, tzinfo=UTC)
    dates = [(quantile, at + timedelta(days=n)) for n, quantile in enumerate(QUANTILES)]
    calm = replace(
        ahead.forecast,
        consumed=0.4,
        probability=0.97,
        exhausted=tuple(dates),
        recovered=(),
    )
    berlin = replace(week().period, zone="Europe/Berlin")
    assert ahead_text(replace(ahead, forecast=calm, error=None), berlin) == (
        f"Forecast: 40{SPACE}% of the budget is spent; the chance that all of it is by"
        f" Wed 16 Apr 2025, 02:00 is 97{SPACE}%. In half of all futures that is before Sat 22 Mar"
        " 2025, 13:00, in 90 of 100 between Thu 20 Mar 2025, 13:00 and Mon 24 Mar 2025, 13:00."
        " There is too little history to say how good such a forecast is."
    )
    late = replace(calm, exhausted=tuple((quantile, None) for quantile in QUANTILES))
    text = ahead_text(replace(ahead, forecast=late), berlin)
    assert "In half" not in text
    assert ahead_table(replace(ahead, forecast=late), berlin).rows[0][1] == "later, or never"


def test_a_short_past_says_nothing_of_the_future() -> None:
    """A forecast from nothing would be a guess."""
    slo = named("demo-short")
    tiles = platform()[2].tiles.clear()
    assert ahead_of(tiles, slo, week().period) is None
    assert minutes(slo).height > 0


@pytest.mark.parametrize("show", [week_as_html, week_as_markdown])
def test_every_format_tells_it(show: Callable[[], str]) -> None:
    """The sentence and the table, also on paper."""
    text = show().replace("\\", "")
    assert text.count("Forecast: the budget is exhausted") == 1
    assert text.count("of all futures") >= 2


def test_paper_keeps_the_tables_that_a_chart_does_not_replace() -> None:
    """The worst windows are printed with their numbers."""
    page = week_as_html()
    assert page.count('<figure id="s1-windows" class="kept">') == 1
    assert "figure.kept .scroll{display:block" in page
