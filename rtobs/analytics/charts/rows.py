"""Frames as the rows inside a chart: instants in milliseconds, few points, gaps kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import altair as alt
import polars as pl

from rtobs.model.characters import visible

__all__ = ["MOST_POINTS", "inline", "segments", "thin"]

MOST_POINTS: Final = 2_000  # a line with more is slow to draw and looks the same
_GAP_STEPS: Final = 3


def inline(frame: pl.DataFrame) -> alt.InlineData:
    """The rows, inside the chart. Instants become milliseconds since 1970; NaN becomes null.

    Characters that no drawing can hold become signs: a label is a text of others.
    Rows inside the chart are not limited to the 5,000 that altair allows for a frame, and the
    picture does not depend on the time zone of the machine.
    """
    made = frame.with_columns(
        pl.selectors.datetime().dt.epoch("ms"),
        pl.selectors.date().cast(pl.String),
        pl.selectors.float().fill_nan(None),
        pl.selectors.string().map_batches(_signs, return_dtype=pl.String),
    )
    # As one text: altair copies and checks a list of rows, value by value, many times over.
    return alt.InlineData(values=made.write_json(), format=alt.JsonDataFormat(type="json"))


def _signs(texts: pl.Series) -> pl.Series:
    names = texts.drop_nulls().unique()
    shown = names.map_elements(visible, return_dtype=pl.String)
    return texts.replace(names, shown)


def thin(
    frame: pl.DataFrame, *, x: str, y: str, by: Sequence[str] = (), points: int = MOST_POINTS
) -> pl.DataFrame:
    """The rows of lowest and highest `y` in each of the equal steps of `x`, first and last ones.

    What a line of at most `points` pixels shows does not change: a peak of one row stays.

    Args:
        frame: rows with an instant `x` and a number `y`.
        x: column of the instant.
        y: column of the number; rows without one are left out.
        by: columns that tell lines apart; each line is thinned by itself, over the same steps.
        points: most rows of one line, at least 4.

    Returns:
        Rows of `frame`, sorted by `by` and `x`.
    """
    if points < 4:  # noqa: PLR2004  # first, last, lowest, highest
        raise ValueError(f"a line has at least 4 points, not {points}")
    known = frame.filter(pl.col(y).is_not_null() & pl.col(y).cast(pl.Float64).is_not_nan())
    known = known.sort(*by, x)
    if known.is_empty():
        return known
    instant = pl.col(x).to_physical()
    ends = known.select(instant.min().alias("a"), instant.max().alias("b")).row(0)
    steps = (points - 2) // 2
    width = max((ends[1] - ends[0]) / steps, 1e-12)
    step = ((instant - ends[0]) / width).floor().clip(0, steps - 1).cast(pl.Int64)
    row = pl.int_range(pl.len())
    numbered = known.with_columns(row.alias("__row"), step.alias("__step"))
    number = pl.col("__row")
    lowest, highest = number.get(pl.col(y).arg_min()), number.get(pl.col(y).arg_max())
    kept = [
        numbered.group_by(*by, "__step").agg(edge.alias("__row"))["__row"]
        for edge in (lowest, highest)
    ]
    for end in (number.first(), number.last()):
        grouped = numbered.group_by(*by) if by else numbered.group_by(pl.lit(0))
        kept.append(grouped.agg(end.alias("__row"))["__row"])
    chosen = pl.concat(kept).unique()
    thinned = numbered.filter(number.is_in(chosen.implode()))
    return thinned.drop("__row", "__step").sort(*by, x)


def segments(frame: pl.DataFrame, *, x: str, by: Sequence[str] = ()) -> pl.DataFrame:
    """With a column `segment` that grows after every gap, so a line is not drawn across it.

    A gap is longer than three times the usual (median) distance of two rows of a line.
    """
    ordered = frame.sort(*by, x)
    distance = pl.col(x).diff().dt.total_milliseconds()
    apart = ordered.with_columns(
        (distance.over(list(by)) if by else distance).fill_null(0).alias("__apart")
    )
    usual = apart.filter(pl.col("__apart") > 0)["__apart"].median()
    limit = float(usual) * _GAP_STEPS if isinstance(usual, float | int) else 0.0
    after_gap = (pl.col("__apart") > limit).cast(pl.Int32).cum_sum()
    return apart.with_columns(
        (after_gap.over(list(by)) if by else after_gap).alias("segment")
    ).drop("__apart")
