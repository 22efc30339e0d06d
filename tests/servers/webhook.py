"""A receiver of Alertmanager's webhooks that remembers what came."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from tests.servers.listener import Listener
from tests.servers.loopback import Answer
from tests.servers.server import ServerError


@dataclass(frozen=True, slots=True)
class Notification:
    """One alert in one message to the webhook.

    Attributes:
        status: "firing" or "resolved".
        labels: Labels of the alert.
        annotations: Annotations of the alert.
        received: Unix time of the message in seconds.
    """

    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    received: float


class WebhookReceiver(Listener):
    """Remembers each alert of each message."""

    def __init__(self) -> None:
        self._notifications: list[Notification] = []
        self._arrived = threading.Condition()
        super().__init__()

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """Everything that came, in order."""
        with self._arrived:
            return tuple(self._notifications)

    def wait_for(
        self,
        alert: str,
        status: str = "firing",
        *,
        seconds: float = 15.0,
        after: float = 0.0,
        **labels: str,
    ) -> Notification:
        """The first notification of an alert with that name, status and labels.

        Args:
            alert: Its name.
            status: "firing" or "resolved".
            seconds: How long to wait at most.
            after: Unix time; what was received before is passed over.
            labels: Labels that it must have.

        Raises:
            ServerError: it did not come in time; with what came instead.
        """
        wanted = {"alertname": alert, **labels}.items()

        def first() -> Notification | None:
            came = (n for n in self._notifications if n.status == status and n.received >= after)
            return next((n for n in came if wanted <= n.labels.items()), None)

        with self._arrived:
            if found := self._arrived.wait_for(first, timeout=seconds):
                return found
            came = "\n".join(f"{n.status} {dict(n.labels)}" for n in self._notifications)
        raise ServerError(f"no {status} {dict(wanted)} in {seconds:g} seconds; came:\n{came}")

    def answer(self, body: bytes) -> Answer:
        """See Listener."""
        now = time.time()
        with self._arrived:
            self._notifications += [
                Notification(alert["status"], alert["labels"], alert["annotations"], now)
                for alert in json.loads(body)["alerts"]
            ]
            self._arrived.notify_all()
        return Answer(HTTPStatus.OK, "")
