"""What would the budget be if: another objective or window, time left out, incidents changed.

All changes are linear in the bad and the total events of tiles. A tile that lies partly in a
stretch of time is changed by that part: within five minutes events are taken to be even.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import BUDGET, TILES, TIME, Schema, check
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.schedule import TILE
from rtobs.analytics.slo.spans import Span, overlap
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo

__all__ = ["OUTCOME", "WHAT_IF", "Change", "changed_slo", "changed_tiles", "outcome", "what_if"]

WHAT_IF: Final = Schema(
    "budgets before and after",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "ts": TIME,
        "consumed_before": pl.Float64,  # share of the budget that is spent, as it was
        "consumed_after": pl.Float64,  # as it would be
        "remaining_before": pl.Float64,
        "remaining_after": pl.Float64,
        "bad_before": pl.Float64,  # events in the window
        "bad_after": pl.Float64,
        "total_before": pl.Float64,
        "total_after": pl.Float64,
        "coverage_before": pl.Float64,  # share of the window that has tiles
        "coverage_after": pl.Float64,
    },
    BUDGET.key,
)
OUTCOME: Final = Schema(
    "outcomes of a change",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "remaining_before": pl.Float64,  # at the end of the data
        "remaining_after": pl.Float64,
        "lowest_before": pl.Float64,  # least that ever remained, once the data covers the window
        "lowest_after": pl.Float64,
        "spent_before": pl.Float64,  # share of that time with nothing left
        "spent_after": pl.Float64,
    },
    ("slo_id", "group"),
)
_TILE: Final = TILE.seconds
_COMPARED: Final = ("consumed", "remaining", "bad", "total", "coverage")
_COVERED: Final = 0.9  # as targets are recommended, but of the most that a history covers


@dataclass(frozen=True, slots=True)
class Change:
    """What is supposed to be different.

    Attributes:
        objective: another objective; None leaves it.
        window: another window of the budget; None leaves it.
        excluded: time that does not count, such as maintenance; it is neither good nor bad, and
            not missing either.
        scaled: incidents whose bad events are multiplied: 0 undoes one, 0.5 halves it. No tile
            gets more bad events than it has events.
        outages: outages that might be, with the share of the good events that turn bad.
    """

    objective: Decimal | None = None
    window: Duration | None = None
    excluded: tuple[Span, ...] = ()
    scaled: tuple[tuple[Span, float], ...] = ()
    outages: tuple[tuple[Span, float], ...] = ()

    def __post_init__(self) -> None:
        if self.objective is not None and not 0 < self.objective < 1:
            raise ValueError(f"an objective lies between 0 and 1, such as 0.999: {self.objective}")
        if self.window is not None and (not self.window.seconds or self.window.seconds % _TILE):
            raise ValueError(f"a window holds whole tiles of five minutes: {self.window} does not")
        if any(factor < 0 for _, factor in self.scaled):
            raise ValueError("bad events can be multiplied by 0 or more")
        if any(not 0 <= share <= 1 for _, share in self.outages):
            raise ValueError("the share of events that turn bad lies between 0 and 1")


def changed_tiles(tiles: pl.DataFrame, change: Change) -> pl.DataFrame:
    """The tiles as they would be: incidents scaled, then outages added, then time left out.

    Args:
        tiles: TILES of any number of SLOs.
        change: what is different.

    Returns:
        TILES, the same rows; a tile that is left out has no events.

    Raises:
        FrameError: the frame is no TILES.
    """
    found = check(tiles, TILES).sort(TILES.key)
    total, bad = pl.col("total"), pl.col("bad")
    for span, factor in change.scaled:
        inside = overlap(found, [span])
        grown = bad + bad * inside * (factor - 1)
        most = pl.max_horizontal(total, bad)  # what was implausible before stays as it is
        # Bad events that nobody counted cannot be multiplied: the least of null and all is all.
        changed = (bad > 0) & (inside > 0)
        found = found.with_columns(
            bad=pl.when(changed).then(pl.min_horizontal(grown, most)).otherwise(bad)
        )
    for span, share in change.outages:
        inside = overlap(found, [span])
        good = (total - bad.fill_null(0)).clip(lower_bound=0)
        worse = bad.fill_null(0) + good * inside * share
        found = found.with_columns(bad=pl.when(inside > 0).then(worse).otherwise(bad))
    if change.excluded:
        kept = 1 - overlap(found, change.excluded)
        found = found.with_columns(total=total * kept, bad=bad * kept)
    return found


def changed_slo(slo: ResolvedSlo, change: Change) -> ResolvedSlo:
    """The SLO with the objective and window that a change supposes; its tiers stay."""
    return replace(
        slo,
        objective=slo.objective if change.objective is None else change.objective,
        window=slo.window if change.window is None else change.window,
    )


def what_if(
    tiles: pl.DataFrame, slo: ResolvedSlo, change: Change, *, dialect: Dialect
) -> pl.DataFrame:
    """The rolling budget as it was and as it would be, at every tile.

    Args:
        tiles: TILES.
        slo: whose; rows of other SLOs are left out.
        change: what is supposed to be different.
        dialect: how ranges are read.

    Returns:
        WHAT_IF.

    Raises:
        FrameError: the frame is no TILES.
    """
    before = rolling_budget(tiles, slo, dialect=dialect)
    after = rolling_budget(changed_tiles(tiles, change), changed_slo(slo, change), dialect=dialect)
    sides = [
        frame.select(*BUDGET.key, *(pl.col(name).alias(f"{name}_{side}") for name in _COMPARED))
        for side, frame in (("before", before), ("after", after))
    ]
    both = sides[0].join(sides[1], on=list(BUDGET.key), how="full", coalesce=True)
    return check(both, WHAT_IF).sort(WHAT_IF.key)


def outcome(compared: pl.DataFrame) -> pl.DataFrame:
    """What a change comes to for each group.

    A window of which little is seen is all noise: in the first tile of a history one bad event in
    a hundred spends ten budgets of 99.9 %. So `lowest` and `spent` leave out evaluations whose
    coverage is below nine tenths of the most that the group ever has. In a history that is shorter
    than the window that is its last tenth.

    Args:
        compared: WHAT_IF.

    Returns:
        OUTCOME.

    Raises:
        FrameError: the frame is no WHAT_IF.
    """
    rows = check(compared, WHAT_IF).sort(WHAT_IF.key)
    figures = []
    for side in ("before", "after"):
        left, covered = pl.col(f"remaining_{side}"), pl.col(f"coverage_{side}")
        seen = left.filter(covered >= _COVERED * covered.max())
        figures += [
            left.sort_by("ts").last().alias(f"remaining_{side}"),
            seen.min().alias(f"lowest_{side}"),
            (seen <= 0).mean().alias(f"spent_{side}"),
        ]
    return rows.group_by("slo_id", "group").agg(figures).pipe(check, OUTCOME).sort(OUTCOME.key)
