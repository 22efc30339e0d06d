"""A small platform with five weeks of history: seeded, so every run is the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs.analytics.backtest.replay import bench
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import INCIDENTS, MINUTES, check
from rtobs.analytics.report.gathering import history_of
from rtobs.analytics.report.markdown import markdown
from rtobs.analytics.report.model import History, Report
from rtobs.analytics.report.page import html
from rtobs.analytics.report.periods import period_named
from rtobs.analytics.report.summary import summarise
from rtobs.conventions import Domain
from rtobs.model.slo import ResolvedSlo
from tests.proof.slos import events, select, slo

__all__ = [
    "END",
    "HOSTILE",
    "START",
    "Fault",
    "history",
    "minutes",
    "named",
    "platform",
    "week",
    "week_as_html",
    "week_as_markdown",
]

START: Final = datetime(2025, 2, 10, tzinfo=UTC)
END: Final = datetime(2025, 3, 17, tzinfo=UTC)
HOSTILE: Final = "</title><script>alert(1)</script>\"'<img src=x onerror=alert(2)>&amp;"
_DAY: Final = 1_440
_HOUR: Final = 60

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fault:
    """A share of requests that fail for a while.

    Attributes:
        day: days after the start, may be a fraction.
        minutes: how long.
        share: of the requests.
        label: for the incident.
    """

    day: float
    minutes: int
    share: float
    label: str = ""


def named(slo_id: str, objective: str = "0.999", **more: Any) -> ResolvedSlo:
    """An SLO of that id that counts events."""
    counted = events(select("requests_total"), select("errors_total"))
    group_by = more.pop("group_by", ())
    made = slo(slo_id, counted, objective, group_by)
    facts = {"domain": Domain.INFERENCE, "owner": "serving", **more}
    return replace(made, slo_id=slo_id, service=slo_id.split("-", maxsplit=1)[0], **facts)


def minutes(
    definition: ResolvedSlo,
    faults: Sequence[Fault] = (),
    *,
    group: str = "",
    rate: float = 20.0,
    noise: float = 0.1,
    silent: tuple[float, float] | None = None,
) -> pl.DataFrame:
    """MINUTES from START to END.

    Args:
        definition: whose.
        faults: what goes wrong.
        group: which group.
        rate: requests a second, on average; nights have fewer.
        noise: share of the budget that is spent when nothing is wrong.
        silent: days after the start between which nothing is recorded.
    """
    count = int((END - START) / timedelta(minutes=1))
    chance = np.random.default_rng(sum(map(ord, definition.slo_id + group)))
    when = np.arange(count)
    total = rate * (1 + 0.6 * np.sin((when % _DAY) / _DAY * 2 * np.pi - 2))
    share = chance.gamma(0.5, 2 * noise * float(definition.error_budget), count)
    for fault in faults:
        begin = int(fault.day * _DAY)
        share[begin : begin + fault.minutes] += fault.share
    bad = total * np.minimum(share, 1)
    frame = pl.DataFrame(
        {
            "slo_id": definition.slo_id,
            "group": group,
            "ts": [START + timedelta(minutes=int(one) + 1) for one in when],
            "total": _mean(total, 5),
            "bad": _mean(bad, 5),
            "error_1h": _mean(bad, _HOUR) / _mean(total, _HOUR),
            "slice_bad": None,
        }
    ).cast(MINUTES.columns)  # type: ignore[arg-type]  # a mapping of types
    if silent:
        first, last = (START + timedelta(days=day) for day in silent)
        frame = frame.filter(~pl.col("ts").is_between(first, last))
    return check(frame, MINUTES)


def _mean(values: Numbers, window: int) -> Numbers:
    sums = np.concatenate([np.zeros(1), np.cumsum(values)])
    first = np.maximum(np.arange(len(values)) + 1 - window, 0)
    after = np.arange(len(values)) + 1
    means: Numbers = (sums[after] - sums[first]) / (after - first)
    return means


def history(
    definition: ResolvedSlo, recorded: pl.DataFrame, faults: Sequence[Fault] = (), group: str = ""
) -> History:
    """The history of an SLO, with its labelled faults as incidents."""
    rows = [
        {
            "slo_id": definition.slo_id,
            "group": group,
            "start": START + timedelta(days=fault.day),
            "end": START + timedelta(days=fault.day, minutes=fault.minutes),
            "label": fault.label,
        }
        for fault in faults
        if fault.label
    ]
    return history_of(
        bench(recorded, definition, dialect=Dialect.V3),
        incidents=pl.DataFrame(rows, schema=dict(INCIDENTS.columns)),
    )


def platform() -> tuple[History, ...]:
    """Four SLOs: one in trouble, one with groups, one quiet, one with hardly any traffic."""
    return _platform(_engine())


def _engine() -> str | None:
    """The engine of polars that is chosen; what is kept for later is kept for each."""
    return pl.Config.state()["POLARS_ENGINE_AFFINITY"]


@cache
def _platform(engine: str | None) -> tuple[History, ...]:
    del engine
    chat = named("chat-api-availability", description="Answers of the chat come without an error.")
    bad_days = (
        Fault(22.4, 70, 0.05, "a bad rollout"),
        Fault(30.55, 95, 0.3, f"the gateway lost its GPU node {HOSTILE}"),
        Fault(33.1, 200, 0.008, "slow storage"),
    )
    models = named(
        "vllm-http-availability",
        "0.995",
        group_by=("model_name",),
        description=f"Requests to a model are answered. {HOSTILE}",
    )
    hostile, calm = 'model_name="<b>llama</b>"', 'model_name="qwen"'
    llama = (Fault(31.0, 45, 0.4, "weights on a full disk"),)
    grouped = pl.concat(
        [minutes(models, llama, group=hostile, rate=3), minutes(models, group=calm, rate=9)]
    )
    login = named("keycloak-login", "0.9995", domain=Domain.SECURITY, owner="identity")
    backup = named("minio-restore", "0.99", domain=Domain.DATA, owner="storage")
    rare = minutes(backup, rate=0.0002, noise=0.6, silent=(29.0, 30.5))
    return (
        history(login, minutes(login)),
        history(backup, rare),
        history(chat, minutes(chat, bad_days), bad_days),
        history(models, grouped.sort(MINUTES.key), llama, hostile),
    )


def week() -> Report:
    """The report on the last week of the platform."""
    return _week(_engine())


@cache
def _week(engine: str | None) -> Report:
    given = _platform(engine)
    period = period_named("week", END)
    return summarise(given, period, site="prod", source="a seeded platform")


def week_as_markdown() -> str:
    """The same as Markdown."""
    return _week_as_markdown(_engine())


@cache
def _week_as_markdown(engine: str | None) -> str:
    return markdown(_week(engine))


def week_as_html() -> str:
    """The same as a page."""
    return _week_as_html(_engine())


@cache
def _week_as_html(engine: str | None) -> str:
    return html(_week(engine))
