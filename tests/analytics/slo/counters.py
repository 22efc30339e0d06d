"""Counters that misbehave as real ones do: jitter, restarts, gaps, and series that come late."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Final

from tests.analytics.slo.exports import START, Points

Labels = Mapping[str, str]

SECONDS: Final = 3 * 3600
_SCRAPE: Final = 15


def counter(
    rng: random.Random, rate: float, *, start: float = 0, gap: bool = False, jitter: float = 0.02
) -> Points:
    """A counter that grows by `rate` a second on average and restarts once.

    Args:
        rng: where chance comes from.
        rate: events a second.
        start: seconds after START of its first sample.
        gap: whether no scrape reached it for some minutes.
        jitter: seconds by which scrapes miss their time; without any they stand on the edges of
            ranges, where versions of Prometheus differ.
    """
    restart = rng.randrange(SECONDS)
    hole = rng.randrange(SECONDS) if gap else SECONDS
    phase, value = rng.random() * _SCRAPE * bool(jitter), float(rng.randrange(1000))
    points = []
    for nth in range(int((SECONDS - start) / _SCRAPE)):
        # Milliseconds, as the server stores them.
        at = round(start + phase + nth * _SCRAPE + rng.uniform(-jitter, jitter), 3)
        value = 0.0 if at > restart else value
        restart = SECONDS if at > restart else restart
        value += rng.randrange(int(2 * rate * _SCRAPE) + 1)
        if not hole < at < hole + 400:
            points.append((at, value))
    return points


def shop(seed: int = 7) -> list[tuple[Labels, Points]]:
    """What the SLOs of every kind in `tests.proof.slos` count."""
    rng = random.Random(seed)  # noqa: S311  # data of a test
    return [*_requests(rng), *_answers(rng), *_first_tokens(rng)]


def _requests(rng: random.Random) -> Iterator[tuple[Labels, Points]]:
    for handler in ("/v1/chat", "/v1/models", "/health"):
        for status, rate in (("200", 5.0), ("404", 0.2), ("500", 0.05), ("503", 0.01)):
            for instance in ("a:80", "b:80"):
                labels = {"handler": handler, "status": status, "instance": instance}
                late, jitter = 4005.0 * (status == "503"), 0.02 * (instance == "b:80")
                points = counter(rng, rate, start=late, gap=instance == "b:80", jitter=jitter)
                yield {"__name__": "http_requests_total", **labels}, points


def _answers(rng: random.Random) -> Iterator[tuple[Labels, Points]]:
    for model, reasons in (("llama", ("stop", "length")), ("mute", ("length",)), ("", ("stop",))):
        for reason in reasons:
            for pod in ("p", "q", "r"):
                labels = {"model_name": model, "reason": reason, "pod": pod}
                kept = {name: value for name, value in labels.items() if value}
                yield {"__name__": "answers_total", **kept}, counter(rng, 0.7, gap=pod == "q")


def _first_tokens(rng: random.Random) -> Iterator[tuple[Labels, Points]]:
    for model, bound in (("llama", "1"), ("mistral", "1.0"), ("whisper", "")):
        for zone in ("a", "b"):
            count = counter(rng, 2.0, gap=model == "mistral")
            labels = {"model_name": model, "zone": zone}
            yield {"__name__": "ttft_seconds_count", **labels}, count
            fast = _part_of(rng, count)
            for le, points in (("0.5", fast), (bound, fast), ("+Inf", count)):
                if le:
                    yield {"__name__": "ttft_seconds_bucket", **labels, "le": le}, points


def _part_of(rng: random.Random, count: Points) -> Points:
    """The events of a histogram that were fast enough."""
    part, points, last = 0.0, [], 0.0
    for at, value in count:
        part = 0.0 if value < last else part
        grown = value if value < last else value - last
        part += max(0.0, grown - (rng.random() < 0.2))
        points.append((at, part))
        last = value
    return points


def openmetrics(series: Sequence[tuple[Labels, Points]]) -> str:
    """The samples as promtool takes them."""
    lines = []
    for labels, points in series:
        pairs = ",".join(f'{n}="{v}"' for n, v in labels.items() if n != "__name__")
        name = f"{labels['__name__']}{{{pairs}}}"
        lines += [f"{name} {value!r} {_unix(at):.3f}" for at, value in points]
    return "\n".join([*lines, "# EOF\n"])


def _unix(at: float) -> float:
    return START.astimezone(UTC).timestamp() + at
