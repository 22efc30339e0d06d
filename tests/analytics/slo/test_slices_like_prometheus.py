"""Minutes from time slices are what promtool sees the rules record."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from rtobs import conventions as names
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import TIME
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.timeslices import SliceRule, slice_minutes, timeslices
from rtobs.model.slo import MissingData, ResolvedSlo
from rtobs.rules.groups import RuleGroup
from rtobs.rules.recordings import every_minute
from rtobs.rules.text import rules_text
from tests.analytics.slo.exports import about, export_of
from tests.proof.slos import TIMESLICE
from tests.servers import Release, promtool

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)  # where promtool begins
MINUTES: Final = 250
GROUP: Final = 'pool="x"'
COLUMNS: Final = {
    "total": names.TOTAL_RATE,
    "bad": names.BAD_RATE,
    "error_1h": names.error_ratio("1h"),
    "slice_bad": names.SLICE_BAD,
}


def _values() -> list[float | None]:
    """A gauge with gaps: single minutes, a quarter of an hour, and for ever."""
    rng = random.Random(3)  # noqa: S311  # data of a test
    seen = [n == 0 or not (rng.random() < 0.15 or 40 < n < 55 or n > 150) for n in range(MINUTES)]
    return [rng.choice([0.9, 0.95, 0.96]) if there else None for there in seen]


def _sliced(slo: ResolvedSlo, dialect: Dialect) -> pl.DataFrame:
    rows = [(GROUP, EPOCH + timedelta(minutes=n), value) for n, value in enumerate(_values())]
    values = pl.DataFrame(
        rows, schema={"group": pl.String, "ts": TIME, "value": pl.Float64}, orient="row"
    )
    end = EPOCH + timedelta(minutes=MINUTES - 1)
    slices = timeslices(values, SliceRule.of(slo, dialect), by=["group"], end=end)
    return slice_minutes(slices, slo, end=end)


def _counted(slo: ResolvedSlo, dialect: Dialect, folder: Path) -> pl.DataFrame:
    """The same gauge from raw samples; a gap of a few minutes does not show in PromQL."""
    points = [(60.0 * n, value) for n, value in enumerate(_values()) if value is not None]
    labels = {"__name__": "cache_usage", "pool": "x"}
    end = EPOCH + timedelta(minutes=MINUTES - 1)
    facts = replace(about(1, dialect), start=EPOCH, end=end)
    export = export_of(folder / "export", [(labels, points)], facts, start=EPOCH)
    return counted_minutes(export, slo, start=EPOCH)


def _questions(slo: ResolvedSlo, minutes: pl.DataFrame) -> Iterator[dict[str, Any]]:
    known = {row["ts"]: row for row in minutes.to_dicts()}
    for n in range(MINUTES):
        row = known.get(EPOCH + timedelta(minutes=n), {})
        for column, metric in COLUMNS.items():
            expression = f'max by (pool) ({metric}{{slo_id="{slo.slo_id}"}})'
            value = row.get(column)
            if value is not None and column == "error_1h":
                # The mean of a range rounds differently in every version.
                expression, value = f"abs({expression} - {value!r}) < bool 1e-12", 1
            samples = [] if value is None else [{"labels": f"{{{GROUP}}}", "value": value}]
            yield {"expr": expression, "eval_time": f"{n}m", "exp_samples": samples}


@pytest.mark.parametrize("missing", list(MissingData))
@pytest.mark.parametrize(
    ("release", "dialect"), [(Release.OLDEST, Dialect.V2), (Release.NEWEST, Dialect.V3)]
)
def test_every_minute_is_what_the_rules_record(
    real_parts: None, release: Release, dialect: Dialect, missing: MissingData, tmp_path: Path
) -> None:
    """Whatever a minute without data means, and long after the last one."""
    del real_parts
    slo = replace(TIMESLICE, missing_data=missing)
    _ask(slo, _sliced(slo, dialect), release, "stale", tmp_path)


@pytest.mark.parametrize("missing", list(MissingData))
@pytest.mark.parametrize(
    ("release", "dialect"), [(Release.OLDEST, Dialect.V2), (Release.NEWEST, Dialect.V3)]
)
def test_minutes_from_a_raw_gauge_are_what_the_rules_record(
    real_parts: None, release: Release, dialect: Dialect, missing: MissingData, tmp_path: Path
) -> None:
    """A gauge without markers of staleness counts for five minutes, here as there."""
    del real_parts
    slo = replace(TIMESLICE, missing_data=missing)
    _ask(slo, _counted(slo, dialect, tmp_path), release, "_", tmp_path)


def _ask(
    slo: ResolvedSlo, minutes: pl.DataFrame, release: Release, gap: str, tmp_path: Path
) -> None:
    """Whether promtool sees the rules record these minutes."""
    group = RuleGroup("slices", names.FAST_INTERVAL, tuple(every_minute(slo)))
    (tmp_path / "rules.yaml").write_text(rules_text([group]))
    values = " ".join(gap if value is None else repr(value) for value in _values())
    test = {
        "interval": "1m",
        "input_series": [{"series": f"cache_usage{{{GROUP}}}", "values": values}],
        "promql_expr_test": list(_questions(slo, minutes)),
    }
    text = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "tests.yaml").write_text(json.dumps(text))
    done = promtool("test", "rules", tmp_path / "tests.yaml", release=release)
    assert done.returncode == 0, (done.stdout + done.stderr).replace("\n\n", "")[:4000]
