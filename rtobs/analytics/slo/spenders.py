"""Who spent the budget: the values of a label, or the groups, with most of the bad events.

Events are counted as the budget counts them, in tiles of five minutes, so the parts add up to what
the budget lost. Where they do not (a clamp at zero, say), a row without a value holds the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from rtobs import conventions as names
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import TILES, Schema, check, utc
from rtobs.analytics.groups import group, is_named, label
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.slo.counted import Counters, counters
from rtobs.analytics.slo.rates import Rates
from rtobs.analytics.store import Export
from rtobs.errors import ExportError
from rtobs.model.duration import Duration
from rtobs.model.selector import Selector
from rtobs.model.slo import ResolvedSlo

__all__ = ["SPENDERS", "group_spenders", "spenders"]

SPENDERS: Final = Schema(
    "spenders of a budget",
    {
        "slo_id": pl.String,
        "group": pl.String,  # whose budget; "" for all groups together
        "label": pl.String,  # what tells the spenders apart
        "rank": pl.UInt32,  # 1 has most bad events; the rest that no value explains comes last
        "value": pl.String,  # "" for series without the label; null for that rest
        "total": pl.Float64,  # events; null where the total does not have the label
        "bad": pl.Float64,  # events
        "bad_share": pl.Float64,  # of the bad events of all spenders
        "budget_share": pl.Float64,  # of the budget of this time: bad / (error budget x events)
        "error_ratio": pl.Float64,  # its own: bad / total
        "expected_share": pl.Float64,  # of all events: its bad share if all were equally good
    },
    ("slo_id", "group", "label", "rank"),
)
_TILE: Final = Duration.parse(names.LONG_INTERVAL)
_ROUNDING: Final = 1e-9


def spenders(
    export: Export,
    slo: ResolvedSlo,
    by: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    dialect: Dialect | None = None,
) -> pl.DataFrame:
    """Which values of a label spent the budget of each group.

    Args:
        export: holds the raw counters of the SLO.
        slo: counts events or latency by selectors.
        by: the label, such as "pod", "route", "status" or "model_name".
        start: only events after it, aware; by default the start of the export.
        end: only events up to it; by default the end of the export.
        dialect: how ranges are read; that of the exported server by default.

    Returns:
        SPENDERS, with the rows of each group ranked by bad events.

    Raises:
        ExportError: the SLO measures an expression; the time is shorter than five minutes; or good
            events are counted and their total does not have the label.
    """
    what, about = counters(slo), export.about
    begin, last = utc(start or about.start), utc(end or about.end)
    first = begin + timedelta(seconds=_TILE.seconds)
    if last < first:
        raise ExportError("spenders need a time of at least five minutes")
    rates = Rates(export, _TILE, first, last, dialect or about.dialect)
    asked = _Asked(rates, slo, by, what)
    tiles = asked.tiles()
    return _ranked(asked.parts(tiles), asked.whole(tiles), slo, by)


def group_spenders(
    tiles: pl.DataFrame,
    slo: ResolvedSlo,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame:
    """Which groups of an SLO have most of its bad events, as if all had one budget together.

    Args:
        tiles: TILES.
        slo: whose; rows of other SLOs are left out.
        start: only tiles after it, aware.
        end: only tiles up to it.

    Returns:
        SPENDERS with "" as group and the groups as values.

    Raises:
        FrameError: the frame is no TILES, or a moment has no time zone.
    """
    own = check(tiles, TILES).filter(pl.col("slo_id") == slo.slo_id)
    if start is not None:
        own = own.filter(pl.col("ts") > utc(start))
    if end is not None:
        own = own.filter(pl.col("ts") <= utc(end))
    parts = (
        own.group_by(pl.col("group").alias("value"))
        .agg(pl.col("total", "bad").sum())
        .with_columns(group=pl.lit(""))
    )
    whole = parts.group_by("group").agg(pl.col("total", "bad").sum())
    return _ranked(parts, whole, slo, ", ".join(slo.group_by))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The events of an SLO, with and without the label that tells spenders apart."""

    rates: Rates
    slo: ResolvedSlo
    by: str
    what: Counters

    def tiles(self) -> pl.DataFrame:
        """(group, value, ts, total, counted) of every tile, in events."""
        sides = {"total": self.what.total, "counted": self.what.counted}
        total, counted = (
            self._summed(selector).rename({"events": side}) for side, selector in sides.items()
        )
        return total.join(counted, on=["group", "value", "ts"], how="full", coalesce=True)

    def whole(self, tiles: pl.DataFrame) -> pl.DataFrame:
        """(group, total, bad) as the budget counts them."""
        sums = [pl.col(side).sum().alias(side) for side in ("total", "counted")]
        known = pl.col("counted").count() > 0
        summed = tiles.group_by("group", "ts").agg(*sums, known.alias("known")).sort("group", "ts")
        bad = self._bad(pl.col("total"), pl.col("counted"))
        if not self.what.filled:
            bad = pl.when(pl.col("known")).then(bad.clip(lower_bound=0))
        return summed.group_by("group").agg(pl.col("total").sum(), bad.sum().alias("bad"))

    def parts(self, tiles: pl.DataFrame) -> pl.DataFrame:
        """(group, value, total, bad) of each value."""
        labelled = self._labelled(self.what.total)
        if not labelled and self.what.counts == "good":
            raise ExportError(
                f'{self.what.total.metric} has no label "{self.by}", and {self.slo.slo_id} counts'
                " good events: choose a label that the total has"
            )
        if not self.what.filled:
            # The budget leaves out tiles in which the whole group lacks the bucket.
            tiles = tiles.filter(pl.col("counted").count().over("group", "ts") > 0)
        total = pl.col("total").sum() if labelled else pl.lit(None, pl.Float64)
        bad = self._bad(pl.col("total").fill_null(0), pl.col("counted").fill_null(0))
        summed = tiles.group_by("group", "value").agg(total.alias("total"), bad.sum().alias("bad"))
        # A total that lacks the label is no spender of its own.
        return summed if labelled else summed.filter(pl.col("bad") != 0)

    def _bad(self, total: pl.Expr, counted: pl.Expr) -> pl.Expr:
        return counted if self.what.counts == "bad" else total - counted

    def _labelled(self, selector: Selector) -> bool:
        series = self.rates.export.select(selector.metric, *selector.matchers)
        return bool(series.select((label(self.by) != "").any()).item())

    def _summed(self, selector: Selector) -> pl.DataFrame:
        group_by = self.slo.group_by
        found = self.rates.export.select(selector.metric, *selector.matchers)
        members = found.filter(is_named(group_by)).with_columns(
            group((*group_by, self.by)),
            group(group_by).alias("whose"),
            label(self.by).alias("of"),
        )
        sums = self.rates.summed(selector.metric, members, [_TILE])[_TILE]
        return sums.join(members.select("group", "whose", "of").unique(), on="group").select(
            pl.col("whose").alias("group"),
            pl.col("of").alias("value"),
            "ts",
            events=pl.col("value") * _TILE.seconds,
        )


def _ranked(parts: pl.DataFrame, whole: pl.DataFrame, slo: ResolvedSlo, by: str) -> pl.DataFrame:
    rows = pl.concat([parts.select("group", "value", "total", "bad"), _rest(parts, whole)])
    every = whole.rename({"total": "all_total", "bad": "all_bad"})
    share = pl.col("bad") / pl.when(pl.col("all_bad") > 0).then("all_bad")
    budget = pl.when(pl.col("all_total") > 0).then(pl.col("all_total") * budget_number(slo))
    ordered = rows.join(every, on="group").sort(pl.col("value").is_null(), -pl.col("bad"), "value")
    return (
        ordered.with_columns(
            slo_id=pl.lit(slo.slo_id),
            label=pl.lit(by),
            rank=pl.int_range(1, pl.len() + 1).over("group").cast(pl.UInt32),
            bad_share=share,
            budget_share=pl.col("bad") / budget,
            error_ratio=pl.col("bad") / pl.when(pl.col("total") > 0).then("total"),
            expected_share=pl.col("total") / pl.when(pl.col("all_total") > 0).then("all_total"),
        )
        .pipe(check, SPENDERS)
        .sort(SPENDERS.key)
    )


def _rest(parts: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """What the budget lost beyond the sum of the parts, where that is not mere rounding."""
    explained = parts.group_by("group").agg(pl.col("bad").sum().alias("explained"))
    rest = pl.col("bad") - pl.col("explained").fill_null(0)
    return (
        whole.join(explained, on="group", how="left")
        .filter(rest.abs() > _ROUNDING * pl.col("total"))
        .select(
            "group",
            value=pl.lit(None, pl.String),
            total=pl.lit(None, pl.Float64),
            bad=rest,
        )
    )
