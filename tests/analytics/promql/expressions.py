"""Evaluates PromQL by the functions of rtobs.analytics.promql; what they cannot is an error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
import promql_parser

from rtobs.analytics import promql
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SAMPLES, SERIES
from rtobs.analytics.promql import Query, Vector
from rtobs.model.duration import Duration
from tests.analytics.promql.language import Evaluation, Labels, Loaded

__all__ = ["evaluate"]

_STALE: Final = np.array([0x7FF0000000000002], dtype=np.uint64).view(np.float64)[0]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def evaluate(case: Evaluation, dialect: Dialect) -> dict[Labels, list[float | None]]:
    """What a case gives: values by labels, one for each time; None: no point."""
    query: Query = {
        "start": _EPOCH + timedelta(seconds=case.start),
        "end": _EPOCH + timedelta(seconds=case.end),
        "step": Duration(case.step),
        "dialect": dialect,
    }
    made = _vector(promql_parser.parse(case.expression), case.loaded, query)
    labels = dict(made.series.select("series_id", "labels").iter_rows())
    times = {_EPOCH + timedelta(seconds=at): nth for nth, at in enumerate(case.times)}
    result: dict[Labels, list[float | None]] = {}
    for number, ts, value in made.values.select("series_id", "ts", "value").iter_rows():
        key = tuple((x["name"], x["value"]) for x in labels[number])
        result.setdefault(key, [None] * len(times))[times[ts]] = value
    return result


def _vector(node: Any, loaded: Sequence[Loaded], query: Query) -> Vector:
    match node:
        case promql_parser.ParenExpr():
            return _vector(node.expr, loaded, query)
        case promql_parser.VectorSelector():
            samples, series = _selected(node, loaded)
            return Vector(promql.instant(samples, **query), series)
        case promql_parser.AggregateExpr():
            inner = _vector(node.expr, loaded, query)
            by = node.modifier is None or str(node.modifier.type).endswith("By")
            names = [] if node.modifier is None else node.modifier.labels
            grouping: dict[str, Any] = {"by" if by else "without": names}
            grouping["dialect"] = query["dialect"]
            return promql.aggregate(*inner, function=str(node.op), **grouping)  # type: ignore[arg-type]
        case promql_parser.Call():
            return _call(node.func.name, node.args, loaded, query)
    raise NotImplementedError(type(node).__name__)


def _call(name: str, args: Sequence[Any], loaded: Sequence[Loaded], query: Query) -> Vector:
    *numbers, last = args
    scalars = [number.val for number in numbers]
    function = getattr(promql, name)
    if isinstance(last, promql_parser.MatrixSelector):
        samples, series = _selected(last.vector_selector, loaded)
        window = Duration(int(last.range.total_seconds()))
        return Vector(function(*scalars, samples, [window], **query), series)
    dialect = {"dialect": query["dialect"]} if name == "histogram_quantile" else {}
    made: Vector = function(*scalars, *_vector(last, loaded, query), **dialect)
    return made


def _selected(selector: Any, loaded: Sequence[Loaded]) -> tuple[pl.DataFrame, pl.DataFrame]:
    chosen = [line for line in loaded if line.name == selector.name and _matches(selector, line)]
    rows = [
        (number, round(nth * line.step * 1000), _STALE if value == "stale" else float(value))
        for number, line in enumerate(chosen)
        for nth, value in enumerate(line.values)
        if value is not None
    ]
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    samples = pl.DataFrame(
        {
            "series_id": pl.Series(columns[0], dtype=pl.UInt32),
            "ts": pl.Series(columns[1], dtype=pl.Int64),
            # By numpy: the bits of the marker must live.
            "value": pl.Series(np.array(columns[2], dtype=np.float64)),
        }
    ).with_columns(pl.col("ts").cast(SAMPLES.columns["ts"]))
    labels = [[{"name": n, "value": v} for n, v in line.labels] for line in chosen]
    rest = {"series_id": range(len(chosen)), "fingerprint": [""] * len(chosen)}
    names = {"metric": [line.name for line in chosen], "labels": labels}
    return samples, pl.DataFrame({**rest, **names}, schema=dict(SERIES.columns))


def _matches(selector: Any, line: Loaded) -> bool:
    found = dict(line.labels)
    return all(_match(matcher, found.get(matcher.name, "")) for matcher in _matchers(selector))


def _matchers(selector: Any) -> list[Any]:
    return list(selector.matchers.matchers)


def _match(matcher: Any, value: str) -> bool:
    operator = str(matcher.op).rpartition(".")[2]
    if operator.startswith("Re") or "Re" in operator:
        hit = re.fullmatch(matcher.value, value) is not None
    else:
        hit = matcher.value == value
    return hit != operator.startswith("Not")
