"""What `rtobs backtest` prints: text, Markdown or JSON of the same values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from rtobs.analytics.backtest.incidents import FOUND
from rtobs.analytics.backtest.recommend import RULE, Recommendation, pareto
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.report.markdown import escaped
from rtobs.cli.tables import columns, line
from rtobs.model.alerting import AlertPolicy, burn_factor
from rtobs.model.duration import Duration

__all__ = ["Result", "as_json", "as_markdown", "as_text"]

_ALERTS: Final = (
    *("SLO", "group", "alert", "tier", "severity", "start (UTC)", "lasted", "peak burn"),
)
_INCIDENTS: Final = ("SLO", "group", "start (UTC)", "lasted", "label")
_TIERS: Final = ("tier", "severity", "windows", "budget share", "factor", "minBad", "keep")
_SCORES: Final = (
    *("policy", "found", "true alerts", "detection", "slowest", "spent before", "reset"),
    *("pages a week", "flaps", "time firing", "spending seen"),
)
_UNITS: Final = ((86_400, 3_600), (3_600, 60), (60, 1))
Row = tuple[str, ...]
Table = tuple[Sequence[str], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a backtest found.

    Attributes:
        slos: how many SLOs were replayed.
        windows: their windows.
        span: first and last evaluation.
        dialect: how ranges were read.
        policy: whose alerts are listed.
        alerts: ALERTS of that policy.
        incidents: INCIDENTS that it was judged by, with `budget_spent`.
        given: whether people gave incidents; those labelled "found" are guessed even so.
        scores: SCORES of every policy that was tried.
        recommendation: the best of several.
        recommended: its tiers.
        notes: what to know before one believes it.
    """

    slos: int
    windows: frozenset[Duration]
    span: tuple[datetime, datetime]
    dialect: Dialect
    policy: str
    alerts: pl.DataFrame
    incidents: pl.DataFrame
    given: bool
    scores: pl.DataFrame
    recommendation: Recommendation | None
    recommended: AlertPolicy | None
    notes: tuple[str, ...]


def as_text(result: Result) -> str:
    """Tables for a terminal."""
    return "\n".join(_page(result, lambda title: [line(title)], _columns, line))


def as_markdown(result: Result) -> str:
    """Tables for a page or a merge request."""
    return "\n".join(_page(result, _heading, _pipes, _item))


def as_json(result: Result) -> str:
    """Everything, unrounded; times are ISO 8601."""
    advice = result.recommendation
    plain = {
        "slos": result.slos,
        "start": result.span[0],
        "end": result.span[1],
        "dialect": str(result.dialect),
        "policy": result.policy,
        "alerts": result.alerts.to_dicts(),
        "incidents": result.incidents.to_dicts(),
        "scores": result.scores.with_columns(pareto(result.scores)).to_dicts(),
        "recommended": None if advice is None else advice.policy,
        "why": [] if advice is None else list(advice.why),
        "caution": "" if advice is None else advice.caution,
        "tiers": _tiers(result),
        "notes": list(_notes(result)),
    }
    return json.dumps(plain, indent=2, default=datetime.isoformat)


def _page(
    result: Result,
    heading: Callable[[str], list[str]],
    table: Callable[[Table], str],
    said: Callable[[str], str],
) -> Iterator[str]:
    first, last = result.span
    yield (
        f"{_count(result.slos, 'SLO')} from {_time(first)} to {_time(last)} UTC"
        f" ({_lasted(first, last)}), ranges read as {result.dialect}"
    )
    for title, rows in (
        (f"Alerts ({result.policy})", _alerts(result)),
        (f"Incidents ({_source(result)})", _incidents(result)),
        ("Scores", _scores(result)),
    ):
        yield ""
        yield from heading(title)
        yield table(rows) if rows[1] else "none"
    advice = result.recommendation
    if advice is not None:
        yield ""
        yield from heading("Recommended")
        reasons = (*advice.why, f"The rule: {RULE}", advice.caution)
        yield from (said(sentence) for sentence in reasons if sentence)
        yield ""
        yield table(_tier_table(result))
    notes = _notes(result)
    if notes:
        yield ""
        yield from heading("Notes")
        yield from (said(note) for note in notes)


def _source(result: Result) -> str:
    guess = "stretches that spend 2% of a budget or more"
    if not result.given:
        return guess
    return f"as given, and found: {guess}" if _guessed(result) else "as given"


def _guessed(result: Result) -> bool:
    return bool((result.incidents["label"] == FOUND).any())


def _notes(result: Result) -> tuple[str, ...]:
    guessed = f'incidents labelled "{FOUND}" are guesses: detection is from the guessed start'
    return (guessed, *result.notes) if _guessed(result) else result.notes


def _tiers(result: Result) -> list[dict[str, Any]]:
    """Each tier of the recommended policy for each window of the SLOs."""
    policy = result.recommended
    return [
        {
            "tier": tier.name,
            "severity": str(tier.severity),
            "long": str(tier.long),
            "short": str(tier.short),
            "slo_window": str(window),
            "budget_share": float(share),
            "factor": float(burn_factor(share, window, tier.long)),
            "min_bad": tier.min_bad,
            "keep": str(tier.keep_firing_for),
        }
        for tier in (() if policy is None else policy.tiers)
        for window, share in tier.budget_share
        if window in result.windows
    ]


def _tier_table(result: Result) -> Table:
    rows = [
        (
            *(str(tier["tier"]), str(tier["severity"]), f"{tier['long']}, {tier['short']}"),
            f"{100 * tier['budget_share']:.4g}% of {tier['slo_window']}",
            f"{tier['factor']:.4g}",
            *(str(tier["min_bad"]), str(tier["keep"])),
        )
        for tier in _tiers(result)
    ]
    return _TIERS, rows


def _of_budget(result: Result) -> str:
    """What shares of alerts and incidents are of: the SLO's window, whatever was replayed."""
    windows = " or ".join(str(window) for window in sorted(result.windows))
    return f"spent of {windows} budget"


def _alerts(result: Result) -> Table:
    last = result.span[1]
    rows = [
        (
            *(row["slo_id"], row["group"] or "-", row["alert"], row["tier"] or "-"),
            *(row["severity"], _time(row["start"])),
            "still firing" if row["end"] is None else _lasted(row["start"], row["end"] or last),
            f"{row['peak_burn']:.3g}",
            _share(row["budget_spent"]),
        )
        for row in result.alerts.sort("start", "slo_id", "tier").iter_rows(named=True)
    ]
    return (*_ALERTS, _of_budget(result)), rows


def _incidents(result: Result) -> Table:
    rows = [
        (
            *(row["slo_id"], row["group"] or "-", _time(row["start"])),
            *(_lasted(row["start"], row["end"]), row["label"] or "-"),
            _share(row["budget_spent"]),
        )
        for row in result.incidents.sort("start", "slo_id").iter_rows(named=True)
    ]
    return (*_INCIDENTS, _of_budget(result)), rows


def _scores(result: Result) -> Table:
    return _SCORES, [_score(row) for row in result.scores.iter_rows(named=True)]


def _score(row: Mapping[str, Any]) -> Row:
    return (
        row["policy"],
        f"{row['detected']} of {row['incidents']}",
        f"{row['true_alerts']} of {row['alerts']}",
        *(_seconds(row[name]) for name in ("detection_p50_s", "detection_max_s")),
        _share(row["spent_before_p50"]),
        _seconds(row["reset_p50_s"]),
        f"{row['pages_per_week']:.3g}",
        str(row["flaps"]),
        _share(row["firing_share"]),
        _share(row["spent_while_firing"]),
    )


def _columns(table: Table) -> str:
    return columns(*table)


def _heading(title: str) -> list[str]:
    return [f"## {escaped(title)}", ""]


def _item(sentence: str) -> str:
    return f"- {escaped(sentence)}"


def _pipes(table: Table) -> str:
    head, rows = table
    written = [[escaped(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *written))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _lasted(start: datetime, end: datetime) -> str:
    return _seconds((end - start) / timedelta(seconds=1))


def _seconds(seconds: float | None) -> str:
    """The largest two units, so that no one reads seconds of a day."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    for size, smaller in _UNITS:
        if whole >= size:
            rest = Duration(whole % size // smaller * smaller)
            more = f" {rest}" if rest.seconds else ""
            return f"{Duration(whole // size * size)}{more}"
    return f"{whole}s"


def _share(share: float | None) -> str:
    return "-" if share is None else share_text(share).replace("\N{NO-BREAK SPACE}", "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
