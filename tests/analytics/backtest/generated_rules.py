"""The generated rules of one SLO, run by a real promtool: every sample and every alert they made.

Promtool evaluates every group at every step, whatever its interval. So the one-minute group runs
first over the raw series, and the five-minute group over what the first one recorded.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from rtobs import conventions as names
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import MINUTES, TILES, check
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import quote
from rtobs.proof.runner import run_all
from rtobs.proof.testfile import Check, Scenario, file_text, labels_text
from rtobs.rules import rules_text, slo_groups
from rtobs.rules.groups import RuleGroup

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SAMPLE: Final = re.compile(r"([a-zA-Z_:][\w:]*)?\{(.*)\} (\S+)")
_LABEL: Final = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
_EVERYTHING: Final = "slo:.*|ALERTS"
_MISSING: Final = (names.SERIES_MISSING, names.IMPLAUSIBLE, names.COVERAGE_LOW)

Series = dict[tuple[str, str], dict[int, float]]  # (name, group) -> value by minute
Interval = tuple[str, str, str, int, int | None]  # alert, tier, group, first minute, first after


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the rules recorded, by (series, group) and minute, and when alerts fired.

    Attributes:
        slo: whose rules.
        series: recorded series.
        alerts: intervals in minutes; None where an alert fires when the scenario ends.
    """

    slo: ResolvedSlo
    series: Series
    alerts: tuple[Interval, ...]

    def minutes(self) -> pl.DataFrame:
        """MINUTES."""
        return check(
            self._frame(dict(zip(list(MINUTES.columns)[3:], _MINUTE, strict=True))), MINUTES
        )

    def tiles(self) -> pl.DataFrame:
        """TILES."""
        columns = {"total": names.TOTAL_TILE, "bad": names.BAD_TILE}
        return check(self._frame(columns), TILES)

    def values(self, name: str) -> dict[tuple[str, int], float]:
        """Values of one recorded series by group and minute."""
        return {
            (group, minute): value
            for (recorded, group), samples in self.series.items()
            if recorded == name
            for minute, value in samples.items()
        }

    def fast(self) -> Recorded:
        """Without what the five-minute group recorded."""
        own = {key: value for key, value in self.series.items() if key[0] not in _LONG}
        return Recorded(self.slo, own, tuple(i for i in self.alerts if i[1] in ("fast", "slow")))

    def _frame(self, columns: Mapping[str, str]) -> pl.DataFrame:
        found = {column: self.values(name) for column, name in columns.items()}
        keys = sorted({key for values in found.values() for key in values})
        return pl.DataFrame(
            {
                "slo_id": pl.Series([self.slo.slo_id] * len(keys), dtype=pl.String),
                "group": pl.Series([group for group, _ in keys], dtype=pl.String),
                "ts": pl.Series(
                    [EPOCH + timedelta(minutes=minute) for _, minute in keys],
                    dtype=pl.Datetime("ms", "UTC"),
                ),
                **{
                    column: pl.Series([values.get(key) for key in keys], dtype=pl.Float64)
                    for column, values in found.items()
                },
            }
        )


_LONG: Final = (
    *(names.TOTAL_TILE, names.BAD_TILE, names.PERIOD_ERROR_RATIO, names.PERIOD_BURN_RATE),
    *(names.BUDGET_REMAINING, names.COVERAGE, *map(names.error_ratio, ("1d", "3d"))),
)
_MINUTE: Final = (names.TOTAL_RATE, names.BAD_RATE, names.error_ratio("1h"), names.SLICE_BAD)


def dialect_of(promtool: Path) -> Dialect:
    """How the promtool of a suite reads ranges."""
    return Dialect.V2 if "bookworm" in promtool.parts else Dialect.V3


def run_rules(
    promtool: Path, slo: ResolvedSlo, inputs: Mapping[str, str], minutes: int, scrape: str = "30s"
) -> Recorded:
    """Run both groups of an SLO over raw series.

    Args:
        promtool: the program.
        slo: whose rules are generated and run.
        inputs: raw series in promtool's notation.
        minutes: length of the scenario.
        scrape: time between two raw samples.
    """
    fast, _ = slo_groups(slo, Site())
    first = _run(promtool, slo, fast, Scenario("raw", scrape, tuple(inputs.items()), ()), minutes)
    return run_long(promtool, slo, first, minutes)


def run_long(
    promtool: Path, slo: ResolvedSlo, first: Recorded, minutes: int, *, late: bool = False
) -> Recorded:
    """Run the five-minute group of an SLO over what its one-minute group recorded.

    Args:
        promtool: the program.
        slo: whose rules.
        first: what its one-minute group recorded.
        minutes: length of the scenario.
        late: whether the one-minute group ran half a minute later than it says.
    """
    _, long = slo_groups(slo, Site())
    inputs = tuple(_inputs(slo, first.series, minutes, late=late))
    scene = Scenario("pair", "30s" if late else "1m", inputs, ())
    second = _run(promtool, slo, long, scene, minutes)
    added = {key: value for key, value in second.series.items() if key not in first.series}
    return Recorded(
        slo, {**first.series, **added}, tuple(sorted(first.alerts + second.alerts, key=str))
    )


def _run(
    promtool: Path, slo: ResolvedSlo, group: RuleGroup, scenario: Scenario, minutes: int
) -> Recorded:
    step = 5 if group.interval == names.LONG_INTERVAL else 1
    expr = f"{{{names.SLO_ID}={quote(slo.slo_id)},__name__=~{quote(_EVERYTHING)}}}"
    moments = range(0, minutes + 1, step)
    checks = tuple(Check("all", expr, minute * 60) for minute in moments)
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.yaml")
        rules.write_text(rules_text([group]), encoding="utf-8")
        test = Path(folder, "run.test.yaml")
        scene = Scenario(scenario.name, scenario.interval, scenario.inputs, checks)
        test.write_text(file_text(rules.name, group.interval, [], [scene]), encoding="utf-8")
        (outcome,) = run_all(promtool, [test])
    assert all(failure.expr for failure in outcome.failures), outcome.output[-2000:]
    assert outcome.failures or outcome.passed, outcome.output[-2000:]
    series: Series = defaultdict(dict)
    fired: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for failure in outcome.failures:
        for line in failure.got:
            name, labels, value = _parsed(line)
            group_text = ", ".join(
                f"{key}={quote(labels[key])}" for key in slo.group_by if key in labels
            )
            if name != "ALERTS":
                series[name, group_text][failure.at // 60] = value
            elif labels["alertstate"] == "firing" and labels["alertname"] not in _MISSING:
                alert = (labels["alertname"], labels.get("tier", ""), group_text)
                fired[alert].add(failure.at // 60)
    alerts = [i for alert, when in fired.items() for i in _intervals(alert, when, moments)]
    return Recorded(slo, dict(series), tuple(sorted(alerts, key=str)))


def _parsed(line: str) -> tuple[str, dict[str, str], float]:
    match = _SAMPLE.fullmatch(line)
    assert match is not None, line
    labels = dict(_LABEL.findall(match[2]))
    return match[1] or labels["__name__"], labels, float(match[3])


def _intervals(alert: tuple[str, str, str], when: set[int], moments: range) -> Iterator[Interval]:
    starts = sorted(minute for minute in when if minute - moments.step not in when)
    for start in starts:
        end = start
        while end in when:
            end += moments.step
        yield (*alert, start, end if end in moments else None)


def _inputs(
    slo: ResolvedSlo, series: Series, minutes: int, *, late: bool
) -> Iterator[tuple[str, str]]:
    for (name, group), samples in series.items():
        labels = ((names.SLO_ID, slo.slo_id), *_LABEL.findall(group))
        words = _values(samples, minutes)
        yield (
            f"{name}{labels_text(labels)}",
            " ".join(f"_ {w}" for w in words) if late else " ".join(words),
        )


def _values(samples: Mapping[int, float], minutes: int) -> list[str]:
    """A sample each minute; a series that ends is marked stale, as rules mark it."""
    words = []
    for minute in range(minutes + 1):
        if minute in samples:
            words.append(repr(samples[minute]))
        else:
            words.append("stale" if minute - 1 in samples else "_")
    return words
