"""The committed rules as they are, at their own pace: they load, count right, and see a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.end_to_end.pages import pages
from tests.end_to_end.platform import SERVICES, Platform, Watcher, platform, troubles
from tests.end_to_end.rulefiles import committed, rules, slo_ids
from tests.servers import Prometheus, ServerError

# A group is evaluated once a minute, and a server needs six seconds until it scrapes.
ONE_ROUND: Final = 75.0
TWO_ROUNDS: Final = 135.0
SCRAPE_EVERY: Final = "5s"
WINDOW: Final = 300  # seconds behind a rate of five minutes
LOST_IN_A_CRASH: Final = {"postgresql-login", "postgresql-up"}
RATIO: Final = "slo:sli_error:ratio_rate5m"
DATABASES: Final = '{datname!="",datname!~"template.*"}'
# What the total of an SLO counts, as the exporters name it.
COUNTERS: Final = {
    "nginx-connections-handled": ("nginx_connections_accepted",),
    "postgresql-transactions": (
        f"pg_stat_database_xact_commit{DATABASES}",
        f"pg_stat_database_xact_rollback{DATABASES}",
    ),
}


@pytest.fixture
def real_time(real_parts: None) -> Iterator[Platform]:
    """A healthy platform under all committed rules, evaluated once with data of its services."""
    del real_parts
    with platform(committed(), every=SCRAPE_EVERY) as started:
        seen = f'count({RATIO}{{service=~"{"|".join(SERVICES)}"}})'
        wanted = len(slo_ids(RATIO, *SERVICES))
        for watcher in started.watchers:
            watcher.prometheus.wait_for(f"{seen} == {wanted}", seconds=TWO_ROUNDS)
        yield started


def refused(prometheus: Prometheus) -> list[str]:
    """Errors of the rules' expressions, those of groups that have not had their turn included."""
    errors = []
    for rule in rules(committed().values()):
        try:
            prometheus.query(rule["expr"])
        except ServerError as error:
            errors.append(str(error))
    return errors


def slices(prometheus: Prometheus, value: int) -> set[str]:
    """The SLOs whose newest minute is 0, good, or 1, bad."""
    services = "|".join(SERVICES)
    found = prometheus.query(f'slo:sli_slice:bad{{service=~"{services}"}} == {value}')
    return {sample.labels["slo_id"] for sample in found}


def miscounted(prometheus: Prometheus, slo_id: str) -> str:
    """How a recorded total differs from its counters; empty if it does not.

    A counter is seen at scrapes only, so `rate` adds at most 1.1 scrape intervals at each end.
    """
    recorded = f'slo:sli_total:rate5m{{slo_id="{slo_id}"}}'
    at = prometheus.value(f"timestamp({recorded})")
    total = prometheus.value(recorded, at)
    assert total is not None
    counted, scrapes = 0.0, []
    for counter in COUNTERS[slo_id]:
        rise = f"max_over_time({counter}[5m]) - min_over_time({counter}[5m])"
        counted += prometheus.value(f"sum({rise})", at) or 0.0
        scrapes.append(prometheus.value(f"min(count_over_time({counter}[5m]))", at) or 0.0)
    most = counted * (1 + 2.2 / (min(scrapes) - 1))
    if 0 < counted <= total * WINDOW * 1.000001 <= most * 1.000002:
        return ""
    return f"{slo_id}: {total * WINDOW} recorded, {counted} to {most} counted"


def wrong(watcher: Watcher) -> list[str]:
    """Whatever is wrong with a server that watches a healthy platform."""
    prometheus = watcher.prometheus
    found = troubles(watcher) + refused(prometheus)
    found += [miscount for slo_id in COUNTERS if (miscount := miscounted(prometheus, slo_id))]
    return found


def test_the_committed_rules_work_at_their_own_pace_and_see_a_crash(real_time: Platform) -> None:
    """No rule fails on either release, totals are the exporters', and a crash is a bad minute."""
    sliced = slo_ids("slo:sli_slice:bad", *SERVICES)
    loaded = len(rules(committed().values()))
    for watcher in real_time.watchers:
        held = [rule for group in watcher.prometheus.groups() for rule in group["rules"]]
        assert (len(held), {rule["health"] for rule in held} - {"unknown"}) == (loaded, {"ok"})
        assert wrong(watcher) == []
        assert (slices(watcher.prometheus, 0), slices(watcher.prometheus, 1)) == (sliced, set())
        real_time.hook.wait_for("Watchdog", seconds=ONE_ROUND, watcher=watcher.name)

    real_time.postgresql.kill()
    for watcher in real_time.watchers:
        lost = f'slo:sli_slice:bad{{slo_id=~"{"|".join(sorted(LOST_IN_A_CRASH))}"}} == 1'
        watcher.prometheus.wait_for(f"count({lost}) == {len(LOST_IN_A_CRASH)}", ONE_ROUND)
        assert slices(watcher.prometheus, 1) == LOST_IN_A_CRASH
        assert troubles(watcher) == []
    assert pages(real_time.hook.notifications) == []
