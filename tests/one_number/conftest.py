"""A real Prometheus that holds raw counters and what the generated rules made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from rtobs import conventions as names
from rtobs.model.slo import ResolvedSlo
from rtobs.rules import slo_groups
from rtobs.rules.text import plain_groups
from rtobs.slo.fleet import load_fleet
from tests.servers.fixtures import pytest_runtest_makereport, real_parts
from tests.servers.parts import Release
from tests.servers.prometheus import Prometheus, promtool

__all__ = ["Backfilled", "backfilled", "pytest_runtest_makereport", "real_parts"]

Group = dict[str, Any]

BEGIN: Final = datetime(2026, 1, 5, tzinfo=UTC)
END: Final = BEGIN + timedelta(days=3)
# Prometheus runs a group at a hash of its file and name. Of the first file's groups the last tile
# comes after the last minute; of the second's, a tile half a second after a minute.
_RUNS: Final = ((Release.OLDEST, "rules-89.yaml"), (Release.NEWEST, "rules-56.yaml"))
_KEEP: Final = "--storage.tsdb.retention.time=20y"
_POLICY: Final = """\
apiVersion: rtobs/v1
kind: AlertPolicies
default: default
policies:
  default:
    tiers:
      - name: fast
        severity: critical
        long: 1h
        short: 5m
        budgetShare: {7d: 8%}
        keepFiringFor: 10m
      - name: ticket
        severity: warning
        long: 1d
        short: 2h
        budgetShare: {7d: 20%}
        keepFiringFor: 30m
"""
_COMPONENT: Final = """\
apiVersion: rtobs/v1
kind: Component
component: shop
domain: data
title: The shop
source: the team
metrics:
  orders_total:
    type: counter
    unit: orders
    meaning: Orders that were taken, by status.
    labels: {status: [ok, failed], channel: [web, phone]}
"""
_SHOP: Final = """\
apiVersion: rtobs/v1
kind: ServiceLevelObjectives
service: shop
owner: shop-team
slos:
  - name: up
    description: The shop opens when it is asked from outside.
    sli: {probe: {target: shop}}
    presence: required
    objective: 99.5%
    window: 7d
  - name: orders
    description: Customers get what they order.
    sli:
      events:
        metric: orders_total
        bad: {status: failed}
    groupBy: [channel]
    objective: 99%
    window: 7d
"""
# What a rule reads of the others must have been recorded before.
_STAGES: Final = (
    (names.TOTAL_RATE,),
    (names.BAD_RATE, names.error_ratio("1h")),
    (names.TOTAL_TILE, names.BAD_TILE),
    (names.PERIOD_ERROR_RATIO, names.COVERAGE),
    (names.PERIOD_BURN_RATE,),
    (names.BUDGET_REMAINING,),
)


@dataclass(frozen=True, slots=True)
class Backfilled:
    """A running server with history.

    Attributes:
        server: the server.
        slo: the SLO whose rules were evaluated.
        folder: where `slo/` lies.
    """

    server: Prometheus
    slo: ResolvedSlo
    folder: Path


@pytest.fixture(scope="module", params=_RUNS, ids=lambda run: run[0].name)
def backfilled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, real_parts: None
) -> Iterator[Backfilled]:
    """The generated rules over three days, evaluated by the server itself, rule after rule."""
    del real_parts
    release, file = request.param
    folder = tmp_path_factory.mktemp("platform")
    slo = _definitions(folder)
    storage = folder / "storage"
    _write_counters(folder / "counters.txt", storage)
    groups = plain_groups(slo_groups(slo, load_fleet(folder / "slo").setting.site))
    for stage in _STAGES:
        chosen = list(_stage(groups, stage))
        with Prometheus(release=release, storage=storage, flags=(_KEEP,)) as server:
            _backfill(server, chosen, folder / file, storage)
    with Prometheus(release=release, storage=storage, flags=(_KEEP,)) as server:
        yield Backfilled(server, slo, folder)


def _definitions(folder: Path) -> ResolvedSlo:
    files = {
        "slo/policy.yaml": _POLICY,
        "slo/catalogue/shop.yaml": _COMPONENT,
        "slo/data/shop.yaml": _SHOP,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    slos = load_fleet(folder / "slo").slos
    return next(slo for slo in slos if slo.slo_id == "shop-orders")


def _stage(groups: Sequence[Group], records: Sequence[str]) -> Iterator[Group]:
    """The groups with only these of their rules; the name of a group decides when it runs."""
    for group in groups:
        rules = [rule for rule in group["rules"] if rule.get("record") in records]
        if rules:
            yield {**group, "rules": rules}


def _write_counters(text: Path, storage: Path) -> None:
    """Orders of two channels: an outage of one, a slow leak of the other, a restart.

    No scrape is missing: a backfill writes no staleness markers, so its rules would read over gaps.
    """
    random = np.random.default_rng(7)
    minutes = int((END - BEGIN) / timedelta(minutes=1)) + 1
    with text.open("w") as file:
        for channel, rate in (("web", 40.0), ("phone", 3.0)):
            share = np.full(minutes, 0.004)
            if channel == "web":
                share[1000:1090] = 0.6
            else:
                share[2500:] = 0.03
            orders = random.poisson(rate, minutes)
            failed = random.binomial(orders, share)
            for status, steps in (("ok", orders - failed), ("failed", failed)):
                _write_series(file, f'status="{status}",channel="{channel}"', np.cumsum(steps))
        file.write("# EOF\n")
    length = "--max-block-duration=744h"
    done = promtool(
        *("tsdb", "create-blocks-from", "openmetrics", "--quiet", length, text, storage),
        release=Release.OLDEST,
    )
    assert done.returncode == 0, done.stderr


def _write_series(file: TextIO, labels: str, values: NDArray[np.int64]) -> None:
    begin = int(BEGIN.timestamp())
    values[2000:] -= values[1999]  # a restart
    file.writelines(
        f"orders_total{{{labels}}} {value} {begin + 60 * minute}\n"
        for minute, value in enumerate(values.tolist())
    )


def _backfill(server: Prometheus, groups: Sequence[Group], file: Path, storage: Path) -> None:
    """Have the rules evaluated, from a file whose name is the same in every run."""
    file.write_text(yaml.safe_dump({"groups": list(groups)}))
    done = promtool(
        *("tsdb", "create-blocks-from", "rules"),
        *(f"--start={BEGIN.timestamp():.0f}", f"--end={END.timestamp():.0f}"),
        *(f"--url={server.http.url}", f"--output-dir={storage}", file.name),
        cwd=file.parent,
    )
    assert done.returncode == 0, done.stderr
