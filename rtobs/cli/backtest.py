"""`rtobs backtest`: what the alerts would have done over an export, and how good that was."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import polars as pl

from rtobs.analytics.backtest import (
    Bench,
    Candidate,
    Grid,
    candidates,
    incidents,
    recommend,
    span_of,
    sweep,
    tiers_for,
)
from rtobs.analytics.backtest.chart import trade_off
from rtobs.analytics.backtest.exported import read_histories, warm_up
from rtobs.analytics.backtest.given import read_incidents
from rtobs.analytics.backtest.policies import SHIPPED
from rtobs.analytics.charts import svg
from rtobs.analytics.frames import ALERTS, INCIDENTS, empty
from rtobs.analytics.store import open_export
from rtobs.cli.backtest_pages import Result, as_json, as_markdown, as_text
from rtobs.cli.choice import chosen
from rtobs.cli.exits import FINE
from rtobs.errors import FrameError
from rtobs.model.alerting import AlertPolicy
from rtobs.model.duration import Duration
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
    parser.add_argument(
        "--slo",
        metavar="ID",
        nargs="+",
        action="extend",
        default=[],
        help="only these SLOs (default: all)",
    )
    parser.add_argument(
        "--incidents",
        metavar="FILE",
        type=Path,
        help="known incidents, .csv or .json (default: stretches that spend 2%% of a budget)",
    )
    parser.add_argument(
        "--policy", metavar="FILE", type=Path, help="a policy.yaml to try beside what is shipped"
    )
    parser.add_argument(
        "--sweep", action="store_true", help="try variations of the policy and recommend one"
    )
    parser.add_argument("--format", choices=tuple(_PAGES), default="text", help="output format")
    parser.add_argument(
        "--chart", metavar="FILE", type=Path, help="draw detection against pages to this .svg"
    )


def run(options: Namespace) -> int:
    """Replay, judge and print; 2 when the export cannot answer."""
    fleet = load_fleet(options.slo_dir, options.site)
    slos = chosen(fleet.slos, options.slo)
    export = open_export(options.export)
    exported = read_histories(export, slos, all_of_them=bool(options.slo))
    policy = None if options.policy is None else _policy(options.policy)
    tried = _tried(fleet.setting, policy, every=options.sweep)
    histories = exported.histories
    warnings = [note for history in histories for note in warm_up(history, history.slo.tiers)]
    known = _incidents(histories, options.incidents)
    scores = sweep(histories, tried, known)
    alerts = [history.alerts(tiers_for(history.slo, policy)) for history in histories]
    result = Result(
        slos=len(histories),
        span=span_of(histories),
        dialect=export.about.dialect,
        policy=tried[policy is not None].name,
        alerts=pl.concat([empty(ALERTS), *alerts]),
        incidents=known,
        given=options.incidents is not None,
        scores=scores,
        recommendation=recommend(scores) if len(tried) > 1 else None,
        notes=(*exported.notes, *warnings),
    )
    print(_PAGES[options.format](result))
    if options.chart is not None:
        _draw(scores, options.chart)
    return FINE


def _tried(setting: Setting, policy: AlertPolicy | None, *, every: bool) -> list[Candidate]:
    given = [] if policy is None else [Candidate(policy.name, policy)]
    base = policy or setting.policies[setting.default_policy]
    variations = candidates(base, _GRID)[1:] if every else ()
    return [Candidate(SHIPPED), *given, *variations]


def _incidents(histories: Sequence[Bench], path: Path | None) -> pl.DataFrame:
    if path is not None:
        return read_incidents(path)
    return pl.concat([empty(INCIDENTS), *map(incidents, histories)])


def _policy(path: Path) -> AlertPolicy:
    """The default policy of a file."""
    if not path.is_file():
        raise FrameError(f"{path} is no file; --policy wants one such as {POLICY_FILE}")
    policies, default = read_policies(path)
    return replace(policies[default], name=f"{path.name} {default}")


def _draw(scores: pl.DataFrame, path: Path) -> None:
    try:
        path.write_text(svg(trade_off(scores), name="policies") + "\n", encoding="utf-8")
    except ValueError as error:
        raise FrameError(f"there is nothing to draw: {error}") from error
    except OSError as error:
        raise FrameError(f"{path} cannot be written: {error}") from error
