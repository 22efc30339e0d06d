"""When will the budget be gone, and how sure is that?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from rtobs.analytics.statistics import (
    FAN,
    FORECAST_ERROR,
    QUANTILES,
    Calendar,
    Outlook,
    Rolling,
    RollingOrigin,
    error_ratio,
    forecast,
    forecast_error,
    pinball_loss,
)
from rtobs.model.duration import Duration

pytestmark = pytest.mark.usefixtures("engine")
Make = Callable[..., pl.DataFrame]
_DAY = 288
_TEN_DAYS = Rolling(Duration.parse("10d"))


def test_a_steady_burn_exhausts_when_it_must(make_tiles: Make) -> None:
    """Good for ten days, then two budgets a window: half a window from the start of the burn."""
    bad = [0.0] * 10 * _DAY + [2.0] * 2 * _DAY
    tiles = make_tiles(bad, [100.0] * len(bad))
    found = forecast(tiles, 0.01, _TEN_DAYS, outlook=Outlook("recent", Duration.parse("1d")))
    assert found.consumed == pytest.approx(0.4)
    assert found.probability == 1.0
    assert found.exhausted == tuple((q, found.at + timedelta(days=3)) for q in QUANTILES)
    assert found.end == found.at + timedelta(days=10)
    assert found.recovered == ()


def test_a_rolling_budget_recovers_when_the_outage_leaves(make_tiles: Make) -> None:
    """Exhausted now; six days from now the outage of four days ago is out of the window."""
    bad = [0.0] * 15 * _DAY
    bad[11 * _DAY - 24 : 11 * _DAY] = [100.0] * 24
    tiles = make_tiles(bad, [100.0] * len(bad))
    found = forecast(tiles, 0.005, _TEN_DAYS, outlook=Outlook("recent", Duration.parse("1d")))
    assert found.consumed == pytest.approx(24 / 14.4)
    assert (found.probability, found.exhausted[0]) == (1.0, (0.05, found.at))
    # 14.4 tiles may be bad; two hours of 12 leave, the first of them an hour before the end.
    assert found.recovered[0][1] == found.at + timedelta(days=6) - timedelta(hours=1)
    spent = found.fan.filter(pl.col("ts") == found.at + timedelta(days=6))
    assert spent["consumed"].to_list() == [0.0] * 5


def test_a_calendar_budget_does_not_recover(make_tiles: Make) -> None:
    """The same outage within a calendar period stays spent until its end."""
    bad = [0.0] * 15 * _DAY
    bad[11 * _DAY - 24 : 11 * _DAY] = [100.0] * 24
    tiles = make_tiles(bad, [100.0] * len(bad))
    start = tiles["ts"][0] - timedelta(minutes=5)
    period = Calendar(start, start + timedelta(days=20, hours=1, minutes=30))
    outlook = Outlook("recent", Duration.parse("1d"))
    found = forecast(tiles, 0.005, period, outlook=outlook)
    assert (found.end, found.recovered) == (period.end, ())
    assert found.consumed == pytest.approx(24 / (0.005 * (20 * _DAY + 18)))
    last = found.fan.filter(pl.col("ts") == period.end)["consumed"].to_list()
    assert last == pytest.approx([24 / (0.005 * (20 * _DAY + 18))] * 5)


def test_futures_that_draw_incidents_disagree(clustered: Make) -> None:
    """A probability between none and all, dates in order, and a fan that opens."""
    tiles = clustered(np.random.default_rng(3), 30, incidents_a_day=0.5)
    ratio = error_ratio(tiles["bad"].to_numpy(), tiles["total"].to_numpy())
    found = forecast(tiles, ratio * 1.6, _TEN_DAYS, outlook=Outlook(draws=300), seed=1)
    assert 0.05 < found.probability < 0.95
    dates = [date for _, date in found.exhausted if date is not None]
    assert dates == sorted(dates)
    assert all(found.at <= date <= found.end for date in dates)
    share_known = sum(q <= found.probability for q in QUANTILES)
    assert len(dates) == share_known
    fan = found.fan
    assert fan.schema == pl.Schema(dict(FAN.columns))
    assert fan.rows() == fan.sort(FAN.key).rows()
    width = fan.group_by("ts").agg(w=pl.col("consumed").max() - pl.col("consumed").min()).sort("ts")
    assert width["w"][-1] > 5 * width["w"][0]
    again = forecast(tiles, ratio * 1.6, _TEN_DAYS, outlook=Outlook(draws=300), seed=1)
    assert (again, again.fan.equals(fan)) == (found, True)


def test_probabilities_come_true(make_tiles: Make) -> None:
    """Days that are bad with a chance of 0.3: exhausted when two of the next four are.

    The chance of that is 0.3483; the history holds 60 such days, so it is known to some 0.1.
    """
    rng = np.random.default_rng(11)
    days = np.zeros(60)
    days[rng.permutation(56)[:18]] = 1.0  # the last four days are good
    tiles = make_tiles(np.repeat(days, _DAY), [100.0] * 60 * _DAY)
    four = Rolling(Duration.parse("4d"))
    found = forecast(tiles, 0.0045, four, outlook=Outlook(draws=4000), seed=2)
    share = 18 / 60
    expected = 1 - (1 - share) ** 4 - 4 * share * (1 - share) ** 3
    assert found.probability == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ("budget", "period", "message"),
    [
        (0.0, _TEN_DAYS, "an error budget lies between 0 and 1; 0.0 does not"),
        (99.9, _TEN_DAYS, r"an error budget lies between 0 and 1; 99\.9 does not"),
        (0.01, None, "the period is over; there is nothing to forecast"),
        (0.01, Rolling(Duration.parse("90m")), "90m is no multiple of 1h"),
    ],
)
def test_what_cannot_be_forecast_is_said(
    make_tiles: Make, budget: float, period: Rolling | None, message: str
) -> None:
    """A budget of nothing, a period that is over, half hours."""
    tiles = make_tiles([0.0] * 2 * _DAY, [1.0] * 2 * _DAY)
    over = Calendar(tiles["ts"][0], tiles["ts"][-1])
    with pytest.raises(ValueError, match=message):
        forecast(tiles, budget, period or over)


def test_the_pinball_loss_is_least_at_the_quantile() -> None:
    """On average over values of which a quarter is below."""
    truths = np.arange(100.0)
    losses = [float(pinball_loss(truths, guess, 0.25).mean()) for guess in range(100)]
    assert int(np.argmin(losses)) in {24, 25}
    assert pinball_loss(3.0, 1.0, 0.9).item() == pytest.approx(1.8)
    assert pinball_loss(1.0, 3.0, 0.9).item() == pytest.approx(0.2)


def test_forecasts_of_a_steady_service_have_no_error(make_tiles: Make) -> None:
    """Every method knows what comes when nothing ever changes."""
    tiles = make_tiles([0.5] * 24 * _DAY, [100.0] * 24 * _DAY)
    found = forecast_error(tiles, 0.01, Duration.parse("10d"), seed=1)
    assert found.schema == pl.Schema(dict(FORECAST_ERROR.columns))
    assert found["method"].to_list() == ["bootstrap", "profile", "recent"]
    assert found["origins"].to_list() == [4, 4, 4]
    for column in ("pinball", "median_error", "bias", "width", "brier"):
        assert found[column].to_list() == pytest.approx([0, 0, 0], abs=1e-12)


def test_intervals_of_forecasts_hold_what_came(clustered: Make) -> None:
    """Ninety days with chance incidents: blocks know their range, the others state none."""
    tiles = clustered(np.random.default_rng(8), 90, incidents_a_day=0.7)
    origins = RollingOrigin(every=Duration.parse("2d"), train=Duration.parse("30d"))
    outlooks = [Outlook("recent"), Outlook("profile"), Outlook(draws=200)]
    found = forecast_error(
        tiles, 0.005, Duration.parse("7d"), origins=origins, outlooks=outlooks, seed=1
    )
    rows = {row["method"]: row for row in found.rows(named=True)}
    assert rows["bootstrap"]["origins"] == 27
    assert rows["bootstrap"]["coverage"] >= 0.75
    assert rows["recent"]["width"] == rows["profile"]["width"] == 0
    assert rows["bootstrap"]["pinball"] < rows["recent"]["pinball"]
    assert abs(rows["bootstrap"]["bias"]) < 0.3


def test_less_data_than_a_forecast_needs_is_refused(make_tiles: Make) -> None:
    """Twenty days have no week after a fortnight."""
    tiles = make_tiles([0.0] * 20 * _DAY, [1.0] * 20 * _DAY)
    with pytest.raises(ValueError, match="a forecast of 7d from 14d cannot be compared"):
        forecast_error(tiles, 0.01, Duration.parse("7d"))
