"""What can go wrong in a scenario, and which SLOs notice it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from rtobs.errors import ConfigurationError

__all__ = ["Fault", "MissingScrape", "Outage", "PodRestart", "Slowdown", "Throttled"]

_UP, _AVAILABILITY = "up", "http-availability"
_SLOW = ("time-to-first-token", "inter-token-latency", "time-per-output-token", "goodput")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong for a while.

    Attributes:
        start: when, counted from the start of the scenario.
        lasts: for how long.
        replicas: which replicas, counted from 0; empty for all.
        label: a name for people; empty for the kind of the fault.
        hurts: names of the service's SLOs that should notice; None for those usual for the kind.
    """

    start: timedelta
    lasts: timedelta
    replicas: tuple[int, ...] = ()
    label: str = ""
    hurts: tuple[str, ...] | None = None

    usually_hurts: ClassVar[tuple[str, ...]] = ()
    kind: ClassVar[str] = "fault"

    def __post_init__(self) -> None:
        if self.start < timedelta() or self.lasts <= timedelta():
            raise ConfigurationError("a fault starts at 0 or later and lasts longer than zero")

    @property
    def first(self) -> float:
        """Seconds from the start of the scenario to the start of the fault."""
        return self.start.total_seconds()

    @property
    def last(self) -> float:
        """Seconds from the start of the scenario to the end of the fault."""
        return (self.start + self.lasts).total_seconds()


@dataclass(frozen=True, slots=True)
class Outage(Fault):
    """The API refuses a share of the requests with a 5xx; probes fail as often.

    Attributes:
        share: share of the requests that fail, 0 to 1.
    """

    share: float = 1.0

    usually_hurts: ClassVar[tuple[str, ...]] = (_AVAILABILITY, _UP)
    kind: ClassVar[str] = "outage"


@dataclass(frozen=True, slots=True)
class Slowdown(Fault):
    """Every step takes longer.

    Attributes:
        factor: by how much.
    """

    factor: float = 3.0

    usually_hurts: ClassVar[tuple[str, ...]] = _SLOW
    kind: ClassVar[str] = "slowdown"


@dataclass(frozen=True, slots=True)
class Throttled(Slowdown):
    """A GPU is hot: steps take longer, its clock falls and its throttling counter grows."""

    kind: ClassVar[str] = "throttled"


@dataclass(frozen=True, slots=True)
class PodRestart(Fault):
    """A replica dies with all that it holds; its counters begin again at 0 when it is back."""

    kind: ClassVar[str] = "restart"


@dataclass(frozen=True, slots=True)
class MissingScrape(Fault):
    """The targets answer everybody but Prometheus."""

    kind: ClassVar[str] = "no scrape"
