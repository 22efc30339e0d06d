"""A scrape target whose page a test writes: it stands for services that cannot run here."""

from __future__ import annotations

from http import HTTPStatus

from tests.servers.listener import Listener
from tests.servers.loopback import Answer


class MetricsPage(Listener):
    """Serves `text`; assign to change it.

    An empty text is answered with status 503, as a service does that has broken down.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text
        super().__init__()

    def answer(self, body: bytes) -> Answer:
        """See Listener."""
        del body
        return Answer(HTTPStatus.OK if self.text else HTTPStatus.SERVICE_UNAVAILABLE, self.text)
