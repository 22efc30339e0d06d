"""When will the budget be gone, and how sure is that?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs.analytics.frames import TIME, Schema
from rtobs.analytics.statistics.futures import (
    HOUR,
    Calendar,
    Outlook,
    Rolling,
    consumption,
    draw,
)
from rtobs.analytics.statistics.timeline import Floats, Timeline, tiles_in, timeline

__all__ = ["FAN", "QUANTILES", "Forecast", "forecast"]

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)

FAN: Final = Schema(
    "forecast of a budget",
    {
        "ts": TIME,  # now or to come
        "quantile": pl.Float64,
        "consumed": pl.Float64,  # share of the budget
    },
    ("ts", "quantile"),
)
_BOOTSTRAP: Final = Outlook()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the futures of one budget say together.

    Attributes:
        slo_id: the SLO.
        group: its group.
        method: of the outlook.
        at: the end of the data (aware, UTC).
        end: the end of the forecast.
        consumed: share of the budget that is spent now, if what was not seen was good; the median
            for a calendar budget, as it depends on the events to come.
        probability: share of the futures in which the budget is exhausted at some time up to `end`;
            1 when it is exhausted now. "recent" and "profile" know one future: 0 or 1.
        exhausted: (quantile, when the budget is exhausted first); None: later than `end` or never.
        recovered: (quantile, when there is budget again); empty unless it is exhausted now.
        fan: FAN, quantiles of the share that is spent, now and after each hour.
    """

    slo_id: str
    group: str
    method: str
    at: datetime
    end: datetime
    consumed: float
    probability: float
    exhausted: tuple[tuple[float, datetime | None], ...]
    recovered: tuple[tuple[float, datetime | None], ...]
    fan: pl.DataFrame = field(compare=False, repr=False)


def forecast(
    tiles: pl.DataFrame,
    error_budget: float,
    period: Rolling | Calendar,
    *,
    outlook: Outlook = _BOOTSTRAP,
    seed: int | np.random.Generator = 0,
) -> Forecast:
    """When the budget of an SLO will be exhausted.

    Exhausted means what `SLOBudgetExhausted` means: all of it is spent even if everything that was
    not seen was good. The forecast of a rolling budget reaches one window ahead, and bad events
    leave the window as it moves. A calendar budget is that of the whole period, events to come
    included.

    Args:
        tiles: TILES of one group of one SLO up to now; the longer, the more the futures know.
        error_budget: share of events that may be bad, 1 - objective.
        period: what the budget is of.
        outlook: how the future is imagined.
        seed: a seed or a generator; the same seed gives the same forecast.

    Returns:
        The forecast, to the hour. How good such forecasts were: `forecast_error`.

    Raises:
        FrameError: the tiles hold no group or several.
        ValueError: the period is over, the past is too short, or the budget is not within (0, 1).
    """
    if not 0 < error_budget < 1:
        raise ValueError(f"an error budget lies between 0 and 1; {error_budget} does not")
    line = timeline(tiles)
    count, last = _ahead(line.last, period)
    rng = np.random.default_rng(seed)
    futures = draw(line.coarser(HOUR), count, outlook, rng).ending(last)
    spent = consumption(line, futures, error_budget, period)
    times = [line.last + timedelta(hours=hours) for hours in range(count)]
    times.append(line.last + timedelta(hours=count - 1 + last))
    return _summary(line, outlook, spent, times)


def _ahead(now: datetime, period: Rolling | Calendar) -> tuple[int, float]:
    """How many hours to look ahead, and how much of the last one."""
    if isinstance(period, Rolling):
        return tiles_in(period.window, HOUR), 1.0
    hours = (period.end - now).total_seconds() / HOUR.seconds
    if hours <= 0:
        raise ValueError("the period is over; there is nothing to forecast")
    count = math.ceil(hours)
    return count, hours - (count - 1)


def _summary(line: Timeline, outlook: Outlook, spent: Floats, times: list[datetime]) -> Forecast:
    now = float(np.median(spent[:, 0]))
    crossed = _first(spent >= 1)
    return Forecast(
        slo_id=line.slo_id,
        group=line.group,
        method=outlook.method,
        at=line.last,
        end=times[-1],
        consumed=now,
        probability=float(np.isfinite(crossed).mean()),
        exhausted=_dates(crossed, times),
        recovered=_dates(_first(spent < 1), times) if now >= 1 else (),
        fan=_fan(spent, times),
    )


def _first(marks: npt.NDArray[np.bool_]) -> Floats:
    """The first step that is marked in each row; infinite for none."""
    return np.where(marks.any(axis=1), marks.argmax(axis=1), np.inf)


def _dates(steps: Floats, when: list[datetime]) -> tuple[tuple[float, datetime | None], ...]:
    """The date by which each share of the futures has reached its step."""
    places = np.quantile(steps, QUANTILES, method="inverted_cdf").tolist()
    return tuple(
        (quantile, when[int(place)] if math.isfinite(place) else None)
        for quantile, place in zip(QUANTILES, places, strict=True)
    )


def _fan(spent: Floats, times: list[datetime]) -> pl.DataFrame:
    values = np.quantile(spent, QUANTILES, axis=0)
    columns = {
        "ts": np.repeat(np.array([t.replace(tzinfo=None) for t in times], "M8[ms]"), len(values)),
        "quantile": np.tile(QUANTILES, len(times)),
        "consumed": values.T.ravel(),
    }
    frame = pl.DataFrame(columns)
    return frame.with_columns(pl.col("ts").dt.replace_time_zone("UTC"))
