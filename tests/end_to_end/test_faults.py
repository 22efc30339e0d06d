"""Real faults through the lens, where a minute takes a second: the page arrives and clears."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import pytest

from tests.end_to_end.pages import BURN, MISSING, arrivals, expected, pages, unreadable
from tests.end_to_end.platform import PROBE_OF_NGINX, SERVICES, Platform, platform, troubles
from tests.end_to_end.rulefiles import LENS_FLAGS, committed, slo_ids, through_lens
from tests.servers import Release

RULE_FILES: Final = ("data-postgresql.yaml", "network-nginx.yaml", "platform.yaml")
# Minutes of the rules, which are seconds here.
TO_PAGE: Final = 20.0
TO_CLEAR: Final = 40.0
KEEP_FIRING: Final = 10.0
FILLED: Final = 60.0
HOLD_MISSING: Final = 10.0
TILE: Final = 5
TILES: Final = "slo:sli_total:increase5m"
CLIENTS: Final = 4  # two probers and two exporters open a connection to nginx each minute


@pytest.fixture
def lens(request: pytest.FixtureRequest, real_parts: None) -> Iterator[Platform]:
    """A platform that has been healthy for some ten minutes of the lens."""
    del real_parts
    rules = {name: through_lens(text) for name, text in committed(*RULE_FILES).items()}
    release = getattr(request, "param", Release.NEWEST)
    with platform(rules, every="1s", flags=LENS_FLAGS, alertmanager=release) as started:
        counted = len(slo_ids(TILES, *SERVICES))
        sliced = slo_ids("slo:sli_slice:bad", *SERVICES)
        full = f'{TILES}{{slo_id=~"{"|".join(sorted(sliced))}"}} == {TILE}'
        for watcher in started.watchers:
            watcher.prometheus.wait_for(f"count({TILES}) == {counted}", seconds=30)
            watcher.prometheus.wait_for(f"count({full}) == {len(sliced)}", seconds=30)
        yield started


@dataclass(frozen=True, slots=True)
class Fault:
    """How to break something and repair it, and the SLOs that page in between."""

    strike: Callable[[Platform], None]
    repair: Callable[[Platform], None]
    slo_ids: tuple[str, ...]


def both_strike(lens: Platform) -> None:
    """The front door refuses, and the database crashes."""
    lens.nginx.refuse()
    lens.postgresql.kill()


def both_repaired(lens: Platform) -> None:
    """The front door answers, and the database has recovered from its crash."""
    lens.nginx.answer(HTTPStatus.OK)
    lens.postgresql.start()


FAULTS: Final = {
    "nginx-answers-500": Fault(
        lambda lens: lens.nginx.answer(HTTPStatus.INTERNAL_SERVER_ERROR),
        lambda lens: lens.nginx.answer(HTTPStatus.OK),
        ("nginx-up",),
    ),
    "nginx-refuses-and-postgresql-crashes": Fault(
        both_strike, both_repaired, ("nginx-up", "postgresql-up", "postgresql-login")
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_pages_after_three_bad_minutes_and_clears_after_its_repair(
    lens: Platform, fault: Fault
) -> None:
    """Exactly the SLOs that are hurt page, on both servers, and no page stays."""
    wanted = expected(lens, *((BURN, slo_id) for slo_id in fault.slo_ids))
    quiet = pages(lens.hook.notifications)
    struck = time.time()
    fault.strike(lens)
    fired = arrivals(lens, wanted, "firing", TO_PAGE)
    repaired = time.time()
    fault.repair(lens)
    cleared = arrivals(lens, wanted, "resolved", TO_CLEAR, repaired)

    assert quiet == []
    # Three slices that are bad stand two minutes apart from first to last.
    assert min(page.received for page in fired) >= struck + 2
    assert min(page.received for page in cleared) >= repaired + KEEP_FIRING
    assert [unreadable(page) for page in fired] == [[] for _ in wanted]
    assert pages(lens.hook.notifications) == wanted
    assert [troubles(watcher) for watcher in lens.watchers] == [[], []]


@pytest.mark.parametrize("lens", [Release.OLDEST], indirect=True)
def test_what_vanishes_pages_for_an_hour_and_is_then_reported_as_missing(lens: Platform) -> None:
    """A dead exporter and a target that left the configuration are never taken for health."""
    slo_ids = ("nginx-up", "postgresql-login")
    burning = expected(lens, *((BURN, slo_id) for slo_id in slo_ids))
    missing = expected(lens, *((MISSING, slo_id) for slo_id in slo_ids))
    vanished = time.time()
    for watcher in lens.watchers:
        watcher.postgres_exporter.kill()
        watcher.forget(PROBE_OF_NGINX)
    fired = arrivals(lens, burning, "firing", TO_PAGE)
    reported = arrivals(lens, missing, "firing", FILLED + HOLD_MISSING + TO_PAGE)
    back = time.time()
    for watcher in lens.watchers:
        watcher.postgres_exporter.start()
        watcher.remember()
    ended = arrivals(lens, burning, "resolved", TO_CLEAR)
    arrivals(lens, missing, "resolved", TO_CLEAR, back)

    assert min(page.received for page in ended) >= vanished + FILLED
    assert min(page.received for page in reported) >= vanished + FILLED + HOLD_MISSING
    assert [unreadable(page) for page in (*fired, *reported)] == [[]] * 8
    assert pages(lens.hook.notifications) == sorted((*burning, *missing))
    assert [troubles(watcher) for watcher in lens.watchers] == [[], []]


def test_a_healthy_platform_is_counted_exactly_and_only_the_watchdog_speaks(
    lens: Platform,
) -> None:
    """Nothing is bad, each tile has each minute and each connection, and alerting is alive."""
    for watcher in lens.watchers:
        prometheus = watcher.prometheus
        lens.hook.wait_for("Watchdog", severity="info", watcher=watcher.name)
        assert {s.labels["slo_id"] for s in prometheus.query("slo:sli_slice:bad != 0")} == set()
        opened = f"{CLIENTS} * {TILE}"
        connections = f'{TILES}{{slo_id="nginx-connections-handled"}}'
        prometheus.wait_for(f"abs({connections} / ({opened}) - 1) < 0.01", seconds=30)
        coverage = prometheus.query('slo:period_coverage:ratio{slo_id="nginx-up"}')
        assert all(0 < sample.value < 1 for sample in coverage)
        assert troubles(watcher) == []
    spoken = {(n.labels["alertname"], n.status) for n in lens.hook.notifications}
    assert spoken == {("Watchdog", "firing")}
