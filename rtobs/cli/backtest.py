"""`rtobs backtest`: what the alerts would have done over an export, and how good that was."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import polars as pl

from rtobs.analytics.backtest import (
    Candidate,
    Grid,
    candidates,
    recommend,
    span_of,
    sweep,
    tiers_for,
)
from rtobs.analytics.backtest.chart import trade_off
from rtobs.analytics.backtest.exported import read_histories, warm_up
from rtobs.analytics.backtest.given import completed, read_incidents
from rtobs.analytics.backtest.policies import SHIPPED
from rtobs.analytics.backtest.spending import spent_in
from rtobs.analytics.backtest.written import policy_yaml
from rtobs.analytics.charts import svg
from rtobs.analytics.frames import ALERTS, INCIDENTS, empty
from rtobs.analytics.store import open_export
from rtobs.cli.backtest_pages import Result, as_json, as_markdown, as_text
from rtobs.cli.choice import add_incidents, add_slos, chosen
from rtobs.cli.exits import FINE
from rtobs.errors import FrameError
from rtobs.generate.files import write_file
from rtobs.model.alerting import AlertPolicy
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo
from rtobs.slo.fleet import load_fleet
from rtobs.slo.reading import Setting
from rtobs.slo.settings import POLICY_FILE, read_policies

__all__ = ["configure", "run"]

_GRID: Final = Grid(
    shares=(Fraction(1, 2), Fraction(1), Fraction(2)),
    windows=(Fraction(1, 2), Fraction(1), Fraction(2)),
    keep=(None, Duration.parse("1h")),
)
_PAGES: Final = {"text": as_text, "json": as_json, "markdown": as_markdown}


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument("--export", metavar="DIR", required=True, help="what `rtobs export` wrote")
    add_slos(parser)
    add_incidents(parser)
    parser.add_argument(
        "--policy", metavar="FILE", type=Path, help="a policy.yaml to try beside what is shipped"
    )
    parser.add_argument(
        "--sweep", action="store_true", help="try variations of the policy and recommend one"
    )
    parser.add_argument(
        "--write-policy",
        metavar="FILE",
        type=Path,
        help="write a policy.yaml in which the recommended policy is the default",
    )
    parser.add_argument("--format", choices=tuple(_PAGES), default="text", help="output format")
    parser.add_argument(
        "--chart", metavar="FILE", type=Path, help="draw detection against pages to this .svg"
    )


def run(options: Namespace) -> int:
    """Replay, judge and print; 2 when the export cannot answer."""
    fleet = load_fleet(options.slo_dir, options.site)
    slos = chosen(fleet.slos, options.slo)
    given = _given(options.incidents, fleet.slos)
    export = open_export(options.export)
    exported = read_histories(export, slos, all_of_them=bool(options.slo))
    policies, default, policy = _base(fleet.setting, options.policy)
    tried = _tried(policies[default], policy, every=options.sweep)
    if options.write_policy is not None and len(tried) == 1:
        raise FrameError("--write-policy writes what is recommended: add --sweep or --policy")
    histories = exported.histories
    warnings = [
        note
        for history in histories
        for note in warm_up(history, history.slo.tiers, asked=bool(options.slo))
    ]
    known, notes = completed(given, histories)
    scores = sweep(histories, tried, known)
    alerts = [history.alerts(tiers_for(history.slo, policy)) for history in histories]
    spent = spent_in([history.spending for history in histories], known)
    advice = recommend(scores) if len(tried) > 1 else None
    shipped = fleet.setting.policies[fleet.setting.default_policy]
    best = None if advice is None else _recommended(advice.policy, tried, shipped)
    result = Result(
        slos=len(histories),
        windows=frozenset(history.slo.window for history in histories),
        span=span_of(histories),
        dialect=export.about.dialect,
        policy=tried[policy is not None].name,
        alerts=pl.concat([empty(ALERTS), *alerts]),
        incidents=known.with_columns(pl.Series("budget_spent", spent, dtype=pl.Float64)),
        given=not given.is_empty(),
        scores=scores,
        recommendation=advice,
        recommended=best,
        notes=(*(notes if options.incidents else ()), *exported.notes, *warnings),
    )
    print(_PAGES[options.format](result))
    if options.chart is not None:
        _draw(scores, options.chart)
    if options.write_policy is not None and advice is not None and best is not None:
        if not advice.judged:
            raise FrameError(f"{options.write_policy} is not written: {advice.why[-1]}")
        write_file(options.write_policy, policy_yaml({**policies, default: best}, default))
    return FINE


def _tried(base: AlertPolicy, given: AlertPolicy | None, *, every: bool) -> list[Candidate]:
    own = [] if given is None else [Candidate(given.name, given)]
    variations = candidates(base, _GRID)[1:] if every else ()
    return [Candidate(SHIPPED), *own, *variations]


def _recommended(name: str, tried: Sequence[Candidate], shipped: AlertPolicy) -> AlertPolicy:
    return next(one.policy for one in tried if one.name == name) or shipped


def _given(path: Path | None, slos: Sequence[ResolvedSlo]) -> pl.DataFrame:
    if path is None:
        return empty(INCIDENTS)
    return read_incidents(path, known={slo.slo_id for slo in slos})


def _base(
    setting: Setting, path: Path | None
) -> tuple[Mapping[str, AlertPolicy], str, AlertPolicy | None]:
    """Policies by name, the name of the default, and the default of the file that was given."""
    if path is None:
        return setting.policies, setting.default_policy, None
    if not path.is_file():
        raise FrameError(f"{path} is no file; --policy wants one such as {POLICY_FILE}")
    policies, default = read_policies(path)
    return policies, default, replace(policies[default], name=f"{path.name} {default}")


def _draw(scores: pl.DataFrame, path: Path) -> None:
    try:
        drawn = svg(trade_off(scores), name="policies")
    except ValueError as error:
        raise FrameError(f"there is nothing to draw: {error}") from error
    write_file(path, f"{drawn}\n")
