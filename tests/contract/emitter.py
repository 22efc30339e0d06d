"""A service for tests: `python -m tests.contract.emitter SERVICE`; the environment says where to.

It emits every metric of the library once, prints "ready", and then answers a question ten times a
second and exports, until its standard input ends. The line "fault" takes its model server away,
"repair" brings it back.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from types import SimpleNamespace
from typing import Final, Literal

from opentelemetry import metrics

import rtobs
from rtobs import conventions

REQUESTS: Final = (
    ("/v1/conversations", 200),
    ("/v1/conversations", 500),
    ("/v1/chat/completions", 200),
    ("/v1/audio/transcriptions", 200),
    ("/v1/audio/transcriptions", 500),
)
PAUSE: Final = 0.1
IMPATIENCE: Final = 10  # questions for one, while nobody gets an answer
MANY: Final = 300  # label values, more than an instrument may keep


class RateLimitError(Exception):
    """What clients of model servers raise at status 429, by its name."""


class Upstream:
    """The model server.

    Attributes:
        broken: whether it is gone.
    """

    def __init__(self) -> None:
        self.broken = False

    def tokens(self) -> Iterator[str]:
        """An answer."""
        if self.broken:
            raise TimeoutError
        yield from ("4", "2")


UPSTREAM: Final = Upstream()


@rtobs.instrument("answer-question")
def answer() -> None:
    """What the service is there for."""
    list(rtobs.llm.stream(UPSTREAM.tokens, model="m", is_content=bool))


def every_metric() -> None:
    """Emit each metric of the library, with each of its labels."""
    answer()
    views: tuple[Literal["client", "server"], ...] = ("client", "server")
    for view in views:
        with rtobs.llm.observe(model="m", view=view) as call:
            call.chunk(2)
            call.chunk(2)
            call.usage(input=3, output=4)
        with contextlib.suppress(RateLimitError), rtobs.llm.observe(model="m", view=view):
            raise RateLimitError
    info, segment = SimpleNamespace(duration=2.0), SimpleNamespace(end=2.0)
    list(rtobs.whisper.observe((iter([segment]), info), model="w")[0])
    few = rtobs.counter("few", labels=["a"])
    for number in range(MANY):
        few.add(1, a=number)
    web_requests()


def web_requests() -> None:
    """What the contrib instrumentations of web frameworks record, by the conventions."""
    listed = conventions.library_metric("http.server.request.duration")
    histogram = metrics.get_meter("web").create_histogram(
        listed.name, listed.unit, explicit_bucket_boundaries_advisory=listed.buckets
    )
    for route, status in REQUESTS:
        labels: dict[str, str | int] = {
            "http.request.method": "POST",
            "http.response.status_code": status,
            "http.route": route,
            "url.scheme": "http",
            "network.protocol.version": "1.1",
        }
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            labels["error.type"] = str(status)
        histogram.record(0.2, labels)


def obey() -> None:
    """Follow the lines of standard input to its end."""
    for line in sys.stdin:
        UPSTREAM.broken = line.strip() == "fault"


def main() -> None:
    """Run until standard input ends."""
    handle = rtobs.init(sys.argv[1], logs="otlp")
    every_metric()
    print("ready" if handle.flush(10) else "lost", flush=True)  # noqa: T201  # the test waits for it
    listener = threading.Thread(target=obey)
    listener.start()
    while listener.is_alive():
        for _ in range(IMPATIENCE if UPSTREAM.broken else 1):
            with contextlib.suppress(TimeoutError):
                answer()
        handle.flush()
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
