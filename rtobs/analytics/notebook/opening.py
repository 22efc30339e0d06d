"""What a notebook looks at: your export, or the sample."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import polars as pl

from rtobs import conventions as names
from rtobs.analytics.backtest.given import read_incidents
from rtobs.analytics.charts.times import day_text
from rtobs.analytics.frames import TILES
from rtobs.analytics.groups import label
from rtobs.analytics.notebook.sample import cached_sample
from rtobs.analytics.report import History, Period, histories, period_named
from rtobs.analytics.simulation import incidents as simulated_incidents
from rtobs.analytics.simulation import sample_scenario
from rtobs.analytics.slo.counted import counters
from rtobs.analytics.store import Export, open_export
from rtobs.errors import ExportError
from rtobs.model.slo import ResolvedSlo
from rtobs.slo.fleet import Fleet, load_fleet

__all__ = ["Opened", "last_days", "opened", "spender_labels", "worst_group"]


@dataclass(frozen=True, slots=True)
class Opened:
    """An export with the definitions that belong to it.

    Attributes:
        export: the samples.
        fleet: all definitions.
        slos: those whose series the export holds.
        incidents: INCIDENTS that are known; None: not given, so look for what spent budget.
        is_sample: whether it is the sample.
    """

    export: Export
    fleet: Fleet = field(repr=False)
    slos: tuple[ResolvedSlo, ...] = field(repr=False)
    incidents: pl.DataFrame | None = field(repr=False, compare=False)
    is_sample: bool

    @property
    def choices(self) -> list[str]:
        """Ids of the SLOs, sorted, for a menu."""
        return sorted(slo.slo_id for slo in self.slos)

    def first_of(self, wanted: Sequence[str]) -> str:
        """The first of these ids that the export holds, else any.

        Raises:
            ExportError: the export holds no SLO.
        """
        if not self.slos:
            raise ExportError(
                "the export holds no SLO of the definitions: export one with `rtobs export --slo`,"
                " or say with --slo-dir where the definitions are"
            )
        return next((slo_id for slo_id in wanted if slo_id in self.choices), self.choices[0])

    def slo(self, slo_id: str) -> ResolvedSlo:
        """An SLO by its id."""
        return next(slo for slo in self.slos if slo.slo_id == slo_id)

    def history(self, slo_id: str) -> History:
        """What happened to an SLO: tiles, budget, burn rates, alerts and incidents."""
        own = [self.slo(slo_id)]
        return next(histories(self.export, own, incidents=self.incidents, all_of_them=True))

    def histories(self) -> list[History]:
        """What happened to every SLO that the export holds."""
        return list(histories(self.export, self.slos, incidents=self.incidents))

    @property
    def origin(self) -> str:
        """Where the data are from and from when to when, in Markdown."""
        about = self.export.about
        days = (
            f"{day_text(about.start)} {about.start.year} to {day_text(about.end)} {about.end.year}"
        )
        if self.is_sample:
            return f"**Sample data:** a simulated model server, {days} (UTC)."
        return f"**Your export:** {about.source}, {days} (UTC)."


def opened(arguments: Mapping[str, object], home: Path | None) -> Opened:
    """Open the export that was asked for, or else the sample.

    Args:
        arguments: of the notebook, from `mo.cli_args()`: `export` (folder or s3:// address),
            `incidents` (.csv or .json) and `slo-dir`. What is absent is looked for in the
            environment: RTOBS_EXPORT, RTOBS_INCIDENTS, RTOBS_SLO_DIR.
        home: folder of the notebook; the definitions are in `slo` beside it.

    Raises:
        ExportError: there is no such export.
        DefinitionError: the definitions have errors.
        FrameError: the incidents cannot be read.
    """
    beside = (home or Path.cwd() / "notebooks").parent / "slo"
    definitions = Path(_asked(arguments, "slo-dir") or beside)
    fleet = load_fleet(definitions)
    given, listed = _asked(arguments, "export"), _asked(arguments, "incidents")
    if given:
        export = open_export(given)
        ids = {slo.slo_id for slo in fleet.slos}
        known = read_incidents(Path(listed), known=ids) if listed else None
    else:
        export = cached_sample(fleet.slos, definitions)
        known = simulated_incidents(sample_scenario())
    return Opened(export, fleet, _held(export, fleet.slos), known, not given)


def _asked(arguments: Mapping[str, object], name: str) -> str:
    variable = f"RTOBS_{name.upper().replace('-', '_')}"
    return str(arguments.get(name) or os.environ.get(variable, ""))


def _held(export: Export, slos: Sequence[ResolvedSlo]) -> tuple[ResolvedSlo, ...]:
    recorded = set(export.select(names.TOTAL_RATE).select(label("slo_id"))["slo_id"])
    return tuple(slo for slo in slos if slo.slo_id in recorded or _is_counted(export, slo))


def _is_counted(export: Export, slo: ResolvedSlo) -> bool:
    try:
        total = counters(slo).total
    except ExportError:
        return False
    return not export.select(total.metric, *total.matchers).is_empty()


def worst_group(tiles: pl.DataFrame) -> pl.DataFrame:
    """The tiles of the group with the highest share of bad events.

    Args:
        tiles: TILES of one SLO.

    Returns:
        TILES of one group; empty when there are none.
    """
    share = pl.col("bad").sum() / pl.col("total").sum()
    ranked = tiles.group_by("group").agg(share.fill_nan(0)).sort("bad", "group")
    own = tiles.filter(pl.col("group") == ranked["group"][-1]) if len(ranked) else tiles
    return own.sort(TILES.key)


def last_days(export: Export, days: int) -> Period:
    """The last whole days (UTC) of an export, or all of them if there are fewer."""
    end = export.about.end.date()
    start = max(end - timedelta(days=days), export.about.start.date())
    return period_named(f"{start}/{max(end, start + timedelta(days=1))}", export.about.end)


def spender_labels(export: Export, slo: ResolvedSlo) -> list[str]:
    """Labels of the raw counters of an SLO that tell events apart; none if they are not there."""
    try:
        total = counters(slo).total
    except ExportError:
        return []
    pairs = export.select(total.metric, *total.matchers).select(pl.col("labels").explode())
    fields = pairs.unnest("labels").drop_nulls()
    found = fields.group_by("name").agg(pl.col("value").n_unique())
    several = found.filter((pl.col("value") > 1) & (pl.col("name") != "le"))
    return sorted(several["name"])
