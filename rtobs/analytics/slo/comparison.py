"""Did a deploy change it? The SLI of many SLOs before and after each, held to one error rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from rtobs.analytics.frames import TILES, TIME, Schema, check, utc
from rtobs.analytics.statistics.comparison import COMPARISON, benjamini_hochberg, compare
from rtobs.model.duration import Duration

__all__ = ["DEPLOYS", "Around", "Deploy", "compare_deploys"]

DEPLOYS: Final = Schema(
    "comparisons around deploys",
    {
        **COMPARISON.columns,
        "at": TIME,  # of the deploy
        "deploy": pl.String,  # its name, for people
        "verdict": pl.String,  # worse, better, unchanged, or unknown
    },
    ("slo_id", "group", "at", "deploy"),
)
_HOUR: Final = Duration.parse("1h")
_DAY: Final = Duration.parse("1d")


@dataclass(frozen=True, slots=True)
class Deploy:
    """A change whose effect is asked for.

    Attributes:
        at: when it happened, aware.
        name: what to call it ("v1.8.2"); may be empty.
        slo_ids: SLOs that it may have changed; empty for all.

    Raises:
        FrameError: the moment has no time zone.
    """

    at: datetime
    name: str = ""
    slo_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", utc(self.at))  # frozen


@dataclass(frozen=True, slots=True)
class Around:
    """Which stretches of time are compared, and how strictly.

    Attributes:
        before: how long before the deploy; whole days where traffic has a daily season.
        after: how long after it.
        settle: what is left out right after the deploy, while old and new run together.
        period: what is counted together to see how much counts vary by themselves.
        level: of the interval of each difference.
        false_discoveries: share of the findings that may be wrong, on average.
    """

    before: Duration = _DAY
    after: Duration = _DAY
    settle: Duration = Duration(0)  # noqa: RUF009  # frozen
    period: Duration = _HOUR
    level: float = 0.95
    false_discoveries: float = 0.05


_USUAL: Final = Around()


def compare_deploys(
    tiles: pl.DataFrame, deploys: Iterable[Deploy], around: Around = _USUAL
) -> pl.DataFrame:
    """The error ratio before and after each deploy, for every SLO and group.

    Each difference has Newcombe's interval, widened by how much counts vary from period to period.
    All comparisons together are adjusted by Benjamini and Hochberg, so ten deploys of a hundred
    SLOs do not find fifty changes by chance.

    Args:
        tiles: TILES of any number of SLOs.
        deploys: when what changed.
        around: what is compared.

    Returns:
        DEPLOYS, without groups that had no events before or after. `verdict` is "unknown" where
        both stretches are a single period.

    Raises:
        FrameError: the frame is no TILES.
    """
    own = check(tiles, TILES)
    found = [_around(own, deploy, around) for deploy in deploys]
    plain = {name: kind for name, kind in DEPLOYS.columns.items() if name != "verdict"}
    rows = pl.concat([pl.DataFrame(schema=plain), *(part.select(list(plain)) for part in found)])
    return (
        _adjusted(rows.sort(DEPLOYS.key))
        .with_columns(verdict=_verdict(around.false_discoveries))
        .pipe(check, DEPLOYS)
        .sort(DEPLOYS.key)
    )


def _around(tiles: pl.DataFrame, deploy: Deploy, around: Around) -> pl.DataFrame:
    if deploy.slo_ids:
        tiles = tiles.filter(pl.col("slo_id").is_in(deploy.slo_ids))
    begin = deploy.at + timedelta(seconds=around.settle.seconds)
    old = _between(tiles, deploy.at - timedelta(seconds=around.before.seconds), deploy.at)
    new = _between(tiles, begin, begin + timedelta(seconds=around.after.seconds))
    compared = compare(old, new, level=around.level, period=around.period)
    return compared.with_columns(at=pl.lit(deploy.at, TIME), deploy=pl.lit(deploy.name))


def _between(tiles: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """Tiles that lie within (start, end]."""
    begin = pl.col("ts") - pl.duration(minutes=5)
    return tiles.filter((begin >= pl.lit(start, TIME)) & (pl.col("ts") <= pl.lit(end, TIME)))


def _adjusted(rows: pl.DataFrame) -> pl.DataFrame:
    known = rows.filter(pl.col("p_value").is_not_null())
    unknown = rows.filter(pl.col("p_value").is_null())
    values = pl.Series("q_value", benjamini_hochberg(known["p_value"].to_numpy()), pl.Float64)
    return pl.concat([known.with_columns(values), unknown])


def _verdict(rate: float) -> pl.Expr:
    found = pl.col("q_value") <= rate
    return (
        pl.when(pl.col("q_value").is_null())
        .then(pl.lit("unknown"))
        .when(found & (pl.col("difference") > 0))
        .then(pl.lit("worse"))
        .when(found & (pl.col("difference") < 0))
        .then(pl.lit("better"))
        .otherwise(pl.lit("unchanged"))
    )
