"""From an export to the histories that a report summarises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import polars as pl
from polars.exceptions import PolarsError

from rtobs.analytics.backtest.exported import read_histories, warm_up
from rtobs.analytics.backtest.given import completed
from rtobs.analytics.backtest.incidents import incidents as significant
from rtobs.analytics.backtest.replay import Bench
from rtobs.analytics.frames import INCIDENTS, check
from rtobs.analytics.report.model import History
from rtobs.analytics.store import Export
from rtobs.conventions import TOTAL_RATE
from rtobs.errors import DamagedError, ExportError
from rtobs.model.slo import ResolvedSlo

__all__ = ["histories", "history_of"]


def histories(
    export: Export,
    slos: Iterable[ResolvedSlo],
    *,
    incidents: pl.DataFrame | None = None,
    all_of_them: bool = False,
    end: datetime | None = None,
) -> Iterator[History]:
    """The history of each SLO that an export holds, one after the other.

    What the rules recorded is preferred; where it is not exported, it is counted from raw counters.

    Args:
        export: the export.
        slos: which SLOs.
        incidents: INCIDENTS that people know of; for an SLO without any, and for all with None,
            what spent at least 2 % of a budget.
        all_of_them: whether it is an error that the export does not hold one of them.
        end: what is told about the length of a history is as of then, aware; None: as of its end.

    Raises:
        DamagedError: files of the export cannot be read.
        ExportError: an SLO is not in the export and should be, or is there and cannot be used.
        FrameError: an incident is one of a group that its SLO does not have.
    """
    for slo in slos:
        try:
            read = read_histories(export, [slo], all_of_them=True)
            length = warm_up(read.histories[0], slo.tiers, end=end, asked=all_of_them)
            notes = (*read.notes, *length)
        except ExportError as error:
            if all_of_them or isinstance(error, DamagedError) or _is_held(export, slo):
                raise
            continue
        except (OSError, PolarsError) as error:
            raise export.damaged(str(error)) from error
        # Who names the incidents of some SLOs says nothing about the others.
        own = None if incidents is None else incidents.filter(pl.col("slo_id") == slo.slo_id)
        if own is not None and not own.is_empty():
            own, said = completed(own, read.histories)
            notes = (*notes, *(f"{slo.slo_id}: {one}" for one in said))
        else:
            own = None
        yield history_of(read.histories[0], incidents=own, notes=notes)


def _is_held(export: Export, slo: ResolvedSlo) -> bool:
    return not export.select(TOTAL_RATE, slo_id=slo.slo_id).is_empty()


def history_of(
    own: Bench, *, incidents: pl.DataFrame | None = None, notes: tuple[str, ...] = ()
) -> History:
    """Budget, burn rates and alerts of one SLO, as its rules have them.

    Args:
        own: its history, from `rtobs.analytics.backtest.bench`.
        incidents: INCIDENTS of any SLO; None: what spent at least 2 % of a budget.
        notes: what to know about the data, in sentences.

    Raises:
        FrameError: the incidents are no INCIDENTS.
    """
    slo = own.slo
    if incidents is None:
        happened = significant(own)
    else:
        happened = check(incidents, INCIDENTS).filter(pl.col("slo_id") == slo.slo_id)
    return History(
        slo=slo,
        tiles=own.tiles,
        budget=own.budget,
        burn=own.burn({tier.long for tier in slo.tiers}),
        alerts=own.alerts(slo.tiers),
        incidents=happened,
        spending=own.spending,
        notes=notes,
    )
