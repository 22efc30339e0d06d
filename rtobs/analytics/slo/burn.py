"""Error ratios and burn rates over every window, each from where the rules take it.

5m is the recorded pair itself, 1h comes from raw series, other windows up to a day are sums of the
pair and longer ones sums of tiles (`rtobs.rules.windows`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import BURN, check, empty
from rtobs.analytics.slo.histories import Histories, histories, table
from rtobs.analytics.slo.windows import Range, Reading, ranges, ratio
from rtobs.model.duration import Duration
from rtobs.model.number import decimal_text
from rtobs.model.slo import ResolvedSlo
from rtobs.rules.windows import is_tiled

__all__ = ["Ratios", "budget_number", "burn_of", "burn_rates"]

_SHORT: Final = Duration.parse("5m")
_HOUR: Final = Duration.parse("1h")


def budget_number(slo: ResolvedSlo) -> float:
    """The error budget as the rules write it."""
    return float(decimal_text(slo.error_budget))


class Ratios:
    """Error ratios of one SLO; what several tiers or policies read is computed once.

    Args:
        series: what was recorded.
    """

    __slots__ = ("_bad", "_ratios", "_read", "series")

    def __init__(self, series: Histories) -> None:
        self.series = series
        self._bad: dict[Duration, Reading] = {}
        self._ratios: dict[Duration, Reading] = {}
        self._read: dict[Duration, Reading] = {}

    def recorded(self, window: Duration) -> Reading:
        """`slo:sli_error:ratio_rate<window>` at the evaluations of the group that records it."""
        if window not in self._ratios:
            self._ratios[window] = self._ratio(window)
        return self._ratios[window]

    def read(self, window: Duration, *, tiled: bool) -> Reading:
        """The ratio as an alert reads it: by the five-minute group if it is tiled."""
        recorded = self.recorded(window)
        if is_tiled(window) or not tiled:
            return recorded
        if window not in self._read:
            self._read[window] = recorded.newest(self.series.long, self.series.dialect)
        return self._read[window]

    def bad(self, window: Duration) -> Reading:
        """Sum over a window: of bad tiles from a day on, else of rates of bad events."""
        if window not in self._bad:
            series = self.series
            history = series.bad_tiles if is_tiled(window) else series.bad
            self._bad[window] = history.total(self._range(window))
        return self._bad[window]

    def _ratio(self, window: Duration) -> Reading:
        series = self.series
        if window == _SHORT:
            return ratio(series.bad.samples, series.total.samples)
        if window == _HOUR:
            return series.hour
        history = series.total_tiles if is_tiled(window) else series.total
        return ratio(self.bad(window), history.total(self._range(window)))

    def _range(self, window: Duration) -> Range:
        times = self.series.long if is_tiled(window) else self.series.fast
        return ranges(times, times, window, self.series.dialect)


def burn_rates(
    minutes: pl.DataFrame,
    slo: ResolvedSlo,
    windows: Iterable[Duration],
    *,
    dialect: Dialect,
    tiles: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Error ratio and burn rate over each window, exactly as the rules of the SLO record them.

    Args:
        minutes: MINUTES.
        slo: the SLO.
        windows: which windows; shorter than a day every minute, else every five minutes.
        dialect: how ranges are read.
        tiles: TILES that were recorded; without them they are made from the minutes.

    Returns:
        BURN.

    Raises:
        FrameError: a frame is no MINUTES or no TILES.
    """
    series = histories(minutes, slo.slo_id, dialect=dialect, tiles=tiles)
    return burn_of(Ratios(series), slo, windows)


def burn_of(ratios: Ratios, slo: ResolvedSlo, windows: Iterable[Duration]) -> pl.DataFrame:
    """Error ratio and burn rate over each window, of a history that was read already.

    Args:
        ratios: error ratios of the SLO.
        slo: the SLO.
        windows: which windows.

    Returns:
        BURN.
    """
    budget = budget_number(slo)
    parts = []
    for window in sorted(set(windows)):
        found = ratios.recorded(window)
        columns = {"error_ratio": found, "burn_rate": found.per(budget)}
        rows = table(slo.slo_id, ratios.series.groups, found.present, columns)
        length = pl.lit(window.seconds, dtype=pl.Int32).alias("window_s")
        parts.append(rows.with_columns(length).select(list(BURN.columns)))
    return check(pl.concat([empty(BURN), *parts]).sort(BURN.key), BURN)
