"""Someone must notice when a service is gone, and it cannot be the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtobs.problems import Level, Problem
from rtobs.slo.checks.subject import Role, Subject
from rtobs.slo.reading import Source

__all__ = ["check", "check_source"]

# `pg_up`, `redis_up`: written by an exporter, which outlives what it watches.
_EXPORTED: Final = "_up"


def check(source: Source) -> Iterator[Problem]:
    """A service without a probe."""
    definition = source.definition
    if any(entry.sli.probe is not None for entry in definition.slos):
        return
    message = f'no SLO of "{definition.service}" would notice that it is gone'
    hint = "add one with sli: {probe: {target: ...}}; a dead service counts no bad events"
    place = source.document.locate(("slos",), key=True)
    yield Problem("no-availability", message, place, Level.WARNING, hint)


def check_source(subject: Subject) -> Iterator[Problem]:
    """A probe that the service itself answers for."""
    component = subject.scope.component
    for text, expression in subject.expressions():
        names = [found.selector.metric for found in expression.selectors]
        own = [component.metric(name) and not name.endswith(_EXPORTED) for name in names]
        if text.role is Role.PROBE and own and all(own):
            message = f"the probe reads only what {component.key} says of itself"
            hint = "it falls silent with the service; read a prober, up, or kube-state-metrics"
            place = subject.within(text, 0, len(text.text))
            yield Problem("probe-source", message, place, Level.WARNING, hint)
