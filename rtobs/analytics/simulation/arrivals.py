"""When requests come and how long they are: read from a trace, or drawn from a seed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from rtobs.analytics.frames import Schema, check
from rtobs.analytics.simulation.chance import Purpose, chances
from rtobs.analytics.simulation.scenario import Lengths, Scenario, Traffic
from rtobs.errors import ExportError

__all__ = ["ARRIVALS", "draw_arrivals", "read_trace"]

ARRIVALS: Final = Schema(
    "arrivals",
    {
        "request": pl.UInt32,  # number in the order of arrival, from 0
        "arrival": pl.Datetime("us", "UTC"),
        "prompt_tokens": pl.UInt32,
        "answer_tokens": pl.UInt32,
    },
    ("request",),
)
_TRACE: Final = {"TIMESTAMP": pl.String, "ContextTokens": pl.UInt32, "GeneratedTokens": pl.UInt32}
_GRID: Final = 60.0  # seconds between two points of the rate
_DAY: Final = 86_400.0
_SATURDAY: Final = 5

_Floats = NDArray[np.float64]


def read_trace(path: Path, start: datetime | None = None) -> pl.DataFrame:
    """Read arrivals and lengths from a CSV file with TIMESTAMP, ContextTokens, GeneratedTokens.

    Args:
        path: file as the Azure traces of LLM inference have it; times are taken as UTC.
        start: moment to which the first arrival is moved; None keeps the times of the file.

    Returns:
        ARRIVALS, in the order of arrival.

    Raises:
        ExportError: the file has other columns, or what stands in them is something else.
    """
    try:
        raw = pl.read_csv(path, schema_overrides=_TRACE, columns=list(_TRACE))
        moments = raw["TIMESTAMP"].str.slice(0, 26).str.to_datetime("%Y-%m-%d %H:%M:%S%.f")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ExportError(
            f"{path} is no trace of requests: it needs the columns {', '.join(_TRACE)}"
        ) from error
    arrival = moments.dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    if start is not None and raw.height:
        arrival = arrival - arrival.min() + start
    frame = pl.DataFrame(
        {
            "arrival": arrival.cast(pl.Datetime("us", "UTC")),
            "prompt_tokens": raw["ContextTokens"],
            "answer_tokens": raw["GeneratedTokens"],
        }
    )
    return _numbered(frame.sort("arrival", maintain_order=True))


def draw_arrivals(scenario: Scenario) -> pl.DataFrame:
    """The seeded arrivals of a scenario.

    Unit exponential gaps are stretched by the inverse of the expected number of arrivals, which
    makes a Poisson process of any rate.

    Returns:
        ARRIVALS within the scenario.
    """
    grid, expected = _expected(scenario)
    moments = np.interp(_unit_arrivals(scenario, expected[-1]), expected, grid)
    dice = chances(scenario.seed, Purpose.LENGTHS)
    traffic = scenario.traffic
    prompts = _lengths(traffic.prompt, dice.random(len(moments)))
    answers = _lengths(traffic.answer, dice.random(len(moments)))
    offsets = pl.Series((moments * 1e6).astype(np.int64)).cast(pl.Duration("us"))
    frame = pl.DataFrame(
        {
            "arrival": (pl.Series([scenario.start]).cast(pl.Datetime("us", "UTC")) + offsets)
            if len(moments)
            else pl.Series([], dtype=pl.Datetime("us", "UTC")),
            "prompt_tokens": pl.Series(prompts),
            "answer_tokens": pl.Series(answers),
        }
    )
    return _numbered(frame)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return check(frame.with_row_index("request"), ARRIVALS)


def _expected(scenario: Scenario) -> tuple[_Floats, _Floats]:
    """Moments in seconds, and the number of arrivals that are expected until each."""
    cells = max(1, int(np.ceil(scenario.seconds / _GRID)))
    grid = np.minimum(np.arange(cells + 1) * _GRID, scenario.seconds)
    rate = _rates(scenario.traffic, scenario, (grid[:-1] + grid[1:]) / 2)
    return grid, np.concatenate([[0.0], np.cumsum(rate * np.diff(grid))])


def _rates(traffic: Traffic, scenario: Scenario, moments: _Floats) -> _Floats:
    start = scenario.start.timestamp()
    hours = (start + moments) % _DAY / 3600
    days = np.floor((start + moments) / _DAY).astype(np.int64)
    weekdays = (days + 3) % 7  # 1970 began on a Thursday
    wave = 1 + traffic.daily * np.cos(2 * np.pi * (hours - traffic.peak_hour) / 24)
    week = np.where(weekdays >= _SATURDAY, traffic.weekend, 1.0)
    return np.asarray(traffic.rate * wave * week * _bursts(traffic, scenario, moments))


def _bursts(traffic: Traffic, scenario: Scenario, moments: _Floats) -> _Floats:
    """A factor of mean 1 that stays for a while."""
    if not traffic.burst_spread:
        return np.ones_like(moments)
    which = (moments / traffic.burst.total_seconds()).astype(np.int64)
    draws = chances(scenario.seed, Purpose.BURSTS).random(int(which[-1]) + 1)
    spread = traffic.burst_spread
    return np.asarray(np.exp(spread * ndtri(draws) - spread**2 / 2)[which])


def _unit_arrivals(scenario: Scenario, expected: float) -> _Floats:
    """Arrivals of a Poisson process of rate 1 until `expected`."""
    dice = chances(scenario.seed, Purpose.ARRIVALS)
    moments = np.empty(0)
    while not len(moments) or moments[-1] < expected:
        gaps = -np.log1p(-dice.random(int(expected + 6 * np.sqrt(expected)) + 16))
        last = moments[-1] if len(moments) else 0.0
        moments = np.concatenate([moments, last + np.cumsum(gaps)])
    return moments[moments < expected]


def _lengths(lengths: Lengths, draws: _Floats) -> NDArray[np.uint32]:
    # 0 is a possible draw and has no quantile.
    tokens = lengths.median * np.exp(lengths.spread * ndtri(np.maximum(draws, 2.0**-53)))
    return np.asarray(np.clip(np.rint(tokens), 1, lengths.most), dtype=np.uint32)
