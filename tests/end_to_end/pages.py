"""What arrived at the webhook, and whether whoever is woken by it can read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.end_to_end.platform import WATCHER, Platform
from tests.servers import Notification

BURN: Final = "SLOBudgetBurn"
MISSING: Final = "SLOSeriesMissing"
FAST: Final = {"tier": "fast", "long_window": "1h", "short_window": "5m"}

_URLS: Final = {
    "runbook_url": "https://runbooks.platform.example/{slo_id}.md",
    "dashboard_url": "https://grafana.platform.example/d/rtobs-slo?var-slo_id={slo_id}",
}
_TEXTS: Final = ("summary", "promise", "description")
_TEMPLATE_TROUBLE: Final = ("error expanding", "<no value>", "{{", "}}", "%!")
_NUMBERS: Final = re.compile(
    r"[1-9][0-9.]*% of the minutes of the last hour were bad;"
    r" the objective of 99\.9% allows 0\.1%\."
    r" This tier fires from a burn rate of 14\.4 on, in 1h and in 5m\."
)
_TIME_LEFT: Final = re.compile(
    r"At this rate the rest of the budget lasts [0-9].*\.|The budget is already spent\."
)


@dataclass(frozen=True, slots=True, order=True)
class Page:
    """A page without its texts: which Prometheus says what of which SLO."""

    watcher: str
    alert: str
    slo_id: str


def pages(notifications: Iterable[Notification]) -> list[Page]:
    """The different pages among what fired, sorted."""
    found = {
        Page(n.labels[WATCHER], n.labels["alertname"], n.labels.get("slo_id", ""))
        for n in notifications
        if n.status == "firing" and n.labels["severity"] == "critical"
    }
    return sorted(found)


def expected(platform: Platform, *alerts: tuple[str, str]) -> list[Page]:
    """Pages that both servers must send, sorted; an alert is its name and the id of its SLO."""
    return sorted(
        Page(watcher.name, alert, slo_id)
        for watcher in platform.watchers
        for alert, slo_id in alerts
    )


def arrivals(
    platform: Platform, wanted: Iterable[Page], status: str, seconds: float, after: float = 0.0
) -> list[Notification]:
    """Waits for a notification of each page; critical, and of the fast tier where it is a burn."""
    return [
        platform.hook.wait_for(
            page.alert,
            status,
            seconds=seconds,
            after=after,
            slo_id=page.slo_id,
            severity="critical",
            watcher=page.watcher,
            **(FAST if page.alert == BURN else {}),
        )
        for page in wanted
    ]


def unreadable(notification: Notification) -> list[str]:
    """What is wrong with the texts of a page; nothing for a good one."""
    texts, slo_id = notification.annotations, notification.labels["slo_id"]
    wrong = [f"{name} is empty" for name in _TEXTS if not texts.get(name, "").strip()]
    wrong += [
        f"{name}: {texts.get(name)}"
        for name, url in _URLS.items()
        if texts.get(name) != url.format(slo_id=slo_id)
    ]
    wrong += [
        f"{name}: {text}"
        for name, text in texts.items()
        if any(trouble in text for trouble in _TEMPLATE_TROUBLE)
    ]
    if notification.labels["alertname"] == BURN:
        wrong += [
            f"{name}: {texts.get(name)}"
            for name, pattern in (("description", _NUMBERS), ("time_left", _TIME_LEFT))
            if not pattern.fullmatch(texts.get(name, ""))
        ]
    return wrong
